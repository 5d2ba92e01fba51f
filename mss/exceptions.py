"""What callers of this app may have to answer for. Light on purpose: no engine, no models.

Most are those of the smart-money scanner, which discovers, too: they mean the same.
"""

from __future__ import annotations

from smartmoney import exceptions as smartmoney


class UnknownCoin(Exception):
    """Neither a venue nor CoinGecko's list has a coin of this name."""

    def __init__(self, text: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__("unknown coin")
        self.text = text
        self.suggestions = suggestions

    @property
    def detail(self) -> str:
        close = ", ".join(self.suggestions)
        hint = f" Did you mean {close}?" if close else ""
        return f"Neither a venue nor CoinGecko's list has a coin of this name.{hint}"


class WatchLimitReached(smartmoney.BadChoice):
    """An owner watches as many coins as one may."""

    def __init__(self, most: int) -> None:
        super().__init__("symbol", f"At most {most} coins may be watched by one owner.")

"""What callers of this app may have to answer for. Light on purpose: no engine, no models."""

from __future__ import annotations


class UnknownCoin(Exception):
    """Neither a venue nor CoinGecko's list has a coin of this name."""

    def __init__(self, text: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__("unknown coin")
        self.text = text
        self.suggestions = suggestions


class DiscoveryUnavailable(Exception):
    """CoinGecko, which alone tells valuations and supplies, does not answer now."""

    detail = "CoinGecko, which tells valuations and supplies, does not answer; try again shortly."
    retry_after_s = 30.0


class BadFilter(Exception):
    """A parameter names something that is not there. ``parameter`` says which."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.detail = detail


class TooManyRuns(Exception):
    """As many as allowed are under way; asking again in a moment makes sense."""

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class WatchLimitReached(Exception):
    """An owner watches as many coins as one may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} coins")
        self.detail = f"At most {most} coins may be watched by one owner."

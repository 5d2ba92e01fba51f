"""What callers of this app may have to answer for. Light on purpose: no engine, no models."""

from __future__ import annotations

from market.universe import MarketUnavailable


class DiscoveryUnavailable(Exception):
    """CoinGecko, which alone could answer, does not. ``tells`` says what it alone knows."""

    def __init__(self, tells: str, unavailable: MarketUnavailable) -> None:
        self.detail = (
            f"No answer from CoinGecko, which tells {tells}: "
            f"{unavailable.reason}; {unavailable.come_again}."
        )
        self.retry_after_s = unavailable.retry_after_s
        super().__init__(self.detail)


class BadChoice(Exception):
    """A parameter names something that is not there. ``parameter`` says which."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.detail = detail

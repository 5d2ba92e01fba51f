"""Parsers of Coinglass v4 lists: what is true now, per exchange, coin or pair. Pure, strict, total.

Rows carry no time: what they say held when they were fetched. A first row ``All`` is the total of
the others and is kept apart from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from market.providers.coinglass_payloads import LARGEST_FUNDING_PCT, NAME, data_of
from market.providers.observations import per_8h
from market.providers.payload import (
    REASONS_KEPT,
    Lenient,
    Parsed,
    Refused,
    epoch_ms,
    finite,
    mapping,
    not_negative,
    parse_rows,
    parses,
    percent,
    positive,
    read,
    read_optional,
    rows_of,
    text,
)

T = TypeVar("T")

WINDOWS = ("5m", "15m", "30m", "1h", "4h", "12h", "24h")
LIQUIDATION_WINDOWS = ("1h", "4h", "12h", "24h")
TOTAL = "all"


@dataclass(frozen=True, slots=True)
class ByExchange(Generic[T]):
    """Values by exchange name. ``total`` is the vendor's own sum; None when it sent none."""

    total: T | None
    exchanges: dict[str, T]


@dataclass(frozen=True, slots=True)
class Liquidated:
    """USD of positions closed by force, by the side that was liquidated."""

    long_usd: float
    short_usd: float


@dataclass(frozen=True, slots=True)
class ExchangeOpenInterest:
    """``change_pct`` by window. The coin- and stablecoin-margined parts may be unknown."""

    open_interest_usd: float
    open_interest_base: float | None
    coin_margined_usd: float | None
    stablecoin_margined_usd: float | None
    change_pct: dict[str, float]


@dataclass(frozen=True, slots=True)
class ExchangeFunding:
    """The running rate of one exchange, in percent of the position per interval."""

    exchange: str
    funding_rate_pct: float
    funding_interval_h: float | None
    settles_at_ms: int | None

    @property
    def funding_rate_8h_pct(self) -> float | None:
        if self.funding_interval_h is None:
            return None
        return per_8h(self.funding_rate_pct, self.funding_interval_h)


@dataclass(frozen=True, slots=True)
class CoinFunding:
    stablecoin_margined: tuple[ExchangeFunding, ...]
    coin_margined: tuple[ExchangeFunding, ...]


@dataclass(frozen=True, slots=True)
class TakerShare:
    taker_buy_pct: float
    bought_usd: float
    sold_usd: float


@dataclass(frozen=True, slots=True)
class CoinLiquidations:
    coin: str
    liquidated: dict[str, Liquidated]


@parses(NAME, "liquidation/exchange-list")
def parse_liquidations_by_exchange(payload: Any) -> Parsed[ByExchange[Liquidated]]:
    return _by_exchange(payload, _liquidated_on_exchange)


def _liquidated_on_exchange(row: dict[str, Any], _: Lenient) -> Liquidated:
    # Documented with an underscore, live without: longLiquidation_usd.
    return Liquidated(
        *(
            read(row, live if live in row else f"{side}_liquidation_usd", not_negative)
            for side, live in (("long", "longLiquidation_usd"), ("short", "shortLiquidation_usd"))
        )
    )


@parses(NAME, "liquidation/coin-list")
def parse_liquidations_by_coin(payload: Any) -> Parsed[dict[str, CoinLiquidations]]:
    return by_name(payload, "symbol", _coin_liquidations)


def _coin_liquidations(row: dict[str, Any], values: Lenient) -> CoinLiquidations:
    return CoinLiquidations(read(row, "symbol", text), liquidated_in(values))


@parses(NAME, "open-interest/exchange-list")
def parse_open_interest_by_exchange(payload: Any) -> Parsed[ByExchange[ExchangeOpenInterest]]:
    return _by_exchange(payload, _open_interest_on_exchange)


def _open_interest_on_exchange(row: dict[str, Any], values: Lenient) -> ExchangeOpenInterest:
    return ExchangeOpenInterest(
        open_interest_usd=read(row, "open_interest_usd", not_negative),
        open_interest_base=values.get("open_interest_quantity", not_negative),
        coin_margined_usd=values.get("open_interest_by_coin_margin", not_negative),
        stablecoin_margined_usd=values.get("open_interest_by_stable_coin_margin", not_negative),
        change_pct=windows_of(values, "open_interest_change_percent_", finite),
    )


@parses(NAME, "funding-rate/exchange-list")
def parse_funding_by_exchange(payload: Any) -> Parsed[dict[str, CoinFunding]]:
    """Parse the running funding of every coin on every exchange."""
    reasons: list[str] = []
    parsed = parse_rows(rows_of(data_of(payload)), lambda row: _coin_funding(mapping(row), reasons))
    return Parsed(
        dict(parsed.value), parsed.refused + len(reasons), shortened(parsed.reasons, reasons)
    )


def _coin_funding(row: dict[str, Any], reasons: list[str]) -> tuple[str, CoinFunding]:
    coin = read(row, "symbol", text)
    sides = []
    for key in ("stablecoin_margin_list", "token_margin_list"):
        rates = parse_rows(read_optional(row, key, rows_of) or [], _exchange_funding)
        reasons.extend(rates.reasons)
        sides.append(rates.value)
    return coin, CoinFunding(*sides)


def _exchange_funding(row: Any) -> ExchangeFunding | None:
    row = mapping(row)
    rate = read_optional(row, "funding_rate", funding_pct)
    if rate is None:
        return None  # listed, no rate yet
    interval_h = read_optional(row, "funding_rate_interval", positive)
    if interval_h is not None and not 0.5 <= interval_h <= 24.0:
        raise Refused("funding_rate_interval: not within 0.5 to 24")
    settles_at_ms = read_optional(row, "next_funding_time", finite)
    return ExchangeFunding(
        exchange=read(row, "exchange", text),
        funding_rate_pct=rate,
        funding_interval_h=interval_h,
        settles_at_ms=read(row, "next_funding_time", epoch_ms) if settles_at_ms else None,
    )


def funding_pct(value: Any) -> float:
    rate = finite(value)
    if abs(rate) > LARGEST_FUNDING_PCT:
        raise Refused("not a funding rate")
    return rate


@parses(NAME, "taker-buy-sell-volume/exchange-list")
def parse_taker_shares(payload: Any) -> Parsed[ByExchange[TakerShare]]:
    """Parse what takers bought and sold within a window; the total is the answer's own head."""
    head = mapping(data_of(payload))
    parsed = parse_rows(
        read(head, "exchange_list", rows_of),
        lambda row: (read(mapping(row), "exchange", text), _taker_share(row)),
    )
    return Parsed(
        ByExchange(_taker_share(head), dict(parsed.value)), parsed.refused, parsed.reasons
    )


def _taker_share(row: dict[str, Any]) -> TakerShare:
    return TakerShare(
        read(row, "buy_ratio", percent),
        read(row, "buy_vol_usd", not_negative),
        read(row, "sell_vol_usd", not_negative),
    )


def _by_exchange(
    payload: Any, parse: Callable[[dict[str, Any], Lenient], T]
) -> Parsed[ByExchange[T]]:
    parsed = by_name(payload, "exchange", parse)
    exchanges = parsed.value
    totals = [name for name in exchanges if name.casefold() == TOTAL]
    total = exchanges.pop(totals[0]) if totals else None
    return Parsed(ByExchange(total, exchanges), parsed.refused, parsed.reasons)


def by_name(
    payload: Any, key: str, parse: Callable[[dict[str, Any], Lenient], T]
) -> Parsed[dict[str, T]]:
    """Parse rows by name, in the vendor's order; should one stand there twice, the last counts."""
    reasons: list[str] = []
    parsed = parse_rows(
        rows_of(data_of(payload)),
        lambda row: (read(mapping(row), key, text), parse(row, Lenient(row, reasons))),
    )
    return Parsed(
        dict(parsed.value),
        parsed.refused + len(reasons),
        shortened(parsed.reasons, reasons),
    )


def windows_of(values: Lenient, prefix: str, reader: Callable[[Any], float]) -> dict[str, float]:
    found = {window: values.get(f"{prefix}{window}", reader) for window in WINDOWS}
    return {window: value for window, value in found.items() if value is not None}


def liquidated_in(values: Lenient) -> dict[str, Liquidated]:
    found = {}
    for window in LIQUIDATION_WINDOWS:
        long_usd = values.get(f"long_liquidation_usd_{window}", not_negative)
        short_usd = values.get(f"short_liquidation_usd_{window}", not_negative)
        if long_usd is not None and short_usd is not None:
            found[window] = Liquidated(long_usd, short_usd)
    return found


def shortened(first: tuple[str, ...], then: list[str]) -> tuple[str, ...]:
    return (*first, *then)[:REASONS_KEPT]

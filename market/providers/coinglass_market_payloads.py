"""Parsers of Coinglass v4 markets: one row of everything per coin or contract. Pure, strict, total.

Rows are read leniently: thin coins lack most numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.providers.coinglass_list_payloads import (
    Liquidated,
    by_name,
    funding_pct,
    liquidated_in,
    shortened,
    windows_of,
)
from market.providers.coinglass_payloads import NAME, data_of
from market.providers.payload import (
    Lenient,
    Parsed,
    epoch_ms,
    finite,
    mapping,
    not_negative,
    parse_rows,
    parses,
    positive,
    read,
    rows_of,
    text,
)


@dataclass(frozen=True, slots=True)
class CoinMarket:
    """One coin over all exchanges. None, or a window that is absent, is unknown."""

    coin: str
    price_usd: float | None
    market_cap_usd: float | None
    open_interest_usd: float | None
    open_interest_base: float | None
    open_interest_to_market_cap: float | None
    open_interest_to_volume: float | None
    funding_rate_by_open_interest_pct: float | None
    funding_rate_by_volume_pct: float | None
    price_change_pct: dict[str, float]
    open_interest_change_pct: dict[str, float]
    volume_change_pct: dict[str, float]
    volume_change_usd: dict[str, float]
    long_short_ratio: dict[str, float]
    liquidated: dict[str, Liquidated]


@dataclass(frozen=True, slots=True)
class PriceChanges:
    coin: str
    price_usd: float | None
    price_change_pct: dict[str, float]
    price_amplitude_pct: dict[str, float]


@dataclass(frozen=True, slots=True)
class PairMarket:
    """One contract of one exchange, in priced units. None is unknown."""

    exchange: str
    instrument_id: str
    pair: str | None
    price_usd: float | None
    index_price_usd: float | None
    price_change_24h_pct: float | None
    volume_24h_usd: float | None
    volume_change_24h_pct: float | None
    bought_24h_usd: float | None
    sold_24h_usd: float | None
    open_interest_usd: float | None
    open_interest_units: float | None
    open_interest_change_24h_pct: float | None
    open_interest_to_volume: float | None
    liquidated_long_24h_usd: float | None
    liquidated_short_24h_usd: float | None
    funding_rate_pct: float | None
    settles_at_ms: int | None


@parses(NAME, "coins-markets")
def parse_coin_markets(payload: Any) -> Parsed[dict[str, CoinMarket]]:
    return by_name(payload, "symbol", _coin_market)


def _coin_market(row: dict[str, Any], values: Lenient) -> CoinMarket:
    return CoinMarket(
        coin=read(row, "symbol", text),
        price_usd=values.get("current_price", positive),
        market_cap_usd=values.get("market_cap_usd", not_negative),
        open_interest_usd=values.get("open_interest_usd", not_negative),
        open_interest_base=values.get("open_interest_quantity", not_negative),
        open_interest_to_market_cap=values.get("open_interest_market_cap_ratio", not_negative),
        open_interest_to_volume=values.get("open_interest_volume_ratio", not_negative),
        funding_rate_by_open_interest_pct=values.get("avg_funding_rate_by_oi", funding_pct),
        funding_rate_by_volume_pct=values.get("avg_funding_rate_by_vol", funding_pct),
        price_change_pct=windows_of(values, "price_change_percent_", finite),
        open_interest_change_pct=windows_of(values, "open_interest_change_percent_", finite),
        volume_change_pct=windows_of(values, "volume_change_percent_", finite),
        volume_change_usd=windows_of(values, "volume_change_usd_", finite),
        long_short_ratio=windows_of(values, "long_short_ratio_", not_negative),
        liquidated=liquidated_in(values),
    )


@parses(NAME, "coins-price-change")
def parse_price_changes(payload: Any) -> Parsed[dict[str, PriceChanges]]:
    return by_name(payload, "symbol", _price_changes)


def _price_changes(row: dict[str, Any], values: Lenient) -> PriceChanges:
    return PriceChanges(
        coin=read(row, "symbol", text),
        price_usd=values.get("current_price", positive),
        price_change_pct=windows_of(values, "price_change_percent_", finite),
        price_amplitude_pct=windows_of(values, "price_amplitude_percent_", not_negative),
    )


@parses(NAME, "pairs-markets")
def parse_pair_markets(payload: Any) -> Parsed[tuple[PairMarket, ...]]:
    reasons: list[str] = []
    parsed = parse_rows(rows_of(data_of(payload)), lambda row: _pair_market(mapping(row), reasons))
    return Parsed(parsed.value, parsed.refused + len(reasons), shortened(parsed.reasons, reasons))


def _pair_market(row: dict[str, Any], reasons: list[str]) -> PairMarket:
    values = Lenient(row, reasons)
    return PairMarket(
        exchange=read(row, "exchange_name", text),
        instrument_id=read(row, "instrument_id", text),
        pair=values.get("symbol", text),
        price_usd=values.get("current_price", positive),
        index_price_usd=values.get("index_price", positive),
        price_change_24h_pct=values.get("price_change_percent_24h", finite),
        volume_24h_usd=values.get("volume_usd", not_negative),
        volume_change_24h_pct=values.get("volume_usd_change_percent_24h", finite),
        bought_24h_usd=values.get("long_volume_usd", not_negative),
        sold_24h_usd=values.get("short_volume_usd", not_negative),
        open_interest_usd=values.get("open_interest_usd", not_negative),
        open_interest_units=values.get("open_interest_quantity", not_negative),
        open_interest_change_24h_pct=values.get("open_interest_change_percent_24h", finite),
        open_interest_to_volume=values.get("open_interest_volume_radio", not_negative),  # sic
        liquidated_long_24h_usd=values.get("long_liquidation_usd_24h", not_negative),
        liquidated_short_24h_usd=values.get("short_liquidation_usd_24h", not_negative),
        funding_rate_pct=values.get("funding_rate", funding_pct),
        settles_at_ms=values.get("next_funding_time", epoch_ms),
    )

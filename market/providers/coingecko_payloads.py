"""Parsers of CoinGecko v3 payloads. Pure, strict, total.

Values are JSON numbers or null, times ISO texts. Any number of a small coin may be null or odd, so
each stands for itself: a bad one is unknown and told, the rest of the coin remains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from market.providers.payload import (
    REASONS_KEPT,
    Lenient,
    Parsed,
    Refused,
    epoch_s,
    finite,
    flag,
    integer,
    iso_ms,
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


@dataclass(frozen=True, slots=True)
class ListedCoin:
    """One row of the whole list. ``symbol`` is upper case here and not unique."""

    id: str
    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class CoinMarket:
    """One row of a markets page. None is unknown; a None ``max_supply`` may also mean unlimited."""

    id: str
    symbol: str
    name: str
    price_usd: float | None
    market_cap_usd: float | None
    market_cap_rank: int | None
    fully_diluted_valuation_usd: float | None
    volume_24h_usd: float | None
    price_change_24h_pct: float | None
    circulating_supply: float | None
    total_supply: float | None
    max_supply: float | None
    observed_at_ms: int | None


@dataclass(frozen=True, slots=True)
class CoinDetail:
    """What one coin's page adds to its markets row: the crowd's votes, followers, age."""

    market: CoinMarket
    sentiment_votes_up_pct: float | None
    watchlist_users: int | None
    telegram_users: int | None
    commits_4_weeks: int | None
    genesis_date: date | None
    categories: tuple[str, ...]
    preview_listing: bool | None  # True: not traded yet
    price_change_7d_pct: float | None
    price_change_30d_pct: float | None


@dataclass(frozen=True, slots=True)
class FoundCoin:
    id: str
    symbol: str
    name: str
    market_cap_rank: int | None


@dataclass(frozen=True, slots=True)
class TrendingCoin:
    """``rank`` 0 is the first of the trending list."""

    id: str
    symbol: str
    name: str
    rank: int
    market_cap_rank: int | None
    price_usd: float | None
    price_change_24h_pct: float | None


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SimplePrice:
    price_usd: float
    market_cap_usd: float | None
    volume_24h_usd: float | None
    price_change_24h_pct: float | None
    observed_at_ms: int | None


@parses("coingecko", "coins/list")
def parse_coins_list(payload: Any) -> Parsed[tuple[ListedCoin, ...]]:
    return parse_rows(rows_of(payload), _listed_coin)


def _listed_coin(row: Any) -> ListedCoin:
    row = mapping(row)
    return ListedCoin(read(row, "id", text), read(row, "symbol", _symbol), read(row, "name", text))


@parses("coingecko", "coins/markets")
def parse_markets(payload: Any) -> Parsed[tuple[CoinMarket, ...]]:
    reasons: list[str] = []
    parsed = parse_rows(rows_of(payload), lambda row: _coin_market(mapping(row), reasons))
    return Parsed(
        parsed.value, parsed.refused + len(reasons), (*parsed.reasons, *reasons)[:REASONS_KEPT]
    )


def _coin_market(row: dict[str, Any], reasons: list[str]) -> CoinMarket:
    values = Lenient(row, reasons)
    return CoinMarket(
        id=read(row, "id", text),
        symbol=read(row, "symbol", _symbol),
        name=read(row, "name", text),
        price_usd=values.get("current_price", positive),
        market_cap_usd=_known(values.get("market_cap", not_negative)),
        market_cap_rank=values.get("market_cap_rank", integer),
        fully_diluted_valuation_usd=_known(values.get("fully_diluted_valuation", not_negative)),
        volume_24h_usd=values.get("total_volume", not_negative),
        price_change_24h_pct=values.get("price_change_percentage_24h", finite),
        circulating_supply=_known(values.get("circulating_supply", not_negative)),
        total_supply=values.get("total_supply", not_negative),
        max_supply=values.get("max_supply", not_negative),
        observed_at_ms=values.get("last_updated", iso_ms),
    )


@parses("coingecko", "coins/{id}")
def parse_coin_detail(payload: Any) -> Parsed[CoinDetail]:
    row = mapping(payload)
    reasons: list[str] = []
    top = Lenient(row, reasons)
    market_row = top.get("market_data", mapping) or {}
    market = Lenient(market_row, reasons)
    community = Lenient(top.get("community_data", mapping) or {}, reasons)
    developer = Lenient(top.get("developer_data", mapping) or {}, reasons)
    detail = CoinDetail(
        market=CoinMarket(
            id=read(row, "id", text),
            symbol=read(row, "symbol", _symbol),
            name=read(row, "name", text),
            price_usd=market.get("current_price", _in_usd(positive)),
            market_cap_usd=_known(market.get("market_cap", _in_usd(not_negative))),
            market_cap_rank=top.get("market_cap_rank", integer),
            fully_diluted_valuation_usd=_known(
                market.get("fully_diluted_valuation", _in_usd(not_negative))
            ),
            volume_24h_usd=market.get("total_volume", _in_usd(not_negative)),
            price_change_24h_pct=market.get("price_change_percentage_24h", finite),
            circulating_supply=_known(market.get("circulating_supply", not_negative)),
            total_supply=market.get("total_supply", not_negative),
            max_supply=market.get("max_supply", not_negative),
            observed_at_ms=top.get("last_updated", iso_ms),
        ),
        sentiment_votes_up_pct=top.get("sentiment_votes_up_percentage", percent),
        watchlist_users=top.get("watchlist_portfolio_users", integer),
        telegram_users=community.get("telegram_channel_user_count", integer),
        commits_4_weeks=developer.get("commit_count_4_weeks", integer),
        genesis_date=top.get("genesis_date", _date),
        categories=tuple(
            category
            for category in top.get("categories", rows_of) or ()
            if type(category) is str and 0 < len(category) <= 100
        ),
        preview_listing=top.get("preview_listing", flag),
        price_change_7d_pct=market.get("price_change_percentage_7d", finite),
        price_change_30d_pct=market.get("price_change_percentage_30d", finite),
    )
    return Parsed(detail, len(reasons), tuple(reasons))


@parses("coingecko", "search")
def parse_search(payload: Any) -> Parsed[tuple[FoundCoin, ...]]:
    return parse_rows(read(mapping(payload), "coins", rows_of), _found_coin)


def _found_coin(row: Any) -> FoundCoin:
    row = mapping(row)
    return FoundCoin(
        id=read(row, "id", text),
        symbol=read(row, "symbol", _symbol),
        name=read(row, "name", text),
        market_cap_rank=read_optional(row, "market_cap_rank", integer),
    )


@parses("coingecko", "search/trending")
def parse_trending(payload: Any) -> Parsed[tuple[TrendingCoin, ...]]:
    """Parse the trending coins, first one first."""
    reasons: list[str] = []
    parsed = parse_rows(
        read(mapping(payload), "coins", rows_of), lambda row: _trending_coin(row, reasons)
    )
    return Parsed(
        tuple(sorted(parsed.value, key=lambda coin: coin.rank)),
        parsed.refused + len(reasons),
        (*parsed.reasons, *reasons)[:REASONS_KEPT],
    )


def _trending_coin(row: Any, reasons: list[str]) -> TrendingCoin:
    item = read(mapping(row), "item", mapping)
    values = Lenient(item, reasons)
    data = Lenient(values.get("data", mapping) or {}, reasons)
    return TrendingCoin(
        id=read(item, "id", text),
        symbol=read(item, "symbol", _symbol),
        name=read(item, "name", text),
        rank=read(item, "score", integer),
        market_cap_rank=values.get("market_cap_rank", integer),
        price_usd=data.get("price", _dollars),
        price_change_24h_pct=data.get("price_change_percentage_24h", _in_usd(finite)),
    )


@parses("coingecko", "coins/categories/list")
def parse_categories(payload: Any) -> Parsed[tuple[Category, ...]]:
    return parse_rows(rows_of(payload), _category)


def _category(row: Any) -> Category:
    row = mapping(row)
    return Category(read(row, "category_id", text), read(row, "name", text))


@parses("coingecko", "simple/price")
def parse_simple_prices(payload: Any) -> Parsed[dict[str, SimplePrice]]:
    """Parse prices by coin id; an unknown id is simply absent."""
    parsed = parse_rows(list(mapping(payload).items()), _simple_price)
    return Parsed(dict(parsed.value), parsed.refused, parsed.reasons)


def _simple_price(entry: tuple[str, Any]) -> tuple[str, SimplePrice] | None:
    coin_id, row = text(entry[0]), mapping(entry[1])
    price_usd = read_optional(row, "usd", positive)
    if price_usd is None:
        return None  # known coin, no price
    return coin_id, SimplePrice(
        price_usd=price_usd,
        market_cap_usd=_known(read_optional(row, "usd_market_cap", not_negative)),
        volume_24h_usd=read_optional(row, "usd_24h_vol", not_negative),
        price_change_24h_pct=read_optional(row, "usd_24h_change", finite),
        observed_at_ms=read_optional(row, "last_updated_at", epoch_s),
    )


def _symbol(value: Any) -> str:
    return text(value).upper()


def _known(value: float | None) -> float | None:
    # A market cap or circulating supply of 0 is how an unverified one is told.
    return value or None


def _in_usd(reader: Callable[[Any], float]) -> Callable[[Any], float | None]:
    """Read the dollar entry of a map by currency; an empty map is unknown."""

    def read_usd(value: Any) -> float | None:
        return read_optional(mapping(value), "usd", reader)

    return read_usd


def _dollars(value: Any) -> float:
    # A number today; "$1,234.5" in older answers.
    if type(value) is str:
        value = value.removeprefix("$").replace(",", "")
    return positive(value)


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        raise Refused("not a date") from None

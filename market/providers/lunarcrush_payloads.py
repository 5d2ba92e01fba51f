"""Parsers of LunarCrush v4 coins: the list, single coins, their descriptions.

Pure, strict, total. Times are Unix seconds, numbers JSON numbers, any of them null for a small
coin: each stands for itself, a bad one is unknown and told, the rest of the row remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.providers.payload import (
    REASONS_KEPT,
    Lenient,
    Parsed,
    Refused,
    epoch_s,
    finite,
    integer,
    mapping,
    not_negative,
    parse_rows,
    parses,
    percent,
    positive,
    read,
    rows_of,
    text,
)

NAME = "lunarcrush"
LONGEST_TEXT = 4000  # of a description; longer ones are unknown rather than cut


@dataclass(frozen=True, slots=True)
class SocialCoin:
    """One row of the list; None is unknown. ``_previous`` is of 24 h ago; alt rank 1 is the best.

    ``id`` is unique, ``symbol`` (upper case here) is not.
    """

    id: int
    symbol: str
    name: str
    topic: str | None
    categories: tuple[str, ...]
    sentiment_pct: float | None
    galaxy_score: float | None
    galaxy_score_previous: float | None
    alt_rank: int | None
    alt_rank_previous: int | None
    interactions_24h: float | None
    posts_24h: float | None
    social_dominance_pct: float | None
    market_dominance_pct: float | None
    price_usd: float | None
    volume_24h_usd: float | None
    market_cap_usd: float | None
    market_cap_rank: int | None
    price_change_1h_pct: float | None
    price_change_24h_pct: float | None
    price_change_7d_pct: float | None
    price_change_30d_pct: float | None
    volatility: float | None
    circulating_supply: float | None
    max_supply: float | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class CoinScore:
    """One coin asked for by itself: scores and market, and nothing of what people say."""

    id: int
    symbol: str
    name: str
    topic: str | None  # the word to ask topics by
    galaxy_score: float | None
    alt_rank: int | None
    price_usd: float | None
    volume_24h_usd: float | None
    market_cap_usd: float | None
    market_cap_rank: int | None
    price_change_24h_pct: float | None
    price_change_7d_pct: float | None
    price_change_30d_pct: float | None
    volatility: float | None
    circulating_supply: float | None
    max_supply: float | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class CoinMeta:
    """What a coin says of itself; None where it says nothing."""

    id: int
    symbol: str
    name: str
    categories: tuple[str, ...]
    summary: str | None
    website: str | None
    whitepaper: str | None
    twitter: str | None
    reddit: str | None
    github: str | None
    coingecko: str | None


@parses(NAME, "coins/list")
def parse_coins(payload: Any, *, fetched_at_ms: int) -> Parsed[tuple[SocialCoin, ...]]:
    """Parse a page of the list, v1 or v2."""
    document = mapping(payload)
    observed_at_ms = generated_ms(document, fetched_at_ms)
    reasons: list[str] = []
    parsed = parse_rows(
        read(document, "data", rows_of),
        lambda row: _social_coin(mapping(row), observed_at_ms, reasons),
    )
    return Parsed(
        parsed.value, parsed.refused + len(reasons), (*parsed.reasons, *reasons)[:REASONS_KEPT]
    )


def _social_coin(row: dict[str, Any], observed_at_ms: int, reasons: list[str]) -> SocialCoin:
    values = Lenient(row, reasons)
    return SocialCoin(
        id=read(row, "id", integer),
        symbol=read(row, "symbol", text).upper(),
        name=read(row, "name", text),
        topic=values.get("topic", text),
        categories=_words(values.get("categories", _long_text)),
        sentiment_pct=values.get("sentiment", percent),
        galaxy_score=values.get("galaxy_score", percent),
        galaxy_score_previous=values.get("galaxy_score_previous", percent),
        alt_rank=values.get("alt_rank", _rank),
        alt_rank_previous=values.get("alt_rank_previous", _rank),
        interactions_24h=values.get("interactions_24h", not_negative),
        posts_24h=values.get("social_volume_24h", not_negative),
        social_dominance_pct=values.get("social_dominance", percent),
        market_dominance_pct=values.get("market_dominance", percent),
        price_usd=values.get("price", positive),
        volume_24h_usd=values.get("volume_24h", not_negative),
        market_cap_usd=values.get("market_cap", not_negative),
        market_cap_rank=values.get("market_cap_rank", _rank),
        price_change_1h_pct=values.get("percent_change_1h", finite),
        price_change_24h_pct=values.get("percent_change_24h", finite),
        price_change_7d_pct=values.get("percent_change_7d", finite),
        price_change_30d_pct=values.get("percent_change_30d", finite),
        volatility=values.get("volatility", not_negative),
        circulating_supply=values.get("circulating_supply", not_negative),
        max_supply=values.get("max_supply", not_negative),
        observed_at_ms=observed_at_ms,
    )


@parses(NAME, "coins")
def parse_coin(payload: Any, *, fetched_at_ms: int) -> Parsed[CoinScore]:
    document = mapping(payload)
    row = read(document, "data", mapping)
    config = document.get("config")
    reasons: list[str] = []
    values = Lenient(row, reasons)
    coin = CoinScore(
        id=read(row, "id", integer),
        symbol=read(row, "symbol", text).upper(),
        name=read(row, "name", text),
        topic=topic_of(config),
        galaxy_score=values.get("galaxy_score", percent),
        alt_rank=values.get("alt_rank", _rank),
        price_usd=values.get("price", positive),
        volume_24h_usd=values.get("volume_24h", not_negative),
        market_cap_usd=values.get("market_cap", not_negative),
        market_cap_rank=values.get("market_cap_rank", _rank),
        price_change_24h_pct=values.get("percent_change_24h", finite),
        price_change_7d_pct=values.get("percent_change_7d", finite),
        price_change_30d_pct=values.get("percent_change_30d", finite),
        volatility=values.get("volatility", not_negative),
        circulating_supply=values.get("circulating_supply", not_negative),
        max_supply=values.get("max_supply", not_negative),
        observed_at_ms=generated_ms(document, fetched_at_ms),
    )
    return Parsed(coin, len(reasons), tuple(reasons[:REASONS_KEPT]))


@parses(NAME, "coins/meta")
def parse_meta(payload: Any) -> Parsed[CoinMeta]:
    row = read(mapping(payload), "data", mapping)
    reasons: list[str] = []
    values = Lenient(row, reasons)
    meta = CoinMeta(
        id=read(row, "id", integer),
        symbol=read(row, "symbol", text).upper(),
        name=read(row, "name", text),
        categories=_words(values.get("market_categories", _long_text)),
        summary=values.get("short_summary", _long_text),
        website=values.get("website_link", _long_text),
        whitepaper=values.get("whitepaper_link", _long_text),
        twitter=values.get("twitter_link", _long_text),
        reddit=values.get("reddit_link", _long_text),
        github=values.get("github_link", _long_text),
        coingecko=values.get("coingecko_link", _long_text),
    )
    return Parsed(meta, len(reasons), tuple(reasons[:REASONS_KEPT]))


def seconds_ms(value: Any) -> int:
    """Return Unix milliseconds from Unix seconds, 0 where they are not plausible."""
    try:
        return epoch_s(value)
    except Refused:
        return 0


def generated_ms(document: dict[str, Any], fetched_at_ms: int) -> int:
    """Return when the vendor wrote an answer (its caches are up to a day old), else the fetch."""
    config = document.get("config")
    written_ms = seconds_ms(config.get("generated")) if type(config) is dict else 0
    return min(written_ms, fetched_at_ms) if written_ms else fetched_at_ms


def topic_of(config: Any) -> str | None:
    topic = config.get("topic") if type(config) is dict else None
    return topic if type(topic) is str and 0 < len(topic) <= 100 else None


def _rank(value: Any) -> int:
    rank = integer(value)
    if rank < 1:
        raise Refused("not a rank")
    return rank


def _long_text(value: Any) -> str:
    return text(value, LONGEST_TEXT)


def _words(value: str | None) -> tuple[str, ...]:
    words = () if value is None else value.split(",")
    return tuple(word.strip() for word in words if word.strip())

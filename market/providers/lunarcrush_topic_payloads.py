"""Parsers of LunarCrush v4 topics: what is said about a word, by whom, and what was corrected.

Pure, strict, total. Sentiment runs 0 to 100 everywhere but in posts, where it runs 1 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from market.providers.lunarcrush_payloads import NAME, generated_ms
from market.providers.payload import (
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
    read,
    read_optional,
    rows_of,
    text,
)

LONGEST_TITLE = 4000
LONGEST_SUMMARY = 20_000
TRENDS = ("up", "down", "flat")


@dataclass(frozen=True, slots=True)
class NetworkShare:
    """One network's part of a topic within 24 h; None is unknown."""

    posts: float | None
    interactions: float | None
    sentiment_pct: float | None


@dataclass(frozen=True, slots=True)
class TopicSummary:
    """The last 24 h of a topic or category.

    The vendor gives no single sentiment: ``sentiment_pct`` is the mean of the networks', weighted
    by their interactions; None where no network has both.
    """

    topic: str
    title: str
    rank: int | None
    sentiment_pct: float | None
    networks: dict[str, NetworkShare]
    interactions_24h: float | None
    contributors: float | None
    posts: float | None
    trend: str | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class Post:
    """``sentiment`` is of 1 (bad) to 5 (good), 3 neutral."""

    id: str
    network: str
    title: str | None
    link: str | None
    created_at_ms: int
    sentiment: float | None
    creator: str
    followers: float | None
    interactions_24h: float | None


@dataclass(frozen=True, slots=True)
class Creator:
    id: str
    name: str
    rank: int
    followers: float | None
    interactions_24h: float | None


@dataclass(frozen=True, slots=True)
class RankedTopic:
    """A row of the lists of topics or categories; ranks of an hour and a day ago."""

    topic: str
    title: str
    rank: int
    rank_1h_ago: int | None
    rank_24h_ago: int | None
    contributors: float | None
    posts: float | None
    interactions_24h: float | None


@dataclass(frozen=True, slots=True)
class Correction:
    """A change to how the vendor counts an asset: its history before is another one."""

    asset_type: str
    asset_id: int
    asset_name: str
    change: str
    at_ms: int


@parses(NAME, "topic")
def parse_topic(payload: Any, *, fetched_at_ms: int) -> Parsed[TopicSummary]:
    """Parse one topic or one category."""
    document = mapping(payload)
    row = read(document, "data", mapping)
    parts = {
        key: read_optional(row, key, mapping) or {}
        for key in ("types_count", "types_interactions", "types_sentiment")
    }
    networks = {
        text(network, 40): NetworkShare(
            read_optional(parts["types_count"], network, not_negative),
            read_optional(parts["types_interactions"], network, not_negative),
            read_optional(parts["types_sentiment"], network, percent),
        )
        for network in sorted(set().union(*parts.values()))
    }
    trend = read_optional(row, "trend", text)
    return Parsed(
        TopicSummary(
            topic=read(row, "topic", _word),
            title=read(row, "title", text),
            rank=read_optional(row, "topic_rank", integer),
            sentiment_pct=weighted_sentiment_pct(networks),
            networks=networks,
            interactions_24h=read_optional(row, "interactions_24h", not_negative),
            contributors=read_optional(row, "num_contributors", not_negative),
            posts=read_optional(row, "num_posts", not_negative),
            trend=trend if trend in TRENDS else None,
            observed_at_ms=generated_ms(document, fetched_at_ms),
        )
    )


def weighted_sentiment_pct(networks: Mapping[str, NetworkShare]) -> float | None:
    """Return the networks' mean sentiment, each weighing its interactions."""
    weighed = [
        (share.interactions, share.sentiment_pct)
        for share in networks.values()
        if share.interactions and share.sentiment_pct is not None
    ]
    total = sum(weight for weight, _ in weighed)
    if not total:
        return None
    mean = sum(weight / total * sentiment for weight, sentiment in weighed)
    return min(100.0, mean)  # rounding may carry it past


@parses(NAME, "topic/posts")
def parse_posts(payload: Any) -> Parsed[tuple[Post, ...]]:
    """Parse posts or news, in the vendor's order."""
    return parse_rows(read(mapping(payload), "data", rows_of), _post)


def _post(row: Any) -> Post:
    row = mapping(row)
    return Post(
        id=read(row, "id", text),
        network=read(row, "post_type", text),
        title=read_optional(row, "post_title", lambda value: text(value, LONGEST_TITLE)),
        link=read_optional(row, "post_link", lambda value: text(value, LONGEST_TITLE)),
        created_at_ms=read(row, "post_created", epoch_s),
        sentiment=read_optional(row, "post_sentiment", _one_to_five),
        creator=read(row, "creator_name", text),
        followers=read_optional(row, "creator_followers", not_negative),
        interactions_24h=read_optional(row, "interactions_24h", not_negative),
    )


def _one_to_five(value: Any) -> float:
    number = finite(value)
    if not 1.0 <= number <= 5.0:
        raise Refused("not within 1 to 5")
    return number


@parses(NAME, "topic/creators")
def parse_creators(payload: Any) -> Parsed[tuple[Creator, ...]]:
    return parse_rows(read(mapping(payload), "data", rows_of), _creator)


def _creator(row: Any) -> Creator:
    row = mapping(row)
    return Creator(
        id=read(row, "creator_id", text),
        name=read(row, "creator_name", text),
        rank=read(row, "creator_rank", integer),
        followers=read_optional(row, "creator_followers", not_negative),
        interactions_24h=read_optional(row, "interactions_24h", not_negative),
    )


@parses(NAME, "topics/list")
def parse_ranked(payload: Any) -> Parsed[tuple[RankedTopic, ...]]:
    """Parse the list of topics, of categories, or of a category's topics."""
    return parse_rows(read(mapping(payload), "data", rows_of), _ranked)


def _ranked(row: Any) -> RankedTopic:
    row = mapping(row)
    kind = "category" if "category" in row else "topic"
    return RankedTopic(
        topic=read(row, kind, _word),
        title=read(row, "title", text),
        rank=read(row, f"{kind}_rank", integer),
        rank_1h_ago=read_optional(row, f"{kind}_rank_1h_previous", integer),
        rank_24h_ago=read_optional(row, f"{kind}_rank_24h_previous", integer),
        contributors=read_optional(row, "num_contributors", not_negative),
        posts=read_optional(row, "num_posts", not_negative),
        interactions_24h=read_optional(row, "interactions_24h", not_negative),
    )


@parses(NAME, "topic/whatsup")
def parse_whatsup(payload: Any) -> Parsed[str]:
    """Parse the summary in words: the one answer without data."""
    return Parsed(read(mapping(payload), "summary", lambda value: text(value, LONGEST_SUMMARY)))


@parses(NAME, "system/changes")
def parse_corrections(payload: Any) -> Parsed[tuple[Correction, ...]]:
    return parse_rows(read(mapping(payload), "data", rows_of), _correction)


def _correction(row: Any) -> Correction:
    row = mapping(row)
    return Correction(
        asset_type=read(row, "asset_type", text),
        asset_id=read(row, "asset_id", integer),
        asset_name=read(row, "asset_name", text),
        change=read(row, "change", text),
        at_ms=read(row, "time", epoch_s),
    )


def _word(value: Any) -> str:
    # Text as documented; a sample of a category's topics has a number.
    return str(integer(value)) if type(value) is int else text(value)

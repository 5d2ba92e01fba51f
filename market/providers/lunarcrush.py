"""LunarCrush v4 with a key: what people say about a coin, and how that moves.

Thin fetches on top of the shared transport; parsers in ``lunarcrush_payloads`` (coins),
``lunarcrush_history_payloads`` and ``lunarcrush_topic_payloads``, budgets and refusals in
``lunarcrush_limits``. A day has few calls, so one list of all coins is preferred to many coins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from market.providers.lunarcrush_history_payloads import Bucket, SocialHistory, parse_time_series
from market.providers.lunarcrush_limits import NAME
from market.providers.lunarcrush_payloads import (
    CoinMeta,
    CoinScore,
    SocialCoin,
    parse_coin,
    parse_coins,
    parse_meta,
)
from market.providers.lunarcrush_topic_payloads import (
    Correction,
    Creator,
    Post,
    RankedTopic,
    TopicSummary,
    parse_corrections,
    parse_creators,
    parse_posts,
    parse_ranked,
    parse_topic,
    parse_whatsup,
)
from market.providers.payload import Parsed
from market.providers.plans import LunarCrushPlan
from market.providers.query import present, within
from market.providers.refusals import EndpointRefused, RefusedEndpoints
from market.providers.replies import KeyedCalls, Reply
from market.providers.transport import Transport

T = TypeVar("T")

# How long an answer may serve again. The first list is an hour old when it comes.
LIST_V1_TTL_S = 3600.0
LIST_V2_TTL_S = 300.0
COIN_TTL_S = 900.0
HISTORY_TTL_S = 900.0
TOPIC_TTL_S = 900.0
META_TTL_S = 24 * 3600.0

LIST_V1, LIST_V2 = "coins/list/v1", "coins/list/v2"
MAX_PER_PAGE = 1000
LONGEST_WORD = 100


class LunarCrush:
    """Social metrics (key). ``coin`` is a symbol or, safer, the id of a list's row."""

    def __init__(
        self, transport: Transport, plan: LunarCrushPlan, refused: RefusedEndpoints
    ) -> None:
        self._calls = KeyedCalls(transport, refused)
        self.plan = plan

    async def fetch_coins(
        self, *, page: int = 0, limit: int = MAX_PER_PAGE, live: bool | None = None
    ) -> Reply[tuple[SocialCoin, ...]]:
        """Return a page of coins by market cap, the first page being 0.

        ``live`` asks for the list of this minute, which the lower plans lack; the other is up to an
        hour old. None: the better one of the plan. Source: GET /public/coins/list/v2 or v1.
        """
        if page < 0:
            raise ValueError("pages begin at 0")
        if live is None:
            live = LIST_V2 not in self.plan.closed_endpoints
        return await self._ask(
            LIST_V2 if live else LIST_V1,
            LIST_V2 if live else LIST_V1,
            lambda payload, at_ms: parse_coins(payload, fetched_at_ms=at_ms),
            LIST_V2_TTL_S if live else LIST_V1_TTL_S,
            # Without a limit the whole list comes, thousands of rows, whatever is documented.
            {"limit": within(limit, MAX_PER_PAGE), "page": page},
        )

    async def fetch_coin(self, coin: str | int) -> Reply[CoinScore]:
        """Return one coin's scores, without sentiment. Source: GET /public/coins/:coin/v1."""
        return await self._ask(
            "coins/v1",
            f"coins/{_word(coin)}/v1",
            lambda payload, at_ms: parse_coin(payload, fetched_at_ms=at_ms),
            COIN_TTL_S,
        )

    async def fetch_meta(self, coin: str | int) -> Reply[CoinMeta]:
        """Return what a coin says of itself. Source: GET /public/coins/:coin/meta/v1."""
        return await self._ask(
            "coins/meta/v1",
            f"coins/{_word(coin)}/meta/v1",
            lambda payload, _: parse_meta(payload),
            META_TTL_S,
        )

    async def fetch_time_series(
        self,
        coin: str | int,
        *,
        bucket: Bucket = Bucket.HOUR,
        start_s: int | None = None,
        end_s: int | None = None,
    ) -> Reply[SocialHistory]:
        """Return a coin's hours or days; without times the last week.

        Source: GET /public/coins/:coin/time-series/v2.
        """
        return await self._history(
            "coins/time-series/v2",
            f"coins/{_word(coin)}/time-series/v2",
            bucket,
            present(bucket=bucket.value, start=start_s, end=end_s),
        )

    async def fetch_topic(self, topic: str) -> Reply[TopicSummary]:
        """Return the last 24 h of a topic ("bitcoin", not "BTC"; also "coins:1").

        Source: GET /public/topic/:topic/v1.
        """
        return await self._ask(
            "topic/v1",
            f"topic/{_word(topic)}/v1",
            lambda payload, at_ms: parse_topic(payload, fetched_at_ms=at_ms),
            TOPIC_TTL_S,
        )

    async def fetch_topic_time_series(
        self, topic: str, *, bucket: Bucket = Bucket.HOUR, start_s: int, end_s: int
    ) -> Reply[SocialHistory]:
        """Return a topic's hours or days, from Builder on.

        Source: GET /public/topic/:topic/time-series/v1.
        """
        return await self._history(
            "topic/time-series/v1",
            f"topic/{_word(topic)}/time-series/v1",
            bucket,
            {"bucket": bucket.value, "start": start_s, "end": end_s},
        )

    async def fetch_topic_last_week(self, topic: str) -> Reply[SocialHistory]:
        """Return a topic's last week by the hour, from Builder on.

        Source: GET /public/topic/:topic/time-series/v2.
        """
        return await self._history(
            "topic/time-series/v2", f"topic/{_word(topic)}/time-series/v2", Bucket.HOUR, {}
        )

    async def fetch_posts(self, topic: str, *, news: bool = False) -> Reply[tuple[Post, ...]]:
        """Return top posts or news. Source: GET /public/topic/:topic/posts/v1 or news/v1."""
        kind = "news" if news else "posts"
        return await self._topic(topic, f"{kind}/v1", parse_posts)

    async def fetch_creators(self, topic: str) -> Reply[tuple[Creator, ...]]:
        """Return the loudest accounts. Source: GET /public/topic/:topic/creators/v1."""
        return await self._topic(topic, "creators/v1", parse_creators)

    async def fetch_whatsup(self, topic: str) -> Reply[str]:
        """Return a summary in words. Source: GET /public/topic/:topic/whatsup/v1."""
        return await self._topic(topic, "whatsup/v1", parse_whatsup)

    async def fetch_topics(self) -> Reply[tuple[RankedTopic, ...]]:
        """Return trending topics of all kinds. Source: GET /public/topics/list/v1."""
        return await self._rows("topics/list/v1", "topics/list/v1", parse_ranked)

    async def fetch_categories(self) -> Reply[tuple[RankedTopic, ...]]:
        """Return all categories. Source: GET /public/categories/list/v1."""
        return await self._rows("categories/list/v1", "categories/list/v1", parse_ranked)

    async def fetch_category(self, category: str) -> Reply[TopicSummary]:
        """Return the last 24 h of a category. Source: GET /public/category/:category/v1."""
        return await self._ask(
            "category/v1",
            f"category/{_word(category)}/v1",
            lambda payload, at_ms: parse_topic(payload, fetched_at_ms=at_ms),
            TOPIC_TTL_S,
        )

    async def fetch_category_topics(self, category: str) -> Reply[tuple[RankedTopic, ...]]:
        """Return a category's topics. Source: GET /public/category/:category/topics/v1."""
        return await self._rows(
            "category/topics/v1", f"category/{_word(category)}/topics/v1", parse_ranked
        )

    async def fetch_corrections(self) -> Reply[tuple[Correction, ...]]:
        """Return what the vendor counts differently now. Source: GET /public/system/changes."""
        return await self._rows("system/changes", "system/changes", parse_corrections)

    async def _history(
        self, endpoint: str, path: str, bucket: Bucket, params: Mapping[str, str | int]
    ) -> Reply[SocialHistory]:
        return await self._ask(
            endpoint,
            path,
            lambda payload, at_ms: parse_time_series(payload, bucket=bucket, fetched_at_ms=at_ms),
            HISTORY_TTL_S,
            params,
        )

    async def _topic(self, topic: str, what: str, parse: Callable[[Any], Parsed[T]]) -> Reply[T]:
        return await self._rows(f"topic/{what}", f"topic/{_word(topic)}/{what}", parse)

    async def _rows(self, endpoint: str, path: str, parse: Callable[[Any], Parsed[T]]) -> Reply[T]:
        return await self._ask(endpoint, path, lambda payload, _: parse(payload), TOPIC_TTL_S)

    async def _ask(
        self,
        endpoint: str,
        path: str,
        parse: Callable[[Any, int], Parsed[T]],
        cache_ttl_s: float,
        params: Mapping[str, str | int] | None = None,
    ) -> Reply[T]:
        if endpoint in self.plan.closed_endpoints:
            raise EndpointRefused(NAME, f"the {self.plan.name} plan does not include this")
        return await self._calls.ask(
            f"/public/{path}", params, parse, endpoint=endpoint, cache_ttl_s=cache_ttl_s
        )


def _word(word: str | int) -> str:
    """Return a coin or topic as one segment of a path."""
    word = str(word)
    if not 0 < len(word) <= LONGEST_WORD or not word.strip("."):
        raise ValueError("not a coin or topic")
    return quote(word, safe=":")

"""LunarCrush v4 as it answers a bearer key. Under ``/lunarcrush/api4``, paths ``/public/…``.

Seconds everywhere, ``config`` beside ``data`` or missing, refusals with a status and
``{"error": …}``. Where documentation and live answers differ the live form is told unless the other
is asked for (``documented``). What Individual may not ask is known in part only: hourly histories
and the newer list are closed to it here. Histories by the hour reach back a year at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from market import clock
from market.sandbox.http import Endpoint, Request, Response, json_response
from market.sandbox.keyed import NO_PLAN, KeyedVendor
from market.sandbox.lunarcrush_coins import SOCIAL_KEYS, LunarCoins, Row, Topic
from market.sandbox.lunarcrush_pages import coin_page, meta_page
from market.sandbox.lunarcrush_rules import (
    BUILDER,
    DAY_POOLS,
    DAY_S,
    HOBBY,
    INDIVIDUAL,
    MINUTE_POOLS,
    PLANS,
    PROVIDER,
    SPANS_MS,
    error,
    limit_headers,
    refused,
    too_many_requests,
    whole,
)
from market.sandbox.lunarcrush_topics import CATEGORIES, Talk
from market.sandbox.metering import Charge, Meter, Refusal
from market.sandbox.source import MarketSource
from market.types import DAY_MS, HOUR_MS, MINUTE_MS

_MOST_PER_PAGE = 1000
_DOCUMENTED_DEFAULT_LIMIT = 10

Answer = Callable[[Request, int], Any]


class LunarCrush(KeyedVendor):
    name = PROVIDER
    prefix = "/lunarcrush/api4"
    plan_names = tuple(PLANS)

    def __init__(self, source: MarketSource) -> None:
        self._coins = LunarCoins(source)
        self._talk = Talk(self._coins)
        topic, category = "/public/topic/{topic}", "/public/category/{category}"
        answers: dict[str, tuple[int, Answer]] = {
            "/public/coins/list/v1": (HOBBY, self._listed(step_ms=HOUR_MS)),
            "/public/coins/list/v2": (BUILDER, self._listed(step_ms=MINUTE_MS)),
            "/public/coins/{coin}/v1": (HOBBY, self.coin),
            "/public/coins/{coin}/meta/v1": (HOBBY, self.meta),
            "/public/coins/{coin}/time-series/v2": (BUILDER, self.coin_series),
            f"{topic}/v1": (INDIVIDUAL, self.topic),
            f"{topic}/time-series/v1": (BUILDER, self._topic_series(full=False)),
            f"{topic}/time-series/v2": (BUILDER, self._topic_series(full=True)),
            f"{topic}/whatsup/v1": (INDIVIDUAL, self.whatsup),
            f"{topic}/news/v1": (INDIVIDUAL, self.news),
            f"{topic}/posts/v1": (HOBBY, self.posts),
            f"{topic}/creators/v1": (INDIVIDUAL, self.creators),
            "/public/topics/list/v1": (INDIVIDUAL, self._plain(self._talk.topics)),
            "/public/categories/list/v1": (INDIVIDUAL, self._plain(self._talk.categories)),
            f"{category}/v1": (INDIVIDUAL, self.category),
            f"{category}/topics/v1": (INDIVIDUAL, self.category_topics),
            "/public/system/changes": (HOBBY, self._plain(self._talk.changes)),
        }
        self.endpoints = tuple(
            Endpoint(path, self._handler(level, answer, path), self._charge)
            for path, (level, answer) in answers.items()
        )

    # --- the gate -----------------------------------------------------------------------------

    def key_of(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def before(self, request: Request) -> Response | None:
        agent = request.headers.get("user-agent", "")
        if not agent or agent.startswith("Python-urllib"):
            return Response(b"error code: 1010", 403, "text/plain; charset=UTF-8")
        plan = self.plan_name(request)
        if plan is None:
            return error("Unauthorized", 401)
        return error("No active subscription", 402) if plan == NO_PLAN else None

    def after(
        self, request: Request, _endpoint: Endpoint, response: Response, meter: Meter
    ) -> Response:
        headers = limit_headers(meter, self.plan_name(request) or "", self.key_of(request))
        kept = (
            ("cache-control", "s-max-age=86400"),
            ("x-lunar-generated", str(clock.now_ms() // 1000)),
        )
        all_headers = response.headers + headers + kept
        return Response(response.body, response.status, response.content_type, all_headers)

    def unknown_path(self) -> Response:
        return error("Invalid endpoint (2)", 404)

    def limited(self, refusal: Refusal) -> Response:
        return too_many_requests(daily=refusal.pool.window_s == DAY_S)

    def _charge(self, request: Request) -> Charge:
        plan, key = self.plan_name(request) or "", self.key_of(request)
        of_the_day = Charge(DAY_POOLS[plan], payer=key)
        return Charge(MINUTE_POOLS[plan], payer=key, then=of_the_day)

    def _handler(self, level: int, answer: Answer, path: str) -> Callable[[Request, int], Response]:
        def handle(request: Request, now_ms: int) -> Response:
            own_level = PLANS[self.plan_name(request) or ""][0]
            needed = level
            if self.documented and path.startswith("/public/coins/{coin}/time-series"):
                needed = INDIVIDUAL
            if own_level < needed:
                raise refused("Your plan does not include this endpoint", 402)
            return json_response(answer(request, now_ms))

        return handle

    # --- coins --------------------------------------------------------------------------------

    def _listed(self, *, step_ms: int) -> Answer:
        def answer(request: Request, now_ms: int) -> Row:
            at_ms = now_ms // step_ms * step_ms
            limit = whole(request, "limit", _DOCUMENTED_DEFAULT_LIMIT if self.documented else 0)
            page = whole(request, "page", 0)
            sort = request.params.get("sort", "market_cap_rank")
            descending = "desc" in request.params
            rows = [row for row in self._coins.listed(at_ms) if _wanted(row, request)]
            known = [row for row in rows if row.get(sort) is not None]
            if rows and not known:
                raise refused("Error: Invalid input parameter: sort", 400)
            known.sort(key=lambda row: row[sort], reverse=descending)
            rows = known + [row for row in rows if row.get(sort) is None]
            total = len(rows)
            if limit:
                size = min(limit, _MOST_PER_PAGE)
                rows = rows[page * size : (page + 1) * size]
            if PLANS[self.plan_name(request) or ""][0] == HOBBY:
                rows = [
                    {name: value for name, value in row.items() if name not in SOCIAL_KEYS}
                    for row in rows
                ]
            config = {
                "sort": sort,
                "desc": descending or "sort" not in request.params,
                "limit": limit,
                "page": page,
                "total_rows": total,
                "generated": at_ms // 1000,
            }
            return {"config": config, "data": rows}

        return answer

    def coin(self, request: Request, now_ms: int) -> Row:
        topic = self._find_coin(request, now_ms)
        data = coin_page(self._coins, topic, now_ms)
        return {"config": self._config(topic, now_ms, of_coin=True), "data": data}

    def meta(self, request: Request, now_ms: int) -> Row:
        topic = self._find_coin(request, now_ms)
        # The one answer that begins with its data.
        return {
            "data": meta_page(topic, now_ms),
            "config": {"coin": str(topic.id), "generated": now_ms // 1000},
        }

    def coin_series(self, request: Request, now_ms: int) -> Row:
        topic = self._find_coin(request, now_ms)
        told = self._series(request, topic, now_ms)
        config = self._config(topic, now_ms, of_coin=True)
        coin = {"coin": str(topic.id)} if self.documented else {}
        return {"config": told["config"] | config | coin, "data": told["data"]}

    # --- topics -------------------------------------------------------------------------------

    def _topic_series(self, *, full: bool) -> Answer:
        def answer(request: Request, now_ms: int) -> Row:
            return self._series(request, self._find_topic(request, now_ms), now_ms, full=full)

        return answer

    def topic(self, request: Request, now_ms: int) -> Row:
        topic = self._find_topic(request, now_ms)
        told = self._talk.topic(topic, now_ms)
        return {"config": self._config(topic, now_ms), "data": told}

    def posts(self, request: Request, now_ms: int) -> Row:
        topic = self._find_topic(request, now_ms)
        start_s = whole(request, "start", now_ms // 1000 - 86_400)
        end_s = whole(request, "end", now_ms // 1000)
        start_ms, end_ms = start_s // 86_400 * DAY_MS, min(now_ms, end_s * 1000)
        told = self._talk.posts(topic, start_ms, end_ms, now_ms)
        return {"config": self._config(topic, now_ms, posts=True), "data": told}

    def news(self, request: Request, now_ms: int) -> Row:
        topic = self._find_topic(request, now_ms)
        told = self._talk.news(topic, now_ms)
        return {"config": self._config(topic, now_ms, posts=True), "data": told}

    def whatsup(self, request: Request, now_ms: int) -> Row:
        topic = self._find_topic(request, now_ms)
        summary = f"People talk about {topic.name}; the market of the sandbox moves on."
        return {
            "config": {"topic": topic.slug, "generated": now_ms // 1000},
            "summary": summary,
        }

    def creators(self, request: Request, now_ms: int) -> Row:
        return {"data": self._talk.creators(self._find_topic(request, now_ms), now_ms)}

    def category(self, request: Request, now_ms: int) -> Row:
        return {"data": self._talk.category(_category(request), now_ms)}

    def category_topics(self, request: Request, now_ms: int) -> Row:
        _category(request)
        return {"data": self._talk.category_topics(now_ms)}

    @staticmethod
    def _plain(tell: Callable[[int], list[Row]]) -> Answer:
        return lambda _request, now_ms: {"data": tell(now_ms)}

    # --- shared -------------------------------------------------------------------------------

    def _series(self, request: Request, topic: Topic, now_ms: int, *, full: bool = False) -> Row:
        """Answer a history; ``full``: with a bucket all there is, without one a week of hours."""
        bucket = request.params.get("bucket") or ""
        interval = request.params.get("interval") or ("all" if full and bucket else "1w")
        if bucket not in ("", "hour", "day"):
            raise refused("Error: Invalid input parameter: bucket", 400)
        if interval not in SPANS_MS:
            raise refused("Error: Invalid input parameter: interval", 400)
        end_ms = min(whole(request, "end", now_ms // 1000) * 1000 + 999, now_ms)
        first_s = (now_ms - SPANS_MS[interval]) // 1000
        start_ms = whole(request, "start", max(0, first_s)) * 1000
        daily = bucket == "day"
        if not daily:
            start_ms = max(start_ms, now_ms - SPANS_MS["1y"])
        rows = self._coins.series(topic, start_ms, now_ms, daily=daily)
        rows = [row for row in rows if row["time"] * 1000 <= end_ms]
        config = self._config(topic, now_ms)
        if self.documented:
            config |= {
                "interval": interval,
                "start": start_ms // 1000,
                "end": end_ms // 1000,
                "bucket": bucket or "hour",
                "metrics": [],
            }
        return {"config": config, "data": rows}

    def _config(
        self, topic: Topic, now_ms: int, *, of_coin: bool = False, posts: bool = False
    ) -> Row:
        of_its_coin = f"coins:{topic.id}" if self.documented else f"${topic.symbol.lower()}"
        return {
            "topic": topic.slug,
            **({"type": "topic"} if posts else {}),
            "id": of_its_coin if of_coin else topic.slug,
            "name": topic.name,
            "symbol": topic.symbol,
            "generated": now_ms // 1000,
        }

    def _find_coin(self, request: Request, now_ms: int) -> Topic:
        topic = self._coins.find_coin(request.params["coin"], now_ms)
        if topic is None:
            raise refused("Coin not found", 404)
        return topic

    def _find_topic(self, request: Request, now_ms: int) -> Topic:
        topic = self._coins.find_topic(request.params["topic"], now_ms)
        if topic is None:
            raise refused("Topic not found", 404)
        return topic


def _wanted(row: Row, request: Request) -> bool:
    sectors = request.params.get("filter")
    return not sectors or bool(set(sectors.split(",")) & set(row["categories"].split(",")))


def _category(request: Request) -> str:
    slug = request.params["category"]
    if slug not in CATEGORIES:
        raise refused("Category not found", 404)
    return slug

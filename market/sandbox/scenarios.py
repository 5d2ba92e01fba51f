"""Named situations: sets of faults that tests, demonstrations and people call by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from market.sandbox.faults import EVERY_PROVIDER, FaultBook


@dataclass(frozen=True, slots=True)
class Situation:
    provider: str
    kind: str
    path: str = ""
    times: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


SCENARIOS: Mapping[str, Sequence[Situation]] = {
    "all_well": (),
    "binance_geo_blocked": (Situation("binance", "http_451"),),
    "binance_banned": (Situation("binance", "http_418", parameters={"for_s": 120}),),
    "binance_rate_limited": (Situation("binance", "http_429"),),
    "binance_firewall": (Situation("binance", "html", parameters={"status": 403}),),
    "binance_hanging": (Situation("binance", "hang"),),
    "binance_statistics_empty": (Situation("binance", "empty", path="/futures/data/"),),
    "binance_stale": (Situation("binance", "stale"),),
    "okx_busy": (Situation("okx", "http_429", parameters={"retry_after_s": None}),),
    "okx_no_liquidations": (
        Situation("okx", "http_5xx", path="/api/v5/public/liquidation-orders"),
    ),
    # Answers come from several caches: a page may be a step older than the one before it.
    "okx_step_back": (Situation("okx", "stale", parameters={"age_ms": 2_000}),),
    "exchanges_dead": (Situation("binance", "dead"), Situation("okx", "dead")),
    "coingecko_garbage": (Situation("coingecko", "wrong_types"),),
    "coingecko_rate_limited": (
        Situation("coingecko", "http_429", parameters={"retry_after_s": None, "plain": True}),
    ),
    "fear_greed_dead": (Situation("alternative_me", "dead"),),
    "coinglass_rate_limited": (
        Situation("coinglass", "http_429", parameters={"retry_after_s": None}),
    ),
    # Measured: some calls take many seconds.
    "coinglass_slow": (Situation("coinglass", "latency_ms", parameters={"ms": 20_000}),),
    "coinglass_empty": (Situation("coinglass", "empty"),),
    "coinglass_server_error": (
        Situation(
            "coinglass", "answer", parameters={"json": {"code": "500", "msg": "Server Error"}}
        ),
    ),
    "lunarcrush_day_used_up": (
        Situation("lunarcrush", "http_429", parameters={"retry_after_s": None, "daily": True}),
    ),
    "coinapi_busy": (Situation("coinapi", "http_429"),),
    "keyed_dead": (
        Situation("coinglass", "dead"),
        Situation("lunarcrush", "dead"),
        Situation("coinapi", "dead"),
    ),
    "telegram_flooded": (Situation("telegram", "http_429", path="/send"),),
    "telegram_dead": (Situation("telegram", "dead"),),
    # Messages arrive and nobody is told so.
    "telegram_answers_lost": (Situation("telegram", "lost", path="/send"),),
    "all_dead": (Situation(EVERY_PROVIDER, "dead"),),
    "all_hanging": (Situation(EVERY_PROVIDER, "hang"),),
    "all_garbage": (Situation(EVERY_PROVIDER, "wrong_types"),),
    "all_truncated": (Situation(EVERY_PROVIDER, "truncated"),),
    "all_slow": (Situation(EVERY_PROVIDER, "latency_ms", parameters={"ms": 3_000}),),
    "all_errors": (Situation(EVERY_PROVIDER, "http_5xx"),),
}


def apply_scenario(book: FaultBook, name: str) -> None:
    """Replace the faults in force by a situation's; raises KeyError for an unknown name."""
    situations = SCENARIOS[name]
    book.clear()
    for each in situations:
        book.add(
            each.provider, each.kind, path=each.path, times=each.times, parameters=each.parameters
        )

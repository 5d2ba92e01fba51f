"""What each paid plan allows, as published: budgets, endpoints, intervals, depth of history.

The plan is a setting; it decides the budget before the first call and spares calls that the plan
would refuse. What a plan allows is a hint only where the vendor does not publish it: those calls
are made, and the refusal is remembered (``refusals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market.providers.coinglass_payloads import CoinglassInterval
from market.providers.rate_limit import Pool
from market.types import DAY_MS

MINUTE_S = 60
DAY_S = 86_400


# Endpoints of Coinglass that its documentation closes to the lower plans. "liquidation/coin-list"
# is documented as closed to Hobbyist too, but a Hobbyist key was answered: the vendor decides.
_FROM_STARTUP = frozenset({"hyperliquid/whale-alert", "hyperliquid/whale-position"})
_FROM_STANDARD = frozenset(
    {"futures/coins-markets", "futures/coins-price-change", "futures/liquidation/order"}
)


@dataclass(frozen=True, slots=True)
class CoinglassPlan:
    """``history_days`` by interval; an interval that is absent goes back to the beginning."""

    name: str
    calls_per_minute: int
    smallest_interval: CoinglassInterval
    history_days: Mapping[CoinglassInterval, int]
    closed_endpoints: frozenset[str] = frozenset()

    def offers(self, interval: CoinglassInterval) -> bool:
        return interval.ms >= self.smallest_interval.ms

    def nearest(self, interval: CoinglassInterval) -> CoinglassInterval:
        """Return the interval, or the smallest of the plan when that is coarser."""
        return interval if self.offers(interval) else self.smallest_interval

    def oldest_ms(self, interval: CoinglassInterval, now_ms: int) -> int | None:
        """Return how far back bars of the interval go; None: to the beginning."""
        days = self.history_days.get(interval)
        return None if days is None else now_ms - days * DAY_MS

    def pools(self, budget_share: float) -> tuple[Pool, ...]:
        # Nobody says whether the vendor's minutes follow the clock: any 60 s are safe.
        return (_pool("minute", self.calls_per_minute, budget_share, MINUTE_S),)


def _days(**days: int) -> dict[CoinglassInterval, int]:
    return {CoinglassInterval[name]: count for name, count in days.items()}


COINGLASS_PLANS: Mapping[str, CoinglassPlan] = {
    plan.name: plan
    for plan in (
        CoinglassPlan(
            "hobbyist",
            30,
            CoinglassInterval.H4,
            _days(H4=180, H6=360, H8=360, H12=360),
            _FROM_STARTUP | _FROM_STANDARD,
        ),
        CoinglassPlan(
            "startup",
            80,
            CoinglassInterval.M30,
            _days(M30=90, H1=180, H4=180, H6=360, H8=360, H12=360),
            _FROM_STANDARD,
        ),
        CoinglassPlan(
            "standard",
            300,
            CoinglassInterval.M1,
            _days(M1=6, M3=20, M5=30, M15=90, M30=180, H1=360, H4=360, H6=360, H8=360, H12=360),
        ),
        CoinglassPlan(
            "professional",  # published as "about double"
            1200,
            CoinglassInterval.M1,
            _days(M1=12, M3=40, M5=60, M15=180, M30=360, H1=720, H4=720, H6=720, H8=720, H12=720),
        ),
    )
}

# Recorded with keys of the Individual plan (July 2026): these two answer 402, from Builder on.
_LUNARCRUSH_FROM_BUILDER = frozenset(
    {"coins/list/v2", "topic/time-series/v1", "topic/time-series/v2"}
)
# "Market-data endpoints only": the coins, not what is posted about topics.
_LUNARCRUSH_SOCIAL = frozenset(
    {
        "topic/v1",
        "topic/whatsup/v1",
        "topic/news/v1",
        "topic/posts/v1",
        "topic/creators/v1",
        "topics/list/v1",
        "categories/list/v1",
        "category/v1",
        "category/topics/v1",
    }
)


@dataclass(frozen=True, slots=True)
class LunarCrushPlan:
    name: str
    calls_per_minute: int
    calls_per_day: int
    closed_endpoints: frozenset[str] = frozenset()

    def pools(self, budget_share: float) -> tuple[Pool, ...]:
        """Return the minute and the day; the day begins at 00:00 UTC."""
        return (
            _pool("minute", self.calls_per_minute, budget_share, MINUTE_S),
            _pool("day", self.calls_per_day, budget_share, DAY_S, aligned=True),
        )


LUNARCRUSH_PLANS: Mapping[str, LunarCrushPlan] = {
    plan.name: plan
    for plan in (
        LunarCrushPlan("hobby", 4, 100, _LUNARCRUSH_FROM_BUILDER | _LUNARCRUSH_SOCIAL),
        LunarCrushPlan("individual", 10, 2_000, _LUNARCRUSH_FROM_BUILDER),
        LunarCrushPlan("builder", 100, 20_000),
        LunarCrushPlan("scale", 500, 100_000),
    )
}

COINAPI_ITEMS_PER_CREDIT = 100
# Most rows a call of ours asks for, and so what the smallest budget must be able to grant.
COINAPI_MOST_ITEMS = 1000


def coinapi_credits(items: int | None) -> int:
    """Return what a call costs: 1, or 1 per 100 items when a limit is sent.

    Whether items asked or items returned count is described both ways; asked is the safe reading.
    """
    return 1 if items is None else max(1, -(-items // COINAPI_ITEMS_PER_CREDIT))


@dataclass(frozen=True, slots=True)
class CoinApiPlan:
    name: str
    credits_per_day: int

    def pools(self, budget_share: float) -> tuple[Pool, ...]:
        """Return the credits of any 24 hours: the vendor's window is a rolling one."""
        dearest = coinapi_credits(COINAPI_MOST_ITEMS)
        pool = _pool("day", self.credits_per_day, budget_share, DAY_S)
        return (Pool(pool.name, max(dearest, pool.limit), DAY_S),)


COINAPI_PLANS: Mapping[str, CoinApiPlan] = {
    plan.name: plan
    for plan in (
        CoinApiPlan("startup", 1_000),
        CoinApiPlan("streamer", 10_000),
        CoinApiPlan("pro", 100_000),
    )
}


Plan = CoinglassPlan | LunarCrushPlan | CoinApiPlan
PLANS: Mapping[str, Mapping[str, Plan]] = {
    "coinglass": COINGLASS_PLANS,
    "lunarcrush": LUNARCRUSH_PLANS,
    "coinapi": COINAPI_PLANS,
}


def _pool(name: str, limit: int, budget_share: float, window_s: int, aligned: bool = False) -> Pool:
    return Pool(name, max(1, int(limit * budget_share)), window_s, aligned=aligned)

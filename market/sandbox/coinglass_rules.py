"""Coinglass' plans, intervals, parameters and errors, as its endpoints share them.

Refusals come with HTTP 200 and a code in the body; only an unknown path and a broken rate limit
have a status of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from market.sandbox import bars
from market.sandbox.bars import BarSpec
from market.sandbox.http import Refused, Response, json_response
from market.sandbox.metering import Pool
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Int64Array

PROVIDER = "coinglass"
MOST_ROWS = 1000

INTERVALS: Mapping[str, BarSpec] = {
    **{f"{n}m": bars.minutes(f"{n}m", n) for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": bars.spec(f"{n}h", hours=n) for n in (1, 2, 4, 6, 8, 12)},
    "1d": bars.spec("1d", hours=24),
    "1w": bars.weeks("1w"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """``depth_days``: how far back an interval reaches; days and weeks reach to the start."""

    name: str
    level: int
    calls: Pool
    smallest_ms: int
    depth_days: Mapping[str, int]


def _plan(
    name: str, level: int, calls_per_minute: int, smallest_ms: int, depth: dict[str, int]
) -> Plan:
    pool = Pool(f"{name} calls per minute", calls_per_minute, 60.0, aligned=True)
    days = {interval: count for names, count in depth.items() for interval in names.split()}
    return Plan(name, level, pool, smallest_ms, days)


HOBBYIST = _plan("hobbyist", 1, 30, 4 * HOUR_MS, {"4h": 180, "6h 8h 12h": 360})
STARTUP = _plan("startup", 2, 80, 30 * MINUTE_MS, {"30m": 90, "1h 2h 4h": 180, "6h 8h 12h": 360})
STANDARD = _plan(
    "standard",
    3,
    300,
    MINUTE_MS,
    {"1m": 6, "3m": 20, "5m": 30, "15m": 90, "30m": 180, "1h 2h 4h 6h 8h 12h": 360},
)
_TWICE = {"1m": 12, "3m": 40, "5m": 60, "15m": 180, "30m": 360, "1h 2h 4h 6h 8h 12h": 720}
PROFESSIONAL = _plan("professional", 4, 1200, MINUTE_MS, _TWICE)
# By contract; here a number nobody reaches by accident.
ENTERPRISE = _plan("enterprise", 5, 6000, MINUTE_MS, _TWICE)

PLANS = {each.name: each for each in (HOBBYIST, STARTUP, STANDARD, PROFESSIONAL, ENTERPRISE)}


@dataclass(frozen=True, slots=True)
class Ask:
    """One accepted call. ``at_ms``: the instant it is answered for."""

    params: Mapping[str, str]
    plan: Plan
    at_ms: int
    documented: bool

    def require(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise fail("400", f"Required parameter '{name}' is missing or empty.")
        return value

    def whole(self, name: str, default: int) -> int:
        text = self.params.get(name, "")
        if not text:
            return default
        if not text.isdigit():
            raise fail("400", f"Parameter '{name}' is invalid.")
        return int(text)

    def one_of(self, name: str, allowed: Mapping[str, Any]) -> Any:
        value = self.require(name)
        if value not in allowed:
            raise fail("400", f"Parameter '{name}' is invalid.")
        return allowed[value]


# What an endpoint makes of a call: the "data" of the envelope.
Answer = Callable[[Ask], Any]


@dataclass(frozen=True, slots=True)
class Period:
    """The bars a history was asked for: opening times, ascending, and the end of the last one."""

    spec: BarSpec
    opens: Int64Array
    at_ms: int

    @property
    def first_ms(self) -> int:
        return int(self.opens[0])

    @property
    def last_ms(self) -> int:
        return int(self.opens[-1])

    @property
    def end_ms(self) -> int:
        return min(self.spec.shift(self.last_ms, 1), self.at_ms)


def interval_of(ask: Ask) -> BarSpec:
    """Return the bar length asked for; refuses one below the plan's smallest."""
    text = ask.require("interval")
    # The older spelling ("h4") is understood as well.
    spec = INTERVALS.get(text) or INTERVALS.get(text[1:] + text[:1])
    if spec is None:
        raise fail("400", "The requested interval is not supported.")
    if spec.step_ms < ask.plan.smallest_ms:
        raise fail("403", "The requested interval is not available for your current API plan.")
    return spec


def period_of(ask: Ask) -> Period | None:
    """Return the bars that interval, limit, times and plan leave; None for none."""
    spec = interval_of(ask)
    limit = min(ask.whole("limit", MOST_ROWS), MOST_ROWS)
    end_ms = min(ask.whole("end_time", ask.at_ms), ask.at_ms)
    start_ms = max(ask.whole("start_time", 0), spec.shift(spec.open_of(end_ms), 1 - limit))
    depth_days = ask.plan.depth_days.get(spec.label)
    if depth_days is not None:
        start_ms = max(start_ms, ask.at_ms - depth_days * DAY_MS)
    if limit < 1 or start_ms > end_ms:
        return None
    opens = spec.opens(start_ms, end_ms)
    return Period(spec, opens, ask.at_ms) if len(opens) else None


def fail(code: str, message: str, status: int = 200) -> Refused:
    return Refused(failure(code, message, status))


def failure(code: str, message: str, status: int = 200) -> Response:
    return json_response({"code": code, "msg": message}, status)


def upgrade_plan() -> Response:
    return failure("401", "Upgrade plan")


def too_many_requests(*headers: tuple[str, str]) -> Response:
    # The text is not published.
    response = failure("429", "Too many requests. Please try again later.", 429)
    return Response(response.body, 429, response.content_type, headers)


def no_such_pair() -> Refused:
    return fail(
        "400",
        "The requested pair does not exist on the exchange. Please check the documentation to view "
        "supported exchanges and pairs.",
    )

"""LunarCrush's plans, limits and errors, as its endpoints share them."""

from __future__ import annotations

from market import clock
from market.sandbox.http import Refused, Request, Response, json_response
from market.sandbox.metering import Meter, Pool
from market.types import DAY_MS

PROVIDER = "lunarcrush"
DAY_S = 86_400.0
# name → (level, calls a minute, calls a day); enterprise is by contract.
PLANS = {
    "hobby": (1, 4, 100),
    "individual": (2, 10, 2_000),
    "builder": (3, 100, 20_000),
    "scale": (4, 500, 100_000),
    "enterprise": (5, 5_000, 1_000_000),
}
HOBBY, INDIVIDUAL, BUILDER = 1, 2, 3
MINUTE_POOLS = {
    name: Pool(f"{name} calls per minute", calls, 60.0, aligned=True)
    for name, (_, calls, _) in PLANS.items()
}
DAY_POOLS = {
    name: Pool(f"{name} calls per day", calls, DAY_S, aligned=True)
    for name, (_, _, calls) in PLANS.items()
}
# How far back the named intervals of a history reach.
SPANS_MS = {
    "1d": DAY_MS, "1w": 7 * DAY_MS, "1m": 30 * DAY_MS, "3m": 90 * DAY_MS, "6m": 182 * DAY_MS,
    "1y": 365 * DAY_MS, "all": 100_000 * DAY_MS,
}  # fmt: skip


def too_many_requests(*headers: tuple[str, str], daily: bool = False) -> Response:
    # The wording of the limit per minute is not published.
    response = error(f"Rate limit exceeded ({'daily' if daily else 'minute'})", 429)
    return Response(response.body, 429, response.content_type, headers)


def limit_headers(meter: Meter, plan: str, key: str) -> tuple[tuple[str, str], ...]:
    """Return what is left of the minute and the day, as of wall time."""
    told = {}
    for name, pool in (("day", DAY_POOLS[plan]), ("minute", MINUTE_POOLS[plan])):
        limit = int(pool.limit * meter.scale)
        told[name] = limit
        told[f"{name}-remaining"] = max(0, limit - meter.used(key, pool))
    told["minute-reset"] = int(clock.wall_s() // 60.0 + 1.0) * 60
    return tuple((f"x-rate-limit-{name}", str(value)) for name, value in told.items())


def error(message: str, status: int) -> Response:
    return json_response({"error": message}, status)


def refused(message: str, status: int) -> Refused:
    return Refused(error(message, status))


def whole(request: Request, name: str, default: int) -> int:
    text = request.params.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise refused(f"Error: Invalid input parameter: {name}", 400)
    return int(text)

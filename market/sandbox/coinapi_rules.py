"""CoinAPI's plans, credits, periods, times and errors, as its endpoints share them."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from market.sandbox import bars
from market.sandbox.bars import BarSpec
from market.sandbox.http import Refused, Request, Response, json_response
from market.sandbox.metering import Charge, Pool

PROVIDER = "coinapi"
WINDOW_S = 86_400.0
# Credits in any 24 hours. Metered keys pay for each and enterprises by contract.
_CREDITS = {
    "startup": 1_000,
    "streamer": 10_000,
    "pro": 100_000,
    "metered": 10_000_000,
    "enterprise": 10_000_000,
}
POOLS = {
    name: Pool(f"{name} credits per 24 h", count, WINDOW_S) for name, count in _CREDITS.items()
}
DEFAULT_LIMIT = 100
MOST_ITEMS = 100_000
_ITEMS_PER_CREDIT = 100

_DAYS = (1, 2, 3, 5, 7, 10)
_UNITS = {
    "SEC": "second",
    "MIN": "minute",
    "HRS": "hour",
    "DAY": "day",
    "MTH": "month",
    "YRS": "year",
}


def _periods() -> Mapping[str, BarSpec]:
    specs = [BarSpec(f"{n}SEC", n * 1000) for n in (1, 2, 3, 4, 5, 6, 10, 15, 20, 30)]
    specs += [bars.minutes(f"{n}MIN", n) for n in (1, 2, 3, 4, 5, 6, 10, 15, 20, 30)]
    specs += [bars.spec(f"{n}HRS", hours=n) for n in (1, 2, 3, 4, 6, 8, 12)]
    # Several days are counted from the epoch: seven of them begin on a Thursday.
    specs += [bars.spec(f"{n}DAY", hours=24 * n) for n in _DAYS]
    specs += [bars.months(f"{n}MTH", n) for n in (1, 2, 3, 4, 6)]
    specs += [bars.months(f"{n}YRS", 12 * n) for n in (1, 2, 3, 4, 5)]
    return {spec.label: spec for spec in specs}


PERIODS = _periods()


def period_rows() -> list[dict[str, Any]]:
    rows = []
    for label, spec in PERIODS.items():
        count, unit = int(label[:-3]), _UNITS[label[-3:]]
        plural = "" if count == 1 else "s"
        rows.append(
            {
                "period_id": label,
                "length_seconds": 0 if spec.months else spec.step_ms // 1000,
                "length_months": spec.months,
                "unit_count": count,
                "unit_name": unit,
                "display_name": f"{count} {unit.title()}{plural}",
            }
        )
    return rows


def credits_of(request: Request, *, limited: bool) -> int:
    """Return what a call costs: a credit, and where ``limit`` is sent one per 100 items asked."""
    text = request.params.get("limit", "")
    if not limited or not text.isdigit():
        return 1
    return max(1, -(-int(text) // _ITEMS_PER_CREDIT))


def charging(
    key_of: Callable[[Request], str], plan_of: Callable[[Request], str | None], *, limited: bool
) -> Callable[[Request], Charge]:
    def charge(request: Request) -> Charge:
        pool = POOLS[plan_of(request) or ""]
        return Charge(pool, credits_of(request, limited=limited), payer=key_of(request))

    return charge


def iso(at_ms: int) -> str:
    """Write a time as the vendor does, with seven digits of a second."""
    moment = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}0000Z"


def time_of(request: Request, name: str) -> int | None:
    """Return a time parameter; without an offset it is UTC."""
    text = request.params.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Invalid value of parameter '{name}'") from None
    if moment.tzinfo is None:
        return calendar.timegm(moment.timetuple()) * 1000 + moment.microsecond // 1000
    return round(moment.timestamp() * 1000)


def limit_of(request: Request, default: int = DEFAULT_LIMIT) -> int:
    text = request.params.get("limit") or str(default)
    if not text.isdigit() or not 1 <= int(text) <= MOST_ITEMS:
        raise bad_request("Invalid value of parameter 'limit'")
    return int(text)


def period_of(request: Request) -> BarSpec:
    spec = PERIODS.get(request.params.get("period_id", ""))
    if spec is None:
        raise bad_request("Invalid value of parameter 'period_id'")
    return spec


def problem(status: int, title: str, detail: str, *, documented: bool = False) -> Response:
    """Write an error: documented is one text, newer answers say it in four ways."""
    if documented:
        return json_response({"error": detail}, status)
    body = {"title": title, "status": status, "detail": detail, "error": f"{title} ({detail})"}
    return json_response(body, status)


def bad_request(detail: str) -> Refused:
    return Refused(problem(400, "Bad Request", detail))


def no_data() -> Refused:
    message = "You requested specific single item that we don't have at this moment."
    return Refused(json_response({"error": message}, 550))


def too_many_requests(*headers: tuple[str, str]) -> Response:
    response = problem(429, "Too Many Requests", "Too many requests")
    return Response(response.body, 429, response.content_type, headers)


def quota_exceeded(used: int, allowed: int) -> Response:
    name = "Insufficient Usage Credits or Subscription"
    return json_response(
        {
            "title": "Forbidden",
            "status": 403,
            "detail": f"Quota exceeded: {name}.",
            "error": f"Forbidden (Quota exceeded: {name}.)",
            "QuotaKey": "BA",
            "QuotaName": name,
            "QuotaType": "Organization Limit",
            "QuotaValueCurrentUsage": used,
            "QuotaValue": allowed,
            "QuotaValueUnit": "$",
            "QuotaValueAdjustable": (
                "Yes, acquire or upgrade subscription, add service credits manually or setup "
                "auto-recharge."
            ),
        },
        403,
    )

"""Coinglass v4 as it answers a paid key. Under ``/coinglass``, paths ``/api/…``.

Almost every refusal comes with HTTP 200 and a code in the body. Where the documentation and live
answers differ, the live form is told unless the other is asked for (``documented``): a ``msg``
with success, the keys of the liquidations by exchange, the wrapping of the fear and greed history,
the status of a missing key. Everything is answered for the last full ten seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from market.sandbox.coinglass_extras import Extras
from market.sandbox.coinglass_history import History
from market.sandbox.coinglass_lists import Lists
from market.sandbox.coinglass_markets import Markets
from market.sandbox.coinglass_recorded import RecordedCoinglass
from market.sandbox.coinglass_rules import (
    PLANS,
    PROFESSIONAL,
    PROVIDER,
    STANDARD,
    STARTUP,
    Answer,
    Ask,
    failure,
    too_many_requests,
    upgrade_plan,
)
from market.sandbox.coinglass_series import Series
from market.sandbox.coinglass_venues import Venues
from market.sandbox.http import JSON, Endpoint, Refused, Request, Response
from market.sandbox.keyed import NO_PLAN, KeyedVendor
from market.sandbox.metering import Charge, Meter, Refusal
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.types import DAY_MS

# The vendor renews its pages about so often; the same page is then told to everyone.
STEP_MS = 10_000
_KEPT_PAGES = 500
_ROOT = "/api/futures"

# The lowest plan that may ask, where it is not the lowest of all.
_LEVELS = {
    f"{_ROOT}/coins-markets": STANDARD.level,
    f"{_ROOT}/coins-price-change": STANDARD.level,
    f"{_ROOT}/liquidation/order": STANDARD.level,
    "/api/hyperliquid/whale-alert": STARTUP.level,
    "/api/hyperliquid/whale-position": STARTUP.level,
    **{
        f"{_ROOT}/liquidation/{kind}/model{n}": PROFESSIONAL.level
        for kind in ("heatmap", "aggregated-heatmap")
        for n in (1, 2, 3)
    },
}
# Said to be closed to the lowest plan, which has got data from it nevertheless.
_DOCUMENTED_LEVELS = {f"{_ROOT}/liquidation/coin-list": STARTUP.level}


class Coinglass(KeyedVendor):
    name = PROVIDER
    prefix = "/coinglass"
    plan_names = tuple(PLANS)

    def __init__(self, source: MarketSource, recorded: RecordedCoinglass | None = None) -> None:
        venues, series = Venues(source), Series(source)
        markets = Markets(source, venues, series)
        answers: dict[str, Answer] = {
            **markets.answers,
            **History(source, venues, series, recorded).answers,
            **Lists(source, venues, series, markets, recorded).answers,
            **Extras(source, venues, series, recorded).answers,
            "/api/user/account/subscription": _subscription,
        }
        self._pages: Recent[bytes] = Recent(_KEPT_PAGES)
        self.endpoints = tuple(
            Endpoint(path, self._handler(path, answer), self._charge)
            for path, answer in answers.items()
        )

    def key_of(self, request: Request) -> str:
        return request.headers.get("cg-api-key", "")

    def before(self, request: Request) -> Response | None:
        plan = self.plan_name(request)
        if plan is None:
            message = "Invalid API key provided" if self.key_of(request) else "API key missing."
            return failure("401", message, 401) if self.documented else failure("400", message)
        return upgrade_plan() if plan == NO_PLAN else None

    def after(
        self, request: Request, _endpoint: Endpoint, response: Response, meter: Meter
    ) -> Response:
        pool = PLANS[self.plan_name(request) or ""].calls
        used = meter.used(self.key_of(request), pool)
        headers = (
            ("api-key-max-limit", str(int(pool.limit * meter.scale))),
            ("api-key-use-limit", str(used)),
        )
        return Response(
            response.body, response.status, response.content_type, response.headers + headers
        )

    def unknown_path(self) -> Response:
        message = (
            "Endpoint not found. Please refer to the API documentation: https://docs.coinglass.com"
        )
        return failure("404", message, 404)

    def limited(self, _refusal: Refusal) -> Response:
        return too_many_requests()

    def _charge(self, request: Request) -> Charge:
        pool = PLANS[self.plan_name(request) or ""].calls
        return Charge(pool, payer=self.key_of(request))

    def _handler(self, path: str, answer: Answer) -> Callable[[Request, int], Response]:
        def handle(request: Request, now_ms: int) -> Response:
            plan = PLANS[self.plan_name(request) or ""]
            level = _DOCUMENTED_LEVELS.get(path, 0) if self.documented else 0
            if plan.level < max(level, _LEVELS.get(path, 0)):
                raise Refused(upgrade_plan())
            ask = Ask(request.params, plan, now_ms // STEP_MS * STEP_MS, self.documented)
            key = (path, *sorted(request.params.items()), plan.name, ask.at_ms, ask.documented)
            body = self._pages.get_or_make(key, lambda: self._success(answer(ask)))
            return Response(body, 200, JSON)

        return handle

    def _success(self, data: Any) -> bytes:
        message = {"msg": "success"} if self.documented else {}
        return orjson.dumps({"code": "0", **message, "data": data})


def _subscription(ask: Ask) -> dict[str, Any]:
    # Paid until a new year that is always ahead.
    expires_ms = (ask.at_ms // (365 * DAY_MS) + 1) * 365 * DAY_MS
    return {"level": ask.plan.name.upper(), "expire_time": expires_ms, "expired": False}

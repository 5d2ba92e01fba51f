"""alternative.me's fear and greed index. Under ``/alternative_me``.

Strings, seconds, newest first, one value a day at midnight UTC. ``format=csv`` is not served.
"""

from __future__ import annotations

from datetime import UTC, datetime

from market.sandbox.http import Endpoint, Request, Response, Vendor, html_response, json_response
from market.sandbox.metering import Charge, Pool, Refusal
from market.sandbox.source import MarketSource

POOL = Pool("calls", 600, 600.0)
_DATE_FORMATS = {"us": "%m-%d-%Y", "cn": "%Y/%m/%d", "kr": "%Y/%m/%d", "world": "%d-%m-%Y"}
_DAY_S = 86_400


class AlternativeMe(Vendor):
    name = "alternative_me"
    prefix = "/alternative_me"

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self.endpoints = (Endpoint("/fng/", self.index, lambda _request: Charge(POOL)),)

    def limited(self, refusal: Refusal) -> Response:
        return too_many_requests(("retry-after", str(refusal.retry_after_s)))

    def index(self, request: Request, now_ms: int) -> Response:
        text = request.params.get("limit", "1")
        limit = int(text) if text.isdigit() else 1
        daily = self._source.fear_greed(now_ms)
        date_format = _DATE_FORMATS.get(request.params.get("date_format", ""))
        newest_first = slice(None, None, -1) if limit == 0 else slice(None, -limit - 1, -1)
        rows = [
            {
                "value": str(value),
                "value_classification": label,
                "timestamp": _date(at_s, date_format),
            }
            for at_s, value, label in zip(
                daily.ts_s[newest_first],
                daily.value[newest_first],
                daily.label[newest_first],
                strict=True,
            )
        ]
        if rows:
            rows[0]["time_until_update"] = str(_DAY_S - now_ms // 1000 % _DAY_S)
        return json_response(
            {"name": "Fear and Greed Index", "data": rows, "metadata": {"error": None}}
        )


def too_many_requests(*headers: tuple[str, str]) -> Response:
    response = html_response("429 Too Many Requests", 429)
    return Response(response.body, 429, response.content_type, headers)


def _date(at_s: int, date_format: str | None) -> str:
    if date_format is None:
        return str(at_s)
    return datetime.fromtimestamp(at_s, tz=UTC).strftime(date_format)

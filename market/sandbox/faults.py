"""What can go wrong with a vendor, on demand: some faults come instead of an answer, some spoil it.

A fault is set for a provider (or all), optionally for a path prefix and a number of calls. Pure,
but for the countdown; ``app`` decides when each takes effect.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from market import clock
from market.sandbox import (
    alternative_me,
    binance,
    coinapi_rules,
    coingecko,
    coinglass_rules,
    lunarcrush_rules,
    okx,
    telegram_rules,
)
from market.sandbox.http import Response, html_response, json_response

EVERY_PROVIDER = "*"
STALE_BY_MS = 6 * 3_600_000
RETRY_AFTER_S = 7
BAN_S = 120
HANG_S = 120.0  # longer than any caller waits

# Times are told as at least ten digits; they stay what they are when prices become NaN.
_DECIMAL = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
_SHORTEST_TIME_DIGITS = 10


class FaultKind(StrEnum):
    """The parameter in brackets."""

    LATENCY_MS = "latency_ms"  # (ms) answers late
    HANG = "hang"  # (s) never answers, for so long
    DEAD = "dead"  # closes the connection without an answer
    LOST = "lost"  # (s) does what it was asked, then closes the connection without an answer
    HTTP_429 = "http_429"  # (retry_after_s or null, plain, daily) rate limit
    HTTP_418 = "http_418"  # (for_s or until_ms) banned
    HTTP_451 = "http_451"  # country not served
    HTTP_5XX = "http_5xx"  # (status)
    HTML = "html"  # (status) a page instead of JSON
    ANSWER = "answer"  # (status, json) exactly this
    STALE = "stale"  # (age_ms) as it was then
    EMPTY = "empty"  # no rows
    REORDERED = "reordered"  # rows in another order
    TRUNCATED = "truncated"  # half of the JSON
    WRONG_TYPES = "wrong_types"  # numbers where texts are, and the reverse
    NAN = "nan"  # NaN where prices are
    SILENT = "silent"  # a websocket that is open and pushes nothing
    BROKEN = "broken"  # (after) a websocket that ends after so many pushed frames


# What meets a websocket while it is open; everything else meets a request, or its opening.
ON_OPEN_STREAMS = frozenset(
    {
        FaultKind.SILENT,
        FaultKind.BROKEN,
        FaultKind.EMPTY,
        FaultKind.REORDERED,
        FaultKind.TRUNCATED,
        FaultKind.WRONG_TYPES,
        FaultKind.NAN,
    }
)
_ONLY_ON_STREAMS = frozenset({FaultKind.SILENT, FaultKind.BROKEN})


@dataclass(slots=True)
class Fault:
    number: int
    provider: str
    kind: FaultKind
    path: str = ""  # prefix of the path below the provider's base URL
    parameters: Mapping[str, Any] = field(default_factory=dict)
    times_left: int | None = None  # None: until cleared

    def hits(self, provider: str, path: str) -> bool:
        return self.provider in (EVERY_PROVIDER, provider) and path.startswith(self.path)

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "provider": self.provider,
            "kind": self.kind.value,
            "path": self.path,
            "parameters": dict(self.parameters),
            "times_left": self.times_left,
        }


class FaultBook:
    """The faults in force."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []

    def add(
        self,
        provider: str,
        kind: str,
        *,
        path: str = "",
        times: int | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Fault:
        """Set a fault; raises ValueError for an unknown kind or a useless count."""
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more")
        number = next(self._numbers)
        fault = Fault(number, provider, FaultKind(kind), path, dict(parameters or {}), times)
        self._faults.append(fault)
        return fault

    def clear(self, provider: str | None = None, number: int | None = None) -> None:
        self._faults = [
            fault
            for fault in self._faults
            if not (
                (provider is None or fault.provider == provider)
                and (number is None or fault.number == number)
            )
        ]

    def active(self) -> list[Fault]:
        return list(self._faults)

    def strike(self, provider: str, path: str) -> list[Fault]:
        """Return the faults that hit a call, and count it."""
        hit = [
            fault
            for fault in self._faults
            if fault.hits(provider, path) and fault.kind not in _ONLY_ON_STREAMS
        ]
        self._count(hit)
        return hit

    def strike_connect(self, provider: str, path: str) -> list[Fault]:
        """Return the faults that hit the opening of a websocket, and count it."""
        hit = [
            fault
            for fault in self._faults
            if fault.hits(provider, path) and fault.kind not in ON_OPEN_STREAMS
        ]
        self._count(hit)
        return hit

    def of_open_stream(self, provider: str, path: str) -> list[Fault]:
        """Return the faults that an open websocket has now; they count no calls."""
        return [
            fault
            for fault in self._faults
            if fault.hits(provider, path) and fault.kind in ON_OPEN_STREAMS
        ]

    def _count(self, hit: list[Fault]) -> None:
        for fault in hit:
            if fault.times_left is not None:
                fault.times_left -= 1
        self._faults = [fault for fault in self._faults if fault.times_left != 0]


def instead_of_answer(fault: Fault, provider: str) -> Response | None:
    """Return the response that a fault sends in place of the vendor's, or None."""
    parameters = fault.parameters
    if fault.kind is FaultKind.HTTP_429:
        return _rate_limited(provider, parameters)
    if fault.kind is FaultKind.HTTP_418:
        for_s = float(parameters.get("for_s", BAN_S))
        until_ms = int(parameters.get("until_ms", (clock.wall_s() + for_s) * 1000))
        return binance.banned(until_ms, ("retry-after", str(math.ceil(for_s))))
    if fault.kind is FaultKind.HTTP_451:
        message = (
            "Service unavailable from a restricted location according to 'b. Eligibility' in "
            "https://www.binance.com/en/terms. Please contact customer service if you believe you "
            "received this message in error."
        )
        return json_response({"code": 0, "msg": message}, 451)
    if fault.kind is FaultKind.HTTP_5XX:
        status = int(parameters.get("status", 503))
        if provider == okx.Okx.name:
            message = "Service temporarily unavailable. Please try again later."
            return json_response({"code": "50001", "msg": message, "data": []}, status)
        if provider == telegram_rules.PROVIDER:
            return telegram_rules.server_error(status)
        return html_response(f"{status} Service Unavailable", status)
    if fault.kind is FaultKind.HTML:
        return html_response("Request blocked", int(parameters.get("status", 403)))
    if fault.kind is FaultKind.ANSWER:
        return json_response(parameters.get("json"), int(parameters.get("status", 200)))
    return None


def spoil(fault: Fault, response: Response) -> Response:
    """Return a vendor's response as a fault leaves it."""
    if fault.kind is FaultKind.TRUNCATED:
        return _with_body(response, response.body[: len(response.body) // 2])
    change = _CHANGES.get(fault.kind)
    if change is None or not response.content_type.startswith("application/json"):
        return response
    changed = change(orjson.loads(response.body))
    if fault.kind is FaultKind.NAN:  # what JSON cannot say, some vendors do
        return _with_body(response, orjson.dumps(changed).replace(b'"\\u0000"', b"NaN"))
    return _with_body(response, orjson.dumps(changed))


def _rate_limited(provider: str, parameters: Mapping[str, Any]) -> Response:
    wait_s = parameters.get("retry_after_s", RETRY_AFTER_S)
    headers = () if wait_s is None else (("retry-after", str(wait_s)),)
    if parameters.get("plain"):
        return Response(b"Throttled\n", 429, "text/plain", headers)
    if provider == binance.Binance.name:
        return binance.too_many_requests(*headers)
    if provider == okx.Okx.name:
        limited = okx.too_many_requests()
        return Response(limited.body, 429, limited.content_type, headers)
    if provider == coingecko.CoinGecko.name:
        return coingecko.too_many_requests(*headers)
    if provider == coinglass_rules.PROVIDER:
        return coinglass_rules.too_many_requests(*headers)
    if provider == lunarcrush_rules.PROVIDER:
        return lunarcrush_rules.too_many_requests(*headers, daily=bool(parameters.get("daily")))
    if provider == telegram_rules.PROVIDER and wait_s is not None:
        return telegram_rules.too_many_requests(int(wait_s))
    if provider == coinapi_rules.PROVIDER:
        return coinapi_rules.too_many_requests(*headers)
    return alternative_me.too_many_requests(*headers)


def _with_body(response: Response, body: bytes) -> Response:
    return Response(body, response.status, response.content_type, response.headers)


def _wrong_types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _wrong_types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_wrong_types(inner) for inner in value]
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, str):
        return [value]
    return {} if value is None else "not-a-number"


def _nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_nan(inner) for inner in value]
    if isinstance(value, float):
        return "\0"
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        whole = value.isdigit() and len(value) >= _SHORTEST_TIME_DIGITS
        return value if whole else "NaN"
    return value


def _rows_changed(change: Callable[[list[Any]], list[Any]]) -> Callable[[Any], Any]:
    """Apply a change to the rows of an answer, wherever the vendor keeps them."""

    def apply(value: Any) -> Any:
        if isinstance(value, list):
            return change(value)
        if isinstance(value, dict):
            listed = {key: inner for key, inner in value.items() if isinstance(inner, list)}
            return {**value, **{key: change(inner) for key, inner in listed.items()}}
        return value

    return apply


def _shuffled(rows: list[Any]) -> list[Any]:
    moved = list(rows)
    random.Random(len(rows)).shuffle(moved)
    return moved if moved != rows else rows[::-1]


_CHANGES: Mapping[FaultKind, Callable[[Any], Any]] = {
    FaultKind.EMPTY: _rows_changed(lambda _rows: []),
    FaultKind.REORDERED: _rows_changed(_shuffled),
    FaultKind.WRONG_TYPES: _wrong_types,
    FaultKind.NAN: _nan,
}

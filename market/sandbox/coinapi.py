"""CoinAPI's market data as it answers a paid key. Under ``/coinapi``, paths ``/v1/…``.

Bare arrays and objects, times with seven digits, ``latest`` newest first and ``history`` oldest
first, credits in a rolling day, 550 for one thing it does not have. Where the documentation and
live answers differ the live form is told unless the other is asked for (``documented``): the shape
of errors, the status of an exhausted quota, a quote wrapped in an array, rows of a metric's
history. No more than some thousand bars are told at once; XML and CSV are not spoken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from market import clock
from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, TRADES, VOLUME, BarSpec
from market.sandbox.coinapi_books import Books
from market.sandbox.coinapi_metrics import Metrics
from market.sandbox.coinapi_rules import (
    POOLS,
    PROVIDER,
    charging,
    credits_of,
    iso,
    limit_of,
    period_of,
    period_rows,
    problem,
    quota_exceeded,
    time_of,
    too_many_requests,
)
from market.sandbox.coinapi_symbols import Symbols, Traded, exchange_row
from market.sandbox.http import Endpoint, Request, Response, json_response
from market.sandbox.keyed import NO_PLAN, KeyedVendor
from market.sandbox.metering import Meter, Refusal
from market.sandbox.source import MarketSource
from market.types import MINUTE_MS

_MOST_BARS = 5_000
_MOST_FINE_BARS = 1_000  # shorter than five minutes
# Limit headers are missing from one answer in so many.
_SILENT_EVERY = 4
_CONCURRENT_CALLS = 10

Row = dict[str, Any]
Answer = Callable[[Request, int], Any]


class CoinApi(KeyedVendor):
    name = PROVIDER
    prefix = "/coinapi"
    plan_names = tuple(POOLS)

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._symbols = Symbols(source)
        self._books = Books(source, self._symbols)
        metrics = Metrics(source, self._symbols, lambda: self.documented)
        one = "{symbol_id}"
        # Second: whether ``limit`` is understood, and so costs.
        answers: dict[str, tuple[Answer, bool]] = {
            "/v1/exchanges": (self.exchanges, False),
            "/v1/symbols": (self.symbols, False),
            "/v1/symbols/{exchange_id}": (self.symbols, False),
            "/v1/ohlcv/periods": (lambda _request, _now: period_rows(), False),
            f"/v1/ohlcv/{one}/latest": (self.latest_bars, True),
            f"/v1/ohlcv/{one}/history": (self.past_bars, True),
            f"/v1/orderbooks/{one}/current": (self._books.book, False),
            f"/v1/orderbooks/{one}/latest": (self._books.latest_books, True),
            f"/v1/orderbooks/{one}/depth/current": (self._books.depth, False),
            f"/v1/orderbooks3/{one}/current": (self._books.orders, False),
            f"/v1/trades/{one}/latest": (self._books.latest_trades, True),
            f"/v1/trades/{one}/history": (self._books.past_trades, True),
            "/v1/quotes/current": (self.quotes, False),
            f"/v1/quotes/{one}/current": (self.quote, False),
            f"/v1/quotes/{one}/latest": (self._books.latest_quotes, True),
            "/v1/exchangerate/{base}": (metrics.rates, False),
            "/v1/exchangerate/{base}/{quote}": (metrics.rate, False),
            "/v1/exchangerate/{base}/{quote}/history": (metrics.past_rates, True),
            "/v1/metrics/symbol/current": (metrics.current, False),
            "/v1/metrics/symbol/history": (metrics.history, True),
        }
        self.endpoints = tuple(
            Endpoint(
                path,
                lambda request, now_ms, answer=answer: json_response(answer(request, now_ms)),  # type: ignore[misc]
                charging(self.key_of, self.plan_name, limited=limited),
            )
            for path, (answer, limited) in answers.items()
        )
        self._limited_paths = {path for path, (_, limited) in answers.items() if limited}

    # --- the gate -----------------------------------------------------------------------------

    def key_of(self, request: Request) -> str:
        return request.headers.get("x-coinapi-key", "")

    def before(self, request: Request) -> Response | None:
        plan = self.plan_name(request)
        if plan is None:
            return problem(401, "Unauthorized", "Invalid API key", documented=self.documented)
        return quota_exceeded(0, 0) if plan == NO_PLAN else None

    def after(
        self, request: Request, endpoint: Endpoint, response: Response, meter: Meter
    ) -> Response:
        pool, key = POOLS[self.plan_name(request) or ""], self.key_of(request)
        used = meter.used(key, pool)
        headers = response.headers
        # A refusal for want of credits is told without them, and others now and then.
        if response.status != 403 and used % _SILENT_EVERY:
            limit = int(pool.limit * meter.scale)
            cost = credits_of(request, limited=endpoint.path in self._limited_paths)
            reset = iso(int((clock.wall_s() + pool.window_s) * 1000))
            headers += (
                ("x-ratelimit-used", str(used)),
                ("x-ratelimit-limit", str(limit)),
                ("x-ratelimit-remaining", str(limit - used)),
                ("x-ratelimit-request-cost", str(cost)),
                ("x-ratelimit-reset", reset),
                ("x-ratelimit-quota-overage", "DISABLED"),
                ("x-ratelimit-quota-allocated", str(limit)),
                ("x-ratelimit-quota-remaining", str(limit - used)),
                ("x-concurrencylimit-limit", str(_CONCURRENT_CALLS)),
                ("x-concurrencylimit-remaining", str(_CONCURRENT_CALLS - 1)),
            )
        wants_json = "application/json" in request.headers.get("accept", "")
        content_type = response.content_type if wants_json else "text/plain; charset=utf-8"
        return Response(response.body, response.status, content_type, headers)

    def unknown_path(self) -> Response:
        return problem(404, "Not Found", "Not Found", documented=self.documented)

    def limited(self, refusal: Refusal) -> Response:
        if self.documented:
            return too_many_requests(("retry-after", str(refusal.retry_after_s)))
        return quota_exceeded(refusal.pool.limit, refusal.pool.limit)

    # --- lists --------------------------------------------------------------------------------

    def exchanges(self, _request: Request, now_ms: int) -> list[Row]:
        listed: dict[str, list[Traded]] = {}
        for traded in self._symbols.all(now_ms).values():
            listed.setdefault(traded.exchange_id, []).append(traded)
        return [
            exchange_row(exchange_id, rank, symbols, now_ms)
            for rank, (exchange_id, symbols) in enumerate(listed.items(), 1)
        ]

    def symbols(self, request: Request, now_ms: int) -> list[Row]:
        """Return the symbols that the filters leave; each is a list of parts."""
        exchange = request.params.get("exchange_id") or request.params.get("filter_exchange_id")
        assets = _parts(request, "filter_asset_id")
        return [
            self._symbols.row(traded, now_ms)
            for traded in self._filtered(request, now_ms)
            if (not exchange or traded.exchange_id in exchange.replace(";", ",").split(","))
            and (not assets or traded.base in assets or traded.quote in assets)
        ]

    def quote(self, request: Request, now_ms: int) -> Any:
        found = self._books.current_quote(request, now_ms)
        return [found] if self.documented else found

    def quotes(self, request: Request, now_ms: int) -> list[Row]:
        rows = (self._books.quote(traded, now_ms) for traded in self._filtered(request, now_ms))
        return [row for row in rows if row is not None]

    def _filtered(self, request: Request, now_ms: int) -> list[Traded]:
        parts = _parts(request, "filter_symbol_id")
        return [
            traded
            for symbol_id, traded in self._symbols.all(now_ms).items()
            if not parts or any(part in symbol_id for part in parts)
        ]

    # --- bars ---------------------------------------------------------------------------------

    def latest_bars(self, request: Request, now_ms: int) -> list[Row]:
        traded, spec = self._symbols.asked(request, now_ms), period_of(request)
        count = _count(request, spec)
        first_ms = spec.shift(spec.open_of(now_ms), 1 - count)
        return self._bars(request, traded, spec, first_ms, now_ms, now_ms)[::-1]

    def past_bars(self, request: Request, now_ms: int) -> list[Row]:
        traded, spec = self._symbols.asked(request, now_ms), period_of(request)
        count = _count(request, spec)
        start_ms, end_ms = time_of(request, "time_start"), time_of(request, "time_end")
        last_ms = now_ms if end_ms is None else min(now_ms, end_ms - 1)
        if start_ms is None:
            start_ms = spec.shift(spec.open_of(last_ms), 1 - count)
        else:  # from the start on, not the newest
            last_ms = min(last_ms, spec.shift(spec.open_of(start_ms), count))
        return self._bars(request, traded, spec, start_ms, last_ms, now_ms)[:count]

    def _bars(
        self,
        request: Request,
        traded: Traded,
        spec: BarSpec,
        first_ms: int,
        last_ms: int,
        now_ms: int,
    ) -> list[Row]:
        """Return bars, ascending; those without a trade are skipped unless they are asked for."""
        with_empty = request.params.get("include_empty_items", "").lower() in ("true", "1")
        bars = self._source.bars(traded.contract, spec, first_ms, last_ms, now_ms)
        places = traded.contract.price_decimals
        rows = []
        for open_ms, bar in zip(bars.open_time_ms.tolist(), bars.table, strict=True):
            trades = float(bar[TRADES])
            if trades == 0.0 and not with_empty:
                continue
            end_ms = spec.shift(open_ms, 1)
            row: Row = {"time_period_start": iso(open_ms), "time_period_end": iso(end_ms)}
            if trades == 0.0:
                row |= dict.fromkeys(_TRADED)
                row |= {"volume_traded": 0.0, "trades_count": 0}
            else:
                last_ms = min(end_ms, now_ms)
                wait_ms = min(last_ms - open_ms, 20_000) // 20
                values = (iso(open_ms + wait_ms), iso(last_ms - wait_ms))
                prices = (round(float(bar[i]), places) for i in (OPEN, HIGH, LOW, CLOSE))
                row |= dict(zip(_TRADED, (*values, *prices), strict=True))
                volume = float(bar[VOLUME]) / traded.contract_unit
                row["volume_traded"] = round(volume, 8) if math.isfinite(volume) else None
                row["trades_count"] = int(trades) if np.isfinite(trades) else None
            rows.append(row)
        return rows


_TRADED = ("time_open", "time_close", "price_open", "price_high", "price_low", "price_close")


def _count(request: Request, spec: BarSpec) -> int:
    most = _MOST_BARS if spec.step_ms >= 5 * MINUTE_MS else _MOST_FINE_BARS
    return min(limit_of(request), most)


def _parts(request: Request, name: str) -> list[str]:
    text = request.params.get(name, "").replace(";", ",")
    return [part.strip() for part in text.split(",") if part.strip()]

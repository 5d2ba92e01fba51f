"""Binance's ``/futures/data/*``: open interest, ratios and taker volume of the last 30 days."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from market.sandbox import bars
from market.sandbox.bars import BarSpec
from market.sandbox.binance_rules import DATA_POOL, fail, limit_of, require, time_of
from market.sandbox.http import Endpoint, Handler, Request, Response, decimal, json_response
from market.sandbox.metering import Charge
from market.sandbox.source import MarketSource, Observed, RatioKind
from market.sandbox.universe import Contract
from market.types import DAY_MS

PERIODS = {
    spec.label: spec
    for spec in (
        *(bars.minutes(f"{n}m", n) for n in (5, 15, 30)),
        *(bars.spec(f"{n}h", hours=n) for n in (1, 2, 4, 6, 12)),
        bars.spec("1d", hours=24),
    )
}
KEPT_MS = 30 * DAY_MS

_Ask = Callable[[Contract, BarSpec, int, int, int], Observed]
_Render = Callable[[Contract, int, float, float], dict[str, Any]]


class Statistics:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        ratio_paths = {
            "/futures/data/globalLongShortAccountRatio": RatioKind.ALL_ACCOUNTS,
            "/futures/data/topLongShortAccountRatio": RatioKind.TOP_ACCOUNTS,
            "/futures/data/topLongShortPositionRatio": RatioKind.TOP_POSITIONS,
        }
        handlers: dict[str, Handler] = {
            "/futures/data/openInterestHist": self._handler(
                source.open_interest_history, self._open_interest_row
            ),
            "/futures/data/takerlongshortRatio": self._handler(source.taker_history, _taker_row),
        }
        for path, kind in ratio_paths.items():
            handlers[path] = self._handler(self._ratio(kind), _ratio_row)
        self.endpoints = tuple(
            Endpoint(path, handler, lambda _request: Charge(DATA_POOL))
            for path, handler in handlers.items()
        )

    def _handler(self, ask: _Ask, render: _Render) -> Handler:
        def handle(request: Request, now_ms: int) -> Response:
            symbol = require(request, "symbol").upper()
            period = PERIODS.get(require(request, "period"))
            if period is None:
                raise fail(-1130, "parameter 'period' is invalid.")
            limit = limit_of(request, default=30, most=500)
            start_ms, end_ms = time_of(request, "startTime"), time_of(request, "endTime")
            if start_ms is not None and start_ms < now_ms - KEPT_MS:
                raise fail(-1130, "parameter 'startTime' is invalid.")
            contract = self._source.universe(now_ms).binance.get(symbol)
            if contract is None or contract.listed_ms > now_ms:
                return json_response([])
            until_ms = now_ms if end_ms is None else min(end_ms, now_ms)
            # One period more than wanted: the newest may not be out yet.
            since_ms = until_ms - (limit + 1) * period.step_ms if start_ms is None else start_ms
            since_ms = max(since_ms, now_ms - KEPT_MS)
            known = ask(contract, period, since_ms, until_ms, now_ms)
            kept = slice(-limit, None) if start_ms is None else slice(0, limit)
            columns = (column[kept].tolist() for column in known)
            return json_response([render(contract, *row) for row in zip(*columns, strict=True)])

        return handle

    def _ratio(self, kind: RatioKind) -> _Ask:
        def ask(
            contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
        ) -> Observed:
            return self._source.ratio_history(kind, contract, period, start_ms, end_ms, now_ms)

        return ask

    def _open_interest_row(
        self, contract: Contract, at_ms: int, units: float, usd: float
    ) -> dict[str, Any]:
        row = {
            "symbol": contract.symbol,
            "sumOpenInterest": decimal(units, 8),
            "sumOpenInterestValue": decimal(usd, 8),
            "timestamp": at_ms,
        }
        if contract.coin.base == "BTC" and self._source.simulated:  # optional on the wire
            row["CMCCirculatingSupply"] = "20086328.00000000"
        return row


def _ratio_row(contract: Contract, at_ms: int, ratio: float, longs: float) -> dict[str, Any]:
    return {
        "symbol": contract.symbol,
        "longShortRatio": decimal(ratio, 4),
        "longAccount": decimal(longs, 4),
        "shortAccount": decimal(1.0 - longs, 4),
        "timestamp": at_ms,
    }


def _taker_row(_contract: Contract, at_ms: int, bought: float, sold: float) -> dict[str, Any]:
    return {
        "buySellRatio": decimal(bought / sold if sold else math.inf, 4),
        "buyVol": decimal(bought, 4),
        "sellVol": decimal(sold, 4),
        "timestamp": at_ms,
    }

"""CoinAPI's exchange rates and derivatives metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, BarSpec, minutes
from market.sandbox.coinapi_rules import bad_request, iso, limit_of, no_data, period_of, time_of
from market.sandbox.coinapi_symbols import BINANCE_FUTURES, BYBIT, OKX, PERPETUAL, Symbols, Traded
from market.sandbox.http import Request
from market.sandbox.source import MarketSource
from market.types import FloatArray, Int64Array

FUNDING, MARK = "DERIVATIVES_FUNDING_RATE_CURRENT", "DERIVATIVES_MARK_PRICE"
OPEN_INTEREST, INDEX = "DERIVATIVES_OPEN_INTEREST", "DERIVATIVES_INDEX_PRICE"
# Binance futures come without open interest.
METRICS = {
    BINANCE_FUTURES: (FUNDING, MARK),
    BYBIT: (FUNDING, MARK, OPEN_INTEREST, INDEX),
    OKX: (FUNDING, MARK, OPEN_INTEREST, INDEX),
}
_DOLLARS = ("USD", "USDT", "USDC")
_FIVE_MINUTES = minutes("5m", 5)
_MOST_ROWS = 1_000

Row = dict[str, Any]


class Metrics:
    def __init__(
        self, source: MarketSource, symbols: Symbols, documented: Callable[[], bool]
    ) -> None:
        self._source = source
        self._symbols = symbols
        self._documented = documented

    # --- rates --------------------------------------------------------------------------------

    def rate(self, request: Request, now_ms: int) -> Row:
        base, quote = request.params["base"].upper(), request.params["quote"].upper()
        at_ms = min(now_ms, time_of(request, "time") or now_ms)
        base_usd, quote_usd = self._usd(base, at_ms), self._usd(quote, at_ms)
        if base_usd is None or quote_usd is None:
            raise no_data()
        return {
            "time": iso(at_ms),
            "asset_id_base": base,
            "asset_id_quote": quote,
            "rate": base_usd / quote_usd,
        }

    def rates(self, request: Request, now_ms: int) -> Row:
        base = request.params["base"].upper()
        base_usd = self._usd(base, now_ms)
        if base_usd is None:
            raise no_data()
        wanted = request.params.get("filter_asset_id", ",".join(_DOLLARS)).replace(";", ",")
        rates = [
            {"time": iso(now_ms), "asset_id_quote": quote, "rate": base_usd / quote_usd}
            for quote in wanted.upper().split(",")
            for quote_usd in [self._usd(quote, now_ms)]
            if quote_usd is not None and quote != base
        ]
        return {"asset_id_base": base, "rates": rates}

    def past_rates(self, request: Request, now_ms: int) -> list[Row]:
        base, quote = request.params["base"].upper(), request.params["quote"].upper()
        traded = self._main(base, now_ms)
        if traded is None or quote not in _DOLLARS:
            raise no_data()
        spec, first_ms, last_ms = _span(request, now_ms)
        bars = self._source.bars(traded.contract, spec, first_ms, last_ms, now_ms)
        unit = traded.contract.unit
        rows = []
        for open_ms, bar in zip(bars.open_time_ms.tolist(), bars.table, strict=True):
            end_ms = spec.shift(open_ms, 1)
            rates = (float(bar[i]) / unit for i in (OPEN, HIGH, LOW, CLOSE))
            names = ("rate_open", "rate_high", "rate_low", "rate_close")
            times = {
                "time_period_start": iso(open_ms),
                "time_period_end": iso(end_ms),
                "time_open": iso(open_ms),
                "time_close": iso(min(end_ms, now_ms)),
            }
            rows.append({**times, **dict(zip(names, rates, strict=True))})
        return rows

    def _usd(self, asset: str, at_ms: int) -> float | None:
        if asset in _DOLLARS:
            return 1.0
        traded = self._main(asset, at_ms)
        if traded is None:
            return None
        price = self._source.price(traded.contract, at_ms)
        return None if price is None else price / traded.contract.unit

    def _main(self, asset: str, at_ms: int) -> Traded | None:
        return next(
            (
                traded
                for traded in self._symbols.all(at_ms).values()
                if traded.contract.coin.base == asset and traded.kind == PERPETUAL
            ),
            None,
        )

    # --- metrics ------------------------------------------------------------------------------

    def current(self, request: Request, now_ms: int) -> list[Row]:
        metric = request.params.get("metric_id")
        symbol_id, exchange_id = request.params.get("symbol_id"), request.params.get("exchange_id")
        if not symbol_id and not exchange_id:
            raise bad_request("Parameter 'symbol_id' or 'exchange_id' is required")
        rows = []
        for traded in self._symbols.all(now_ms).values():
            if symbol_id not in (None, traded.symbol_id) or traded.kind != PERPETUAL:
                continue
            if exchange_id not in (None, traded.exchange_id):
                continue
            for name in METRICS.get(traded.exchange_id, ()):
                value = self._value(name, traded, now_ms) if metric in (None, name) else None
                if value is not None:
                    rows.append(
                        {
                            "entry_time": iso(now_ms),
                            "recv_time": iso(now_ms - 300),
                            "exchange_id": traded.exchange_id,
                            "symbol_id": traded.symbol_id,
                            "metric_id": name,
                            "value_decimal": value,
                        }
                    )
        return rows

    def history(self, request: Request, now_ms: int) -> list[Row]:
        metric, symbol_id = request.params.get("metric_id"), request.params.get("symbol_id", "")
        traded = self._symbols.all(now_ms).get(symbol_id)
        if traded is None or metric not in METRICS.get(traded.exchange_id, ()):
            raise no_data()
        spec, first_ms, last_ms = _span(request, now_ms)
        opens = spec.opens(first_ms, last_ms)
        if not len(opens):
            return []
        at_ms, values = self._over_time(metric, traded, spec, opens, now_ms)
        pairs = list(zip(at_ms.tolist(), values.tolist(), strict=True))
        if self._documented():
            return [
                {"symbol_id": symbol_id, "time": iso(at), "value": value} for at, value in pairs
            ]
        return [
            {
                "time_period_start": iso(at),
                "time_period_end": iso(spec.shift(at, 1)),
                "time_open": iso(at),
                "time_close": iso(at),
                **dict.fromkeys(("first", "last", "min", "max"), value),
                "count": 1,
                "sum": value,
            }
            for at, value in pairs
        ]

    def _value(self, metric: str, traded: Traded, now_ms: int) -> float | None:
        contract = traded.contract
        if metric == FUNDING:
            expected = self._source.expected_funding(contract, now_ms)
            return None if expected is None else expected.rate
        if metric == OPEN_INTEREST:
            held = self._source.open_interest(contract, now_ms)
            return float(held.first[0]) / traded.contract_unit if len(held.first) else None
        marks = self._source.mark_and_index(contract, now_ms)
        value = marks and marks[0 if metric == MARK else 1]
        return None if value is None or not np.isfinite(value) else float(value)

    def _over_time(
        self, metric: str, traded: Traded, spec: BarSpec, opens: Int64Array, now_ms: int
    ) -> tuple[Int64Array, FloatArray]:
        first_ms, last_ms = int(opens[0]), int(opens[-1])
        contract = traded.contract
        if metric == FUNDING:
            settled = self._source.settled_funding(contract, first_ms, last_ms, now_ms)
            return settled.ts_ms, settled.first
        if metric == OPEN_INTEREST:
            held = self._source.open_interest_history(contract, spec, first_ms, last_ms, now_ms)
            return held.ts_ms, held.first / traded.contract_unit
        bars = self._source.bars(contract, spec, first_ms, last_ms, now_ms)
        return bars.open_time_ms, bars.table[:, OPEN]


def _span(request: Request, now_ms: int) -> tuple[BarSpec, int, int]:
    """Return the bars asked for: from a start on, or the newest."""
    spec = period_of(request) if request.params.get("period_id") else _FIVE_MINUTES
    count = min(limit_of(request), _MOST_ROWS)
    start_ms, end_ms = time_of(request, "time_start"), time_of(request, "time_end")
    last_ms = now_ms if end_ms is None else min(now_ms, end_ms - 1)
    if start_ms is None:
        return spec, spec.shift(spec.open_of(last_ms), 1 - count), last_ms
    first_ms = spec.open_of(start_ms)
    first_ms = first_ms if first_ms == start_ms else spec.shift(first_ms, 1)
    return spec, first_ms, min(last_ms, spec.shift(first_ms, count - 1))

"""OKX's prices: tickers, candles, books, mark prices. Newest first, sizes in contracts."""

from __future__ import annotations

from typing import Any

import numpy as np

from market.sandbox.bars import Bars, BarSpec
from market.sandbox.http import Endpoint, Request, Response, trimmed
from market.sandbox.noise import key_of, uniforms
from market.sandbox.okx_rules import (
    CANDLE_PERIODS,
    contract_of,
    contracts_from,
    contracts_of,
    fail,
    identity,
    limit_of,
    per_address,
    per_parameter,
    period_of,
    success,
    time_of,
)
from market.sandbox.pages import BarPages
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS

_CANDLES_KEPT = 1440


class Prices:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._pages = BarPages(source, _candle_rows)
        market = "/api/v5/market"
        self.endpoints = (
            Endpoint("/api/v5/public/mark-price", self.mark_price, per_parameter("mark-price", 10)),
            Endpoint(f"{market}/tickers", self.tickers, per_address("tickers", 20)),
            Endpoint(f"{market}/ticker", self.ticker, per_address("ticker", 20)),
            Endpoint(f"{market}/candles", self.candles, per_address("candles", 40)),
            Endpoint(
                f"{market}/history-candles",
                self.history_candles,
                per_address("history-candles", 20),
            ),
            Endpoint(f"{market}/books", self.books, per_address("books", 40)),
        )

    def tickers(self, request: Request, now_ms: int) -> Response:
        listed = contracts_of(self._source, request, now_ms)
        return success([row for each in listed if (row := self._ticker_row(each, now_ms))])

    def ticker(self, request: Request, now_ms: int) -> Response:
        row = self._ticker_row(contract_of(self._source, request, now_ms), now_ms)
        return success([] if row is None else [row])

    def candles(self, request: Request, now_ms: int) -> Response:
        spec = period_of(request, "bar", CANDLE_PERIODS, "1m")
        oldest_ms = spec.shift(spec.open_of(now_ms), 1 - _CANDLES_KEPT)
        return self._candle_page(request, now_ms, spec, oldest_ms, most=300, newest_ms=now_ms)

    def history_candles(self, request: Request, now_ms: int) -> Response:
        spec = period_of(request, "bar", CANDLE_PERIODS, "1m")
        newest_ms = spec.open_of(now_ms) - 1  # finished bars only
        return self._candle_page(request, now_ms, spec, 0, most=100, newest_ms=newest_ms)

    def books(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        text = request.params.get("sz") or "1"
        if not text.isdigit() or not 1 <= int(text) <= 400:
            raise fail("51000", "Parameter sz error")
        last = self._source.price(contract, now_ms)
        if last is None or not self._source.simulated:
            return success([])
        places, tick = contract.price_decimals, 10.0**-contract.price_decimals
        book: dict[str, Any] = {}
        for sign, side in ((1, "asks"), (-1, "bids")):
            luck = uniforms(key_of(contract.symbol, side, now_ms // 2000), np.arange(int(text)))
            usd = contract.coin.turnover_usd / 1_600_000.0 * (0.2 + luck + 20.0 * (luck > 0.985))
            book[side] = []
            for level, size in enumerate(usd.tolist()):
                price = last + sign * tick * (level + (sign > 0))
                size = contracts_from(contract, size / price, price)
                book[side].append(
                    [trimmed(price, places), trimmed(size, 2), "0", str(1 + level % 7)]
                )
        return success([{**book, "ts": str(now_ms), "seqId": now_ms}])

    def mark_price(self, request: Request, now_ms: int) -> Response:
        rows = []
        for contract in contracts_of(self._source, request, now_ms):
            prices = self._source.mark_and_index(contract, now_ms)
            if prices is not None:
                mark = trimmed(prices[0], contract.price_decimals)
                rows.append({**identity(contract), "markPx": mark, "ts": str(now_ms)})
        return success(rows)

    def _candle_page(
        self,
        request: Request,
        now_ms: int,
        spec: BarSpec,
        oldest_ms: int,
        *,
        most: int,
        newest_ms: int,
    ) -> Response:
        contract = contract_of(self._source, request, now_ms)
        limit = limit_of(request, default=100, most=most)
        after_ms, before_ms = time_of(request, "after"), time_of(request, "before")
        if after_ms is not None:
            newest_ms = min(newest_ms, after_ms - 1)
        if before_ms is not None:
            oldest_ms = max(oldest_ms, before_ms + 1)
        last_ms = spec.open_of(newest_ms)
        first_ms = max(spec.shift(last_ms, 1 - limit), oldest_ms, spec.open_of(contract.listed_ms))
        rows = self._pages.rows(contract, spec, first_ms, last_ms, now_ms)
        return Response(b'{"code":"0","msg":"","data":[' + b",".join(reversed(rows)) + b"]}")

    def _ticker_row(self, contract: Contract, now_ms: int) -> dict[str, str] | None:
        day = self._source.last_day(contract, now_ms)
        if day is None:
            return None
        opened, high, low, last, volume = day[1][:5].tolist()
        places, tick = contract.price_decimals, 10.0**-contract.price_decimals
        known = self._source.simulated
        midnight_ms = now_ms // DAY_MS * DAY_MS
        hong_kong_ms = (now_ms + 8 * HOUR_MS) // DAY_MS * DAY_MS - 8 * HOUR_MS
        return {
            **identity(contract),
            "last": trimmed(last, places),
            "lastSz": "1" if known else "",
            "askPx": trimmed(last + tick, places) if known else "",
            "askSz": "120" if known else "",
            "bidPx": trimmed(last, places) if known else "",
            "bidSz": "95" if known else "",
            "open24h": trimmed(opened, places),
            "high24h": trimmed(high, places),
            "low24h": trimmed(low, places),
            "volCcy24h": trimmed(volume, 8),
            "vol24h": trimmed(contracts_from(contract, volume, last), 4),
            "ts": str(now_ms),
            "sodUtc0": self._price_at(contract, midnight_ms),
            "sodUtc8": self._price_at(contract, hong_kong_ms),
        }

    def _price_at(self, contract: Contract, at_ms: int) -> str:
        price = self._source.price(contract, max(at_ms, contract.listed_ms))
        return "" if price is None else trimmed(price, contract.price_decimals)


def _candle_rows(contract: Contract, _spec: BarSpec, page: Bars) -> list[bytes]:
    places = contract.price_decimals
    rows = []
    for position, (at_ms, bar) in enumerate(
        zip(page.open_time_ms.tolist(), page.table.tolist(), strict=True)
    ):
        volume, quote = bar[4], bar[5]
        contracts = quote if contract.inverse else volume
        cells = (
            str(at_ms),
            *(trimmed(price, places) for price in bar[:4]),
            trimmed(contracts / contract.contract_value, 6),
            trimmed(volume, 8),
            trimmed(quote, 6),
            "1" if position < page.closed else "0",
        )
        rows.append(('["' + '","'.join(cells) + '"]').encode())
    return rows

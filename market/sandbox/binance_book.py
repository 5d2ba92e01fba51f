"""Binance's order books and single trades, invented around the last price."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from market.sandbox.binance_rules import (
    WEIGHT_POOL,
    contract_of,
    fail,
    limit_of,
    time_of,
    weighs,
)
from market.sandbox.http import Endpoint, Request, Response, decimal, json_response
from market.sandbox.metering import Charge
from market.sandbox.noise import key_of, uniforms
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS

DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
TRADE_EVERY_MS = 400
_TRADES_KEPT_MS = 2 * DAY_MS


class Trade(NamedTuple):
    number: int
    at_ms: int
    price: float
    units: float
    buyer_waited: bool  # the seller was the taker


class Book:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self.endpoints = (
            Endpoint("/fapi/v1/depth", self.depth, _depth_charge),
            Endpoint("/fapi/v1/ticker/bookTicker", self.book_ticker, weighs(2, without_symbol=5)),
            Endpoint("/fapi/v1/aggTrades", self.aggregate_trades, weighs(20)),
        )

    def depth(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        limit = _depth_limit(request)
        bids, asks = self.levels(contract, now_ms, limit)
        sequence = now_ms * 7
        return json_response(
            {"lastUpdateId": sequence, "E": now_ms, "T": now_ms - 3, "bids": bids, "asks": asks}
        )

    def book_ticker(self, request: Request, now_ms: int) -> Response:
        def row(contract: Contract) -> dict[str, Any] | None:
            bids, asks = self.levels(contract, now_ms, 1)
            if not bids:
                return None
            return {
                "symbol": contract.symbol,
                "bidPrice": bids[0][0],
                "bidQty": bids[0][1],
                "askPrice": asks[0][0],
                "askQty": asks[0][1],
                "time": now_ms,
                "lastUpdateId": now_ms * 7,
            }

        if "symbol" in request.params:
            found = row(contract_of(self._source, request, now_ms))
            if found is None:
                raise fail(-1121, "Invalid symbol.")
            return json_response(found)
        listed = self._source.universe(now_ms).binance.values()
        return json_response([found for each in listed if (found := row(each))])

    def aggregate_trades(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        limit = limit_of(request, default=500, most=1000)
        start_ms, end_ms = time_of(request, "startTime"), time_of(request, "endTime")
        if start_ms is not None and start_ms < now_ms - _TRADES_KEPT_MS:
            raise fail(-4166, "Search window is restricted to recent 2 days only.")
        if not self._source.simulated or not contract.trading(now_ms):
            return json_response([])
        last = min(end_ms or now_ms, now_ms) // TRADE_EVERY_MS
        from_id = request.params.get("fromId", "")
        if from_id.isdigit():
            first = int(from_id)
        else:
            first = last - limit + 1 if start_ms is None else -(-start_ms // TRADE_EVERY_MS)
        return json_response(
            [
                {
                    "a": trade.number,
                    "p": decimal(trade.price, contract.price_decimals),
                    "q": (quantity := decimal(trade.units, contract.quantity_decimals)),
                    "nq": quantity,
                    "f": trade.number * 2,
                    "l": trade.number * 2 + 1,
                    "T": trade.at_ms,
                    "m": trade.buyer_waited,
                }
                for trade in self.trades(contract, first, min(last, first + limit - 1))
            ]
        )

    def trades(self, contract: Contract, first: int, last: int) -> list[Trade]:
        """Return the trades with numbers from first to last: one at every step of time."""
        ids = np.arange(first, last + 1)
        sizes = uniforms(key_of(contract.symbol, "trade size"), ids)
        sides = uniforms(key_of(contract.symbol, "trade side"), ids) < 0.5
        rows = []
        for number, size, waited in zip(ids.tolist(), sizes.tolist(), sides.tolist(), strict=True):
            price = self._source.price(contract, number * TRADE_EVERY_MS) or math.nan
            units = max(40.0 / (size + 0.002) / price, 10.0**-contract.quantity_decimals)
            rows.append(Trade(number, number * TRADE_EVERY_MS, price, units, waited))
        return rows

    def levels(
        self, contract: Contract, now_ms: int, levels: int
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return bids and asks around the last price, renewed every two seconds."""
        last = self._source.price(contract, now_ms)
        if last is None or not self._source.simulated or not contract.trading(now_ms):
            return [], []
        places, tick = contract.price_decimals, 10.0**-contract.price_decimals
        usual_usd = contract.coin.turnover_usd / 400_000.0
        sides = []
        for sign, side in ((-1, "bids"), (1, "asks")):
            luck = uniforms(key_of(contract.symbol, side, now_ms // 2000), np.arange(levels))
            # A few levels hold walls.
            usd = usual_usd * (0.2 + luck + 20.0 * (luck > 0.985))
            prices = [last + sign * tick * (level + (sign > 0)) for level in range(levels)]
            sides.append(
                [
                    [decimal(price, places), decimal(size / price, contract.quantity_decimals)]
                    for price, size in zip(prices, usd.tolist(), strict=True)
                    if price > 0.0
                ]
            )
        return sides[0], sides[1]


def _depth_charge(request: Request) -> Charge:
    weights = {"100": 5, "500": 10, "1000": 20}
    return Charge(WEIGHT_POOL, weights.get(request.params.get("limit", "500"), 2))


def _depth_limit(request: Request) -> int:
    text = request.params.get("limit", "500")
    if not text.isdigit() or int(text) not in DEPTH_LIMITS:
        raise fail(-4021, f"{text} is not valid depth limit")
    return int(text)

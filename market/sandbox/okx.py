"""OKX as it answers without a key: instruments, prices, funding, liquidations. Under ``/okx``.

Everything is a string, missing is "", newest comes first, errors may come with HTTP 200. Trading
statistics are in ``okx_statistics``, the websocket in ``okx_stream``.
"""

from __future__ import annotations

from typing import Any

from market.sandbox import okx_prices, okx_statistics, okx_stream
from market.sandbox.forced_order_feed import ForcedOrder, ForcedOrderFeed
from market.sandbox.http import (
    Endpoint,
    Request,
    Response,
    Vendor,
    VendorStream,
    json_response,
    trimmed,
)
from market.sandbox.metering import Refusal
from market.sandbox.noise import key_of
from market.sandbox.okx_rules import (
    contract_of,
    contracts_from,
    contracts_of,
    fail,
    identity,
    limit_of,
    per_address,
    per_parameter,
    require,
    require_swap,
    success,
    time_of,
    unknown_instrument,
)
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS

_PUBLIC = "/api/v5/public"
_LIQUIDATIONS_KEPT_MS = DAY_MS
_FUNDING_KEPT_MS = 92 * DAY_MS


class Okx(Vendor):
    name = "okx"
    prefix = "/okx"
    connect_pool = okx_stream.CONNECT_POOL

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._forced_orders = ForcedOrderFeed(source, lambda universe: universe.okx)
        by_instrument = {
            "funding-rate": (self.funding_rate, 10),
            "funding-rate-history": (self.funding_rate_history, 10),
            "open-interest": (self.open_interest, 20),
        }
        self.endpoints = (
            Endpoint(f"{_PUBLIC}/time", _time, per_address("time", 10)),
            Endpoint(
                f"{_PUBLIC}/instruments",
                self.instruments,
                per_parameter("instruments", 20, "instType"),
            ),
            Endpoint(
                f"{_PUBLIC}/liquidation-orders",
                self.liquidation_orders,
                per_address("liquidation-orders", 20),
            ),
            *(
                Endpoint(f"{_PUBLIC}/{path}", handler, per_parameter(path, limit))
                for path, (handler, limit) in by_instrument.items()
            ),
            *okx_prices.Prices(source).endpoints,
            *okx_statistics.Statistics(source).endpoints,
        )

    def open_stream(self, request: Request) -> VendorStream | None:
        return okx_stream.open_stream(self._forced_orders, request)

    def unknown_path(self) -> Response:
        # The code is a number here, not a string.
        return json_response({"msg": "Invalid request", "code": 404, "data": []}, 404)

    def limited(self, _refusal: Refusal) -> Response:
        return too_many_requests()

    def instruments(self, request: Request, now_ms: int) -> Response:
        return success(
            [_instrument_row(each) for each in contracts_of(self._source, request, now_ms)]
        )

    def funding_rate(self, request: Request, now_ms: int) -> Response:
        if require(request, "instId") == "ANY":
            contracts = list(self._source.universe(now_ms).okx.values())
        else:
            contracts = [contract_of(self._source, request, now_ms)]
        return success([row for each in contracts if (row := self._funding_row(each, now_ms))])

    def funding_rate_history(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        limit = limit_of(request, default=100, most=100)
        after_ms, before_ms = time_of(request, "after"), time_of(request, "before")
        end_ms = now_ms if after_ms is None else min(now_ms, after_ms - 1)
        start_ms = now_ms - _FUNDING_KEPT_MS
        if before_ms is not None:
            start_ms = max(start_ms, before_ms + 1)
        settled = self._source.settled_funding(contract, start_ms, end_ms, now_ms)
        rows = [
            {
                **identity(contract),
                "fundingRate": trimmed(rate, 16),
                "realizedRate": trimmed(rate, 16),
                "fundingTime": str(at_ms),
                "method": "current_period",
                "formulaType": "withRate",
            }
            for at_ms, rate in zip(settled.ts_ms.tolist(), settled.first.tolist(), strict=True)
        ]
        return success(rows[-limit:][::-1])

    def open_interest(self, request: Request, now_ms: int) -> Response:
        rows = []
        for contract in contracts_of(self._source, request, now_ms):
            newest = self._source.open_interest(contract, now_ms)
            if not len(newest.ts_ms):
                continue
            coins, usd = float(newest.first[0]), float(newest.second[0])
            rows.append(
                {
                    **identity(contract),
                    "oi": trimmed(contracts_from(contract, coins, usd / coins), 4),
                    "oiCcy": trimmed(coins, 8),
                    "oiUsd": trimmed(usd, 4),
                    "ts": str(int(newest.ts_ms[0])),
                }
            )
        return success(rows)

    def liquidation_orders(self, request: Request, now_ms: int) -> Response:
        family = request.params.get("instFamily") or request.params.get("uly")
        if require_swap(request) != "SWAP":
            return success([])
        if not family:
            raise fail("50015", "Either parameter uly or instFamily is required")
        swaps = self._source.universe(now_ms).okx.values()
        contract = next((swap for swap in swaps if swap.family == family), None)
        if contract is None:
            raise unknown_instrument()
        if request.params.get("state", "filled") != "filled":
            return success([])
        limit = limit_of(request, default=100, most=100)
        after_ms, before_ms = time_of(request, "after"), time_of(request, "before")
        orders = self._source.forced_orders(contract, now_ms - _LIQUIDATIONS_KEPT_MS, now_ms)
        columns = (orders.ts_ms, orders.of_long, orders.netted, orders.price, orders.quantity)
        details = [
            okx_stream.liquidation_detail(ForcedOrder(row[0], contract, *row[1:]))
            for row in zip(*(column.tolist() for column in columns), strict=True)
            if (after_ms is None or row[0] < after_ms) and (before_ms is None or row[0] > before_ms)
        ][-limit:][::-1]
        if not details:
            return success([])
        return success([{"details": details, "instFamily": family, **identity(contract)}])

    def _funding_row(self, contract: Contract, now_ms: int) -> dict[str, str] | None:
        expected = self._source.expected_funding(contract, now_ms)
        if expected is None:
            return None
        before_ms = expected.settles_at_ms - expected.interval_ms
        settled = self._source.settled_funding(contract, before_ms, before_ms, now_ms)
        known = self._source.simulated
        return {
            **identity(contract),
            "method": "current_period",
            "formulaType": "noRate",
            "fundingRate": trimmed(expected.rate, 16),
            "fundingTime": str(expected.settles_at_ms),
            "nextFundingTime": str(expected.settles_at_ms + expected.interval_ms),
            "nextFundingRate": "",
            "minFundingRate": "-0.00375",
            "maxFundingRate": "0.00375",
            "interestRate": "",
            "impactValue": "",
            "premium": trimmed(expected.rate * 0.7, 16) if known else "",
            "settState": "settled",
            "settFundingRate": trimmed(float(settled.first[-1]), 16) if len(settled.first) else "",
            "prevFundingTime": str(before_ms),
            "ts": str(now_ms),
        }


def too_many_requests() -> Response:
    # No "data" here.
    return json_response({"msg": "Too Many Requests", "code": "50011"}, 429)


def _time(_request: Request, now_ms: int) -> Response:
    return success([{"ts": str(now_ms)}])


def _instrument_row(contract: Contract) -> dict[str, Any]:
    empty = dict.fromkeys(
        (
            *("alias", "auctionEndTime", "baseCcy", "contTdSwTime", "expTime", "maxLmtAmt"),
            *("maxMktAmt", "maxPlatOILmt", "openType", "optType", "posLmtAmt", "posLmtPct"),
            *("preMktSwTime", "quoteCcy", "stk"),
        ),
        "",
    )
    return {
        **empty,
        **identity(contract),
        "category": "1",
        "ctMult": "1",
        "ctType": "inverse" if contract.inverse else "linear",
        "ctVal": trimmed(contract.contract_value, 12),
        "ctValCcy": "USD" if contract.inverse else contract.base_asset,
        "futureSettlement": False,
        "instCategory": contract.category,
        "instFamily": contract.family,
        "instIdCode": key_of(contract.symbol) % 100_000,
        "lever": "100",
        "listTime": str(contract.listed_ms),
        "lotSz": "0.01",
        "maxIcebergSz": "100000000.0000000000000000",
        "maxLmtSz": "100000000",
        "maxMktSz": "12000",
        "maxStopSz": "12000",
        "maxTriggerSz": "100000000.0000000000000000",
        "maxTwapSz": "100000000.0000000000000000",
        "minSz": "0.01",
        "ruleType": contract.rule_type,
        "settleCcy": contract.base_asset if contract.inverse else "USDT",
        "state": contract.state,
        "tickSz": f"{10.0**-contract.price_decimals:.{contract.price_decimals}f}",
        "tradeQuoteCcyList": [],
        "uly": contract.family,
        "upcChg": [],
    }

"""Binance USDⓈ-M futures as it answers without a key: prices, funding, depth. Under ``/binance``.

Numbers as strings, times as numbers, oldest first, no envelope. The list of contracts is in
``binance_listing``, books and trades in ``binance_book``, the statistics in ``binance_statistics``,
the websockets in ``binance_stream``.
"""

from __future__ import annotations

import math

from market.sandbox import bars, binance_book, binance_listing, binance_statistics, binance_stream
from market.sandbox.bars import Bars, BarSpec
from market.sandbox.binance_rules import (
    FUNDING_POOL,
    WEIGHT_POOL,
    contract_of,
    fail,
    limit_of,
    time_of,
    weighs,
)
from market.sandbox.forced_order_feed import ForcedOrderFeed
from market.sandbox.http import (
    Endpoint,
    Request,
    Response,
    Vendor,
    VendorStream,
    decimal,
    json_response,
    whole,
)
from market.sandbox.metering import Charge, Meter, Refusal
from market.sandbox.pages import BarPages
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS

INTERVALS = {
    spec.label: spec
    for spec in (
        *(bars.minutes(f"{n}m", n) for n in (1, 3, 5, 15, 30)),
        *(bars.spec(f"{n}h", hours=n) for n in (1, 2, 4, 6, 8, 12)),
        bars.spec("1d", hours=24),
        bars.spec("3d", hours=72),
        bars.weeks("1w"),
        bars.months("1M", 1),
    )
}


class Binance(Vendor):
    name = "binance"
    prefix = "/binance"
    connect_pool = binance_stream.CONNECT_POOL

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._forced_orders = ForcedOrderFeed(source, lambda universe: universe.binance)
        self._pages = BarPages(source, _kline_rows)
        listing = binance_listing.Listing(source)
        book = binance_book.Book(source)
        statistics = binance_statistics.Statistics(source)
        self.endpoints = (
            Endpoint("/fapi/v1/ping", lambda _request, _now: json_response({}), weighs(1)),
            Endpoint("/fapi/v1/time", _time, weighs(1)),
            Endpoint("/fapi/v1/exchangeInfo", listing.exchange_info, weighs(1)),
            Endpoint("/fapi/v1/ticker/24hr", self.ticker_24h, weighs(1, without_symbol=40)),
            Endpoint("/fapi/v1/klines", self.klines, _klines_charge),
            Endpoint("/fapi/v1/premiumIndex", self.premium_index, weighs(1, without_symbol=10)),
            Endpoint(
                "/fapi/v1/fundingRate", self.funding_rate, lambda _request: Charge(FUNDING_POOL)
            ),
            Endpoint(
                "/fapi/v1/fundingInfo", listing.funding_info, lambda _request: Charge(FUNDING_POOL)
            ),
            Endpoint("/fapi/v1/openInterest", self.open_interest, weighs(1)),
            *book.endpoints,
            *statistics.endpoints,
        )

    def before(self, request: Request) -> Response | None:
        if "x-mbx-apikey" in request.headers:  # no key is right here
            return json_response({"code": -2014, "msg": "API-key format invalid."}, 401)
        return None

    def after(
        self, request: Request, endpoint: Endpoint, response: Response, meter: Meter
    ) -> Response:
        charge = endpoint.charge(request)
        if charge is None or charge.pool is not WEIGHT_POOL:
            return response
        used = str(meter.used(request.client, WEIGHT_POOL))
        headers = (*response.headers, ("x-mbx-used-weight-1m", used))
        return Response(response.body, response.status, response.content_type, headers)

    def limited(self, refusal: Refusal) -> Response:
        retry = ("retry-after", str(refusal.retry_after_s))
        if refusal.banned_until_ms is not None:
            return banned(refusal.banned_until_ms, retry)
        return too_many_requests(retry)

    def open_stream(self, request: Request) -> VendorStream | None:
        return binance_stream.open_stream(self._forced_orders, request)

    def klines(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        spec = INTERVALS.get(request.params.get("interval", ""))
        if spec is None:
            raise fail(-1120, "Invalid interval.")
        limit = limit_of(request, default=500, most=1500)
        start_ms, end_ms = time_of(request, "startTime"), time_of(request, "endTime")
        last_ms = spec.open_of(now_ms if end_ms is None else min(end_ms, now_ms))
        listed_ms = spec.open_of(contract.listed_ms)
        if start_ms is None:
            first_ms = max(spec.shift(last_ms, 1 - limit), listed_ms)
        else:
            opens = spec.opens(max(start_ms, listed_ms), last_ms)[:limit]
            if not len(opens):
                return json_response([])
            first_ms, last_ms = int(opens[0]), int(opens[-1])
        rows = self._pages.rows(contract, spec, first_ms, last_ms, now_ms)
        return Response(b"[" + b",".join(rows) + b"]")

    def ticker_24h(self, request: Request, now_ms: int) -> Response:
        if "symbol" in request.params:
            contract = contract_of(self._source, request, now_ms)
            rows = self._ticker_row(contract, now_ms)
            if rows is None:
                raise fail(-1121, "Invalid symbol.")
            return json_response(rows)
        listed = self._source.universe(now_ms).binance.values()
        return json_response([row for each in listed if (row := self._ticker_row(each, now_ms))])

    def premium_index(self, request: Request, now_ms: int) -> Response:
        if "symbol" in request.params:
            contract = contract_of(self._source, request, now_ms)
            row = self._premium_row(contract, now_ms)
            if row is None:
                raise fail(-1121, "Invalid symbol.")
            return json_response(row)
        listed = self._source.universe(now_ms).binance.values()
        return json_response([row for each in listed if (row := self._premium_row(each, now_ms))])

    def funding_rate(self, request: Request, now_ms: int) -> Response:
        limit = limit_of(request, default=100, most=1000)
        start_ms, end_ms = time_of(request, "startTime"), time_of(request, "endTime")
        if "symbol" in request.params:
            contracts = [contract_of(self._source, request, now_ms)]
            # Enough hours for the wanted rows at the shortest interval of the contract.
            span_ms = (limit + 1) * (contracts[0].funding_interval_h or 8) * HOUR_MS
        else:
            contracts = list(self._source.universe(now_ms).binance.values())
            span_ms = DAY_MS
        until_ms = now_ms if end_ms is None else min(end_ms, now_ms)
        since_ms = until_ms - span_ms if start_ms is None else start_ms
        jitter = self._source.simulated
        rows = []
        for contract in contracts:
            settled = self._source.settled_funding(contract, since_ms, until_ms, now_ms)
            for at_ms, rate, mark in zip(*(column.tolist() for column in settled), strict=True):
                rows.append(
                    {
                        "symbol": contract.symbol,
                        # Stamped a few milliseconds late now and then, as the venue does.
                        "fundingTime": at_ms + (5 if jitter and at_ms // HOUR_MS % 3 == 0 else 0),
                        "fundingRate": decimal(rate, 8),
                        "markPrice": decimal(mark, 8),
                        "rateType": "Regular",
                    }
                )
        rows.sort(key=lambda row: row["fundingTime"])
        return json_response(rows[-limit:] if start_ms is None else rows[:limit])

    def open_interest(self, request: Request, now_ms: int) -> Response:
        contract = contract_of(self._source, request, now_ms)
        newest = self._source.open_interest(contract, now_ms)
        if not len(newest.ts_ms):
            raise fail(-1121, "Invalid symbol.")
        return json_response(
            {
                "symbol": contract.symbol,
                "openInterest": decimal(float(newest.first[0]), 3),
                "time": int(newest.ts_ms[0]),
            }
        )

    def _ticker_row(self, contract: Contract, now_ms: int) -> dict[str, object] | None:
        day = self._source.last_day(contract, now_ms)
        if day is None:
            return None
        open_ms, bar = day
        opened, high, low, last, volume, quote, trades = bar[:7].tolist()
        places = contract.price_decimals
        close_ms = now_ms if contract.trading(now_ms) else contract.settled_ms or now_ms
        count = whole(trades)
        last_quantity = (
            2 * 10.0**-contract.quantity_decimals if self._source.simulated else math.nan
        )
        return {
            "symbol": contract.symbol,
            "priceChange": decimal(last - opened, places),
            "priceChangePercent": decimal((last / opened - 1.0) * 100.0, 3),
            "weightedAvgPrice": decimal(quote / volume if volume else last, places),
            "lastPrice": decimal(last, places),
            "lastQty": decimal(last_quantity, contract.quantity_decimals),
            "openPrice": decimal(opened, places),
            "highPrice": decimal(high, places),
            "lowPrice": decimal(low, places),
            "volume": decimal(volume, contract.quantity_decimals),
            "quoteVolume": decimal(quote, 4),
            "openTime": open_ms,
            "closeTime": close_ms,
            "firstId": close_ms - (count or 0) + 1,
            "lastId": close_ms,
            "count": count,
        }

    def _premium_row(self, contract: Contract, now_ms: int) -> dict[str, object] | None:
        if contract.listed_ms > now_ms:
            return None
        prices = self._source.mark_and_index(contract, now_ms)
        if prices is None:
            return None
        trading = contract.trading(now_ms)
        funding = self._source.expected_funding(contract, now_ms)
        rate = "" if funding is None else decimal(funding.rate, 8)
        return {
            "symbol": contract.symbol,
            "markPrice": decimal(prices[0], 8),
            "indexPrice": decimal(prices[1], 8),
            "estimatedSettlePrice": decimal(prices[1], 8) if trading else "0.00000000",
            "lastFundingRate": rate if trading else "0.00000000",
            "interestRate": "0.00010000" if funding else "",
            "nextFundingTime": funding.settles_at_ms if funding else 0,
            "time": now_ms // 1000 * 1000,
        }


def too_many_requests(*headers: tuple[str, str]) -> Response:
    message = (
        f"Too many requests; current limit of IP(127.0.0.1) is {WEIGHT_POOL.limit} requests per "
        "minute. Please use the websocket for live updates to avoid polling the API."
    )
    return json_response({"code": -1003, "msg": message}, 429, *headers)


def banned(until_ms: int, *headers: tuple[str, str]) -> Response:
    message = (
        f"Way too many requests; IP(127.0.0.1) banned until {until_ms}. "
        "Please use the websocket for live updates to avoid bans."
    )
    return json_response({"code": -1003, "msg": message}, 418, *headers)


def _time(_request: Request, now_ms: int) -> Response:
    return json_response({"serverTime": now_ms})


def _klines_charge(request: Request) -> Charge:
    text = request.params.get("limit", "500")
    limit = int(text) if text.isdigit() else 500
    edges = ((100, 1), (500, 2), (1001, 5))
    return Charge(WEIGHT_POOL, next((weight for below, weight in edges if limit < below), 10))


def _kline_rows(contract: Contract, spec: BarSpec, page: Bars) -> list[bytes]:
    price, quantity = f"%.{contract.price_decimals}f", f"%.{contract.quantity_decimals}f"
    template = (
        f'[%d,"{price}","{price}","{price}","{price}","{quantity}",%d,"%.4f",%.0f,'
        f'"{quantity}","%.4f","0"]'
    )
    opens = page.open_time_ms.tolist()
    rows = [
        template % (at, o, h, low, c, v, spec.shift(at, 1) - 1, q, n, tb, tq)
        for at, (o, h, low, c, v, q, n, tb, tq) in zip(opens, page.table.tolist(), strict=True)
    ]
    # What a recording does not know is empty or null, never zero.
    return [row.replace('"nan"', '""').replace(",nan,", ",null,").encode() for row in rows]

"""CoinAPI with a key: candles, order books, trades and quotes of many exchanges in one form.

Thin fetches on top of the shared transport; parsers in ``coinapi_candle_payloads``,
``coinapi_payloads`` and ``coinapi_catalogue_payloads``, credits and refusals in ``coinapi_limits``.
A call costs a credit, or one per hundred rows asked for; a day of the smallest plan has a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from market import clock
from market.order_book import OrderBook, Trades
from market.providers.coinapi_candle_payloads import (
    Ohlcv,
    Period,
    RateHistory,
    parse_ohlcv,
    parse_rate_history,
)
from market.providers.coinapi_catalogue_payloads import (
    ExchangeInfo,
    MarketSymbol,
    Metric,
    MetricPeriod,
    PeriodInfo,
    parse_exchanges,
    parse_metric_history,
    parse_metrics,
    parse_periods,
    parse_symbols,
)
from market.providers.coinapi_payloads import (
    ExchangeRate,
    Quote,
    parse_order_book,
    parse_order_books,
    parse_quote,
    parse_quotes,
    parse_rate,
    parse_trades,
)
from market.providers.payload import Parsed
from market.providers.plans import COINAPI_MOST_ITEMS, CoinApiPlan, coinapi_credits
from market.providers.query import present, within
from market.providers.refusals import RefusedEndpoints
from market.providers.replies import KeyedCalls, Reply
from market.providers.transport import Transport

T = TypeVar("T")

# How long an answer may serve again. Every call costs, so what moves within seconds serves for a
# few, and bars until the next one can have changed much.
CATALOGUE_TTL_S = 24 * 3600.0
CANDLES_TTL_S = 60.0
BOOK_TTL_S = 10.0
QUOTE_TTL_S = 10.0
METRIC_TTL_S = 60.0

MAX_LEVELS = 100
MAX_BOOKS = 20

_ID = re.compile(r"[A-Za-z0-9_.@-]{1,100}", re.ASCII)


class CoinApi:
    """Market data of many exchanges (key). ``symbol_id`` is the vendor's: look it up."""

    def __init__(self, transport: Transport, plan: CoinApiPlan, refused: RefusedEndpoints) -> None:
        self._calls = KeyedCalls(transport, refused)
        self.plan = plan

    async def fetch_candles(
        self, symbol_id: str, period: Period, *, limit: int = 100
    ) -> Reply[Ohlcv]:
        """Return the newest bars, ascending. Source: GET /v1/ohlcv/{symbol_id}/latest."""
        return await self._get(
            "ohlcv/latest",
            f"ohlcv/{_id(symbol_id)}/latest",
            partial(_ohlcv, period, newest_first=True),
            CANDLES_TTL_S,
            {"period_id": period.value},
            items=limit,
        )

    async def fetch_candle_history(
        self, symbol_id: str, period: Period, *, start_ms: int, end_ms: int, limit: int = 100
    ) -> Reply[Ohlcv]:
        """Return bars of a time, ascending. Source: GET /v1/ohlcv/{symbol_id}/history."""
        return await self._get(
            "ohlcv/history",
            f"ohlcv/{_id(symbol_id)}/history",
            partial(_ohlcv, period, newest_first=False),
            CANDLES_TTL_S,
            {"period_id": period.value, "time_start": _iso(start_ms), "time_end": _iso(end_ms)},
            items=limit,
        )

    async def fetch_order_book(
        self, symbol_id: str, *, levels: int | None = None, contract_size_base: float = 1.0
    ) -> Reply[OrderBook]:
        """Return the present book, in coins. Source: GET /v1/orderbooks/{symbol_id}/current."""
        return await self._get(
            "orderbooks/current",
            f"orderbooks/{_id(symbol_id)}/current",
            lambda payload, _: parse_order_book(payload, contract_size_base=contract_size_base),
            BOOK_TTL_S,
            present(limit_levels=None if levels is None else within(levels, MAX_LEVELS)),
        )

    async def fetch_order_books(
        self, symbol_id: str, *, limit: int = 5, contract_size_base: float = 1.0
    ) -> Reply[tuple[OrderBook, ...]]:
        """Return the newest books, ascending, at most 20 levels deep.

        Source: GET /v1/orderbooks/{symbol_id}/latest.
        """
        return await self._get(
            "orderbooks/latest",
            f"orderbooks/{_id(symbol_id)}/latest",
            lambda payload, _: parse_order_books(payload, contract_size_base=contract_size_base),
            BOOK_TTL_S,
            items=within(limit, MAX_BOOKS),
        )

    async def fetch_trades(
        self, symbol_id: str, *, limit: int = 100, contract_size_base: float = 1.0
    ) -> Reply[Trades]:
        """Return prints of about the last minute. Source: GET /v1/trades/{symbol_id}/latest."""
        return await self._get(
            "trades/latest",
            f"trades/{_id(symbol_id)}/latest",
            lambda payload, _: parse_trades(payload, contract_size_base=contract_size_base),
            BOOK_TTL_S,
            items=limit,
        )

    async def fetch_quote(self, symbol_id: str) -> Reply[Quote]:
        """Return the best bid and ask. Source: GET /v1/quotes/{symbol_id}/current."""
        return await self._get(
            "quotes/current",
            f"quotes/{_id(symbol_id)}/current",
            lambda payload, _: parse_quote(payload),
            QUOTE_TTL_S,
        )

    async def fetch_quotes(self, symbol_filter: str) -> Reply[tuple[Quote, ...]]:
        """Return quotes of all symbols with such an id. Source: GET /v1/quotes/current."""
        return await self._get(
            "quotes/current",
            "quotes/current",
            lambda payload, _: parse_quotes(payload),
            QUOTE_TTL_S,
            {"filter_symbol_id": _filter(symbol_filter)},
        )

    async def fetch_rate(self, base: str, quote: str = "USD") -> Reply[ExchangeRate]:
        """Return a rate over exchanges. Source: GET /v1/exchangerate/{base}/{quote}."""
        return await self._get(
            "exchangerate",
            f"exchangerate/{_id(base)}/{_id(quote)}",
            lambda payload, _: parse_rate(payload),
            QUOTE_TTL_S,
        )

    async def fetch_rate_history(
        self, base: str, quote: str, period: Period, *, start_ms: int, end_ms: int, limit: int = 100
    ) -> Reply[RateHistory]:
        """Return a rate's bars, ascending.

        Source: GET /v1/exchangerate/{base}/{quote}/history.
        """
        return await self._get(
            "exchangerate/history",
            f"exchangerate/{_id(base)}/{_id(quote)}/history",
            lambda payload, at_ms: parse_rate_history(payload, period=period, observed_at_ms=at_ms),
            CANDLES_TTL_S,
            {"period_id": period.value, "time_start": _iso(start_ms), "time_end": _iso(end_ms)},
            items=limit,
        )

    async def fetch_symbols(self, symbol_filter: str) -> Reply[tuple[MarketSymbol, ...]]:
        """Return active symbols with such an id ("BINANCEFTS_PERP_"); all would be too many.

        Source: GET /v1/symbols.
        """
        return await self._get(
            "symbols",
            "symbols",
            lambda payload, _: parse_symbols(payload),
            CATALOGUE_TTL_S,
            {"filter_symbol_id": _filter(symbol_filter)},
        )

    async def fetch_exchanges(self) -> Reply[tuple[ExchangeInfo, ...]]:
        """Return every exchange. Source: GET /v1/exchanges."""
        return await self._get(
            "exchanges", "exchanges", lambda payload, _: parse_exchanges(payload), CATALOGUE_TTL_S
        )

    async def fetch_periods(self) -> Reply[tuple[PeriodInfo, ...]]:
        """Return every bar length. Source: GET /v1/ohlcv/periods."""
        return await self._get(
            "ohlcv/periods",
            "ohlcv/periods",
            lambda payload, _: parse_periods(payload),
            CATALOGUE_TTL_S,
        )

    async def fetch_metrics(self, symbol_id: str, metric_id: str) -> Reply[tuple[Metric, ...]]:
        """Return a derivatives figure now. Source: GET /v1/metrics/symbol/current (deprecated)."""
        return await self._get(
            "metrics/symbol/current",
            "metrics/symbol/current",
            lambda payload, _: parse_metrics(payload),
            METRIC_TTL_S,
            {"metric_id": _id(metric_id), "symbol_id": _id(symbol_id)},
        )

    async def fetch_metric_history(
        self, symbol_id: str, metric_id: str, period: Period, *, limit: int = 100
    ) -> Reply[tuple[MetricPeriod, ...]]:
        """Return a derivatives figure through time.

        Source: GET /v1/metrics/symbol/history (deprecated).
        """
        return await self._get(
            "metrics/symbol/history",
            "metrics/symbol/history",
            lambda payload, _: parse_metric_history(payload),
            METRIC_TTL_S,
            {
                "metric_id": _id(metric_id),
                "symbol_id": _id(symbol_id),
                "period_id": period.value,
            },
            items=limit,
        )

    async def _get(
        self,
        endpoint: str,
        path: str,
        parse: Callable[[Any, int], Parsed[T]],
        cache_ttl_s: float,
        params: Mapping[str, str | int] | None = None,
        *,
        items: int | None = None,
    ) -> Reply[T]:
        """Ask; ``items`` is the limit to send, for the endpoints that have one."""
        sent = dict(params or {})
        if items is not None:
            sent["limit"] = within(items, COINAPI_MOST_ITEMS)
        return await self._calls.ask(
            f"/v1/{path}",
            sent,
            parse,
            endpoint=endpoint,
            cost=coinapi_credits(items),
            cache_ttl_s=cache_ttl_s,
        )


def _ohlcv(period: Period, payload: Any, at_ms: int, *, newest_first: bool) -> Parsed[Ohlcv]:
    return parse_ohlcv(payload, period=period, observed_at_ms=at_ms, newest_first=newest_first)


def _id(value: str) -> str:
    """Return an id that may stand in a path."""
    if not _ID.fullmatch(value) or not value.strip("."):
        raise ValueError("not an id of this vendor")
    return value


def _filter(symbol_filter: str) -> str:
    if not symbol_filter:
        raise ValueError("a filter is needed: there are hundreds of thousands of symbols")
    return symbol_filter


def _iso(ms: int) -> str:
    return clock.datetime_at(ms).strftime("%Y-%m-%dT%H:%M:%S")

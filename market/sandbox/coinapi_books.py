"""CoinAPI's order books, trades and quotes: the ones of the sandbox's exchanges.

Nothing of the kind is recorded: a replay has no book, and no single item to tell.
"""

from __future__ import annotations

from typing import Any

from market.sandbox.binance_book import TRADE_EVERY_MS, Book, Trade
from market.sandbox.coinapi_rules import bad_request, iso, limit_of, no_data, time_of
from market.sandbox.coinapi_symbols import Symbols, Traded
from market.sandbox.http import Request
from market.sandbox.noise import key_of
from market.sandbox.source import MarketSource
from market.types import DAY_MS

_CURRENT_LEVELS = 200
_LATEST_LEVELS = 20
_BOOK_EVERY_MS = 2_000
_TRADES_KEPT_MS = 60_000  # "about the last minute"
_MOST_TRADES = 5_000
# The aggregator hears of things a little later.
_HEARD_AFTER_MS = 60
_ORDERS_PER_LEVEL = 3

Row = dict[str, Any]


class Books:
    def __init__(self, source: MarketSource, symbols: Symbols) -> None:
        self._source = source
        self._symbols = symbols
        self._book = Book(source)

    def book(self, request: Request, now_ms: int) -> Row:
        return self._snapshot(self._symbols.asked(request, now_ms), now_ms, _levels(request))

    def orders(self, request: Request, now_ms: int) -> Row:
        """Return the book order by order."""
        traded = self._symbols.asked(request, now_ms)
        snapshot = self._snapshot(traded, now_ms, _levels(request))
        for side in ("asks", "bids"):
            snapshot[side] = [
                {"id": _uuid(traded.symbol_id, side, level["price"], n), **level}
                for level in snapshot[side]
                for n in range(_ORDERS_PER_LEVEL)
            ]
            for order in snapshot[side]:
                order["size"] = round(order["size"] / _ORDERS_PER_LEVEL, 8)
        return snapshot

    def depth(self, request: Request, now_ms: int) -> Row:
        snapshot = self._snapshot(self._symbols.asked(request, now_ms), now_ms, _CURRENT_LEVELS)
        row = {key: snapshot[key] for key in ("symbol_id", "time_exchange", "time_coinapi")}
        for name, side in (("ask", "asks"), ("bid", "bids")):
            row[f"{name}_levels"] = len(snapshot[side])
        for name, side in (("ask", "asks"), ("bid", "bids")):
            row[f"{name}_depth"] = round(sum(level["size"] for level in snapshot[side]), 8)
        return row

    def latest_books(self, request: Request, now_ms: int) -> list[Row]:
        traded = self._symbols.asked(request, now_ms)
        levels = min(_levels(request, _LATEST_LEVELS), _LATEST_LEVELS)
        newest_ms = now_ms // _BOOK_EVERY_MS * _BOOK_EVERY_MS
        times = (newest_ms - n * _BOOK_EVERY_MS for n in range(min(limit_of(request), 100)))
        if not self._source.simulated:
            return []
        return [self._snapshot(traded, at_ms, levels) for at_ms in times]

    def latest_trades(self, request: Request, now_ms: int) -> list[Row]:
        traded = self._symbols.asked(request, now_ms)
        last = now_ms // TRADE_EVERY_MS
        first = max(last - limit_of(request) + 1, (now_ms - _TRADES_KEPT_MS) // TRADE_EVERY_MS)
        return self._trades(request, traded, first, last)[::-1]

    def past_trades(self, request: Request, now_ms: int) -> list[Row]:
        traded = self._symbols.asked(request, now_ms)
        day_ms = time_of(request, "date")
        start_ms = time_of(request, "time_start") if day_ms is None else day_ms
        if start_ms is None:
            raise bad_request("Parameter 'date' or 'time_start' is required")
        end_ms = min(now_ms, time_of(request, "time_end") or start_ms + DAY_MS)
        if start_ms // DAY_MS != (end_ms - 1) // DAY_MS:
            raise bad_request("Time range is limited to one day")
        first = -(-start_ms // TRADE_EVERY_MS)
        last = min((end_ms - 1) // TRADE_EVERY_MS, first + limit_of(request) - 1)
        return self._trades(request, traded, first, last)

    def quote(self, traded: Traded, now_ms: int, *, last_trade: bool = True) -> Row | None:
        bids, asks = self._book.levels(traded.contract, now_ms, 1)
        if not bids:
            return None
        unit = traded.contract_unit
        row: Row = {
            "symbol_id": traded.symbol_id,
            "time_exchange": iso(now_ms - 5),
            "time_coinapi": iso(now_ms - 5 + _HEARD_AFTER_MS // 20),
            "ask_price": float(asks[0][0]),
            "ask_size": float(asks[0][1]) / unit,
            "bid_price": float(bids[0][0]),
            "bid_size": float(bids[0][1]) / unit,
        }
        if last_trade:
            number = now_ms // TRADE_EVERY_MS
            (trade,) = self._book.trades(traded.contract, number, number)
            row["last_trade"] = _trade_row(traded, trade)
            del row["last_trade"]["symbol_id"]
        return row

    def current_quote(self, request: Request, now_ms: int) -> Row:
        found = self.quote(self._symbols.asked(request, now_ms), now_ms)
        if found is None:
            raise no_data()
        return found

    def latest_quotes(self, request: Request, now_ms: int) -> list[Row]:
        traded = self._symbols.asked(request, now_ms)
        times = (now_ms - n * _BOOK_EVERY_MS for n in range(min(limit_of(request), 100)))
        rows = (self.quote(traded, at_ms, last_trade=False) for at_ms in times)
        return [row for row in rows if row is not None]

    def _snapshot(self, traded: Traded, now_ms: int, levels: int) -> Row:
        bids, asks = self._book.levels(traded.contract, now_ms, levels)
        if not bids:
            raise no_data()
        unit = traded.contract_unit
        at_ms = now_ms // _BOOK_EVERY_MS * _BOOK_EVERY_MS
        return {
            "symbol_id": traded.symbol_id,
            "time_exchange": iso(at_ms),
            "time_coinapi": iso(min(now_ms, at_ms + _HEARD_AFTER_MS)),
            **{
                name: [{"price": float(price), "size": float(size) / unit} for price, size in side]
                for name, side in (("asks", asks), ("bids", bids))
            },
        }

    def _trades(self, request: Request, traded: Traded, first: int, last: int) -> list[Row]:
        if not self._source.simulated:
            return []
        last = min(last, first + _MOST_TRADES - 1)
        with_ids = request.params.get("include_id", "").lower() == "true"
        return [
            {
                **_trade_row(traded, trade),
                **({"id_trade": str(trade.number)} if with_ids else {}),
            }
            for trade in self._book.trades(traded.contract, first, last)
        ]


def _trade_row(traded: Traded, trade: Trade) -> Row:
    places = traded.contract.quantity_decimals
    return {
        "symbol_id": traded.symbol_id,
        "time_exchange": iso(trade.at_ms),
        "time_coinapi": iso(trade.at_ms + _HEARD_AFTER_MS),
        "uuid": _uuid(traded.symbol_id, trade.number),
        "price": round(trade.price, traded.contract.price_decimals),
        "size": round(trade.units, places) / traded.contract_unit,
        "taker_side": "SELL" if trade.buyer_waited else "BUY",
    }


def _levels(request: Request, default: int = _CURRENT_LEVELS) -> int:
    text = request.params.get("limit_levels") or str(default)
    if not text.isdigit() or int(text) < 1:
        raise bad_request("Invalid value of parameter 'limit_levels'")
    return min(int(text), _CURRENT_LEVELS)


def _uuid(*parts: object) -> str:
    digits = f"{key_of(*parts, 'high'):016x}{key_of(*parts, 'low'):016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

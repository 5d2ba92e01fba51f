"""Binance's websockets: forced orders below ``/market``; the retired paths connect and are silent.

A frame tells of USDⓈ-M contracts (``st`` 1) and of coin-margined ones (2) alike, now and then
twice; ``ps`` and ``st`` stand within the order, beside it, or nowhere, as was seen and documented.
"""

from __future__ import annotations

from typing import Any

import orjson

from market.sandbox.forced_order_feed import DELAY_MS, ForcedOrder, ForcedOrderFeed
from market.sandbox.http import Request, decimal, trimmed
from market.sandbox.metering import Pool
from market.sandbox.noise import key_of

ALL_SYMBOLS = "!forceOrder@arr"
SUFFIX = "@forceOrder"
CONNECT_POOL = Pool("stream connects", 300, 300.0)
_MOST_STREAMS = 1024
_COIN_CONTRACT_USD = 100.0
_EVERY = 11  # one frame of so many is sent twice, or followed by a coin-margined one


class BinanceStream:
    idle_s: float | None = None
    longest_s: float | None = 24 * 3600.0

    def __init__(self, feed: ForcedOrderFeed, streams: set[str], *, combined: bool, tells: bool):
        self._feed = feed
        self._streams = streams
        self._combined = combined
        self._tells = tells

    def received(self, text: str) -> list[bytes]:
        """Answer any request for any name, as the venue does: no proof of life."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return [b'{"error":{"code":2,"msg":"Invalid request: invalid JSON"}}']
        if not isinstance(message, dict):
            return [b'{"error":{"code":2,"msg":"Invalid request: not an object"}}']
        names = message.get("params")
        listed = names if isinstance(names, list) else []
        wanted = {name for name in listed if isinstance(name, str)}
        if message.get("method") == "SUBSCRIBE" and len(self._streams | wanted) <= _MOST_STREAMS:
            self._streams |= wanted
        elif message.get("method") == "UNSUBSCRIBE":
            self._streams -= wanted
        return [orjson.dumps({"result": None, "id": message.get("id")})]

    def pushes(self, since_ms: int, now_ms: int) -> list[bytes]:
        if not self._tells:
            return []
        frames: list[bytes] = []
        for order in self._feed.told_between(since_ms, now_ms):
            event = _event(order)
            for stream in (ALL_SYMBOLS, order.contract.symbol.lower() + SUFFIX):
                if stream not in self._streams:
                    continue
                frames.append(self._frame(stream, event))
                dice = key_of(order.contract.symbol, order.ts_ms) % _EVERY
                if dice == 0:
                    frames.append(frames[-1])
                elif dice == 1 and stream == ALL_SYMBOLS:
                    frames.append(self._frame(stream, _coin_margined(order)))
        return frames

    def _frame(self, stream: str, event: dict[str, Any]) -> bytes:
        return orjson.dumps({"stream": stream, "data": event} if self._combined else event)


def open_stream(feed: ForcedOrderFeed, request: Request) -> BinanceStream | None:
    """Return the stream of a path below the base URL, or None where there is no websocket."""
    path = request.path
    tells = path.startswith("/market/")
    path = path.removeprefix("/market")
    if path == "/stream":
        names = request.params.get("streams", "").split("/")
        return BinanceStream(feed, {name for name in names if name}, combined=True, tells=tells)
    if path == "/ws" or path.startswith("/ws/"):
        name = path.removeprefix("/ws").removeprefix("/")
        return BinanceStream(feed, {name} if name else set(), combined=False, tells=tells)
    return None


def _event(order: ForcedOrder) -> dict[str, Any]:
    contract = order.contract
    return _placed(
        order,
        symbol=contract.symbol,
        pair=contract.symbol,
        margin=1,
        quantity=trimmed(order.quantity, 8),
        price=order.price,
    )


def _coin_margined(order: ForcedOrder) -> dict[str, Any]:
    pair = f"{order.contract.coin.base}USD"
    contracts = decimal(max(1.0, order.usd // _COIN_CONTRACT_USD), 0)
    return _placed(
        order, symbol=f"{pair}_PERP", pair=pair, margin=2, quantity=contracts, price=order.price
    )


def _placed(
    order: ForcedOrder, *, symbol: str, pair: str, margin: int, quantity: str, price: float
) -> dict[str, Any]:
    places = order.contract.price_decimals
    limit = price * (0.995 if order.of_long else 1.005)
    inner = {
        "s": symbol,
        "S": "SELL" if order.of_long else "BUY",
        "o": "LIMIT",
        "f": "IOC",
        "q": quantity,
        "p": decimal(limit, places),
        "ap": decimal(price, places),
        "X": "FILLED",
        "l": quantity,
        "z": quantity,
        "T": order.ts_ms,
    }
    said = {"ps": pair, "st": margin}
    event = {"e": "forceOrder", "E": order.ts_ms + DELAY_MS}
    # A coin-margined order always says so: else it could not be told apart.
    place = order.ts_ms % (2 if margin == 2 else 3)
    if place == 0:
        return {**event, "o": {**inner, **said}}
    return {**event, "o": inner, **(said if place == 1 else {})}

"""OKX's public websocket: the channel of liquidation orders, acknowledged, pushed, kept alive."""

from __future__ import annotations

from typing import Any

import orjson

from market.sandbox.forced_order_feed import ForcedOrder, ForcedOrderFeed
from market.sandbox.http import Request, trimmed
from market.sandbox.metering import Pool
from market.sandbox.noise import key_of
from market.sandbox.okx_rules import contracts_from, identity

PATH = "/ws/v5/public"
CHANNEL = "liquidation-orders"
CONNECT_POOL = Pool("stream connects", 3, 1.0)
_CONNECTION_ID = "a4d3ae55"
_TWICE_EVERY = 13  # one order of so many is pushed twice


class OkxStream:
    idle_s: float | None = 30.0
    longest_s: float | None = None

    def __init__(self, feed: ForcedOrderFeed) -> None:
        self._feed = feed
        self._subscribed = False

    def received(self, text: str) -> list[bytes]:
        if text == "ping":
            return [b"pong"]
        try:
            message = orjson.loads(text)
            asked = message["args"]
            is_subscription = message["op"] == "subscribe"
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return [_error("60012", f"Illegal request: {text[:100]}")]
        if not is_subscription or not isinstance(asked, list):
            return [_error("60012", f"Illegal request: {text[:100]}")]
        answers = []
        for argument in asked:
            if argument == {"channel": CHANNEL, "instType": "SWAP"}:
                self._subscribed = True
                answers.append(
                    orjson.dumps({"event": "subscribe", "arg": argument, "connId": _CONNECTION_ID})
                )
            else:
                answers.append(
                    _error(
                        "60018",
                        f"Wrong URL or channel:{argument} doesn't exist. Please use the correct "
                        "URL, channel and parameters referring to API document.",
                    )
                )
        return answers

    def pushes(self, since_ms: int, now_ms: int) -> list[bytes]:
        if not self._subscribed:
            return []
        frames: list[bytes] = []
        for order in self._feed.told_between(since_ms, now_ms):
            frame = orjson.dumps(
                {"arg": {"channel": CHANNEL, "instType": "SWAP"}, "data": [_row(order)]}
            )
            twice = key_of(order.contract.symbol, order.ts_ms) % _TWICE_EVERY == 0
            frames += [frame, frame] if twice else [frame]
        return frames


def open_stream(feed: ForcedOrderFeed, request: Request) -> OkxStream | None:
    """Return the stream of a path below the base URL, or None where there is no websocket."""
    return OkxStream(feed) if request.path == PATH else None


def _row(order: ForcedOrder) -> dict[str, Any]:
    family = order.contract.family
    return {
        "details": [liquidation_detail(order, ccy="")],
        "instFamily": family,
        **identity(order.contract),
        "uly": family,
    }


def liquidation_detail(order: ForcedOrder, **more: str) -> dict[str, str]:
    """Return an order as OKX writes it, on its pages and in its stream."""
    size = contracts_from(order.contract, order.quantity, order.price)
    return {
        "side": "sell" if order.of_long else "buy",
        "posSide": "net" if order.netted else ("long" if order.of_long else "short"),
        "bkPx": trimmed(order.price, order.contract.price_decimals),
        "sz": trimmed(size, 8),
        "bkLoss": "0",
        "ts": str(order.ts_ms),
        **more,
    }


def _error(code: str, message: str) -> bytes:
    return orjson.dumps({"event": "error", "code": code, "msg": message, "connId": _CONNECTION_ID})

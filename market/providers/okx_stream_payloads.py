"""Parser of OKX's ``liquidation-orders`` channel. Pure and total.

Orders stand in it as on the REST pages, in contracts, and have the same keys: what comes both ways
counts once.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from market.providers.okx_payloads import parse_liquidation_order
from market.providers.payload import UNREADABLE, mapping, parses, read, rows_of
from market.providers.stream_frames import FrameKind, StreamFrame
from market.types import LiquidationOrder, Listing

CHANNEL = "liquidation-orders"
PONG = "pong"


@parses("okx", "liquidation-orders stream")
def parse_frame(message: str | bytes, listings: Mapping[str, Listing]) -> StreamFrame:
    """Parse one message; ``listings`` are the contracts that are kept, by their venue's name."""
    if message in (PONG, PONG.encode()):
        return StreamFrame(FrameKind.PONG)
    body = mapping(orjson.loads(message))
    argument = body.get("arg")
    ours = type(argument) is dict and argument.get("channel") == CHANNEL
    match body.get("event"):
        case "error":
            return StreamFrame(FrameKind.REJECTED, detail="the subscription was refused")
        case "subscribe" if ours:
            return StreamFrame(FrameKind.SUBSCRIBED)
        case None if ours and "data" in body:
            return _pushed(read(body, "data", rows_of), listings)
    return StreamFrame(FrameKind.OTHER)


def _pushed(rows: list[object], listings: Mapping[str, Listing]) -> StreamFrame:
    orders: list[tuple[str, LiquidationOrder]] = []
    refused = 0
    for entry in rows:
        row = mapping(entry)
        listing = listings.get(str(row.get("instId")))
        if listing is None:
            continue
        for detail in read(row, "details", rows_of):
            try:
                orders.append((listing.venue_symbol, parse_liquidation_order(detail, listing)))
            except UNREADABLE:
                refused += 1
    return StreamFrame(FrameKind.EVENT, tuple(orders), refused)

"""Parser of Binance's ``forceOrder`` frames. Pure and total.

At most one frame per symbol and second arrives: sums of them are floors. ``ps`` and ``st`` were
seen inside the order and are documented beside it; both are optional. A coin-margined frame
(``st`` 2) counts contracts, not coins: it proves that the stream lives and is not summed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from market.providers.payload import (
    UNREADABLE,
    epoch_ms,
    finite,
    integer,
    mapping,
    parses,
    positive,
    read,
    read_optional,
    text,
)
from market.providers.stream_frames import FrameKind, StreamFrame
from market.types import LiquidationOrder, Listing

# The order that closes a position tells its side: who must sell was long.
_SIDES = {"SELL": "long", "BUY": "short"}
_COIN_MARGINED = 2


@parses("binance", "forceOrder")
def parse_frame(message: str | bytes, listings: Mapping[str, Listing]) -> StreamFrame:
    """Parse one message; ``listings`` are the contracts that are kept, by their venue's name."""
    body = mapping(orjson.loads(message))
    if "stream" in body:
        body = mapping(body.get("data"))
    if body.get("e") != "forceOrder":
        if "error" in body:
            return StreamFrame(FrameKind.REJECTED, detail="the subscription was refused")
        return StreamFrame(FrameKind.SUBSCRIBED if "result" in body else FrameKind.OTHER)
    order = mapping(body.get("o"))
    venue_symbol = read(order, "s", text)
    margin = read_optional(order, "st", integer)
    if margin is None:
        margin = read_optional(body, "st", integer)
    listing = listings.get(venue_symbol)
    if margin == _COIN_MARGINED or listing is None:
        return StreamFrame(FrameKind.EVENT)
    try:
        parsed = _order(order, venue_symbol, listing)
    except UNREADABLE:
        return StreamFrame(FrameKind.EVENT, refused=1)
    return StreamFrame(FrameKind.EVENT, ((venue_symbol, parsed),))


def _order(order: dict[str, Any], venue_symbol: str, listing: Listing) -> LiquidationOrder:
    traded_at_ms = read(order, "T", epoch_ms)
    price = read(order, "ap", positive)
    filled = read(order, "z", positive)
    return LiquidationOrder(
        ts_ms=traded_at_ms,
        side=_SIDES[read(order, "S", text)],
        price=price / listing.multiplier,
        usd=finite(price * filled),
        key=(venue_symbol, traded_at_ms, filled),
    )

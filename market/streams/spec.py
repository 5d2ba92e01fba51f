"""How each venue's liquidation stream is spoken to, as data.

The retired Binance paths connect and say nothing, and a subscription can fail silently anywhere;
so what counts for both is that the market speaks: of all contracts of a venue together some order
is forced every few seconds, and five minutes without one mean that the stream is not what it seems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from market.providers import binance_stream_payloads, okx_stream_payloads
from market.providers.stream_frames import StreamFrame
from market.types import Instrument, Listing, Venue

SILENCE_S = 300.0
# Binance ends a connection after 24 h; ours is replaced before, while it still works.
RENEW_AFTER_S = 23 * 3600.0


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """``subscribe`` is sent after connecting and must be confirmed; without it the URL subscribes.

    ``ping`` is the venue's own, a text that is answered by one; every ``ping_every_s``.
    """

    venue: Venue
    url: str
    parse: Callable[[str | bytes, Mapping[str, Listing]], StreamFrame]
    subscribe: str | None = None
    ping: str | None = None
    ping_every_s: float = 20.0
    pong_within_s: float = 20.0
    silence_s: float = SILENCE_S
    renew_after_s: float = RENEW_AFTER_S

    def listings(self, instruments: list[Instrument]) -> dict[str, tuple[str, Listing]]:
        """Return the venue's contracts by their name there, each with its coin."""
        found: dict[str, tuple[str, Listing]] = {}
        for instrument in instruments:
            listing = instrument.binance if self.venue is Venue.BINANCE else instrument.okx
            if listing is not None:
                found[listing.venue_symbol] = (instrument.symbol.base, listing)
        return found


def binance_stream(base_url: str) -> StreamSpec:
    """Return USDⓈ-M's forced orders of all symbols."""
    return StreamSpec(
        venue=Venue.BINANCE,
        url=f"{base_url}/market/ws/!forceOrder@arr",
        parse=binance_stream_payloads.parse_frame,
    )


def okx_stream(base_url: str) -> StreamSpec:
    """Return the liquidation orders of all swaps; the venue hangs up after 30 s without a word."""
    argument = {"channel": okx_stream_payloads.CHANNEL, "instType": "SWAP"}
    return StreamSpec(
        venue=Venue.OKX,
        url=f"{base_url}/ws/v5/public",
        parse=okx_stream_payloads.parse_frame,
        subscribe=orjson.dumps({"op": "subscribe", "args": [argument]}).decode(),
        ping="ping",
    )

"""Coinglass's names of our coins, and what its services share."""

from __future__ import annotations

from typing import Any

from market.providers.coinglass import Coinglass
from market.types import Instrument
from market.vendor_data.direct import Findings
from market.vendor_data.failures import COINGLASS, NothingThere

Found = Findings[Coinglass]
Document = dict[str, Any]


async def coin_of(found: Found, instrument: Instrument) -> str:
    """Return the vendor's name of a coin; only multiples of a coin need its list of names."""
    base = instrument.symbol.base
    multiples = [
        f"{listing.multiplier}{base}"
        for listing in (instrument.binance, instrument.okx)
        if listing is not None and listing.multiplier > 1
    ]
    if not multiples:
        return base
    known = (await found.client.fetch_supported_coins()).value
    for name in (base, *multiples):
        if name in known:
            return name
    raise not_listed(instrument)


def not_listed(instrument: Instrument) -> NothingThere:
    return NothingThere(COINGLASS.name, f"Coinglass lists no {instrument.symbol.base}.")

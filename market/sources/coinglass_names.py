"""Coinglass's names of our coins, in the chains."""

from __future__ import annotations

from market.providers.coinglass import Coinglass
from market.providers.errors import ProviderRejected
from market.types import Instrument, Venue


async def name_of(api: Coinglass, coin: Instrument) -> str:
    """Return what the vendor calls a coin; one that it does not list is rejected without a call."""
    found = await api.find_coin(coin)
    if found is None:
        raise ProviderRejected(Venue.COINGLASS.value, "does not know this coin")
    return found.name

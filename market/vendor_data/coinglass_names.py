"""Coinglass's names of our coins, and what its services share."""

from __future__ import annotations

from typing import Any

from market.providers.coinglass import Coinglass
from market.providers.coinglass_lists import CoinName
from market.types import Instrument
from market.vendor_data.direct import Findings
from market.vendor_data.failures import COINGLASS, NothingThere

Found = Findings[Coinglass]
Document = dict[str, Any]


async def coin_of(found: Found, instrument: Instrument) -> CoinName:
    name = await found.client.find_coin(instrument)
    if name is None:
        raise not_listed(instrument)
    return name


def not_listed(instrument: Instrument) -> NothingThere:
    return NothingThere(COINGLASS.name, f"Coinglass lists no {instrument.symbol.base}.")

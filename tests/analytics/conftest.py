"""Fixtures of the analytics tests: the sandbox behind the provider runtime, its universe stored.

What only reads what is stored needs no market: two listed coins and a standing clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from market import clock
from market.instruments import InstrumentRegistry
from market.listings import keep_registry
from market.types import Instrument, Listing, Symbol, Venue
from tests.analytics.rows import NOW
from tests.market.conftest import (
    coins,
    known_coins,
    later,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

__all__ = [
    "coins", "known_coins", "later", "listed", "no_universe_remembered", "sandbox",
    "simulated_market",
]  # fmt: skip


@pytest.fixture
def two_coins(db: None) -> Iterator[None]:
    """List BTC and ETH, at the market time of stored rows; nobody is asked for more."""
    keep_registry(
        InstrumentRegistry(
            Instrument(
                Symbol(base), Listing(Venue.BINANCE, f"{base}USDT"), coingecko_id=coingecko_id
            )
            for base, coingecko_id in (("BTC", "bitcoin"), ("ETH", "ethereum"))
        )
    )
    with clock.frozen(round(NOW.timestamp() * 1000)):
        yield


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated

"""Fixtures of the analytics tests: two listed coins, and a standing clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from market import clock, universe
from market.instruments import InstrumentRegistry
from market.listings import keep_registry
from market.types import Instrument, Listing, Symbol, Venue
from tests.analytics.rows import NOW


@pytest.fixture
def coins(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """List BTC and ETH, at the tests' market time; nobody is asked for more."""
    monkeypatch.setattr(universe, "start_renewal", lambda: None)
    universe.reset()
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
    universe.reset()


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated

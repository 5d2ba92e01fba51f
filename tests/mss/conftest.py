"""Fixtures of the MSS tests: the sandbox behind the provider runtime, coins known."""

from __future__ import annotations

from tests.market.conftest import (  # noqa: F401 - fixtures
    coins,
    known_coins,
    later,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

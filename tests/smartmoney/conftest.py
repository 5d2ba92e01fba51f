"""Fixtures of the smart-money tests: the sandbox behind the provider runtime, coins known."""

from __future__ import annotations

from tests.market.conftest import (  # noqa: F401 - fixtures
    coingecko_spent,
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)
from tests.signals.conftest import no_profile_remembered  # noqa: F401

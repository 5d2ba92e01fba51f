"""Fixtures of the MSS tests: the sandbox behind the provider runtime, its universe stored."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.market.conftest import (
    coingecko_spent,
    coins,
    known_coins,
    later,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

__all__ = [
    "coingecko_spent", "coins", "known_coins", "later", "listed", "no_universe_remembered",
    "sandbox", "simulated_market",
]  # fmt: skip


@pytest.fixture(autouse=True)
def patience(settings: Settings) -> None:
    """Wait for the market that is made up in this process, however busy the machine."""
    settings.SIGNAL_DEADLINE_S = 30.0

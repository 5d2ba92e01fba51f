"""Fixtures of the analytics tests: the sandbox behind the provider runtime, its universe stored."""

from __future__ import annotations

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

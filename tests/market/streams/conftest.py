"""The sandbox's coins, and a clock that stands until a test moves it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from market import clock
from market.instruments import InstrumentRegistry
from tests.market.conftest import AT_MS
from tests.market.sandbox.upstream import Wall


@pytest.fixture
def registry(
    coins: Callable[..., object], known_coins: dict[str, InstrumentRegistry]
) -> InstrumentRegistry:
    return known_coins["all"]


@pytest.fixture
def wall(registry: InstrumentRegistry, monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Hold wall time and let market time follow it; a bucket begins at this instant."""
    standing = Wall()
    standing.now_s = AT_MS // 300_000 * 300.0
    monkeypatch.setattr(clock, "wall_s", lambda: standing.now_s)
    clock.fix(None)
    return standing

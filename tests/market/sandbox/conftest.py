"""A sandbox over the simulated market, with both clocks standing still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from market import clock
from market.sandbox.handle import Sandbox
from tests.market.sandbox.upstream import NOW_MS, Upstream, Wall, simulated


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Hold wall time, ten seconds into a minute; ``advance`` moves it."""
    standing = Wall()
    monkeypatch.setattr(clock, "wall_s", lambda: standing.now_s)
    return standing


@pytest.fixture
def upstream(wall: Wall) -> Iterator[Upstream]:
    """Yield a fresh sandbox: own faults, meters and log."""
    with clock.frozen(NOW_MS):
        yield Upstream(Sandbox(simulated()))

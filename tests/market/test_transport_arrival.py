"""Calls that leave or arrive late, against a vendor that counts what arrives within two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from market import clock
from market.providers import admission
from market.providers.deadline import deadline_within
from market.providers.rate_limit import used_budgets
from market.providers.transport import Pool, ProviderPolicy, Transport
from market.sandbox.metering import Charge, Meter
from market.sandbox.metering import Pool as VendorPool
from market.store_sqlite import SqliteStore
from tests.market.transports import classify, ok
from tests.simulated_time import SimulatedTime

T = TypeVar("T")

SHORT = Pool("calls", 16, 2, arrival_ms=500)
LONG = Pool("calls", 16, 60)
THEIRS = VendorPool("calls", 20, 2.0)
# The second one as soon as two seconds are over.
PORTIONS = (*[0.0] * 16, *[2.05] * 16)


class Place:
    """A process and a vendor in one simulated time; how long calls are on their way between them.

    ``busy_s``: how much later than it could the process's loop comes back to those who paid
    together, as often as there is one.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.time = SimulatedTime(1_790_000_000.0)
        self.busy_s: list[float] = []
        self.first_way_s = 0.0
        self.refused: list[object] = []
        self._store = SqliteStore(folder / "store.sqlite3")
        self._vendor = Meter()
        patch.setattr(admission, "in_store_thread", self._pay)

    def call(self, *starts_s: float, pool: Pool = SHORT) -> int:
        """Make calls, each at its time; return what is used of the budget after the last."""
        with asyncio.Runner(loop_factory=self.time.make_loop) as runner:
            runner.run(self._call(starts_s, pool))
        [(_, used, _)] = used_budgets(self._store, "stub", [pool])
        return used

    async def _call(self, starts_s: Sequence[float], pool: Pool) -> None:
        client = httpx.AsyncClient(
            base_url="http://stub.test", transport=httpx.MockTransport(self._answer)
        )
        policy = ProviderPolicy("stub", {"calls": (pool,)}, classify)
        transport = Transport(policy, client, self._store)

        async def one(number: int, start_s: float) -> None:
            await asyncio.sleep(start_s)
            await transport.get_json("/", params={"n": number}, pool="calls")

        with deadline_within(60.0):
            await asyncio.gather(*(one(*each) for each in enumerate(starts_s)))

    async def _answer(self, _request: httpx.Request) -> httpx.Response:
        if not self.refused:
            await asyncio.sleep(self.first_way_s)
        self.refused.append(self._vendor.charge("we", Charge(THEIRS)))
        return ok()

    async def _pay(self, pay: Callable[..., T], *arguments: object) -> T:
        answer = pay(*arguments)
        await asyncio.sleep(0)
        if self.busy_s:
            self.time.passed_s += self.busy_s.pop()
        return answer


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place(tmp_path, monkeypatch)
    with clock.wall_told_by(made.time.wall_s):
        yield made


def test_what_is_long_on_its_way_is_not_followed_too_soon(place: Place) -> None:
    place.first_way_s = 0.5

    place.call(*PORTIONS)

    assert place.refused == [None] * len(PORTIONS)


def test_what_a_busy_process_sends_late_is_not_followed_too_soon(place: Place) -> None:
    place.busy_s = [0.7]

    place.call(*PORTIONS)

    assert place.refused == [None] * len(PORTIONS)


@pytest.mark.parametrize(("busy_s", "paid"), [(0.2, 1), (0.3, 2)])
def test_a_call_pays_again_when_its_process_took_half_of_the_room(
    place: Place, busy_s: float, paid: int
) -> None:
    place.busy_s = [busy_s]

    assert place.call(0.0) == paid
    assert place.refused == [None]


def test_a_process_that_is_always_late_gets_its_calls_through(place: Place) -> None:
    place.busy_s = [0.7] * 10

    assert place.call(0.0) == 2
    assert place.refused == [None]


def test_no_call_pays_again_where_windows_are_long(place: Place) -> None:
    place.busy_s = [0.7]

    assert place.call(0.0, pool=LONG) == 1

"""Listening to the sandbox: what is kept equals what happened, and every break is a stated gap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from market.chains import BUCKET_MS
from market.instruments import InstrumentRegistry
from market.sandbox.handle import Sandbox
from market.streams.tally import SETTLE_MS
from market.types import Venue
from tests.market.sandbox.upstream import Wall
from tests.market.streams.listening import SPECS, Listening, listening, told_usd, until

BOTH = pytest.mark.parametrize("venue", [Venue.BINANCE, Venue.OKX])
BUCKET_S = BUCKET_MS / 1000
SETTLE_S = SETTLE_MS / 1000

Act = Callable[[Listening], Awaitable[None]]


@pytest.fixture
def hear(
    sandbox: Sandbox, registry: InstrumentRegistry, wall: Wall
) -> Callable[[Venue, Act], Listening]:
    """Return what listens to a venue while a test acts, and hands back what came of it."""

    def run(venue: Venue, act: Act, **changes: float) -> Listening:
        spec = replace(SPECS[venue], **changes)

        async def whole() -> Listening:
            async with listening(sandbox, registry, spec, wall) as heard:
                await act(heard)
            return heard

        return asyncio.run(whole())

    return run


def start_ms(wall: Wall) -> int:
    return int(wall.now_s * 1000)


@BOTH
def test_the_sums_of_a_watched_bucket_are_those_of_the_market(
    sandbox: Sandbox, registry: InstrumentRegistry, wall: Wall, hear: Callable[..., Listening],
    venue: Venue,
) -> None:  # fmt: skip
    began_ms = start_ms(wall)

    heard = hear(venue, lambda heard: heard.advance(2 * BUCKET_S + 60))

    universe = sandbox.source.universe(began_ms)
    contracts = universe.binance if venue is Venue.BINANCE else universe.okx
    assert heard.settled.keys() == {began_ms, began_ms + BUCKET_MS}
    busy = 0
    for bucket_ms, sums in heard.settled.items():
        for name, (base, _) in heard.listener.spec.listings(list(registry)).items():
            expected = told_usd(sandbox, contracts[name], bucket_ms, bucket_ms + BUCKET_MS)
            assert sums[base] == pytest.approx(expected, rel=1e-6), (name, bucket_ms)
            busy += sum(expected) > 0
    assert busy > 20  # the comparison is about something
    assert heard.listener.state.refused == 0
    assert sandbox.violations == ()


@BOTH
def test_a_bucket_that_was_joined_late_is_a_gap(
    wall: Wall, hear: Callable[..., Listening], venue: Venue
) -> None:
    began_ms = start_ms(wall)
    wall.now_s += 30.0

    heard = hear(venue, lambda heard: heard.advance(2 * BUCKET_S))

    assert heard.settled.keys() == {began_ms + BUCKET_MS}


@BOTH
def test_a_silent_connection_is_given_up_and_its_time_is_not_watched(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening], venue: Venue
) -> None:
    began_ms = start_ms(wall)

    async def act(heard: Listening) -> None:
        await heard.advance(BUCKET_S + 60)
        fault = sandbox.fault(venue.value, "silent")
        await heard.advance(200)
        assert heard.listener.state.connects == 1  # a quiet market looks the same so far
        await heard.advance(110)
        await until(lambda: heard.listener.state.connects == 2)
        sandbox.clear_faults(number=fault.number)
        await heard.advance(2 * BUCKET_S)

    heard = hear(venue, act)

    gap = {began_ms + BUCKET_MS, began_ms + 2 * BUCKET_MS}  # broken off in one, begun in the other
    assert not gap & heard.settled.keys()
    assert began_ms in heard.settled
    assert began_ms + 3 * BUCKET_MS in heard.settled


def test_a_retired_path_that_connects_and_says_nothing_proves_nothing(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening]
) -> None:
    sandbox.fault("binance", "silent")

    heard = hear(Venue.BINANCE, lambda heard: heard.advance(2 * BUCKET_S))

    assert heard.settled == {}
    assert heard.listener.state.connected_at_ms is None


@BOTH
def test_a_connection_that_breaks_is_opened_again_and_the_break_is_a_gap(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening], venue: Venue
) -> None:
    began_ms = start_ms(wall)

    async def act(heard: Listening) -> None:
        await heard.advance(BUCKET_S + 100)
        fault = sandbox.fault(venue.value, "broken")
        heard.may_reconnect.clear()
        await heard.advance(10)
        sandbox.clear_faults(number=fault.number)
        heard.may_reconnect.set()
        await until(lambda: heard.listener.state.connects == 2)
        await heard.advance(2 * BUCKET_S)

    heard = hear(venue, act)

    assert heard.settled.keys() == {began_ms, began_ms + 2 * BUCKET_MS}


@BOTH
def test_an_old_connection_is_replaced_without_a_gap_and_nothing_counts_twice(
    sandbox: Sandbox, registry: InstrumentRegistry, wall: Wall, hear: Callable[..., Listening],
    venue: Venue,
) -> None:  # fmt: skip
    began_ms = start_ms(wall)

    heard = hear(venue, lambda heard: heard.advance(2 * BUCKET_S + 60), renew_after_s=100.0)

    assert heard.listener.state.connects > 3
    assert heard.pauses == []
    assert heard.settled.keys() == {began_ms, began_ms + BUCKET_MS}
    universe = sandbox.source.universe(began_ms)
    contracts = universe.binance if venue is Venue.BINANCE else universe.okx
    for name, (base, _) in heard.listener.spec.listings(list(registry)).items():
        expected = told_usd(sandbox, contracts[name], began_ms, began_ms + BUCKET_MS)
        assert heard.settled[began_ms][base] == pytest.approx(expected, rel=1e-6)


def test_a_replacement_that_fails_leaves_the_old_connection_alone(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening]
) -> None:
    began_ms = start_ms(wall)

    async def act(heard: Listening) -> None:
        await heard.advance(50)
        sandbox.fault("binance", "http_5xx", path="/market/ws")
        await heard.advance(2 * BUCKET_S)

    heard = hear(Venue.BINANCE, act, renew_after_s=100.0)

    assert heard.pauses
    assert heard.settled.keys() == {began_ms, began_ms + BUCKET_MS}


def test_pings_keep_okx_from_hanging_up_on_a_quiet_night(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening]
) -> None:
    sandbox.fault("okx", "silent")

    heard = hear(Venue.OKX, lambda heard: heard.advance(290))

    assert heard.listener.state.connects == 1


@pytest.mark.parametrize("kind", ["truncated", "wrong_types", "nan"])
@BOTH
def test_garbage_ends_what_counts_as_watched_and_is_counted(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening], venue: Venue, kind: str
) -> None:
    began_ms = start_ms(wall)

    async def act(heard: Listening) -> None:
        await heard.advance(100)
        fault = sandbox.fault(venue.value, kind)
        await heard.advance(30)
        sandbox.clear_faults(number=fault.number)
        await heard.advance(2 * BUCKET_S)

    heard = hear(venue, act)

    assert heard.settled.keys() == {began_ms + BUCKET_MS}
    assert heard.listener.state.refused > 0


@pytest.mark.parametrize(
    ("fault", "least_s", "told"),
    [
        (("http_451", {}), 3600.0, "not served"),
        (("http_429", {"retry_after_s": 90}), 90.0, "HTTP 429"),
        (("http_5xx", {}), 1.0, "HTTP 503"),
        (("dead", {}), 1.0, "next attempt"),
    ],
)
def test_a_refused_connection_is_tried_again_when_the_venue_may_have_it(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening],
    fault: tuple[str, dict[str, int]], least_s: float, told: str,
) -> None:  # fmt: skip
    kind, parameters = fault
    sandbox.fault("binance", kind, path="/market/ws", **parameters)

    async def act(heard: Listening) -> None:
        await until(lambda: bool(heard.pauses))

    heard = hear(Venue.BINANCE, act)

    assert least_s <= heard.pauses[0] <= 1.25 * least_s
    assert told in heard.listener.state.detail


def test_pauses_grow_up_to_a_minute_while_nothing_is_delivered(
    sandbox: Sandbox, wall: Wall, hear: Callable[..., Listening]
) -> None:
    sandbox.fault("binance", "http_5xx", path="/market/ws")

    async def act(heard: Listening) -> None:
        await until(lambda: len(heard.pauses) >= 9)

    heard = hear(Venue.BINANCE, act)

    bases = [min(60.0, 2.0**n) for n in range(9)]
    assert all(
        base <= pause <= 1.25 * base for base, pause in zip(bases, heard.pauses, strict=False)
    )

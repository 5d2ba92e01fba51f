"""The circuit breaker through the transport, and alone: one record, one probe, all processes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from market.providers import transport as transport_module
from market.providers.circuit_breaker import (
    FAILURES_TO_OPEN,
    FIRST_COOL_DOWN_S,
    LONGEST_COOL_DOWN_S,
    PROBE_LEASE_S,
    BreakerState,
    Circuit,
    CircuitBreaker,
    Passage,
)
from market.providers.errors import (
    ProviderCircuitOpen,
    ProviderError,
    ProviderPayloadError,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.store_threads import in_store_thread
from tests.market.transports import World, make_world, ok, run

DOWN = httpx.Response(503)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


@pytest.fixture
def breaker(world: World) -> CircuitBreaker:
    return CircuitBreaker(world.store, "stub")


def fail(world: World, times: int = 1) -> ProviderError:
    """Let calls fail, each of them of another transport, as in several processes."""
    for _ in range(times):
        with pytest.raises(ProviderError) as caught:
            world.get()
    return caught.value


def circuit(world: World) -> Circuit:
    return CircuitBreaker(world.store, "stub").state().circuit


def test_it_opens_after_five_failed_calls_in_a_row_and_then_nothing_is_sent(world: World) -> None:
    world.answers(DOWN)

    fail(world, FAILURES_TO_OPEN - 1)
    before = circuit(world)
    fail(world)
    sent = world.calls
    error = fail(world)

    assert before is Circuit.CLOSED
    assert circuit(world) is Circuit.OPEN
    assert isinstance(error, ProviderCircuitOpen)
    assert 0 < error.retry_after_s <= FIRST_COOL_DOWN_S
    assert world.calls == sent


def test_a_success_in_between_starts_the_count_again(world: World) -> None:
    for _ in range(3):
        world.answers(DOWN)
        fail(world, FAILURES_TO_OPEN - 1)
        world.answers(ok())
        world.get()

    assert circuit(world) is Circuit.CLOSED


def test_an_answer_that_refuses_us_shows_that_the_provider_lives(world: World) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN - 1)
    world.answers(httpx.Response(400))
    assert isinstance(fail(world), ProviderRejected)
    world.answers(DOWN)
    fail(world)

    assert circuit(world) is Circuit.CLOSED


def test_unreadable_answers_count_as_failures(world: World) -> None:
    world.answers(httpx.Response(200, text="<html>"))

    assert isinstance(fail(world, FAILURES_TO_OPEN), ProviderPayloadError)

    assert circuit(world) is Circuit.OPEN


def test_refused_requests_never_open_it(world: World) -> None:
    world.answers(httpx.Response(400))

    fail(world, 3 * FAILURES_TO_OPEN)

    assert circuit(world) is Circuit.CLOSED


def test_after_the_cool_down_one_probe_decides_that_it_is_well_again(world: World) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN)
    world.wall_s += FIRST_COOL_DOWN_S + 0.01
    world.answers(ok())

    assert world.get() == {"answer": 42}

    assert circuit(world) is Circuit.CLOSED


def test_a_failed_probe_is_not_repeated_and_doubles_the_cool_down(world: World) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN)
    cool_downs_s = []

    for _ in range(6):
        state = CircuitBreaker(world.store, "stub").state()
        cool_downs_s.append(state.cool_down_s)
        world.wall_s = state.until_s + 0.01
        sent = world.calls
        fail(world)
        assert world.calls == sent + 1

    assert cool_downs_s == [30, 60, 120, 240, 300, 300]
    assert cool_downs_s[-1] == LONGEST_COOL_DOWN_S


def test_while_the_probe_is_under_way_nobody_else_is_sent(world: World) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN)
    world.wall_s += FIRST_COOL_DOWN_S + 0.01

    async def probe_and_others() -> list[object]:
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            arrived.set()
            await answer.wait()
            return ok()

        world.handler = slow
        sent = world.calls
        probe = asyncio.create_task(world.transport().get_json("/probe", pool="calls"))
        await arrived.wait()
        others = await asyncio.gather(
            *[world.transport().get_json(f"/{n}", pool="calls") for n in range(5)],
            return_exceptions=True,
        )
        answer.set()
        return [await probe, world.calls - sent, *others]

    answer, sent, *others = run(probe_and_others())

    assert answer == {"answer": 42}
    assert sent == 1
    assert {type(other) for other in others} == {ProviderCircuitOpen}
    assert circuit(world) is Circuit.CLOSED


def test_a_cancelled_probe_leaves_the_next_call_to_probe(world: World) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN)
    world.wall_s += FIRST_COOL_DOWN_S + 0.01

    async def cancel_probe() -> None:
        arrived = asyncio.Event()

        async def hang(request: httpx.Request) -> httpx.Response:
            arrived.set()
            await asyncio.Event().wait()
            raise AssertionError

        world.handler = hang
        probe = asyncio.create_task(world.transport().get_json("/probe", pool="calls"))
        await arrived.wait()
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        while circuit(world) is Circuit.HALF_OPEN:  # written in a thread of its own
            await in_store_thread(lambda: None)

    run(cancel_probe())
    world.answers(ok())

    assert world.get() == {"answer": 42}
    assert circuit(world) is Circuit.CLOSED


def test_a_probe_that_never_reports_is_replaced_after_its_lease(
    world: World, breaker: CircuitBreaker
) -> None:
    world.answers(DOWN)
    fail(world, FAILURES_TO_OPEN)
    world.wall_s += FIRST_COOL_DOWN_S + 0.01
    breaker.pass_through(world.store.get(breaker.key))  # by a process that dies

    world.answers(ok())
    error = fail(world)
    world.wall_s += PROBE_LEASE_S + 0.01
    answer = world.get()

    assert isinstance(error, ProviderCircuitOpen)
    assert answer == {"answer": 42}


def test_of_many_that_ask_at_once_one_becomes_the_probe(
    world: World, breaker: CircuitBreaker
) -> None:
    for _ in range(FAILURES_TO_OPEN):
        breaker.record_failure(Passage())
    world.wall_s += FIRST_COOL_DOWN_S + 0.01
    raw = world.store.get(breaker.key)

    def ask(_: int) -> bool:
        try:
            return breaker.pass_through(raw).probe
        except ProviderCircuitOpen:
            return False

    with ThreadPoolExecutor(8) as threads:
        probes = list(threads.map(ask, range(16)))

    assert probes.count(True) == 1


def test_failures_recorded_at_once_are_all_counted(world: World, breaker: CircuitBreaker) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: breaker.record_failure(Passage()), range(4)))

    assert breaker.state() == BreakerState(failures=4)


def test_a_call_sent_before_it_opened_changes_nothing_by_failing_or_succeeding_late(
    world: World, breaker: CircuitBreaker
) -> None:
    for _ in range(FAILURES_TO_OPEN):
        breaker.record_failure(Passage())
    opened = breaker.state()

    world.wall_s += 1
    breaker.record_failure(Passage())
    breaker.record_success(Passage())

    assert breaker.state() == opened


def test_old_failures_are_forgotten(world: World, breaker: CircuitBreaker) -> None:
    breaker.record_failure(Passage())

    world.wall_s += 3600

    assert breaker.state() == BreakerState()


def test_an_upstream_that_hangs_for_long_counts_even_when_the_caller_gives_up_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "FAIR_WAIT_S", 0.0)

    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def give_up() -> None:
        world.handler = hang
        call = asyncio.create_task(world.transport().get_json("/hang", pool="calls"))
        while not world.requests:
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        while CircuitBreaker(world.store, "stub").state().failures == 0:
            await in_store_thread(lambda: None)

    run(give_up())

    assert CircuitBreaker(world.store, "stub").state().failures == 1


def test_a_provider_that_got_no_time_is_not_blamed(world: World) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    world.handler = hang

    with pytest.raises(ProviderUnavailable):
        run(world.transport().get_json("/hang", pool="calls"), deadline_s=0.05)

    assert CircuitBreaker(world.store, "stub").state() == BreakerState()


def test_success_in_the_normal_state_writes_nothing_about_the_circuit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("asked for nothing")

    monkeypatch.setattr(CircuitBreaker, "record_success", never)

    assert world.get() == {"answer": 42}

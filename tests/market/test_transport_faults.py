"""Whatever an upstream does, the caller gets an error of our tree, and all processes know of it."""

from __future__ import annotations

import asyncio
import gzip
import logging
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from market import clock
from market.providers import transport as transport_module
from market.providers.errors import (
    ProviderCircuitOpen,
    ProviderError,
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.policy import Patience
from market.providers.transport import Pool
from market.store_contract import Budget, StoreUnavailable
from tests.market.transports import World, make_world, ok, run


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


def refused(world: World, **policy: object) -> ProviderError:
    """Make one call that fails; return its error."""
    with pytest.raises(ProviderError) as caught:
        world.get(world.transport(**policy))
    return caught.value


def test_an_answer_is_parsed_and_says_when_it_was_fetched(world: World) -> None:
    world.answers(ok({"price": "1.5", "list": [1, None]}))

    fetched = run(world.transport().get("/answer", params={"a": 1}, pool="calls"))

    assert fetched.payload == {"price": "1.5", "list": [1, None]}
    assert fetched.fetched_at_ms == clock.now_ms()


def test_the_request_is_a_get_below_the_base_url_with_sorted_parameters(world: World) -> None:
    world.get(
        world.transport(headers={"x-key": "k"}),
        params={"symbol": "币安USDT", "limit": 5, "empty": None, "flag": True},
    )

    request = world.requests[0]
    assert request.method == "GET"
    assert request.url.path == "/v1/answer"
    assert dict(request.url.params) == {"flag": "true", "limit": "5", "symbol": "币安USDT"}
    assert request.headers["x-key"] == "k"


@pytest.mark.parametrize("path", ["answer", "//evil.test/x", "https://evil.test/x", ""])
def test_a_path_can_not_name_another_host(world: World, path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        world.get(path=path)

    assert world.calls == 0


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 60.0),
        ({"retry-after": "90"}, 90.0),
        ({"retry-after": formatdate(1_790_000_075, usegmt=True)}, 75.0),
        ({"retry-after": "nonsense"}, 60.0),
    ],
)
def test_429_stops_all_calls_for_as_long_as_asked(
    world: World, headers: dict[str, str], wait_s: float
) -> None:
    world.answers(httpx.Response(429, headers=headers, text="slow down"), ok())

    first = refused(world)
    second = run_refused_in_vain(world)
    world.wall_s += wait_s + 0.01
    third = world.get()

    assert isinstance(first, ProviderRateLimited)
    assert first.retry_after_s == pytest.approx(wait_s)
    assert isinstance(second, ProviderRateLimited)
    assert second.retry_after_s == pytest.approx(wait_s)
    assert third == {"answer": 42}
    assert world.calls == 2


def run_refused_in_vain(world: World) -> ProviderError:
    """Call with a deadline too close for any wait."""
    with pytest.raises(ProviderError) as caught:
        run(world.transport().get_json("/answer", pool="calls"), deadline_s=1.0)
    return caught.value


def test_a_call_that_can_wait_for_the_end_of_a_429_does(world: World) -> None:
    world.answers(httpx.Response(429, headers={"retry-after": "5"}), ok())
    refused(world)

    answer = world.get()

    assert answer == {"answer": 42}
    assert sum(world.slept_s) == pytest.approx(5.0, abs=0.1)


def test_a_429_that_names_no_time_is_waited_for_longer_each_time(world: World) -> None:
    world.answers(httpx.Response(429))
    waits_s = []

    for _ in range(5):
        refused(world, longest_doubled_wait_s=200.0)
        left_s = run_refused_in_vain(world)
        assert isinstance(left_s, ProviderRateLimited)
        waits_s.append(left_s.retry_after_s)
        world.wall_s += left_s.retry_after_s + 0.01

    assert waits_s == [pytest.approx(wait_s) for wait_s in (60, 120, 200, 200, 200)]


def test_calls_refused_together_count_as_one_refusal(world: World) -> None:
    world.answers(httpx.Response(429))
    transport = world.transport()

    async def burst() -> list[object]:
        return await asyncio.gather(
            *[transport.get_json(f"/{n}", pool="calls") for n in range(10)], return_exceptions=True
        )

    run(burst(), deadline_s=5.0)

    left = run_refused_in_vain(world)
    assert isinstance(left, ProviderRateLimited)
    assert left.retry_after_s == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("status", "body", "blocked_s"),
    [
        (418, b'{"code":-1003}', 120.0),
        (451, b'{"code":0,"msg":"restricted location"}', 3600.0),
        (403, b"<html>blocked</html>", 300.0),
    ],
)
def test_a_ban_is_obeyed_by_every_process(
    world: World, status: int, body: bytes, blocked_s: float
) -> None:
    world.answers(httpx.Response(status, content=body), ok())

    first = refused(world)
    second = refused(world)
    world.wall_s += blocked_s + 0.01
    third = world.get()

    for error in (first, second):
        assert isinstance(error, ProviderRejected)
        assert error.status == status
        assert error.blocked_for_s == pytest.approx(blocked_s)
    assert third == {"answer": 42}
    assert world.calls == 2


def test_a_refused_request_blocks_nothing_but_still_costs(world: World) -> None:
    world.answers(httpx.Response(400, json={"code": -1121}), ok())

    error = refused(world)

    assert isinstance(error, ProviderRejected)
    assert error.blocked_for_s == 0.0
    assert world.get() == {"answer": 42}
    assert world.store.used([Budget("stub:calls", 100, 60)]) == [2]


def test_5xx_is_tried_again_with_jitter_and_every_try_costs(world: World) -> None:
    world.answers(httpx.Response(502, text="<html>"), httpx.Response(500), ok())

    answer = world.get()

    assert answer == {"answer": 42}
    assert world.slept_s == [0.25, 0.5]
    assert world.store.used([Budget("stub:calls", 100, 60)]) == [3]


def test_jitter_may_make_the_pause_any_part_of_its_length(world: World) -> None:
    world.jitter = 0.5
    world.answers(httpx.Response(502), ok())

    world.get()

    assert world.slept_s == [0.125]


def test_after_three_tries_it_is_given_up(world: World) -> None:
    world.answers(httpx.Response(503))

    error = refused(world)

    assert isinstance(error, ProviderUnavailable)
    assert world.calls == 3


def test_a_503_that_says_when_is_tried_then_and_not_before(world: World) -> None:
    world.answers(httpx.Response(503, headers={"retry-after": "20"}), ok())
    began_s = world.wall_s

    answer = world.get()

    assert answer == {"answer": 42}
    assert world.wall_s - began_s == pytest.approx(20.0, abs=0.1)


def test_no_try_is_made_that_could_not_end_before_the_deadline(world: World) -> None:
    world.answers(httpx.Response(503))
    world.jitter = 4.0  # pauses of 1 and 2 s

    with pytest.raises(ProviderUnavailable):
        run(world.transport().get_json("/answer", pool="calls"), deadline_s=0.9)

    assert world.calls == 1


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("nobody at http://stub.test?key=secret"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectTimeout("slow"),
        httpx.ProxyError("proxy"),
        ConnectionResetError("reset"),
    ],
)
def test_a_broken_connection_is_tried_again_and_then_reported_as_ours(
    world: World, fault: Exception
) -> None:
    world.answers(fault)

    error = refused(world)

    assert type(error) is ProviderUnavailable
    assert "secret" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert world.calls == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<!DOCTYPE html><html></html>",
        b"\n<html>maintenance</html>",
        b'{"symbols":[{"symbol":"BTC',
        b"{'single': 'quotes'}",
        b'{"price": NaN}',
        b"OK",
        b"\xff\xfe\x00",
    ],
)
def test_an_answer_that_is_not_json_is_a_payload_error_whatever_its_content_type(
    world: World, body: bytes
) -> None:
    world.answers(httpx.Response(200, content=body, headers={"content-type": "application/json"}))

    error = refused(world)

    assert isinstance(error, ProviderPayloadError)
    assert error.endpoint == "/answer"
    assert world.calls == 1


def test_json_with_a_wrong_content_type_is_read(world: World) -> None:
    world.answers(httpx.Response(200, content=b"\n [1, 2]", headers={"content-type": "text/html"}))

    assert world.get() == [1, 2]


def test_an_error_inside_a_200_means_what_the_provider_says(world: World) -> None:
    def check_payload(payload: object) -> None:
        if payload == {"code": "50011"}:
            raise ProviderRateLimited("stub", "the rate limit is reached", retry_after_s=2.0)

    world.answers(ok({"code": "50011"}), ok({"code": "0"}))
    transport = world.transport(check_payload=check_payload)

    with pytest.raises(ProviderRateLimited):
        world.get(transport)
    began_s = world.wall_s
    answer = world.get(world.transport(check_payload=check_payload))

    assert answer == {"code": "0"}
    assert world.wall_s - began_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("announced", [True, False])
def test_an_oversized_answer_is_not_read_to_its_end(world: World, announced: bool) -> None:
    read = []

    async def endless():
        for _ in range(1000):
            read.append(1000)
            yield b"[" + b" " * 999

    def handler(request: httpx.Request) -> httpx.Response:
        headers = {"content-length": "1000000"} if announced else {}
        return httpx.Response(200, headers=headers, content=endless())

    world.handler = handler

    error = refused(world, max_response_bytes=10_000)

    assert isinstance(error, ProviderPayloadError)
    assert sum(read) <= 11_000


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(world: World) -> None:
    packed = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
    world.answers(httpx.Response(200, headers={"content-encoding": "gzip"}))
    world.handler = lambda request: httpx.Response(
        200, headers={"content-encoding": "gzip"}, content=packed
    )

    error = refused(world, max_response_bytes=100_000)

    assert len(packed) < 10_000
    assert isinstance(error, ProviderPayloadError)


def test_undecodable_compression_is_a_payload_error(world: World) -> None:
    async def body():
        yield b"no gzip at all"

    world.handler = lambda request: httpx.Response(
        200, headers={"content-encoding": "gzip"}, content=body()
    )

    assert isinstance(refused(world), ProviderPayloadError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(world: World, status: int) -> None:
    world.answers(httpx.Response(status, headers={"location": "https://evil.test/answer"}))

    error = refused(world)

    assert isinstance(error, ProviderRejected)
    assert [request.url.host for request in world.requests] == ["stub.test"]


def test_an_upstream_that_hangs_is_left_at_the_deadline(world: World) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    world.handler = hang

    with pytest.raises(ProviderUnavailable, match="in time"):
        run(world.transport().get_json("/answer", pool="calls"), deadline_s=0.05)


def test_an_upstream_that_hangs_between_two_bytes_is_left_at_the_deadline(world: World) -> None:
    async def dripping():
        yield b"["
        await asyncio.Event().wait()

    world.handler = lambda request: httpx.Response(200, content=dripping())

    with pytest.raises(ProviderUnavailable, match="in time"):
        run(world.transport().get_json("/answer", pool="calls"), deadline_s=0.05)


def test_each_provider_is_given_the_time_it_needs(world: World) -> None:
    world.get(world.transport())
    world.get(world.transport(patience=Patience(silence_s=30.0, exchange_s=40.0)))

    told = [request.extensions["timeout"]["read"] for request in world.requests]
    assert told == [5.0, 30.0]


def test_an_answer_that_drips_for_too_long_is_left_long_before_the_deadline(world: World) -> None:
    async def dripping():
        while True:
            yield b" "
            await asyncio.sleep(0)

    world.handler = lambda request: httpx.Response(200, content=dripping())
    transport = world.transport(patience=Patience(silence_s=5.0, exchange_s=0.05))

    with pytest.raises(ProviderUnavailable, match="in time"):
        run(transport.get_json("/answer", pool="calls"), deadline_s=600.0)


def test_nothing_is_sent_or_paid_once_the_deadline_is_over(world: World) -> None:
    with pytest.raises(ProviderUnavailable):
        run(world.transport().get_json("/answer", pool="calls"), deadline_s=0.0)

    assert world.calls == 0
    assert world.store.used([Budget("stub:calls", 100, 60)]) == [0]


def test_a_call_waits_for_its_budget_when_the_deadline_allows_it(world: World) -> None:
    pools = {"calls": (Pool("calls", 2, 60),)}
    transport = world.transport(pools=pools)

    async def four() -> list[object]:
        return await asyncio.gather(*[transport.get_json(f"/{n}", pool="calls") for n in range(4)])

    answers = run(four())

    assert answers == [{"answer": 42}] * 4
    assert sum(world.slept_s) >= 60.0
    assert world.store.used([Budget("stub:calls", 2, 60)]) == [2]


def test_a_call_that_can_not_wait_for_its_budget_is_told_how_long(world: World) -> None:
    transport = world.transport(pools={"calls": (Pool("calls", 1, 60),)})
    world.get(transport)

    with pytest.raises(ProviderRateLimited) as caught:
        run(world.transport(pools={"calls": (Pool("calls", 1, 60),)}).get_json(
            "/answer", pool="calls"), deadline_s=5.0)  # fmt: skip

    assert 55.0 < caught.value.retry_after_s <= 61.0
    assert world.calls == 1


def test_every_pool_of_a_call_is_paid_and_scoped_ones_per_scope(world: World) -> None:
    pools = {"calls": (Pool("minute", 10, 60), Pool("per-coin", 2, 60, scoped=True))}

    for coin in ("BTC", "BTC", "ETH"):
        world.get(world.transport(pools=pools), scope=coin, cost=1)

    used = world.store.used(
        [
            Budget("stub:minute", 10, 60),
            Budget("stub:per-coin:BTC", 2, 60),
            Budget("stub:per-coin:ETH", 2, 60),
        ]
    )
    assert used == [3, 2, 1]


def test_an_exhausted_pool_does_not_hold_up_the_others(world: World) -> None:
    pools = {"scarce": (Pool("scarce", 1, 60),), "calls": (Pool("calls", 100, 60),)}
    transport = world.transport(pools=pools)
    finished: list[str] = []

    async def call(path: str, pool: str) -> None:
        await transport.get_json(path, pool=pool)
        finished.append(path)

    async def both() -> None:
        waiting = [asyncio.create_task(call(f"/scarce/{n}", "scarce")) for n in range(40)]
        await asyncio.gather(*[call(f"/plenty/{n}", "calls") for n in range(40)])
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def never(seconds: float) -> None:
        await asyncio.Event().wait()

    world.sleep = never  # type: ignore[method-assign]
    transport = world.transport(pools=pools)

    run(both())

    assert sum(path.startswith("/plenty") for path in finished) == 40
    assert sum(path.startswith("/scarce") for path in finished) == 1


def test_a_hold_pauses_all_calls_of_the_provider(world: World) -> None:
    def hold_s(headers: object) -> float:
        return 30.0 if headers.get("x-used") == "2000" else 0.0  # type: ignore[attr-defined]

    world.answers(ok(**{"x-used": "2000"}), ok())

    first = world.get(world.transport(hold_s=hold_s))
    began_s = world.wall_s
    second = world.get()

    assert (first, second) == ({"answer": 42}, {"answer": 42})
    assert world.wall_s - began_s == pytest.approx(30.0, abs=0.1)


def test_a_store_that_can_not_be_used_is_reported_as_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(world.store, "take", broken)

    error = refused(world)

    assert isinstance(error, ProviderUnavailable)
    assert "disk" not in error.detail
    assert world.calls == 0


def test_keys_and_parameters_never_reach_a_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.answers(
        ok(),
        httpx.Response(429, headers={"retry-after": "1"}),
        httpx.Response(400, text="bad secret-in-body"),
        httpx.ConnectError("http://stub.test?token=secret-parameter"),
        httpx.Response(403, text="<html>secret-in-body"),
    )
    transport = world.transport(headers={"x-api-key": "secret-header"})

    with caplog.at_level(logging.DEBUG):
        world.get(transport, params={"token": "secret-parameter"})
        for _ in range(5):
            with pytest.raises(ProviderError) as caught:
                world.get(transport, params={"token": "secret-parameter"})
            assert "secret" not in str(caught.value)

    assert {record.name for record in caplog.records} >= {transport_module.__name__}
    for record in caplog.records:
        assert "secret" not in f"{record.getMessage()} {vars(record)}"
    assert "secret" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("http")]


def test_the_errors_of_one_provider_do_not_stop_another(world: World) -> None:
    world.answers(httpx.Response(451), ok())
    refused(world)

    assert world.get(world.transport(name="other")) == {"answer": 42}


def test_circuit_errors_are_provider_errors() -> None:
    assert issubclass(ProviderCircuitOpen, ProviderError)

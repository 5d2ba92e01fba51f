"""The sandbox's websockets speak as the venues do; what they tell is what its pages tell."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.http import ConnectionDropped, Refused, Request
from market.sandbox.replay import ReplayedMarket
from market.sandbox.streams import Conversation
from market.types import DAY_MS, MINUTE_MS
from tests.market.sandbox.recorded_market import DAYS, START_MS, write_recordings
from tests.market.sandbox.upstream import NOW_MS, Upstream, Wall

ALL = "/market/ws/!forceOrder@arr"
SUBSCRIBE = '{"op":"subscribe","args":[{"channel":"liquidation-orders","instType":"SWAP"}]}'


def open_stream(upstream: Upstream, vendor: str, path: str, **params: str) -> Conversation:
    sandbox = upstream.sandbox
    mounted = sandbox.mounted(f"/{vendor}")
    assert mounted is not None
    return asyncio.run(sandbox.converse(mounted, Request(path, params)))


def told(talk: Conversation, minutes: float = 10.0) -> list[Any]:
    """Return what is pushed while so many minutes pass."""
    with clock.frozen(clock.now_ms() + int(minutes * MINUTE_MS)):
        return [orjson.loads(frame) for frame in talk.due()]


def test_all_symbols_of_binance_come_in_one_stream(upstream: Upstream) -> None:
    frames = told(open_stream(upstream, "binance", ALL))

    assert {frame["e"] for frame in frames} == {"forceOrder"}
    symbols = {frame["o"]["s"] for frame in frames}
    assert {"BTCUSDT", "ETHUSDT"} <= symbols
    assert len(symbols) > 50
    order = frames[0]["o"]
    assert order.keys() >= set("sSofqplzXT") | {"ap"}
    assert NOW_MS - 1_000 < order["T"] <= NOW_MS + 10 * MINUTE_MS


def test_frames_say_the_margin_inside_beside_or_not_at_all_and_come_twice_at_times(
    upstream: Upstream,
) -> None:
    frames = told(open_stream(upstream, "binance", ALL), minutes=50)

    places = {("st" in frame["o"], "st" in frame) for frame in frames}
    assert places == {(True, False), (False, True), (False, False)}
    coin_margined = [f["o"]["s"] for f in frames if 2 in (f["o"].get("st"), f.get("st"))]
    assert coin_margined
    assert all(symbol.endswith("_PERP") for symbol in coin_margined)
    assert any(one == following for one, following in pairwise(frames))


def test_a_symbol_comes_at_most_once_a_second(upstream: Upstream) -> None:
    frames = told(open_stream(upstream, "binance", "/market/ws/btcusdt@forceOrder"), minutes=50)

    times = sorted({frame["o"]["T"] for frame in frames})
    assert len(times) > 20
    assert len({at_ms // 1000 for at_ms in times}) == len(times)
    assert {frame["o"]["s"] for frame in frames} == {"BTCUSDT"}


def test_combined_streams_are_wrapped_with_their_name(upstream: Upstream) -> None:
    talk = open_stream(
        upstream, "binance", "/market/stream", streams="btcusdt@forceOrder/ethusdt@forceOrder"
    )

    frames = told(talk, minutes=30)

    assert {frame["stream"] for frame in frames} == {"btcusdt@forceOrder", "ethusdt@forceOrder"}
    assert all(frame["data"]["o"]["s"].lower() in frame["stream"] for frame in frames)


def test_a_subscription_is_confirmed_whatever_its_name_and_then_served(upstream: Upstream) -> None:
    talk = open_stream(upstream, "binance", "/market/ws")

    for name in ("no-such-stream", "btcusdt@forceOrder"):
        request = orjson.dumps({"method": "SUBSCRIBE", "params": [name], "id": 7}).decode()
        assert talk.answers(request) == [b'{"result":null,"id":7}']
    assert told(talk, minutes=30)


@pytest.mark.parametrize("path", ["/ws/!forceOrder@arr", "/ws/btcusdt@forceOrder", "/stream"])
def test_the_retired_paths_connect_and_say_nothing(upstream: Upstream, path: str) -> None:
    assert told(open_stream(upstream, "binance", path, streams="!forceOrder@arr")) == []


def test_okx_pushes_after_a_subscription_only(upstream: Upstream) -> None:
    talk = open_stream(upstream, "okx", "/ws/v5/public")
    assert told(talk) == []

    (answer,) = talk.answers(SUBSCRIBE)

    assert orjson.loads(answer)["event"] == "subscribe"
    with clock.frozen(NOW_MS + 10 * MINUTE_MS):
        talk.due()
        frames = told(talk)
    assert {frame["arg"]["channel"] for frame in frames} == {"liquidation-orders"}
    assert len({frame["data"][0]["instId"] for frame in frames}) > 20


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"op":"subscribe","args":[{"channel":"nonsense"}]}', "60018"),
        (
            '{"op":"subscribe","args":[{"channel":"liquidation-orders","instType":"SWAP",'
            '"instId":"BTC-USDT-SWAP"}]}',
            "60018",
        ),
        ("not json", "60012"),
        ('{"op":"login"}', "60012"),
    ],
)
def test_what_okx_refuses(upstream: Upstream, text: str, code: str) -> None:
    talk = open_stream(upstream, "okx", "/ws/v5/public")

    answers = [orjson.loads(answer) for answer in talk.answers(text)]

    assert [(answer["event"], answer["code"]) for answer in answers] == [("error", code)]
    assert told(talk) == []


def test_the_stream_of_okx_tells_what_its_page_tells(upstream: Upstream) -> None:
    talk = open_stream(upstream, "okx", "/ws/v5/public")
    talk.answers(SUBSCRIBE)

    pushed = [
        detail["ts"]
        for frame in told(talk, minutes=10)
        for row in frame["data"]
        for detail in row["details"]
        if row["instId"] == "BTC-USDT-SWAP"
    ]

    with clock.frozen(NOW_MS + 10 * MINUTE_MS):
        (page,) = upstream.okx(
            "/api/v5/public/liquidation-orders", instType="SWAP", instFamily="BTC-USDT"
        )
    on_page = {detail["ts"] for detail in page["details"]}
    assert pushed
    assert set(pushed) <= on_page


def test_okx_hangs_up_on_who_says_nothing_for_half_a_minute(upstream: Upstream, wall: Wall) -> None:
    talk = open_stream(upstream, "okx", "/ws/v5/public")
    wall.advance(29)
    assert talk.answers("ping") == [b"pong"]
    wall.advance(29)
    talk.due()
    wall.advance(2)

    with pytest.raises(ConnectionDropped):
        talk.due()


def test_binance_ends_a_connection_after_a_day(upstream: Upstream, wall: Wall) -> None:
    talk = open_stream(upstream, "binance", ALL)
    wall.advance(24 * 3600)
    talk.due()
    wall.advance(1)

    with pytest.raises(ConnectionDropped):
        talk.due()


def test_a_silent_stream_is_open_and_pushes_nothing(upstream: Upstream) -> None:
    upstream.sandbox.fault("binance", "silent")

    assert told(open_stream(upstream, "binance", ALL)) == []


def test_a_broken_stream_ends_after_so_many_frames(upstream: Upstream) -> None:
    talk = open_stream(upstream, "binance", ALL)
    upstream.sandbox.fault("binance", "broken", after=5)
    assert len(told(talk, minutes=5)) > 5

    with pytest.raises(ConnectionDropped):
        talk.due()


def test_faults_of_requests_refuse_a_stream_at_its_opening(upstream: Upstream) -> None:
    upstream.sandbox.fault("binance", "http_451", times=1)

    with pytest.raises(Refused) as refused:
        open_stream(upstream, "binance", ALL)

    assert refused.value.response.status == 451
    open_stream(upstream, "binance", ALL)


def test_faults_of_streams_leave_requests_alone(upstream: Upstream) -> None:
    upstream.sandbox.fault("okx", "silent")
    upstream.sandbox.fault("okx", "broken", times=1)

    assert upstream.okx("/api/v5/public/time")
    assert len(upstream.sandbox.active_faults()) == 2


def test_too_many_connections_are_a_broken_limit(upstream: Upstream) -> None:
    for _ in range(3):
        open_stream(upstream, "okx", "/ws/v5/public")

    with pytest.raises(Refused):
        open_stream(upstream, "okx", "/ws/v5/public")

    assert [violation.pool for violation in upstream.sandbox.violations] == ["stream connects"]


def test_there_is_no_websocket_elsewhere(upstream: Upstream) -> None:
    with pytest.raises(Refused) as refused:
        open_stream(upstream, "coinglass", "/ws")

    assert refused.value.response.status == 404


def test_while_the_clock_stands_nothing_is_told(upstream: Upstream) -> None:
    talk = open_stream(upstream, "binance", ALL)

    assert talk.due() == []
    assert told(talk)


def test_a_replayed_market_is_silent_since_its_recordings_sum_up_what_is_over(
    tmp_path: Path, wall: Wall
) -> None:
    replayed = Upstream(Sandbox(ReplayedMarket(write_recordings(tmp_path))))
    with clock.frozen(START_MS + DAYS * DAY_MS // 2):
        talk = open_stream(replayed, "okx", "/ws/v5/public")
        talk.answers(SUBSCRIBE)

        assert told(talk, minutes=50) == []

"""The real thing over this machine's loopback: our connection, the served sandbox, its faults."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from market.streams.connection import StreamLost, StreamRefused, open_websocket
from market.types import MINUTE_MS
from tests.market.streams.listening import until

ROOT = Path(__file__).resolve().parents[3]
SUBSCRIBE = '{"op":"subscribe","args":[{"channel":"liquidation-orders","instType":"SWAP"}]}'
AT_MS = 1_790_683_500_000
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the sandbox as people run it, with a standing clock; return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_sandbox", "--port", address.rpartition(":")[2]],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(until(lambda: answers(address)))
        control(address, "clock", at=AT_MS)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{address}/", timeout=1.0).close()
    except OSError:
        return False
    return True


def control(address: str, path: str, **body: Any) -> None:
    urllib.request.urlopen(
        urllib.request.Request(
            f"http://{address}/_control/{path}", json.dumps(body).encode(), method="POST"
        ),
        timeout=PATIENCE_S,
    ).close()


@pytest.fixture
def address(served: str) -> Iterator[str]:
    yield served
    control(served, "faults", clear=True)
    control(served, "clock", at=AT_MS)


def test_okx_confirms_answers_pings_and_pushes_what_happens(address: str) -> None:
    async def talk() -> list[str | bytes]:
        async with (
            asyncio.timeout(PATIENCE_S),
            open_websocket(f"ws://{address}/okx/ws/v5/public") as connection,
        ):
            await connection.send("ping")
            heard = [await connection.receive()]
            await connection.send(SUBSCRIBE)
            heard.append(await connection.receive())
            await asyncio.to_thread(control, address, "clock", at=AT_MS + 10 * MINUTE_MS)
            heard.append(await connection.receive())
            return heard

    pong, confirmed, pushed = asyncio.run(talk())

    assert pong == "pong"
    assert json.loads(confirmed)["event"] == "subscribe"
    assert json.loads(pushed)["data"][0]["details"]


def test_binance_pushes_without_being_asked(address: str) -> None:
    async def talk() -> str | bytes:
        url = f"ws://{address}/binance/market/ws/!forceOrder@arr"
        async with asyncio.timeout(PATIENCE_S), open_websocket(url) as connection:
            await asyncio.to_thread(control, address, "clock", at=AT_MS + 10 * MINUTE_MS)
            return await connection.receive()

    assert json.loads(asyncio.run(talk()))["e"] == "forceOrder"


def test_a_refused_connection_tells_its_status_and_when_to_return(address: str) -> None:
    control(address, "faults", provider="binance", kind="http_429", parameters={"retry_after_s": 9})

    async def talk() -> None:
        async with open_websocket(f"ws://{address}/binance/market/ws/!forceOrder@arr"):
            raise AssertionError("connected")

    with pytest.raises(StreamRefused) as refused:
        asyncio.run(talk())
    assert (refused.value.status, refused.value.retry_after_s) == (429, 9.0)


def test_a_broken_connection_is_lost(address: str) -> None:
    async def talk() -> None:
        url = f"ws://{address}/binance/market/ws/!forceOrder@arr"
        async with asyncio.timeout(PATIENCE_S), open_websocket(url) as connection:
            await asyncio.to_thread(control, address, "faults", provider="binance", kind="broken")
            await connection.receive()

    with pytest.raises(StreamLost):
        asyncio.run(talk())


def test_where_nobody_listens_there_is_no_connection() -> None:
    async def talk() -> None:
        async with open_websocket("ws://127.0.0.1:9/"):
            raise AssertionError("connected")

    with pytest.raises(StreamLost):
        asyncio.run(talk())

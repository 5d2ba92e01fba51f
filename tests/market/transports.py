"""A transport over a pretended network, for the transport's tests: no sockets, no waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from market import clock
from market.providers.answers import raise_for_status
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderRejected
from market.providers.transport import Pool, ProviderPolicy, Transport
from market.store_contract import Store
from market.store_sqlite import SqliteStore

T = TypeVar("T")

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
RATE_LIMIT_WAIT_S = 60.0
POOLS = {"calls": (Pool("calls", 100, 60),)}


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """As the providers do it: 418 is a ban until an epoch in the body, the rest by status."""
    if status == 418:
        raise ProviderRejected("stub", "banned", status=418, blocked_for_s=120.0)
    raise_for_status("stub", status, headers, rate_limit_wait_s=RATE_LIMIT_WAIT_S)


def ok(payload: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"answer": 42} if payload is None else payload, headers=headers)


@dataclass
class World:
    """Wall time that stands still but when something sleeps, and an upstream that counts."""

    store: Store
    monkeypatch: pytest.MonkeyPatch
    wall_s: float = 1_790_000_000.0
    slept_s: list[float] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    handler: Handler = lambda request: ok()
    jitter: float = 1.0

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(clock, "wall_s", lambda: self.wall_s)

    @property
    def calls(self) -> int:
        return len(self.requests)

    def answers(self, *responses: httpx.Response | Exception) -> None:
        """Answer with these in turn, then with the last for ever."""
        remaining = list(responses)

        def handler(request: httpx.Request) -> httpx.Response:
            response = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            if isinstance(response, Exception):
                raise response
            return httpx.Response(
                response.status_code, headers=response.headers, content=response.content
            )

        self.handler = handler

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.wall_s += seconds
        await asyncio.sleep(0)

    def transport(self, **policy: Any) -> Transport:
        async def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            response = self.handler(request)
            return response if isinstance(response, httpx.Response) else await response

        fields: dict[str, Any] = {"name": "stub", "pools": POOLS, "classify": classify, **policy}
        client = httpx.AsyncClient(
            base_url="http://stub.test/v1", transport=httpx.MockTransport(handle), trust_env=False
        )
        return Transport(
            ProviderPolicy(**fields),
            client,
            self.store,
            sleep=self.sleep,
            jitter=lambda: self.jitter,
        )

    def get(self, transport: Transport | None = None, path: str = "/answer", **call: Any) -> Any:
        """Make one call on a loop of its own and return its payload."""
        transport = transport or self.transport()
        call = {"pool": "calls", **call}
        return run(transport.get_json(path, **call))


def run(work: Coroutine[Any, Any, T], deadline_s: float = 120.0) -> T:
    async def bounded() -> T:
        with deadline_within(deadline_s):
            return await work

    return asyncio.run(bounded())


def body_of(response: httpx.Response) -> Any:
    return json.loads(response.content)


def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(SqliteStore(tmp_path / "transport.sqlite3"), monkeypatch)

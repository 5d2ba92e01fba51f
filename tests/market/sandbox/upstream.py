"""What the sandbox's tests share: asking it over its own HTTP clients, and checking wire types."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from typing import Any

import httpx

from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket

# 2026-09-21T14:13:20Z, inside every interval: nothing is on a round time.
NOW_MS = 1_790_000_000_000

BINANCE = "https://fapi.binance.com"
OKX = "https://www.okx.com"
COINGECKO = "https://api.coingecko.com/api/v3"
ALTERNATIVE_ME = "https://api.alternative.me"

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")


@cache
def simulated(seed: int = 1) -> SimulatedMarket:
    """Return a market that tests may share: it is a pure function of seed and time."""
    return SimulatedMarket(seed)


class Wall:
    """Wall time under a test's control."""

    now_s = 1_800_000_010.0

    def advance(self, by_s: float) -> None:
        self.now_s += by_s


class Upstream:
    """Asks one sandbox as the product would, but synchronously."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._make_client = sandbox.client_factory()

    def get(
        self, base: str, path: str, *, headers: dict[str, str] | None = None, **params: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self._make_client(base) as client:
                return await client.get(path, params=params or None, headers=headers)

        return asyncio.run(ask())

    def post(self, path: str, body: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self._make_client("http://127.0.0.1") as client:
                return await client.post(path, json=body)

        return asyncio.run(ask())

    def binance(self, path: str, **params: Any) -> Any:
        return _answered(self.get(BINANCE, path, **params))

    def okx(self, path: str, **params: Any) -> Any:
        body = _answered(self.get(OKX, path, **params))
        assert body["code"] == "0", body
        return body["data"]

    def coingecko(self, path: str, **params: Any) -> Any:
        return _answered(self.get(COINGECKO, path, **params))


def decimal_text(value: Any) -> bool:
    """Tell whether a value is a number written as text, without an exponent."""
    return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None


def whole(value: Any) -> bool:
    return type(value) is int


def millisecond_text(value: Any) -> bool:
    return isinstance(value, str) and value.isdigit() and len(value) == 13


def _answered(response: httpx.Response) -> Any:
    assert response.status_code == 200, (response.status_code, response.text[:300])
    return response.json()

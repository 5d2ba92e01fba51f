"""A bot in the hands of a test: calls the stand-in Telegram's methods and takes the answers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from market.sandbox.handle import Sandbox
from market.sandbox.telegram_rules import TOKEN

TELEGRAM = "https://api.telegram.org"


class Bot:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.telegram = sandbox.telegram
        self._make_client = sandbox.client_factory()

    async def ask(
        self,
        method: str,
        *,
        token: str = TOKEN,
        how: str = "json",
        timeout_s: float = 5.0,
        **params: Any,
    ) -> httpx.Response:
        """Call a method; ``how`` is an argument of httpx, "params" being a GET."""
        async with self._make_client(TELEGRAM) as client:
            return await client.request(
                "GET" if how == "params" else "POST",
                f"/bot{token}/{method}",
                timeout=timeout_s,
                **({how: params} if params else {}),
            )

    def call(self, method: str, **params: Any) -> httpx.Response:
        return asyncio.run(self.ask(method, **params))

    def done(self, method: str, **params: Any) -> Any:
        """Return the result of a call that must succeed."""
        answer = self.call(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def refused(self, method: str, **params: Any) -> tuple[int, str]:
        """Return code and description of a call that must not succeed."""
        answer = self.call(method, **params)
        body = answer.json()
        assert body["ok"] is False
        assert body["error_code"] == answer.status_code
        return answer.status_code, body["description"]

    def updates(self, offset: int = 0) -> Any:
        return self.done("getUpdates", offset=offset, timeout=0)

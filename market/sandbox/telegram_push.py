"""Updates sent to the bot's webhook, one after the other, again with growing pauses on failure.

The sandbox speaks to this machine only: an address elsewhere is accepted and never called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import orjson

from market.sandbox.telegram_updates import Updates

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
_ANSWER_WITHIN_S = 10.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def is_here(url: str) -> bool:
    return urlsplit(url).hostname in _THIS_MACHINE


async def push_pending(updates: Updates, client: httpx.AsyncClient) -> str:
    """Push until nothing is left or one is not taken; return why not, "" for all well."""
    while (due := updates.to_push()) is not None:
        webhook, update = due
        headers = {"content-type": "application/json"}
        if webhook.secret_token:
            headers[SECRET_HEADER] = webhook.secret_token
        try:
            answer = await client.post(
                webhook.url, content=orjson.dumps(update), headers=headers, timeout=_ANSWER_WITHIN_S
            )
        except httpx.HTTPError as e:
            error = f"Connection failed: {type(e).__name__}"
        else:
            status = f"{answer.status_code} {answer.reason_phrase}"
            error = "" if answer.is_success else f"Wrong response from the webhook: {status}"
        updates.pushed(webhook, update, error)
        if error:
            return error
    return ""


async def push_forever(updates: Updates, make_client: Callable[[], httpx.AsyncClient]) -> None:
    """Push whatever comes, as long as the sandbox runs."""
    pause_s = _FIRST_PAUSE_S
    async with make_client() as client:
        while True:
            await updates.change()
            webhook = updates.webhook
            if webhook is None or not is_here(webhook.url):
                # Not until that changes: it is told by the next update or setWebhook.
                await asyncio.sleep(_FIRST_PAUSE_S)
                continue
            if await push_pending(updates, client):
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S

"""Updates that wait for the bot: fetched by one poller, or pushed to its webhook, never both.

They are kept until confirmed, however old: the 24 hours that Telegram keeps them are not imitated.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from market import clock
from market.sandbox.http import Response
from market.sandbox.telegram_rules import conflict, done

LONGEST_POLL_S = 50
MOST_UPDATES = 100
_FIRST_ID = 10_000

Update = dict[str, Any]


@dataclass(slots=True)
class Webhook:
    url: str
    secret_token: str = ""
    max_connections: int = 40
    last_error_s: int | None = None
    last_error: str = ""


class Updates:
    """The queue. Called from several threads and event loops: a held poll waits on a future."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: deque[Update] = deque()
        self._next_id = _FIRST_ID
        self._allowed: Sequence[str] = ()  # empty: all
        self._held: Future[Response | None] | None = None
        self._watched: Future[None] | None = None
        self.webhook: Webhook | None = None

    # --- arriving -----------------------------------------------------------------------------

    def add(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update; None for a kind that the bot did not ask for."""
        if self._allowed and kind not in self._allowed:
            return None
        return self.add_raw({kind: content})

    def add_raw(self, update: Update) -> int:
        """Queue whatever this is; one with an ``update_id`` keeps it, even a used one."""
        with self._lock:
            number = update.get("update_id", self._next_id)
            self._next_id = max(self._next_id, number) + 1
            self._pending.append({"update_id": number, **update})
            self._wake()
            return int(number)

    def pending(self) -> list[Update]:
        with self._lock:
            return list(self._pending)

    def _wake(self, refusal: Response | None = None) -> None:
        # Who waited may have given up in the meantime.
        with suppress(InvalidStateError):
            if self._held is not None:
                self._held.set_result(refusal)
        self._held = None
        with suppress(InvalidStateError):
            if self._watched is not None:
                self._watched.set_result(None)
        self._watched = None

    # --- polling ------------------------------------------------------------------------------

    async def get(
        self, offset: int, limit: int, timeout_s: float, allowed: Sequence[str] | None
    ) -> Response:
        """Return what is due from an offset on; what lies before it is confirmed and forgotten."""
        with self._lock:
            if self.webhook is not None:
                return conflict(
                    "can't use getUpdates method while webhook is active; use deleteWebhook to "
                    "delete the webhook first"
                )
            self._wake(
                conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance "
                    "is running"
                )
            )
            if allowed is not None:
                self._allowed = allowed
            self._confirm(offset)
            if self._pending or timeout_s <= 0:
                return done(list(self._pending)[:limit])
            held: Future[Response | None] = Future()
            self._held = held
        try:
            waited = min(timeout_s, LONGEST_POLL_S)
            refusal = await asyncio.wait_for(asyncio.wrap_future(held), waited)
        except TimeoutError:
            refusal = None
        if refusal is not None:
            return refusal
        return done(self.pending()[:limit])

    def _confirm(self, offset: int) -> None:
        if offset < 0:  # from the end of the queue
            while len(self._pending) > -offset:
                self._pending.popleft()
        while offset > 0 and self._pending and self._pending[0]["update_id"] < offset:
            self._pending.popleft()

    # --- the webhook --------------------------------------------------------------------------

    def set_webhook(self, webhook: Webhook, allowed: Sequence[str] | None, *, drop: bool) -> bool:
        """Send updates there from now on; tell whether that is news."""
        with self._lock:
            before, self.webhook = self.webhook, webhook
            if allowed is not None:
                self._allowed = allowed
            if drop:
                self._pending.clear()
            self._wake(conflict("terminated by setWebhook request"))
            return before is None or before.url != webhook.url

    def delete_webhook(self, *, drop: bool) -> bool:
        """Leave updates to a poller again; tell whether that is news."""
        with self._lock:
            before, self.webhook = self.webhook, None
            if drop:
                self._pending.clear()
            return before is not None

    def webhook_info(self) -> dict[str, Any]:
        with self._lock:
            webhook = self.webhook
            info: dict[str, Any] = {
                "url": webhook.url if webhook else "",
                "has_custom_certificate": False,
                "pending_update_count": len(self._pending),
            }
            if webhook and webhook.last_error_s is not None:
                info["last_error_date"] = webhook.last_error_s
                info["last_error_message"] = webhook.last_error
            if webhook:
                info["max_connections"] = webhook.max_connections
            if self._allowed:
                info["allowed_updates"] = list(self._allowed)
            return info

    def to_push(self) -> tuple[Webhook, Update] | None:
        """Return the next update and where it is to be sent."""
        with self._lock:
            if self.webhook is None or not self._pending:
                return None
            return self.webhook, self._pending[0]

    def pushed(self, webhook: Webhook, update: Update, error: str) -> None:
        """Note how sending it went; without an error it is confirmed."""
        with self._lock:
            if error:
                webhook.last_error_s, webhook.last_error = int(clock.wall_s()), error
            elif self._pending and self._pending[0] is update:
                self._pending.popleft()

    async def change(self) -> None:
        """Wait until there may be something to push."""
        with self._lock:
            watched: Future[None] = Future()
            self._watched = watched
            if self.webhook is not None and self._pending:
                return
        await asyncio.wrap_future(watched)

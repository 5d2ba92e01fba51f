"""Asks Telegram for updates, as long as no webhook brings them: one poller an installation.

Updates are kept as rows before the next call confirms them, so a poller that dies loses none; what
is told again is known by its number. A resident, see ``config.residents``.
"""

from __future__ import annotations

import logging
import threading
from secrets import token_bytes

from django.conf import settings
from django.db import connection

from market.clock import wall_s
from market.store import StoreUnavailable, get_store
from notifications import updates
from notifications.commands import registered_commands
from notifications.telegram import JsonObject, get_client
from notifications.telegram_errors import (
    TelegramConflict,
    TelegramError,
    TelegramFlood,
    TelegramUnauthorized,
)

logger = logging.getLogger(__name__)

POLL_S = 50  # the longest that Telegram holds a call
# A poller that died keeps others from polling for this long.
LEASE_TTL_S = 20.0
RENEW_S = 5.0
STOP_CHECK_S = 0.5
PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
# A refused token: it does not come back by itself, but a proxy may have answered for Telegram.
REFUSED_PAUSE_S = 600.0
_LEASE = "telegram:poller"


class _Stopped(Exception):
    """The process is to end, or the lease is lost."""


def is_wanted() -> bool:
    return bool(
        settings.TELEGRAM_BOT_TOKEN
        and not settings.TELEGRAM_DRY_RUN
        and not settings.TELEGRAM_WEBHOOK_URL
    )


def run(stop: threading.Event) -> None:
    """Poll until the event is set; whoever is not the one poller waits to become it."""
    said = False
    while not stop.is_set():
        lease = _Lease()
        try:
            if lease.take():
                said = False
                _poll(stop, lease)
            elif not said:
                logger.info("another process asks Telegram for updates, waiting for its lease")
                said = True
        except StoreUnavailable:
            logger.warning("no updates are asked for, the shared store is away")
        finally:
            lease.give_back()
        stop.wait(PAUSE_S)


class _Lease:
    """The right to be the one poller."""

    def __init__(self) -> None:
        self._value = token_bytes(16)
        self._is_held = False
        self._renew_at_s = 0.0

    def take(self) -> bool:
        self._is_held = get_store().add(_LEASE, self._value, LEASE_TTL_S)
        self._renew_at_s = wall_s() + RENEW_S
        return self._is_held

    def check(self) -> None:
        """Prolong the lease from time to time. Raises _Stopped when it is lost."""
        if wall_s() < self._renew_at_s:
            return
        self._is_held = get_store().replace(_LEASE, self._value, self._value, LEASE_TTL_S)
        self._renew_at_s = wall_s() + RENEW_S
        if not self._is_held:
            logger.warning("the lease for asking Telegram for updates is lost")
            raise _Stopped

    def give_back(self) -> None:
        if not self._is_held:
            return
        try:
            get_store().release(_LEASE, self._value)
        except StoreUnavailable:
            logger.warning("a lease was not given back, it ends by itself")


def _poll(stop: threading.Event, lease: _Lease) -> None:
    offset: int | None = None
    is_prepared = False
    pause_s = PAUSE_S
    while not stop.is_set():
        try:
            lease.check()
            if not is_prepared:
                announce_commands()
                get_client().delete_webhook()
                is_prepared = True
            received = _received(offset, stop, lease)
            if received:
                _keep(received)
            # Confirmed once: numbers may begin anew after a week without updates.
            offset = _newest(received)
            pause_s = PAUSE_S
        except _Stopped:
            return
        except TelegramError as e:
            wait_s = _pause_after(e, pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            _wait(wait_s, stop, lease)
        except updates.NotKept:
            # Not confirmed: Telegram tells them again.
            logger.exception("updates not kept, the database is away")
            offset = None
            _wait(pause_s, stop, lease)


def announce_commands() -> None:
    """Tell Telegram which commands to offer while somebody types."""
    get_client().set_my_commands(
        [(command.name, command.description) for command in registered_commands()]
    )


def _received(offset: int | None, stop: threading.Event, lease: _Lease) -> list[JsonObject]:
    """Return the updates that came. Raises _Stopped at once when the process is to end.

    The call is left to a thread that nobody waits for: it cannot be broken off, and what it would
    bring is not confirmed, so the next poller hears of it.
    """
    outcome: list[list[JsonObject]] = []
    failure: list[BaseException] = []
    ended = threading.Event()
    client = get_client()

    def call() -> None:
        try:
            outcome.append(
                client.get_updates(
                    offset=offset, timeout_s=POLL_S, allowed_updates=updates.ALLOWED_UPDATES
                )
            )
        except BaseException as e:  # noqa: BLE001 - raised again by who waits
            failure.append(e)
        finally:
            ended.set()

    threading.Thread(target=call, name="telegram-poll", daemon=True).start()
    while not ended.wait(STOP_CHECK_S):
        if stop.is_set():
            raise _Stopped
        lease.check()
    if failure:
        raise failure[0]
    return outcome[0]


def _keep(received: list[JsonObject]) -> None:
    try:
        updates.receive(received)
    finally:
        # This thread lives on for weeks: one broken connection must not be kept.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _newest(received: list[JsonObject]) -> int | None:
    numbers = [update["update_id"] for update in received if updates.is_update(update)]
    return max(numbers) + 1 if numbers else None


def _pause_after(error: TelegramError, pause_s: float) -> float:
    match error:
        case TelegramConflict():
            logger.warning(
                "another program uses this bot's token, updates may go there",
                extra={"reason": error.description},
            )
            return pause_s
        case TelegramFlood():
            return error.retry_after_s + 1.0
        case TelegramUnauthorized():
            logger.error(
                "Telegram refuses the token, no updates", extra={"reason": error.description}
            )
            return REFUSED_PAUSE_S
        case _:
            logger.warning("Telegram does not answer", extra={"reason": str(error)})
            return pause_s


def _wait(for_s: float, stop: threading.Event, lease: _Lease) -> None:
    until_s = wall_s() + for_s
    while (left_s := until_s - wall_s()) > 0 and not stop.wait(min(left_s, RENEW_S)):
        lease.check()

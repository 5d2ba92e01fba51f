"""How fast Telegram lets us send, and when not at all: shared by every process of an installation.

Replies of the bot and deliveries take from the same budgets. A 429 pauses the whole sender, since
its answer does not say whether the chat or the bot was too fast; a refused token stops it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_bytes

from django.conf import settings

from market.clock import wall_s
from market.store import Budget, get_store

# Telegram's documented limits; of "about 30 a second" two are left for what the network moves
# together: each 429 costs everybody two seconds and more.
MESSAGES_PER_S = 28
MESSAGES_PER_S_IN_A_CHAT = 1
MESSAGES_PER_MINUTE_IN_A_GROUP = 20

# Waiting exactly as long as told was too short often enough to be told again.
EXTRA_PAUSE_S = 1.0
# A revoked token does not come back, but a proxy may have answered in Telegram's name: ask again.
ASK_AGAIN_AFTER_S = 3600.0
# A sender that died keeps others from sending for this long.
TURN_TTL_S = 15.0

_ALL = Budget("telegram:all", MESSAGES_PER_S, window_s=1)
_PAUSE = "telegram:pause"
_TURN = "telegram:turn"


def take_turn(chat_id: int) -> float:
    """Take the right to send one message to a chat; 0.0 when granted, else seconds to wait.

    Raises nothing but ``StoreUnavailable``. A pause counts as well.
    """
    if (pause_s := paused_s()) > 0:
        return pause_s
    return get_store().take([_ALL, *_of_chat(chat_id)])


def is_bot_at_its_limit() -> bool:
    """Tell whether it is the bot's own limit, not a chat's, that the next message waits for."""
    return get_store().used([_ALL])[0] >= MESSAGES_PER_S


def pause(retry_after_s: float) -> None:
    """Let nobody send for as long as Telegram said, and a second more."""
    for_s = retry_after_s + EXTRA_PAUSE_S
    until_s = wall_s() + for_s
    if until_s > _paused_until_s():
        get_store().set(_PAUSE, b"%.3f" % until_s, for_s)


def paused_s() -> float:
    """Return for how long nobody may send; 0.0 when anybody may."""
    return max(0.0, _paused_until_s() - wall_s())


def stop(reason: str) -> None:
    """Let nobody send with the present token; a new token starts afresh."""
    get_store().set(_stop_key(), reason.encode(), ASK_AGAIN_AFTER_S)


def stopped_reason() -> str | None:
    """Return why nothing can be sent with the present token; None when nothing stands against."""
    held = get_store().get(_stop_key())
    return None if held is None else held.decode()


@dataclass(slots=True)
class Turn:
    """The right to be the installation's one sender: the limits are shared, so more gain nothing.

    Only for economy: each delivery is claimed for itself, whoever sends.
    """

    value: bytes
    is_held: bool

    def renew(self) -> None:
        if self.is_held:
            self.is_held = get_store().replace(_TURN, self.value, self.value, TURN_TTL_S)


@contextmanager
def sender_turn() -> Iterator[Turn]:
    """Try to be the one sender inside a ``with`` block; see whether it worked in ``is_held``."""
    value = token_bytes(16)
    turn = Turn(value, get_store().add(_TURN, value, TURN_TTL_S))
    try:
        yield turn
    finally:
        if turn.is_held:
            get_store().release(_TURN, value)


def _of_chat(chat_id: int) -> list[Budget]:
    budgets = [Budget(f"telegram:chat:{chat_id}", MESSAGES_PER_S_IN_A_CHAT, window_s=1)]
    if chat_id < 0:
        budgets.append(
            Budget(f"telegram:group:{chat_id}", MESSAGES_PER_MINUTE_IN_A_GROUP, window_s=60)
        )
    return budgets


def _paused_until_s() -> float:
    held = get_store().get(_PAUSE)
    return 0.0 if held is None else float(held)


def _stop_key() -> str:
    fingerprint = hashlib.sha256(settings.TELEGRAM_BOT_TOKEN.encode()).hexdigest()[:16]
    return f"telegram:stopped:{fingerprint}"

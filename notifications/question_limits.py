"""How often the bot lets people ask what costs calls of the providers: scans need those as well."""

from __future__ import annotations

from market.store import Budget, get_store

QUESTIONS_PER_MINUTE = 30
QUESTIONS_PER_MINUTE_IN_A_CHAT = 10

_ALL = Budget("bot:questions", QUESTIONS_PER_MINUTE, window_s=60)


def seconds_until_next_question(chat_id: int) -> float:
    """Take the right to ask one question; 0.0 when granted, else seconds to wait."""
    of_chat = Budget(f"bot:questions:{chat_id}", QUESTIONS_PER_MINUTE_IN_A_CHAT, window_s=60)
    return get_store().take([_ALL, of_chat])

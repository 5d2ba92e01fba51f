"""What may become of a call to Telegram, classed by what has to be done about it.

Descriptions are Telegram's own words or ours, never a URL: the token is part of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TelegramError(Exception):
    """A call did not do what was asked. ``description`` is Telegram's, or ours; it is public.

    TelegramError
    ├── TelegramUnavailable    no usable answer: try again later
    ├── TelegramFlood          429: wait ``retry_after_s``
    ├── TelegramUnauthorized   401, 404: nothing can be sent with this token
    ├── TelegramConflict       409: somebody else fetches updates
    ├── ChatMoved              the group has a new id
    ├── ChatUnreachable        blocked, kicked, deactivated or unknown: give this chat up
    ├── ChatNotStarted         the user has not pressed Start yet: not a block
    ├── BadMarkup              the text's markup is refused: plain text will do
    ├── NothingToDo            not modified, query too old: no harm done
    └── TelegramRejected       any other refusal: the same call will fail again
    """

    def __init__(self, method: str, description: str) -> None:
        super().__init__(f"{method}: {description}")
        self.method = method
        self.description = description


class TelegramUnavailable(TelegramError):
    """``may_have_arrived``: the request may have been carried out, only its answer is missing."""

    def __init__(self, method: str, description: str, *, may_have_arrived: bool) -> None:
        super().__init__(method, description)
        self.may_have_arrived = may_have_arrived


class TelegramFlood(TelegramError):
    def __init__(self, method: str, description: str, retry_after_s: float) -> None:
        super().__init__(method, description)
        self.retry_after_s = retry_after_s


class TelegramUnauthorized(TelegramError):
    pass


class TelegramConflict(TelegramError):
    pass


class ChatMoved(TelegramError):
    def __init__(self, method: str, description: str, new_chat_id: int) -> None:
        super().__init__(method, description)
        self.new_chat_id = new_chat_id


class ChatUnreachable(TelegramError):
    """``state``: what the chat is from now on, "blocked", "deactivated" or "invalid"."""

    def __init__(self, method: str, description: str, state: str) -> None:
        super().__init__(method, description)
        self.state = state


class ChatNotStarted(TelegramError):
    pass


class BadMarkup(TelegramError):
    pass


class NothingToDo(TelegramError):
    pass


class TelegramRejected(TelegramError):
    pass


def error_of(method: str, status: int, body: Mapping[str, Any]) -> TelegramError:
    """Class a refusal: by code first, then by how its description begins (texts may change)."""
    code = body.get("error_code")
    code = code if isinstance(code, int) else status
    description = str(body.get("description") or f"error {code}")
    told = description.lower()
    parameters = body.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        return TelegramFlood(method, description, _retry_after_s(parameters))
    if code in {401, 404}:
        return TelegramUnauthorized(method, description)
    if code == 409:
        return TelegramConflict(method, description)
    if code == 403:
        return _forbidden(method, description, told)
    if code >= 500:
        return TelegramUnavailable(method, description, may_have_arrived=True)
    moved_to = parameters.get("migrate_to_chat_id")
    if isinstance(moved_to, int):
        return ChatMoved(method, description, moved_to)
    if "chat not found" in told:
        return ChatUnreachable(method, description, "invalid")
    if "can't parse entities" in told:
        return BadMarkup(method, description)
    if "message is not modified" in told or "query is too old" in told:
        return NothingToDo(method, description)
    return TelegramRejected(method, description)


def _forbidden(method: str, description: str, told: str) -> TelegramError:
    if "can't initiate conversation" in told:
        return ChatNotStarted(method, description)
    state = "deactivated" if "user is deactivated" in told else "blocked"
    return ChatUnreachable(method, description, state)


def _retry_after_s(parameters: Mapping[str, Any]) -> float:
    told = parameters.get("retry_after")
    # Without the number: as long as the longest limit there is (20 a minute in a group).
    return float(told) if isinstance(told, int) and told >= 0 else 60.0

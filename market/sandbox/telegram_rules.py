"""Telegram's limits, refusals and the chats that always fail, as its methods share them.

Any chat id may be written to, but for those of ``TROUBLED_CHATS``: each of them answers with one
error of Telegram's, always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from market.sandbox.http import Refused, Request, Response
from market.sandbox.metering import Charge, Pool

PROVIDER = "telegram"
# Any other token of this form is unauthorized; what is not of this form is not found.
TOKEN = "7000000001:sandbox-telegram-token-000000000000"  # noqa: S105 - opens nothing but this
_TOKEN_FORM = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{35}")

BOT = {
    "id": 7000000001,
    "is_bot": True,
    "first_name": "Sandbox Signals",
    "username": "sandbox_signals_bot",
}

MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_CALLBACK_BYTES = 64
MOST_CALLBACK_ANSWER = 200

# 1/s to a chat, 30/s overall, 20/min to a group, counted where messages arrive: the network may
# have moved two of them half a second towards each other. So the rate holds over ten seconds, and
# within half a second there is no more than a second's worth.
LIMITS_OF_ALL = (
    Pool("messages at once", 30, 0.5),
    Pool("messages in 10 s", 330, 10.0),
)
LIMITS_OF_A_CHAT = (
    Pool("messages at once to a chat", 1, 0.5),
    Pool("messages in 10 s to a chat", 11, 10.0),
)
LIMIT_OF_A_GROUP = Pool("messages per minute to a group", 20, 59.5)

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Trouble:
    code: int
    description: str
    parameters: Mapping[str, int] | None = None


BLOCKED = Trouble(403, "Forbidden: bot was blocked by the user")
TROUBLED_CHATS: Mapping[int, Trouble] = {
    9_400_001: Trouble(400, "Bad Request: chat not found"),
    -9_400_002: Trouble(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -1_000_009_400_002},
    ),
    9_403_001: BLOCKED,
    9_403_002: Trouble(403, "Forbidden: user is deactivated"),
    9_403_003: Trouble(403, "Forbidden: bot can't initiate conversation with a user"),
    -9_403_004: Trouble(403, "Forbidden: bot was kicked from the group chat"),
    -1_000_009_403_005: Trouble(403, "Forbidden: bot was kicked from the supergroup chat"),
    -1_000_009_403_006: Trouble(403, "Forbidden: bot is not a member of the channel chat"),
    9_429_001: Trouble(429, "Too Many Requests: retry after 5", {"retry_after": 5}),
    9_500_001: Trouble(500, "Internal Server Error: restart"),
}


def done(result: Any, description: str = "") -> Response:
    """Answer that it was done."""
    body: dict[str, Any] = {"ok": True, "result": result}
    if description:
        body["description"] = description
    return Response(orjson.dumps(body), 200, _JSON)


def failure(trouble: Trouble) -> Response:
    """Answer that it was not done; the status says so as well."""
    body: dict[str, Any] = {
        "ok": False,
        "error_code": trouble.code,
        "description": trouble.description,
    }
    headers: tuple[tuple[str, str], ...] = ()
    if trouble.parameters:
        body["parameters"] = dict(trouble.parameters)
        if "retry_after" in trouble.parameters:
            headers = (("retry-after", str(trouble.parameters["retry_after"])),)
    return Response(orjson.dumps(body), trouble.code, _JSON, headers)


def refuse(trouble: Trouble) -> Refused:
    return Refused(failure(trouble))


def bad_request(reason: str) -> Refused:
    return refuse(Trouble(400, f"Bad Request: {reason}"))


def conflict(reason: str) -> Response:
    return failure(Trouble(409, f"Conflict: {reason}"))


def too_many_requests(retry_after_s: int) -> Response:
    return failure(
        Trouble(
            429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s}
        )
    )


def server_error(status: int) -> Response:
    return failure(Trouble(status, "Internal Server Error: restart"))


def refused_token(token: str) -> Response | None:
    """Return what a caller with a wrong token gets."""
    if token == TOKEN:
        return None
    if _TOKEN_FORM.fullmatch(token):
        return failure(Trouble(401, "Unauthorized"))
    return failure(Trouble(404, "Not Found"))


def chat_id_of(request: Request) -> int:
    """Return the chat that a call is about; channels' names are not known here."""
    text = request.params.get("chat_id", "").strip()
    if not text:
        raise bad_request("chat_id is empty")
    if not re.fullmatch(r"-?\d{1,16}", text):
        raise bad_request("chat not found")
    return int(text)


def charge_message(request: Request) -> Charge | None:
    """Return what a message costs of the limits overall, of its chat and of its group."""
    try:
        chat_id = chat_id_of(request)
    except Refused:
        return None
    chat = str(chat_id)
    of_chat = (*LIMITS_OF_A_CHAT, *([LIMIT_OF_A_GROUP] if chat_id < 0 else []))
    charge = None
    for pool in reversed(of_chat):
        charge = Charge(pool, 1, chat, TOKEN, then=charge)
    for pool in reversed(LIMITS_OF_ALL):
        charge = Charge(pool, 1, "", TOKEN, then=charge)
    return charge


def no_charge(_request: Request) -> Charge | None:
    return None

"""The people on the other side: what they write and press, and who blocks the bot."""

from __future__ import annotations

import itertools
import re
from typing import Any

from market import clock
from market.sandbox.telegram_chats import Chats
from market.sandbox.telegram_markup import utf16_length
from market.sandbox.telegram_rules import BOT
from market.sandbox.telegram_updates import Updates

_SOMEBODY = 1_111_111
_COMMAND = re.compile(r"(?<!\S)/\w{1,32}(?:@\w{3,32})?(?!\w)")


class Users:
    """Each verb queues the update that Telegram would send to the bot."""

    def __init__(self, chats: Chats, updates: Updates) -> None:
        self._chats = chats
        self._updates = updates
        self._numbers = itertools.count(1)
        # What the bot answered to each pressed button; None: not yet.
        self.answers: dict[str, dict[str, Any] | None] = {}

    def says(self, chat_id: int, text: str, *, user_id: int | None = None) -> int | None:
        """Write to the bot, or in a group that it is in; return the update's id."""
        message = self._chats.add(
            self._chats.chat(chat_id), clock.now_ms(), _user(chat_id, user_id), text=text
        )
        commands = [
            {
                "offset": utf16_length(text[: found.start()]),
                "length": utf16_length(found[0]),
                "type": "bot_command",
            }
            for found in _COMMAND.finditer(text)
        ]
        if commands:
            message["entities"] = commands
        return self._updates.add("message", message)

    def presses(
        self,
        chat_id: int,
        *,
        button: str = "",
        data: str = "",
        message_id: int | None = None,
        user_id: int | None = None,
    ) -> str:
        """Press a button of a message, the newest by default; return the query's id.

        The button goes by (the beginning of) its label, or by any data: clients can be forged.
        """
        chat = self._chats.chat(chat_id)
        newest = max((n for n, m in chat.messages.items() if m["from"]["is_bot"]), default=0)
        message = chat.messages.get(message_id or newest)
        if not data:
            rows = (message or {}).get("reply_markup", {}).get("inline_keyboard", [])
            pressed = [each for row in rows for each in row if each["text"].startswith(button)]
            if not pressed or "callback_data" not in pressed[0]:
                raise ValueError(f"no button {button!r} below message {message_id or newest}")
            data = pressed[0]["callback_data"]
        query_id = f"{chat_id % 10_000}{next(self._numbers):014d}"
        self.answers[query_id] = None
        self._updates.add(
            "callback_query",
            {
                "id": query_id,
                "from": _user(chat_id, user_id),
                # A message that is gone is told as inaccessible.
                "message": message
                or {"message_id": message_id or newest, "chat": chat.description, "date": 0},
                "chat_instance": str(chat_id * 31),
                "data": data,
            },
        )
        return query_id

    def blocks(self, chat_id: int) -> int | None:
        """Block the bot, or throw it out of a group."""
        return self._membership(chat_id, blocked=True)

    def unblocks(self, chat_id: int) -> int | None:
        return self._membership(chat_id, blocked=False)

    def _membership(self, chat_id: int, *, blocked: bool) -> int | None:
        chat = self._chats.chat(chat_id)
        chat.blocked = blocked
        member = {"user": BOT, "status": "member"}
        kicked = {"user": BOT, "status": "kicked", "until_date": 0}
        return self._updates.add(
            "my_chat_member",
            {
                "chat": chat.description,
                "from": _user(chat_id, None),
                "date": clock.now_ms() // 1000,
                "old_chat_member": member if blocked else kicked,
                "new_chat_member": kicked if blocked else member,
            },
        )


def _user(chat_id: int, user_id: int | None) -> dict[str, Any]:
    number = user_id or (chat_id if chat_id > 0 else _SOMEBODY)
    return {
        "id": number,
        "is_bot": False,
        "first_name": "Test",
        "username": f"test_{number}",
        "language_code": "en",
    }

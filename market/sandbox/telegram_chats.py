"""What was said in each chat: messages with their ids, pictures, and who blocked the bot."""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

from market import clock
from market.sandbox.telegram_rules import BLOCKED, TROUBLED_CHATS, bad_request, refuse

_MESSAGES_KEPT = 5_000  # per chat
_SUPERGROUPS_BELOW = -1_000_000_000_000
_THUMBNAIL_SIDES = (90, 320, 800, 1280)
_MOST_PHOTO_BYTES = 10_000_000
_MOST_PHOTO_SIDES = 10_000
_MOST_PHOTO_RATIO = 20


@dataclass(slots=True)
class Chat:
    id: int
    description: dict[str, Any]
    last_message_id: int = 0
    blocked: bool = False
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    # Wall time; a standing market clock does not stop it.
    received_ms: dict[int, int] = field(default_factory=dict)


class Chats:
    """Every chat that was ever named, each made when it is first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chats: dict[int, Chat] = {}
        self._photos: dict[str, tuple[bytes, list[dict[str, Any]]]] = {}

    def chat(self, chat_id: int) -> Chat:
        with self._lock:
            return self._chats.setdefault(chat_id, Chat(chat_id, _described(chat_id)))

    def reachable(self, chat_id: int) -> Chat:
        """Return a chat that the bot may write to; raises Refused."""
        trouble = TROUBLED_CHATS.get(chat_id)
        if trouble is not None:
            raise refuse(trouble)
        chat = self.chat(chat_id)
        if chat.blocked:
            raise refuse(BLOCKED)
        return chat

    def add(self, chat: Chat, now_ms: int, sender: dict[str, Any], **content: Any) -> Any:
        """Keep a message and return it as Telegram tells it."""
        with self._lock:
            chat.last_message_id += 1
            message = {
                "message_id": chat.last_message_id,
                "from": sender,
                "chat": chat.description,
                "date": now_ms // 1000,
                **content,
            }
            chat.messages[chat.last_message_id] = message
            chat.received_ms[chat.last_message_id] = int(clock.wall_s() * 1000)
            if len(chat.messages) > _MESSAGES_KEPT:
                oldest = next(iter(chat.messages))
                del chat.messages[oldest], chat.received_ms[oldest]
            return message

    def replace(self, chat: Chat, message_id: int, now_ms: int, content: dict[str, Any]) -> Any:
        """Change a message of the bot's; raises Refused when nothing would change."""
        with self._lock:
            before = chat.messages.get(message_id)
            if before is None or not before["from"]["is_bot"]:
                raise bad_request("message to edit not found")
            kept = {name: before[name] for name in ("message_id", "from", "chat", "date")}
            if {**kept, **content} == {k: v for k, v in before.items() if k != "edit_date"}:
                raise bad_request(
                    "message is not modified: specified new message content and reply markup are "
                    "exactly the same as a current content and reply markup of the message"
                )
            chat.messages[message_id] = {**kept, "edit_date": now_ms // 1000, **content}
            return chat.messages[message_id]

    def delivered(self, chat_id: int | None = None) -> list[dict[str, Any]]:
        """Return what the bot wrote, oldest first, each with the wall time it was received."""
        with self._lock:
            chats = [chat for chat in self._chats.values() if chat_id is None or chat.id == chat_id]
            found = [
                {**message, "received_ms": chat.received_ms[number]}
                for chat in chats
                for number, message in chat.messages.items()
                if message["from"]["is_bot"]
            ]
        return sorted(found, key=lambda each: each["received_ms"])

    def forget_messages(self) -> None:
        """Forget what was said; ids go on counting."""
        with self._lock:
            for chat in self._chats.values():
                chat.messages.clear()
                chat.received_ms.clear()

    # --- pictures -----------------------------------------------------------------------------

    def photo(self, content: bytes | None, reference: str) -> list[dict[str, Any]]:
        """Return the sizes of an uploaded picture, or of one that is here; raises Refused."""
        if content is None:
            for _, sizes in self._photos.values():
                if any(size["file_id"] == reference for size in sizes):
                    return sizes
            raise bad_request(
                "wrong file identifier/HTTP URL specified"
                if reference
                else "there is no photo in the request"
            )
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._photos:
            self._photos[digest] = (content, _sizes(content, digest))
        return self._photos[digest][1]

    def picture(self, message: dict[str, Any]) -> bytes | None:
        """Return the file that came with a message."""
        unique = message.get("photo", [{}])[-1].get("file_unique_id", "")
        return next((file for file, sizes in self._photos.values() if
                     sizes[-1]["file_unique_id"] == unique), None)  # fmt: skip


def _described(chat_id: int) -> dict[str, Any]:
    if chat_id > 0:
        return {
            "id": chat_id,
            "first_name": "Test",
            "username": f"test_{chat_id}",
            "type": "private",
        }
    if chat_id < _SUPERGROUPS_BELOW:
        return {"id": chat_id, "title": f"Group {-chat_id}", "type": "supergroup"}
    return {
        "id": chat_id,
        "title": f"Group {-chat_id}",
        "type": "group",
        "all_members_are_administrators": True,
    }


def _sizes(content: bytes, digest: str) -> list[dict[str, Any]]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except UnidentifiedImageError:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    if len(content) > _MOST_PHOTO_BYTES:
        raise bad_request("PHOTO_SAVE_FILE_INVALID")
    longer, shorter = max(width, height), min(width, height)
    if width + height > _MOST_PHOTO_SIDES or longer > _MOST_PHOTO_RATIO * shorter:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    sides = [side for side in _THUMBNAIL_SIDES if side < longer]
    sides.append(min(longer, _THUMBNAIL_SIDES[-1]))
    return [
        {
            "file_id": f"AgACAgIAAxk-{digest[:24]}-{side}",
            "file_unique_id": f"AQAD{digest[:11]}{side}",
            "file_size": max(1, round(len(content) * (side / longer) ** 2)),
            "width": max(1, round(width * side / longer)),
            "height": max(1, round(height * side / longer)),
        }
        for side in dict.fromkeys(sides)
    ]

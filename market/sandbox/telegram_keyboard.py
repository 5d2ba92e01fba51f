"""Inline keyboards, checked as Telegram checks them."""

from __future__ import annotations

from typing import Any

import orjson

from market.sandbox.http import Request
from market.sandbox.telegram_rules import MOST_CALLBACK_BYTES, bad_request

_WRONG_BUTTON = "can't parse inline keyboard button"
_ACTIONS = frozenset({"url", "callback_data", "web_app", "login_url", "copy_text"})


def reply_markup(request: Request) -> dict[str, Any]:
    """Return the keyboard of a message under its name, nothing for none; raises Refused."""
    text = request.params.get("reply_markup")
    if not text:
        return {}
    try:
        markup = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request("can't parse reply keyboard markup JSON object") from None
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("object expected as reply markup")
    for button in (each for row in rows for each in row):
        if not isinstance(button, dict) or not button.get("text"):
            raise bad_request(
                'can\'t parse inline keyboard button: Field "text" must be of type String'
            )
        if len(_ACTIONS & button.keys()) != 1:
            raise bad_request(f"{_WRONG_BUTTON}: Text buttons are unallowed in the inline keyboard")
        data = button.get("callback_data")
        if data is not None and not 1 <= len(str(data).encode()) <= MOST_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    return {"reply_markup": markup} if any(rows) else {}

"""Telegram's Bot API: thin calls; what they raise is in ``notifications.telegram_errors``.

The token stands in the path of every URL. So no exception, log line or ``repr`` made here carries a
URL, and httpx's own exceptions, which hold the request, never leave this module, not even as a
cause.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from django.conf import settings

from notifications.telegram_errors import TelegramError, TelegramUnavailable, error_of

# Seconds per phase of a call. Sending is claimed by a lease that outlasts all of them together.
CONNECT_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 15.0
# getUpdates is held by the server for its own timeout; the page asks for 10 s above that.
LONG_POLL_MARGIN_S = 10.0
MAX_CONNECTIONS = 20
# Below what servers keep an idle connection: reusing one they just closed looks like a lost answer.
KEEPALIVE_S = 30.0

JsonObject = dict[str, Any]
Keyboard = Sequence[Sequence[Mapping[str, Any]]]


class TelegramClient:
    """One bot's calls. Safe to share among threads, not among processes (see ``get_client``)."""

    def __init__(
        self, token: str, base_url: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=f"{base_url}/bot{token}/",
            timeout=httpx.Timeout(
                connect=CONNECT_TIMEOUT_S,
                write=WRITE_TIMEOUT_S,
                read=READ_TIMEOUT_S,
                pool=CONNECT_TIMEOUT_S,
            ),
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_S,
            ),
            transport=transport,
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return "<TelegramClient>"

    def close(self) -> None:
        self._http.close()

    def send_message(
        self,
        chat_id: int,
        text: str,
        *,
        is_html: bool = True,
        keyboard: Keyboard | None = None,
        is_silent: bool = False,
    ) -> JsonObject:
        """Send one message of at most 4096 visible UTF-16 units; return the Message."""
        message: JsonObject = self._call(
            "sendMessage",
            {
                "chat_id": chat_id,
                "text": text,
                **_html(is_html),
                "link_preview_options": {"is_disabled": True},
                "disable_notification": is_silent or None,
                "reply_markup": _inline(keyboard),
            },
        )
        return message

    def send_photo(
        self,
        chat_id: int,
        photo: bytes,
        caption: str,
        *,
        is_html: bool = True,
        keyboard: Keyboard | None = None,
    ) -> JsonObject:
        """Upload a picture with a caption of at most 1024 visible units; return the Message."""
        message: JsonObject = self._call(
            "sendPhoto",
            {
                "chat_id": chat_id,
                "caption": caption,
                **_html(is_html),
                "reply_markup": _inline(keyboard),
            },
            photo=photo,
        )
        return message

    def edit_message_text(
        self,
        chat_id: int,
        message_id: int,
        text: str,
        *,
        is_html: bool = True,
        keyboard: Keyboard | None = None,
    ) -> None:
        """Replace a message's text and buttons. Raises NothingToDo when they are the same."""
        self._call(
            "editMessageText",
            {
                "chat_id": chat_id,
                "message_id": message_id,
                "text": text,
                **_html(is_html),
                "link_preview_options": {"is_disabled": True},
                "reply_markup": _inline(keyboard),
            },
        )

    def answer_callback_query(
        self, query_id: str, text: str = "", *, show_alert: bool = False
    ) -> None:
        """Answer the press of a button; ``text`` has at most 200 characters."""
        self._call(
            "answerCallbackQuery",
            {
                "callback_query_id": query_id,
                "text": text or None,
                "show_alert": show_alert or None,
            },
        )

    def set_my_commands(
        self, commands: Sequence[tuple[str, str]], *, language_code: str | None = None
    ) -> None:
        """Tell Telegram the commands, as (name, description), that it offers while typing."""
        listed = [{"command": name, "description": text} for name, text in commands]
        self._call("setMyCommands", {"commands": listed, "language_code": language_code})

    def get_updates(
        self,
        *,
        offset: int | None,
        timeout_s: int,
        allowed_updates: Sequence[str],
        limit: int = 100,
    ) -> list[JsonObject]:
        """Wait up to ``timeout_s`` for updates; ``offset`` confirms all below it."""
        updates: list[JsonObject] = self._call(
            "getUpdates",
            {
                "offset": offset,
                "limit": limit,
                "timeout": timeout_s,
                "allowed_updates": list(allowed_updates),
            },
            read_timeout_s=timeout_s + LONG_POLL_MARGIN_S,
        )
        return updates

    def set_webhook(self, url: str, *, secret_token: str, allowed_updates: Sequence[str]) -> None:
        self._call(
            "setWebhook",
            {
                "url": url,
                "secret_token": secret_token,
                "allowed_updates": list(allowed_updates),
            },
        )

    def delete_webhook(self) -> None:
        self._call("deleteWebhook", {})

    def get_webhook_info(self) -> JsonObject:
        info: JsonObject = self._call("getWebhookInfo", {})
        return info

    def get_me(self) -> JsonObject:
        me: JsonObject = self._call("getMe", {})
        return me

    def _call(
        self,
        method: str,
        parameters: Mapping[str, Any],
        *,
        photo: bytes | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> Any:
        given = {name: value for name, value in parameters.items() if value is not None}
        timeout = httpx.Timeout(
            connect=CONNECT_TIMEOUT_S,
            write=WRITE_TIMEOUT_S,
            read=read_timeout_s,
            pool=CONNECT_TIMEOUT_S,
        )
        failure: TelegramError
        try:
            if photo is None:
                response = self._http.post(method, json=given, timeout=timeout)
            else:
                response = self._http.post(
                    method,
                    data={name: _form_value(value) for name, value in given.items()},
                    files={"photo": ("chart.png", photo, "image/png")},
                    timeout=timeout,
                )
            return _result(method, response)
        except TelegramError:
            raise
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as e:
            failure = TelegramUnavailable(method, type(e).__name__, may_have_arrived=False)
        except httpx.HTTPError as e:
            failure = TelegramUnavailable(method, type(e).__name__, may_have_arrived=True)
        # Raised out here: inside the handler it would carry httpx's exception as its context.
        raise failure


def _result(method: str, response: httpx.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict) and body.get("ok") is True and "result" in body:
        return body["result"]
    if not isinstance(body, dict) or body.get("ok") is not False:
        raise TelegramUnavailable(
            method, f"unreadable answer, HTTP {response.status_code}", may_have_arrived=True
        )
    raise error_of(method, response.status_code, body)


def _html(is_html: bool) -> JsonObject:
    return {"parse_mode": "HTML"} if is_html else {}


def _inline(keyboard: Keyboard | None) -> JsonObject | None:
    return {"inline_keyboard": [list(row) for row in keyboard]} if keyboard else None


def _form_value(value: Any) -> str:
    # In multipart calls nested objects are JSON texts.
    return value if isinstance(value, str) else json.dumps(value)


_client: TelegramClient | None = None
_made_for: tuple[int, str, str] | None = None
_transport: httpx.BaseTransport | None = None


def get_client() -> TelegramClient:
    """Return the process's client for the configured bot (a forked child gets its own)."""
    global _client, _made_for
    wanted = (os.getpid(), settings.TELEGRAM_BOT_TOKEN, str(settings.TELEGRAM_BASE_URL))
    client = _client
    if client is None or _made_for != wanted:
        # What a fork inherited is left alone: its sockets are the parent's.
        client = TelegramClient(wanted[1], wanted[2], _transport)
        _client, _made_for = client, wanted
    return client


@contextmanager
def transport_replaced(transport: httpx.BaseTransport) -> Iterator[None]:
    """Answer the process's calls by another transport inside a ``with`` block (tests)."""
    global _client, _transport
    before = _transport
    _client, _transport = None, transport
    try:
        yield
    finally:
        _client, _transport = None, before

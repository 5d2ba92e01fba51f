"""Telegram's Bot API, as far as alerts and commands need it.

``chats`` holds what was said, ``users`` are the people who talk to the bot. Text is read as plain
text or HTML; no other markup is known here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson

from market.sandbox.http import Endpoint, Handler, Refused, Request, Response, Vendor
from market.sandbox.metering import Charge, Refusal
from market.sandbox.telegram_bodies import parameters
from market.sandbox.telegram_chats import Chats
from market.sandbox.telegram_keyboard import reply_markup
from market.sandbox.telegram_markup import MarkupError, parse_html, utf16_length
from market.sandbox.telegram_push import is_here
from market.sandbox.telegram_rules import (
    BOT,
    MOST_CALLBACK_ANSWER,
    MOST_CAPTION,
    MOST_TEXT,
    PROVIDER,
    Trouble,
    bad_request,
    charge_message,
    chat_id_of,
    done,
    failure,
    no_charge,
    refused_token,
    too_many_requests,
)
from market.sandbox.telegram_updates import LONGEST_POLL_S, MOST_UPDATES, Updates, Webhook
from market.sandbox.telegram_users import Users

_TOKEN = "bot-token"  # noqa: S105 - the name under which a call's token goes on
_HARD_TEXT_BYTES = 1 << 15
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_WRONG_BODY = "bot-wrong-body"


class Telegram(Vendor):
    name = PROVIDER
    prefix = "/telegram"
    methods = ("GET", "POST")

    def __init__(self) -> None:
        self.chats = Chats()
        self.updates = Updates()
        self.users = Users(self.chats, self.updates)
        self.commands: list[dict[str, str]] = []
        self.endpoints = [
            self._endpoint("getMe", self._get_me),
            self._endpoint("sendMessage", self._send_message, charge_message),
            self._endpoint("sendPhoto", self._send_photo, charge_message),
            self._endpoint("editMessageText", self._edit_message_text, charge_message),
            self._endpoint("answerCallbackQuery", self._answer_callback_query),
            self._endpoint("setMyCommands", self._set_my_commands),
            self._endpoint("getUpdates", self._get_updates),
            self._endpoint("setWebhook", self._set_webhook),
            self._endpoint("deleteWebhook", self._delete_webhook),
            self._endpoint("getWebhookInfo", self._get_webhook_info),
        ]
        self._spelling = {each.path.lower(): each.path for each in self.endpoints}

    def _endpoint(
        self,
        method: str,
        handler: Handler,
        charge: Callable[[Request], Charge | None] = no_charge,
    ) -> Endpoint:
        return Endpoint(f"/{method}", handler, charge)

    # --- what every method shares -------------------------------------------------------------

    def read(self, request: Request) -> Request:
        """Take the token out of the path, whose method may be spelt anyhow, and read the body."""
        bot, _, method = request.path.removeprefix("/").partition("/")
        token = bot.removeprefix("bot") if bot.startswith("bot") else ""
        path = self._spelling.get(f"/{method}".lower(), f"/{method}")
        headers = {**request.headers, _TOKEN: token}
        try:
            params, files = parameters(request)
        except Refused as refused:
            headers[_WRONG_BODY] = refused.response.body.decode()
            params, files = request.params, {}
        return replace(request, path=path, params=params, headers=headers, files=files)

    def before(self, request: Request) -> Response | None:
        refusal = refused_token(request.headers[_TOKEN])
        wrong_body = request.headers.get(_WRONG_BODY)
        if refusal is None and wrong_body is not None:
            return Response(wrong_body.encode(), 400, "application/json")
        return refusal

    def unknown_path(self) -> Response:
        return failure(Trouble(404, "Not Found: method not found"))

    def limited(self, refusal: Refusal) -> Response:
        return too_many_requests(refusal.retry_after_s)

    # --- messages -----------------------------------------------------------------------------

    def _get_me(self, _request: Request, _now_ms: int) -> Response:
        abilities = ("can_join_groups",)
        inabilities = (
            "can_read_all_group_messages",
            "supports_inline_queries",
            "can_connect_to_business",
            "has_main_web_app",
        )
        return done({**BOT, **dict.fromkeys(abilities, True), **dict.fromkeys(inabilities, False)})

    def _send_message(self, request: Request, now_ms: int) -> Response:
        chat = self.chats.reachable(chat_id_of(request))
        content = _text(request, "text", MOST_TEXT, "message is too long")
        if not content["text"].strip():
            raise bad_request("message text is empty")
        return done(self.chats.add(chat, now_ms, BOT, **content, **reply_markup(request)))

    def _send_photo(self, request: Request, now_ms: int) -> Response:
        chat = self.chats.reachable(chat_id_of(request))
        sizes = self.chats.photo(request.files.get("photo"), request.params.get("photo", ""))
        caption = {}
        if request.params.get("caption"):
            caption = _text(request, "caption", MOST_CAPTION, "message caption is too long")
        keyboard = reply_markup(request)
        return done(self.chats.add(chat, now_ms, BOT, photo=sizes, **caption, **keyboard))

    def _edit_message_text(self, request: Request, now_ms: int) -> Response:
        chat = self.chats.reachable(chat_id_of(request))
        content = _text(request, "text", MOST_TEXT, "message is too long")
        if not content["text"].strip():
            raise bad_request("message text is empty")
        content |= reply_markup(request)
        return done(self.chats.replace(chat, _whole(request, "message_id", 0), now_ms, content))

    def _answer_callback_query(self, request: Request, _now_ms: int) -> Response:
        query_id = request.params.get("callback_query_id", "")
        if self.users.answers.get(query_id, {}) is not None:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        text = request.params.get("text", "")
        if utf16_length(text) > MOST_CALLBACK_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        alert = request.params.get("show_alert") == "true"
        self.users.answers[query_id] = {"text": text, "show_alert": alert}
        return done(True)

    def _set_my_commands(self, request: Request, _now_ms: int) -> Response:
        commands = _json(request, "commands")
        if not isinstance(commands, list) or len(commands) > 100:
            raise bad_request("can't parse list of bot commands")
        for each in commands:
            if not _COMMAND.fullmatch(str(each.get("command"))):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(str(each.get("description", ""))) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands = commands
        return done(True)

    # --- updates ------------------------------------------------------------------------------

    def _get_updates(self, request: Request, _now_ms: int) -> Awaitable[Response]:
        return self.updates.get(
            offset=_whole(request, "offset", 0),
            limit=min(max(1, _whole(request, "limit", MOST_UPDATES)), MOST_UPDATES),
            timeout_s=min(max(0, _whole(request, "timeout", 0)), LONGEST_POLL_S),
            allowed=_json(request, "allowed_updates"),
        )

    def _set_webhook(self, request: Request, _now_ms: int) -> Response:
        url = request.params.get("url", "").strip()
        if not url:
            return self._delete_webhook(request, _now_ms)
        if not url.startswith("https://") and not is_here(url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = request.params.get("secret_token", "")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        webhook = Webhook(url, secret, _whole(request, "max_connections", 40))
        is_new = self.updates.set_webhook(
            webhook, _json(request, "allowed_updates"), drop=_dropping(request)
        )
        return done(True, "Webhook was set" if is_new else "Webhook is already set")

    def _delete_webhook(self, request: Request, _now_ms: int) -> Response:
        was_set = self.updates.delete_webhook(drop=_dropping(request))
        return done(True, "Webhook was deleted" if was_set else "Webhook is already deleted")

    def _get_webhook_info(self, _request: Request, _now_ms: int) -> Response:
        return done(self.updates.webhook_info())


def _text(request: Request, name: str, most: int, too_long: str) -> dict[str, Any]:
    """Return a text as it is shown, with its entities, each under the name it goes by."""
    source = request.params.get(name, "")
    if len(source.encode()) > _HARD_TEXT_BYTES:
        raise bad_request("text is too long")
    entities: list[dict[str, Any]] = []
    mode = request.params.get("parse_mode", "").lower()
    if mode == "html":
        try:
            source, entities = parse_html(source)
        except MarkupError as e:
            raise bad_request(f"can't parse entities: {e}") from None
    elif mode:
        raise bad_request("unsupported parse_mode")
    if utf16_length(source) > most:
        raise bad_request(too_long)
    of = "entities" if name == "text" else f"{name}_entities"
    return {name: source, **({of: entities} if entities else {})}


def _json(request: Request, name: str) -> Any:
    text = request.params.get(name)
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"can't parse {name} JSON") from None


def _whole(request: Request, name: str, default: int) -> int:
    text = request.params.get(name, "")
    return int(text) if re.fullmatch(r"-?\d{1,16}", text) else default


def _dropping(request: Request) -> bool:
    return request.params.get("drop_pending_updates", "").lower() in ("true", "1")

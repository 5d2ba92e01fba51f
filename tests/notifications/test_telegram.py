"""The client of Telegram's Bot API: what it sends, makes of answers, and never tells."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from config.logs import JsonFormatter
from notifications import telegram_errors as errors
from notifications.telegram import TelegramClient, get_client, transport_replaced
from tests.recordings import recording

TOKEN = "123456:AA-very-secret_token"

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler) -> TelegramClient:
    return TelegramClient(TOKEN, "https://telegram.test", httpx.MockTransport(handler))


def answering(status: int, body: Any) -> TelegramClient:
    return client_of(lambda request: httpx.Response(status, json=body))


def refusal(code: int, description: str, **parameters: int) -> TelegramClient:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return answering(code, body)


def test_a_message_is_sent_as_html_without_link_preview() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True, "result": {"message_id": 7}})

    message = client_of(handle).send_message(
        -100, "<b>x</b>", keyboard=[[{"text": "Why", "callback_data": "why:BTC"}]]
    )

    assert message == {"message_id": 7}
    assert seen[0].url == f"https://telegram.test/bot{TOKEN}/sendMessage"
    assert seen[0].headers["content-type"] == "application/json"
    assert json.loads(seen[0].content) == {
        "chat_id": -100,
        "text": "<b>x</b>",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Why", "callback_data": "why:BTC"}]]},
    }


def test_a_photo_goes_as_a_file_with_objects_as_json_texts() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True, "result": {"message_id": 8}})

    client_of(handle).send_photo(
        5, b"\x89PNG", "caption", keyboard=[[{"text": "Why", "callback_data": "why:BTC"}]]
    )

    body = seen[0].content
    assert seen[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="photo"; filename="chart.png"' in body
    assert b"\x89PNG" in body
    assert b'{"inline_keyboard": [[{"text": "Why", "callback_data": "why:BTC"}]]}' in body


@pytest.mark.parametrize(
    ("code", "description", "kind"),
    [
        (400, "Bad Request: can't parse entities: Unsupported start tag", errors.BadMarkup),
        (400, "Bad Request: Can't parse entities", errors.BadMarkup),
        (400, "Bad Request: message is too long", errors.TelegramRejected),
        (400, "Bad Request: something new", errors.TelegramRejected),
        (400, "Bad Request: message is not modified: specified …", errors.NothingToDo),
        (400, "Bad Request: query is too old and response timeout …", errors.NothingToDo),
        (401, "Unauthorized", errors.TelegramUnauthorized),
        (404, "Not Found", errors.TelegramUnauthorized),
        (403, "Forbidden: bot can't initiate conversation with a user", errors.ChatNotStarted),
        (409, "Conflict: terminated by other getUpdates request", errors.TelegramConflict),
        (500, "Internal Server Error: restart", errors.TelegramUnavailable),
        (502, "Bad Gateway", errors.TelegramUnavailable),
    ],
)
def test_refusals_are_classed_by_what_to_do_about_them(
    code: int, description: str, kind: type[errors.TelegramError]
) -> None:
    with pytest.raises(errors.TelegramError) as raised:
        refusal(code, description).send_message(1, "x")

    assert type(raised.value) is kind
    assert raised.value.description == description


@pytest.mark.parametrize(
    ("code", "description", "state"),
    [
        (400, "Bad Request: chat not found", "invalid"),
        (403, "Forbidden: bot was blocked by the user", "blocked"),
        (403, "Forbidden: user is deactivated", "deactivated"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "blocked"),
        (403, "Forbidden: bot is not a member of the channel chat", "blocked"),
    ],
)
def test_chats_that_are_gone_say_what_they_are_from_now_on(
    code: int, description: str, state: str
) -> None:
    with pytest.raises(errors.ChatUnreachable) as raised:
        refusal(code, description).send_message(1, "x")

    assert raised.value.state == state


def test_too_many_requests_say_how_long_to_wait() -> None:
    with pytest.raises(errors.TelegramFlood) as raised:
        refusal(429, "Too Many Requests: retry after 5", retry_after=5).send_message(1, "x")
    assert raised.value.retry_after_s == 5

    with pytest.raises(errors.TelegramFlood) as unsaid:
        refusal(429, "Too Many Requests").send_message(1, "x")
    assert unsaid.value.retry_after_s == 60


def test_a_group_that_became_a_supergroup_says_its_new_number() -> None:
    moved = refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001)

    with pytest.raises(errors.ChatMoved) as raised:
        moved.send_message(-1, "x")

    assert raised.value.new_chat_id == -1001


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>Bad Gateway</html>", 502),
        (b"", 200),
        (b"[]", 200),
        (b'{"ok": true}', 200),
        (b'{"ok": tr', 200),
        (b"\xff\xfe", 200),
    ],
)
def test_an_answer_that_cannot_be_read_leaves_open_whether_it_arrived(
    body: bytes, status: int
) -> None:
    client = client_of(lambda request: httpx.Response(status, content=body))

    with pytest.raises(errors.TelegramUnavailable) as raised:
        client.send_message(1, "x")

    assert raised.value.may_have_arrived


@pytest.mark.parametrize(
    ("failure", "may_have_arrived"),
    [
        (httpx.ConnectError, False),
        (httpx.ConnectTimeout, False),
        (httpx.PoolTimeout, False),
        (httpx.ReadTimeout, True),
        (httpx.ReadError, True),
        (httpx.WriteError, True),
        (httpx.RemoteProtocolError, True),
    ],
)
def test_a_broken_connection_tells_whether_the_message_can_have_arrived(
    failure: type[httpx.TransportError], may_have_arrived: bool
) -> None:
    def break_off(request: httpx.Request) -> httpx.Response:
        raise failure(f"trouble at {request.url}", request=request)

    with pytest.raises(errors.TelegramUnavailable) as raised:
        client_of(break_off).send_message(1, "x")

    assert raised.value.may_have_arrived is may_have_arrived


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.TooManyRedirects])
def test_the_token_is_in_no_error_no_traceback_and_no_repr(
    failure: type[httpx.RequestError], caplog: pytest.LogCaptureFixture
) -> None:
    def break_off(request: httpx.Request) -> httpx.Response:
        raise failure(f"trouble at {request.url}", request=request)

    client = client_of(break_off)
    with caplog.at_level(logging.INFO), pytest.raises(errors.TelegramError) as raised:
        client.send_message(1, "x")

    error = raised.value
    assert error.__cause__ is None
    assert error.__context__ is None  # what error trackers follow, locals and all
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(client)
    assert TOKEN not in told
    assert TOKEN not in caplog.text


def test_what_httpx_itself_logs_of_a_call_is_written_without_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, logger="httpx"):
        answering(200, {"ok": True, "result": {}}).send_message(1, "x")

    formatter = JsonFormatter([TOKEN])
    lines = [formatter.format(record) for record in caplog.records]
    assert any("HTTP Request" in line for line in lines)
    assert not any(TOKEN in line for line in lines)


def test_a_process_has_one_client_until_the_token_changes(settings: Settings) -> None:
    with transport_replaced(httpx.MockTransport(lambda request: httpx.Response(200))):
        first = get_client()
        assert get_client() is first

        settings.TELEGRAM_BOT_TOKEN = "654321:another"
        assert get_client() is not first


def test_an_inherited_client_is_not_used_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    with transport_replaced(httpx.MockTransport(lambda request: httpx.Response(200))):
        first = get_client()
        monkeypatch.setattr("notifications.telegram.os.getpid", lambda: -1)

        assert get_client() is not first


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("error-400-chat-not-found", errors.ChatUnreachable),
        ("error-400-migrated", errors.ChatMoved),
        ("error-400-parse", errors.BadMarkup),
        ("error-401", errors.TelegramUnauthorized),
        ("error-403-blocked", errors.ChatUnreachable),
        ("error-409-webhook-active", errors.TelegramConflict),
        ("error-429", errors.TelegramFlood),
        ("sendMessage", None),
        ("sendPhoto", None),
    ],
)
def test_documented_bodies_are_understood(
    name: str, kind: type[errors.TelegramError] | None
) -> None:
    body = json.loads(recording(f"providers/samples/telegram/{name}.json").read_bytes())
    client = answering(body.get("error_code", 200), body)

    if kind is None:
        assert client.send_message(1, "x") == body["result"]
        return
    with pytest.raises(kind):
        client.send_message(1, "x")

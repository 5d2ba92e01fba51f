"""The stand-in Telegram: tokens, the four ways to call it, messages, markup, limits, refusals."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any

import httpx
import pytest
from PIL import Image

from market.sandbox.in_process import BlockingSandboxTransport
from market.sandbox.telegram_markup import MarkupError, parse_html
from market.sandbox.telegram_rules import TOKEN, TROUBLED_CHATS
from tests.market.sandbox.telegram_bot import TELEGRAM, Bot
from tests.market.sandbox.upstream import NOW_MS, Upstream, Wall

SOMEBODY = 1_111_111
GROUP = -4_000_000_001


@pytest.fixture
def bot(upstream: Upstream) -> Bot:
    return Bot(upstream.sandbox)


def picture(width: int = 640, height: int = 360) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("7000000001:sandbox-telegram-token-999999999999", 401),
        ("no-token-at-all", 404),
        ("", 404),
    ],
)
def test_a_wrong_token_is_unauthorized_and_a_malformed_one_not_found(bot, token, code):
    assert bot.refused("getMe", token=token)[0] == code


def test_an_unknown_method_is_not_found(bot):
    assert bot.refused("sendPigeon") == (404, "Not Found: method not found")


def test_a_method_may_be_spelt_in_any_case(bot):
    assert bot.done("GETME")["is_bot"] is True
    assert bot.sandbox.calls("telegram", "/getMe") == 1


@pytest.mark.parametrize("how", ["params", "data", "json", "files"])
def test_parameters_come_as_query_form_json_or_multipart(bot, how):
    params: dict[str, Any] = {"chat_id": str(SOMEBODY), "text": "Grüße 🚀"}
    if how == "files":  # without file names these are plain fields
        params = {name: (None, value) for name, value in params.items()}

    message = bot.done("sendMessage", how=how, **params)

    assert message["text"] == "Grüße 🚀"
    assert message["date"] == NOW_MS // 1000


def test_messages_of_a_chat_are_numbered_one_by_one(bot, wall):
    numbers = []
    for chat_id in (SOMEBODY, SOMEBODY, 222, SOMEBODY):
        wall.advance(1)
        numbers.append(bot.done("sendMessage", chat_id=chat_id, text="hello")["message_id"])

    assert numbers == [1, 2, 1, 3]


def test_html_becomes_text_and_entities_in_utf16_units(bot):
    message = bot.done(
        "sendMessage",
        chat_id=SOMEBODY,
        parse_mode="html",
        text='🚀 <b>BTC &lt;up&gt;</b> <a href="https://example.org/?a=1&amp;b=2">why</a>',
    )

    assert message["text"] == "🚀 BTC <up> why"
    assert message["entities"] == [
        {"offset": 3, "length": 8, "type": "bold"},
        {
            "offset": 12,
            "length": 3,
            "type": "text_link",
            "url": "https://example.org/?a=1&b=2",
        },
    ]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain &#128640; &#x41; &unknown;", "plain 🚀 A &unknown;", []),
        ("<b></b>x", "x", []),
        (
            "<b>a<i>b</i></b>",
            "ab",
            [
                {"offset": 0, "length": 2, "type": "bold"},
                {"offset": 1, "length": 1, "type": "italic"},
            ],
        ),
        (
            '<pre><code class="language-python">x</code></pre>',
            "x",
            [{"offset": 0, "length": 1, "type": "pre", "language": "python"}],
        ),
        (
            "<blockquote expandable>q</blockquote>",
            "q",
            [{"offset": 0, "length": 1, "type": "expandable_blockquote"}],
        ),
        (
            '<span class="tg-spoiler">s</span>',
            "s",
            [{"offset": 0, "length": 1, "type": "spoiler"}],
        ),
    ],
)  # fmt: skip
def test_every_kind_of_markup_has_its_entity(source, text, entities):
    assert parse_html(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("né <div>x</div>", 'Unsupported start tag "div" at byte offset 4'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<span>a</span>", 'Unsupported start tag "span" at byte offset 0'),
    ],
)
def test_bad_markup_is_refused_with_the_place(source, reason):
    with pytest.raises(MarkupError, match=f"^{re.escape(reason)}$"):
        parse_html(source)


@pytest.mark.parametrize(
    ("text", "parse_mode", "description"),
    [
        ("", "", "message text is empty"),
        (" \n", "", "message text is empty"),
        ("<b></b>", "HTML", "message text is empty"),
        ("x" * 4097, "", "message is too long"),
        ("🚀" * 2049, "", "message is too long"),
        ("x" * 40_000, "", "text is too long"),
        ("<br>", "HTML", 'can\'t parse entities: Unsupported start tag "br" at byte offset 0'),
        ("x", "Wiki", "unsupported parse_mode"),
    ],
)
def test_a_text_that_cannot_be_sent_says_why(bot, text, parse_mode, description):
    refused = bot.refused("sendMessage", chat_id=SOMEBODY, text=text, parse_mode=parse_mode)

    assert refused == (400, f"Bad Request: {description}")


def test_length_counts_what_is_seen_and_not_the_markup(bot):
    text = "<b>" + "x" * 4096 + "</b>"

    assert (
        len(bot.done("sendMessage", chat_id=SOMEBODY, text=text, parse_mode="HTML")["text"]) == 4096
    )


@pytest.mark.parametrize("chat_id", TROUBLED_CHATS)
def test_a_troubled_chat_always_answers_with_its_error(bot, chat_id):
    trouble = TROUBLED_CHATS[chat_id]

    answer = bot.call("sendMessage", chat_id=chat_id, text="hello")

    assert answer.status_code == trouble.code
    assert answer.json()["description"] == trouble.description
    assert answer.json().get("parameters") == trouble.parameters


def test_a_photo_comes_in_sizes_and_goes_again_by_its_number(bot, wall):
    first = bot.done(
        "sendPhoto",
        how="files",
        chat_id=(None, str(SOMEBODY)),
        caption=(None, "<i>chart</i>"),
        parse_mode=(None, "HTML"),
        photo=("chart.png", picture(), "image/png"),
    )
    wall.advance(1)
    again = bot.done("sendPhoto", chat_id=SOMEBODY, photo=first["photo"][-1]["file_id"])

    assert [size["width"] for size in first["photo"]] == [90, 320, 640]
    assert first["caption"] == "chart"
    assert first["caption_entities"] == [{"offset": 0, "length": 5, "type": "italic"}]
    assert again["photo"] == first["photo"]
    assert bot.telegram.chats.picture(again) == picture()


def test_a_binary_file_arrives_byte_for_byte(bot):
    file = picture(33, 77)
    tricky = file + b"\r\n--almost\r\n\r\n\x00\n"

    message = bot.done(
        "sendPhoto", how="files", chat_id=(None, "5"), photo=("chart.png", tricky, "image/png")
    )

    assert bot.telegram.chats.picture(message) == tricky


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({}, "there is no photo in the request"),
        ({"photo": (None, "AgACunknown")}, "wrong file identifier/HTTP URL specified"),
        ({"photo": ("a.png", b"not a picture")}, "IMAGE_PROCESS_FAILED"),
        ({"photo": ("a.png", picture(21, 1))}, "PHOTO_INVALID_DIMENSIONS"),
        (
            {"photo": ("a.png", picture()), "caption": (None, "x" * 1025)},
            "message caption is too long",
        ),
    ],
)
def test_a_photo_that_cannot_be_sent_says_why(bot, fields, description):
    refused = bot.refused("sendPhoto", how="files", chat_id=(None, "5"), **fields)

    assert refused == (400, f"Bad Request: {description}")


def test_a_message_is_edited_in_place_and_not_without_a_change(bot, wall):
    keyboard = {"inline_keyboard": [[{"text": "Off", "callback_data": "chart:off"}]]}
    sent = bot.done("sendMessage", chat_id=SOMEBODY, text="on", reply_markup=keyboard)
    change = {"chat_id": SOMEBODY, "message_id": sent["message_id"], "text": "off"}
    wall.advance(1)

    edited = bot.done("editMessageText", **change)
    wall.advance(1)
    again = bot.refused("editMessageText", **change)
    wall.advance(1)
    unknown = bot.refused("editMessageText", **{**change, "message_id": 99})

    assert sent["reply_markup"] == keyboard
    assert (edited["text"], "reply_markup" in edited) == ("off", False)
    assert again[1].startswith("Bad Request: message is not modified")
    assert unknown == (400, "Bad Request: message to edit not found")
    assert [each["text"] for each in bot.telegram.chats.delivered(SOMEBODY)] == ["off"]


@pytest.mark.parametrize(
    "button",
    [
        {"text": "no action"},
        {"text": "two", "url": "https://example.org", "callback_data": "x"},
        {"callback_data": "no text"},
        {"text": "too long", "callback_data": "é" * 33},
        {"text": "empty", "callback_data": ""},
    ],
)
def test_a_button_needs_a_text_and_one_action_of_64_bytes_at_most(bot, button):
    markup = {"inline_keyboard": [[button]]}

    assert bot.refused("sendMessage", chat_id=5, text="x", reply_markup=markup)[0] == 400


def test_a_chat_takes_one_message_a_second(bot, wall: Wall):
    bot.done("sendMessage", chat_id=SOMEBODY, text="1")
    refused = bot.call("sendMessage", chat_id=SOMEBODY, text="2")
    wall.advance(1)
    bot.done("sendMessage", chat_id=SOMEBODY, text="2")

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["parameters"] == {"retry_after": 1}
    assert [v.pool for v in bot.sandbox.violations] == ["messages at once to a chat"]


def test_a_faster_rate_that_avoids_bursts_is_refused_in_the_end(bot, wall: Wall):
    codes = []
    for _ in range(12):
        codes.append(bot.call("sendMessage", chat_id=SOMEBODY, text="x").status_code)
        wall.advance(0.6)

    assert codes == [200] * 11 + [429]


def test_all_chats_together_take_thirty_a_second(bot, wall: Wall):
    codes = [bot.call("sendMessage", chat_id=n, text="x").status_code for n in range(1, 32)]
    wall.advance(1.1)

    assert codes == [200] * 30 + [429]
    assert bot.call("sendMessage", chat_id=31, text="x").status_code == 200


def test_a_group_takes_twenty_a_minute(bot, wall: Wall):
    codes = []
    for _ in range(21):
        codes.append(bot.call("sendMessage", chat_id=GROUP, text="x").status_code)
        wall.advance(1)
    wall.advance(41)

    assert codes == [200] * 20 + [429]
    assert bot.call("sendMessage", chat_id=GROUP, text="x").status_code == 200


def test_limits_are_relaxed_by_a_scale(bot):
    bot.sandbox.limit_scale = 100

    codes = {bot.call("sendMessage", chat_id=GROUP, text="x").status_code for _ in range(40)}

    assert codes == {200}


@pytest.mark.parametrize(
    ("fault", "status", "description"),
    [
        ({"kind": "http_429", "retry_after_s": 9}, 429, "Too Many Requests: retry after 9"),
        ({"kind": "http_5xx", "status": 502}, 502, "Internal Server Error: restart"),
    ],
)
def test_faults_speak_telegrams_language(bot, fault, status, description):
    bot.sandbox.fault("telegram", path="/sendMessage", times=1, **fault)

    assert bot.refused("sendMessage", chat_id=5, text="x") == (status, description)
    assert bot.done("sendMessage", chat_id=5, text="x")["message_id"] == 1


@pytest.mark.parametrize(
    ("kind", "error", "delivered"), [("dead", httpx.ConnectError, 0), ("lost", httpx.ReadError, 1)]
)
def test_a_connection_drops_before_the_call_is_read_or_after_it_was_done(
    bot, kind, error, delivered
):
    bot.sandbox.fault("telegram", kind, path="/sendMessage")

    with pytest.raises(error):
        bot.call("sendMessage", chat_id=5, text="x")

    assert len(bot.telegram.chats.delivered(5)) == delivered


def test_a_blocking_client_reaches_the_sandbox_as_well(bot):
    with httpx.Client(transport=BlockingSandboxTransport(bot.sandbox), base_url=TELEGRAM) as client:
        answer = client.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": 5, "text": "hello"})

    assert answer.json()["result"]["text"] == "hello"


def test_an_answer_may_hang_after_the_message_was_accepted(bot):
    bot.sandbox.fault("telegram", "lost", s=60)

    with pytest.raises(httpx.ReadTimeout):
        bot.call("sendMessage", chat_id=5, text="x", timeout_s=0.05)

    assert len(bot.telegram.chats.delivered(5)) == 1


def test_the_token_stands_in_no_log_of_calls(bot):
    bot.done("sendMessage", chat_id=5, text="x")

    assert list(bot.sandbox.call_summary()["providers"]["telegram"]) == ["/sendMessage"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"chat_id": 5', b"\xff\xfe"], ids=["half", "list", "cut", "binary"]
)
def test_a_body_that_is_no_object_is_a_bad_request(bot, body):
    async def ask() -> httpx.Response:
        async with bot.sandbox.client_factory()(TELEGRAM) as client:
            return await client.post(
                f"/bot{TOKEN}/sendMessage",
                content=body,
                headers={"content-type": "application/json"},
            )

    assert asyncio.run(ask()).status_code == 400

"""Structured logs: one JSON object per line, and no credential in any of them."""

from __future__ import annotations

import json
import logging
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.logs import REDACTED, JsonFormatter, Redactor, SharedRotatingFileHandler
from config.request_id import set_request_id
from tests.config.capture import captured_logs

logger = logging.getLogger("tests.logs")


def test_a_line_is_one_json_object_with_the_standard_keys() -> None:
    with captured_logs() as lines:
        logger.warning("book %s is crossed", "BTC", extra={"spread_bps": -1.5, "venue": "okx"})

    (line,) = lines.all()
    timestamp = datetime.fromisoformat(line.pop("timestamp"))
    assert timestamp.tzinfo == UTC
    assert line == {
        "level": "WARNING",
        "logger": "tests.logs",
        "message": "book BTC is crossed",
        "request_id": None,
        "spread_bps": -1.5,
        "venue": "okx",
    }


def test_a_line_carries_the_id_of_the_request_it_was_written_in() -> None:
    set_request_id("request-17")
    try:
        with captured_logs() as lines:
            logger.warning("inside")
    finally:
        set_request_id(None)

    assert lines.all()[0]["request_id"] == "request-17"


def test_an_exception_is_written_with_its_traceback_on_the_same_line() -> None:
    with captured_logs() as lines:
        try:
            raise ValueError("no such\nvenue")
        except ValueError:
            logger.exception("fetch failed")

    (line,) = lines.all()
    assert line["message"] == "fetch failed"
    assert "Traceback" in line["exception"]
    assert "ValueError: no such\nvenue" in line["exception"]


def test_an_extra_field_never_replaces_a_standard_key() -> None:
    with captured_logs() as lines:
        logger.warning("kept", extra={"level": "mine", "timestamp": "mine"})

    (line,) = lines.all()
    assert line["level"] == "WARNING"
    assert line["level_"] == "mine"
    assert line["timestamp"] != "mine"


@pytest.mark.parametrize("value", [2**70, "\udc80", float("nan"), {1: {2, 3}}, object(), b"\xff"])
def test_a_value_that_json_cannot_say_does_not_lose_the_line(value: Any) -> None:
    with captured_logs() as lines:
        logger.warning("odd", extra={"value": value})

    assert lines.all()[0]["message"] == "odd"


SECRET = "s3cr3t-V4lue_0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://api.example/x?x_cg_demo_api_key={SECRET}&vs=usd",
        f"GET https://api.example/x?vs=usd&apiKey={SECRET}",
        f"token={SECRET}",
        f"X-API-Key: {SECRET}",
        f"x-cg-demo-api-key: {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f'{{"x-api-key": "{SECRET}", "accept": "*/*"}}',
        f"headers were {{'X-API-KEY': '{SECRET}'}}",
        f"sent bearer {SECRET}",
        f"postgres://me:{SECRET}@db:5432/signals",
        f"password={SECRET}",
        f"PASSWORD : {SECRET}",
        f"client_secret={SECRET}",
        f"https://api.telegram.org/bot123456789:{SECRET}/getMe",
        "key 0123456789ab." + SECRET[:13] + "x" * 30,
    ],
)
def test_what_looks_like_a_credential_is_replaced_in_texts_fields_and_tracebacks(text: str) -> None:
    with captured_logs() as lines:
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("failed: %s", text, extra={"url": text, "nested": {"a": [text]}})

    assert SECRET[:13] not in lines.text
    (line,) = lines.all()
    assert all(REDACTED in line[key] for key in ("message", "url", "exception"))


@pytest.mark.parametrize(
    "name", ["x-api-key", "X_CG_DEMO_API_KEY", "authorization", "password", "Cookie", "bot_token"]
)
def test_a_field_with_a_secret_name_is_replaced_whatever_it_holds(name: str) -> None:
    with captured_logs() as lines:
        logger.warning("sent", extra={"headers": {name: SECRET, "accept": "json"}, name: [SECRET]})

    (line,) = lines.all()
    assert line["headers"] == {name: REDACTED, "accept": "json"}
    assert line[name] == REDACTED


def test_every_configured_secret_is_replaced_also_where_nothing_hints_at_it() -> None:
    secrets = ["plain-words-only", "with space&amp/odd+chars"]

    with captured_logs(secrets) as lines:
        logger.warning(
            "asked for plain-words-only", extra={"path": "/with%20space%26amp%2Fodd%2Bchars/x"}
        )
        logger.warning("raw with space&amp/odd+chars")

    assert [line["message"] for line in lines.all()] == [
        f"asked for {REDACTED}",
        f"raw {REDACTED}",
    ]
    assert lines.all()[0]["path"] == f"/{REDACTED}/x"


@pytest.mark.parametrize(
    "text",
    [
        "signal BTC LONG score 61.5: funding -0.0123 % per 8 h",
        "tokenomics read from https://api.coingecko.com/api/v3/coins/bitcoin?localization=false",
        "budget binance:weight used 1920 of 1920",
    ],
)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert Redactor(["some-secret"]).text(text) == text


@settings(deadline=None)
@given(st.text(max_size=200), st.text(min_size=6, max_size=40))
def test_no_known_secret_survives_in_any_text(text: str, secret: str) -> None:
    redacted = Redactor([secret]).text(f"{text}{secret}{text}")

    assert not any(secret in part for part in redacted.split(REDACTED))


def write_lines(path: str, writer: int, lines: int) -> None:
    handler = SharedRotatingFileHandler(path, max_bytes=4_000, backup_count=50)
    handler.setFormatter(JsonFormatter())
    for index in range(lines):
        record = logging.makeLogRecord({"msg": f"{writer}-{index}", "name": "w"})
        handler.handle(record)
    handler.close()


def test_several_processes_share_a_rotating_file_without_losing_or_mixing_lines(
    tmp_path: Path,
) -> None:
    path = tmp_path / "logs" / "signals.log"
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=write_lines, args=(str(path), writer, 100)) for writer in range(3)
    ]

    for process in writers:
        process.start()
    for process in writers:
        process.join()

    files = sorted(path.parent.glob("signals.log*"))
    log_files = [file for file in files if file.suffix != ".lock"]
    messages = [
        json.loads(line)["message"] for file in log_files for line in file.read_text().splitlines()
    ]
    assert len(log_files) > 3
    assert sorted(messages) == sorted(f"{w}-{i}" for w in range(3) for i in range(100))
    assert all(file.stat().st_mode & 0o077 == 0 for file in log_files)

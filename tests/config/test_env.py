"""The typed readers of the environment: what they accept, and how they complain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st

from config.env import Environment, is_loopback_url

Read = Callable[[Environment], Any]


def read(value: str, reader: Read) -> Any:
    env = Environment({"NAME": value})
    result = reader(env)
    env.finish()
    return result


READERS: dict[str, Read] = {
    "text": lambda env: env.text("NAME", "fallback"),
    "integer": lambda env: env.integer("NAME", 7, least=1, most=100),
    "number": lambda env: env.number("NAME", 0.5, least=0.0, most=1.0),
    "boolean": lambda env: env.boolean("NAME", False),
    "choice": lambda env: env.choice("NAME", "INFO", ("INFO", "ERROR")),
    "url": lambda env: env.url("NAME", "https://fallback.example"),
    "csv": lambda env: env.csv("NAME", ("fallback",)),
    "integer_csv": lambda env: env.integer_csv("NAME", (1, 4), least=1, most=168),
    "path": lambda env: env.path("NAME", Path("/fallback"), base=Path("/project")),
    "duration_s": lambda env: env.duration_s("NAME", 8.0, least=0.5, most=90_000),
    "instant_ms": lambda env: env.instant_ms("NAME"),
}


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        ("text", " plain ", "plain"),
        ("integer", "1", 1),
        ("integer", "100", 100),
        ("number", "0.25", 0.25),
        ("number", "1e-3", 0.001),
        ("boolean", "Yes", True),
        ("boolean", "on", True),
        ("boolean", "0", False),
        ("choice", "error", "ERROR"),
        ("url", "http://host:8000/path/", "http://host:8000/path"),
        ("csv", "b, a,,b", ("b", "a")),
        ("integer_csv", "24, 1,,4,24", (1, 4, 24)),
        ("integer_csv", "168", (168,)),
        ("path", "data", Path("/project/data")),
        ("path", "/elsewhere", Path("/elsewhere")),
        ("duration_s", "8", 8.0),
        ("duration_s", "500ms", 0.5),
        ("duration_s", "1.5m", 90.0),
        ("duration_s", "1d", 86_400.0),
        ("instant_ms", "2025-10-11T00:05:00Z", 1_760_141_100_000),
        ("instant_ms", "2025-10-11T02:05:00.250+02:00", 1_760_141_100_250),
    ],
)
def test_a_well_formed_value_is_read_as_its_type(reader: str, text: str, expected: Any) -> None:
    assert read(text, READERS[reader]) == expected


@pytest.mark.parametrize(
    ("reader", "text", "accepted"),
    [
        ("integer", "1.5", "a whole number from 1 to 100"),
        ("integer", "0", "from 1 to 100"),
        ("integer", "101", "from 1 to 100"),
        ("integer", "١", "a whole number"),
        ("integer", "1_0", "a whole number"),
        ("number", "nan", "a number from 0 to 1"),
        ("number", "inf", "a number"),
        ("number", "much", "a number"),
        ("boolean", "maybe", "true or false"),
        ("choice", "LOUD", "one of INFO, ERROR"),
        ("url", "ftp://host", "https://… or http://…"),
        ("url", "https://", "https://…"),
        ("url", "https://host:0", "https://…"),
        ("url", "https://host:70000", "https://…"),
        ("url", "https://ho st", "https://…"),
        ("duration_s", "-1", "a duration like"),
        ("duration_s", "8 parsecs", "a duration like"),
        ("duration_s", "100ms", "from 0.5 to 90000"),
        ("integer_csv", "1,x", "whole numbers, with commas from 1 to 168"),
        ("integer_csv", "0,4", "from 1 to 168"),
        ("integer_csv", "4,169", "from 1 to 168"),
        ("instant_ms", "2025-10-11T00:05:00", "an instant with its offset"),
        ("instant_ms", "yesterday", "an instant with its offset"),
    ],
)
def test_a_malformed_value_is_refused_with_its_name_the_value_and_what_is_accepted(
    reader: str, text: str, accepted: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        read(text, READERS[reader])

    message = str(raised.value)
    assert message.startswith("NAME: ")
    assert repr(text) in message
    assert accepted in message


@pytest.mark.parametrize("reader", sorted(READERS))
def test_an_empty_value_counts_as_absent(reader: str) -> None:
    assert read("  ", READERS[reader]) == READERS[reader](Environment({}))


def test_every_fault_is_named_in_one_error() -> None:
    env = Environment({"PORT": "many", "MODE": "odd"})

    env.integer("PORT", 1)
    env.choice("MODE", "even", ("even",))
    env.text("TOKEN", required=True, secret=True)

    with pytest.raises(ImproperlyConfigured) as raised:
        env.finish()
    assert all(name in str(raised.value) for name in ("PORT", "MODE", "TOKEN is not set"))


def test_a_secret_never_appears_in_a_message() -> None:
    env = Environment({"API_KEYS": "hunter2,correct-horse-battery", "DATABASE_URL": "my:pw@host"})

    env.secret_csv("API_KEYS", least_length=16)
    env.url("DATABASE_URL", schemes=("postgres",), secret=True)

    with pytest.raises(ImproperlyConfigured) as raised:
        env.finish()
    message = str(raised.value)
    assert "API_KEYS" in message
    assert "at least 16 characters" in message
    assert not any(secret in message for secret in ("hunter2", "correct-horse", "my:pw"))


def test_every_secret_that_was_read_is_known_so_that_logs_can_hide_it() -> None:
    env = Environment(
        {"KEY": "k-123456", "API_KEYS": "a-1,b-2", "DATABASE_URL": "postgres://me:p%40ss@db/x"}
    )

    env.text("KEY", secret=True)
    env.secret_csv("API_KEYS", least_length=1)
    env.url("DATABASE_URL", schemes=("postgres",), secret=True)

    assert env.secrets == {"k-123456", "a-1", "b-2", "p%40ss", "p@ss"}


def test_a_socket_or_file_url_needs_no_host() -> None:
    env = Environment({"DATABASE_URL": "sqlite:////srv/db.sqlite3"})

    url = env.url("DATABASE_URL", schemes=("sqlite",), host_needed=False)

    env.finish()
    assert url == "sqlite:////srv/db.sqlite3"


def test_the_process_environment_wins_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "env"
    file.write_text("FROM_FILE=file $NOT_EXPANDED\nFROM_BOTH=file\n", encoding="utf-8")
    monkeypatch.setenv("FROM_BOTH", "process")
    monkeypatch.delenv("SIGNALS_ENV_FILE")

    env = Environment.load(file)

    assert env.text("FROM_FILE") == "file $NOT_EXPANDED"
    assert env.text("FROM_BOTH") == "process"


def test_an_env_file_that_is_named_must_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALS_ENV_FILE", str(tmp_path / "nowhere"))

    env = Environment.load(tmp_path / ".env")

    with pytest.raises(ImproperlyConfigured, match="SIGNALS_ENV_FILE"):
        env.finish()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:9000/binance", True),
        ("http://LOCALHOST.:9000", True),
        ("http://sandbox.localhost", True),
        ("http://127.0.0.1", True),
        ("http://127.8.9.1", True),
        ("http://127.1", True),
        ("http://0x7f.0.0.1", True),
        ("http://2130706433", True),
        ("http://[::1]:80", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://0.0.0.0", True),
        ("https://fapi.binance.com", False),
        ("https://localhost.example.com", False),
        ("https://10.0.0.1", False),
        ("", False),
    ],
)
def test_a_loopback_url_is_known_however_it_is_spelled(url: str, expected: bool) -> None:
    assert is_loopback_url(url) is expected


@settings(deadline=None)
@given(st.text(max_size=30), st.sampled_from(sorted(READERS)))
def test_any_text_is_either_read_or_refused_by_name(text: str, reader: str) -> None:
    env = Environment({"NAME": text})

    value = READERS[reader](env)

    if env.faults:
        assert env.faults[0].startswith("NAME: ")
        assert value == READERS[reader](Environment({}))

"""What the settings of each environment make of the variables, seen from a process of their own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config.secret_files import read_or_create
from config.settings.background import redis_broker_url
from config.settings.databases import POSTGRES_OPTIONS, SQLITE_OPTIONS, database

ROOT = Path(__file__).resolve().parents[2]

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "kQ7v-9xT2bN4mWz8rLpJ6sHd3fGy1cVuEaKoIiXqRwZtBnMlP0",
    "ALLOWED_HOSTS": "signals.example.com",
    "PUBLIC_BASE_URL": "https://signals.example.com",
    "TRUSTED_PROXIES": "127.0.0.1",
}
LOCAL = {"DJANGO_SETTINGS_MODULE": "config.settings.local"}

SHOW = """
import json, sys
from django.conf import settings
print(json.dumps({name: str(getattr(settings, name)) for name in sys.argv[1:]}))
"""


def run(
    arguments: list[str], variables: dict[str, str], data_dir: Path
) -> subprocess.CompletedProcess[str]:
    """Run Python with no variables but the given ones and what the interpreter itself needs."""
    environment = {
        "PATH": os.environ["PATH"],
        "SIGNALS_ENV_FILE": os.devnull,
        "SIGNALS_DATA_DIR": str(data_dir),
        **variables,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def settings_of(variables: dict[str, str], data_dir: Path, *names: str) -> dict[str, Any]:
    done = run(["-c", SHOW, *names], variables, data_dir)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def test_production_settings_pass_every_deployment_check(tmp_path: Path) -> None:
    done = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short-but-secret"}, "SECRET_KEY: its value"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY: its value"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
        ({"ALLOWED_HOSTS": "signals.example.com,*"}, "ALLOWED_HOSTS: '*'"),
        ({"PUBLIC_BASE_URL": ""}, "PUBLIC_BASE_URL is not set"),
        ({"PUBLIC_BASE_URL": "http://signals.example.com"}, "PUBLIC_BASE_URL: 'http:"),
        ({"BINANCE_BASE_URL": "http://127.0.0.1:9000/binance"}, "BINANCE_BASE_URL"),
        ({"BINANCE_BASE_URL": "https://localhost/binance"}, "BINANCE_BASE_URL"),
        ({"OKX_BASE_URL": "http://sandbox:9000/okx"}, "OKX_BASE_URL"),
        ({"OKX_FALLBACK_BASE_URL": "http://[::1]:9000/okx"}, "OKX_FALLBACK_BASE_URL"),
        ({"COINGECKO_BASE_URL": "http://127.1:9000"}, "COINGECKO_BASE_URL"),
        ({"ALTERNATIVE_ME_BASE_URL": "http://localhost:9000"}, "ALTERNATIVE_ME_BASE_URL"),
        ({"BINANCE_STREAM_URL": "ws://fstream.binance.com"}, "BINANCE_STREAM_URL"),
        ({"BINANCE_STREAM_URL": "https://fstream.binance.com"}, "BINANCE_STREAM_URL"),
        ({"OKX_STREAM_URL": "wss://127.0.0.1:9000/okx"}, "OKX_STREAM_URL"),
        ({"API_KEYS": "too-short"}, "API_KEYS: its value"),
        ({"SIGNALS_CLOCK_AT": "2025-10-11T00:05:00Z"}, "SIGNALS_CLOCK_AT"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL: 'LOUD'"),
    ],
)
def test_production_refuses_to_start(tmp_path: Path, change: dict[str, str], named: str) -> None:
    variables = {**PRODUCTION, **change}

    done = run(["-c", "from django.conf import settings; settings.DEBUG"], variables, tmp_path)

    assert done.returncode != 0
    message = done.stderr.splitlines()[-1]
    assert "ImproperlyConfigured" in message
    assert named in message
    assert "short-but-secret" not in done.stderr
    assert "too-short" not in done.stderr


def test_production_names_every_fault_at_once(tmp_path: Path) -> None:
    variables = {**PRODUCTION, "SECRET_KEY": "", "OKX_BASE_URL": "http://localhost:9000"}

    done = run(["-c", "from django.conf import settings; settings.DEBUG"], variables, tmp_path)

    assert all(name in done.stderr for name in ("SECRET_KEY", "OKX_BASE_URL"))


def test_health_can_be_asked_without_tls_by_the_machine_itself(tmp_path: Path) -> None:
    found = settings_of(PRODUCTION, tmp_path, "SECURE_REDIRECT_EXEMPT", "ALLOWED_HOSTS", "DEBUG")

    assert "health" in found["SECURE_REDIRECT_EXEMPT"]
    assert "127.0.0.1" in found["ALLOWED_HOSTS"]
    assert found["DEBUG"] == "False"


def test_local_settings_make_a_secret_key_once_for_their_owner_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    first = settings_of(LOCAL, data_dir, "SECRET_KEY", "DEBUG")
    second = settings_of(LOCAL, data_dir, "SECRET_KEY", "DEBUG")

    key_file = data_dir / "secret_key"
    assert first == second
    assert len(first["SECRET_KEY"]) >= 50
    assert first["DEBUG"] == "False"
    assert first["SECRET_KEY"] == key_file.read_text().strip()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_data_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")

    done = run(["manage.py", "check"], LOCAL, in_the_way / "data")

    assert done.returncode != 0
    assert "SIGNALS_DATA_DIR" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("variables", "environment", "fallback"),
    [
        ({}, "live", "https://openapi.okx.com"),
        ({"COINGECKO_BASE_URL": "http://127.0.0.1:9000"}, "sandbox", "https://openapi.okx.com"),
        ({"OKX_BASE_URL": "http://localhost:9000/okx"}, "sandbox", "http://localhost:9000/okx"),
        ({"OKX_BASE_URL": "https://okx.example.com"}, "live", "https://okx.example.com"),
    ],
)
def test_one_loopback_upstream_makes_the_environment_a_sandbox(
    tmp_path: Path, variables: dict[str, str], environment: str, fallback: str
) -> None:
    found = settings_of(
        {**LOCAL, **variables}, tmp_path, "ENVIRONMENT", "OKX_FALLBACK_BASE_URL", "CLOCK_AT_MS"
    )

    assert found["ENVIRONMENT"] == environment
    assert found["OKX_FALLBACK_BASE_URL"] == fallback
    assert found["CLOCK_AT_MS"] == "None"


@pytest.mark.parametrize(
    ("variables", "binance", "okx"),
    [
        ({}, "wss://fstream.binance.com", "wss://ws.okx.com:8443"),
        (
            {"BINANCE_BASE_URL": "http://127.0.0.1:9000/binance"},
            "None",
            "wss://ws.okx.com:8443",
        ),
        ({"OKX_BASE_URL": "https://okx.example.com"}, "wss://fstream.binance.com", "None"),
        (
            {"OKX_STREAM_URL": "ws://127.0.0.1:9000/okx/"},
            "wss://fstream.binance.com",
            "ws://127.0.0.1:9000/okx",
        ),
    ],
)
def test_a_venue_that_is_pointed_elsewhere_is_not_streamed_from_the_real_one(
    tmp_path: Path, variables: dict[str, str], binance: str, okx: str
) -> None:
    found = settings_of({**LOCAL, **variables}, tmp_path, "BINANCE_STREAM_URL", "OKX_STREAM_URL")

    assert found == {"BINANCE_STREAM_URL": binance, "OKX_STREAM_URL": okx}


def test_a_stream_of_this_machine_makes_the_environment_a_sandbox(tmp_path: Path) -> None:
    variables = {**LOCAL, "OKX_STREAM_URL": "ws://127.0.0.1:9000/okx"}

    assert settings_of(variables, tmp_path, "ENVIRONMENT")["ENVIRONMENT"] == "sandbox"


def test_the_clock_may_be_set_against_the_sandbox(tmp_path: Path) -> None:
    variables = {
        **LOCAL,
        "BINANCE_BASE_URL": "http://127.0.0.1:9000/binance",
        "SIGNALS_CLOCK_AT": "2025-10-11T00:05:00Z",
    }

    assert settings_of(variables, tmp_path, "CLOCK_AT_MS")["CLOCK_AT_MS"] == "1760141100000"


@pytest.mark.parametrize(("key", "per_minute"), [("", "5"), ("CG-demo-0123456789", "30")])
def test_a_demo_key_raises_the_coingecko_budget(tmp_path: Path, key: str, per_minute: str) -> None:
    variables = {**LOCAL, "COINGECKO_DEMO_API_KEY": key}

    found = settings_of(variables, tmp_path, "COINGECKO_CALLS_PER_MINUTE")

    assert found["COINGECKO_CALLS_PER_MINUTE"] == per_minute


def test_secrets_of_the_environment_reach_no_log_line(tmp_path: Path) -> None:
    variables = {
        **LOCAL,
        "API_KEYS": "plain-looking-words",
        "REDIS_URL": "redis://:redis-pass-word@cache:6379/0",
    }
    code = (
        "import django, logging; django.setup(); from django.conf import settings\n"
        "for text in ('plain-looking-words', 'redis-pass-word', settings.SECRET_KEY):\n"
        "    logging.getLogger('x').warning('saw %s', text)"
    )

    done = run(["-c", code], variables, tmp_path)

    lines = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert lines == ["saw [redacted]"] * 3, done.stderr


def test_logs_also_go_to_the_file_that_is_named(tmp_path: Path) -> None:
    code = "import django, logging; django.setup(); logging.getLogger('x').warning('both')"

    done = run(["-c", code], {**LOCAL, "LOG_FILE": "logs/signals.log"}, tmp_path)

    assert json.loads(done.stdout)["message"] == "both"
    assert (tmp_path / "logs" / "signals.log").read_text() == done.stdout


def test_the_database_is_sqlite_in_the_data_folder_unless_a_url_is_given() -> None:
    own = database(None, Path("db.sqlite3"))
    postgres = database(
        "postgresql://me:pw@db.example:5433/signals?sslmode=require", Path("db.sqlite3")
    )

    assert own["ENGINE"] == "django.db.backends.sqlite3"
    assert own["OPTIONS"] == SQLITE_OPTIONS
    assert postgres["ENGINE"] == "config.postgres"
    assert postgres["OPTIONS"] == {**POSTGRES_OPTIONS, "sslmode": "require"}
    assert postgres["CONN_MAX_AGE"] == 0
    assert postgres["CONN_HEALTH_CHECKS"] is False


@pytest.mark.parametrize(
    ("url", "of_the_broker"),
    [
        ("redis://me:pw@cache.example:6379/2", "redis://me:pw@cache.example:6379/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ],
)
def test_the_broker_understands_every_redis_url_that_the_store_does(
    url: str, of_the_broker: str
) -> None:
    assert redis_broker_url(url) == of_the_broker


@pytest.mark.django_db(transaction=True)
def test_sqlite_waits_for_writers_and_keeps_readers_going() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")

    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 20_000,
        "foreign_keys": 1,
    }
    assert SQLITE_OPTIONS["transaction_mode"] == "IMMEDIATE"


def test_two_that_create_the_same_secret_agree_on_the_first(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"

    def make() -> str:  # while this one thinks, another process comes first
        read_or_create(file, lambda: "first")
        return "second"

    assert read_or_create(file, make) == "first"
    assert [path.name for path in file.parent.iterdir()] == ["secret"]

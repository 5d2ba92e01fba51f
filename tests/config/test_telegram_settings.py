"""What the settings make of the variables of Telegram."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.config.test_settings import LOCAL, PRODUCTION, run, settings_of

TOKEN = {"TELEGRAM_BOT_TOKEN": "123456:a-token-that-nobody-has"}
SANDBOX = {"BINANCE_BASE_URL": "http://127.0.0.1:9000/binance"}
SANDBOX_TELEGRAM = {"TELEGRAM_BASE_URL": "http://127.0.0.1:9000/telegram"}
WEBHOOK = {"TELEGRAM_WEBHOOK_URL": "https://signals.example.com/telegram/webhook"}

READ = ["-c", "from django.conf import settings; settings.DEBUG"]


@pytest.mark.parametrize(
    ("variables", "dry_run"),
    [
        ({}, "True"),
        (TOKEN, "False"),
        ({**TOKEN, "TELEGRAM_DRY_RUN": "true"}, "True"),
        # People are never told of a simulated market …
        ({**TOKEN, **SANDBOX}, "True"),
        # … but the stand-in Telegram may be.
        ({**TOKEN, **SANDBOX, **SANDBOX_TELEGRAM}, "False"),
    ],
)
def test_alerts_are_only_shown_until_they_can_be_sent(
    tmp_path: Path, variables: dict[str, str], dry_run: str
) -> None:
    found = settings_of({**LOCAL, **variables}, tmp_path, "TELEGRAM_DRY_RUN")

    assert found["TELEGRAM_DRY_RUN"] == dry_run


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"TELEGRAM_DRY_RUN": "false"}, "TELEGRAM_DRY_RUN: 'false'"),
        ({**TOKEN, **SANDBOX, "TELEGRAM_DRY_RUN": "false"}, "TELEGRAM_DRY_RUN: 'false'"),
        ({"TELEGRAM_BOT_TOKEN": "hunter2 hunter2"}, "TELEGRAM_BOT_TOKEN: its value"),
        ({"TELEGRAM_CHAT_ID": "@channel"}, "TELEGRAM_CHAT_ID: '@channel'"),
        ({"TELEGRAM_WEBHOOK_URL": "http://x.example/hook"}, "TELEGRAM_WEBHOOK_URL"),
        ({"TELEGRAM_WEBHOOK_SECRET": "hunter2"}, "TELEGRAM_WEBHOOK_SECRET: its value"),
        ({"ALERT_RETENTION_DAYS": "0"}, "ALERT_RETENTION_DAYS"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_secrets(
    tmp_path: Path, variables: dict[str, str], named: str
) -> None:
    done = run(READ, {**LOCAL, **variables}, tmp_path)

    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]
    assert "hunter2" not in done.stderr


def test_a_loopback_telegram_makes_the_environment_a_sandbox(tmp_path: Path) -> None:
    assert settings_of({**LOCAL, **SANDBOX_TELEGRAM}, tmp_path, "ENVIRONMENT") == {
        "ENVIRONMENT": "sandbox"
    }


def test_local_settings_make_the_secret_of_the_webhook_once(tmp_path: Path) -> None:
    first = settings_of({**LOCAL, **WEBHOOK}, tmp_path, "TELEGRAM_WEBHOOK_SECRET")
    second = settings_of({**LOCAL, **WEBHOOK}, tmp_path, "TELEGRAM_WEBHOOK_SECRET")

    file = tmp_path / "telegram_webhook_secret"
    assert first == second == {"TELEGRAM_WEBHOOK_SECRET": file.read_text().strip()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_webhook_no_secret_is_made(tmp_path: Path) -> None:
    settings_of(LOCAL, tmp_path, "DEBUG")

    assert not (tmp_path / "telegram_webhook_secret").exists()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (WEBHOOK, "TELEGRAM_WEBHOOK_SECRET is not set"),
        ({"TELEGRAM_BASE_URL": "http://127.0.0.1:9000/telegram"}, "TELEGRAM_BASE_URL"),
    ],
)
def test_production_refuses_to_start(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    done = run(READ, {**PRODUCTION, **variables}, tmp_path)

    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]


def test_the_token_reaches_no_log_line(tmp_path: Path) -> None:
    code = (
        "import django, logging; django.setup()\n"
        f"logging.getLogger('x').warning('saw %s', {TOKEN['TELEGRAM_BOT_TOKEN']!r})"
    )

    done = run(["-c", code], {**LOCAL, **TOKEN}, tmp_path)

    assert '"saw [redacted]"' in done.stdout

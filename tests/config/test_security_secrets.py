"""Planted secrets: none comes out in a log line, an answer, a header, a page or a problem.

Processes of their own, because what must not leak includes what settings and start-up say.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.test_settings import run

SECRETS = {
    "SECRET_KEY": "planted-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz",
    "API_KEYS": "planted-api-key-0123456789",
    "TELEGRAM_BOT_TOKEN": "7000000009:planted-bot-token-0123456789",
    "TELEGRAM_WEBHOOK_SECRET": "planted-webhook-secret-0123456789",
    "COINGECKO_DEMO_API_KEY": "planted-coingecko-key-0123456789",
    "COINGLASS_API_KEY": "planted-coinglass-key-0123456789",
    "LUNARCRUSH_API_KEY": "planted-lunarcrush-key-0123456789",
    "COINAPI_KEY": "planted-coinapi-key-0123456789",
}
# Nobody listens there: every provider fails, and every failure is logged.
NOWHERE = {
    **{
        f"{name}_BASE_URL": "http://127.0.0.1:9"
        for name in (
            "BINANCE", "OKX", "COINGECKO", "ALTERNATIVE_ME", "COINGLASS", "LUNARCRUSH", "COINAPI",
            "TELEGRAM",
        )
    },
    "TELEGRAM_CHAT_ID": "77",
    "SIGNAL_DEADLINE_S": "0.5",
    "SMART_MONEY_DEADLINE_S": "2",
    "MSS_DEADLINE_S": "2",
    "ALLOWED_HOSTS": "localhost",
}  # fmt: skip
AWAY = {
    "DATABASE_URL": "postgresql://signals:planted-database-password@127.0.0.1:9/signals",
    "REDIS_URL": "redis://:planted-redis-password@127.0.0.1:9/0",
}


@pytest.mark.parametrize(
    ("database", "more", "least_answers"),
    [("with-database", {}, 200), ("without-database", AWAY, 2)],
)
@pytest.mark.one_database
def test_no_planted_secret_comes_out(
    tmp_path: Path, database: str, more: dict[str, str], least_answers: int
) -> None:
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PLANTED": ",".join([*SECRETS, *more]),
        "PYTHONPATH": os.getcwd(),
        **SECRETS,
        **NOWHERE,
        **more,
    }
    answers = tmp_path / "answers"

    done = run(["-m", "tests.config.planted", str(answers), database], variables, tmp_path)

    assert done.returncode == 0, done.stderr
    shown = answers.read_bytes()
    assert shown.count(b"\n## ") >= least_answers
    assert "[redacted]" in done.stdout
    leaks = [
        (secret, where)
        for secret in [*SECRETS.values(), "planted-database-password", "planted-redis-password"]
        for where, text in (
            ("logs", done.stdout),
            ("errors", done.stderr),
            ("answers", shown.decode("utf-8", "replace")),
        )
        if secret in text
    ]
    assert leaks == []

"""A sandbox that stands still at an instant, and a database that has read it, once for all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from config.supervisor import sandbox_environment
from market.sandbox.telegram_rules import TOKEN
from tests.bench.stack import free_port, running
from tests.kill.fleet import run
from tests.kill.tables import SIGNALS, rows

AT = "2026-09-29T12:07:00Z"
COINS = 300
LATENCY_MS = "50"


@dataclass(frozen=True)
class Market:
    """The standing sandbox, what it takes to ask it, and what it comes to undisturbed."""

    url: str
    environment: dict[str, str]
    coins: str
    filled: Path  # an SQLite file with the windows of all coins
    expected: list[tuple[object, ...]]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("kill")
    port = free_port()
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL")
        },
        **sandbox_environment(port),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "SIGNALS_ENV_FILE": os.devnull,
        "SIGNALS_CLOCK_AT": AT,
        "SIGNALS_DATA_DIR": str(folder / "undisturbed"),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_DRY_RUN": "false",
        "COINGECKO_CALLS_PER_MINUTE": "1000",
        "LOG_LEVEL": "WARNING",
    }
    (folder / "undisturbed").mkdir()
    sandbox = [
        *(sys.executable, "manage.py", "run_sandbox", "--port", str(port)),
        *("--limit-scale", "100", "--latency-ms", LATENCY_MS),
    ]
    run(environment, "manage.py", "migrate", "--verbosity", "0")
    coins = run(environment, "-m", "tests.kill.filled", str(COINS)).splitlines()[-1]
    with running(
        sandbox,
        url=f"http://127.0.0.1:{port}",
        env=environment,
        probe="/",
        log=folder / "sandbox.log",
    ) as served:
        # A few votes a minute are all it answers: who gets them would depend on the moment.
        httpx.post(
            f"{served.url}/_control/faults", json={"provider": "coingecko", "kind": "dead"}
        ).raise_for_status()
        written = folder / "undisturbed" / "db.sqlite3"
        filled = folder / "filled.sqlite3"
        run(environment, "manage.py", "shell", "--command", _VACUUM.format(filled))
        patient = {**environment, "SCAN_BATCH_DEADLINE_S": "120"}
        run(patient, "-m", "tests.kill.scanned", "worked", coins)
        expected = rows(f"sqlite://{written}", SIGNALS)
        yield Market(served.url, environment, coins, filled, expected)


# A copy that needs no write-ahead log beside it.
_VACUUM = "from django.db import connection; connection.cursor().execute('VACUUM INTO %s', ['{}'])"

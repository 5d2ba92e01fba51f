"""Whatever is killed while 300 coins are scanned: the same signals, once each, and no alert lost.

Workers, beat and broker end by SIGKILL at random moments, Postgres is restarted as by a crash. The
sandbox stands still at an instant, so what is published can be compared with a run in peace.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.kill.conftest import Market
from tests.kill.fleet import Fleet, redis_command, run
from tests.kill.tables import (
    COUNTED,
    DELIVERIES,
    EVENTS,
    OWED,
    RUN,
    SIGNALS,
    copy_read,
    rows,
)
from tests.postgres_server import postgres_server

# Of each service: what reached the one's is not counted for the other.
EMBEDDED_CHATS = range(1001, 1009)
SCALED_CHATS = range(2001, 2009)
# Both databases are in here already.
pytestmark = pytest.mark.one_database

KILLS = 10
# From the first kill to the last about 25 s; then the leases of the dead have to end (40 s, 60 s).
SETTLED_WITHIN_S = 240.0
SEED = 5

_TITLE = re.compile(r"\S+ (LONG|SHORT) (?P<coin>\w+)")


Services = Mapping[str, Future[None]]


@pytest.fixture(scope="module")
def services(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Have both services killed at the same time: each waits longest for the leases of its dead."""
    kinds = {"embedded": _kill_embedded, "scaled": _kill_scaled}
    with ThreadPoolExecutor(len(kinds)) as threads:
        yield {
            name: threads.submit(kill, market, tmp_path_factory.mktemp(name))
            for name, kill in kinds.items()
        }


def test_embedded_service_loses_and_doubles_nothing(services: Services) -> None:
    services["embedded"].result()


@pytest.mark.postgres
@pytest.mark.redis
def test_service_on_postgres_and_redis_loses_and_doubles_nothing(services: Services) -> None:
    services["scaled"].result()


def _kill_embedded(market: Market, folder: Path) -> None:
    environment = {**market.environment, "SIGNALS_DATA_DIR": str(folder)}
    shutil.copy(market.filled, folder / "db.sqlite3")
    database = f"sqlite://{folder / 'db.sqlite3'}"
    fleet = Fleet(environment, folder / "log")
    try:
        _scan_while_killing(
            market, EMBEDDED_CHATS, fleet, environment, database, ["worker", "beat"], None
        )
    finally:
        fleet.stop()

    _everything_is_there_once(market, EMBEDDED_CHATS, environment, database)


def _kill_scaled(market: Market, folder: Path) -> None:
    with postgres_server() as postgres:
        redis_url, redis = redis_command(folder)
        environment = {
            **market.environment,
            "SIGNALS_DATA_DIR": str(folder),
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis_url,
        }
        run(environment, "manage.py", "migrate", "--verbosity", "0")
        copy_read(market.filled, postgres.url)

        def restart_postgres() -> None:
            postgres.stop()
            postgres.start()

        fleet = Fleet(environment, folder / "log")
        try:
            fleet.start("redis", redis)
            _scan_while_killing(
                market,
                SCALED_CHATS,
                fleet,
                environment,
                postgres.url,
                ["worker", "beat", "redis"],
                restart_postgres,
            )
        finally:
            fleet.stop()

        _everything_is_there_once(market, SCALED_CHATS, environment, postgres.url)


def _scan_while_killing(
    market: Market,
    chats: Iterable[int],
    fleet: Fleet,
    environment: dict[str, str],
    database: str,
    victims: list[str],
    restart_database: Callable[[], None] | None,
) -> None:
    """Scan all coins; kill at random moments until KILLS are done; wait until nothing is owed."""
    run(environment, "-m", "tests.kill.prepared", ",".join(map(str, chats)), market.coins)
    fleet.start("worker")
    fleet.start("beat")
    run(environment, "-m", "tests.kill.scanned", "started", market.coins)

    chance = random.Random(SEED)
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.5, 4.0))
        if restart_database is not None and kill == KILLS // 2:
            restart_database()
        victim = chance.choice(victims)
        if victim == "worker" and chance.random() < 0.5:
            fleet.kill_a_child("worker", chance.randrange(4))
            continue
        fleet.kill(victim)
        time.sleep(chance.uniform(0.0, 1.0))
        fleet.start(victim)

    deadline = time.monotonic() + SETTLED_WITHIN_S
    while not _is_settled(database):
        assert time.monotonic() < deadline, (rows(database, RUN), rows(database, OWED))
        time.sleep(0.5)
    assert fleet.ended() == []


def _is_settled(database: str) -> bool:
    [(state, *_)] = rows(database, RUN)
    [(owed,)] = rows(database, OWED)
    return state != "running" and owed == 0


def _everything_is_there_once(
    market: Market, chats: Iterable[int], environment: dict[str, str], database: str
) -> None:
    signals = rows(database, SIGNALS)
    assert [_said(signal) for signal in signals] == [_said(signal) for signal in market.expected]
    coins = market.coins.split(",")
    assert rows(database, RUN) == [("complete", len(coins), 0, 0, len(signals))]
    assert rows(database, COUNTED) == [(coin, 1) for coin in sorted(coins)]

    streams = {(symbol, profile, seq) for symbol, profile, seq, *_ in signals}
    written = {
        (columns["symbol"], columns["profile_name"], columns["seq"])
        for columns in _backup(Path(environment["SIGNALS_DATA_DIR"]) / "backup")
    }
    assert written == streams
    run(environment, "manage.py", "verify_chain")  # fails when a link is broken

    owed = rows(database, DELIVERIES)
    assert len(rows(database, EVENTS)) == len(signals)
    assert len(owed) == len(signals)
    assert {state for _, _, state, _ in owed} == {"sent"}
    reached = _messages(market.url, chats)
    lost = [key for chat, key, *_ in owed if not reached[chat, key.split(":")[2]]]
    doubled = sum(reached.values()) - len(owed)
    unconfirmed = sum(times for *_, times in owed)
    assert lost == []
    assert 0 <= doubled <= unconfirmed


def _said(signal: tuple[object, ...]) -> tuple[object, ...]:
    """Return a row with what the two databases write differently read as the same."""
    symbol, profile, seq, direction, score, confidence, coverage, price, timestamp = signal
    return (
        symbol, profile, seq, direction, float(str(score)), confidence, coverage,
        float(str(price)), str(timestamp)[:19],
    )  # fmt: skip


def _backup(folder: Path) -> list[dict[str, object]]:
    files = sorted(folder.glob("signals-*.jsonl"))
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    return [json.loads(line) for line in lines if line]


def _messages(sandbox_url: str, chats: Iterable[int]) -> Counter[tuple[int, str]]:
    """Count what reached each chat, by the coin that it tells of."""
    reached: Counter[tuple[int, str]] = Counter()
    for chat_id in chats:
        answer = httpx.get(f"{sandbox_url}/_control/telegram/messages", params={"chat_id": chat_id})
        answer.raise_for_status()
        for message in answer.json()["messages"]:
            told = _TITLE.match(message.get("text") or message.get("caption") or "")
            if told is not None:
                reached[chat_id, told["coin"]] += 1
    return reached

"""A million stored signals: what analytics takes on the server, and the latest beside a peer.

``BENCH_SIGNALS`` makes fewer. Times are those of the access log: a request's own, without the
client. The peer is FastAPI with asyncpg, sending the same statement and building the same JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
import httpx
from django.conf import settings

from tests.bench.many_signals import COINS, DAYS, many_signals
from tests.bench.many_sums import fill_sums
from tests.bench.report import heading, quantile, row, table_head
from tests.bench.stack import free_port, product, product_env, running
from tests.bench.warm import CONNECTIONS, ROUNDS, WORKERS, wrk

SIGNALS = int(os.environ.get("BENCH_SIGNALS", "1000000"))
REQUESTS = 300
LATEST = "/analytics/history/latest"
TARGET_MS = 100

# What is asked, with other parameters each time, and whether it has a target.
Ask = Callable[[random.Random], str]


def run() -> None:
    heading(f"{SIGNALS:,} stored signals, {3 * SIGNALS:,} outcomes, Postgres")
    with (
        many_signals(SIGNALS, environment="sandbox") as database_url,
        tempfile.TemporaryDirectory(prefix="signals-bench-") as folder,
    ):
        fill_sums(database_url)
        log = Path(folder) / "access.log"
        with product(DATABASE_URL=database_url, LOG_FILE=str(log)) as (upstream, server):
            table_head("request, server-side", "p50 · p95 · slowest", "target for p95")
            with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
                for what, ask, has_target in _questions():
                    _measure(client, log, what, ask, has_target=has_target)
            if shutil.which("wrk") is None:
                print("\nBeside the peer: not measured, needs wrk")
                return
            env = product_env(upstream.url, Path(folder), DATABASE_URL=database_url)
            _beside_the_peer(server.url, env, Path(folder))


def _questions() -> list[tuple[str, Ask, bool]]:
    return [
        ("summary, 1 to 365 days", lambda r: f"/analytics/summary?days={r.randint(1, 365)}", True),
        (
            "summary of a coin, 1 to 365 days",
            lambda r: f"/analytics/summary?symbol={_coin(r)}&days={r.randint(1, 365)}",
            False,
        ),
        ("history/latest, 50 signals", lambda _: LATEST, True),
        (
            "history/date-range, 1 to 30 days, 50 signals",
            lambda r: f"/analytics/history/date-range?{_range(r)}",
            True,
        ),
        (
            "history/date-range of a coin",
            lambda r: f"/analytics/history/date-range?symbol={_coin(r)}&{_range(r)}",
            False,
        ),
        (
            "history/{symbol}, offset up to 3,000",
            lambda r: f"/analytics/history/{_coin(r)}?offset={r.randint(0, 3000)}",
            False,
        ),
        (
            "by-factor, 1 to 365 days",
            lambda r: f"/analytics/by-factor?horizon_h={_horizon(r)}&days={r.randint(1, 365)}",
            True,
        ),
        (
            "by-factor of a coin, 30 days",
            lambda r: f"/analytics/by-factor?symbol={_coin(r)}",
            True,
        ),
        (
            "by-factor of a coin, 365 days",
            lambda r: f"/analytics/by-factor?symbol={_coin(r)}&days=365",
            True,
        ),
        (
            "by-confidence, 1 to 365 days",
            lambda r: f"/analytics/by-confidence?horizon_h={_horizon(r)}&days={r.randint(1, 365)}",
            False,
        ),
        (
            "performance/summary, 1 to 365 days",
            lambda r: f"/analytics/performance/summary?days={r.randint(1, 365)}",
            False,
        ),
        (
            "performance/{symbol}, 1 to 365 days",
            lambda r: f"/analytics/performance/{_coin(r)}?days={r.randint(1, 365)}",
            False,
        ),
        ("calibration, 365 days", lambda _: "/analytics/calibration?days=365", False),
        ("trends by day, 365 days", lambda _: "/analytics/trends?bucket=day&days=365", False),
        ("stats/overview", lambda _: "/analytics/stats/overview", False),
    ]


def _measure(client: httpx.Client, log: Path, what: str, ask: Ask, *, has_target: bool) -> None:
    chance = random.Random(what)
    before = log.stat().st_size
    for _ in range(REQUESTS):
        answer = client.get(ask(chance))
        assert answer.status_code == 200, answer.text
    with log.open("rb") as lines:
        lines.seek(before)
        took_ms = [
            line["duration_ms"]
            for line in map(json.loads, lines)
            if line.get("logger") == "access" and line["path"].startswith("/analytics/")
        ]
    assert len(took_ms) == REQUESTS
    row(
        what,
        f"{quantile(took_ms, 0.5):.1f} · {quantile(took_ms, 0.95):.1f} · {max(took_ms):.1f} ms",
        f"≤ {TARGET_MS} ms" if has_target else "",
    )


def _beside_the_peer(url: str, env: Mapping[str, str], folder: Path) -> None:
    port, port_each_time = free_port(), free_port()
    peer_url, each_time_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port_each_time}"
    peer_command = [
        *(sys.executable, "-m", "uvicorn", "tests.bench.peer_history:app"),
        *("--port", str(port), "--workers", WORKERS, "--no-access-log"),
    ]
    each_time_command = [
        *(sys.executable, "-m", "tests.bench.latest_each_time"),
        *("--host", "127.0.0.1", "--port", str(port_each_time)),
    ]
    peer_env = {**env, **_what_the_product_asks(env)}
    log = folder / "latest.log"
    rates: dict[str, list[tuple[float, float]]] = {each_time_url: [], url: [], peer_url: []}
    with (
        running(peer_command, url=peer_url, env=peer_env, probe=LATEST, log=log),
        running(each_time_command, url=each_time_url, env=env, probe=LATEST, log=log),
    ):
        body = httpx.get(url + LATEST, timeout=30).content
        for other in (each_time_url, peer_url):
            assert json.loads(body) == httpx.get(other + LATEST, timeout=30).json()
        for _ in range(ROUNDS):
            for server, measured in rates.items():
                measured.append(wrk(server + LATEST))
    heading(f"GET {LATEST}, {CONNECTIONS} connections, {WORKERS} workers each")
    table_head(
        f"50 signals, {len(body) / 1000:.0f} kB",
        *("ours", "FastAPI 0.104.1 + asyncpg", "ratio (req/s)", "ratio (p99)"),
    )
    for what, server in (("rows read for each request", each_time_url), ("as shipped", url)):
        _ratio(what, rates[server], rates[peer_url])
    print("\nTarget: ≥ 0.9 in requests.")


def _ratio(
    what: str, ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]
) -> None:
    rate, p99_ms = (statistics.median(column) for column in zip(*ours, strict=True))
    peer_rate, peer_p99_ms = (statistics.median(column) for column in zip(*theirs, strict=True))
    row(
        what,
        f"{rate:,.0f} req/s, p99 {p99_ms:.0f} ms",
        f"{peer_rate:,.0f} req/s, p99 {peer_p99_ms:.0f} ms"
        f" | {rate / peer_rate:.2f} | {p99_ms / peer_p99_ms:.2f}",
    )


def _what_the_product_asks(env: Mapping[str, str]) -> dict[str, str]:
    """Return for the peer: the statement behind the list, its columns' keys, which are JSON."""
    os.environ.update(env)
    django.setup()
    from analytics import lists
    from signals.history import EVIDENCE, HISTORY_COLUMNS

    evidence = [key for key, column in HISTORY_COLUMNS.items() if column in EVIDENCE]
    return {
        "PEER_DATABASE_URL": env["DATABASE_URL"],
        "PEER_QUERY": lists.latest_statement(settings.ENVIRONMENT, 50)[0],
        "PEER_KEYS": json.dumps(list(HISTORY_COLUMNS)),
        "PEER_EVIDENCE": json.dumps(evidence),
    }


def _coin(chance: random.Random) -> str:
    return f"C{chance.randrange(COINS):03d}"


def _horizon(chance: random.Random) -> int:
    return chance.choice((1, 4, 24))


def _range(chance: random.Random) -> str:
    first = datetime.now(UTC).date() - timedelta(days=chance.randint(1, DAYS))
    return f"start_date={first}&end_date={first + timedelta(days=chance.randint(0, 29))}"

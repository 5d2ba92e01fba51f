"""A year of signals made up in Postgres: 300 coins, three outcomes each, sizes as in service.

``many_signals()`` gives a migrated and filled database: that of ``BENCH_DATABASE_URL``, which is
filled when it is empty and kept, else one of its own on this machine's server, dropped afterwards.
The rows are made by the server from a few dozen pieces of evidence, a million in a minute or two.
Hashes are random: these chains are for counting and reading, not for verifying.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from analytics.engine.sums import stances_of
from tests.bench.stack import manage
from tests.loopback import loopback_postgres

COINS = 300
DAYS = 365
VARIANTS = 64
EVALUATIONS_A_DAY = 96
WEIGHTS = {
    "liquidations": 20, "funding_rate": 15, "price_momentum": 15, "long_short_ratio": 15,
    "smart_money": 10, "oi_trend": 10, "social_sentiment": 10, "fear_greed": 5,
}  # fmt: skip
READINGS = 12
STRUCTURES = 18
INPUT_BYTES = 400

_EVIDENCE: LiteralString = """
CREATE TEMPORARY TABLE evidence (
    n int PRIMARY KEY, signal text, score numeric, confidence text, confidence_score float8,
    reasons jsonb, factors jsonb, metrics jsonb, comprehensive jsonb, coinapi jsonb,
    structure jsonb, provenance jsonb, inputs bytea, stances text
)"""
_SIGNALS: LiteralString = """
INSERT INTO signals_signal (
    environment, symbol, signal, score, confidence, confidence_score, coverage_pct, price,
    timestamp, reasons, factors, metrics, comprehensive_metrics, coinapi_metrics, smc_analysis,
    provenance, problems, engine_version, profile_name, profile_version, profile, inputs,
    input_hash, seq, prev_hash, content_hash, created_at, source_reference
)
SELECT
    %(environment)s, 'C' || lpad((g %% %(coins)s)::text, 3, '0'), e.signal, e.score, e.confidence,
    e.confidence_score, 100, 1 + (g %% 9973) / 7.0,
    now() - (%(count)s - g) * (%(days)s * interval '1 day' / %(count)s),
    e.reasons, e.factors, e.metrics, e.comprehensive, e.coinapi, e.structure,
    e.provenance, '[]', '1.0.0', 'balanced', 1, '{}', e.inputs,
    md5(g::text) || md5((-g)::text), 1 + (g - 1) / %(coins)s, md5('p' || g) || md5('q' || g),
    md5('c' || g) || md5('d' || g),
    now() - (%(count)s - g) * (%(days)s * interval '1 day' / %(count)s), ''
FROM generate_series(1::bigint, %(count)s) g
-- Scattered, so that neither a coin nor an hour has one kind of evidence only.
JOIN evidence e ON e.n = (g * 7919 + g / %(coins)s) %% %(variants)s"""
_MONTHS: LiteralString = """
INSERT INTO signals_signalmonth (
    environment, symbol, month, signal, signals, score_hundredths
)
SELECT environment, symbol, date_trunc('month', timestamp AT TIME ZONE 'UTC')::date, signal,
    count(*), sum(score * 100)::bigint
FROM signals_signal GROUP BY 1, 2, 3, 4"""
_DAYS: LiteralString = """
INSERT INTO signals_signalday (
    environment, day, signal, confidence, signals, score_hundredths, least_hundredths,
    most_hundredths
)
SELECT environment, (timestamp AT TIME ZONE 'UTC')::date, signal, confidence, count(*),
    sum(score * 100)::bigint, (min(score) * 100)::int, (max(score) * 100)::int
FROM signals_signal GROUP BY 1, 2, 3, 4"""
_OUTCOMES: LiteralString = """
INSERT INTO analytics_outcome (
    state, attempt, faults, signal_id, horizon_h, due_at, environment, symbol, direction,
    confidence, profile_name, is_imported, signal_at, factor_stances, result, reason, venue,
    fees_pct, funding_pct, funding_basis, entry_price, exit_price, return_pct, net_return_pct,
    favourable_pct, adverse_pct, is_hit, target_price, stop_price, first_touch, filled_at
)
SELECT
    'done', 1, 0, s.id, h.hours, s.timestamp + h.hours * interval '1 hour', s.environment,
    s.symbol, s.signal, s.confidence, s.profile_name, false, s.timestamp, e.stances,
    'filled', '', 'binance', 0.1, 0.02, 'settled', s.price,
    s.price * (1 + r.pct / 100)::numeric, r.pct, r.pct - 0.12,
    greatest(r.pct, 0) + 0.4, least(r.pct, 0) - 0.4, r.pct > 0.12, s.price * 1.02,
    s.price * 0.99, CASE WHEN r.pct > 1 THEN 'target' WHEN r.pct < -1 THEN 'stop'
    ELSE 'neither' END, s.timestamp + h.hours * interval '1 hour'
FROM signals_signal s
JOIN evidence e ON e.inputs = s.inputs
CROSS JOIN (VALUES (1), (4), (24)) h (hours)
CROSS JOIN LATERAL (SELECT ((s.id * 31 + h.hours * 17) %% 401 - 200) / 100.0::float8 pct) r"""
_COUNTS: LiteralString = """
INSERT INTO signals_evaluationcount (
    environment, symbol, profile_name, day, evaluated, long, short, neutral, insufficient
)
SELECT
    %(environment)s, 'C' || lpad(coin::text, 3, '0'), 'balanced', current_date - day,
    %(evaluated)s, 5, 4, %(evaluated)s - 10, 1
FROM generate_series(0, %(coins)s - 1) coin, generate_series(0, %(days)s) day"""


@contextmanager
def many_signals(count: int = 1_000_000, *, environment: str = "live") -> Iterator[str]:
    """Yield the URL of a database with so many signals of one environment."""
    given = os.environ.get("BENCH_DATABASE_URL")
    if given:
        fill(given, count, environment=environment)
        yield given
        return
    url = loopback_postgres()
    if url is None:
        raise RuntimeError("No Postgres answers on this machine; set BENCH_DATABASE_URL.")
    server, _, name = url.rpartition("/")
    database = sql.Identifier(f"{name}_bench")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        try:
            fill(f"{url}_bench", count, environment=environment)
            yield f"{url}_bench"
        finally:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(database))


def fill(url: str, count: int, *, environment: str = "live") -> None:
    """Migrate a database, and make up signals in it unless it has some."""
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "DATABASE_URL": url}
    manage({**os.environ, **settings}, "migrate", "--verbosity", "0")
    values: dict[str, Any] = {
        "environment": environment,
        "count": count,
        "coins": COINS,
        "days": DAYS,
        "variants": VARIANTS,
        "evaluated": EVALUATIONS_A_DAY,
    }
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT 1 FROM signals_signal LIMIT 1").fetchone():
            return
        # A crash would lose what this makes anew; waiting for the disk is not what is measured.
        connection.execute("SET synchronous_commit = off")
        rights = connection.execute(
            "SELECT usesuper FROM pg_user WHERE usename = current_user"
        ).fetchone()
        if rights == (True,):
            # Three million looks for the signal of an outcome that was made from it.
            connection.execute("SET session_replication_role = replica")
        connection.execute(_EVIDENCE)
        marks = ", ".join(["%s"] * 14)
        connection.cursor().executemany(
            f"INSERT INTO evidence VALUES ({marks})",  # noqa: S608
            [evidence_row(n) for n in range(VARIANTS)],
        )
        connection.execute(_SIGNALS, values)
        connection.execute(_MONTHS)
        connection.execute(_DAYS)
        connection.execute(_OUTCOMES, values)
        connection.execute(_COUNTS, values)
    with psycopg.connect(url, autocommit=True) as connection:
        # As autovacuum would have done in the course of the year.
        connection.execute("VACUUM (ANALYZE)")


def evidence_row(n: int) -> tuple[Any, ...]:
    """Return one piece of evidence whose contributions, score and side agree."""
    chance = random.Random(n)
    side = 1 if n % 2 else -1
    points = {
        name: round(side * chance.uniform(-0.4, 0.6) * weight / 2, 2)
        for name, weight in WEIGHTS.items()
    }
    lacking = max(0.0, 5.0 - side * sum(points.values()))
    points["liquidations"] = round(points["liquidations"] + side * lacking, 2)
    score = round(50 + sum(points.values()), 2)
    agreement = sum(WEIGHTS[name] for name in points if side * points[name] > 0) / 100
    confidence_score = agreement * min(1.0, abs(score - 50) / 20)
    confidence = (
        "high" if confidence_score >= 0.5 else "medium" if confidence_score >= 0.25 else "low"
    )
    reasons = [_reason(name, points[name]) for name in list(WEIGHTS)[:3]]
    direction = "LONG" if side > 0 else "SHORT"
    factors = {name: _factor(name, points[name]) for name in WEIGHTS}
    return (
        n,
        direction,
        score,
        confidence,
        round(confidence_score, 4),
        json.dumps(reasons),
        json.dumps(factors),
        json.dumps(_metrics(chance)),
        json.dumps(_comprehensive(chance)),
        json.dumps(_order_book(chance)),
        json.dumps(_structure(chance)),
        json.dumps({f"reading_{number}": _reading(chance) for number in range(READINGS)}),
        chance.randbytes(INPUT_BYTES),
        stances_of(direction, factors),
    )


def _reason(name: str, points: float) -> str:
    return f"{name} stood {points:+.4f} σ above its 30 days (binance): {points:+.2f}"


def _factor(name: str, points: float) -> dict[str, Any]:
    weight = WEIGHTS[name]
    return {
        "score": round(50 + 100 * points / weight, 2),
        "weight": weight,
        "contribution": points,
        "reason": _reason(name, points),
        "source": "binance",
        "observedAt": "2026-01-02T03:04:05.678Z",
        "ageS": 12.345,
        "fallback": False,
    }


def _metrics(chance: random.Random) -> dict[str, Any]:
    return {
        "fundingRate": round(chance.gauss(0, 0.02), 6),
        "openInterest": round(chance.uniform(1e6, 1e9), 2),
        "socialScore": round(chance.uniform(0, 100), 1),
        "priceTrend": chance.choice(["bullish", "bearish", "neutral"]),
    }


def _comprehensive(chance: random.Random) -> dict[str, Any]:
    changes = {span: round(chance.gauss(0, 2), 3) for span in ("5m", "15m", "1h", "4h", "24h")}
    return {
        "multiTimeframeTrend": "bullish",
        "priceChanges": changes,
        "advancedRatios": {"oiMarketCapRatio": 0.031, "oiVolumeRatio": 0.42},
        "fundingRates": {"oiWeighted": 0.0123, "volumeWeighted": 0.0119},
    }


def _order_book(chance: random.Random) -> dict[str, Any]:
    return {
        "orderbook": {
            "imbalance": round(chance.uniform(-100, 100), 2),
            "spreadPercent": 0.01,
            "whaleBids": chance.randrange(5),
            "whaleAsks": chance.randrange(5),
        },
        "trades": {"buyPressure": 51.5, "sellPressure": 48.5, "avgTradeSize": 12.4},
        "volatility7d": 18.2,
    }


def _structure(chance: random.Random) -> dict[str, Any]:
    breaks = [
        {
            "type": chance.choice(["BOS", "CHoCH"]),
            "direction": chance.choice(["bullish", "bearish"]),
            "price": round(chance.uniform(1, 1000), 4),
            "time": "2026-01-02T03:04:05Z",
        }
        for _ in range(STRUCTURES)
    ]
    return {"trend": "bullish", "strength": 0.5, "structureBreaks": breaks}


def _reading(chance: random.Random) -> dict[str, Any]:
    return {
        "value": round(chance.uniform(0, 1e6), 6),
        "unit": "USD",
        "source": "binance",
        "observedAt": "2026-01-02T03:04:05.678Z",
        "fetchedAt": "2026-01-02T03:04:06.789Z",
        "ageS": 12.345,
        "fallback": False,
        "note": None,
    }

"""Publishing: what is stored, what is not, and what happens when two workers are at it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, models

from market.snapshot import decompress_snapshot
from notifications.models import AlertEvent
from signals import alert_facts, backup, services
from signals.chain_audit import audit_chains
from signals.models import EvaluationCount, Signal, SignalIsPermanent
from signals.publishing_rule import LastPublished
from signals.services import count_evaluations, publish_evaluations, publish_signal
from tests.signals.results import AT_MS, HOUR_MS, PROFILE, make_evaluation, make_result


def alert_keys() -> list[str]:
    return list(AlertEvent.objects.order_by("id").values_list("dedup_key", flat=True))


def test_a_published_signal_holds_its_evidence(db: None) -> None:
    evaluation = make_evaluation(62.5)

    published = publish_signal(evaluation)

    assert published is not None
    signal = Signal.objects.get(pk=published.pk)
    assert (signal.symbol, signal.signal, signal.environment) == ("BTC", "LONG", "test")
    assert signal.score == Decimal("62.50")
    assert signal.price == Decimal("0.00000621")
    assert signal.timestamp == datetime(2025, 10, 11, tzinfo=UTC)
    assert signal.factors["funding_rate"]["contribution"] == 12.5
    assert signal.factors["fear_greed"]["score"] is None
    assert signal.metrics["fundingRate"] == -0.0125
    assert signal.lunarcrush_metrics is None
    assert signal.profile["weights"]["liquidations"] == 20
    assert decompress_snapshot(bytes(signal.inputs)).readings == evaluation.snapshot.readings


@pytest.mark.parametrize("score", [50.0, 54.99, 45.01, None])
def test_neutral_is_never_stored(db: None, score: float | None) -> None:
    assert publish_signal(make_evaluation(score)) is None

    assert not Signal.objects.exists()


def test_the_same_evaluation_is_published_once(db: None) -> None:
    publish_signal(make_evaluation(62.5))

    assert publish_signal(make_evaluation(62.5)) is None

    assert Signal.objects.count() == 1


def test_a_flip_publishes_at_once_and_a_repetition_waits(db: None) -> None:
    publish_signal(make_evaluation(62.5))

    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + 60_000))
    repetition = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))
    after_cooldown = publish_signal(make_evaluation(38.0, at_ms=AT_MS + 5 * HOUR_MS))

    assert flip is not None
    assert flip.signal == "SHORT"
    assert repetition is None
    assert after_cooldown is not None
    assert after_cooldown.seq == 3


def test_every_published_signal_owes_one_alert(db: None) -> None:
    publish_signal(make_evaluation(62.5))
    publish_signal(make_evaluation(62.5))
    publish_signal(make_evaluation(50.0, at_ms=AT_MS + 60_000))
    publish_signal(make_evaluation(38.0, at_ms=AT_MS + 120_000))

    assert alert_keys() == ["signal:test:BTC:balanced:1", "signal:test:BTC:balanced:2"]
    flip = AlertEvent.objects.get(dedup_key="signal:test:BTC:balanced:2")
    assert (flip.environment, flip.kind) == ("test", "signal")
    assert flip.occurred_at == datetime(2025, 10, 11, 0, 2, tzinfo=UTC)
    assert flip.facts["is_flip"] is True
    assert flip.facts["previous"]["direction"] == "LONG"


def test_a_signal_whose_alert_cannot_be_written_is_not_stored(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("direction is 'UP', not LONG or SHORT")

    monkeypatch.setattr(alert_facts, "raise_alert", refuse)

    with pytest.raises(ValueError, match="not LONG or SHORT"):
        publish_signal(make_evaluation(62.5))

    assert not Signal.objects.exists()
    assert list(backup.lines(None, None)) == []


def test_a_signal_that_is_rolled_back_owes_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Signal) -> None:
        raise IntegrityError("another row was first")

    monkeypatch.setattr(services, "_mirror", fail)

    with pytest.raises(IntegrityError):
        publish_signal(make_evaluation(62.5))

    assert not Signal.objects.exists()
    assert not AlertEvent.objects.exists()


def test_a_stored_signal_cannot_be_changed_or_deleted(db: None) -> None:
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None

    with pytest.raises(SignalIsPermanent):
        signal.delete()
    with pytest.raises(SignalIsPermanent):
        signal.save()
    with pytest.raises(SignalIsPermanent):
        Signal.objects.all().delete()
    with pytest.raises(SignalIsPermanent):
        Signal.objects.update(symbol="ETH")
    with pytest.raises(SignalIsPermanent):
        Signal.objects.bulk_update([signal], ["symbol"])
    assert Signal.objects.get().symbol == "BTC"


@pytest.mark.parametrize(
    "change", [{"signal": "NEUTRAL"}, {"score": Decimal(101)}, {"confidence": "sure"}, {"seq": 0}]
)
def test_the_database_itself_refuses_what_is_no_signal(db: None, change: dict[str, Any]) -> None:
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None

    with pytest.raises(IntegrityError):
        models.QuerySet(Signal).filter(pk=signal.pk).update(**change)


def test_every_evaluation_is_counted_by_what_came_out(db: None) -> None:
    evaluations = [
        make_evaluation(62.5),
        make_evaluation(62.5, at_ms=AT_MS + 60_000),
        make_evaluation(38.0, at_ms=AT_MS + 120_000),
        make_evaluation(50.0),
        make_evaluation(None, neutral_reason="insufficient_data"),
    ]

    signals = publish_evaluations(evaluations)

    assert [signal.signal for signal in signals] == ["LONG", "SHORT"]
    count = EvaluationCount.objects.get()
    assert (count.symbol, count.day, count.profile_name) == ("BTC", date(2025, 10, 11), "balanced")
    assert (count.evaluated, count.long, count.short) == (5, 2, 1)
    assert (count.neutral, count.insufficient) == (1, 1)


def test_counts_are_kept_per_coin_and_day(db: None) -> None:
    day_ms = 24 * HOUR_MS

    count_evaluations([make_result(), make_result(symbol="ETH"), make_result(at_ms=AT_MS + day_ms)])

    rows = EvaluationCount.objects.order_by("symbol", "day").values_list("symbol", "evaluated")
    assert list(rows) == [("BTC", 1), ("BTC", 1), ("ETH", 1)]


@pytest.fixture
def many_connections(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


def in_threads(count: int, work: Any) -> list[Any]:
    def own_connection(index: int) -> Any:
        try:
            return work(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(own_connection, range(count)))


def test_of_many_workers_with_the_same_news_one_publishes(many_connections: None) -> None:
    results = in_threads(6, lambda _: publish_signal(make_evaluation(62.5)))

    assert sum(signal is not None for signal in results) == 1
    assert Signal.objects.count() == 1
    assert AlertEvent.objects.count() == 1


def test_counts_of_many_workers_add_up(many_connections: None) -> None:
    in_threads(4, lambda _: [count_evaluations([make_result(62.5)]) for _ in range(5)])

    assert EvaluationCount.objects.get().evaluated == 20


def test_of_many_processes_with_the_same_news_one_publishes(
    many_connections: None,
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("for the SQLite file; PostgreSQL has the race of two transactions below")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.signals.publish_once"],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].splitlines()[-1] for process in processes]

    assert sorted(told) == ["left to another", "left to another", "published"]
    assert Signal.objects.count() == 1
    assert AlertEvent.objects.count() == 1


@pytest.mark.postgres
def test_two_workers_who_read_the_same_last_link_store_one(
    many_connections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL (TEST_DATABASE_URL): SQLite lets one transaction write")
    publish_signal(make_evaluation(62.5))
    both_have_read = threading.Barrier(2, timeout=10)
    read = services.last_published

    def read_and_wait(**stream: str) -> LastPublished | None:
        found = read(**stream)
        both_have_read.wait()
        return found

    monkeypatch.setattr(services, "last_published", read_and_wait)

    results = in_threads(
        2, lambda index: publish_signal(make_evaluation(38.0, at_ms=AT_MS + 1000 + index))
    )

    assert sum(signal is not None for signal in results) == 1
    [report] = audit_chains()
    assert (report.intact, report.fault) == (2, None)
    assert alert_keys() == ["signal:test:BTC:balanced:1", "signal:test:BTC:balanced:2"]


def test_a_fault_that_is_no_race_is_not_taken_for_one(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:

    good = services.signal_columns(make_result(), PROFILE)
    monkeypatch.setattr(services, "signal_columns", lambda *_: {**good, "score": Decimal(101)})

    with pytest.raises(IntegrityError):
        publish_signal(make_evaluation())

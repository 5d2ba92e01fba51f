"""Sums per day follow the outcomes: recomputed when marked, replaced whole, never added to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from analytics import rollups
from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay, RollupDue
from analytics.rollups import base_rates_before, mark_all_due, mark_due, recompute_due
from market.clock import datetime_at
from tests.analytics.stored import HOUR_MS, store_imported, store_outcome, store_signal

DAY = date(2026, 9, 20)
DAY_MS = round(datetime(2026, 9, 20, tzinfo=UTC).timestamp() * 1000)


def sums(symbol: str, **where: Any) -> dict[str, Any]:
    row: dict[str, Any] = OutcomeDay.objects.values().get(symbol=symbol, **where)
    return row


def all_rows() -> list[tuple[Any, ...]]:
    outcome_days = OutcomeDay.objects.order_by(
        "day", "symbol", "profile_name", "direction", "confidence", "horizon_h", "is_imported"
    ).values()
    factor_days = FactorDay.objects.order_by(
        "day", "profile_name", "direction", "horizon_h", "is_imported", "factor", "stance"
    ).values()
    return [
        tuple(value for name, value in row.items() if name != "id")
        for row in (*outcome_days, *factor_days)
    ]


def store_base_rates(symbol: str = "BTC", *, days: int = 30, long_hits: int = 12) -> None:
    for back in range(1, days + 1):
        BaseRateDay.objects.create(
            environment="test",
            symbol=symbol,
            venue="binance",
            day=DAY - timedelta(days=back),
            horizon_h=24,
            windows=24,
            long_hits=long_hits,
            short_hits=6,
        )


def test_marked_days_are_added_up_per_coin_and_for_all_coins(db: None) -> None:
    store_outcome(store_signal("BTC", at_ms=DAY_MS))
    store_outcome(store_signal("BTC", at_ms=DAY_MS + 24 * HOUR_MS - 1), net_return_pct=-1.0)
    store_outcome(store_signal("ETH", at_ms=DAY_MS + HOUR_MS), net_return_pct=4.0)
    mark_due({("BTC", DAY), ("ETH", DAY)})

    assert recompute_due() == 1

    btc, everything = sums("BTC"), sums("*")
    assert (btc["n"], btc["hits"], btc["targets"]) == (2, 1, 2)
    assert btc["sum_net_return_pct"] == pytest.approx(1.0)
    assert (everything["n"], everything["hits"]) == (3, 2)
    assert everything["sum_net_return_pct"] == pytest.approx(5.0)
    assert everything["sum_net_return_sq"] == pytest.approx(21.0)
    assert not RollupDue.objects.exists()


def test_a_day_ends_at_midnight_utc(db: None) -> None:
    store_outcome(store_signal(at_ms=DAY_MS - 1))
    store_outcome(store_signal(at_ms=DAY_MS + 24 * HOUR_MS))
    mark_due({("BTC", DAY)})

    recompute_due()

    assert not OutcomeDay.objects.exists()


def test_pending_outcomes_are_in_no_sum_and_unavailable_ones_are_counted(db: None) -> None:
    signal = store_signal(at_ms=DAY_MS)
    store_outcome(signal, 24)
    unknown = {"is_hit": None, "return_pct": None, "first_touch": ""}
    store_outcome(store_signal(at_ms=DAY_MS + 1), 24, **unknown, result="unavailable", state="done")
    store_outcome(store_signal(at_ms=DAY_MS + 2), 24, **unknown, result="pending", state="waiting")
    mark_due({("BTC", DAY)})

    recompute_due()

    assert (sums("BTC")["n"], sums("BTC")["unavailable"]) == (1, 1)
    assert (sums("*")["n"], sums("*")["unavailable"]) == (1, 1)


def test_adding_up_again_changes_nothing(db: None) -> None:
    store_base_rates()
    for number in range(5):
        store_outcome(store_signal(at_ms=DAY_MS + number), net_return_pct=0.1 * number - 0.2)
    mark_all_due()
    recompute_due()
    first = all_rows()

    mark_all_due()
    recompute_due()

    assert len(first) > 2
    assert all_rows() == first


def test_what_changed_is_replaced(db: None) -> None:
    outcome = store_outcome(store_signal(at_ms=DAY_MS))
    mark_due({("BTC", DAY)})
    recompute_due()
    Outcome.objects.filter(pk=outcome.pk).update(is_hit=False, net_return_pct=-3.0)
    mark_due({("BTC", DAY)})

    recompute_due()

    assert (sums("*")["hits"], sums("*")["sum_net_return_pct"]) == (0, -3.0)
    supports = FactorDay.objects.get(factor="funding_rate")
    assert (supports.n, supports.hits, supports.sum_net_return_pct) == (1, 0, -3.0)


def test_factors_are_counted_by_what_they_said_of_the_side(db: None) -> None:
    store_outcome(store_signal("BTC", "LONG", at_ms=DAY_MS))
    store_outcome(store_signal("ETH", "SHORT", at_ms=DAY_MS), net_return_pct=-1.0)
    store_outcome(store_imported("SOL", at_ms=DAY_MS))
    mark_all_due()

    recompute_due()

    said = {
        (row.factor, row.direction): (row.stance, row.n, row.hits)
        for row in FactorDay.objects.all()
    }
    assert said == {
        ("funding_rate", "LONG"): ("supports", 1, 1),
        ("funding_rate", "SHORT"): ("opposes", 1, 0),
        ("oi_trend", "LONG"): ("opposes", 1, 1),
        ("oi_trend", "SHORT"): ("supports", 1, 0),
        ("fear_greed", "LONG"): ("neutral", 1, 1),
        ("fear_greed", "SHORT"): ("neutral", 1, 0),
    }


def test_the_base_rate_of_an_outcome_is_that_of_its_coin_and_side_before_its_day(
    db: None,
) -> None:
    store_base_rates()
    store_outcome(store_signal("BTC", "LONG", at_ms=DAY_MS))
    store_outcome(store_signal("BTC", "SHORT", at_ms=DAY_MS), net_return_pct=-1.0)
    store_outcome(store_signal("ETH", "LONG", at_ms=DAY_MS))
    mark_all_due()

    recompute_due()

    long, short = sums("BTC", direction="LONG"), sums("BTC", direction="SHORT")
    assert (long["base_n"], long["base_hits"], long["sum_base_rate"]) == (1, 1, 0.5)
    assert (short["base_n"], short["base_hits"], short["sum_base_rate"]) == (1, 0, 0.25)
    assert (sums("ETH")["base_n"], sums("ETH")["n"]) == (0, 1)
    # 0.5 + 0.6 ÷ 2
    assert long["sum_stated"] == pytest.approx(0.8)
    of_all = sums("*", direction="LONG")
    assert (of_all["n"], of_all["base_n"], of_all["sum_base_rate_sq"]) == (2, 1, 0.25)


@pytest.mark.parametrize(
    ("days", "is_known"), [(4, False), (5, True)]
)  # of 24 windows each; 120 are needed
def test_a_base_rate_of_few_windows_is_unknown(db: None, days: int, is_known: bool) -> None:
    store_base_rates(days=days)

    assert (("BTC", 24, "LONG") in base_rates_before(DAY, "BTC")) is is_known


def test_a_base_rate_reads_thirty_days_and_not_the_day_itself(db: None) -> None:
    store_base_rates(days=31, long_hits=12)
    BaseRateDay.objects.filter(day=DAY - timedelta(days=31)).update(long_hits=24)
    BaseRateDay.objects.filter(day=DAY - timedelta(days=30)).update(long_hits=24)
    BaseRateDay.objects.create(
        environment="test", symbol="BTC", venue="okx", day=DAY, horizon_h=24, windows=24,
        long_hits=24, short_hits=0,
    )  # fmt: skip

    rates = base_rates_before(DAY)

    assert rates["BTC", 24, "LONG"] == (29 * 12 + 24) / (30 * 24)


def test_other_environments_are_not_added_up(db: None) -> None:
    store_outcome(store_signal(at_ms=DAY_MS, environment="sandbox"))
    RollupDue.objects.create(
        environment="sandbox", symbol="BTC", day=DAY, marked_at=datetime_at(DAY_MS)
    )
    mark_all_due()

    assert recompute_due() == 0

    assert RollupDue.objects.filter(environment="sandbox").exists()


@pytest.fixture
def many_connections(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


@pytest.mark.postgres
def test_an_outcome_that_is_filled_while_its_day_is_added_up_is_not_lost(
    many_connections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL (TEST_DATABASE_URL): SQLite lets one transaction write")
    store_outcome(store_signal(at_ms=DAY_MS))
    late = store_signal(at_ms=DAY_MS + 1)
    mark_due({("BTC", DAY)})
    has_read, sums_of = threading.Event(), rollups._sums_of

    def read_then_wait(day: date) -> Any:
        read = sums_of(day)
        has_read.set()
        # Long enough for the other to try; it is the mark's lock that makes it wait, not this.
        filler.join(0.3)
        return read

    def fill() -> None:
        try:
            has_read.wait(10.0)
            with transaction.atomic():
                store_outcome(late)
                mark_due({("BTC", DAY)})
        finally:
            connections.close_all()

    filler = threading.Thread(target=fill)
    monkeypatch.setattr(rollups, "_sums_of", read_then_wait)
    filler.start()
    rollups.recompute(DAY)
    filler.join(10.0)

    assert sums("BTC")["n"] == 1
    assert RollupDue.objects.filter(symbol="BTC").exists()
    monkeypatch.setattr(rollups, "_sums_of", sums_of)
    recompute_due()
    assert sums("*")["n"] == 2


@pytest.mark.postgres
def test_workers_that_add_up_the_same_day_take_turns(many_connections: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL (TEST_DATABASE_URL): SQLite lets one transaction write")
    for number in range(4):
        store_outcome(store_signal(f"C{number}", at_ms=DAY_MS))
    mark_all_due()

    def add_up() -> bool:
        try:
            return rollups.recompute(DAY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: add_up(), range(4)))

    assert sorted(done) == [False, False, False, True]
    assert sums("*")["n"] == 4


def test_rows_that_are_right_already_are_not_written(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_outcome(store_signal("BTC", at_ms=DAY_MS))
    mark_all_due()
    recompute_due()
    store_outcome(store_signal("ETH", at_ms=DAY_MS), net_return_pct=1.0)
    mark_due({("ETH", DAY)})

    written, write = [], OutcomeDay.objects.bulk_create

    def note(rows: list[OutcomeDay], **options: Any) -> Any:
        written.extend(row.symbol for row in rows)
        return write(rows, **options)

    monkeypatch.setattr(OutcomeDay.objects, "bulk_create", note)

    recompute_due()

    assert sorted(written) == ["*", "ETH"]


def test_sums_of_what_is_gone_are_gone(db: None) -> None:
    outcome = store_outcome(store_signal(at_ms=DAY_MS))
    mark_all_due()
    recompute_due()
    outcome.delete()
    mark_due({("BTC", DAY)})

    recompute_due()

    assert not OutcomeDay.objects.exists()
    assert not FactorDay.objects.exists()

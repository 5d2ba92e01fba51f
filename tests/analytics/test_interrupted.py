"""Killed before any write, the sweep comes to the same outcomes, sums, base rates and records."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from analytics.base_rates import measure_base_rates
from analytics.calibrations import calibrate
from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay, RollupDue
from analytics.outcomes import LEASE_S, fill_due
from analytics.owed import owe_outcomes
from analytics.rollups import recompute_due
from market import clock
from market.models import SeriesKind
from market.series import SeriesKey, Update, append
from market.tables import candles_table
from market.types import HOUR_MS, Interval
from signals.models import ConfidenceCalibration
from tests.analytics.stored import store_imported, store_signal
from tests.builders import make_candles
from tests.market.conftest import AT_MS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("listed")]

TABLES = (Outcome, OutcomeDay, FactorDay, BaseRateDay, RollupDue, ConfidenceCalibration)
# When and how often something was tried, and by which id it goes, may differ.
OF_THE_WORK = {
    "id", "attempt", "faults", "lease_until", "filled_at", "marked_at", "updated_at", "state",
}  # fmt: skip


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


@pytest.fixture
def market() -> None:
    """Store a signal, an imported one of another coin, and hourly bars of the first."""
    store_signal("BTC", "LONG", at_ms=AT_MS - 30 * HOUR_MS)
    store_imported("ETH", "SHORT", at_ms=AT_MS - 50 * HOUR_MS)
    bars = make_candles(Interval.H1, count=200, at_ms=AT_MS)
    key = SeriesKey("BTC", SeriesKind.CANDLES, "binance", "1h")
    append([Update(key, candles_table(bars), AT_MS)])


def sweep() -> None:
    """Do what the ticks do, one after the other."""
    owe_outcomes()
    fill_due()
    measure_base_rates()
    recompute_due()
    calibrate()


def rows() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table in TABLES:
        names = [
            column.attname
            for column in table._meta.concrete_fields
            if column.attname not in OF_THE_WORK
        ]
        found[table.__name__] = sorted(table._default_manager.values_list(*names), key=repr)
    return found


def forget_all() -> None:
    for table in TABLES:
        table._default_manager.all().delete()


@contextmanager
def killed_before(write: int) -> Iterator[Callable[[], bool]]:
    """Let a process end before its n-th write; the block hears whether it came to that.

    Ending before a read leaves what ending before the next write leaves.
    """
    count, is_dead = 0, False

    def execute(run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal count, is_dead
        if not is_dead and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            count += 1
            is_dead = count == write
        if is_dead and "SAVEPOINT" not in sql:
            raise Killed
        return run(sql, params, many, context)

    try:
        with connection.execute_wrapper(execute):
            yield lambda: is_dead
    except Killed:
        pass


def test_killed_before_any_write_the_sweep_comes_to_the_same_rows(market: None) -> None:
    sweep()
    undisturbed = rows()
    assert len(undisturbed["Outcome"]) == 6
    assert {row[-1] for row in undisturbed["RollupDue"]} == set()
    assert all(undisturbed[name] for name in ("OutcomeDay", "FactorDay", "BaseRateDay"))

    write, was_killed = 0, True
    while was_killed:
        forget_all()
        write += 1
        with killed_before(write) as is_dead:
            sweep()
        was_killed = is_dead()
        with clock.wall_shifted((LEASE_S + 1.0) * write):
            sweep()

        assert rows() == undisturbed, f"killed before write {write}"

    assert write > 20


def test_a_process_that_is_killed_in_the_middle_leaves_work_and_no_harm(
    market: None, tmp_path: Path
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("for the SQLite file; before any write of either database is killed above")
    sweep()
    undisturbed = rows()
    forget_all()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "SIGNALS_DATA_DIR": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.analytics.sweep_alone"],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed ETH\n"
    assert process.stdout.readline() == "claimed BTC\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL

    assert Outcome.objects.filter(symbol="ETH", result="filled").count() == 3
    with clock.wall_shifted(LEASE_S + 86_400.0):  # its wall clock may have been a day ahead
        sweep()
    assert rows() == undisturbed

"""``manage.py outcomes``: from stored signals to the record of their bands, in one go."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from analytics import tasks
from analytics.models import Outcome, OutcomeDay
from market.sandbox.handle import Sandbox
from market.types import HOUR_MS
from signals.models import ConfidenceCalibration
from tests.analytics.stored import store_imported, store_signal
from tests.market.conftest import AT_MS
from tests.signals.old_history import SIGNALS, old_history

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def outcomes(*arguments: str) -> str:
    out = StringIO()
    call_command("outcomes", *arguments, stdout=out)
    return out.getvalue()


def test_everything_that_is_due_is_measured_and_added_up() -> None:
    store_signal(at_ms=AT_MS - 30 * HOUR_MS)
    store_signal("ETH", at_ms=AT_MS - 2 * HOUR_MS)
    store_imported("SOL", at_ms=AT_MS - 40 * 24 * HOUR_MS)

    told = outcomes()

    assert told.splitlines() == [
        "3 signals had no outcomes yet; 7 outcomes filled, 0 unavailable, 0 wait for their venue",
        "0 base rates measured, 3 days added up, 3 bands calibrated",
    ]
    assert OutcomeDay.objects.filter(symbol="*").count() == 7
    assert set(ConfidenceCalibration.objects.values_list("confidence", "outcomes")) == {
        ("high", 1), ("high", 2),
    }  # fmt: skip


def test_an_imported_history_has_its_outcomes_where_candles_exist(
    tmp_path: Path, api: APIClient
) -> None:
    file = tmp_path / "signal_history.json"
    file.write_text(json.dumps(old_history()))
    call_command("import_signals", str(file), stdout=StringIO())

    told = outcomes()

    assert f"{SIGNALS} signals had no outcomes yet; {3 * SIGNALS} outcomes filled" in told
    asked = {"origin": "imported", "days": 365}
    horizons = api.get("/analytics/performance/summary", asked).json()["horizons"]
    assert [(each["horizon_h"], each["n"]) for each in horizons] == [
        (1, SIGNALS), (4, SIGNALS), (24, SIGNALS),
    ]  # fmt: skip
    own = api.get("/analytics/performance/summary", {"days": 365}).json()["horizons"]
    assert {each["n"] for each in own} == {0}


def test_doing_it_again_changes_nothing() -> None:
    store_signal()
    outcomes()
    before = list(OutcomeDay.objects.order_by("symbol", "horizon_h").values_list("sum_return_pct"))

    assert outcomes().startswith("0 signals had no outcomes yet; 0 outcomes filled")
    assert "1 days added up" in outcomes("--again")

    after = list(OutcomeDay.objects.order_by("symbol", "horizon_h").values_list("sum_return_pct"))
    assert after == before


def test_a_venue_that_does_not_answer_is_an_exit_code(sandbox: Sandbox) -> None:
    store_signal()
    sandbox.fault("binance", "http_5xx")

    with pytest.raises(SystemExit) as exited:
        outcomes()

    assert exited.value.code == 1


def test_the_tasks_do_the_same_one_after_the_other() -> None:
    store_signal()

    tasks.owe_outcomes()
    tasks.fill_outcomes()
    tasks.measure_base_rates()
    tasks.add_up()
    tasks.find_forgotten_signals()

    assert set(Outcome.objects.values_list("result", flat=True)) == {"filled"}
    assert ConfidenceCalibration.objects.count() == 3

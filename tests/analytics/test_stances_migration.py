"""Outcomes that were stored before they told what each factor had said: filled by the migration."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from analytics.models import Outcome
from tests.analytics.stored import store_imported, store_outcome, store_signal

pytestmark = pytest.mark.django_db

FLUSHED = {"liquidations": {"contribution": -4.0}}
MIGRATION = import_module("analytics.migrations.0006_fill_factor_stances")


def stances() -> dict[tuple[str, int], str]:
    rows = Outcome.objects.values_list("symbol", "horizon_h", "factor_stances")
    return {(symbol, horizon_h): signs for symbol, horizon_h, signs in rows}


def store_older() -> None:
    """Store outcomes of five signals, as they were before: without stances."""
    long, short = store_signal("BTC", "LONG"), store_signal("ETH", "SHORT")
    for signal in (long, long, short):
        horizon_h = 24 if Outcome.objects.filter(signal=signal).exists() else 1
        store_outcome(signal, horizon_h, factor_stances="")
    store_outcome(store_signal("SOL", "SHORT", factors=FLUSHED), factor_stances="")
    store_outcome(store_imported("XRP"), factor_stances="")
    store_signal("ADA")  # is owed its outcomes yet


@pytest.mark.parametrize("portion", [1, 2, 500])
def test_every_outcome_gets_what_its_signal_says(
    monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(MIGRATION, "PORTION", portion)
    store_older()

    MIGRATION.fill(apps, None)

    assert stances() == {
        ("BTC", 1): ".+...-.0",
        ("BTC", 24): ".+...-.0",
        ("ETH", 1): ".-...+.0",
        ("SOL", 24): "+.......",
        ("XRP", 24): "",
    }


def test_a_run_that_was_cut_off_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MIGRATION, "PORTION", 1)
    store_older()
    derive = MIGRATION.stances_of

    def break_off(direction: str, factors: Any) -> str:
        if factors == FLUSHED:
            raise KeyboardInterrupt
        signs: str = derive(direction, factors)
        return signs

    monkeypatch.setattr(MIGRATION, "stances_of", break_off)
    with pytest.raises(KeyboardInterrupt):
        MIGRATION.fill(apps, None)
    filled = stances()
    monkeypatch.setattr(MIGRATION, "stances_of", derive)

    MIGRATION.fill(apps, None)

    assert (filled["BTC", 24], filled["SOL", 24]) == (".+...-.0", "")
    assert stances() == {**filled, ("SOL", 24): "+......."}

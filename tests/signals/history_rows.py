"""Stored signals, own and imported, for tests of what is told of them."""

from __future__ import annotations

from typing import Any

from market import clock
from signals.importing_records import columns_of
from signals.models import HistoryCut, Signal
from signals.services import publish_signal
from signals.storing import store_signals
from tests.signals.old_history import old_signal
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation


def publish(score: float = 62.5, *, hours: float = 0, **changes: Any) -> Signal:
    at_ms = AT_MS + round(hours * HOUR_MS)
    signal = publish_signal(make_evaluation(score, at_ms=at_ms, **changes))
    assert signal is not None
    return signal


def bring_in(number: int = 0, **changes: Any) -> Signal:
    columns = columns_of(old_signal(number, **changes), environment="test", now=clock.wall_now())
    signal = Signal(**columns)
    store_signals([signal])
    return signal


def instant(hours: float) -> str:
    at = clock.datetime_at(AT_MS + round(hours * HOUR_MS))
    return at.isoformat().replace("+00:00", "Z")


def cut_at(*, hours: float) -> HistoryCut:
    at = clock.datetime_at(AT_MS + round(hours * HOUR_MS))
    return HistoryCut.objects.create(
        environment="test", hidden_until=at, made_at=clock.wall_now(), made_by="test"
    )

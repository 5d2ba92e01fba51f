"""Every stored signal gets its rows: one per horizon, whenever it came, and never twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import Settings

from analytics import owed
from analytics.models import Outcome
from analytics.owed import hourly_atr, owe_outcomes
from market.snapshot import MarketHistory
from market.types import Interval
from signals.models import Signal
from tests.analytics.stored import HOUR_MS, store_imported, store_signal
from tests.builders import make_candles, make_snapshot
from tests.market.conftest import AT_MS

pytestmark = pytest.mark.django_db


def horizons(signal: Signal) -> list[int]:
    rows = Outcome.objects.filter(signal=signal).order_by("horizon_h")
    return list(rows.values_list("horizon_h", flat=True))


def test_a_signal_is_owed_an_outcome_per_horizon() -> None:
    signal = store_signal("ETH", "SHORT", at_ms=AT_MS + 1)  # a millisecond after 12:07

    assert owe_outcomes() == 1

    day = Outcome.objects.get(signal=signal, horizon_h=24)
    assert (day.environment, day.symbol, day.direction) == ("test", "ETH", "SHORT")
    assert (day.confidence, day.profile_name, day.is_imported) == ("high", "balanced", False)
    assert (day.signal_at, day.entry_price) == (signal.timestamp, Decimal(100000))
    assert (day.state, day.result, day.venue) == ("waiting", "pending", "binance")
    # 12:07 tomorrow: the last candle that has closed by then ends at 12:05.
    at = signal.timestamp.replace(second=0, microsecond=0)
    assert day.due_at == at + timedelta(hours=24, minutes=-2)
    assert horizons(signal) == [1, 4, 24]


def test_nothing_is_owed_twice() -> None:
    store_signal()
    owe_outcomes()

    assert owe_outcomes() == 0
    assert owe_outcomes(of_all=True) == 0

    assert Outcome.objects.count() == 3


def test_levels_come_from_the_atr_that_the_signal_was_scored_by() -> None:
    snapshot = make_snapshot(at_ms=AT_MS)
    atr = hourly_atr(snapshot)
    assert atr is not None
    long = store_signal("BTC", "LONG", at_ms=AT_MS, snapshot=snapshot)
    short = store_signal("BTC", "SHORT", at_ms=AT_MS, snapshot=snapshot)

    owe_outcomes()

    of_long = Outcome.objects.get(signal=long, horizon_h=4)
    of_short = Outcome.objects.get(signal=short, horizon_h=4)
    assert float(of_long.target_price or 0) == pytest.approx(100_000 + 1.5 * atr)
    assert float(of_long.stop_price or 0) == pytest.approx(100_000 - 1.0 * atr)
    assert float(of_short.target_price or 0) == pytest.approx(100_000 - 1.5 * atr)
    assert float(of_short.stop_price or 0) == pytest.approx(100_000 + 1.0 * atr)


def test_the_atr_is_wilders_over_the_hours_of_the_snapshot() -> None:
    candles = make_candles(Interval.H1, count=121, at_ms=AT_MS)
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(
            candles.high[1:], candles.low[1:], candles.close[:-1], strict=True
        )
    ]
    smoothed = ranges[0]
    for each in ranges[1:]:
        smoothed += (each - smoothed) / 14.0

    atr = hourly_atr(make_snapshot(at_ms=AT_MS, history=MarketHistory({Interval.H1: candles})))

    assert atr == pytest.approx(smoothed, rel=1e-3)


@pytest.mark.parametrize(("hours_old", "is_known"), [(1.9, True), (2.1, False)])
def test_an_atr_of_bars_that_are_not_the_present_is_unknown(
    hours_old: float, is_known: bool
) -> None:
    bars = make_candles(Interval.H1, at_ms=AT_MS // HOUR_MS * HOUR_MS)
    at_ms = AT_MS // HOUR_MS * HOUR_MS + round(hours_old * HOUR_MS)
    history = MarketHistory({Interval.H1: bars})

    atr = hourly_atr(make_snapshot(at_ms=at_ms, history=history))

    assert (atr is not None) is is_known


def test_a_signal_whose_inputs_cannot_be_read_is_owed_outcomes_without_levels() -> None:
    store_signal(inputs=b"neither compressed nor a snapshot")

    assert owe_outcomes() == 1

    assert set(Outcome.objects.values_list("target_price", flat=True)) == {None}


@pytest.mark.parametrize(("direction", "stances"), [("LONG", ".+...-.0"), ("SHORT", ".-...+.0")])
def test_an_outcome_tells_what_each_factor_said_of_the_side(direction: str, stances: str) -> None:
    store_signal("BTC", direction)

    owe_outcomes()

    assert set(Outcome.objects.values_list("factor_stances", flat=True)) == {stances}


def test_an_imported_signal_is_owed_outcomes_without_venue_levels_and_stances() -> None:
    signal = store_imported()

    owe_outcomes()

    day = Outcome.objects.get(signal=signal, horizon_h=24)
    assert (day.is_imported, day.venue, day.factor_stances) == (True, "", "")
    assert (day.target_price, day.stop_price) == (None, None)


@pytest.mark.parametrize(
    ("source", "venue"), [("binance", "binance"), ("okx", "okx"), ("coinapi", ""), (None, "")]
)
def test_the_venue_is_the_exchange_that_gave_the_price(source: str | None, venue: str) -> None:
    store_signal(source=source)

    owe_outcomes()

    assert set(Outcome.objects.values_list("venue", flat=True)) == {venue}


def test_a_signal_that_was_committed_late_is_found() -> None:
    late = store_signal("ETH")
    store_signal("BTC")
    owe_outcomes()
    Outcome.objects.filter(signal=late).delete()  # as if it had not been there yet

    assert owe_outcomes() == 1

    assert horizons(late) == [1, 4, 24]


def test_a_signal_that_lies_far_behind_is_found_by_looking_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owed, "_LOOK_BACK", 0)
    forgotten = store_signal("ETH")
    store_signal("BTC")
    owe_outcomes()
    Outcome.objects.filter(signal=forgotten).delete()

    assert owe_outcomes() == 0
    assert owe_outcomes(of_all=True) == 1

    assert horizons(forgotten) == [1, 4, 24]


def test_a_horizon_that_is_new_is_owed_to_old_signals_too(settings: Settings) -> None:
    signal = store_signal()
    owe_outcomes()
    settings.OUTCOME_HORIZONS_H = (1, 4, 24, 48)

    assert owe_outcomes(of_all=True) == 1

    assert horizons(signal) == [1, 4, 24, 48]


def test_more_signals_than_a_batch_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owed, "_BATCH", 2)
    for number in range(5):
        store_signal(at_ms=AT_MS - number * HOUR_MS)

    assert owe_outcomes() == 5

    assert Outcome.objects.count() == 15


def test_signals_of_another_environment_are_left_alone() -> None:
    store_signal(environment="sandbox")

    assert owe_outcomes(of_all=True) == 0

"""Filling outcomes from the sandbox's candles: right, whole, once, and the same however late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from analytics import outcomes
from analytics.models import Outcome, RollupDue
from analytics.outcomes import Filled, claim_group, fill_due, fill_group
from analytics.owed import owe_outcomes
from market import clock
from market.models import ListedSymbol, SeriesKind
from market.past import Stretch, read_past
from market.sandbox.handle import Sandbox
from market.series import SeriesKey, Update, append
from market.store import StoreUnavailable
from market.tables import Table
from market.types import HOUR_MS, MINUTE_MS, Candles, Instrument, Interval, Listing
from tests.analytics.stored import store_imported, store_signal
from tests.market.conftest import AT_MS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

Coins = Callable[..., list[Instrument]]
# 06:02 the day before: settlements at 08:00 and 16:00 and 00:00 follow.
SIGNAL_MS = AT_MS - 30 * HOUR_MS - 5 * MINUTE_MS
MEASURED = (
    "result", "reason", "venue", "entry_price", "exit_price", "return_pct", "net_return_pct",
    "fees_pct", "funding_pct", "funding_basis", "favourable_pct", "adverse_pct", "is_hit",
    "target_price", "stop_price", "first_touch",
)  # fmt: skip


@contextmanager
def at(instant_ms: int) -> Iterator[None]:
    """Be at an instant of market time, wall time with it, so that leases end and budgets refill."""
    with clock.wall_shifted((instant_ms - clock.now_ms()) / 1000), clock.frozen(instant_ms):
        yield


def measured() -> list[dict[str, Any]]:
    return list(
        Outcome.objects.order_by("symbol", "direction", "signal_at", "horizon_h").values(*MEASURED)
    )


def of_horizon(horizon_h: int) -> Outcome:
    return Outcome.objects.get(horizon_h=horizon_h)


def bars(listing: Listing | None, start_ms: int, end_ms: int) -> Candles:
    assert listing is not None
    stretch = Stretch(start_ms, end_ms)
    return read_past(listing, Interval.M5, [stretch], deadline_s=30.0).candles


def test_an_outcome_is_reckoned_from_the_venues_own_candles(coins: Coins) -> None:
    [btc] = coins("BTC")
    store_signal(at_ms=SIGNAL_MS, price="117000")
    owe_outcomes()

    done, is_more = fill_due()

    assert (done, is_more) == (Filled(filled=3), False)
    hour = of_horizon(1)
    # Signalled at 06:02: the first whole candle opens at 06:05, the last one ends at 07:00.
    first_ms = SIGNAL_MS + 3 * MINUTE_MS
    candles = bars(btc.binance, first_ms, first_ms + 55 * MINUTE_MS)
    assert len(candles) == 11
    close, high, low = candles.close[-1], candles.high.max(), candles.low.min()
    assert float(hour.exit_price or 0) == close
    assert hour.return_pct == pytest.approx(100.0 * (close / 117_000.0 - 1.0))
    assert hour.favourable_pct == pytest.approx(max(0.0, 100.0 * (high / 117_000.0 - 1.0)))
    assert hour.adverse_pct == pytest.approx(min(0.0, 100.0 * (low / 117_000.0 - 1.0)))
    assert (hour.fees_pct, hour.funding_pct, hour.funding_basis) == (0.1, 0.0, "settled")
    assert hour.net_return_pct == pytest.approx((hour.return_pct or 0.0) - 0.1)
    assert hour.is_hit is ((hour.net_return_pct or 0.0) > 0.0)
    assert (hour.state, hour.result, hour.venue, hour.attempt) == ("done", "filled", "binance", 1)


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_long_and_short_mirror_each_other_and_funding_goes_from_one_to_the_other(
    venue: str, coins: Coins
) -> None:
    [btc] = coins("BTC")
    listing = btc.binance if venue == "binance" else btc.okx
    assert listing is not None
    store_signal("BTC", "LONG", at_ms=SIGNAL_MS, source=venue)
    store_signal("BTC", "SHORT", at_ms=SIGNAL_MS, source=venue)
    owe_outcomes()

    fill_due()

    long, short = Outcome.objects.filter(horizon_h=24).order_by("direction")
    settled = read_past(
        listing,
        Interval.M5,
        [],
        funding=Stretch(SIGNAL_MS - 9 * HOUR_MS, SIGNAL_MS + 24 * HOUR_MS),
        deadline_s=30.0,
    ).funding
    assert settled is not None
    paid = settled.values[settled.ts_ms > SIGNAL_MS]  # every 8 h, so a rate per 8 h is what is paid
    assert len(paid) == 3
    assert long.funding_pct == pytest.approx(float(paid.sum()))
    assert short.funding_pct == pytest.approx(-float(paid.sum()))
    assert (long.venue, long.return_pct) == (venue, -(short.return_pct or 0.0))
    assert long.favourable_pct == -(short.adverse_pct or 0.0)


def test_nothing_is_filled_before_its_last_candle_has_settled() -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    closed_ms = SIGNAL_MS + 58 * MINUTE_MS  # 07:00

    with at(closed_ms + 3 * MINUTE_MS - 1):
        assert fill_due() == (Filled(), False)
    with at(closed_ms + 3 * MINUTE_MS):
        assert fill_due() == (Filled(filled=1), False)

    assert of_horizon(1).result == "filled"
    assert of_horizon(4).result == "pending"


def test_a_late_sweep_gives_the_numbers_of_a_punctual_one() -> None:
    for coin, side, source in (("BTC", "LONG", "binance"), ("ETH", "SHORT", "okx")):
        store_signal(coin, side, at_ms=SIGNAL_MS, source=source)
    owe_outcomes()
    for horizon_h in (1, 4, 24):
        with at(SIGNAL_MS + horizon_h * HOUR_MS + 2 * MINUTE_MS):
            assert fill_due()[0] == Filled(filled=2)
    punctual = measured()
    Outcome.objects.all().delete()

    with at(AT_MS + 20 * 24 * HOUR_MS):
        owe_outcomes()
        assert fill_due()[0] == Filled(filled=6)

    assert measured() == punctual


def test_windows_that_touch_are_read_in_one_call_for_a_coin(sandbox: Sandbox) -> None:
    for minutes in range(0, 100, 10):
        store_signal(at_ms=SIGNAL_MS - minutes * MINUTE_MS)
    owe_outcomes()
    before = sandbox.calls("binance", "/fapi/v1/klines")

    assert fill_due()[0] == Filled(filled=30)

    assert sandbox.calls("binance", "/fapi/v1/klines") == before + 1
    assert sandbox.calls("binance", "/fapi/v1/fundingRate") == 1


def test_stored_funding_that_reaches_over_the_window_is_used_and_not_asked_for(
    sandbox: Sandbox,
) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    eight_ms = (SIGNAL_MS // (8 * HOUR_MS)) * 8 * HOUR_MS
    times = eight_ms + 8 * HOUR_MS * np.arange(-1, 4, dtype=np.int64)
    key = SeriesKey("BTC", SeriesKind.FUNDING, "binance", "settled")
    append([Update(key, Table(times, np.array([[9.0, 9.0, 0.01, 0.02, 0.04]])), AT_MS)])

    fill_due()

    assert sandbox.calls("binance", "/fapi/v1/fundingRate") == 0
    assert of_horizon(1).funding_pct == 0.0
    assert of_horizon(4).funding_pct == pytest.approx(0.01)
    assert of_horizon(24).funding_pct == pytest.approx(0.07)
    assert {row["funding_basis"] for row in measured()} == {"settled"}


def test_stored_funding_that_was_asked_for_before_the_window_ended_is_not_enough(
    sandbox: Sandbox,
) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    times = np.array([SIGNAL_MS // (8 * HOUR_MS) * 8 * HOUR_MS], dtype=np.int64)
    key = SeriesKey("BTC", SeriesKind.FUNDING, "binance", "settled")
    asked_ms = SIGNAL_MS + 2 * HOUR_MS
    append([Update(key, Table(times, np.array([[9.0]])), asked_ms)])

    fill_due()

    assert sandbox.calls("binance", "/fapi/v1/fundingRate") == 1
    assert of_horizon(24).funding_pct != 0.0


@pytest.mark.parametrize(
    ("rate", "basis", "funding_pct"),
    [(0.02, "estimated", 0.02 * 238 / 480), (None, "unknown", None)],
)
def test_funding_that_the_venue_tells_nothing_of_is_estimated_by_the_signals_own_rate(
    sandbox: Sandbox, rate: float | None, basis: str, funding_pct: float | None
) -> None:
    sandbox.fault("binance", "empty", path="/fapi/v1/fundingRate")
    store_signal(at_ms=SIGNAL_MS, funding_rate=rate)
    owe_outcomes()

    fill_due()

    four = of_horizon(4)
    assert four.funding_basis == basis
    assert four.funding_pct == pytest.approx(funding_pct)
    expected = (four.return_pct or 0.0) - 0.1 - (funding_pct or 0.0)
    assert four.net_return_pct == pytest.approx(expected)


def test_the_fee_is_a_setting(settings: Settings) -> None:
    settings.OUTCOME_FEE_BPS = 20.0
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()

    fill_due()

    assert of_horizon(1).fees_pct == 0.4


# --- Venues that do not answer, and candles that are not there --------------------------------


@pytest.mark.parametrize("kind", ["dead", "http_5xx", "http_451", "html", "truncated"])
def test_a_venue_that_does_not_answer_leaves_the_outcomes_pending(
    sandbox: Sandbox, kind: str
) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    sandbox.fault("binance", kind)

    assert fill_due() == (Filled(postponed=3), False)

    assert {row["result"] for row in measured()} == {"pending"}
    assert {row["return_pct"] for row in measured()} == {None}


def test_a_venue_that_did_not_answer_is_asked_again_ever_later(sandbox: Sandbox) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    sandbox.fault("binance", "http_5xx")
    waits = []

    passed = 0.0
    for _ in range(8):
        with clock.wall_shifted(passed):
            fill_due()
            until = of_horizon(1).lease_until
            assert until is not None
            wait_s = (until - clock.wall_now()).total_seconds()
        waits.append(round(wait_s / 60.0))
        passed += wait_s + 1.0

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    sandbox.clear_faults()
    with clock.wall_shifted(passed + 7200.0):
        assert fill_due()[0] == Filled(filled=3)


def test_the_other_venue_does_not_stand_in(sandbox: Sandbox) -> None:
    store_signal(at_ms=SIGNAL_MS, source="okx")
    owe_outcomes()
    sandbox.fault("okx", "http_5xx")

    assert fill_due()[0] == Filled(postponed=3)

    assert sandbox.calls("binance", "/fapi/v1/klines") == 0


def test_candles_that_are_missing_are_waited_for_and_then_unavailable(sandbox: Sandbox) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    sandbox.fault("binance", "empty", path="/fapi/v1/klines")
    due_ms = SIGNAL_MS + 58 * MINUTE_MS

    with at(due_ms + 59 * MINUTE_MS):
        assert fill_due()[0] == Filled(postponed=1)
    with at(due_ms + 61 * MINUTE_MS):
        assert fill_due()[0] == Filled(unavailable=1)

    hour = of_horizon(1)
    assert (hour.result, hour.state) == ("unavailable", "done")
    assert hour.reason == "11 of 11 candles are missing at binance"
    assert (hour.exit_price, hour.is_hit) == (None, None)


def test_a_coin_that_is_delisted_is_measured_where_it_was_listed() -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    ListedSymbol.objects.filter(base="BTC").update(delisted_at=clock.now())

    assert fill_due()[0] == Filled(filled=3)


def test_a_coin_that_was_never_listed_is_unavailable() -> None:
    store_signal("NOSUCH", at_ms=SIGNAL_MS)
    owe_outcomes()

    assert fill_due()[0] == Filled(unavailable=3)

    assert {row["reason"] for row in measured()} == {"not listed at binance"}


def test_a_contract_that_the_venue_does_not_know_any_more_is_unavailable() -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    ListedSymbol.objects.filter(base="BTC").update(binance_symbol="OLDBTCUSDT")

    assert fill_due()[0] == Filled(unavailable=3)

    assert {row["reason"] for row in measured()} == {"binance does not know OLDBTCUSDT"}


def test_an_imported_signal_is_measured_at_binance_and_says_so() -> None:
    store_imported(at_ms=SIGNAL_MS)
    owe_outcomes()

    fill_due()

    hour = of_horizon(1)
    assert (hour.venue, hour.is_imported, hour.first_touch) == ("binance", True, "unknown")


def test_an_imported_signal_is_measured_at_okx_where_binance_has_no_candles(
    sandbox: Sandbox,
) -> None:
    store_imported(at_ms=SIGNAL_MS)
    owe_outcomes()
    sandbox.fault("binance", "empty", path="/fapi/v1/klines")

    assert fill_due()[0] == Filled(filled=3)

    assert {row["venue"] for row in measured()} == {"okx"}


def test_an_imported_signal_without_candles_anywhere_names_both_venues(sandbox: Sandbox) -> None:
    store_imported(at_ms=SIGNAL_MS)
    owe_outcomes()
    sandbox.fault("binance", "empty", path="/fapi/v1/klines")
    sandbox.fault("okx", "empty", path="/api/v5/market/")

    assert fill_due()[0] == Filled(unavailable=3)

    assert of_horizon(1).reason == (
        "11 of 11 candles are missing at binance; 11 of 11 candles are missing at okx"
    )


def test_an_old_import_is_measured_from_what_the_venues_still_have() -> None:
    store_imported(at_ms=AT_MS - 60 * 24 * HOUR_MS)
    owe_outcomes()

    assert fill_due()[0] == Filled(filled=3)


# --- Many workers -----------------------------------------------------------------------------


def test_a_claimed_group_is_nobody_elses_until_its_lease_ends() -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()

    mine = claim_group()

    assert len(mine) == 3
    assert claim_group() == []
    with clock.wall_shifted(outcomes.LEASE_S + 1.0):
        theirs = claim_group()
    assert [row.attempt for row in theirs] == [2, 2, 2]


def test_a_worker_that_was_given_up_on_writes_nothing() -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    slow = claim_group()
    with clock.wall_shifted(outcomes.LEASE_S + 1.0):
        quick = claim_group()
    assert fill_group(quick) == Filled(filled=3)
    first = measured()

    assert fill_group(slow) == Filled()

    assert measured() == first


def test_a_group_is_one_coin_at_one_venue_within_a_week() -> None:
    near = store_signal(at_ms=SIGNAL_MS)
    store_signal(at_ms=SIGNAL_MS - 8 * 24 * HOUR_MS)
    store_signal("ETH", at_ms=SIGNAL_MS)
    store_signal(at_ms=SIGNAL_MS, source="okx")
    owe_outcomes()

    groups = []
    while group := claim_group():
        groups.append({(row.symbol, row.venue, row.signal_at) for row in group})

    assert len(groups) == 4
    assert all(len(group) == 1 for group in groups)
    assert {("BTC", "binance", near.timestamp)} in groups


def test_a_fault_of_ours_is_tried_again_alone_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = store_signal(at_ms=SIGNAL_MS), store_signal(at_ms=SIGNAL_MS + MINUTE_MS)
    owe_outcomes()
    measure_rows = outcomes.measure_rows

    def fail_for_the_bad(rows: list[Outcome], *, deadline_s: float) -> Any:
        if any(row.signal_id == bad.pk for row in rows):
            raise ZeroDivisionError
        return measure_rows(rows, deadline_s=deadline_s)

    monkeypatch.setattr(outcomes, "measure_rows", fail_for_the_bad)

    fill_due()

    of = {
        pk: set(Outcome.objects.filter(signal=pk).values_list("result", "reason"))
        for pk in (good.pk, bad.pk)
    }
    assert of[good.pk] == {("filled", "")}
    assert of[bad.pk] == {("unavailable", "an error of this program, told in its log")}


def test_a_filled_outcome_marks_its_day_in_the_same_transaction() -> None:
    signal = store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()

    fill_due()

    marks = RollupDue.objects.values_list("environment", "symbol", "day")
    assert list(marks) == [("test", "BTC", signal.timestamp.date())]


def test_scans_that_need_the_budget_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    monkeypatch.setattr(outcomes, "used_budgets", lambda *_: [("weight", 961, 1920)])

    assert fill_due(for_s=20.0) == (Filled(), True)
    monkeypatch.setattr(outcomes, "used_budgets", lambda *_: [("weight", 960, 1920)])
    assert fill_due(for_s=20.0) == (Filled(filled=3), False)


def test_with_the_store_away_outcomes_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise StoreUnavailable("away")

    store_signal(at_ms=SIGNAL_MS)
    owe_outcomes()
    monkeypatch.setattr(outcomes, "used_budgets", fail)

    assert fill_due(for_s=20.0) == (Filled(filled=3), False)

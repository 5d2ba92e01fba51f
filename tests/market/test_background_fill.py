"""What the market app does by itself: new coins filled, the universe renewed, old history gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest
from pytest_django import Settings

from config.shift import tell_to_stop
from market import background_fill, clock, fill, series, universe
from market.background_fill import fill_watched
from market.background_runs import RUN_DEADLINE, RunQueue
from market.chains import LAYOUTS
from market.models import HEAD_AT, ListedSymbol, Series, SeriesKind, Watchlist
from market.providers.binance_limits import binance_policy
from market.providers.rate_limit import budget_of
from market.sandbox.handle import Sandbox
from market.series import SeriesKey, Update
from market.services import collect_snapshots
from market.store import get_store
from market.tables import Table
from market.types import Instrument, Interval
from market.universe import refresh_if_due
from market.watchlists import set_coins
from mss.models import MssRun
from mss.runs import RUNS
from signals.batches import run_batches
from signals.scans import start_run
from smartmoney.scans import SCANS
from tests.market.conftest import AT_MS, Later

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(listed: None) -> Watchlist:
    watchlist = Watchlist.objects.create(environment="test", name="Main")
    set_coins(watchlist, ["BTC", "ETH", "NOTLISTED"])
    return watchlist


def used_of_statistics(share: float, settings: Settings) -> None:
    """Use a share of Binance's statistics budget up."""
    [pool] = binance_policy(settings.PROVIDER_BUDGET_SHARE).pools["data"]
    assert get_store().take([budget_of("binance", pool, "")], round(pool.limit * share)) == 0.0


def test_new_coins_of_lists_get_their_windows(sandbox: Sandbox, watched: Watchlist) -> None:
    assert fill_watched() == ["BTC", "ETH"]

    kinds = series.kinds_of(["BTC", "ETH"])
    assert kinds["BTC"] >= {SeriesKind.CANDLES, SeriesKind.OPEN_INTEREST, SeriesKind.TOP_TRADERS}
    assert kinds["ETH"] >= {SeriesKind.CANDLES, SeriesKind.OPEN_INTEREST, SeriesKind.TOP_TRADERS}


def test_what_has_its_windows_costs_no_call(sandbox: Sandbox, watched: Watchlist) -> None:
    fill_watched()
    before = sandbox.calls()

    assert fill_watched() == []
    assert sandbox.calls() == before


def test_what_a_scan_has_read_is_not_filled(
    sandbox: Sandbox, watched: Watchlist, coins: Callable[..., list[Instrument]]
) -> None:
    collect_snapshots(coins("BTC", "ETH"), deadline_s=60.0)
    before = sandbox.calls()

    assert fill_watched() == []
    assert sandbox.calls() == before


def test_lists_that_are_off_are_not_filled(sandbox: Sandbox, watched: Watchlist) -> None:
    Watchlist.objects.filter(pk=watched.pk).update(enabled=False)

    assert fill_watched() == []
    assert sandbox.calls() == 0


@pytest.mark.parametrize(("share", "fills"), [(0.49, True), (0.51, False)])
def test_half_of_the_scarcest_budget_is_left_to_scans(
    sandbox: Sandbox, watched: Watchlist, settings: Settings, share: float, fills: bool
) -> None:
    used_of_statistics(share, settings)

    assert bool(fill_watched()) is fills


def test_a_fill_gives_way_to_a_scan_that_waits_for_a_worker(
    sandbox: Sandbox, watched: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_fill, "COINS_PER_WAVE", 1)
    gather = fill.gather

    def started_meanwhile(*args: Any, **options: Any) -> Any:
        start_run(["BTC"])
        return gather(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(fill, "gather", started_meanwhile)
        assert fill_watched() == ["BTC"]
    assert fill_watched() == []

    run_batches()
    assert fill_watched() == ["ETH"]


@pytest.mark.parametrize(
    ("runs", "columns"), [(SCANS, {}), (RUNS, {"kind": MssRun.Kind.SCAN, "filters": {}})]
)
def test_a_fill_gives_way_to_runs_in_the_background(
    sandbox: Sandbox,
    watched: Watchlist,
    later: Later,
    runs: RunQueue[Any],
    columns: dict[str, Any],
) -> None:
    runs.start("what was asked for", left=["BTC"], requested=1, **columns)

    assert fill_watched() == []
    with later(RUN_DEADLINE.total_seconds() / 60):
        assert fill_watched() == ["BTC", "ETH"]


def test_a_coin_that_a_source_does_not_have_is_not_asked_for_every_minute(
    sandbox: Sandbox, watched: Watchlist, later: Later
) -> None:
    sandbox.fault("binance", "dead", path="/futures/data/")
    sandbox.fault("okx", "dead", path="/api/v5/rubik/")

    first = fill_watched()
    with later(60):
        again = fill_watched()
    sandbox.clear_faults()
    with later(6 * 60 + 1):
        after_hours = fill_watched()

    assert (first, again, after_hours) == (["BTC", "ETH"], [], ["BTC", "ETH"])


def test_one_worker_fills_at_a_time_and_a_dead_one_is_not_waited_for(
    sandbox: Sandbox, watched: Watchlist, later: Later
) -> None:
    get_store().add("filling:test", b"another", 105.0)

    assert fill_watched() == []
    with later(2):
        assert fill_watched() == ["BTC", "ETH"]


def test_a_fill_that_was_cut_off_goes_on_with_the_same_coins(
    sandbox: Sandbox, watched: Watchlist, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*args: object, **options: object) -> NoReturn:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(background_fill, "fill", killed)
        with pytest.raises(Killed):
            fill_watched()

    with later(2):  # the lock of the dead has ended
        assert fill_watched() == ["BTC", "ETH"]


def test_a_worker_that_is_told_to_stop_begins_no_other_wave(
    sandbox: Sandbox, watched: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_fill, "COINS_PER_WAVE", 1)
    gather = fill.gather

    def told_meanwhile(*args: Any, **options: Any) -> Any:
        tell_to_stop()
        return gather(*args, **options)

    monkeypatch.setattr(fill, "gather", told_meanwhile)

    assert fill_watched() == ["BTC"]


# --- The universe ---------------------------------------------------------------------------------


def test_the_universe_is_renewed_hourly_whoever_asks_how_often(
    sandbox: Sandbox, db: None, later: Later
) -> None:
    for minute in range(10):
        with later(minute):
            refresh_if_due()
    pages = sandbox.calls("coingecko", "/coins/markets")
    filled = sandbox.calls()
    with later(50):
        refresh_if_due()
    quiet = sandbox.calls()
    with later(75):
        refresh_if_due()

    assert pages == universe.COINGECKO_PAGES
    assert quiet == filled
    assert sandbox.calls() > quiet
    assert ListedSymbol.objects.filter(environment="test").exists()


def test_venues_that_are_away_are_asked_again_soon_but_not_at_once(
    sandbox: Sandbox, db: None, later: Later
) -> None:
    sandbox.fault("*", "dead")
    refresh_if_due()
    asked = sandbox.calls()
    refresh_if_due()
    asked_again = sandbox.calls()
    sandbox.clear_faults()
    with later(3):
        refresh_if_due()

    assert asked == asked_again
    assert ListedSymbol.objects.filter(environment="test").exists()


# --- Retention ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "chunks_left"), [(0, 5), (365, 5), (6, 2), (1, 0)])
def test_archived_history_goes_when_it_is_older_than_kept_and_heads_stay(
    db: None, settings: Settings, days: int, chunks_left: int
) -> None:
    """900 bars: the head holds the newest 300 or so, each chunk 128 before them, 32 hours."""
    settings.SERIES_RETENTION_DAYS = days
    key = SeriesKey("BTC", SeriesKind.CANDLES, "binance", "15m")
    step_ms = Interval.M15.ms
    span_ms = LAYOUTS[SeriesKind.CANDLES, "15m"].span_ms
    end_ms = AT_MS // span_ms * span_ms
    clock.fix(end_ms)
    times_ms = end_ms - step_ms * np.arange(900, dtype=np.int64)[::-1]
    series.append([Update(key, Table(times_ms, np.ones((7, 900))), end_ms)])
    head = Series.objects.get(chunk_start_at=HEAD_AT)

    series.forget_old()

    assert Series.objects.exclude(chunk_start_at=HEAD_AT).count() == chunks_left
    assert Series.objects.get(chunk_start_at=HEAD_AT).rows == head.rows

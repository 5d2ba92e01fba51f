"""One collection against the sandbox: every chain, every fault, one deadline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from django.db import OperationalError
from pytest_django import Settings

from market import series
from market.collect import STATISTICS_PER_SCAN
from market.sandbox.handle import Sandbox
from market.services import MarketUnavailable, collect_snapshots, gather
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Instrument, Interval
from market.windows import CANDLE_ROWS, window_history
from tests.market.conftest import AT_MS, Later

pytestmark = pytest.mark.django_db

Coins = Callable[..., list[Instrument]]

OF_EXCHANGES = frozenset(
    {
        ReadingName.PRICE,
        ReadingName.CANDLES,
        ReadingName.TAKER_BUY,
        ReadingName.FUNDING,
        ReadingName.OPEN_INTEREST,
        ReadingName.LONG_ACCOUNTS,
        ReadingName.TOP_TRADERS,
    }
)
OF_ALL_EIGHT_FACTORS = OF_EXCHANGES | {
    ReadingName.LIQUIDATIONS,
    ReadingName.LIQUIDATION_VENUE_OI,
    ReadingName.SOCIAL_SENTIMENT,
    ReadingName.FEAR_GREED,
}


def collect(coin: Instrument, deadline_s: float = 20.0) -> MarketSnapshot:
    [snapshot] = collect_snapshots([coin], deadline_s=deadline_s)
    return snapshot


def told(snapshot: MarketSnapshot, reading: ReadingName) -> str:
    return " ".join(
        f"{problem.source}: {problem.detail}"
        for problem in snapshot.problems
        if problem.reading == reading.value
    )


# --- What a collection holds ----------------------------------------------------------------------


def test_without_any_key_every_factor_has_its_readings(sandbox: Sandbox, coins: Coins) -> None:
    snapshot = collect(*coins("BTC"))

    assert snapshot.readings.keys() >= OF_ALL_EIGHT_FACTORS
    assert snapshot.problems == ()
    assert {snapshot.readings[name].source for name in OF_EXCHANGES} == {"binance"}
    assert not any(reading.fallback for reading in snapshot.readings.values())
    assert sandbox.violations == ()


def test_windows_hold_what_the_engine_reads_and_nothing_else(coins: Coins) -> None:
    snapshot = collect(*coins("BTC"))

    again = window_history(snapshot.history, AT_MS)
    lengths = {interval: len(bars) for interval, bars in snapshot.history.candles.items()}
    assert lengths == dict(CANDLE_ROWS)
    assert all(
        np.array_equal(again.series[name].ts_ms, known.ts_ms)
        for name, known in snapshot.history.series.items()
    )
    assert len(snapshot.history.series[ReadingName.OPEN_INTEREST]) >= 180


def test_the_forming_bar_is_the_price_and_never_in_the_history(coins: Coins) -> None:
    snapshot = collect(*coins("BTC"))

    for interval, bars in snapshot.history.candles.items():
        assert bars.open_time_ms[-1] + interval.ms <= AT_MS
    price = snapshot.readings[ReadingName.PRICE]
    assert price.observed_at_ms == AT_MS
    assert price.value != snapshot.readings[ReadingName.CANDLES].value


def test_nothing_in_a_snapshot_is_later_than_its_instant(coins: Coins, later: Later) -> None:
    [coin] = coins("BTC")
    with later(6 * 60):
        collect(coin)

    snapshot = collect(coin)

    history = snapshot.history
    assert max(int(known.ts_ms[-1]) for known in history.series.values()) <= AT_MS
    assert max(int(b.open_time_ms[-1]) + i.ms for i, b in history.candles.items()) <= AT_MS
    assert all(reading.observed_at_ms <= AT_MS for reading in snapshot.readings.values())


def test_a_thousandfold_contract_is_read_per_coin(coins: Coins) -> None:
    [coin] = coins("1000PEPE")
    assert coin.binance is not None
    assert coin.binance.multiplier == 1000

    from_binance = collect(coin)
    from_okx = collect(Instrument(coin.symbol, okx=coin.okx))

    ratio = (
        from_binance.readings[ReadingName.PRICE].value / from_okx.readings[ReadingName.PRICE].value
    )
    assert ratio == pytest.approx(1.0, abs=0.02)


# --- Faults ---------------------------------------------------------------------------------------


def test_blocked_by_binance_everything_comes_from_okx_and_says_so(
    sandbox: Sandbox, coins: Coins
) -> None:
    sandbox.scenario("binance_geo_blocked")

    snapshot = collect(*coins("BTC"))

    assert snapshot.readings.keys() >= OF_ALL_EIGHT_FACTORS
    for name in OF_EXCHANGES:
        assert snapshot.readings[name].source == "okx"
        assert snapshot.readings[name].fallback
    assert "451" in told(snapshot, ReadingName.CANDLES)


def test_a_provider_known_to_refuse_us_is_not_asked_again(sandbox: Sandbox, coins: Coins) -> None:
    sandbox.scenario("binance_geo_blocked")
    collect(*coins("BTC"))
    asked = sandbox.calls("binance")

    snapshot = collect(*coins("ETH"))

    assert sandbox.calls("binance") == asked
    assert snapshot.readings[ReadingName.CANDLES].source == "okx"


@pytest.mark.parametrize("kind", ["wrong_types", "truncated", "nan", "http_5xx", "html", "empty"])
def test_what_binance_garbles_comes_from_okx(sandbox: Sandbox, coins: Coins, kind: str) -> None:
    sandbox.fault("binance", kind)

    snapshot = collect(*coins("BTC"))

    assert snapshot.readings.keys() >= OF_ALL_EIGHT_FACTORS
    assert {snapshot.readings[name].source for name in OF_EXCHANGES} == {"okx"}
    assert told(snapshot, ReadingName.OPEN_INTEREST)


@pytest.mark.parametrize(
    ("provider", "path", "lost"),
    [
        ("okx", "/api/v5/public/liquidation-orders", ReadingName.LIQUIDATIONS),
        ("coingecko", "", ReadingName.SOCIAL_SENTIMENT),
        ("alternative_me", "", ReadingName.FEAR_GREED),
    ],
)
@pytest.mark.parametrize("kind", ["wrong_types", "nan", "truncated", "dead"])
def test_garbage_from_the_only_source_loses_that_reading_alone_and_names_it(
    sandbox: Sandbox, coins: Coins, provider: str, path: str, lost: ReadingName, kind: str
) -> None:
    sandbox.fault(provider, kind, path=path)

    snapshot = collect(*coins("BTC"))

    assert lost not in snapshot.readings
    assert told(snapshot, lost).startswith(provider)
    assert snapshot.readings.keys() >= OF_EXCHANGES


def test_with_both_exchanges_garbled_their_readings_are_missing_and_named(
    sandbox: Sandbox, coins: Coins
) -> None:
    sandbox.fault("binance", "wrong_types")
    sandbox.fault("okx", "wrong_types")

    snapshot = collect(*coins("BTC"))

    assert not snapshot.readings.keys() & OF_EXCHANGES
    for name in OF_EXCHANGES - {ReadingName.TAKER_BUY, ReadingName.PRICE}:
        assert "binance" in told(snapshot, name)
        assert "okx" in told(snapshot, name)
    assert ReadingName.FEAR_GREED in snapshot.readings


def test_stale_answers_are_refused_and_the_next_source_is_taken(
    sandbox: Sandbox, coins: Coins
) -> None:
    sandbox.scenario("binance_stale")

    snapshot = collect(*coins("BTC"))

    assert snapshot.readings[ReadingName.CANDLES].source == "okx"
    assert snapshot.readings[ReadingName.LONG_ACCOUNTS].source == "okx"
    assert "h old" in told(snapshot, ReadingName.LONG_ACCOUNTS)


def test_with_stale_answers_only_nothing_old_passes_for_the_present(
    sandbox: Sandbox, coins: Coins
) -> None:
    sandbox.fault("binance", "stale")
    sandbox.fault("okx", "stale")

    snapshot = collect(*coins("BTC"))

    for name in (
        ReadingName.CANDLES,
        ReadingName.OPEN_INTEREST,
        ReadingName.LONG_ACCOUNTS,
        ReadingName.TOP_TRADERS,
        ReadingName.TAKER_BUY,
    ):
        assert name not in snapshot.readings
        assert name not in snapshot.history.series
    assert Interval.M15 not in snapshot.history.candles
    assert "old" in told(snapshot, ReadingName.OPEN_INTEREST)


def test_rows_in_any_order_are_the_same_rows(
    sandbox: Sandbox, coins: Coins, settings: Settings
) -> None:
    in_order = collect(*coins("BTC"))
    settings.ENVIRONMENT = "sandbox"
    sandbox.fault("binance", "reordered")
    sandbox.fault("okx", "reordered")

    with_disorder = collect(*coins("BTC"))

    for name in OF_EXCHANGES:
        assert with_disorder.readings[name].value == in_order.readings[name].value


def test_a_hanging_binance_leaves_the_others_time_to_answer(sandbox: Sandbox, coins: Coins) -> None:
    collect(*coins("ETH"))
    sandbox.scenario("binance_hanging")

    snapshot = collect(*coins("BTC"), deadline_s=6.0)

    assert snapshot.readings.keys() >= OF_ALL_EIGHT_FACTORS
    assert {snapshot.readings[name].source for name in OF_EXCHANGES} == {"okx"}
    assert "no answer within" in told(snapshot, ReadingName.CANDLES)


def test_with_every_provider_asking_us_to_wait_it_is_said_who_and_how_long(
    sandbox: Sandbox, coins: Coins
) -> None:
    [coin] = coins("BTC")
    sandbox.fault("*", "http_429", retry_after_s=40)

    with pytest.raises(MarketUnavailable) as raised:
        collect(coin, deadline_s=1.5)

    assert 30.0 < raised.value.retry_after_s <= 41.0
    for venue in ("binance", "okx"):
        assert f"{venue}: the rate limit is reached" in raised.value.detail


def test_who_may_wait_for_budgets_does_not_wait_for_the_few_calls_of_coingecko(
    coingecko_spent: None, coins: Coins
) -> None:
    _, [snapshot] = gather(coins("BTC"), deadline_s=120.0, hedge_after_s=120.0)

    assert snapshot.readings.keys() >= OF_EXCHANGES
    assert "our own budget" in told(snapshot, ReadingName.SOCIAL_SENTIMENT)


@pytest.mark.parametrize("scenario", ["all_dead", "all_hanging", "all_errors"])
def test_with_every_provider_dead_the_market_is_unavailable(
    sandbox: Sandbox, coins: Coins, scenario: str
) -> None:
    [coin] = coins("BTC")
    sandbox.scenario(scenario)

    with pytest.raises(MarketUnavailable):
        collect(coin, deadline_s=1.5)


def test_with_every_provider_dead_what_is_fresh_in_the_store_still_serves(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    [coin] = coins("BTC")
    before = collect(coin)
    sandbox.scenario("all_dead")

    with later(5):
        after = collect(coin)

    assert after.readings[ReadingName.CANDLES] == before.readings[ReadingName.CANDLES]
    price = after.readings[ReadingName.PRICE]
    assert price.value == before.readings[ReadingName.CANDLES].value
    assert price.note == "close of the last 15m bar"
    assert told(after, ReadingName.CANDLES)


def test_what_is_stored_is_not_served_for_ever(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    [coin] = coins("BTC")
    collect(coin)
    sandbox.scenario("all_dead")

    with later(60), pytest.raises(MarketUnavailable):
        collect(coin)


def test_without_a_database_the_market_is_read_all_the_same(
    coins: Coins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("no database")

    monkeypatch.setattr(series, "load", away)
    monkeypatch.setattr(series, "append", away)

    snapshot = collect(*coins("BTC"))

    assert snapshot.readings.keys() >= OF_ALL_EIGHT_FACTORS


# --- One window, one source -----------------------------------------------------------------------


def test_a_window_never_holds_rows_of_two_venues(
    sandbox: Sandbox, coins: Coins, later: Later, settings: Settings
) -> None:
    [coin] = coins("BTC")
    collect(coin)
    sandbox.scenario("binance_geo_blocked")
    with later(30):
        fallen_back = collect(coin)
        settings.ENVIRONMENT = "sandbox"
        okx_alone = collect(Instrument(coin.symbol, okx=coin.okx))

    for interval, bars in okx_alone.history.candles.items():
        assert np.array_equal(fallen_back.history.candles[interval].close, bars.close)
    for name in (ReadingName.OPEN_INTEREST, ReadingName.LONG_ACCOUNTS, ReadingName.FUNDING):
        alone = okx_alone.history.series[name]
        assert np.array_equal(fallen_back.history.series[name].values, alone.values)


def test_a_coin_without_a_swap_on_okx_has_no_liquidations_rather_than_zero(coins: Coins) -> None:
    [coin] = coins("BTC")

    snapshot = collect(Instrument(coin.symbol, binance=coin.binance))

    assert ReadingName.LIQUIDATIONS not in snapshot.readings
    assert snapshot.history.liquidations is None
    assert "no swap" in told(snapshot, ReadingName.LIQUIDATIONS)


def test_a_swap_without_liquidations_has_a_true_zero(sandbox: Sandbox, coins: Coins) -> None:
    sandbox.fault("okx", "empty", path="/api/v5/public/liquidation-orders")

    snapshot = collect(*coins("BTC"))

    assert snapshot.readings[ReadingName.LIQUIDATIONS].value == 0.0
    assert (
        snapshot.readings[ReadingName.LIQUIDATIONS].note == "floor: OKX only, covers 23.9 h of 24 h"
    )


# --- Only what is new -----------------------------------------------------------------------------


def test_a_coin_just_read_costs_no_call(sandbox: Sandbox, coins: Coins) -> None:
    first = collect(*coins("BTC"))
    asked = sandbox.calls()

    second = collect(*coins("BTC"))

    assert sandbox.calls() == asked
    assert second.readings == first.readings


def test_within_a_bar_only_the_price_and_the_running_funding_are_asked_for(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    collect(*coins("BTC"))
    sandbox.reset()

    with later(0.5):
        collect(*coins("BTC"))

    assert sandbox.calls("binance") == 2
    assert sandbox.calls("binance", "/fapi/v1/klines") == 1
    assert sandbox.calls("binance", "/fapi/v1/premiumIndex") == 1


def test_a_bar_later_one_call_per_series_brings_what_is_new(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    collect(*coins("BTC"))
    sandbox.reset()

    with later(15) as at_ms:
        snapshot = collect(*coins("BTC"))

    assert sandbox.calls("binance", "/fapi/v1/klines") == 1
    assert sandbox.calls("binance", "/futures/data/") == 3
    assert sandbox.calls("binance", "/fapi/v1/fundingRate") == 0
    assert sandbox.calls("okx") == 2
    assert sandbox.calls("coingecko", "/coins/") == sandbox.calls("alternative_me") == 0
    bars = snapshot.history.candles[Interval.M15]
    assert bars.open_time_ms[-1] == at_ms // Interval.M15.ms * Interval.M15.ms - Interval.M15.ms


def test_windows_grown_bar_by_bar_are_those_of_a_first_fetch(
    sandbox: Sandbox, coins: Coins, later: Later, settings: Settings
) -> None:
    [coin] = coins("BTC")
    collect(coin)
    with later(3 * 60 + 20):
        collect(coin)
    sandbox.reset()
    with later(9 * 60 + 10):
        grown = collect(coin)
        klines = sandbox.calls("binance", "/fapi/v1/klines")
        settings.ENVIRONMENT = "sandbox"
        fetched = collect(coin)

    assert klines == 1
    for interval in (Interval.M15, Interval.H1, Interval.H4):
        mine, theirs = grown.history.candles[interval], fetched.history.candles[interval]
        assert np.array_equal(mine.open_time_ms, theirs.open_time_ms)
        for column in ("open", "high", "low", "close"):
            assert np.array_equal(getattr(mine, column), getattr(theirs, column))
        assert np.allclose(mine.volume_base, theirs.volume_base)
    for name in (ReadingName.OPEN_INTEREST, ReadingName.LONG_ACCOUNTS, ReadingName.FUNDING):
        one, other = grown.history.series[name], fetched.history.series[name]
        shared = np.intersect1d(one.ts_ms, other.ts_ms, return_indices=True)
        assert len(shared[0]) >= 0.9 * len(other)
        assert np.allclose(one.values[shared[1]], other.values[shared[2]], rtol=0.01)


def test_watching_longer_covers_more_of_the_liquidations(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    [coin] = coins("BTC")
    first = collect(coin)
    with later(120):
        second = collect(coin)

    assert first.history.liquidations is not None
    assert second.history.liquidations is not None
    assert len(second.history.liquidations) >= len(first.history.liquidations) + 20


# --- Many coins -----------------------------------------------------------------------------------


def test_many_coins_share_what_comes_for_all_and_keep_their_order(
    sandbox: Sandbox, coins: Coins
) -> None:
    names = ["ETH", "BTC", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX", "LTC", "DOT"]

    snapshots = collect_snapshots(coins(*names), deadline_s=60.0)

    assert [snapshot.symbol.base for snapshot in snapshots] == names
    assert all(ReadingName.FUNDING in snapshot.readings for snapshot in snapshots)
    assert sandbox.calls("binance", "/fapi/v1/premiumIndex") == 1
    assert sandbox.calls("binance", "/fapi/v1/fundingInfo") == 1
    assert sandbox.calls("okx", "/api/v5/public/open-interest") == 1
    assert sandbox.calls("coingecko", "/search/trending") == 1
    assert sandbox.calls("alternative_me") == 1


def test_only_a_few_coins_have_their_votes_counted_in_one_wave_and_the_rest_follow(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    four = coins("BTC", "ETH", "SOL", "XRP")

    first = collect_snapshots(four, deadline_s=60.0)
    with later(1):
        second = collect_snapshots(four, deadline_s=60.0)

    voted = [ReadingName.SOCIAL_SENTIMENT in snapshot.readings for snapshot in first]
    assert voted == [True, True, True, False]
    assert "its turn" in told(first[3], ReadingName.SOCIAL_SENTIMENT)
    assert all(ReadingName.SOCIAL_SENTIMENT in snapshot.readings for snapshot in second)
    assert sandbox.calls("coingecko", "/coins/") == 4


def test_of_too_many_statistics_the_oldest_are_renewed_and_the_others_wait_a_bar(
    sandbox: Sandbox, coins: Coins, later: Later
) -> None:
    two = coins("BTC", "ETH")
    collect_snapshots(two, deadline_s=60.0)
    sandbox.reset()
    four_calls = 4 / STATISTICS_PER_SCAN

    with later(15):
        first = collect_snapshots(two, deadline_s=60.0, share=four_calls)
        renewed_first = sandbox.calls("binance", "/futures/data/")
        with later(15):
            second = collect_snapshots(two, deadline_s=60.0, share=four_calls)

    assert renewed_first == 4
    assert sandbox.calls("binance", "/futures/data/") == 8
    assert all(snapshot.problems == () for snapshot in (*first, *second))
    assert all(snapshot.readings.keys() >= OF_EXCHANGES for snapshot in (*first, *second))


def test_no_coins_are_no_work(sandbox: Sandbox) -> None:
    assert collect_snapshots([]) == []
    assert sandbox.calls() == 0

"""The simulated market: one coherent path per coin, whoever asks and whenever."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import clock
from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, QUOTE, TAKER_BASE, VOLUME
from market.sandbox.binance import INTERVALS
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.source import RatioKind
from market.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.market.sandbox.upstream import NOW_MS, Upstream, simulated

INSTANTS = st.integers(NOW_MS - 40 * DAY_MS, NOW_MS + 40 * DAY_MS)
SYMBOLS = st.sampled_from(["BTCUSDT", "1000PEPEUSDT", "1000000MOGUSDT", "1INCHUSDT", "SOLUSDT"])


def bars(symbol: str, interval: str, first_ms: int, last_ms: int, now_ms: int):
    market = simulated()
    contract = market.universe(now_ms).binance[symbol]
    return market.bars(contract, INTERVALS[interval], first_ms, last_ms, now_ms)


@given(symbol=SYMBOLS, now_ms=INSTANTS)
@settings(max_examples=25, deadline=None)
def test_longer_bars_are_exactly_the_sum_of_shorter_ones(symbol, now_ms):
    hour_ms = now_ms // HOUR_MS * HOUR_MS - 5 * HOUR_MS

    (hourly,) = bars(symbol, "1h", hour_ms, hour_ms, now_ms).table
    for shorter in ("1m", "3m", "5m", "15m", "30m"):
        parts = bars(symbol, shorter, hour_ms, hour_ms + HOUR_MS - 1, now_ms).table

        assert hourly[OPEN] == parts[0, OPEN]
        assert hourly[CLOSE] == parts[-1, CLOSE]
        assert hourly[HIGH] == parts[:, HIGH].max()
        assert hourly[LOW] == parts[:, LOW].min()
        np.testing.assert_allclose(
            hourly[[VOLUME, QUOTE, TAKER_BASE]],
            parts[:, [VOLUME, QUOTE, TAKER_BASE]].sum(axis=0),
            rtol=1e-9,
        )


@given(symbol=SYMBOLS, now_ms=INSTANTS)
@settings(max_examples=25, deadline=None)
def test_bars_are_possible_and_join_without_gaps(symbol, now_ms):
    table = bars(symbol, "15m", now_ms - 30 * HOUR_MS, now_ms, now_ms).table

    assert (table[:, HIGH] >= table[:, [OPEN, CLOSE]].max(axis=1)).all()
    assert (table[:, LOW] <= table[:, [OPEN, CLOSE]].min(axis=1)).all()
    assert (table[:, LOW] > 0).all()
    assert (table[:, TAKER_BASE] <= table[:, VOLUME] + 1e-9).all()
    np.testing.assert_array_equal(table[1:, OPEN], table[:-1, CLOSE])


@given(symbol=SYMBOLS, now_ms=INSTANTS, later_ms=st.integers(0, 3 * DAY_MS))
@settings(max_examples=25, deadline=None)
def test_closed_bars_never_change_as_time_goes_on(symbol, now_ms, later_ms):
    first_ms = now_ms - 6 * HOUR_MS

    before = bars(symbol, "15m", first_ms, now_ms, now_ms)
    after = bars(symbol, "15m", first_ms, now_ms, now_ms + later_ms)

    closed = before.closed
    assert closed >= 23
    np.testing.assert_array_equal(after.table[:closed], before.table[:closed])


@given(symbol=SYMBOLS, now_ms=INSTANTS, wait_ms=st.integers(0, 14 * MINUTE_MS))
@settings(max_examples=25, deadline=None)
def test_the_forming_bar_only_grows_until_it_is_the_closed_one(symbol, now_ms, wait_ms):
    open_ms = now_ms // (15 * MINUTE_MS) * 15 * MINUTE_MS
    times = sorted((now_ms, min(now_ms + wait_ms, open_ms + 15 * MINUTE_MS)))

    (early,) = bars(symbol, "15m", open_ms, open_ms, times[0]).table
    (late,) = bars(symbol, "15m", open_ms, open_ms, times[1]).table
    (closed,) = bars(symbol, "15m", open_ms, open_ms, open_ms + 20 * MINUTE_MS).table

    for smaller, larger in ((early, late), (late, closed)):
        assert smaller[OPEN] == larger[OPEN]
        assert smaller[HIGH] <= larger[HIGH]
        assert smaller[LOW] >= larger[LOW]
        assert smaller[VOLUME] <= larger[VOLUME] + 1e-9


def test_the_forming_bar_moves_and_its_close_is_the_last_price():
    contract = simulated().universe(NOW_MS).binance["BTCUSDT"]

    closes = {
        bars("BTCUSDT", "1h", NOW_MS - HOUR_MS, NOW_MS, NOW_MS + n * 10_000).table[-1, CLOSE]
        for n in range(20)
    }
    at_now = bars("BTCUSDT", "4h", NOW_MS - 8 * HOUR_MS, NOW_MS, NOW_MS)

    assert len(closes) > 10
    assert at_now.closed == len(at_now) - 1
    assert at_now.table[-1, CLOSE] == simulated().price(contract, NOW_MS)


def test_a_flat_interval_boundary_opens_at_the_last_close():
    now_ms = NOW_MS // HOUR_MS * HOUR_MS

    page = bars("BTCUSDT", "1h", now_ms - HOUR_MS, now_ms, now_ms)

    assert page.closed == 1
    assert page.table[1, OPEN] == page.table[1, CLOSE] == page.table[0, CLOSE]
    assert page.table[1, VOLUME] == 0.0


def test_the_last_24_hours_are_the_sum_of_their_minutes():
    contract = simulated().universe(NOW_MS).binance["SOLUSDT"]

    start_ms, day = simulated().last_day(contract, NOW_MS)
    minutes = bars("SOLUSDT", "1m", start_ms, NOW_MS, NOW_MS).table

    assert day[VOLUME] == pytest.approx(minutes[:, VOLUME].sum(), rel=1e-9)
    assert day[QUOTE] == pytest.approx(minutes[:, QUOTE].sum(), rel=1e-9)
    assert day[HIGH] == minutes[:, HIGH].max()
    assert day[OPEN] == minutes[0, OPEN]


def test_two_markets_of_one_seed_answer_with_the_same_bytes_and_another_seed_does_not():
    paths = (
        "/binance/fapi/v1/klines?symbol=BTCUSDT&interval=4h&limit=130",
        "/binance/futures/data/openInterestHist?symbol=ETHUSDT&period=4h&limit=100",
        "/okx/api/v5/public/liquidation-orders?instType=SWAP&instFamily=BTC-USDT&state=filled",
        "/coingecko/api/v3/coins/markets?vs_currency=usd&per_page=20",
        "/alternative_me/fng/?limit=20",
    )
    one, same, other = (Upstream(Sandbox(SimulatedMarket(seed))) for seed in (7, 7, 8))

    with clock.frozen(NOW_MS):
        for path in paths:
            # Asked in another order and after other questions.
            same.get("http://127.0.0.1", "/binance/fapi/v1/ticker/24hr?symbol=ETHUSDT")
            first = one.get("http://127.0.0.1", path).content

            assert same.get("http://127.0.0.1", path).content == first
            assert other.get("http://127.0.0.1", path).content != first


def test_the_universe_holds_what_a_venue_list_holds():
    universe = simulated().universe(NOW_MS)
    perpetuals = [
        contract
        for contract in universe.binance.values()
        if contract.contract_type == "PERPETUAL"
        and contract.quote_asset == "USDT"
        and contract.underlying == "COIN"
        and contract.trading(NOW_MS)
    ]
    kinds = {contract.contract_type for contract in universe.binance.values()}

    assert len(perpetuals) >= 300
    assert {"CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL", ""} <= kinds
    assert {contract.unit for contract in perpetuals} == {1, 1000, 1_000_000}
    assert universe.binance["1INCHUSDT"].unit == 1
    assert universe.binance["BTCDOMUSDT"].underlying == "INDEX"
    assert not universe.binance["MATICUSDT"].trading(NOW_MS)
    assert "OKB-USDT-SWAP" in universe.okx
    assert "OKBUSDT" not in universe.binance
    assert "XMRUSDT" in universe.binance
    assert "XMR-USDT-SWAP" not in universe.okx
    assert len({c.symbol for c in universe.okx.values()}) == len(universe.okx)
    assert {c.category for c in universe.okx.values()} == {"1", "3"}


def test_most_coins_have_at_least_120_days_of_history():
    universe = simulated().universe(NOW_MS)

    long_listed = [c for c in universe.binance.values() if c.listed_ms < NOW_MS - 120 * DAY_MS]

    assert len(long_listed) >= 300
    assert len(bars("BTCUSDT", "1d", NOW_MS - 400 * DAY_MS, NOW_MS, NOW_MS)) == 400


@given(now_ms=INSTANTS)
@settings(max_examples=20, deadline=None)
def test_there_is_always_a_newcomer_with_few_bars(now_ms):
    market = simulated()
    newest = max(
        (c for c in market.universe(now_ms).binance.values() if c.listed_ms <= now_ms),
        key=lambda contract: contract.listed_ms,
    )

    daily = market.bars(newest, INTERVALS["1d"], now_ms - 130 * DAY_MS, now_ms, now_ms)

    assert now_ms - newest.listed_ms < 15 * DAY_MS
    assert 1 <= len(daily) <= 16


def test_a_listing_is_the_same_for_every_later_instant():
    early = simulated().universe(NOW_MS).binance
    late = simulated().universe(NOW_MS + 3 * DAY_MS).binance

    for symbol in set(early) & set(late):
        if early[symbol].contract_type == "PERPETUAL":
            assert early[symbol].listed_ms == late[symbol].listed_ms


def test_a_settled_contract_keeps_its_history_and_gets_no_new_bars():
    contract = simulated().universe(NOW_MS).binance["MATICUSDT"]

    history = bars(
        "MATICUSDT", "1h", contract.settled_ms - DAY_MS, contract.settled_ms + DAY_MS, NOW_MS
    )

    assert len(history) == 24
    assert history.closed == 24
    assert history.open_time_ms[-1] + HOUR_MS <= contract.settled_ms + HOUR_MS


def test_both_venues_agree_within_two_basis_points():
    market = simulated()
    universe = market.universe(NOW_MS)

    for base in ("BTC", "ETH", "SOL", "DOGE"):
        binance = market.price(universe.binance[f"{base}USDT"], NOW_MS)
        okx = market.price(universe.okx[f"{base}-USDT-SWAP"], NOW_MS)

        assert okx == pytest.approx(binance, rel=2e-4)


def test_mark_and_index_stay_near_the_last_price():
    market = simulated()

    for contract in list(market.universe(NOW_MS).binance.values())[:50]:
        last = market.price(contract, NOW_MS)
        mark, index = market.mark_and_index(contract, NOW_MS)

        assert mark == pytest.approx(last, rel=1e-3)
        assert index == pytest.approx(last, rel=2e-3)


def test_the_running_funding_estimate_becomes_the_settled_rate():
    market = simulated()
    contract = market.universe(NOW_MS).binance["ETHUSDT"]
    settles_ms = market.expected_funding(contract, NOW_MS).settles_at_ms

    just_before = market.expected_funding(contract, settles_ms - 1)
    settled = market.settled_funding(contract, settles_ms, settles_ms, settles_ms)

    assert just_before.rate == pytest.approx(settled.first[0], abs=1e-7)
    assert settles_ms % (8 * HOUR_MS) == 0


def test_open_interest_now_continues_its_history():
    market = simulated()
    contract = market.universe(NOW_MS).binance["ETHUSDT"]
    history = market.open_interest_history(
        contract, INTERVALS["5m"], NOW_MS - HOUR_MS, NOW_MS, NOW_MS
    )

    now = market.open_interest(contract, NOW_MS)

    assert now.first[0] == pytest.approx(history.first[-1], rel=0.02)


@given(now_ms=INSTANTS, later_ms=st.integers(0, DAY_MS))
@settings(max_examples=20, deadline=None)
def test_what_traders_did_never_changes_afterwards(now_ms, later_ms):
    market = simulated()
    contract = market.universe(now_ms).okx["BTC-USDT-SWAP"]
    start_ms = now_ms - 20 * HOUR_MS
    hour = INTERVALS["1h"]

    orders = market.forced_orders(contract, start_ms, now_ms)
    later = market.forced_orders(contract, start_ms, now_ms + later_ms)
    ratio = market.ratio_history(RatioKind.ALL_ACCOUNTS, contract, hour, start_ms, now_ms, now_ms)
    ratio_later = market.ratio_history(
        RatioKind.ALL_ACCOUNTS, contract, hour, start_ms, now_ms, now_ms + later_ms
    )

    known = len(orders.ts_ms)
    np.testing.assert_array_equal(later.ts_ms[:known], orders.ts_ms)
    np.testing.assert_array_equal(later.quantity[:known], orders.quantity)
    assert (np.diff(orders.ts_ms) >= 0).all()
    np.testing.assert_array_equal(ratio_later.first[: len(ratio.first)], ratio.first)


def test_a_crash_liquidates_longs_and_clears_open_interest():
    market = simulated()
    paths = market._paths
    day = next(
        day
        for day in range(NOW_MS // DAY_MS - 200, NOW_MS // DAY_MS)
        if paths.flush_of(day)[1] < -0.05
    )
    row, _ = paths.flush_of(day)
    at_ms = day * DAY_MS + row * 5 * MINUTE_MS
    contract = market.universe(at_ms).okx["BTC-USDT-SWAP"]
    perpetual = market.universe(at_ms).binance["BTCUSDT"]

    orders = market.forced_orders(contract, at_ms, at_ms + 45 * MINUTE_MS)
    usd = orders.price * orders.quantity
    before = market.open_interest(perpetual, at_ms).first[0]
    after = market.open_interest(perpetual, at_ms + HOUR_MS).first[0]

    assert usd[orders.of_long].sum() > 3.0 * usd[~orders.of_long].sum()
    assert after < 0.95 * before

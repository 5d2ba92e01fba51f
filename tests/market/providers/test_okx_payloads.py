"""OKX bodies: strings everywhere, newest first, "" for unknown; documented and recorded shapes."""

import orjson
import pytest

from market.providers.contracts import parse_instruments
from market.providers.errors import ProviderPayloadError
from market.providers.okx_payloads import (
    LIQUIDATION_PAGE_ROWS,
    parse_candles,
    parse_funding_history,
    parse_funding_rates,
    parse_liquidation_orders,
    parse_long_share,
    parse_mark_prices,
    parse_open_interest,
    parse_open_interest_history,
    parse_taker_buy_share,
    parse_tickers,
)
from market.types import HOUR_MS, MINUTE_MS, Interval, Listing, Venue
from tests.market.providers.bodies import (
    QUARTER_H,
    T0,
    liquidation,
    liquidations,
    okx,
    okx_candle,
    okx_instrument,
)
from tests.recordings import recording

BTC = Listing(Venue.OKX, "BTC-USDT-SWAP", contract_size_base=0.01)


def sample(name):
    return orjson.loads(recording(f"providers/samples/okx/{name}").read_bytes())


def candles(*rows, interval=Interval.M15, now_ms=T0 + 100 * QUARTER_H):
    return parse_candles(okx(list(rows)), interval, multiplier=1, now_ms=now_ms)


def test_bars_come_ascending_with_the_unfinished_one_apart():
    page = candles(
        okx_candle(T0 + 2 * QUARTER_H, "0", close="107"),
        okx_candle(T0 + QUARTER_H),
        okx_candle(T0),
    ).value

    assert page.closed.open_time_ms.tolist() == [T0, T0 + QUARTER_H]
    assert page.closed.volume_base.tolist() == [20.0, 20.0]  # coins, not contracts
    assert page.closed.quote_volume_usd.tolist() == [2100.0, 2100.0]
    assert page.closed.taker_buy_base.tolist() == pytest.approx([float("nan")] * 2, nan_ok=True)
    assert page.forming.open_time_ms == T0 + 2 * QUARTER_H
    assert page.forming.close == 107.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (okx_candle(T0, ""), "confirm is neither 0 nor 1"),
        (okx_candle(T0, "0"), "unfinished, but not the newest"),
        (okx_candle(T0, open=""), "open is not a positive number"),
        (okx_candle(T0, high="1"), "high is below open or close"),
        (["1"], "confirm is neither 0 nor 1"),
    ],
)
def test_a_bar_that_cannot_be_is_dropped_with_its_reason(row, reason):
    parsed = candles(okx_candle(T0 + QUARTER_H), row)

    assert parsed.value.closed.open_time_ms.tolist() == [T0 + QUARTER_H]
    assert parsed.reasons == (f"row 1: {reason}",)


def test_of_a_bar_told_twice_the_first_row_is_the_newer_word():
    page = candles(okx_candle(T0, close="106"), okx_candle(T0, close="105")).value

    assert page.closed.close.tolist() == [106.0]


def test_a_page_that_steps_back_in_time_is_sorted():
    page = candles(okx_candle(T0), okx_candle(T0 + QUARTER_H), okx_candle(T0 - QUARTER_H)).value

    assert page.closed.open_time_ms.tolist() == [T0 - QUARTER_H, T0, T0 + QUARTER_H]


def test_tickers_estimate_dollar_volume_and_change_from_what_there_is():
    row = {
        "instId": "BTC-USDT-SWAP",
        "last": "110",
        "open24h": "100",
        "volCcy24h": "20",
        "ts": str(T0),
    }
    bare = row | {"instId": "X-USDT-SWAP", "open24h": "", "volCcy24h": ""}
    silent = row | {"instId": "Y-USDT-SWAP", "last": ""}

    rows = parse_tickers(okx([row, bare, silent])).value

    assert rows["BTC-USDT-SWAP"].quote_volume_usd == 2200.0
    assert rows["BTC-USDT-SWAP"].price_change_24h_pct == pytest.approx(10.0)
    assert rows["X-USDT-SWAP"].quote_volume_usd is None
    assert rows["X-USDT-SWAP"].price_change_24h_pct is None
    assert "Y-USDT-SWAP" not in rows


@pytest.mark.parametrize(
    ("following", "interval_h", "rate_8h"),
    [
        (T0 + 8 * HOUR_MS, 8.0, 0.01),
        (T0 + 4 * HOUR_MS, 4.0, 0.02),
        (T0 + HOUR_MS, 1.0, 0.08),
        ("", None, None),
    ],
)
def test_the_funding_interval_is_the_time_between_settlements(following, interval_h, rate_8h):
    row = {
        "instId": "BTC-USDT-SWAP",
        "fundingRate": "0.0001",
        "fundingTime": str(T0),
        "nextFundingTime": str(following),
        "nextFundingRate": "",
        "ts": str(T0 - HOUR_MS),
    }

    rate = parse_funding_rates(okx([row])).value["BTC-USDT-SWAP"]

    assert rate.funding_rate_pct == pytest.approx(0.01)
    assert rate.funding_interval_h == interval_h
    assert rate.funding_rate_8h_pct == (None if rate_8h is None else pytest.approx(rate_8h))
    assert rate.settles_at_ms == T0


def test_of_two_rows_of_one_instrument_the_newer_observation_counts():
    rows = [
        {"instId": "BTC-USDT-SWAP", "markPx": "2", "ts": str(T0 + 5)},
        {"instId": "BTC-USDT-SWAP", "markPx": "1", "ts": str(T0)},
    ]

    assert parse_mark_prices(okx(rows)).value["BTC-USDT-SWAP"].mark_price_per_unit == 2.0


def test_settled_funding_is_the_realized_rate():
    rows = [
        {"fundingTime": str(T0 + 4 * HOUR_MS), "fundingRate": "9", "realizedRate": "0.0002"},
        {"fundingTime": str(T0), "fundingRate": "9", "realizedRate": "0.0001"},
        {"fundingTime": str(T0 - 4 * HOUR_MS), "fundingRate": "0.1", "realizedRate": ""},
    ]

    parsed = parse_funding_history(okx(rows), interval_h=8, max_age_ms=1)

    assert parsed.value.ts_ms.tolist() == [T0, T0 + 4 * HOUR_MS]
    assert parsed.value.values == pytest.approx([0.02, 0.04])
    assert parsed.refused == 1


def test_open_interest_in_dollars_is_optional():
    row = {"instId": "BTC-USDT-SWAP", "oi": "2742898", "oiCcy": "27428.98", "ts": str(T0)}

    without = parse_open_interest(okx([row])).value["BTC-USDT-SWAP"]
    with_usd = parse_open_interest(okx([row | {"oiUsd": "2116533273.24"}])).value["BTC-USDT-SWAP"]

    assert without.open_interest_base == 27428.98
    assert without.open_interest_usd is None
    assert with_usd.open_interest_usd == 2116533273.24


def test_a_ratio_of_longs_to_shorts_becomes_the_long_share():
    rows = [[str(T0 + HOUR_MS), "1.5"], [str(T0), "1"], [str(T0 - HOUR_MS), "-1"]]

    parsed = parse_long_share(okx(rows), endpoint="x", max_age_ms=1)

    assert parsed.value.values == pytest.approx([50.0, 60.0])
    assert parsed.refused == 1


def test_taker_volume_has_the_sold_volume_first():
    rows = [[str(T0 + HOUR_MS), "1", "1"], [str(T0), "10", "30"]]

    parsed = parse_taker_buy_share(okx(rows), period=Interval.H1, now_ms=T0 + HOUR_MS, max_age_ms=1)

    assert parsed.value.values.tolist() == [75.0]
    assert parsed.value.ts_ms.tolist() == [T0 + HOUR_MS]


def test_the_worth_of_a_liquidation_is_contracts_times_size_times_price():
    page = parse_liquidation_orders(liquidations(liquidation()), BTC).value

    assert page.orders[0].usd == pytest.approx(2315.20, abs=0.01)
    assert page.orders[0].price == 63955.7
    assert page.orders[0].ts_ms == T0
    assert page.older_may_exist is False


@pytest.mark.parametrize(
    ("position_side", "order_side", "side"),
    [
        ("long", "sell", "long"),
        ("short", "buy", "short"),
        ("net", "sell", "long"),
        ("net", "buy", "short"),
        ("", "sell", "long"),
        (None, "buy", "short"),
    ],
)
def test_the_liquidated_side_is_told_by_position_or_order(position_side, order_side, side):
    page = parse_liquidation_orders(
        liquidations(liquidation(posSide=position_side, side=order_side)), BTC
    ).value

    assert page.orders[0].side == side


@pytest.mark.parametrize(
    "changes",
    [
        {"posSide": "long", "side": "buy"},
        {"posSide": "net", "side": "hold"},
        {"posSide": "both"},
        {"side": None, "posSide": ""},
        {"sz": "0"},
        {"sz": "-1"},
        {"bkPx": ""},
        {"ts": "0"},
        {"sz": "1e29", "bkPx": "1e29"},
    ],
)
def test_an_order_that_cannot_be_is_dropped(changes):
    parsed = parse_liquidation_orders(
        liquidations(liquidation(), liquidation(T0 + 1, **changes)), BTC
    )

    assert len(parsed.value.orders) == 1
    assert parsed.refused == 1


def test_orders_come_ascending_and_once():
    page = parse_liquidation_orders(
        liquidations(liquidation(T0 + 5), liquidation(T0), liquidation(T0 + 5)), BTC
    ).value

    assert [order.ts_ms for order in page.orders] == [T0, T0 + 5]
    assert page.oldest_at_ms == T0


@pytest.mark.parametrize(
    ("rows", "older"), [(LIQUIDATION_PAGE_ROWS - 1, False), (LIQUIDATION_PAGE_ROWS, True)]
)
def test_only_a_full_page_leaves_older_orders_open(rows, older):
    details = [liquidation(T0 + index) for index in range(rows)]

    page = parse_liquidation_orders(liquidations(*details), BTC).value

    assert page.older_may_exist is older
    assert page.oldest_at_ms == T0


def test_no_liquidation_in_a_day_is_a_true_nothing():
    page = parse_liquidation_orders(okx([]), BTC).value

    assert (page.orders, page.oldest_at_ms, page.older_may_exist) == ((), None, False)


def test_orders_of_another_contract_of_the_family_are_not_ours():
    answer = liquidations(liquidation(), inst_id="BTC-USD-SWAP")

    assert parse_liquidation_orders(answer, BTC).value.orders == ()


def test_instruments_tell_their_size_and_kind():
    parsed = parse_instruments(
        okx(
            [
                okx_instrument("BTC-USDT-SWAP"),
                okx_instrument("PEPE-USDT-SWAP", ctVal="10000000", ctMult="2"),
                okx_instrument("OLD-USDT-SWAP", instCategory="", ctMult=""),
                okx_instrument("TSLA-USDT-SWAP", instCategory="3"),
                okx_instrument("PRE-USDT-SWAP", ruleType="pre_market"),
                okx_instrument("GONE-USDT-SWAP", state="suspend"),
                okx_instrument("BTC-USDC-SWAP", settleCcy="USDC"),
                okx_instrument(
                    "BTC-USD-SWAP", ctType="inverse", settleCcy="BTC", ctValCcy="USD", ctVal="100"
                ),
                okx_instrument("BAD-USDT-SWAP", ctVal=""),
            ]
        )
    )

    chosen = {row.inst_id: row for row in parsed.value if row.is_crypto_perpetual}
    assert set(chosen) == {"BTC-USDT-SWAP", "PEPE-USDT-SWAP", "OLD-USDT-SWAP"}
    assert chosen["PEPE-USDT-SWAP"].contract_size_base == 20_000_000.0
    assert chosen["BTC-USDT-SWAP"].listed_at_ms == 1573557408000
    assert chosen["BTC-USDT-SWAP"].tick_size == "0.1"
    assert parsed.refused == 1


def test_an_older_row_without_a_category_counts_as_crypto():
    row = okx_instrument()
    del row["instCategory"]

    assert parse_instruments(okx([row])).value[0].is_crypto_perpetual


@pytest.mark.parametrize("payload", [None, [], {}, {"code": "0"}, {"code": "0", "data": {}}])
def test_an_envelope_without_data_is_unreadable(payload):
    with pytest.raises(ProviderPayloadError):
        parse_tickers(payload)


# --- recorded answers ----------------------------------------------------------------------------


def test_recorded_instruments():
    rows = {
        row.inst_id: row for row in parse_instruments(sample("public_instruments.swap.json")).value
    }

    assert [name for name, row in rows.items() if row.is_crypto_perpetual] == [
        "ETH-USDT-SWAP",
        "BTC-USDT-SWAP",
    ]
    assert rows["ETH-USDT-SWAP"].contract_size_base == 0.1
    assert rows["BTC-USD-SWAP"].base == "BTC"


def test_recorded_candles():
    page = parse_candles(
        sample("market_candles.json"), Interval.M15, multiplier=1, now_ms=1701225000000 + 5
    ).value
    hour = parse_candles(
        sample("market_history-candles.json"), Interval.H1, multiplier=1, now_ms=T0
    ).value

    assert page.closed.close.tolist() == [78.39, 78.71]
    assert page.closed.volume_base.tolist() == [5401.9, 8832.5]
    assert page.forming.close == 78.45
    assert hour.closed.quote_volume_usd.tolist() == [117753437.49]


def test_recorded_minute_candles_are_off_the_grid_of_five_minutes():
    minutes = sample("market_candles.btc-1m.json")
    assert all(int(row[0]) % MINUTE_MS == 0 for row in minutes["data"])

    with pytest.raises(ProviderPayloadError) as caught:
        parse_candles(minutes, Interval.M5, multiplier=1, now_ms=T0)

    assert "grid" in caught.value.reason


@pytest.mark.parametrize(
    ("name", "inst_id", "last"),
    [
        ("market_ticker.documented.json", "BTC-USD-SWAP", 56956.1),
        ("market_ticker.row-2022.json", "UNI-USD-SWAP", 5.123),
    ],
)
def test_recorded_tickers(name, inst_id, last):
    assert parse_tickers(sample(name)).value[inst_id].last_price_per_unit == last


def test_recorded_prices_funding_and_open_interest():
    mark = parse_mark_prices(sample("public_mark-price.json")).value["BTC-USDT-SWAP"]
    funding = parse_funding_rates(sample("public_funding-rate.json")).value["BTC-USDT-SWAP"]
    settled = parse_funding_history(
        sample("public_funding-rate-history.json"), interval_h=8, max_age_ms=1
    ).value
    interest = parse_open_interest(sample("public_open-interest.json")).value["BTC-USDT-SWAP"]

    assert mark.mark_price_per_unit == 84660.1
    assert funding.funding_rate_pct == pytest.approx(0.00182221218054)
    assert funding.funding_interval_h == 8.0
    assert settled.values == pytest.approx([0.00418741079605])
    assert interest.open_interest_usd == 2116533273.24


def test_recorded_statistics():
    accounts = parse_long_share(
        sample("rubik_long-short-account-ratio-contract.json"), endpoint="x", max_age_ms=1
    ).value
    top = parse_long_share(
        sample("rubik_long-short-account-ratio-contract-top-trader.documented.json"),
        endpoint="x",
        max_age_ms=1,
    ).value
    history = parse_open_interest_history(
        sample("rubik_open-interest-history.documented.json"), max_age_ms=1
    ).value
    taker = parse_taker_buy_share(
        sample("rubik_taker-volume-contract.documented.json"),
        period=Interval.M5,
        now_ms=T0,
        max_age_ms=1,
    ).value

    assert accounts.values == pytest.approx([56.026], abs=1e-3)
    assert top.values == pytest.approx([54.0], abs=0.01)  # both example rows have one time
    assert history.values.tolist() == [8888888.0, 8888888.0]
    assert taker.values == pytest.approx([380 / 580 * 100])


def test_recorded_liquidations():
    page = parse_liquidation_orders(sample("public_liquidation-orders.json"), BTC).value

    assert [(order.side, order.ts_ms) for order in page.orders] == [
        ("short", 1786394631624),
        ("long", 1786408771714),
    ]
    assert page.orders[1].usd == pytest.approx(2315.196, abs=0.001)
    assert page.older_may_exist is False

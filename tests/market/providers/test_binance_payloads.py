"""Binance bodies: the documented shapes, the recorded ones, and rows that must not be believed."""

import numpy as np
import orjson
import pytest

from market.providers.binance_payloads import (
    parse_funding_history,
    parse_funding_info,
    parse_klines,
    parse_long_share,
    parse_open_interest,
    parse_open_interest_history,
    parse_premium_index,
    parse_premium_indices,
    parse_taker_buy_share,
    parse_tickers,
)
from market.providers.contracts import parse_exchange_info
from market.providers.errors import ProviderPayloadError
from market.types import HOUR_MS, Interval
from tests.market.providers.bodies import (
    QUARTER_H,
    T0,
    binance_contract,
    binance_kline,
    binance_ticker,
    exchange_info,
    long_share,
    premium_index,
)
from tests.recordings import recording


def sample(name):
    return orjson.loads(recording(f"providers/samples/binance/{name}").read_bytes())


def klines(*rows, now_ms=T0 + 100 * QUARTER_H, multiplier=1):
    return parse_klines(list(rows), Interval.M15, multiplier=multiplier, now_ms=now_ms)


def test_bars_come_in_columns():
    page = klines(binance_kline(T0), binance_kline(T0 + QUARTER_H, close="106.0")).value

    assert page.closed.interval is Interval.M15
    assert page.closed.open_time_ms.tolist() == [T0, T0 + QUARTER_H]
    assert page.closed.open.tolist() == [100.0, 100.0]
    assert page.closed.high.tolist() == [110.0, 110.0]
    assert page.closed.low.tolist() == [95.0, 95.0]
    assert page.closed.close.tolist() == [105.0, 106.0]
    assert page.closed.volume_base.tolist() == [20.0, 20.0]
    assert page.closed.quote_volume_usd.tolist() == [2100.0, 2100.0]
    assert page.closed.taker_buy_base.tolist() == [15.0, 15.0]
    assert page.forming is None


def test_bars_of_a_thousand_coins_are_told_per_coin():
    page = klines(binance_kline(T0), binance_kline(T0 + QUARTER_H), multiplier=1000).value

    assert page.closed.close.tolist() == [0.105, 0.105]
    assert page.closed.volume_base.tolist() == [20_000.0, 20_000.0]
    assert page.closed.taker_buy_base.tolist() == [15_000.0, 15_000.0]
    assert page.closed.quote_volume_usd.tolist() == [2100.0, 2100.0]


@pytest.mark.parametrize(
    ("now_ms", "closed", "forming"),
    [
        (T0 + 2 * QUARTER_H - 2, 1, True),  # closeTime is still to come
        (T0 + 2 * QUARTER_H - 1, 2, False),  # closeTime is now
        (T0 + 2 * QUARTER_H, 2, False),
    ],
)
def test_a_bar_is_closed_when_its_close_time_has_come(now_ms, closed, forming):
    page = klines(binance_kline(T0), binance_kline(T0 + QUARTER_H), now_ms=now_ms).value

    assert len(page.closed) == closed
    assert (page.forming is not None) == forming


def test_the_forming_bar_travels_apart_and_per_coin():
    page = klines(binance_kline(T0), now_ms=T0 + 5, multiplier=1000).value

    assert len(page.closed) == 0
    assert page.forming.open_time_ms == T0
    assert page.forming.close == pytest.approx(0.105)
    assert page.forming.volume_base == 20_000.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (binance_kline(T0, open="NaN"), "open is not a positive number"),
        (binance_kline(T0, close="0"), "close is not a positive number"),
        (binance_kline(T0, low="-1"), "low is not a positive number"),
        (binance_kline(T0, high="104"), "high is below open or close"),
        (binance_kline(T0, low="101"), "low is above open or close"),
        (binance_kline(T0, volume="-1"), "volume is not a number of 0 or more"),
        (binance_kline(T0, volume=None), "volume is not a number of 0 or more"),
        (binance_kline(T0, quote="-1"), "quote volume is negative"),
        (binance_kline(T0, taker="-1"), "taker volume is negative"),
        (binance_kline(T0, taker="20.1"), "taker volume exceeds volume"),
        (binance_kline(T0, close_ms=0), "close time does not fit the interval"),
        (binance_kline(T0 + 1), "open time is off the interval's grid"),
        (binance_kline(T0 + 200 * QUARTER_H), "opens in the future"),
        ([T0, "1"], "close time does not fit the interval"),
        (None, "close time does not fit the interval"),
    ],
)
def test_a_bar_that_cannot_be_is_dropped_with_its_reason(row, reason):
    parsed = klines(binance_kline(T0 + QUARTER_H), row)

    assert parsed.value.closed.open_time_ms.tolist() == [T0 + QUARTER_H]
    assert parsed.refused == 1
    assert parsed.reasons == (f"row 1: {reason}",)


@pytest.mark.parametrize("unknown", ["", "Infinity", None, {}])
def test_a_bar_without_quote_and_taker_volume_keeps_its_prices(unknown):
    parsed = klines(binance_kline(T0, quote=unknown, taker=unknown))

    bars = parsed.value.closed
    assert bars.close.tolist() == [105.0]
    assert parsed.refused == 0
    assert np.isnan(bars.quote_volume_usd).all()
    assert np.isnan(bars.taker_buy_base).all()


def test_reordered_and_repeated_bars_come_out_in_order_and_once():
    newer_word = binance_kline(T0, close="106")
    parsed = klines(binance_kline(T0 + QUARTER_H), binance_kline(T0), newer_word)

    assert parsed.value.closed.open_time_ms.tolist() == [T0, T0 + QUARTER_H]
    assert parsed.value.closed.close.tolist() == [106.0, 105.0]


def test_no_bars_are_no_fault_but_only_bad_bars_are():
    assert len(klines().value.closed) == 0
    with pytest.raises(ProviderPayloadError):
        klines(binance_kline(T0, open="x"))
    with pytest.raises(ProviderPayloadError):
        parse_klines({"code": -1}, Interval.M15, multiplier=1, now_ms=T0)


def test_premium_indices_give_price_and_running_funding_by_symbol():
    rows = parse_premium_indices([premium_index("BTCUSDT"), premium_index("1000PEPEUSDT")]).value

    assert set(rows) == {"BTCUSDT", "1000PEPEUSDT"}
    assert rows["BTCUSDT"].mark_price_per_unit == 76916.95122464
    assert rows["BTCUSDT"].funding_rate_pct == pytest.approx(0.008972)
    assert rows["BTCUSDT"].settles_at_ms == T0 + 8 * HOUR_MS
    assert rows["BTCUSDT"].observed_at_ms == T0 + 1000


def test_running_funding_is_scaled_by_the_interval_of_its_contract():
    row = parse_premium_index(premium_index(lastFundingRate="0.0001"))
    silent = parse_premium_index(premium_index(nextFundingTime=0))

    assert row.funding_rate_8h_pct(8) == pytest.approx(0.01)
    assert row.funding_rate_8h_pct(4) == pytest.approx(0.02)
    assert silent.funding_rate_8h_pct(8) is None


@pytest.mark.parametrize(
    ("changes", "price", "rate"),
    [
        ({"lastFundingRate": "", "nextFundingTime": 0}, 76916.95122464, None),  # a quarterly
        ({"markPrice": "0.00000000", "lastFundingRate": "0.00000000"}, None, None),
        ({"nextFundingTime": 0}, 76916.95122464, None),
        ({"lastFundingRate": "-0.0025"}, 76916.95122464, -0.25),
    ],
)
def test_a_contract_that_does_not_trade_has_no_price_and_no_funding(changes, price, rate):
    row = parse_premium_index(premium_index(**changes))

    assert row.mark_price_per_unit == price
    assert row.funding_rate_pct == (None if rate is None else pytest.approx(rate))


def test_one_bad_row_of_a_bulk_answer_loses_no_other():
    rows = [premium_index(f"C{index}USDT") for index in range(900)]
    rows[450] = premium_index("C450USDT", markPrice="NaN")

    parsed = parse_premium_indices(rows)

    assert len(parsed.value) == 899
    assert parsed.refused == 1
    assert parsed.reasons == ("row 450: markPrice: not a number",)


def test_funding_intervals_are_eight_hours_where_not_listed():
    intervals = parse_funding_info(
        [
            {"symbol": "LPTUSDT", "fundingIntervalHours": 4, "updateTime": 1752854309429},
            {"symbol": "BTCUSDT", "fundingIntervalHours": 8, "updateTime": None},
            {"symbol": "BADUSDT", "fundingIntervalHours": 0},
        ]
    )

    assert intervals.value.of("LPTUSDT") == 4
    assert intervals.value.of("UNLISTEDUSDT") == 8
    assert intervals.value.of("BADUSDT") == 8
    assert intervals.refused == 1


def test_settled_funding_comes_in_percent_per_eight_hours():
    rows = [
        {"symbol": "BTCUSDT", "fundingTime": T0, "fundingRate": "0.00003563", "markPrice": ""},
        {"symbol": "BTCUSDT", "fundingTime": T0 + 4 * HOUR_MS + 5, "fundingRate": "0.00006188"},
    ]

    history = parse_funding_history(rows, interval_h=4, max_age_ms=5).value

    assert history.ts_ms.tolist() == [T0, T0 + 4 * HOUR_MS]
    assert history.values == pytest.approx([0.007126, 0.012376])
    assert history.max_age_ms == 5


def test_open_interest_is_told_in_coins():
    row = {"symbol": "1000PEPEUSDT", "openInterest": "106312.376", "time": T0}

    interest = parse_open_interest(row, multiplier=1000)

    assert interest.open_interest_base == pytest.approx(106_312_376.0)
    assert interest.open_interest_usd is None
    assert interest.observed_at_ms == T0


@pytest.mark.parametrize("value", ["-1", "NaN", "", None, True, "1e400"])
def test_open_interest_that_is_no_amount_is_refused(value):
    with pytest.raises(ProviderPayloadError):
        parse_open_interest({"symbol": "BTCUSDT", "openInterest": value, "time": T0}, multiplier=1)


def test_open_interest_history_is_the_dollar_column():
    rows = [
        {"sumOpenInterest": "1", "sumOpenInterestValue": "8785524572.89", "timestamp": T0},
        {"sumOpenInterest": "1", "sumOpenInterestValue": "-1", "timestamp": T0 + 1},
        {"sumOpenInterest": "1", "sumOpenInterestValue": "8785091375.37", "timestamp": str(T0 + 2)},
    ]

    parsed = parse_open_interest_history(rows, max_age_ms=1)

    assert parsed.value.values.tolist() == [8785524572.89, 8785091375.37]
    assert parsed.value.ts_ms.tolist() == [T0, T0 + 2]
    assert parsed.refused == 1


def test_long_shares_come_in_percent_and_an_empty_list_is_no_data():
    parsed = parse_long_share(
        [long_share(T0), long_share(T0 + 1, "1.2")], endpoint="x", max_age_ms=1
    )

    assert parsed.value.values == pytest.approx([46.66])
    assert parsed.reasons == ("row 1: long share is not within 0 to 1",)
    assert len(parse_long_share([], endpoint="x", max_age_ms=1).value) == 0


def test_the_endpoint_of_an_unreadable_share_is_named():
    with pytest.raises(ProviderPayloadError) as caught:
        parse_long_share(None, endpoint="topLongShortPositionRatio", max_age_ms=1)

    assert caught.value.endpoint == "topLongShortPositionRatio"


def test_taker_share_is_bought_of_all_and_known_at_the_end_of_its_hour():
    rows = [{"buySellRatio": "3", "buyVol": "30", "sellVol": "10", "timestamp": T0}]

    parsed = parse_taker_buy_share(rows, period=Interval.H1, now_ms=T0 + HOUR_MS, max_age_ms=1)

    assert parsed.value.ts_ms.tolist() == [T0 + HOUR_MS]
    assert parsed.value.values.tolist() == [75.0]


def test_tickers_tell_price_volume_and_change():
    parsed = parse_tickers(
        [binance_ticker(), binance_ticker("NEWUSDT", lastPrice="0"), {"symbol": "BROKEN"}]
    )

    ticker = parsed.value["BTCUSDT"]
    assert ticker.last_price_per_unit == 76914.90
    assert ticker.quote_volume_usd == 13258734360.38
    assert ticker.price_change_24h_pct == -1.138
    assert set(parsed.value) == {"BTCUSDT"}
    assert parsed.refused == 1


def test_a_ticker_without_volume_keeps_its_price():
    parsed = parse_tickers([binance_ticker() | {"quoteVolume": "", "priceChangePercent": ""}])

    (ticker,) = parsed.value.values()
    assert parsed.refused == 0
    assert ticker.last_price_per_unit > 0
    assert ticker.quote_volume_usd is None
    assert ticker.price_change_24h_pct is None


def test_exchange_info_lists_every_contract_and_the_weight_limit():
    info = parse_exchange_info(
        exchange_info(
            binance_contract("BTCUSDT"),
            binance_contract("BTCSTUSDT", contractType="", status="PENDING_TRADING"),
            binance_contract("XAUUSDT", contractType="TRADIFI_PERPETUAL"),
            binance_contract("DEFIUSDT", underlyingType="INDEX"),
            binance_contract("BTCUSDT_261225", contractType="CURRENT_QUARTER"),
            binance_contract("BTCUSDC", quoteAsset="USDC"),
            binance_contract("OLDUSDT", status="SETTLING"),
            binance_contract("NODATEUSDT", onboardDate=0, filters=None),
        )
    ).value

    assert info.weight_limit_per_minute == 2400
    assert [row.symbol for row in info.contracts if row.is_crypto_perpetual] == [
        "BTCUSDT",
        "NODATEUSDT",
    ]
    assert info.contracts[0].onboard_at_ms == 1569398400000
    assert info.contracts[0].tick_size == "0.10"
    assert info.contracts[-1].onboard_at_ms is None
    assert info.contracts[-1].tick_size is None


def test_a_broken_contract_row_loses_no_other():
    parsed = parse_exchange_info(
        exchange_info(binance_contract("BTCUSDT"), {"symbol": "X"}, None)  # type: ignore[arg-type]
    )

    assert [row.symbol for row in parsed.value.contracts] == ["BTCUSDT"]
    assert parsed.refused == 2


# --- recorded answers ----------------------------------------------------------------------------


def test_recorded_exchange_info():
    info = parse_exchange_info(sample("exchangeInfo.recorded-2025-08.json")).value

    assert info.weight_limit_per_minute == 2400
    assert [row.symbol for row in info.contracts] == ["BTCUSDT", "ETHUSDT", "BCHUSDT"]
    assert all(row.is_crypto_perpetual for row in info.contracts)
    assert info.contracts[0].tick_size == "0.10"


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("exchangeInfo.symbol-rows.json", ["BTCUSDT"]),  # the other is gold
        ("exchangeInfo.symbol-rows-2021.json", ["1000SHIBUSDT"]),  # index, pending, quarterly
    ],
)
def test_recorded_contract_rows_of_every_kind_are_read_and_told_apart(name, listed):
    rows = sample(name)

    parsed = parse_exchange_info({"symbols": rows})

    assert len(parsed.value.contracts) == len(rows)
    assert parsed.refused == 0
    assert [row.symbol for row in parsed.value.contracts if row.is_crypto_perpetual] == listed


def test_recorded_klines():
    rows = sample("klines.json")  # minute bars; three of them, recorded within the third
    quarter_start = rows[0][0] // QUARTER_H * QUARTER_H
    for index, row in enumerate(rows):
        row[0] = quarter_start + index * QUARTER_H
        row[6] = row[0] + QUARTER_H - 1

    page = klines(*rows, now_ms=quarter_start + 2 * QUARTER_H + 5000).value

    assert page.closed.close.tolist() == [76965.4, 76953.6]
    assert page.closed.taker_buy_base.tolist() == [15.19, 12.866]
    assert page.closed.quote_volume_usd.tolist() == [1591436.2714, 5013044.7004]
    assert page.forming.close == 76914.9


def test_recorded_premium_indices():
    single = parse_premium_index(sample("premiumIndex.symbol.json"))
    rows = parse_premium_indices(sample("premiumIndex.all.json")).value

    assert single.mark_price_per_unit == 76916.95122464
    assert single.funding_rate_pct == pytest.approx(0.008972)
    assert single.settles_at_ms == 1789488000000
    assert rows["KAVAUSDT"].funding_rate_pct == pytest.approx(0.005)
    assert rows["STRAXUSDT"].mark_price_per_unit == 0.01438329


def test_recorded_funding():
    intervals = parse_funding_info(sample("fundingInfo.json")).value
    history = parse_funding_history(
        sample("fundingRate.json"), interval_h=intervals.of("BTCUSDT"), max_age_ms=1
    ).value

    assert intervals.hours == {"GTCUSDT": 8, "LPTUSDT": 4, "TRBUSDT": 4, "BTCUSDT": 8}
    assert history.ts_ms.tolist() == [1789430400000, 1789459200000]
    assert history.values == pytest.approx([0.003563, 0.006188])


def test_recorded_open_interest():
    now = parse_open_interest(sample("openInterest.json"), multiplier=1)
    history = parse_open_interest_history(sample("openInterestHist.json"), max_age_ms=1).value

    assert now.open_interest_base == 106312.376
    assert now.observed_at_ms == 1789478297197
    assert history.values == pytest.approx([8785524572.892076, 8785091375.3791])


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("globalLongShortAccountRatio", [46.66, 46.61, 46.62]),
        ("topLongShortAccountRatio", [49.30, 49.29]),
        ("topLongShortPositionRatio", [52.37, 52.34, 52.35]),
    ],
)
def test_recorded_long_shares(name, shares):
    parsed = parse_long_share(sample(f"{name}.json"), endpoint=name, max_age_ms=1)

    assert parsed.value.values == pytest.approx(shares)
    assert np.all(np.diff(parsed.value.ts_ms) == 300_000)


def test_recorded_taker_volumes():
    parsed = parse_taker_buy_share(
        sample("takerlongshortRatio.json"), period=Interval.M5, now_ms=T0, max_age_ms=1
    )

    assert parsed.value.values == pytest.approx([56.4194, 68.0501], abs=1e-4)
    assert parsed.value.ts_ms.tolist() == [1605575700000, 1605576000000]


def test_recorded_tickers():
    rows = parse_tickers(sample("ticker_24hr.all.json")).value
    single = parse_tickers([sample("ticker_24hr.symbol.json")]).value["BTCUSDT"]

    assert set(rows) == {"SUIUSDC", "ZRCUSDT", "1000000BOBUSDT"}
    assert rows["ZRCUSDT"].observed_at_ms == 1768986031990  # stopped trading weeks before
    assert single.price_change_24h_pct == -1.138

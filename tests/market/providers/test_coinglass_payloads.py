"""Coinglass bodies: texts or numbers, totals apart, percent already; documented and live shapes."""

import copy

import numpy as np
import pytest

from market.providers.coinglass_catalogue_payloads import (
    ExchangePair,
    parse_exchange_pairs,
    parse_fear_greed,
    parse_liquidation_orders,
    parse_names,
    parse_subscription,
    parse_whales,
)
from market.providers.coinglass_flow_payloads import (
    parse_depth,
    parse_liquidations,
    parse_taker_volumes,
)
from market.providers.coinglass_list_payloads import (
    Liquidated,
    parse_funding_by_exchange,
    parse_liquidations_by_coin,
    parse_liquidations_by_exchange,
    parse_open_interest_by_exchange,
    parse_taker_shares,
)
from market.providers.coinglass_market_payloads import (
    parse_coin_markets,
    parse_pair_markets,
    parse_price_changes,
)
from market.providers.coinglass_payloads import (
    SETTLE_MS,
    CoinglassInterval,
    LongShare,
    parse_funding_rates,
    parse_long_share,
    parse_open_interest,
    parse_prices,
)
from market.providers.errors import ProviderPayloadError
from market.types import DAY_MS, HOUR_MS
from tests.market.providers.bodies import T0
from tests.market.providers.keyed import sample

H1, D1 = CoinglassInterval.H1, CoinglassInterval.D1
LATE_MS = 1_800_000_000_000  # after every sample
LATER_MS = 2_700_000_000_000  # after the documented nonsense, too
BARS = {"interval": H1, "observed_at_ms": LATE_MS}


def coinglass(name):
    return sample(f"coinglass/{name}.json")


def answer(*rows):
    return {"code": "0", "data": list(rows)}


def bar(time, close="2", **changes):
    return {"time": time, "open": "1", "high": "3", "low": "0.5", "close": close} | changes


# --- histories -----------------------------------------------------------------------------------


def test_bars_are_closed_a_moment_after_their_end_and_the_open_one_speaks_for_now():
    now_ms = T0 + 2 * HOUR_MS + SETTLE_MS
    rows = [bar(T0, "1"), bar(T0 + HOUR_MS, 2), bar(T0 + 2 * HOUR_MS, "2.5")]

    bars = parse_open_interest(answer(*rows), interval=H1, observed_at_ms=now_ms).value

    assert bars.closes().ts_ms.tolist() == [T0 + HOUR_MS, T0 + 2 * HOUR_MS]
    assert bars.closes().values.tolist() == [1.0, 2.0]
    assert bars.closes().max_age_ms == 2 * HOUR_MS
    assert bars.latest() == (2.5, now_ms)


def test_a_bar_that_has_only_just_ended_is_not_yet_final():
    ended = T0 + HOUR_MS
    parsed = parse_open_interest(
        answer(bar(T0)), interval=H1, observed_at_ms=ended + SETTLE_MS - 1
    ).value

    assert len(parsed.closes()) == 0
    assert parsed.latest() == (2.0, ended)


def test_a_history_of_nothing_is_empty_however_the_vendor_says_so():
    for payload in ({"code": "0", "data": []}, {"code": "0", "data": None}, {"code": "0"}):
        bars = parse_funding_rates(payload, **BARS).value

        assert len(bars) == 0
        assert bars.latest() is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (bar(T0, ""), "close is not a possible number"),
        (bar(T0, "-1"), "close is not a possible number"),
        (bar(T0, high="1.5"), "high is below open or close"),
        (bar(T0, low="1.5"), "low is above open or close"),
        (bar("soon"), "time is not plausible"),
        (bar(LATE_MS + 1), "begins in the future"),
        ("nonsense", "time is not plausible"),
    ],
)
def test_a_bar_that_cannot_be_is_dropped_with_its_reason(row, reason):
    parsed = parse_open_interest(answer(bar(T0 + HOUR_MS), row), **BARS)

    assert parsed.value.start_ms.tolist() == [T0 + HOUR_MS]
    assert (parsed.refused, parsed.reasons) == (1, (f"row 1: {reason}",))


def test_funding_may_be_negative_but_not_absurd():
    good = bar(T0, "-0.5", open="0.01", high="0.02", low="-0.6")
    bad = bar(T0 + HOUR_MS, "0.01", high="101")

    parsed = parse_funding_rates(answer(good, bad), **BARS)

    assert parsed.value.close.tolist() == [-0.5]
    assert parsed.refused == 1


def test_a_price_of_zero_is_no_price():
    parsed = parse_prices(
        answer(bar(T0, volume_usd="5"), bar(T0 + HOUR_MS, low="0", volume_usd="5")), **BARS
    )

    assert parsed.value.close.tolist() == [2.0]
    assert parsed.refused == 1


def test_history_samples_read_as_their_numbers():
    daily = {"interval": D1, "observed_at_ms": LATE_MS}
    funding = parse_funding_rates(coinglass("funding-rate-history"), **daily)
    weighted = parse_funding_rates(coinglass("funding-rate-oi-weight-history"), **daily)
    by_volume = parse_funding_rates(coinglass("funding-rate-vol-weight-history"), **daily)
    prices = parse_prices(coinglass("price-history"), **BARS)

    assert funding.value.close.tolist() == [0.007742, 0.005343, 0.002098]
    assert weighted.value.closes().ts_ms.tolist() == [
        1658880000000 + DAY_MS,
        1658966400000 + DAY_MS,
    ]
    assert weighted.value.close.tolist() == [0.009229, 0.01]
    assert by_volume.value.low.tolist() == [-0.005063, 0.007794]
    assert prices.value.open.tolist() == [93404.9, 92858.2]
    assert prices.value.volume_usd.tolist() == [1166471854.3026, 871812560.3437]


def test_open_interest_samples_read_as_dollars():
    live = parse_open_interest(
        coinglass("open-interest-aggregated-history"),
        interval=CoinglassInterval.M1,
        observed_at_ms=LATE_MS,
    )
    documented = coinglass("open-interest-history")

    assert live.value.close.tolist() == [67816595276.0, 67780963726.0]
    assert live.value.start_ms.tolist() == [1762272780000, 1762272840000]
    # Its times are nonsense in the documentation: of the years 2052 and 2053, and falling.
    with pytest.raises(ProviderPayloadError):
        parse_open_interest(documented, **BARS)
    parsed = parse_open_interest(documented, interval=H1, observed_at_ms=LATER_MS)
    assert parsed.value.close.tolist() == [2340177420.0, 2608846475.0]


@pytest.mark.parametrize(
    ("of", "name", "shares"),
    [
        (LongShare.ALL_ACCOUNTS, "global-long-short-account-ratio-history", [61.87, 61.87]),
        (LongShare.TOP_TRADER_ACCOUNTS, "top-long-short-account-ratio-history", [62.77, 63.42]),
        (LongShare.TOP_TRADER_POSITIONS, "top-long-short-position-ratio-history", [64.99, 64.99]),
    ],
)
def test_long_share_samples_are_percent_known_at_their_stamp(of, name, shares):
    payload = coinglass(name)

    series = parse_long_share(of, payload, **BARS).value

    assert series.values.tolist() == shares
    assert series.ts_ms.tolist() == [row["time"] for row in payload["data"]]


def test_a_long_share_beyond_all_accounts_is_dropped():
    row = {"time": T0, "global_account_long_percent": 61.9}
    odd = row | {"time": T0 + HOUR_MS, "global_account_long_percent": 100.1}

    parsed = parse_long_share(LongShare.ALL_ACCOUNTS, answer(row, odd), **BARS)

    assert parsed.value.values.tolist() == [61.9]
    assert parsed.reasons == ("row 1: long share is not 0 to 100",)


def test_liquidation_samples_keep_sides_apart():
    daily = {"interval": D1, "observed_at_ms": LATE_MS}
    pair = parse_liquidations(coinglass("liquidation-history"), aggregated=False, **daily).value
    coin = parse_liquidations(
        coinglass("liquidation-aggregated-history"), aggregated=True, **daily
    ).value

    assert pair.buckets.long_usd.tolist() == [2125001.27718, 4545051.958]
    assert pair.buckets.short_usd.tolist() == [3883950.57033, 3603684.2094]
    assert coin.buckets.long_usd.tolist() == [2769932.38868, 6685039.3096]
    assert coin.buckets.short_usd.tolist() == [5710995.22223, 5898839.1639]
    assert coin.buckets.bucket_ms == DAY_MS
    assert coin.closed().start_ms.tolist() == [1675209600000, 1675296000000]


def test_a_bucket_that_still_fills_is_apart_from_the_closed_ones():
    rows = [
        {"time": time, "long_liquidation_usd": "1", "short_liquidation_usd": 0}
        for time in (T0, T0 + HOUR_MS)
    ]

    history = parse_liquidations(
        answer(*rows), interval=H1, observed_at_ms=T0 + HOUR_MS + SETTLE_MS, aggregated=False
    ).value

    assert history.buckets.start_ms.tolist() == [T0, T0 + HOUR_MS]
    assert history.closed().start_ms.tolist() == [T0]


def test_taker_samples_become_the_buy_share_of_closed_bars():
    pair = parse_taker_volumes(
        coinglass("taker-buy-sell-volume-history-v2"), aggregated=False, **BARS
    ).value
    coin = parse_taker_volumes(
        coinglass("aggregated-taker-buy-sell-volume-history"), aggregated=True, **BARS
    ).value

    assert pair.bought_usd.tolist() == [414120141.0714, 882509979.6914, 572589140.5759]
    assert pair.sold_usd.tolist() == [350417509.655, 808715578.4428, 571005164.3247]
    assert pair.buy_share().values[0] == pytest.approx(54.16609, abs=1e-5)
    assert pair.buy_share().ts_ms[0] == 1750183200000 + HOUR_MS
    assert coin.sold_usd.tolist() == [1054582654.8138, 1559166911.2821, 2003812276.7812]


def test_a_bar_without_trades_has_no_buy_share():
    row = {"time": T0, "taker_buy_volume_usd": "0", "taker_sell_volume_usd": "0"}

    volumes = parse_taker_volumes(answer(row), aggregated=False, **BARS).value

    assert len(volumes.start_ms) == 1
    assert len(volumes.buy_share()) == 0


def test_depth_samples_keep_dollars_and_coins():
    daily = {"interval": D1, "observed_at_ms": LATE_MS}
    pair = parse_depth(coinglass("orderbook-ask-bids-history"), aggregated=False, **daily).value
    coin = parse_depth(
        coinglass("orderbook-aggregated-ask-bids-history"), aggregated=True, **daily
    ).value

    assert pair.bids_usd.tolist() == [81639959.9338, 62345879.8821]
    assert pair.asks_base.tolist() == [1217.125, 1021.644]
    assert coin.asks_usd.tolist() == [10985519.9268, 17384271.5521]
    assert coin.bids_base.tolist() == [197.99861, 265.483]


# --- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [("long_", "short_"), ("long", "short")])
def test_liquidations_are_read_under_both_spellings_and_the_total_stands_apart(keys):
    long, short = (
        f"{key}liquidation_usd" if key.endswith("_") else f"{key}Liquidation_usd" for key in keys
    )
    total = {"exchange": "All", long: 5, short: "7"}
    okx = {"exchange": "OKX", long: 5, short: 7}

    parsed = parse_liquidations_by_exchange(answer(total, okx)).value

    assert parsed.total == Liquidated(5.0, 7.0)
    assert parsed.exchanges == {"OKX": Liquidated(5.0, 7.0)}


def test_without_a_total_row_there_is_no_total():
    parsed = parse_liquidations_by_exchange(
        answer({"exchange": "OKX", "longLiquidation_usd": 1, "shortLiquidation_usd": 2})
    ).value

    assert parsed.total is None
    assert list(parsed.exchanges) == ["OKX"]


def test_liquidation_list_samples_live_and_documented():
    live = parse_liquidations_by_exchange(coinglass("liquidation-exchange-list")).value
    documented = parse_liquidations_by_exchange(
        coinglass("liquidation-exchange-list.documented")
    ).value

    assert live.total == Liquidated(50328.1749, 47090.52928)
    assert set(live.exchanges) == {"HTX", "Binance", "OKX"}
    assert live.exchanges["OKX"] == Liquidated(0.0, 7458.87918)
    assert documented.total == Liquidated(451394.17404598, 14222125.64334477)
    assert documented.exchanges["Bybit"] == Liquidated(104560.13885, 4480729.99519)


def test_the_coin_list_sample_has_all_four_windows():
    coins = parse_liquidations_by_coin(coinglass("liquidation-coin-list")).value

    assert list(coins) == ["EDU", "AI16Z"]  # in the vendor's order
    assert coins["EDU"].liquidated == {
        "1h": Liquidated(302.1349, 0.0),
        "4h": Liquidated(23177.0921527, 20983.3245003),
        "12h": Liquidated(61019.2107374, 52055.9701234),
        "24h": Liquidated(92212.0849876, 177385.1943524),
    }


def test_the_open_interest_list_sample_has_a_total_and_changes():
    interest = parse_open_interest_by_exchange(coinglass("open-interest-exchange-list")).value

    assert interest.total.open_interest_usd == 68885666262.5056
    assert interest.total.open_interest_base == 677019.6017
    assert interest.total.change_pct == {
        "5m": 0.4, "15m": 0.06, "30m": 0.25, "1h": -0.4, "4h": 0.22, "24h": 2.11,
    }  # fmt: skip
    assert interest.exchanges["Binance"].coin_margined_usd == 2819536800.0
    assert "All" not in interest.exchanges


def test_an_odd_number_of_a_row_is_unknown_and_the_row_remains():
    row = {
        "exchange": "OKX",
        "open_interest_usd": 5,
        "open_interest_quantity": -1,
        "open_interest_change_percent_1h": "much",
    }

    parsed = parse_open_interest_by_exchange(answer(row))

    assert parsed.value.exchanges["OKX"].open_interest_base is None
    assert parsed.value.exchanges["OKX"].change_pct == {}
    assert parsed.refused == 2
    assert "open_interest_quantity: negative" in parsed.reasons


def test_the_funding_list_sample_is_percent_per_interval():
    coins = parse_funding_by_exchange(coinglass("funding-rate-exchange-list")).value

    btc = coins["BTC"]
    assert [rate.exchange for rate in btc.stablecoin_margined] == ["Binance", "OKX"]
    assert btc.stablecoin_margined[0].funding_rate_pct == 0.007343
    assert btc.stablecoin_margined[0].funding_rate_8h_pct == pytest.approx(0.007343)
    assert btc.stablecoin_margined[0].settles_at_ms == 1745222400000
    assert btc.coin_margined[0].funding_rate_pct == -0.001829


@pytest.mark.parametrize(
    ("interval_h", "rate_8h"), [(8, 0.01), (4, 0.02), (1, 0.08), (None, None), ("", None)]
)
def test_funding_of_shorter_intervals_is_scaled_to_eight_hours(interval_h, rate_8h):
    rate = {"exchange": "OKX", "funding_rate": 0.01, "funding_rate_interval": interval_h}
    row = {"symbol": "BTC", "stablecoin_margin_list": [rate], "token_margin_list": None}

    coin = parse_funding_by_exchange(answer(row)).value["BTC"]

    assert coin.stablecoin_margined[0].funding_rate_8h_pct == pytest.approx(rate_8h)
    assert coin.coin_margined == ()


def test_the_taker_list_sample_has_its_total_in_its_head():
    shares = parse_taker_shares(coinglass("taker-buy-sell-volume-exchange-list")).value

    assert shares.total.taker_buy_pct == 51.01
    assert shares.total.sold_usd == 1068220541.0417
    assert shares.exchanges["OKX"].bought_usd == 108435724.6214


def test_the_markets_sample_reads_whole():
    parsed = parse_coin_markets(coinglass("coins-markets"))

    btc = parsed.value["BTC"]
    assert parsed.refused == 0
    assert btc.price_usd == 84773.6
    assert btc.market_cap_usd == 1683310500117.051
    assert btc.open_interest_usd == 55002072334.9376
    assert btc.open_interest_to_market_cap == 0.0327
    assert btc.open_interest_to_volume == 0.7936
    assert btc.funding_rate_by_open_interest_pct == 0.00196
    assert btc.funding_rate_by_volume_pct == 0.002647
    assert btc.price_change_pct["24h"] == 1.06
    assert btc.open_interest_change_pct["24h"] == 4.58
    assert btc.volume_change_usd["4h"] == -4290959532.4414644
    assert btc.long_short_ratio["5m"] == 1.2523
    assert btc.liquidated["12h"] == Liquidated(10223351.23772, 1672102.154425)


def test_a_thin_coin_has_nothing_but_its_name():
    thin = parse_coin_markets(answer({"symbol": "THIN"})).value["THIN"]

    assert thin.price_usd is None
    assert thin.price_change_pct == {}
    assert thin.liquidated == {}


def test_the_price_change_sample_reads_by_coin():
    changes = parse_price_changes(coinglass("coins-price-change")).value

    assert changes["ETH"].price_usd == 1573.45
    assert changes["ETH"].price_change_pct["12h"] == -1.99
    assert changes["BTC"].price_amplitude_pct["24h"] == 2.06


def test_the_pairs_sample_reads_with_or_without_a_next_settlement():
    binance, gate = parse_pair_markets(coinglass("pairs-markets")).value

    assert (binance.exchange, binance.instrument_id) == ("Binance", "BTCUSDT")
    assert binance.funding_rate_pct == 0.002007
    assert binance.settles_at_ms == 1744963200000
    assert binance.open_interest_to_volume == 0.5822
    assert binance.bought_24h_usd == 5800829746.047
    assert binance.liquidated_short_24h_usd == 4099047.79
    assert gate.exchange == "Gate.io"
    assert gate.settles_at_ms is None


# --- names, orders, whales, index, key -----------------------------------------------------------


def test_catalogue_samples_read_as_names():
    coins = parse_names(coinglass("supported-coins")).value
    exchanges = parse_names(coinglass("supported-exchanges")).value
    pairs = parse_exchange_pairs(coinglass("supported-exchange-pairs")).value

    assert coins == ("BTC", "ETH", "SOL", "XRP")
    assert len(exchanges) == 29
    assert exchanges[-1] == "ApeX Omni"
    assert pairs["Bitget"][1] == ExchangePair("ETHUSDT_UMCBL", "ETH", "USDT")
    assert [pair.instrument_id for pair in pairs["Binance"]] == ["BTCUSD_PERP", "BTCUSD_250627"]


def test_the_orders_sample_comes_out_ascending_with_its_side_unread():
    orders = parse_liquidation_orders(coinglass("liquidation-order")).value

    assert [order.ts_ms for order in orders] == [1745215647165, 1745216319263]
    assert orders[1].price_usd == 87535.9
    assert orders[1].usd == 205534.2932
    assert orders[1].side == 2
    assert orders[1].exchange == "BINANCE"


def test_whale_samples_tell_shorts_by_their_sign_and_name_nobody():
    alerts = parse_whales(coinglass("hyperliquid-whale-alert")).value
    positions = parse_whales(coinglass("hyperliquid-whale-position")).value

    assert (alerts[0].coin, alerts[0].size_base, alerts[0].opened) == ("ETH", 12700.0, False)
    assert alerts[1].value_usd == 2936421.4757
    assert (positions[1].size_base, positions[1].leverage) == (-800.0, 15.0)
    assert positions[1].unrealized_pnl_usd == -1976493.6819
    assert positions[1].opened is None
    assert positions[0].updated_at_ms == 1745219966000
    assert "0x" not in repr(alerts)


def test_the_subscription_sample_tells_the_plan():
    key = parse_subscription(coinglass("user-account-subscription")).value

    assert (key.level, key.expires_at_ms, key.expired) == ("PROFESSIONAL", 1805943491000, False)


FEBRUARY_2018 = [1517443200000 + day * DAY_MS for day in range(7)]


@pytest.mark.parametrize("in_array", [False, True])
@pytest.mark.parametrize("unit_ms", [1, 1000])
def test_the_index_reads_as_object_or_array_in_milliseconds_or_seconds(in_array, unit_ms):
    lists = {
        "data_list": [30.0, 15.0, 40.0, 24.0, 11.0, 8.0, 36.0],
        "price_list": [0.0] * 7,
        "time_list": [time // unit_ms for time in FEBRUARY_2018],
    }

    index = parse_fear_greed({"code": "0", "data": [lists] if in_array else lists}).value

    assert index.values.tolist() == [30.0, 15.0, 40.0, 24.0, 11.0, 8.0, 36.0]
    assert index.ts_ms.tolist() == FEBRUARY_2018


def test_the_index_sample_reads_once_its_placeholder_times_are_replaced():
    payload = coinglass("fear-greed-history.shape")
    dated = copy.deepcopy(payload)
    dated["data"]["time_list"] = FEBRUARY_2018

    assert parse_fear_greed(dated).value.values[-1] == 36.0
    with pytest.raises(ProviderPayloadError):  # zeros are no times, and none is invented
        parse_fear_greed(payload)


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{}, {}],
        {"data_list": [1.0], "time_list": []},
        {"data_list": [], "time_list": []},
        {"data_list": [101.0], "time_list": [FEBRUARY_2018[0]]},
    ],
)
def test_an_index_that_does_not_fit_together_is_refused(data):
    with pytest.raises(ProviderPayloadError):
        parse_fear_greed({"code": "0", "data": data})


def test_bars_never_hold_anything_that_is_not_a_number():
    bars = parse_prices(coinglass("price-history"), **BARS).value

    assert np.isfinite([bars.open, bars.high, bars.low, bars.close, bars.volume_usd]).all()

"""CoinAPI bodies: bare, seven digits of a second, newest or oldest first; every sample."""

import numpy as np
import pytest

from market.providers.coinapi_candle_payloads import (
    SETTLE_MS,
    Period,
    parse_ohlcv,
    parse_rate_history,
)
from market.providers.coinapi_catalogue_payloads import (
    parse_exchanges,
    parse_metric_history,
    parse_metrics,
    parse_periods,
    parse_symbols,
    spot_symbol_id,
    symbol_of,
)
from market.providers.coinapi_payloads import (
    parse_order_book,
    parse_order_books,
    parse_quote,
    parse_quotes,
    parse_rate,
    parse_trades,
)
from market.providers.errors import ProviderPayloadError
from market.types import HOUR_MS, MINUTE_MS, Interval, Listing, Venue
from tests.market.providers.bodies import T0
from tests.market.providers.keyed import sample

LATE_MS = 1_800_000_000_000  # after every sample
AUGUST_MS = 1502289000000  # 2017-08-09 14:30 UTC


def coinapi(name):
    return sample(f"coinapi/{name}.json")


def iso(ms):
    return np.datetime64(ms, "ms").astype(str) + "0000Z"


def bar(start_ms, length_ms=HOUR_MS, **changes):
    return {
        "time_period_start": iso(start_ms),
        "time_period_end": iso(start_ms + length_ms),
        "time_open": iso(start_ms + 1),
        "time_close": iso(start_ms + length_ms - 1),
        "price_open": 100.0,
        "price_high": 110.0,
        "price_low": 90.0,
        "price_close": 105.0,
        "volume_traded": 2,
        "trades_count": 3,
    } | changes


def hours(*rows, at_ms=LATE_MS, newest_first=False):
    return parse_ohlcv(
        list(rows), period=Period.H1, observed_at_ms=at_ms, newest_first=newest_first
    )


# --- candles -------------------------------------------------------------------------------------


def test_the_candle_samples_come_out_ascending_whichever_way_they_were_sent():
    latest = parse_ohlcv(
        coinapi("ohlcv-latest"), period=Period.M1, observed_at_ms=LATE_MS, newest_first=True
    ).value
    history = parse_ohlcv(
        coinapi("ohlcv-history"), period=Period.D1, observed_at_ms=LATE_MS, newest_first=False
    ).value

    assert latest.start_ms.tolist() == [AUGUST_MS, AUGUST_MS + MINUTE_MS]
    assert latest.close.tolist() == [3255.6, 3244.74]
    assert latest.trades.tolist() == [33.0, 31.0]
    assert history.open.tolist() == [966.34, 997.75]
    assert history.volume.tolist() == [6850.59330859, 8167.38103018]


def test_a_page_keeps_the_open_bar_apart_and_says_nothing_of_what_it_does_not_know():
    now_ms = T0 + HOUR_MS + 20 * MINUTE_MS
    bars = hours(bar(T0 + HOUR_MS, price_close=101.0), bar(T0), at_ms=now_ms, newest_first=True)

    page = bars.value.page(Interval.H1, multiplier=1000, contract_size_base=0.5)

    assert page.closed.open_time_ms.tolist() == [T0]
    assert page.closed.close.tolist() == [0.105]
    assert page.closed.volume_base.tolist() == [1000.0]
    assert np.isnan(page.closed.quote_volume_usd).all()
    assert np.isnan(page.closed.taker_buy_base).all()
    assert page.forming.close == 0.101


def test_without_the_contracts_size_the_volume_is_unknown():
    page = hours(bar(T0)).value.page(Interval.H1)

    assert np.isnan(page.closed.volume_base).all()
    assert page.forming is None


def test_a_bar_that_has_only_just_ended_is_neither_closed_nor_forming():
    page = hours(bar(T0), at_ms=T0 + HOUR_MS + SETTLE_MS - 1).value.page(Interval.H1)

    assert len(page.closed) == 0
    assert page.forming is None


def test_bars_are_not_passed_off_as_those_of_another_length():
    with pytest.raises(ValueError, match="1HRS"):
        hours(bar(T0)).value.page(Interval.H4)


def test_a_period_without_a_trade_is_absent_and_no_fault():
    none = dict.fromkeys(
        ("price_open", "price_high", "price_low", "price_close", "time_open", "time_close")
    )
    parsed = hours(bar(T0), bar(T0 + HOUR_MS, volume_traded=0, trades_count=0, **none))

    assert parsed.value.start_ms.tolist() == [T0]
    assert parsed.refused == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (bar(T0, price_close=None), "price_close is not a positive number"),
        (bar(T0, price_high=1), "high is below open or close"),
        (bar(T0, length_ms=MINUTE_MS), "is not a whole period"),
        (bar(T0, time_period_start="soon"), "time_period_start is not plausible"),
        (bar(LATE_MS + 1), "opens in the future"),
        (bar(T0, volume_traded=-1), "volume_traded is not a number of 0 or more"),
        ([], "time_period_start is not plausible"),
    ],
)
def test_a_bar_that_cannot_be_is_dropped_with_its_reason(row, reason):
    parsed = hours(bar(T0 + HOUR_MS), row)

    assert parsed.value.start_ms.tolist() == [T0 + HOUR_MS]
    assert parsed.reasons == (f"row 1: {reason}",)


def test_every_period_of_ours_has_one_of_theirs():
    assert [Period.of(interval).ms for interval in Interval] == [i.ms for i in Interval]


def test_the_rates_sample_reads_though_its_first_end_is_of_year_one():
    parsed = parse_rate_history(
        coinapi("exchangerate-history"), period=Period.M1, observed_at_ms=LATE_MS
    )

    assert parsed.refused == 0
    assert parsed.value.close.tolist() == [430.586617904731, 430.38999999999993, 430.6522189770523]
    assert np.diff(parsed.value.start_ms).tolist() == [MINUTE_MS, MINUTE_MS]


# --- books, trades, quotes -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["orderbooks-current", "orderbooks3-current"])
def test_the_book_samples_have_one_level_per_price(name):
    book = parse_order_book(coinapi(name)).value

    assert book.venue == "coinapi:COINBASE_SPOT_BCH_USD"
    assert book.observed_at_ms == 1598524115611
    assert book.asks.tolist() == [[272.89, 1.0], [272.9, 18.0]]
    # Two orders at one price in the sample.
    assert book.bids.tolist() == [[272.83, pytest.approx(18.64185083)]]


def test_the_books_sample_reads_without_ids():
    (book,) = parse_order_books(coinapi("orderbooks-latest")).value

    assert book.bids.tolist() == [[456.1, 42.0], [456.09, 5.0]]
    assert book.asks.tolist() == [[456.35, 123.0], [456.36, 23.0]]


def book(**changes):
    return {
        "symbol_id": "OKEX_PERP_BTC_USDT",
        "time_exchange": iso(T0),
        "asks": [{"price": 102, "size": 1}, {"price": 101, "size": 2}],
        "bids": [{"price": 99, "size": 3}, {"price": 100, "size": 0}],
    } | changes


def test_sizes_become_coins_and_levels_come_best_first():
    parsed = parse_order_book(book(), contract_size_base=0.01).value

    assert parsed.asks.tolist() == [[101.0, 0.02], [102.0, 0.01]]
    assert parsed.bids.tolist() == [[99.0, 0.03]]


def test_a_level_that_cannot_be_is_dropped_and_told():
    parsed = parse_order_book(book(asks=[{"price": 101, "size": 1}, {"price": -5, "size": 1}]))

    assert parsed.value.asks.tolist() == [[101.0, 1.0]]
    assert (parsed.refused, parsed.reasons) == (
        1,
        ("row 1: price: not a possible price or size",),
    )


def test_the_time_of_receipt_stands_in_for_an_exchange_that_tells_none():
    parsed = parse_order_book(book(time_exchange=None, time_coinapi=iso(T0 + 5))).value

    assert parsed.observed_at_ms == T0 + 5


@pytest.mark.parametrize(
    "changes",
    [
        {"asks": [], "bids": []},
        {"asks": [{"price": 98, "size": 1}]},  # crossed
        {"asks": [{"price": "x", "size": 1}]},
        {"asks": None},
        {"time_exchange": None},
        {"symbol_id": ""},
    ],
)
def test_a_book_that_cannot_be_is_refused_whole(changes):
    with pytest.raises(ProviderPayloadError):
        parse_order_book(book(**changes))


def test_the_trades_sample_ascends_and_knows_its_takers():
    trades = parse_trades(coinapi("trades-latest")).value

    assert trades.price.tolist() == [770.0, 770.0]
    assert trades.taker_is_buyer.tolist() == [1.0, 0.0]
    assert trades.ts_ms.tolist() == [1380408050000, 1380409979000]


def trade(side, size=1.0):
    return {"time_exchange": iso(T0), "price": 5, "size": size, "taker_side": side}


def test_an_unknown_taker_is_neither_buyer_nor_seller():
    rows = [trade(side) for side in ("UNKNOWN", "BUY_ESTIMATED", "SELL_ESTIMATED")]

    parsed = parse_trades([*rows, trade("MAYBE"), trade("BUY", 0)], contract_size_base=0.5)

    assert parsed.value.taker_is_buyer.tolist() == pytest.approx([np.nan, 1.0, 0.0], nan_ok=True)
    assert parsed.value.size_base.tolist() == [0.5, 0.5, 0.5]
    assert parsed.reasons == ("row 3: taker_side: not a side",)


def test_no_trade_is_an_answer():
    assert len(parse_trades([]).value) == 0


@pytest.mark.parametrize("in_array", [False, True])
def test_a_quote_reads_as_object_or_array(in_array):
    rows = coinapi("quotes-symbol-current")

    quote = parse_quote(rows if in_array else rows[0]).value

    assert (quote.bid_price, quote.ask_price) == (760.0, 770.0)
    assert (quote.bid_size, quote.ask_size) == (124.0, 3252.0)
    assert quote.last_price == 770.0
    assert quote.last_at_ms == 1489876941376
    assert quote.observed_at_ms == 1380408050000


def test_the_quotes_sample_has_no_last_trade():
    quotes = parse_quotes(coinapi("quotes-latest")).value

    assert len(quotes) == 2
    assert quotes[0].last_price is None


def test_a_size_of_zero_and_a_null_price_are_unknown():
    quote = parse_quote(
        {
            "symbol_id": "X",
            "time_exchange": iso(T0),
            "bid_price": 5,
            "bid_size": 0,
            "ask_price": None,
        }
    ).value

    assert (quote.bid_size, quote.ask_price, quote.ask_size) == (None, None, None)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {"symbol_id": "X", "time_exchange": iso(T0), "bid_price": 6, "ask_price": 5},
        {"symbol_id": "X", "bid_price": 6},
    ],
)
def test_a_quote_that_cannot_be_is_refused(payload):
    with pytest.raises(ProviderPayloadError):
        parse_quote(payload)


def test_the_rate_sample_reads_to_the_millisecond():
    rate = parse_rate(coinapi("exchangerate-specific")).value

    assert (rate.base, rate.quote, rate.rate) == ("BTC", "USD", 10000.0)
    assert rate.observed_at_ms == 1747116228687


# --- catalogue -----------------------------------------------------------------------------------


def test_the_symbols_sample_tells_contracts_from_spot():
    perpetual, spot = parse_symbols(coinapi("symbols")).value[:2]

    assert (perpetual.symbol_id, perpetual.symbol_type) == ("KRAKENFTS_PERP_BTC_USD", "PERPETUAL")
    assert perpetual.venue_symbol == "pi_xbtusd"
    assert perpetual.contract_size_base is None  # one dollar, not coins
    assert perpetual.volume_24h_usd == 459390289.0
    assert (spot.symbol_id, spot.contract_size_base) == ("POLONIEX_SPOT_LTC_USDC", 1.0)


def perpetual(symbol_id, venue_symbol, **changes):
    return {
        "symbol_id": symbol_id,
        "exchange_id": "BINANCEFTS",
        "symbol_type": "PERPETUAL",
        "asset_id_base": "1000PEPE",
        "future_contract_unit": 1,
        "future_contract_unit_asset": "1000PEPE",
        "symbol_id_exchange": venue_symbol,
    } | changes


def test_our_contract_is_found_by_its_exchanges_own_name():
    symbols = parse_symbols(
        [
            perpetual("OTHER_PERP_A", "1000PEPEUSDT", exchange_id="OTHER"),
            perpetual("BINANCEFTS_FTS_A", "1000PEPEUSDT", symbol_type="FUTURES"),
            perpetual("BINANCEFTS_PERP_PEPE_USDT", "1000PEPEUSDT"),
        ]
    ).value

    found = symbol_of(Listing(Venue.BINANCE, "1000PEPEUSDT", multiplier=1000), symbols)

    assert found.symbol_id == "BINANCEFTS_PERP_PEPE_USDT"
    assert found.contract_size_base == 1.0
    assert symbol_of(Listing(Venue.BINANCE, "BTCUSDT"), symbols) is None


def test_spot_ids_follow_their_pattern():
    assert spot_symbol_id("BINANCE", "BTC") == "BINANCE_SPOT_BTC_USDT"
    assert spot_symbol_id("COINBASE", "BTC", "USD") == "COINBASE_SPOT_BTC_USD"


def test_the_exchange_and_period_samples():
    exchanges = parse_exchanges(coinapi("exchanges")).value
    periods = parse_periods(coinapi("ohlcv-periods")).value

    assert [exchange.exchange_id for exchange in exchanges] == ["OKCOINCNY", "HUOBI"]
    assert exchanges[1].volume_24h_usd == 59957.44
    assert [(p.period_id, p.length_s, p.length_months) for p in periods] == [
        ("1SEC", 1, 0),
        ("10DAY", 864000, 0),
        ("2YRS", 0, 24),
    ]


def test_the_metric_samples():
    metrics = parse_metrics(coinapi("metrics-symbol-current")).value
    periods = parse_metric_history(coinapi("metrics-symbol-history")).value

    assert (metrics[3].metric_id, metrics[3].value) == ("DERIVATIVES_INDEX_PRICE", 30027.74)
    assert metrics[0].exchange_id == "DERIBITUAT"
    assert metrics[0].observed_at_ms == 1687523928278
    assert periods[0].total == 30668.476938
    assert periods[0].end_ms - periods[0].start_ms == 1000

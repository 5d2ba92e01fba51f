"""No JSON whatever makes a paid provider's parser, or a book's, raise but ProviderPayloadError."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.providers import (
    coinapi_candle_payloads,
    coinapi_catalogue_payloads,
    coinapi_payloads,
    coinglass_catalogue_payloads,
    coinglass_flow_payloads,
    coinglass_limits,
    coinglass_list_payloads,
    coinglass_market_payloads,
    coinglass_payloads,
    lunarcrush_history_payloads,
    lunarcrush_limits,
    lunarcrush_payloads,
    lunarcrush_topic_payloads,
    order_book_payloads,
)
from market.providers.coinglass_payloads import CoinglassInterval
from market.providers.errors import ProviderError, ProviderPayloadError
from market.providers.payload import LARGEST_NUMBER, Parsed
from market.types import HOUR_MS, Listing, Series, Venue
from tests.market.providers.bodies import T0
from tests.market.providers.test_parsers_are_total import any_json, bent

AT_MS = T0 + 5 * HOUR_MS
S0 = T0 // 1000
BARS = {"interval": CoinglassInterval.H1, "observed_at_ms": AT_MS}
BTC = Listing(Venue.BINANCE, "BTCUSDT", multiplier=1000)
HOUR = "2026-09-15T0{}:00:00.0000000Z"


def data(*rows: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "success", "data": list(rows)}


def ohlc(time: int) -> dict[str, Any]:
    return {"time": time, "open": "1", "high": "3", "low": 1, "close": 2, "volume_usd": "5"}


def post() -> dict[str, Any]:
    return {
        "id": "1",
        "post_type": "tweet",
        "post_created": S0,
        "post_sentiment": 3.1,
        "creator_name": "x",
    }


def candle(hour: int) -> dict[str, Any]:
    return {
        "time_period_start": HOUR.format(hour),
        "time_period_end": HOUR.format(hour + 1),
        "price_open": 1,
        "price_high": 3,
        "price_low": 1,
        "price_close": 2,
        "rate_open": 1,
        "rate_high": 3,
        "rate_low": 1,
        "rate_close": 2,
        "volume_traded": 5,
        "trades_count": 6,
    }


def book() -> dict[str, Any]:
    return {
        "symbol_id": "X_SPOT_A_B",
        "time_exchange": HOUR.format(0),
        "asks": [{"price": 101, "size": 1}, {"price": 102, "size": 1}],
        "bids": [{"price": 100, "size": 1}],
    }


# parser of one argument, and a body that it reads
CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "coinglass prices": (
        lambda p: coinglass_payloads.parse_prices(p, **BARS),
        data(ohlc(T0), ohlc(T0 + HOUR_MS)),
    ),
    "coinglass open interest": (
        lambda p: coinglass_payloads.parse_open_interest(p, **BARS).value.closes(),
        data(ohlc(T0), ohlc(T0 + HOUR_MS)),
    ),
    "coinglass funding": (
        lambda p: coinglass_payloads.parse_funding_rates(p, **BARS),
        data(ohlc(T0), ohlc(T0 + HOUR_MS)),
    ),
    "coinglass long share": (
        lambda p: coinglass_payloads.parse_long_share(
            coinglass_payloads.LongShare.ALL_ACCOUNTS, p, **BARS
        ),
        data({"time": T0, "global_account_long_percent": 61.9}),
    ),
    "coinglass liquidations": (
        lambda p: coinglass_flow_payloads.parse_liquidations(p, aggregated=False, **BARS),
        data({"time": T0, "long_liquidation_usd": "5", "short_liquidation_usd": 0}),
    ),
    "coinglass taker volumes": (
        lambda p: coinglass_flow_payloads.parse_taker_volumes(
            p, aggregated=False, **BARS
        ).value.buy_share(),
        data({"time": T0, "taker_buy_volume_usd": "5", "taker_sell_volume_usd": "0.1"}),
    ),
    "coinglass depth": (
        lambda p: coinglass_flow_payloads.parse_depth(p, aggregated=False, **BARS),
        data(
            {
                "time": T0,
                "bids_usd": 5,
                "bids_quantity": 1,
                "asks_usd": 5,
                "asks_quantity": 1,
            }
        ),
    ),
    "coinglass liquidation list": (
        coinglass_list_payloads.parse_liquidations_by_exchange,
        data(
            {"exchange": "All", "longLiquidation_usd": 5, "shortLiquidation_usd": 6},
            {"exchange": "OKX", "long_liquidation_usd": 5, "short_liquidation_usd": 6},
        ),
    ),
    "coinglass coin list": (
        coinglass_list_payloads.parse_liquidations_by_coin,
        data({"symbol": "BTC", "long_liquidation_usd_1h": 5, "short_liquidation_usd_1h": 6}),
    ),
    "coinglass open interest list": (
        coinglass_list_payloads.parse_open_interest_by_exchange,
        data({"exchange": "All", "open_interest_usd": 5, "open_interest_change_percent_1h": -0.4}),
    ),
    "coinglass funding list": (
        coinglass_list_payloads.parse_funding_by_exchange,
        data(
            {
                "symbol": "BTC",
                "stablecoin_margin_list": [
                    {
                        "exchange": "OKX",
                        "funding_rate": 0.01,
                        "funding_rate_interval": 4,
                        "next_funding_time": T0,
                    }
                ],
                "token_margin_list": [],
            }
        ),
    ),
    "coinglass taker list": (
        coinglass_list_payloads.parse_taker_shares,
        {
            "code": "0",
            "data": {
                "buy_ratio": 51,
                "buy_vol_usd": 5,
                "sell_vol_usd": 4,
                "exchange_list": [
                    {"exchange": "OKX", "buy_ratio": 51, "buy_vol_usd": 5, "sell_vol_usd": 4}
                ],
            },
        },
    ),
    "coinglass markets": (
        coinglass_market_payloads.parse_coin_markets,
        data({"symbol": "BTC", "current_price": 5, "price_change_percent_1h": -1}),
    ),
    "coinglass price changes": (
        coinglass_market_payloads.parse_price_changes,
        data({"symbol": "BTC", "current_price": 5, "price_amplitude_percent_1h": 1}),
    ),
    "coinglass pairs": (
        coinglass_market_payloads.parse_pair_markets,
        data({"instrument_id": "BTCUSDT", "exchange_name": "OKX", "funding_rate": 0.01}),
    ),
    "coinglass names": (coinglass_catalogue_payloads.parse_names, data("BTC", "ETH")),
    "coinglass exchange pairs": (
        coinglass_catalogue_payloads.parse_exchange_pairs,
        {
            "code": "0",
            "data": {"OKX": [{"instrument_id": "x", "base_asset": "A", "quote_asset": "B"}]},
        },
    ),
    "coinglass orders": (
        coinglass_catalogue_payloads.parse_liquidation_orders,
        data(
            {
                "exchange_name": "OKX",
                "symbol": "BTCUSDT",
                "base_asset": "BTC",
                "price": 5,
                "usd_value": 6,
                "side": 2,
                "time": T0,
            }
        ),
    ),
    "coinglass whales": (
        coinglass_catalogue_payloads.parse_whales,
        data(
            {
                "symbol": "BTC",
                "position_size": -5,
                "entry_price": 5,
                "liq_price": 6,
                "position_value_usd": 7,
                "position_action": 1,
                "create_time": T0,
            }
        ),
    ),
    "coinglass index": (
        coinglass_catalogue_payloads.parse_fear_greed,
        {"code": "0", "data": {"data_list": [30.0, 15.0], "time_list": [T0, T0 + HOUR_MS]}},
    ),
    "coinglass subscription": (
        coinglass_catalogue_payloads.parse_subscription,
        {"code": "0", "data": {"level": "STARTUP", "expire_time": T0, "expired": False}},
    ),
    "lunarcrush coins": (
        lambda p: lunarcrush_payloads.parse_coins(p, fetched_at_ms=AT_MS),
        {
            "config": {"generated": S0},
            "data": [
                {"id": 1, "symbol": "BTC", "name": "Bitcoin", "sentiment": 73, "alt_rank": 5},
                {"id": 2, "symbol": "ETH", "name": "Ethereum", "categories": "a,b"},
            ],
        },
    ),
    "lunarcrush coin": (
        lambda p: lunarcrush_payloads.parse_coin(p, fetched_at_ms=AT_MS),
        {
            "config": {"topic": "bitcoin", "generated": S0},
            "data": {"id": 1, "symbol": "BTC", "name": "Bitcoin", "galaxy_score": 5},
        },
    ),
    "lunarcrush meta": (
        lunarcrush_payloads.parse_meta,
        {"data": {"id": 1, "symbol": "BTC", "name": "Bitcoin", "github_link": "x"}},
    ),
    "lunarcrush hours": (
        lambda p: lunarcrush_history_payloads.parse_time_series(
            p, bucket=lunarcrush_history_payloads.Bucket.HOUR, fetched_at_ms=AT_MS
        ),
        {
            "config": {"topic": "bitcoin"},
            "data": [
                {"time": S0, "sentiment": 73, "close": 5.5, "alt_rank": 3},
                {"time": S0 + 3600, "sentiment": 74, "interactions": 5},
            ],
        },
    ),
    "lunarcrush topic": (
        lambda p: lunarcrush_topic_payloads.parse_topic(p, fetched_at_ms=AT_MS),
        {
            "config": {"generated": S0},
            "data": {
                "topic": "bitcoin",
                "title": "Bitcoin",
                "types_interactions": {"tweet": 5, "news": 6},
                "types_sentiment": {"tweet": 70, "news": 80},
                "types_count": {"tweet": 1},
                "trend": "up",
            },
        },
    ),
    "lunarcrush posts": (lunarcrush_topic_payloads.parse_posts, {"data": [post(), post()]}),
    "lunarcrush creators": (
        lunarcrush_topic_payloads.parse_creators,
        {"data": [{"creator_id": "x::1", "creator_name": "x", "creator_rank": 1}]},
    ),
    "lunarcrush topics": (
        lunarcrush_topic_payloads.parse_ranked,
        {
            "data": [
                {"topic": "a", "title": "A", "topic_rank": 1},
                {"category": "b", "title": "B", "category_rank": 2},
            ]
        },
    ),
    "lunarcrush summary": (lunarcrush_topic_payloads.parse_whatsup, {"summary": "calm"}),
    "lunarcrush corrections": (
        lunarcrush_topic_payloads.parse_corrections,
        {
            "data": [
                {
                    "asset_type": "coins",
                    "asset_id": 1,
                    "asset_name": "x",
                    "change": "y",
                    "time": S0,
                }
            ]
        },
    ),
    "coinapi bars": (
        lambda p: coinapi_candle_payloads.parse_ohlcv(
            p, period=coinapi_candle_payloads.Period.H1, observed_at_ms=AT_MS, newest_first=True
        ),
        [candle(1), candle(0)],
    ),
    "coinapi rates": (
        lambda p: coinapi_candle_payloads.parse_rate_history(
            p, period=coinapi_candle_payloads.Period.H1, observed_at_ms=AT_MS
        ),
        [candle(0), candle(1)],
    ),
    "coinapi book": (coinapi_payloads.parse_order_book, book()),
    "coinapi books": (coinapi_payloads.parse_order_books, [book(), book()]),
    "coinapi trades": (
        coinapi_payloads.parse_trades,
        [
            {
                "time_exchange": HOUR.format(hour),
                "price": 5,
                "size": 6,
                "taker_side": side,
            }
            for hour, side in ((1, "BUY"), (0, "UNKNOWN"))
        ],
    ),
    "coinapi quote": (
        coinapi_payloads.parse_quote,
        {
            "symbol_id": "X",
            "time_exchange": HOUR.format(0),
            "bid_price": 5,
            "ask_price": 6,
            "last_trade": {"price": 5, "time_exchange": HOUR.format(0)},
        },
    ),
    "coinapi quotes": (
        coinapi_payloads.parse_quotes,
        [{"symbol_id": "X", "time_coinapi": HOUR.format(0), "bid_price": 5}],
    ),
    "coinapi rate": (
        coinapi_payloads.parse_rate,
        {"asset_id_base": "A", "asset_id_quote": "B", "rate": 5, "time": HOUR.format(0)},
    ),
    "coinapi symbols": (
        coinapi_catalogue_payloads.parse_symbols,
        [{"symbol_id": "X", "exchange_id": "Y", "symbol_type": "SPOT", "price": 5}],
    ),
    "coinapi exchanges": (
        coinapi_catalogue_payloads.parse_exchanges,
        [{"exchange_id": "X", "name": "Y", "data_symbols_count": 5}],
    ),
    "coinapi periods": (
        coinapi_catalogue_payloads.parse_periods,
        [{"period_id": "1SEC", "length_seconds": 1, "length_months": 0}],
    ),
    "coinapi metrics": (
        coinapi_catalogue_payloads.parse_metrics,
        [
            {
                "metric_id": "M",
                "symbol_id": "X",
                "exchange_id": "Y",
                "value_decimal": -5,
                "entry_time": HOUR.format(0),
            }
        ],
    ),
    "coinapi metric history": (
        coinapi_catalogue_payloads.parse_metric_history,
        [
            {
                "time_period_start": HOUR.format(0),
                "time_period_end": HOUR.format(1),
                "first": 1,
                "last": 1,
                "min": 1,
                "max": 1,
                "sum": 1,
                "count": 1,
            }
        ],
    ),
    "binance book": (
        lambda p: order_book_payloads.parse_binance_book(p, BTC),
        {"T": T0, "bids": [["100", "1"]], "asks": [["101", "1"], ["102", "2"]]},
    ),
    "okx book": (
        lambda p: order_book_payloads.parse_okx_book(p, BTC),
        {
            "code": "0",
            "data": [{"ts": str(T0), "bids": [["9", "1", "0", "1"]], "asks": [["10", "1"]]}],
        },
    ),
    "binance trades": (
        lambda p: order_book_payloads.parse_binance_trades(p, BTC),
        [{"T": T0, "p": "5", "q": "6", "m": True}, {"T": T0 + 1, "p": "5", "q": "6", "m": False}],
    ),
}


def pieces(value: Any) -> list[Any]:
    """Every number and series of a parsed result, however deep."""
    if dataclasses.is_dataclass(value):
        inner = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return [value, *(piece for item in inner for piece in pieces(item))]
    if isinstance(value, dict):
        return [piece for item in value.values() for piece in pieces(item)]
    if isinstance(value, tuple | list):
        return [piece for item in value for piece in pieces(item)]
    return [value]


def read_or_refuse(parse: Callable[[Any], Any], payload: Any) -> Any:
    """Parse; check that a result is bounded and ordered, NaN only in columns; None when refused."""
    try:
        result = parse(payload)
    except ProviderPayloadError:
        return None
    for piece in pieces(result):
        if isinstance(piece, float | int):
            assert math.isfinite(piece)
            assert abs(piece) <= LARGEST_NUMBER * 1000
        elif isinstance(piece, np.ndarray):
            assert not np.isinf(piece).any()
        elif isinstance(piece, Series):
            assert np.isfinite(piece.values).all()
            assert (np.diff(piece.ts_ms) > 0).all()
        start_ms = getattr(piece, "start_ms", None)
        if isinstance(start_ms, np.ndarray):
            assert (np.diff(start_ms) > 0).all()
            assert (start_ms <= AT_MS).all()
    return result


@pytest.mark.parametrize("name", CASES)
def test_the_body_that_is_bent_below_is_read_whole(name):
    parse, body = CASES[name]

    result = read_or_refuse(parse, body)

    assert result is not None
    if isinstance(result, Parsed):
        assert result.refused == 0


@pytest.mark.parametrize("name", CASES)
@given(payload=any_json)
@settings(deadline=None, max_examples=40)
def test_arbitrary_json_is_read_or_refused(name, payload):
    parse, _ = CASES[name]

    read_or_refuse(parse, payload)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_a_bent_body_is_read_or_refused(name, data):
    parse, body = CASES[name]

    read_or_refuse(parse, bent(data, body))


@pytest.mark.parametrize(
    "check", [coinglass_limits.check_envelope, lunarcrush_limits.check_payload]
)
@given(payload=any_json)
@settings(deadline=None, max_examples=100)
def test_whatever_comes_with_a_200_passes_or_is_an_error_of_ours(check, payload):
    with suppress(ProviderError):
        check(payload)

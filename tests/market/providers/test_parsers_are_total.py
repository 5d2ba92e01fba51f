"""No JSON whatever makes a parser raise anything but ProviderPayloadError.

Arbitrary JSON finds what nobody thought of; documented bodies with pieces bent, dropped, repeated
and shuffled find what almost fits.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.providers import binance_payloads as binance
from market.providers import coingecko_payloads as coingecko
from market.providers import contracts
from market.providers import okx_payloads as okx_parsers
from market.providers.alternative_me import parse_fear_greed
from market.providers.errors import ProviderPayloadError
from market.providers.payload import LARGEST_NUMBER, Parsed
from market.types import HOUR_MS, Candles, Interval, Listing, Series, Venue
from tests.market.providers import bodies
from tests.market.providers.bodies import QUARTER_H, T0, okx

NOW_MS = T0 + 3 * QUARTER_H + 5
BTC = Listing(Venue.OKX, "BTC-USDT-SWAP", contract_size_base=0.01)
BARS = {"interval": Interval.M15, "multiplier": 1000, "now_ms": NOW_MS}
HISTORY = {"interval_h": 8, "max_age_ms": 1}
TAKER = {"period": Interval.H1, "now_ms": NOW_MS, "max_age_ms": 1}

# parser of one argument, and a body that it reads
CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "binance exchange info": (
        contracts.parse_exchange_info,
        bodies.exchange_info(
            bodies.binance_contract("BTCUSDT"), bodies.binance_contract("1000PEPEUSDT")
        ),
    ),
    "binance bars": (
        lambda p: binance.parse_klines(p, **BARS),
        [bodies.binance_kline(T0 + index * QUARTER_H) for index in range(4)],
    ),
    "binance premium indices": (
        binance.parse_premium_indices,
        [bodies.premium_index("BTCUSDT"), bodies.premium_index("ETHUSDT")],
    ),
    "binance premium index": (binance.parse_premium_index, bodies.premium_index()),
    "binance funding info": (
        binance.parse_funding_info,
        [{"symbol": "LPTUSDT", "fundingIntervalHours": 4, "updateTime": None}],
    ),
    "binance funding history": (
        lambda p: binance.parse_funding_history(p, **HISTORY),
        [
            {"symbol": "BTCUSDT", "fundingTime": T0 + 5, "fundingRate": "0.0001"},
            {"symbol": "BTCUSDT", "fundingTime": T0 + 8 * HOUR_MS, "fundingRate": "-0.0001"},
        ],
    ),
    "binance open interest": (
        lambda p: binance.parse_open_interest(p, multiplier=1000),
        {"symbol": "BTCUSDT", "openInterest": "106312.376", "time": T0},
    ),
    "binance open interest history": (
        lambda p: binance.parse_open_interest_history(p, max_age_ms=1),
        [
            {"symbol": "BTCUSDT", "sumOpenInterestValue": "1.5", "timestamp": T0},
            {"symbol": "BTCUSDT", "sumOpenInterestValue": "2.5", "timestamp": T0 + 300_000},
        ],
    ),
    "binance long share": (
        lambda p: binance.parse_long_share(p, endpoint="x", max_age_ms=1),
        [bodies.long_share(T0), bodies.long_share(T0 + 1)],
    ),
    "binance taker share": (
        lambda p: binance.parse_taker_buy_share(p, **TAKER),
        [{"buyVol": "3", "sellVol": "1", "timestamp": T0 - HOUR_MS}],
    ),
    "binance tickers": (
        binance.parse_tickers,
        [bodies.binance_ticker("BTCUSDT"), bodies.binance_ticker("ETHUSDT")],
    ),
    "okx instruments": (
        contracts.parse_instruments,
        okx([bodies.okx_instrument(), bodies.okx_instrument("PEPE-USDT-SWAP")]),
    ),
    "okx bars": (
        lambda p: okx_parsers.parse_candles(p, **BARS),
        okx([bodies.okx_candle(T0 + QUARTER_H, "0"), bodies.okx_candle(T0)]),
    ),
    "okx tickers": (
        okx_parsers.parse_tickers,
        okx(
            [
                {
                    "instId": "BTC-USDT-SWAP",
                    "last": "1",
                    "open24h": "1",
                    "volCcy24h": "1",
                    "ts": str(T0),
                }
            ]
        ),
    ),
    "okx mark prices": (
        okx_parsers.parse_mark_prices,
        okx([{"instId": "BTC-USDT-SWAP", "markPx": "1", "ts": str(T0)}]),
    ),
    "okx funding": (
        okx_parsers.parse_funding_rates,
        okx(
            [
                {
                    "instId": "BTC-USDT-SWAP",
                    "fundingRate": "0.0001",
                    "fundingTime": str(T0),
                    "nextFundingTime": str(T0 + 8 * HOUR_MS),
                    "ts": str(T0),
                }
            ]
        ),
    ),
    "okx funding history": (
        lambda p: okx_parsers.parse_funding_history(p, **HISTORY),
        okx([{"fundingTime": str(T0), "realizedRate": "0.0001"}]),
    ),
    "okx open interest": (
        okx_parsers.parse_open_interest,
        okx([{"instId": "BTC-USDT-SWAP", "oiCcy": "1", "oiUsd": "", "ts": str(T0)}]),
    ),
    "okx open interest history": (
        lambda p: okx_parsers.parse_open_interest_history(p, max_age_ms=1),
        okx([[str(T0), "1", "2", "3"], [str(T0 - 1), "1", "2", "3"]]),
    ),
    "okx long share": (
        lambda p: okx_parsers.parse_long_share(p, endpoint="x", max_age_ms=1),
        okx([[str(T0), "1.27"]]),
    ),
    "okx taker share": (
        lambda p: okx_parsers.parse_taker_buy_share(p, **TAKER),
        okx([[str(T0 - HOUR_MS), "1", "3"]]),
    ),
    "okx liquidations": (
        lambda p: okx_parsers.parse_liquidation_orders(p, BTC),
        bodies.liquidations(bodies.liquidation(), bodies.liquidation(T0 + 1, posSide="net")),
    ),
    "coingecko list": (
        coingecko.parse_coins_list,
        [{"id": "0chain", "symbol": "zcn", "name": "Zus", "platforms": {}}],
    ),
    "coingecko markets": (
        coingecko.parse_markets,
        [bodies.coin_market(), bodies.coin_market("pepe", "pepe")],
    ),
    "coingecko detail": (coingecko.parse_coin_detail, bodies.coin_detail()),
    "coingecko search": (
        coingecko.parse_search,
        {"coins": [{"id": "ethereum", "name": "Ethereum", "symbol": "ETH", "market_cap_rank": 2}]},
    ),
    "coingecko trending": (coingecko.parse_trending, bodies.trending(price="$1,234.5")),
    "coingecko categories": (
        coingecko.parse_categories,
        [{"category_id": "aave-tokens", "name": "Aave Tokens"}],
    ),
    "coingecko prices": (coingecko.parse_simple_prices, {"bitcoin": {"usd": 1498.64}}),
    "fear and greed": (
        parse_fear_greed,
        bodies.fear_greed(("1551139200", "40"), ("1551052800", "47")),
    ),
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**80), max_value=2**80),
    st.floats(),  # JSON has no NaN, but a parser must not rely on its reader
    st.sampled_from(["", "NaN", "Infinity", "-1", "1e999", "0", "1_0", "9" * 5000, 10**400, -0.0]),
    st.sampled_from([T0, str(T0), "0.5", "1e29", "BTC-USDT-SWAP", "BTCUSDT", "0", "1", 1e300]),
    st.text(max_size=12),
)
keys = st.sampled_from(
    ["data", "code", "symbols", "symbol", "coins", "item", "details", "instId", "ts", "time", "id"]
) | st.text(max_size=4)
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=25,
)


def numbers_in(value: Any) -> list[float]:
    """Every number of a parsed result, however deep."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return [float(value)]
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers_in(item)]
    if isinstance(value, tuple | list):
        return [n for item in value for n in numbers_in(item)]
    if isinstance(value, np.ndarray):
        return [float(n) for n in value]
    if isinstance(value, Candles):
        columns = (value.open, value.high, value.low, value.close, value.volume_base)
        return [n for column in columns for n in numbers_in(column)]
    if hasattr(value, "__dataclass_fields__"):
        return [n for name in value.__dataclass_fields__ for n in numbers_in(getattr(value, name))]
    return []


def series_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, Series):
        return [value.ts_ms]
    if isinstance(value, Candles):
        return [value.open_time_ms]
    if hasattr(value, "__dataclass_fields__"):
        return [a for name in value.__dataclass_fields__ for a in series_in(getattr(value, name))]
    return []


def read_or_refuse(parse: Callable[[Any], Any], payload: Any) -> Any:
    """Parse; check that a result holds finite, bounded, ordered data; None when refused."""
    try:
        result = parse(payload)
    except ProviderPayloadError:
        return None
    # A multiplier of 1000 and a percentage may carry a bounded number a little further.
    assert all(math.isfinite(n) and abs(n) <= LARGEST_NUMBER * 1000 for n in numbers_in(result))
    assert all(np.all(np.diff(times) > 0) for times in series_in(result))
    return result


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every piece of a body."""
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places_in(item, (*path, index))
    return found


def bent(data: st.DataObject, body: Any) -> Any:
    """A copy of a body with up to three pieces replaced, dropped, repeated or turned around."""
    body = copy.deepcopy(body)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places_in(body)))
        if not path:
            continue
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        change = data.draw(st.sampled_from(["replace", "drop", "repeat", "reverse"]))
        if change == "drop":
            del holder[path[-1]]
        elif change == "repeat" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        elif change == "reverse" and isinstance(holder, list):
            holder.reverse()
        else:
            holder[path[-1]] = data.draw(any_json)
    return body


@pytest.mark.parametrize("name", CASES)
def test_the_body_that_is_bent_below_is_read_whole(name):
    parse, body = CASES[name]

    result = read_or_refuse(parse, body)

    assert result is not None
    if isinstance(result, Parsed):
        assert result.refused == 0


@pytest.mark.parametrize("name", CASES)
@given(payload=any_json)
@settings(deadline=None, max_examples=60)
def test_arbitrary_json_is_read_or_refused(name, payload):
    parse, _ = CASES[name]

    read_or_refuse(parse, payload)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_a_bent_body_is_read_or_refused(name, data):
    parse, body = CASES[name]

    read_or_refuse(parse, bent(data, body))

"""Books and trades without a key: per coin, best first, whatever the venue's units."""

import asyncio
import gzip

import orjson
import pytest

from market.providers.binance_limits import binance_policy
from market.providers.errors import ProviderPayloadError
from market.providers.order_book_payloads import (
    parse_binance_book,
    parse_binance_trades,
    parse_okx_book,
)
from market.providers.order_books import fetch_binance_book, fetch_binance_trades, fetch_okx_book
from market.types import Listing, Venue
from tests.market.providers.bodies import T0, okx
from tests.market.providers.fake_transport import FakeTransport
from tests.market.providers.keyed import sample
from tests.recordings import recording

BTC = Listing(Venue.BINANCE, "BTCUSDT")
PEPE = Listing(Venue.BINANCE, "1000PEPEUSDT", multiplier=1000)
OKX_BTC = Listing(Venue.OKX, "BTC-USDT-SWAP", contract_size_base=0.01)


def depth(bids=(("100.0", "2"),), asks=(("101.0", "3"),), **changes):
    body = {"lastUpdateId": 1, "E": T0 + 3, "T": T0}
    return body | {"bids": [list(b) for b in bids], "asks": [list(a) for a in asks]} | changes


def books(bids=(("100", "2", "0", "1"),), asks=(("101", "3", "0", "1"),), **changes):
    sides = {"bids": [list(b) for b in bids], "asks": [list(a) for a in asks]}
    return okx([sides | {"ts": str(T0), "seqId": 5} | changes])


def print_of(**changes):
    return {"a": 1, "p": "100", "q": "2", "f": 1, "l": 1, "T": T0, "m": False} | changes


def test_the_depth_sample_reads_as_coins_at_the_engines_time():
    book = parse_binance_book(sample("binance/depth.json"), BTC).value

    assert book.venue == "binance"
    assert book.observed_at_ms == 1789478303557
    assert book.bids.tolist() == [[76914.9, 5.878], [76914.8, 0.002]]
    assert book.asks.tolist() == [[76915.0, 2.149], [76915.1, 0.012]]


def test_recorded_books_of_a_thousand_levels_read_whole():
    lines = gzip.decompress(
        recording("data/orderbook/binance_futures_depth_snapshots_2021-07-22.jsonl.gz").read_bytes()
    ).splitlines()

    for line in lines:
        response = orjson.loads(line)["response"]
        parsed = parse_binance_book(response, BTC)
        assert parsed.refused == 0
        assert len(parsed.value.bids) == len(response["bids"])
        assert len(parsed.value.asks) == len(response["asks"])
    assert len(lines) == 4


def test_a_recorded_okx_book_reads_whole():
    lines = gzip.decompress(
        recording("data/orderbook/okx_books_ws_2022-05-13.jsonl.gz").read_bytes()
    ).splitlines()
    messages = (orjson.loads(line)["message"] for line in lines)
    snapshot = next(m for m in messages if m.get("action") == "snapshot")

    parsed = parse_okx_book({"code": "0", "msg": "", "data": snapshot["data"]}, OKX_BTC)

    (sides,) = snapshot["data"]
    assert parsed.refused == 0
    assert len(parsed.value.asks) == len(sides["asks"])
    assert parsed.value.asks[0].tolist() == [30238.8, pytest.approx(2 * 0.01)]


def test_units_of_a_thousand_and_contracts_become_coins():
    pepe = parse_binance_book(depth(), PEPE).value
    btc = parse_okx_book(books(), OKX_BTC).value

    assert pepe.bids.tolist() == [[0.1, 2000.0]]
    assert btc.venue == "okx"
    assert btc.bids.tolist() == [[100.0, 0.02]]
    assert btc.observed_at_ms == T0


def test_levels_come_best_first_joined_by_price_and_without_empty_ones():
    body = depth(
        bids=(("99", "1"), ("100", "2"), ("100.0", "5"), ("98", "0")),
        asks=(("103", "1"), ("102", "1")),
    )

    book = parse_binance_book(body, BTC).value

    assert book.bids.tolist() == [[100.0, 7.0], [99.0, 1.0]]
    assert book.asks.tolist() == [[102.0, 1.0], [103.0, 1.0]]


def test_a_level_that_cannot_be_is_dropped_and_told():
    parsed = parse_binance_book(depth(bids=(("100", "1"), ("x", "1"), ("99", "-1"))), BTC)

    assert parsed.value.bids.tolist() == [[100.0, 1.0]]
    assert parsed.refused == 2


def test_one_side_is_a_book_and_none_is_not():
    assert len(parse_binance_book(depth(asks=()), BTC).value.asks) == 0
    with pytest.raises(ProviderPayloadError):
        parse_binance_book(depth(bids=(), asks=()), BTC)


@pytest.mark.parametrize(
    "body",
    [
        depth(bids=(("102", "1"),)),  # crossed
        depth(T=0),
        depth(bids=()) | {"asks": None},
        [],
        None,
    ],
)
def test_a_book_that_cannot_be_is_refused(body):
    with pytest.raises(ProviderPayloadError):
        parse_binance_book(body, BTC)


@pytest.mark.parametrize("body", [okx([]), okx([{}, {}]), books(ts=""), {"code": "0"}])
def test_an_okx_answer_without_one_book_is_refused(body):
    with pytest.raises(ProviderPayloadError):
        parse_okx_book(body, OKX_BTC)


def test_the_prints_sample_tells_who_crossed_the_spread():
    trades = parse_binance_trades(sample("binance/aggTrades.json"), BTC).value

    assert trades.ts_ms.tolist() == [1789478330891, 1789478330948]
    assert trades.price.tolist() == [76906.0, 76905.9]
    assert trades.taker_is_buyer.tolist() == [1.0, 0.0]  # m: the buyer was the maker


def test_prints_are_told_per_coin_ascending():
    rows = [print_of(T=T0 + 5), print_of(), print_of(q="0"), print_of(m="yes")]

    parsed = parse_binance_trades(rows, PEPE)

    assert parsed.value.ts_ms.tolist() == [T0, T0 + 5]
    assert parsed.value.size_base.tolist() == [2000.0, 2000.0]
    assert parsed.value.price.tolist() == [0.1, 0.1]
    assert parsed.reasons == ("row 3: m: not true or false",)


def test_no_print_is_an_answer():
    assert len(parse_binance_trades([], BTC).value) == 0


@pytest.mark.parametrize(
    ("levels", "weight"), [(5, 2), (10, 2), (20, 2), (50, 2), (100, 5), (500, 10), (1000, 20)]
)
def test_a_binance_book_is_charged_by_its_levels(levels, weight):
    transport = FakeTransport(depth())

    asyncio.run(fetch_binance_book(transport, BTC, levels=levels))

    call = transport.only_call
    assert (call.path, call.params) == ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": levels})
    assert (call.pool, call.cost) == ("weight", weight)
    assert call.pool in binance_policy(0.8).pools


def test_binance_prints_are_charged_twenty():
    transport = FakeTransport([])

    asyncio.run(fetch_binance_trades(transport, BTC, limit=1000))

    call = transport.only_call
    assert (call.path, call.params) == (
        "/fapi/v1/aggTrades",
        {"symbol": "BTCUSDT", "limit": 1000},
    )
    assert (call.pool, call.cost) == ("weight", 20)


def test_an_okx_book_is_asked_with_its_depth():
    transport = FakeTransport(books())

    asyncio.run(fetch_okx_book(transport, OKX_BTC, levels=400))

    call = transport.only_call
    assert (call.path, call.params) == (
        "/api/v5/market/books",
        {"instId": "BTC-USDT-SWAP", "sz": 400},
    )
    assert (call.pool, call.cost, call.scope) == ("books", 1, "")


@pytest.mark.parametrize(
    ("fetch", "asked"),
    [
        (fetch_binance_book, {"levels": 7}),
        (fetch_binance_trades, {"limit": 1001}),
        (fetch_okx_book, {"levels": 401}),
    ],
)
def test_a_depth_that_the_venue_does_not_have_is_our_mistake(fetch, asked):
    with pytest.raises(ValueError, match=r".+"):
        asyncio.run(fetch(FakeTransport({}), BTC, **asked))

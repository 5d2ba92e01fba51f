"""Frames of the liquidation streams: what is summed, what only proves life, what is refused."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.providers import binance_stream_payloads, okx_stream_payloads
from market.providers.errors import ProviderPayloadError
from market.providers.okx_payloads import parse_liquidation_orders
from market.providers.stream_frames import FrameKind, StreamFrame
from market.types import Listing, Venue
from tests.recordings import recording

SAMPLES = "providers/samples"

LISTINGS = {
    "ILVUSDT": Listing(Venue.BINANCE, "ILVUSDT"),
    "BTCUSDT": Listing(Venue.BINANCE, "BTCUSDT"),
    "1000PEPEUSDT": Listing(Venue.BINANCE, "1000PEPEUSDT", multiplier=1000),
    "IOST-USDT-SWAP": Listing(Venue.OKX, "IOST-USDT-SWAP", contract_size_base=1000.0),
    "BTC-USDT-SWAP": Listing(Venue.OKX, "BTC-USDT-SWAP", contract_size_base=0.01),
}


def binance(body: Any) -> StreamFrame:
    return binance_stream_payloads.parse_frame(orjson.dumps(body), LISTINGS)


def okx(body: Any) -> StreamFrame:
    return okx_stream_payloads.parse_frame(orjson.dumps(body), LISTINGS)


def event(beside: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    inner = {
        "s": "BTCUSDT",
        "S": "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": "0.014",
        "p": "9910",
        "ap": "9900",
        "X": "FILLED",
        "l": "0.014",
        "z": "0.014",
        "T": 1_790_000_000_000,
        **order,
    }
    return {"e": "forceOrder", "E": 1_790_000_001_000, "o": inner, **(beside or {})}


def push(*details: dict[str, str], inst_id: str = "BTC-USDT-SWAP") -> dict[str, Any]:
    row = {"instId": inst_id, "instFamily": "", "uly": "", "instType": "SWAP"}
    return {
        "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
        "data": [{**row, "details": list(details)}],
    }


def detail(**changes: str) -> dict[str, str]:
    return {
        "side": "sell",
        "posSide": "long",
        "bkPx": "63955.7",
        "sz": "3.62",
        "bkLoss": "0",
        "ccy": "",
        "ts": "1790000000000",
        **changes,
    }


# --- Binance --------------------------------------------------------------------------------------


def test_a_recorded_raw_frame_of_binance() -> None:
    path = recording(f"{SAMPLES}/binance/ws.forceOrder.raw-2026-06.json")

    frame = binance_stream_payloads.parse_frame(path.read_bytes(), LISTINGS)

    ((name, order),) = frame.orders
    assert (name, order.side, order.ts_ms) == ("BTCUSDT", "short", 1_781_416_602_260)
    assert order.usd == pytest.approx(64310.60 * 0.002)


def test_a_recorded_combined_frame_of_binance() -> None:
    path = recording(f"{SAMPLES}/binance/ws.forceOrder.combined.json")

    frame = binance_stream_payloads.parse_frame(path.read_bytes(), LISTINGS)

    ((name, order),) = frame.orders
    assert (name, order.side) == ("ILVUSDT", "long")
    assert order.usd == pytest.approx(3.85642 * 116.5)


@pytest.mark.parametrize("combined", [False, True])
def test_an_order_is_worth_its_average_price_times_what_was_filled(combined: bool) -> None:
    body = event(S="BUY", ap="100.5", z="4", q="9", p="1")

    frame = binance({"stream": "!forceOrder@arr", "data": body} if combined else body)

    ((_, order),) = frame.orders
    assert (order.side, order.usd, order.price) == ("short", 402.0, 100.5)
    assert frame.kind is FrameKind.EVENT


@pytest.mark.parametrize(
    ("body", "summed"),
    [
        (event(), 1),
        (event(ps="BTCUSDT", st=1), 1),
        (event({"ps": "BTCUSDT", "st": 1}), 1),
        (event(ps="BTCUSD", st=2), 0),
        (event({"ps": "BTCUSD", "st": 2}), 0),
        (event({"st": 1}, st=2), 0),  # the inner one was seen live
    ],
)
def test_a_coin_margined_order_proves_life_and_is_not_summed(
    body: dict[str, Any], summed: int
) -> None:
    frame = binance(body)

    assert len(frame.orders) == summed
    assert frame.kind is FrameKind.EVENT
    assert frame.refused == 0


def test_a_thousandfold_contract_is_priced_per_coin_and_worth_the_same() -> None:
    frame = binance(event(s="1000PEPEUSDT", ap="0.012", z="50000"))

    ((_, order),) = frame.orders
    assert order.price == pytest.approx(0.000012)
    assert order.usd == pytest.approx(600.0)


def test_a_contract_that_is_not_kept_proves_life() -> None:
    assert binance(event(s="BTCUSDT_260925")) == StreamFrame(FrameKind.EVENT)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"result": None, "id": 1}, FrameKind.SUBSCRIBED),
        ({"error": {"code": 2, "msg": "x"}}, FrameKind.REJECTED),
        ({"e": "aggTrade"}, FrameKind.OTHER),
    ],
)
def test_what_is_no_order_of_binance(body: Any, kind: FrameKind) -> None:
    assert binance(body).kind is kind


@pytest.mark.parametrize(
    "changes",
    [
        {"ap": "0"},
        {"z": "-1"},
        {"T": 0},
        {"S": "HOLD"},
        {"z": "NaN"},
        {"ap": None},
        {"S": ["SELL"]},
    ],
)
def test_an_unreadable_order_of_binance_is_counted(changes: dict[str, Any]) -> None:
    frame = binance(event(**changes))

    assert (frame.refused, frame.orders) == (1, ())


# --- OKX ------------------------------------------------------------------------------------------


def test_a_recorded_push_of_okx() -> None:
    path = recording(f"{SAMPLES}/okx/ws.liquidation-orders.json")

    frame = okx_stream_payloads.parse_frame(path.read_bytes(), LISTINGS)

    ((name, order),) = frame.orders
    assert (name, order.side) == ("IOST-USDT-SWAP", "short")
    assert order.usd == pytest.approx(13 * 1000.0 * 0.007831)


def test_contracts_of_okx_become_dollars() -> None:
    frame = okx(push(detail()))

    ((_, order),) = frame.orders
    assert order.usd == pytest.approx(2315.20, abs=0.01)


@pytest.mark.parametrize(
    ("side", "position", "liquidated"),
    [
        ("sell", "long", "long"),
        ("buy", "short", "short"),
        ("sell", "net", "long"),
        ("buy", "", "short"),
    ],
)
def test_who_was_liquidated_on_okx(side: str, position: str, liquidated: str) -> None:
    ((_, order),) = okx(push(detail(side=side, posSide=position))).orders

    assert order.side == liquidated


def test_an_order_has_the_same_key_in_the_stream_and_on_the_page() -> None:
    row = {"instId": "BTC-USDT-SWAP", "details": [detail()]}
    page = parse_liquidation_orders(
        {"code": "0", "msg": "", "data": [row]}, LISTINGS["BTC-USDT-SWAP"]
    ).value

    ((_, order),) = okx(push(detail())).orders
    assert order == page.orders[0]


def test_an_unreadable_order_of_okx_is_counted_and_costs_only_itself() -> None:
    frame = okx(push(detail(), detail(sz="0"), detail(posSide="long", side="buy"), detail(ts="1")))

    assert (len(frame.orders), frame.refused) == (1, 3)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("pong", FrameKind.PONG),
        (b"pong", FrameKind.PONG),
        (
            '{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"}}',
            FrameKind.SUBSCRIBED,
        ),
        ('{"event":"subscribe","arg":{"channel":"tickers"}}', FrameKind.OTHER),
        ('{"event":"error","code":"60018","msg":"Wrong URL"}', FrameKind.REJECTED),
        ('{"event":"notice","code":"64008"}', FrameKind.OTHER),
        (json.dumps(push(detail(), inst_id="XYZ-USDT-SWAP")), FrameKind.EVENT),
    ],
)
def test_what_okx_says_beside_orders(message: str | bytes, kind: FrameKind) -> None:
    frame = okx_stream_payloads.parse_frame(message, LISTINGS)

    assert (frame.kind, frame.orders) == (kind, ())


# --- Both are total -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["e", "o", "s", "S", "ap", "z", "T", "st", "arg", "data", "event", "stream"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
GARBLED = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    JSON.map(json.dumps),
    st.fixed_dictionaries({"e": st.just("forceOrder"), "o": JSON}).map(json.dumps),
    st.builds(lambda key, value: json.dumps(event(**{key: value})), st.sampled_from("sSTz"), JSON),
    st.builds(lambda rows: json.dumps({**push(), "data": rows}), JSON),
    st.builds(lambda details: json.dumps(push(details)), JSON),
)


@pytest.mark.parametrize("venue", [binance_stream_payloads, okx_stream_payloads])
@given(message=GARBLED)
def test_whatever_comes_is_read_or_refused_and_nothing_else(venue: Any, message: Any) -> None:
    try:
        frame = venue.parse_frame(message, LISTINGS)
    except ProviderPayloadError:
        return

    assert all(0.0 < order.usd < float("inf") for _, order in frame.orders)
    assert frame.refused >= 0

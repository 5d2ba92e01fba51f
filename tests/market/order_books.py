"""Books made to order, books drawn at random, and what a history of books says, the long way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from market.book_memory import (
    FORGET_MS,
    PULLED_BELOW,
    WALL_RANGE_PCT,
    WATCHED_GAP_MS,
    RememberedWall,
    WallState,
)
from market.order_book import OrderBook, Side
from tests.recordings import recording

AT_MS = 1_748_858_820_000  # 2025-06-02T10:07:00Z
BINANCE_BOOKS = "data/orderbook/binance_futures_depth_snapshots_2021-07-22.jsonl.gz"
OKX_MESSAGES = "data/orderbook/okx_books_ws_2022-05-13.jsonl.gz"

Rows = Sequence[tuple[float, float]]


def book(bids: Rows, asks: Rows, at_s: float = 0.0, venue: str = "binance") -> OrderBook:
    return OrderBook.of(venue, AT_MS + round(at_s * 1000), bids, asks)


def side_of(sizes: Sequence[float], first: float, step: float) -> list[tuple[float, float]]:
    """Return levels of these sizes from the first price on."""
    return [(first + place * step, size) for place, size in enumerate(sizes)]


def mirrored(original: OrderBook, centre: float) -> OrderBook:
    """Return the book with its sides swapped around a price."""
    return OrderBook.of(
        original.venue,
        original.observed_at_ms,
        [(2 * centre - price, size) for price, size in original.asks.tolist()],
        [(2 * centre - price, size) for price, size in original.bids.tolist()],
    )


# Sizes are multiples of 1/8 and prices whole ticks, so that mirroring and doubling are exact.
SIZES = st.one_of(st.integers(1, 40), st.integers(1, 100_000)).map(lambda eighths: eighths / 8)


@st.composite
def books(draw: st.DrawFn, centre: int = 1 << 30) -> OrderBook:
    sides = []
    for sign in (-1, 1):
        offsets = draw(st.lists(st.integers(1, 2000), min_size=1, max_size=12, unique=True))
        sides.append([(float(centre + sign * each), draw(SIZES)) for each in offsets])
    bids, asks = sides
    return book(bids, asks)


@st.composite
def successive_books(draw: st.DrawFn) -> list[OrderBook]:
    """Draw books around 1000 ticks of which 20 are 2 %, with walls that come, go and move."""
    gaps_ms = st.sampled_from(
        (1, 1000, 5000, WATCHED_GAP_MS, WATCHED_GAP_MS + 1, 20 * 60_000, FORGET_MS, FORGET_MS + 1)
    )
    sizes = st.sampled_from((1.0, 1.0, 30.0, 59.0, 100.0, 200.0))
    at_ms, drawn = AT_MS, []
    for _ in range(draw(st.integers(1, 9))):
        at_ms += draw(gaps_ms)
        centre = 1000 + draw(st.integers(-2, 2))
        sides = []
        for sign in (-1, 1):
            places = draw(st.lists(st.integers(1, 24), max_size=9, unique=True))
            sides.append([(float(centre + sign * place), draw(sizes)) for place in places])
        drawn.append(OrderBook.of("binance", at_ms, *sides))
    return drawn


def plain_walls(of: OrderBook, side: Side) -> set[float]:
    """Return the prices of the walls within 2 % of mid, by the definition and in exact numbers."""
    mid = exact_mid(of)
    if mid is None:
        return set()
    levels = [(Fraction(price), Fraction(size)) for price, size in of.levels(side).tolist()]
    total = sum(size for _, size in levels)
    return {
        float(price)
        for price, size in levels
        if len(levels) > 1
        and size > 5 * (total - size) / (len(levels) - 1)
        and abs(price - mid) * 100 <= mid * Fraction(WALL_RANGE_PCT)
    }


def exact_mid(of: OrderBook) -> Fraction | None:
    if not (len(of.bids) and len(of.asks)):
        return None
    return (Fraction(of.bids[0, 0]) + Fraction(of.asks[0, 0])) / 2


def recomputed(history: Sequence[OrderBook]) -> set[RememberedWall]:
    """Return what the whole history says of every wall, each looked up level by level."""
    first = 0
    for place in range(1, len(history)):
        if history[place].observed_at_ms - history[place - 1].observed_at_ms > FORGET_MS:
            first = place
    followed = []
    for side in Side:
        walls = [plain_walls(each, side) for each in history[first:]]
        for price in set().union(*walls):
            sightings = [n for n, prices in enumerate(walls) if price in prices]
            followed.append(_followed(history[first:], side, price, sightings))
    return {wall for wall in followed if wall is not None}


def _followed(
    history: Sequence[OrderBook], side: Side, price: float, sightings: list[int]
) -> RememberedWall | None:
    at_ms = [each.observed_at_ms for each in history]
    while any(at_ms[b] - at_ms[a] > FORGET_MS for a, b in pairwise(sightings)):
        sightings.pop(0)
    start, last = sightings[0], sightings[-1]
    if at_ms[-1] - at_ms[last] > FORGET_MS:
        return None
    size = dict(history[last].levels(side).tolist())[price]
    state = WallState.STANDING
    for n in range(last + 1, len(history)):
        if state not in (WallState.PULLED, WallState.GONE):
            gap_ms = at_ms[n] - at_ms[n - 1]
            state = _absence(history[n], side, price, size, gap_ms, state)
    return RememberedWall(
        side=side,
        price=price,
        size_base=size,
        first_seen_ms=at_ms[start],
        last_seen_ms=at_ms[last],
        seen_count=len(sightings),
        watched_count=sum(
            n in sightings or visible(history[n], side, price) for n in range(start, len(history))
        ),
        stood_ms=sum(
            min(at_ms[n] - at_ms[n - 1], WATCHED_GAP_MS) for n in sightings if n - 1 in sightings
        ),
        state=state,
    )


def visible(of: OrderBook, side: Side, price: float) -> bool:
    """Return whether an order at this price would be in the book that was read."""
    mid = exact_mid(of)
    prices = of.levels(side)[:, 0].tolist()
    if mid is None or not min(prices) <= price <= max(prices):
        return False
    return abs(Fraction(price) - mid) * 100 <= mid * Fraction(WALL_RANGE_PCT)


def _absence(
    of: OrderBook, side: Side, price: float, size: float, gap_ms: int, before: WallState
) -> WallState:
    levels = dict(of.levels(side).tolist())
    mid = exact_mid(of)
    if mid is None:
        return WallState.OUT_OF_SIGHT
    best = of.levels(side)[0, 0]
    reached = price >= best if side is Side.BID else price <= best
    if not reached and not visible(of, side, price):
        return WallState.OUT_OF_SIGHT
    if levels.get(price, 0.0) >= PULLED_BELOW * size:
        return WallState.SHRUNK
    followed = before in (WallState.STANDING, WallState.SHRUNK) and gap_ms <= WATCHED_GAP_MS
    return WallState.PULLED if followed and not reached else WallState.GONE


def recorded_binance_books() -> Iterator[OrderBook]:
    with gzip.open(recording(BINANCE_BOOKS), "rt") as lines:
        for line in lines:
            response = json.loads(line)["response"]
            sides = ([(float(p), float(q)) for p, q in response[s]] for s in ("bids", "asks"))
            yield OrderBook.of("binance", response["T"], *sides)


def recorded_okx_books(instrument: str = "BTC-USDT") -> Iterator[OrderBook]:
    """Yield the book after the snapshot and after every update of it."""
    sides: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}
    with gzip.open(recording(OKX_MESSAGES), "rt") as lines:
        for line in lines:
            message = json.loads(line)["message"]
            if message["arg"]["instId"] != instrument:
                continue
            for side, levels in sides.items():
                for price, size, *_ in message["data"][0][side]:
                    levels[float(price)] = float(size)
            yield OrderBook.of(
                "okx",
                int(message["data"][0]["ts"]),
                *(list(levels.items()) for levels in sides.values()),
            )

"""What successive books say together: how long each wall stood, and which ones were pulled.

A wall costs nothing until it trades, so one seen once may be meant to frighten. Each book is folded
into a small memory; a wall weighs more the longer it stood. Books come whenever somebody asks, so
all figures are floors: a wall stood *at least* that long. Pure; the shell keeps the memory, in the
form of ``encode``, in the shared store.

Only walls within 2 % of mid are remembered: further away a wall neither holds nor stops a price
soon, and round prices collect old orders there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from market.order_book import OrderBook, Side, spread_of
from market.order_book_walls import Wall, find_walls

WALL_RANGE_PCT = 2.0

# A wall seen in one book only: it is there, and nothing is known of its staying.
SINGLE_BOOK_WEIGHT = 0.1
# A wall that stood this long in every book has full weight; spoofed ones last seconds.
FULL_WEIGHT_S = 120.0
# Between two books nobody looked. Of a longer gap only this much counts as stood, and what is gone
# after it may have been traded away as well as pulled.
WATCHED_GAP_MS = 30_000
# A wall unseen for longer starts anew when it comes back, and so does a memory without a book.
FORGET_MS = 30 * 60_000
# Walls remembered per side: more than a book of 1000 levels has within 2 % of mid.
WALLS_KEPT = 100
# An absent wall whose level still holds this share of it has shrunk; with less it was pulled.
PULLED_BELOW = 0.5


class WallState(StrEnum):
    """What the latest book said of a wall."""

    STANDING = "standing"
    SHRUNK = "shrunk"  # no longer a wall, but most of it is there
    PULLED = "pulled"  # gone within 30 s, the price still short of it
    GONE = "gone"  # taken or pulled: the price reached it, or nobody looked for longer
    OUT_OF_SIGHT = "out_of_sight"  # further from mid than the book was read, or than 2 %


# Changes whenever the fields below do.
_FORM = 1

# States that end a wall; they stay until it stands again.
_ENDED = frozenset({WallState.PULLED, WallState.GONE})
_STILL_THERE = frozenset({WallState.STANDING, WallState.SHRUNK})


@dataclass(frozen=True, slots=True)
class RememberedWall:
    """One price level that was a wall, since it was first seen as one.

    ``watched_count`` are the books since then in which its level could be seen, ``seen_count``
    those in which it was a wall. ``stood_ms`` adds up the time between successive books that both
    had it, at most 30 s of each gap. ``size_base`` is its size when last seen as a wall.
    """

    side: Side
    price: float
    size_base: float
    first_seen_ms: int
    last_seen_ms: int
    seen_count: int
    watched_count: int
    stood_ms: int
    state: WallState

    @property
    def presence_share(self) -> float:
        """Share of the books that could show it and did, in (0, 1]."""
        return self.seen_count / self.watched_count

    @property
    def weight(self) -> float:
        """How much the wall counts, in (0, 1].

        Presence share × (0.1 + 0.9 × min(1, stood ÷ 120 s)): never falls while the wall stands.
        """
        stayed = min(1.0, self.stood_ms / 1000.0 / FULL_WEIGHT_S)
        return self.presence_share * (SINGLE_BOOK_WEIGHT + (1.0 - SINGLE_BOOK_WEIGHT) * stayed)

    @property
    def usd(self) -> float:
        return self.price * self.size_base


@dataclass(frozen=True, slots=True)
class BookMemory:
    """The walls of one coin on one venue over the books folded so far, bids first, by price."""

    venue: str
    first_at_ms: int
    last_at_ms: int
    books: int
    walls: tuple[RememberedWall, ...]


def remember(memory: BookMemory | None, book: OrderBook) -> BookMemory:
    """Fold one more book into the memory.

    Parameters
    ----------
    memory : BookMemory or None
        What earlier books of the same coin left; None before the first.
    book : OrderBook
        Read with as many levels as the earlier ones: walls are relative to the levels read.

    Returns
    -------
    BookMemory
        At most 100 walls per side. The same memory when the book is not newer than the last one;
        a new one of this book alone when the venue changed or the last book is more than 30
        minutes older.
    """
    at_ms = book.observed_at_ms
    if memory is not None and memory.venue == book.venue and at_ms <= memory.last_at_ms:
        return memory
    if memory is None or memory.venue != book.venue or at_ms - memory.last_at_ms > FORGET_MS:
        memory = BookMemory(book.venue, at_ms, at_ms, 0, ())
    gap_ms = at_ms - memory.last_at_ms
    kept: list[RememberedWall] = []
    for side in Side:
        sight = _Sight(book, side)
        standing = {wall.price: wall for wall in find_walls(book, side) if in_range(wall)}
        known = {w.price: w for w in memory.walls if w.side is side}
        walls = [_seen(known.get(price), wall, at_ms, gap_ms) for price, wall in standing.items()]
        walls += [
            _missed(wall, sight, gap_ms)
            for price, wall in known.items()
            if price not in standing and at_ms - wall.last_seen_ms <= FORGET_MS
        ]
        kept += _bounded(walls)
    return BookMemory(memory.venue, memory.first_at_ms, at_ms, memory.books + 1, tuple(kept))


def in_range(wall: Wall) -> bool:
    """Return whether the wall lies within 2 % of mid; without a mid none does."""
    return wall.distance_bps is not None and wall.distance_bps <= 100.0 * WALL_RANGE_PCT


def first_sight(wall: Wall, at_ms: int) -> RememberedWall:
    """Return what a single book says of a wall: that it is there."""
    return RememberedWall(
        side=wall.side,
        price=wall.price,
        size_base=wall.size_base,
        first_seen_ms=at_ms,
        last_seen_ms=at_ms,
        seen_count=1,
        watched_count=1,
        stood_ms=0,
        state=WallState.STANDING,
    )


class _Sight:
    """One side of a book, asked for the walls that it does not have."""

    def __init__(self, book: OrderBook, side: Side) -> None:
        self._sign = -1.0 if side is Side.BID else 1.0  # away from mid
        levels = book.levels(side)
        spread = spread_of(book)
        self._levels = levels
        # Distances from mid in USD. Comparisons with NaN are false: without a mid, and on an empty
        # side, nothing is in sight.
        self._mid = math.nan if spread is None else spread.mid
        self._best, self._farthest = math.nan, math.nan
        if len(levels):
            self._best = self._away(float(levels[0, 0]))
            self._farthest = min(
                self._away(float(levels[-1, 0])), self._mid * (WALL_RANGE_PCT / 100.0)
            )

    def _away(self, price: float) -> float:
        return self._sign * (price - self._mid)

    def _size_at(self, price: float) -> float:
        return float(self._levels[self._levels[:, 0] == price, 1].sum())

    def judge(self, wall: RememberedWall, gap_ms: int) -> tuple[bool, WallState]:
        """Return whether this book could show the wall, and what its absence means."""
        away = self._away(wall.price)
        in_range, reached = away <= self._farthest, away <= self._best
        if not in_range and not reached:
            return False, WallState.OUT_OF_SIGHT
        in_view = in_range and away >= self._best
        if self._size_at(wall.price) >= PULLED_BELOW * wall.size_base:
            return in_view, WallState.SHRUNK
        untouched = not reached and gap_ms <= WATCHED_GAP_MS and wall.state in _STILL_THERE
        return in_view, WallState.PULLED if untouched else WallState.GONE


def _seen(known: RememberedWall | None, wall: Wall, at_ms: int, gap_ms: int) -> RememberedWall:
    if known is None or at_ms - known.last_seen_ms > FORGET_MS:
        return first_sight(wall, at_ms)
    stood_ms = min(gap_ms, WATCHED_GAP_MS) if known.state is WallState.STANDING else 0
    return replace(
        known,
        size_base=wall.size_base,
        last_seen_ms=at_ms,
        seen_count=known.seen_count + 1,
        watched_count=known.watched_count + 1,
        stood_ms=known.stood_ms + stood_ms,
        state=WallState.STANDING,
    )


def _missed(wall: RememberedWall, sight: _Sight, gap_ms: int) -> RememberedWall:
    in_view, now = sight.judge(wall, gap_ms)
    return replace(
        wall,
        watched_count=wall.watched_count + in_view,
        state=wall.state if wall.state in _ENDED else now,
    )


def _bounded(walls: Iterable[RememberedWall]) -> list[RememberedWall]:
    """Return the walls to keep, by price; the longest unseen go first, then the smallest."""
    newest = sorted(walls, key=lambda w: (-w.last_seen_ms, -w.usd, w.price))[:WALLS_KEPT]
    return sorted(newest, key=lambda w: w.price)


def encode(memory: BookMemory) -> bytes:
    """Return the memory as bytes for the shared store."""
    return orjson.dumps(
        [
            _FORM,
            memory.venue,
            memory.first_at_ms,
            memory.last_at_ms,
            memory.books,
            [astuple(wall) for wall in memory.walls],
        ]
    )


def decode(stored: bytes) -> BookMemory:
    """Return the memory that was encoded.

    Raises
    ------
    ValueError
        When the bytes are not a memory of this form: start anew.
    """
    try:
        form, venue, first_at_ms, last_at_ms, books, rows = orjson.loads(stored)
        if form != _FORM:
            raise ValueError(f"form {form!r}")
        walls = tuple(_wall(row) for row in rows)
        return BookMemory(str(venue), int(first_at_ms), int(last_at_ms), int(books), walls)
    except (TypeError, ValueError) as e:
        raise ValueError("not an encoded book memory") from e


def _wall(row: Sequence[Any]) -> RememberedWall:
    side, price, size, first_ms, last_ms, seen, watched, stood_ms, state = row
    if not (price > 0.0 and size > 0.0 and first_ms <= last_ms and 1 <= seen <= watched):
        raise ValueError("impossible wall")
    return RememberedWall(
        Side(side), float(price), float(size), first_ms, last_ms, seen, watched, stood_ms,
        WallState(state),
    )  # fmt: skip

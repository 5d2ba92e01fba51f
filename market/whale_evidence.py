"""Book, memory and trades of one coin as one piece of evidence, with sentences that say why.

Shown in ``coinAPIMetrics`` and ``/coinapi/orderbook`` and combined by the smart-money scanner;
never part of the signal score, for no history of books exists to weigh it by. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from market.book_memory import (
    BookMemory,
    RememberedWall,
    WallState,
    first_sight,
    in_range,
    remember,
)
from market.order_book import (
    IMBALANCE_RANGES_PCT,
    Depth,
    LeaningImbalance,
    OrderBook,
    Side,
    Spread,
    Trades,
    depth_of,
    imbalance_pct,
    leaning_imbalance,
    spread_of,
)
from market.order_book_walls import Wall, find_walls
from market.order_flow import LargePrints, TakerPressure, large_prints, taker_pressure
from market.whale_reasons import (
    empty_side_sentence,
    imbalance_sentence,
    persistence_sentence,
    pressure_sentence,
    prints_sentence,
    pulled_sentence,
    single_book_sentence,
    wall_imbalance_sentence,
    wall_sentence,
)

# Walls listed one by one per side, best price first; the counts count all.
WALLS_SHOWN = 10
PULLED_SHOWN = 10
SINGLE_BOOK = "single book"


@dataclass(frozen=True, slots=True)
class WallEvidence:
    """A wall of the book; ``remembered`` is None beyond 2 % of mid, where none is remembered."""

    wall: Wall
    remembered: RememberedWall | None


@dataclass(frozen=True, slots=True)
class WhaleEvidence:
    """What large orders and prints say of one coin on one venue. None is unknown, never zero.

    Parameters
    ----------
    venue : str
    observed_at_ms : int
        Of the book, Unix milliseconds.
    spread : Spread or None
        None when a side is empty.
    depth : Depth
        Levels and totals as read.
    imbalance_pct : float or None
        Bids against asks of the whole book as it was read, in [−100, 100], positive: bids heavier.
    imbalance_within_pct : tuple of (float, float or None)
        The same within 0.1, 0.5 and 1 % of mid; None where the book was not read that far.
    leaning_imbalance : LeaningImbalance or None
        The one to judge by.
    bid_wall_count, ask_wall_count : int or None
        All walls of the side; None when it has fewer than two levels to compare.
    bid_walls, ask_walls : tuple of WallEvidence
        The first ten, best price first.
    wall_imbalance_pct : float or None
        Σ ±USD × weight ÷ Σ USD × 100 over the walls within 2 % of mid, in [−100, 100], positive:
        bid walls heavier. Fresh walls keep it near 0 and walls that stay move it outwards. None
        without a wall, and when a side has fewer than two levels.
    pulled_walls : tuple of RememberedWall
        The ten newest walls that were pulled, newest first.
    books, watched_s : int, float
        Books behind the weights, and the time from the first to the last of them.
    persistence : str
        ``"single book"``, or how many books over how long.
    pressure : TakerPressure or None
    prints : LargePrints or None
        None without trades.
    reasons : tuple of str
        Sentences with number, unit and side.
    """

    venue: str
    observed_at_ms: int
    spread: Spread | None
    depth: Depth
    imbalance_pct: float | None
    imbalance_within_pct: tuple[tuple[float, float | None], ...]
    leaning_imbalance: LeaningImbalance | None
    bid_wall_count: int | None
    ask_wall_count: int | None
    bid_walls: tuple[WallEvidence, ...]
    ask_walls: tuple[WallEvidence, ...]
    wall_imbalance_pct: float | None
    pulled_walls: tuple[RememberedWall, ...]
    books: int
    watched_s: float
    persistence: str
    pressure: TakerPressure | None
    prints: LargePrints | None
    reasons: tuple[str, ...]


def whale_evidence(
    book: OrderBook, trades: Trades | None = None, memory: BookMemory | None = None
) -> WhaleEvidence:
    """Return what a book, the books before it and the trades beside it say.

    Parameters
    ----------
    book : OrderBook
    trades : Trades, optional
        Of the same coin and venue; None when they could not be read.
    memory : BookMemory, optional
        ``remember(earlier, book)``: this book already folded in. Without one, and with one of
        another venue, the book speaks alone and its walls have the weight of a single book.
    """
    if memory is None or memory.venue != book.venue:
        memory = remember(None, book)
    walls = {side: _with_memory(book, side, memory) for side in Side}
    comparable = len(book.bids) > 1 and len(book.asks) > 1
    wall_imbalance = _wall_imbalance_pct(walls) if comparable else None
    pulled = [wall for wall in memory.walls if wall.state is WallState.PULLED]
    pulled.sort(key=lambda wall: (-wall.last_seen_ms, -wall.usd, wall.side, wall.price))
    watched_ms = memory.last_at_ms - memory.first_at_ms
    single = memory.books == 1
    leaning = leaning_imbalance(book)
    pressure = None if trades is None else taker_pressure(trades)
    prints = None if trades is None else large_prints(trades)

    def reasons() -> Iterator[str]:
        for side in Side:
            if len(book.levels(side)) == 0:
                yield empty_side_sentence(side)
        for side in Side:
            heaviest = _heaviest(walls[side])
            if heaviest is not None:
                yield wall_sentence(*heaviest)
        if pulled:
            yield pulled_sentence(max(pulled, key=lambda wall: wall.usd))
        if wall_imbalance is not None:
            yield wall_imbalance_sentence(wall_imbalance)
            if single:
                yield single_book_sentence()
        if leaning is not None:
            yield imbalance_sentence(leaning)
        if pressure is not None:
            yield pressure_sentence(pressure)
        if prints is not None and prints.count:
            yield prints_sentence(prints)

    return WhaleEvidence(
        venue=book.venue,
        observed_at_ms=book.observed_at_ms,
        spread=spread_of(book),
        depth=depth_of(book),
        imbalance_pct=imbalance_pct(book),
        imbalance_within_pct=tuple(
            (within_pct, imbalance_pct(book, within_pct)) for within_pct in IMBALANCE_RANGES_PCT
        ),
        leaning_imbalance=leaning,
        bid_wall_count=_count(book, Side.BID, walls),
        ask_wall_count=_count(book, Side.ASK, walls),
        bid_walls=walls[Side.BID][:WALLS_SHOWN],
        ask_walls=walls[Side.ASK][:WALLS_SHOWN],
        wall_imbalance_pct=wall_imbalance,
        pulled_walls=tuple(pulled[:PULLED_SHOWN]),
        books=memory.books,
        watched_s=watched_ms / 1000.0,
        persistence=SINGLE_BOOK if single else persistence_sentence(memory.books, watched_ms),
        pressure=pressure,
        prints=prints,
        reasons=tuple(reasons()),
    )


_Walls = Mapping[Side, tuple[WallEvidence, ...]]


def _with_memory(book: OrderBook, side: Side, memory: BookMemory) -> tuple[WallEvidence, ...]:
    known = {wall.price: wall for wall in memory.walls if wall.side is side}
    return tuple(
        WallEvidence(
            wall,
            known.get(wall.price) or first_sight(wall, book.observed_at_ms)
            if in_range(wall)
            else None,
        )
        for wall in find_walls(book, side)
    )


def _wall_imbalance_pct(walls: _Walls) -> float | None:
    weighted, total = 0.0, 0.0
    for side, sign in ((Side.BID, 1.0), (Side.ASK, -1.0)):
        near = [each for each in walls[side] if each.remembered is not None]
        total += sum(each.wall.usd for each in near)
        weighted += sign * sum(
            each.wall.usd * each.remembered.weight for each in near if each.remembered is not None
        )
    return 100.0 * (weighted / total) if total else None


def _heaviest(walls: tuple[WallEvidence, ...]) -> tuple[Wall, RememberedWall] | None:
    near = [(each.wall, each.remembered) for each in walls if each.remembered is not None]
    return max(near, key=lambda pair: pair[0].usd * pair[1].weight, default=None)


def _count(book: OrderBook, side: Side, walls: _Walls) -> int | None:
    return len(walls[side]) if len(book.levels(side)) > 1 else None

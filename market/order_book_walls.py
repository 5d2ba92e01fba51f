"""Walls: levels much larger than the others of their side, in one book.

What one book cannot say, whether a wall is meant to stay, is added by ``book_memory``. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from market.order_book import OrderBook, Side, spread_of

# A wall is strictly larger than this many times the average of the other levels of its side.
WALL_RATIO = 5.0

# Below this share of the side, what the wall leaves over is summed anew: subtracting would leave
# mostly rounding. At most one level of a side can be that large.
_CANCELLED = 1e-6


@dataclass(frozen=True, slots=True)
class Wall:
    """One level that is a wall.

    ``ratio`` is its size ÷ the average size of the other levels, ``distance_bps`` its distance from
    mid in basis points of mid: None when the other side of the book is empty.
    """

    side: Side
    price: float
    size_base: float
    usd: float
    ratio: float
    distance_bps: float | None


def find_walls(book: OrderBook, side: Side) -> tuple[Wall, ...]:
    """Return the walls of one side, best price first.

    Parameters
    ----------
    book : OrderBook
    side : Side

    Returns
    -------
    tuple of Wall
        Levels with size > 5 × the mean of the *other* levels of the side as it was read. At most
        a fifth of n + 4 levels can be walls. A side of one level has no other to compare with and
        so no wall.

    Notes
    -----
    The seed compared with the mean of all levels, which the wall itself inflates: with five levels
    or fewer none could qualify. With n levels of total size S,
    s > 5 (S − s) / (n − 1)  ⇔  s (n + 4) > 5 S, which needs no subtraction.
    Several walls hide each other: each stands in the others' average.
    """
    levels = book.levels(side)
    count = len(levels)
    if count < 2:
        return ()
    sizes = levels[:, 1]
    # Correctly rounded, so that a level exactly on the threshold is not a wall.
    total = math.fsum(sizes.tolist())
    places = np.flatnonzero(sizes * (count - 1 + WALL_RATIO) > WALL_RATIO * total)
    spread = spread_of(book)
    walls = []
    for place in places.tolist():
        price, size = float(levels[place, 0]), float(sizes[place])
        others = total - size
        if others < _CANCELLED * total:
            others = math.fsum(np.delete(sizes, place).tolist())
        walls.append(
            Wall(
                side=side,
                price=price,
                size_base=size,
                usd=price * size,
                ratio=size / (others / (count - 1)),
                distance_bps=None if spread is None else 1e4 * abs(price - spread.mid) / spread.mid,
            )
        )
    return tuple(walls)

"""Breaks of structure and changes of character: the first close beyond a confirmed swing.

A swing counts until it is broken, until a later confirmed swing of its kind lies further out, or
until it is older than the memory. The structure is the direction of the last break: a break with it
is a BOS, one against it a CHoCH. The first break after a memory without any has no structure before
it and is neither; it sets the structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.frame import MEMORY_CANDLES, NEVER, UP, BoolArray, group_starts
from smartmoney.smc.swings import Swings

WITH, AGAINST, NEITHER = 1, -1, 0


@dataclass(frozen=True, slots=True)
class Breaks:
    """Columns of shape (m,), by time: at most one break per candle. A break never changes.

    Parameters
    ----------
    side : ndarray of int64
        UP for a close above swing highs.
    candle : ndarray of int64
        Whose close broke; known at that close.
    level : ndarray of float64
        The furthest swing that this close broke, in the side's own sign.
    level_candle, leg_start : ndarray of int64
        Candle of that swing, and of the latest one broken: where the move that broke began.
    swings_broken : ndarray of int64
        How many swings this close broke.
    structure : ndarray of int64
        WITH the structure before it (BOS), AGAINST it (CHoCH), or NEITHER when there was none.
    """

    side: Int64Array
    candle: Int64Array
    level: FloatArray
    level_candle: Int64Array
    leg_start: Int64Array
    swings_broken: Int64Array
    structure: Int64Array

    def __len__(self) -> int:
        return len(self.candle)


_NONE = np.empty(0, dtype=np.int64)
_NO_BREAKS = Breaks(_NONE, _NONE, np.empty(0), _NONE, _NONE, _NONE, _NONE)


def find_breaks(swings: Swings) -> Breaks:
    """Return every break of the swings, labelled by the structure before it."""
    counts = (swings.broken != NEVER) & ~_outdone(swings)
    broken = counts.nonzero()[0]
    broken = broken[np.lexsort((swings.price[broken], swings.broken[broken]))]
    candle = swings.broken[broken]
    first = group_starts(candle)
    if not len(first):
        return _NO_BREAKS
    after = np.append(first[1:], len(broken))
    furthest = broken[after - 1]
    candle, side = candle[first], swings.side[furthest]
    structure = np.full(len(first), NEITHER)
    followed = (candle[1:] - candle[:-1] <= MEMORY_CANDLES).nonzero()[0] + 1
    structure[followed] = np.where(side[followed] == side[followed - 1], WITH, AGAINST)
    return Breaks(
        side=side,
        candle=candle,
        level=swings.price[furthest],
        level_candle=swings.candle[furthest],
        leg_start=np.maximum.reduceat(swings.candle[broken], first),
        swings_broken=after - first,
        structure=structure,
    )


def _outdone(swings: Swings) -> BoolArray:
    """Say which swings a later, further one of their kind had replaced before they were broken."""
    known, broken = swings.known.tolist(), swings.broken.tolist()
    outdone = np.zeros(len(swings), dtype=np.bool_)
    standing: list[int] = []  # prices fall from the oldest to the newest
    prices = swings.price.tolist()
    last_side = UP
    for swing, side in enumerate(swings.side.tolist()):
        if side != last_side:
            standing, last_side = [], side
        while standing and prices[standing[-1]] < prices[swing]:
            replaced = standing.pop()
            outdone[replaced] = known[swing] < broken[replaced]
        standing.append(swing)
    return outdone

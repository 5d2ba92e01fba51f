"""Order blocks as the library defines them, with all that it rewrites while it goes.

Two passes share their columns: bullish blocks first, then bearish ones on prices negated. A block
that price left through both edges is erased; its candle stays marked as broken, so that a second
block on it starts broken. The candle of mitigation is one early in the bullish pass.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from market.types import FloatArray

_Column = list[float]


def ob(
    opened: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    high_low: FloatArray,
    *,
    close_mitigation: bool = False,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mark the candles of order blocks.

    Parameters
    ----------
    opened, high, low, close, volume, high_low : ndarray of float64, shape (n,)
        Candles and the swings of :func:`~smartmoney.smc.compat.swing_highs_lows`.
    close_mitigation : bool
        Whether the body must leave the block; otherwise a wick is enough.

    Returns
    -------
    kind, top, bottom, block_volume, mitigated, percentage : ndarray of float64, shape (n,)
        ±1, edges and volumes in single precision, and the candle of mitigation (0 when not yet).
    """
    columns = [[0.0] * len(close) for _ in range(6)]
    is_broken = [False] * len(close)
    bodies = (np.minimum(opened, close), -np.maximum(opened, close))
    for sign, body, early in ((1.0, bodies[0], 1), (-1.0, bodies[1], 0)):
        reach, back = (high, low) if sign > 0.0 else (-low, -high)
        _pass(
            sign,
            reach.tolist(),
            back.tolist(),
            (sign * close).tolist(),
            (body if close_mitigation else back).tolist(),
            volume.tolist(),
            np.flatnonzero(high_low == sign).tolist(),
            early,
            columns,
            is_broken,
        )
    kind, *rest = (np.array(column) for column in columns)
    marked = kind != 0.0
    kind = np.where(marked, kind, np.nan)
    top, bottom, block_volume, mitigated, percentage = (
        np.where(marked, column, np.nan) for column in rest
    )
    return kind, top, bottom, block_volume, mitigated, percentage


def _pass(
    sign: float,
    high: _Column,
    low: _Column,
    close: _Column,
    left_by: _Column,
    volume: _Column,
    swings: list[int],
    early: int,
    columns: list[_Column],
    is_broken: list[bool],
) -> None:
    """Walk the candles once; prices are those of the side, columns those of the market."""
    kind, top, bottom, block_volume, mitigated, percentage = columns
    near, far = ([0.0] * len(close) for _ in range(2))
    is_crossed = [False] * len(close)
    active: list[int] = []
    for candle in range(len(close)):
        for block in active.copy():
            if is_broken[block]:
                if high[candle] > near[block]:
                    for column in columns:
                        column[block] = 0.0
                    near[block] = far[block] = 0.0
                    active.remove(block)
            elif left_by[candle] < far[block]:
                is_broken[block] = True
                mitigated[block] = float(candle - early)
        position = bisect_left(swings, candle)
        if position == 0:
            continue
        swing = swings[position - 1]
        if is_crossed[swing] or not close[candle] > high[swing]:
            continue
        is_crossed[swing] = True
        block = candle - 1
        if candle - swing > 1:
            lowest = min(low[swing + 1 : candle])
            block = max(at for at in range(swing + 1, candle) if low[at] == lowest)
        edges = high[block], low[block]
        if candle - swing == 1 and sign > 0.0:
            edges = edges[::-1]  # right after the swing the library takes them the wrong way round
        near[block], far[block] = (float(np.float32(edge)) for edge in edges)
        kind[block] = sign
        top[block], bottom[block] = (
            (near[block], far[block]) if sign > 0.0 else (-far[block], -near[block])
        )
        _weigh(block_volume, percentage, block, [_at(volume, candle - ago) for ago in range(3)])
        active.append(block)


def _at(volume: _Column, candle: int) -> float:
    return volume[candle] if candle >= 0 else 0.0


def _weigh(
    block_volume: _Column, percentage: _Column, block: int, newest_first: list[float]
) -> None:
    """Write the volume of three candles, and the smaller part's share of the larger."""
    now, before, earlier = newest_first
    block_volume[block] = float(np.float32(now + before + earlier))
    parts = np.float32(now + before), np.float32(earlier)
    largest = max(parts)
    percentage[block] = float(min(parts) / largest * 100.0) if largest else 100.0

"""Piecewise-linear curves over whole columns: how a factor turns its reading into a score.

Written with +, −, ×, ÷ and comparisons only, which IEEE 754 rounds in one way everywhere, so a row
scores the same alone, in a block and on another machine. NaN in, NaN out.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from market.types import FloatArray


class Curve:
    """Straight lines between points, flat outside; anchored where the answer is neutral.

    Parameters
    ----------
    *points : tuple of (float, float)
        (input, output), at least two, inputs ascending.
    pivot : float
        The input at which the output is exactly ``neutral``; one of the points' inputs, or inside
        a flat stretch. Scaling stretches the input axis about it.
    neutral : float
        The output at the pivot: 50 for a score, 0 for a part of one.
    """

    def __init__(
        self, *points: tuple[float, float], pivot: float = 0.0, neutral: float = 50.0
    ) -> None:
        inputs = [x for x, _ in points]
        if len(points) < 2 or any(b <= a for a, b in pairwise(inputs)):
            raise ValueError("a curve needs two or more points with ascending inputs")
        self.points = points
        self.pivot = pivot
        self.neutral = neutral
        if not self._is_neutral_at_pivot():
            raise ValueError(f"the curve is not {neutral} at its pivot {pivot}")
        if len({y for _, y in points}) == 1:
            raise ValueError("a curve that is flat everywhere would turn unknown into neutral")
        above = _segments([(pivot, neutral), *(p for p in points if p[0] > pivot)])
        below = _segments([*(p for p in points if p[0] < pivot), (pivot, neutral)])
        # Each segment measures from its end nearer to the pivot, so that it adds 0 at the pivot:
        # (that end relative to the pivot, lowest and highest distance from it, slope).
        self._steps = [(x0 - pivot, 0.0, x1 - x0, slope) for x0, x1, slope in above]
        self._steps += [(x1 - pivot, x0 - x1, 0.0, slope) for x0, x1, slope in below]

    def __call__(self, values: FloatArray, scale: float = 1.0) -> FloatArray:
        """Return the curve at every value; scale 2.0 needs twice the distance from the pivot.

        At the ends the sum of the segments may miss the last point by its rounding.
        """
        distance = values - self.pivot
        if scale != 1.0:
            distance /= scale
        result = np.full_like(distance, self.neutral)
        for origin, low, high, slope in self._steps:
            step = distance - origin
            step.clip(low, high, out=step)
            step *= slope
            result += step
        return result

    def _is_neutral_at_pivot(self) -> bool:
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if x0 <= self.pivot <= x1 and y0 == self.neutral == y1:
                return True
        return (self.pivot, self.neutral) in self.points


def _segments(points: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Return (from, to, slope) of the stretches that are not flat."""
    return [(x0, x1, (y1 - y0) / (x1 - x0)) for (x0, y0), (x1, y1) in pairwise(points) if y0 != y1]

"""How sure a measured hit rate is, and whether it beats its base rate.

Lies with the signals, because their answers quote it; analytics measures by the same lines.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

# Two-sided 95 % of the normal distribution.
Z_95 = 1.959963984540054


class WilsonInterval(NamedTuple):
    """Where the true rate lies, 0 to 1, with 95 % confidence."""

    low: float
    high: float


class Edge(StrEnum):
    """What a hit rate shows against its base rate; the value is how it is said."""

    SHOWN = "edge shown"
    NOT_SHOWN = "no edge shown"


def wilson_interval(hits: int, n: int, z: float = Z_95) -> WilsonInterval | None:
    """Return the Wilson score interval of a rate.

    Parameters
    ----------
    hits, n : int
        0 ≤ hits ≤ n.
    z : float
        Quantile of the normal distribution; 1.96 for 95 %.

    Returns
    -------
    WilsonInterval or None
        0 ≤ low ≤ hits ÷ n ≤ high ≤ 1, never of width zero; None without outcomes.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is not a rate")
    if n == 0:
        return None
    rate = hits / n
    spread = z * math.sqrt((rate * (1.0 - rate) + z * z / (4 * n)) / n)
    middle, scale = rate + z * z / (2 * n), 1.0 + z * z / n
    # At the ends the formula is exact only on paper.
    low = 0.0 if hits == 0 else min(rate, (middle - spread) / scale)
    high = 1.0 if hits == n else max(rate, (middle + spread) / scale)
    return WilsonInterval(low, high)


def edge(hits: int, n: int, base_rate: float | None) -> Edge:
    """Tell whether a hit rate lies above its base rate beyond doubt.

    An edge is shown only when the whole interval lies above the base rate: no outcomes, an unknown
    base rate, a rate within the noise and one below it all show none.
    """
    interval = wilson_interval(hits, n)
    if interval is None or base_rate is None or interval.low <= base_rate:
        return Edge.NOT_SHOWN
    return Edge.SHOWN

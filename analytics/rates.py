"""From sums of outcomes to what is said of them: a rate, its interval, and what chance would give.

Pure. The rollups hold sums; every rate that is shown passes through :func:`rate_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from analytics.engine.calibration import wilson_interval

# Below so many outcomes a rate says next to nothing, and is marked.
FEW = 30

NO_EDGE = "no edge shown"
ABOVE = "above the base rate"
BELOW = "below the base rate"
UNKNOWN = "base rate unknown"
VERDICTS = (NO_EDGE, ABOVE, BELOW, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over filled outcomes; the names are the rollups' columns.

    ``base_n`` of them have a base rate, and the comparison is made among those alone.
    """

    n: int = 0
    hits: int = 0
    sum_net_return_pct: float = 0.0
    base_n: int = 0
    base_hits: int = 0
    sum_base_rate: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return type(self)(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """What a tally says, in percent; None where nothing can be said, never 0 for unknown."""

    n: int
    hits: int
    few: bool
    hit_rate_pct: float | None
    interval_low_pct: float | None
    interval_high_pct: float | None
    base_n: int
    base_rate_pct: float | None
    edge_pct: float | None
    verdict: str | None
    mean_net_return_pct: float | None


def rate_of(tally: Tally) -> Rate:
    """Return the hit rate with its 95 % Wilson interval, and how it stands to the base rate.

    ``edge_pct`` is the hit rate less the base rate, in percentage points, of the outcomes that have
    a base rate. What the interval of that hit rate could hold by chance is no edge, and neither is
    anything that fewer than 30 outcomes say.
    """
    low, high = wilson_interval(tally.hits, tally.n) if tally.n else (None, None)
    base = tally.sum_base_rate / tally.base_n if tally.base_n else None
    return Rate(
        n=tally.n,
        hits=tally.hits,
        few=tally.n < FEW,
        hit_rate_pct=_pct(tally.hits / tally.n) if tally.n else None,
        interval_low_pct=_pct(low),
        interval_high_pct=_pct(high),
        base_n=tally.base_n,
        base_rate_pct=_pct(base),
        edge_pct=None if base is None else _pct(tally.base_hits / tally.base_n - base),
        verdict=_verdict(tally, base) if tally.n else None,
        mean_net_return_pct=mean(tally.sum_net_return_pct, tally.n),
    )


def mean(total: float, n: int) -> float | None:
    return round(total / n, 4) if n else None


def share_pct(part: int, n: int) -> float | None:
    return _pct(part / n) if n else None


def _verdict(tally: Tally, base: float | None) -> str:
    if base is None:
        return UNKNOWN
    low, high = wilson_interval(tally.base_hits, tally.base_n)
    if tally.base_n < FEW or low <= base <= high:
        return NO_EDGE
    return ABOVE if base < low else BELOW


def _pct(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)

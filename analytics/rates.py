"""From sums of outcomes to what is said of them: a rate, its interval, and what chance would give.

Pure. The rollups hold sums; everything shown about outcomes passes through :func:`rate_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from analytics.engine.calibration import wilson_interval

# Below so many outcomes a rate says next to nothing, and is marked.
FEW = 30
# An edge is told when the base rate is known for so much of the outcomes.
LEAST_BASE_SHARE = 0.9

NO_EDGE = "no edge shown"
ABOVE = "above the base rate"
BELOW = "below the base rate"
UNKNOWN = "base rate unknown"
VERDICTS = (NO_EDGE, ABOVE, BELOW, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over filled outcomes. ``base_sum`` adds each one's chance of a hit, where known."""

    n: int = 0
    hits: int = 0
    net_return_sum: float = 0.0
    return_sum: float = 0.0
    base_n: int = 0
    base_sum: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(Tally)
            }
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """What a tally says. Percent; None where nothing can be said, never 0 for unknown."""

    n: int
    hits: int
    few: bool
    hit_rate_pct: float | None
    interval_low_pct: float | None
    interval_high_pct: float | None
    base_rate_pct: float | None
    edge_pct: float | None
    verdict: str | None
    mean_net_return_pct: float | None
    mean_return_pct: float | None


def rate_of(tally: Tally) -> Rate:
    """Return the hit rate with its 95 % Wilson interval beside the base rate.

    ``edge_pct`` is their difference in percentage points; the verdict goes by the whole interval:
    a difference that it could hold by chance is no edge.
    """
    if tally.n == 0:
        return Rate(0, 0, True, *(None,) * 8)
    hit_rate = tally.hits / tally.n
    low, high = wilson_interval(tally.hits, tally.n)
    base = tally.base_sum / tally.base_n if tally.base_n >= LEAST_BASE_SHARE * tally.n else None
    few = tally.n < FEW
    return Rate(
        n=tally.n,
        hits=tally.hits,
        few=few,
        hit_rate_pct=_pct(hit_rate),
        interval_low_pct=_pct(low),
        interval_high_pct=_pct(high),
        base_rate_pct=None if base is None else _pct(base),
        edge_pct=None if base is None else _pct(hit_rate - base),
        verdict=_verdict(low, high, base, few=few),
        mean_net_return_pct=mean(tally.net_return_sum, tally.n),
        mean_return_pct=mean(tally.return_sum, tally.n),
    )


def mean(total: float, n: int) -> float | None:
    return None if n == 0 else round(total / n, 4)


def share_pct(part: int, n: int) -> float | None:
    return None if n == 0 else _pct(part / n)


def _verdict(low: float, high: float, base: float | None, *, few: bool) -> str:
    if base is None:
        return UNKNOWN
    if few or low <= base <= high:
        return NO_EDGE
    return ABOVE if base < low else BELOW


def _pct(share: float) -> float:
    return round(share * 100, 2)

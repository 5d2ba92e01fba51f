"""From sums of outcomes to what is said of them: a rate, its interval, and what chance would give.

Pure. The rollups hold sums; every rate that is shown passes through :func:`rate_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from analytics.engine.calibration import FEW_OUTCOMES, base_rate
from signals.engine.hit_rates import Edge, edge, wilson_interval


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over filled outcomes, by the rollups' names. ``base_n`` of them have a base rate."""

    n: int = 0
    hits: int = 0
    sum_net_return_pct: float = 0.0
    base_n: int = 0
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
    base_rate_pct: float | None
    edge_pct: float | None
    edge: str
    mean_net_return_pct: float | None


def rate_of(tally: Tally) -> Rate:
    """Return the hit rate with its 95 % Wilson interval, and how it stands to the base rate.

    ``edge_pct`` is their difference in percentage points; ``edge`` says whether that is more than
    chance, which fewer than thirty outcomes never show.
    """
    interval = wilson_interval(tally.hits, tally.n)
    hit_rate = tally.hits / tally.n if tally.n else None
    usual = base_rate(tally.n, tally.base_n, tally.sum_base_rate)
    few = tally.n < FEW_OUTCOMES
    shown = Edge.NOT_SHOWN if few else edge(tally.hits, tally.n, usual)
    return Rate(
        n=tally.n,
        hits=tally.hits,
        few=few,
        hit_rate_pct=pct(hit_rate),
        interval_low_pct=pct(interval.low) if interval else None,
        interval_high_pct=pct(interval.high) if interval else None,
        base_rate_pct=pct(usual),
        edge_pct=pct(hit_rate - usual) if hit_rate is not None and usual is not None else None,
        edge=shown.value,
        mean_net_return_pct=mean(tally.sum_net_return_pct, tally.n),
    )


def mean(total: float, n: int) -> float | None:
    return round(total / n, 4) if n else None


def share_pct(part: float, n: int) -> float | None:
    return pct(part / n) if n else None


def pct(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)

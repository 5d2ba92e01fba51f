"""A signal and what stands beside it, in one sentence each. Pure.

Says what is there and nothing more: whether structure agrees, and whether signals like it were any
good, with the words that the figures allow.
"""

from __future__ import annotations

from enum import StrEnum

from analytics.rates import Rate
from market.types import Direction


class Alignment(StrEnum):
    """How the chart's structure stands to a signal."""

    ALIGNED = "aligned"
    CONFLICTING = "conflicting"
    NEUTRAL = "neutral"  # one of the two takes no side
    UNKNOWN = "unknown"  # the structure was not asked for, or could not be read


_STRUCTURE = {
    Alignment.ALIGNED: "The chart's structure agrees.",
    Alignment.CONFLICTING: "The chart's structure says the opposite.",
    Alignment.NEUTRAL: "The chart's structure neither agrees nor disagrees.",
    Alignment.UNKNOWN: "The chart's structure is not known here.",
}


def alignment_of(signal: Direction, structure: Direction | None) -> Alignment:
    """Tell how a signal and the structure's recommendation stand to each other."""
    if structure is None:
        return Alignment.UNKNOWN
    if Direction.NEUTRAL in (signal, structure):
        return Alignment.NEUTRAL
    return Alignment.ALIGNED if signal is structure else Alignment.CONFLICTING


def signal_sentence(symbol: str, signal: Direction, score: float | None, reason: str | None) -> str:
    """Return what is said of the coin; ``reason`` says why it is NEUTRAL."""
    if score is None:
        return f"{symbol} is NEUTRAL: nothing is known of it right now."
    if reason == "insufficient_data":
        return f"{symbol} is NEUTRAL: too little is known for a side (score {score:g} of 100)."
    return f"{symbol} is {signal.value}: score {score:g} of 100, where 50 is neutral."


def record_sentence(rate: Rate, horizon_h: int, days: int) -> str:
    """Return what came of the coin's earlier signals."""
    if rate.hit_rate_pct is None:
        return f"No outcome of its signals of the last {days} days is known: no edge shown."
    base = "unknown" if rate.base_rate_pct is None else f"{rate.base_rate_pct:g} %"
    few = ", few" if rate.few else ""
    return (
        f"Of {rate.n} signals of the last {days} days{few}, {rate.hit_rate_pct:g} % were right "
        f"after {horizon_h} h ({rate.interval_low_pct:g} to {rate.interval_high_pct:g} %; "
        f"base rate {base}): {rate.edge}."
    )


def summary(signal: str, alignment: Alignment, record: str | None) -> str:
    """Return the sentences together; without a record when it was not asked for."""
    return " ".join(filter(None, (signal, _STRUCTURE[alignment], record)))

"""Outcomes of a day added up, by what they share. Pure.

Sums are correctly rounded (``math.fsum``), so rows in any order, or added again, give the same
bits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from analytics.engine.calibration import ForecastSums, forecast_sums, stated_probability
from analytics.engine.outcomes import Touch
from signals.engine.types import Direction, Factor


class Stance(StrEnum):
    """What a factor said of the side that was taken."""

    SUPPORTS = "supports"
    OPPOSES = "opposes"
    NEUTRAL = "neutral"


# Stances are stored as one sign per factor, in the factors' order; "" when none is known.
STANCE_OF_SIGN = {"+": Stance.SUPPORTS, "-": Stance.OPPOSES, "0": Stance.NEUTRAL}
_UNKNOWN = "."


class OutcomeKey(NamedTuple):
    profile_name: str
    direction: str
    confidence: str
    horizon_h: int
    is_imported: bool


class FactorKey(NamedTuple):
    profile_name: str
    direction: str
    horizon_h: int
    is_imported: bool
    factor: str
    stance: str


@dataclass(frozen=True, slots=True)
class Told:
    """One outcome that is decided; the figures are None when it is unavailable."""

    key: OutcomeKey
    is_hit: bool | None
    return_pct: float | None = None
    net_return_pct: float | None = None
    favourable_pct: float | None = None
    adverse_pct: float | None = None
    first_touch: str = ""
    confidence_score: float | None = None  # 0 to 1; None when imported
    base_rate: float | None = None  # 0 to 1; None while unknown
    stances: str = ""  # as stances_of() writes them


Columns = dict[str, Any]
_NOTHING = ForecastSums(0, 0, 0.0, 0.0, 0.0)


def stances_of(direction: str, factors: Any) -> str:
    """Return what each factor said of a side, from a signal's stored ``factors``.

    Parameters
    ----------
    direction : str
        LONG or SHORT.
    factors : Any
        ``{name: {"contribution": points, …}}``; positive points favour LONG. Factors without a
        contribution, and imports of another shape, have no stance.

    Returns
    -------
    str
        One sign per factor, in their order: ``+`` supports, ``-`` opposes, ``0`` neutral, ``.``
        unknown; empty when all are unknown.
    """
    if not isinstance(factors, dict):
        return ""
    signs = "".join(_sign(direction, factors.get(factor.value)) for factor in Factor)
    return signs if signs.strip(_UNKNOWN) else ""


def _sign(direction: str, told: Any) -> str:
    contribution = told.get("contribution") if isinstance(told, dict) else None
    if not isinstance(contribution, int | float) or isinstance(contribution, bool):
        return _UNKNOWN
    lean = contribution if direction == Direction.LONG else -contribution
    return "+" if lean > 0 else "-" if lean < 0 else "0"


def outcome_sums(outcomes: Iterable[Told]) -> dict[OutcomeKey, Columns]:
    """Return the columns of ``OutcomeDay`` per key."""
    groups: dict[OutcomeKey, list[Told]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.key].append(outcome)
    return {key: _outcome_columns(group) for key, group in sorted(groups.items())}


def factor_sums(outcomes: Iterable[Told]) -> dict[FactorKey, Columns]:
    """Return the columns of ``FactorDay`` per key, of filled outcomes."""
    alike: dict[tuple[OutcomeKey, str], list[Told]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.is_hit is not None:
            alike[outcome.key, outcome.stances].append(outcome)
    groups: dict[FactorKey, list[Told]] = defaultdict(list)
    for (key, stances), group in alike.items():
        profile_name, direction, _, horizon_h, is_imported = key
        for factor, sign in zip(Factor, stances, strict=False):
            stance = STANCE_OF_SIGN.get(sign)
            if stance is not None:
                groups[
                    FactorKey(
                        profile_name, direction, horizon_h, is_imported, factor.value, stance.value
                    )
                ] += group
    return {key: _factor_columns(group) for key, group in sorted(groups.items())}


def _outcome_columns(group: Sequence[Told]) -> Columns:
    filled = [each for each in group if each.is_hit is not None]
    net = [_known(each.net_return_pct) for each in filled]
    touches = [each.first_touch for each in filled]
    based = [each for each in filled if each.base_rate is not None]
    hits = [bool(each.is_hit) for each in based]
    base = forecast_sums([_known(each.base_rate) for each in based], hits)
    stated = _NOTHING
    if all(each.confidence_score is not None for each in based):
        stated = forecast_sums(
            [stated_probability(_known(each.confidence_score)) for each in based], hits
        )
    return {
        "n": len(filled),
        "hits": sum(bool(each.is_hit) for each in filled),
        "unavailable": len(group) - len(filled),
        "sum_return_pct": math.fsum(_known(each.return_pct) for each in filled),
        "sum_net_return_pct": math.fsum(net),
        "sum_net_return_sq": math.fsum(value * value for value in net),
        "sum_favourable_pct": math.fsum(_known(each.favourable_pct) for each in filled),
        "sum_adverse_pct": math.fsum(_known(each.adverse_pct) for each in filled),
        "targets": touches.count(Touch.TARGET),
        "stops": touches.count(Touch.STOP),
        "neithers": touches.count(Touch.NEITHER),
        "base_n": base.n,
        "base_hits": base.hits,
        "sum_base_rate": base.total,
        "sum_base_rate_sq": base.squares,
        "sum_base_rate_of_hits": base.of_hits,
        "sum_stated": stated.total,
        "sum_stated_sq": stated.squares,
        "sum_stated_of_hits": stated.of_hits,
    }


def _factor_columns(group: Sequence[Told]) -> Columns:
    based = [each for each in group if each.base_rate is not None]
    return {
        "n": len(group),
        "hits": sum(bool(each.is_hit) for each in group),
        "sum_net_return_pct": math.fsum(_known(each.net_return_pct) for each in group),
        "base_n": len(based),
        "base_hits": sum(bool(each.is_hit) for each in based),
        "sum_base_rate": math.fsum(_known(each.base_rate) for each in based),
    }


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a filled outcome lacks a figure")
    return value

"""When an evaluation becomes a published signal. Pure.

Judged against the last published row of the same stream: a flip at once; the same direction again
only after the cooldown, or when the score moved clearly further from 50. NEUTRAL never.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market.types import HOUR_MS
from signals.engine.types import Direction, ScoringProfile, SignalResult
from signals.rendering import score_decimal

_NEUTRAL_SCORE = Decimal(50)


@dataclass(frozen=True, slots=True)
class LastPublished:
    """The newest link of a stream: all that the rule and the chain need of it."""

    seq: int
    content_hash: str
    direction: Direction
    score: Decimal
    at_ms: int
    input_hash: str


def is_due(result: SignalResult, last: LastPublished | None, profile: ScoringProfile) -> bool:
    """Say whether a result is to be published after ``last``.

    A result older than the last published one is never due: a slow worker must not overrule a
    quick one.
    """
    if result.direction is Direction.NEUTRAL or result.score is None:
        return False
    if last is None:
        return True
    if result.at_ms < last.at_ms:
        return False
    if result.direction is not last.direction:
        return True
    if result.at_ms - last.at_ms >= profile.cooldown_h * HOUR_MS:
        return True
    moved_out = _distance(score_decimal(result.score)) - _distance(last.score)
    return moved_out >= Decimal(str(profile.rescore_distance))


def _distance(score: Decimal) -> Decimal:
    return abs(score - _NEUTRAL_SCORE)

"""What stands beside a new signal's confidence: how often its band was right, or that nobody knows.

Analytics measures and writes (``ConfidenceCalibration``); answers and alerts quote it here. No part
of what is stored, hashed or replayed: a signal is what it was, its band's record grows.
"""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from signals.engine.hit_rates import edge, wilson_interval
from signals.engine.types import Direction, SignalResult
from signals.models import ConfidenceCalibration
from signals.rendering import UNCALIBRATED

logger = logging.getLogger(__name__)

# A day after the signal: long enough for a score made of hours and days, and one outcome of a band
# overlaps few others.
QUOTED_HORIZON_H = 24
# Fewer outcomes leave the rate open by more than seven points to either side.
ENOUGH_OUTCOMES = 200
# A record changes by one outcome at a time; an evaluation shall not wait for it.
MEMORY_S = 60.0

_lock = threading.Lock()
_memory: dict[str, tuple[float, dict[tuple[str, str], str]]] = {}  # by environment


def calibration_of(result: SignalResult) -> str:
    """Return what an evaluation's confidence has been worth; NEUTRAL is never measured."""
    if result.direction is Direction.NEUTRAL:
        return UNCALIBRATED
    return band_calibration(result.profile_name, result.confidence.value)


def band_calibration(profile_name: str, confidence: str) -> str:
    """Return "54.2 % right after 24 h (n 312, …), base rate 51.0 %: no edge shown", or that the
    band is uncalibrated."""
    return _quotes().get((profile_name, confidence), UNCALIBRATED)


def forget() -> None:
    """Read the table anew (between tests)."""
    with _lock:
        _memory.clear()


def quote(hits: int, outcomes: int, base_rate: float | None) -> str:
    """Return a band's record as a sentence; fewer outcomes than enough are no record."""
    interval = wilson_interval(hits, outcomes)
    if interval is None or outcomes < ENOUGH_OUTCOMES:
        return UNCALIBRATED
    usual = "unknown" if base_rate is None else f"{100.0 * base_rate:.1f} %"
    return (
        f"{100.0 * hits / outcomes:.1f} % right after {QUOTED_HORIZON_H} h (n {outcomes}, 95 %"
        f" interval {100.0 * interval.low:.1f}–{100.0 * interval.high:.1f}), base rate {usual}:"
        f" {edge(hits, outcomes, base_rate).value}"
    )


def _quotes() -> dict[tuple[str, str], str]:
    environment = settings.ENVIRONMENT
    remembered = _memory.get(environment)
    if remembered is not None and time.monotonic() - remembered[0] < MEMORY_S:
        return remembered[1]
    try:
        quotes = {
            (profile_name, confidence): quote(hits, outcomes, base_rate)
            for profile_name, confidence, hits, outcomes, base_rate in (
                ConfidenceCalibration.objects.filter(
                    environment=environment, horizon_h=QUOTED_HORIZON_H
                ).values_list("profile_name", "confidence", "hits", "outcomes", "base_rate")
            )
        }
    except (DatabaseError, InterfaceError):
        logger.warning("calibration unreadable, the last known one stands", exc_info=True)
        quotes = {} if remembered is None else remembered[1]
    with _lock:
        _memory[environment] = (time.monotonic(), quotes)
    return quotes

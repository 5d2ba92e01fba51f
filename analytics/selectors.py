"""Reads of the signals that were said: counts, how often nothing was said, and which coin is meant.

``performance`` has what came of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, QuerySet, Sum

from analytics.filters import OutcomeFilters, first_day, start_of
from analytics.lists import recent_signals
from analytics.performance import Performance, performance
from signals.history import listed_signals
from signals.models import EvaluationCount, Signal

__all__ = [
    "evaluations", "overview", "performance_of", "recent_scores", "recent_signals", "summary",
]  # fmt: skip

# The newest signals that say which coins are talked of now.
RECENT = 1_000
TOP = 10
# Scores whose average is compared with that of as many before them.
SCORES = 10
# Points by which an average must differ to be called a trend.
SCORE_STEP = 1.0


@dataclass(frozen=True, slots=True)
class SignalSummary:
    """What was said in a period. ``evaluations`` counts what it was chosen from."""

    days: int
    since: datetime
    symbol: str | None
    directions: Mapping[str, int]
    confidences: Mapping[str, int]
    score_average: float | None
    score_min: float | None
    score_max: float | None
    evaluations: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.directions.values())


@dataclass(frozen=True, slots=True)
class RecentScores:
    """Where a coin's scores go. That is no performance: it says nothing of what came of them."""

    last_average: float | None
    trend: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Overview:
    total: int
    recent: int
    top_symbols: tuple[tuple[str, int], ...]
    last_week: SignalSummary
    database: str


def summary(days: int, symbol: str | None = None) -> SignalSummary:
    """Count the listed signals of a period by side and confidence, in one pass over an index."""
    since = start_of(first_day(days))
    groups = list(
        _of(symbol, since)
        .order_by()
        .values("signal", "confidence")
        .annotate(n=Count("pk"), total=Sum("score"), least=Min("score"), most=Max("score"))
    )
    n = sum(group["n"] for group in groups)
    total = sum((group["total"] for group in groups), Decimal())
    return SignalSummary(
        days=days,
        since=since,
        symbol=symbol,
        directions=_counts(groups, "signal", Signal.PublishedDirection.values),
        confidences=_counts(groups, "confidence", Signal.ConfidenceBand.values),
        score_average=round(float(total) / n, 2) if n else None,
        score_min=min((float(group["least"]) for group in groups), default=None),
        score_max=max((float(group["most"]) for group in groups), default=None),
        evaluations=evaluations(days, symbol),
    )


def evaluations(days: int, symbol: str | None = None) -> dict[str, int]:
    """Return how often scans evaluated, and what came out: the denominator of every signal."""
    counted = EvaluationCount.objects.filter(
        environment=settings.ENVIRONMENT, day__gte=first_day(days)
    )
    if symbol is not None:
        counted = counted.filter(symbol=symbol)
    kinds = ("evaluated", "long", "short", "neutral", "insufficient")
    sums = counted.aggregate(**{f"{kind}_sum": Sum(kind) for kind in kinds})
    return {kind: sums[f"{kind}_sum"] or 0 for kind in kinds}


def recent_scores(days: int, symbol: str) -> RecentScores:
    """Compare the average of a coin's newest scores with that of as many before them."""
    found = _of(symbol, start_of(first_day(days)))
    newest = found.order_by("-timestamp", "-pk").values_list("score", flat=True)
    scores = [float(score) for score in newest[: 2 * SCORES]]
    last, before = scores[:SCORES], scores[SCORES:]
    return RecentScores(
        last_average=round(sum(last) / len(last), 2) if last else None,
        trend=_trend(sum(last) / SCORES - sum(before) / SCORES) if len(before) == SCORES else None,
        total=found.count(),
    )


def overview() -> Overview:
    """Return what there is at all, and which coins the newest signals are about."""
    listed = listed_signals()
    newest = listed.order_by("-timestamp", "-pk").values_list("symbol", flat=True)[:RECENT]
    symbols = Counter(newest)
    ranked = sorted(symbols.items(), key=lambda each: (-each[1], each[0]))
    return Overview(
        total=listed.count(),
        recent=symbols.total(),
        top_symbols=tuple(ranked[:TOP]),
        last_week=summary(7),
        database=connection.vendor,
    )


def performance_of(symbol: str, days: int = 30) -> Performance:
    """Return what came of one coin's own signals after each horizon."""
    return performance(OutcomeFilters(days=days, symbol=symbol))


def _of(symbol: str | None, since: datetime) -> QuerySet[Signal]:
    found = listed_signals().filter(timestamp__gte=since)
    return found if symbol is None else found.filter(symbol=symbol)


def _counts(groups: list[dict[str, Any]], key: str, names: list[str]) -> dict[str, int]:
    counted = dict.fromkeys(names, 0)
    for group in groups:
        counted[group[key]] += group["n"]
    return counted


def _trend(difference: float) -> str:
    if abs(difference) < SCORE_STEP:
        return "steady"
    return "rising" if difference > 0 else "falling"

"""Reads of the signals that were said: counts, how often nothing was said, and which coin is meant.

``performance`` has what came of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, QuerySet, Sum

from analytics.filters import OutcomeFilters, first_day, start_of
from analytics.lists import recent_signals
from analytics.performance import Performance, performance
from signals.history import NEWEST_FIRST, listed_signals, newest_cut
from signals.history_statistics import listed_count
from signals.models import EvaluationCount, Signal, SignalDay
from signals.storing import day_of

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
    """Count the listed signals of a period by side and confidence."""
    since = start_of(first_day(days))
    groups = list(_of_all_coins(since) if symbol is None else _counted(_of(symbol, since)))
    n = sum(group.signals for group in groups)
    return SignalSummary(
        days=days,
        since=since,
        symbol=symbol,
        directions=_by(Signal.PublishedDirection.values, [(g.side, g.signals) for g in groups]),
        confidences=_by(Signal.ConfidenceBand.values, [(g.band, g.signals) for g in groups]),
        score_average=round(sum(g.hundredths for g in groups) / 100 / n, 2) if n else None,
        score_min=min((group.least / 100 for group in groups), default=None),
        score_max=max((group.most / 100 for group in groups), default=None),
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
    newest = found.order_by(*NEWEST_FIRST).values_list("score", flat=True)
    scores = [float(score) for score in newest[: 2 * SCORES]]
    last, before = scores[:SCORES], scores[SCORES:]
    return RecentScores(
        last_average=round(sum(last) / len(last), 2) if last else None,
        trend=_trend(sum(last) / SCORES - sum(before) / SCORES) if len(before) == SCORES else None,
        total=found.count(),
    )


def overview() -> Overview:
    """Return what there is at all, and which coins the newest signals are about."""
    newest = listed_signals().order_by(*NEWEST_FIRST).values_list("symbol", flat=True)[:RECENT]
    symbols = Counter(newest)
    ranked = sorted(symbols.items(), key=lambda each: (-each[1], each[0]))
    return Overview(
        total=listed_count(),
        recent=symbols.total(),
        top_symbols=tuple(ranked[:TOP]),
        last_week=summary(7),
        database=connection.vendor,
    )


def performance_of(symbol: str, days: int = 30) -> Performance:
    """Return what came of one coin's own signals after each horizon."""
    return performance(OutcomeFilters(days=days, symbol=symbol))


def _of(symbol: str, since: datetime) -> QuerySet[Signal]:
    return listed_signals().filter(timestamp__gte=since, symbol=symbol)


class _Group(NamedTuple):
    """Signals of one side and band; scores in hundredths, so that sums are exact."""

    side: str
    band: str
    signals: int
    hundredths: int
    least: int
    most: int


def _of_all_coins(since: datetime) -> Iterator[_Group]:
    """Count by the sums of whole days; the day that a "clear" ends in, from its signals."""
    first = since.date()
    cut = newest_cut()
    if cut is not None and cut.hidden_until >= since:
        first = day_of(cut.hidden_until) + timedelta(days=1)
        yield from _counted(listed_signals().filter(timestamp__lt=start_of(first)))
    sums = (
        SignalDay.objects.filter(environment=settings.ENVIRONMENT, day__gte=first)
        .order_by()
        .values_list("signal", "confidence")
        .annotate(
            Sum("signals"),
            Sum("score_hundredths"),
            Min("least_hundredths"),
            Max("most_hundredths"),
        )
    )
    yield from (_Group(*row) for row in sums)


def _counted(signals: QuerySet[Signal]) -> Iterator[_Group]:
    sums = (
        signals.order_by()
        .values_list("signal", "confidence")
        .annotate(Count("pk"), Sum("score"), Min("score"), Max("score"))
    )
    for side, band, n, *scores in sums:
        yield _Group(side, band, n, *(round(score * 100) for score in scores))


def _by(names: list[str], counts: list[tuple[str, int]]) -> dict[str, int]:
    counted = Counter(dict.fromkeys(names, 0))
    for name, n in counts:
        counted[name] += n
    return dict(counted)


def _trend(difference: float) -> str:
    if abs(difference) < SCORE_STEP:
        return "steady"
    return "rising" if difference > 0 else "falling"

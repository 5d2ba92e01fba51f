"""How many signals are listed, of which side and coin, and out of how many evaluations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Sum

from signals.history import listed_signals, newest_cut
from signals.models import EvaluationCount, Signal

_COUNTED = ("evaluated", "long", "short", "neutral", "insufficient")
_DIGITS = 2


def history_statistics(symbol: str | None = None) -> dict[str, Any]:
    """Count the listed signals of one coin or of all; null where there is nothing to tell.

    ``evaluations`` are whole days: the day of a "clear" is not among them.
    """
    of_coin = {} if symbol is None else {"symbol": symbol}
    groups = list(
        listed_signals()
        .filter(**of_coin)
        .order_by()
        .values("symbol", "signal")
        .annotate(n=Count("pk"), points=Sum("score"))
        .annotate(first=Min("timestamp"), last=Max("timestamp"))
    )
    total = sum(group["n"] for group in groups)
    sides = dict.fromkeys(Signal.PublishedDirection.values, 0) | _summed(groups, "signal")
    coins = _summed(groups, "symbol")
    return {
        "symbol": symbol,
        "total": total,
        "signals": sides,
        "percentages": {
            side: round(100 * n / total, _DIGITS) if total else None for side, n in sides.items()
        },
        "averageScore": _average(groups, total),
        "symbolDistribution": dict(sorted(coins.items(), key=lambda coin: (-coin[1], coin[0]))),
        "dateRange": {
            "first": min((group["first"] for group in groups), default=None),
            "last": max((group["last"] for group in groups), default=None),
        },
        "evaluations": _evaluations(of_coin),
    }


def _summed(groups: Iterable[Mapping[str, Any]], name: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group[name]] += group["n"]
    return dict(counts)


def _average(groups: Iterable[Mapping[str, Any]], total: int) -> float | None:
    points = sum((group["points"] for group in groups), Decimal(0))
    return round(float(points) / total, _DIGITS) if total else None


def _evaluations(of_coin: Mapping[str, str]) -> dict[str, Any]:
    counts = EvaluationCount.objects.filter(environment=settings.ENVIRONMENT, **of_coin)
    after = _day_of_the_cut()
    if after is not None:
        counts = counts.filter(day__gt=after)
    sums = counts.aggregate(
        **{name: Sum(name) for name in _COUNTED}, first_day=Min("day"), last_day=Max("day")
    )
    return {
        **{name: sums[name] or 0 for name in _COUNTED},
        "firstDay": sums["first_day"],
        "lastDay": sums["last_day"],
    }


def _day_of_the_cut() -> date | None:
    cut = newest_cut()
    return None if cut is None else cut.hidden_until.astimezone(UTC).date()

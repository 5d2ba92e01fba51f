"""How many signals are listed, of which side and coin, and out of how many evaluations.

Told from the sums by month (``signals.storing``): counting a million signals one by one takes half
a second. The month that a "clear" ends in is counted from its signals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, QuerySet, Sum

from signals.history import listed_signals, newest_cut
from signals.models import EvaluationCount, HistoryCut, Signal, SignalMonth
from signals.storing import month_of

_COUNTED = ("evaluated", "long", "short", "neutral", "insufficient")
_DIGITS = 2
_A_MONTH_AT_MOST = timedelta(days=31)

# Coin, side, signals, and the sum of their scores in hundredths.
Group = tuple[str, str, int, int]


def history_statistics(symbol: str | None = None) -> dict[str, Any]:
    """Count the listed signals of one coin or of all; null where there is nothing to tell.

    ``evaluations`` are whole days: the day of a "clear" is not among them.
    """
    of_coin = {} if symbol is None else {"symbol": symbol}
    cut = newest_cut()
    sides = Counter(dict.fromkeys(Signal.PublishedDirection.values, 0))
    coins: Counter[str] = Counter()
    hundredths = 0
    for coin, side, count, points in _groups(cut, of_coin):
        sides[side] += count
        coins[coin] += count
        hundredths += points
    total = sides.total()
    return {
        "symbol": symbol,
        "total": total,
        "signals": dict(sides),
        "percentages": {
            side: round(100 * n / total, _DIGITS) if total else None for side, n in sides.items()
        },
        "averageScore": round(hundredths / 100 / total, _DIGITS) if total else None,
        "symbolDistribution": dict(sorted(coins.items(), key=lambda coin: (-coin[1], coin[0]))),
        "dateRange": listed_signals()
        .filter(**of_coin)
        .aggregate(first=Min("timestamp"), last=Max("timestamp")),
        "evaluations": _evaluations(cut, of_coin),
    }


def listed_count() -> int:
    """Return how many signals are listed, exactly."""
    return sum(count for _, _, count, _ in _groups(newest_cut(), {}))


def _groups(cut: HistoryCut | None, of_coin: Mapping[str, str]) -> Iterator[Group]:
    months: QuerySet[SignalMonth] = SignalMonth.objects.filter(
        environment=settings.ENVIRONMENT, **of_coin
    )
    if cut is not None:
        month = month_of(cut.hidden_until)
        months = months.filter(month__gt=month)
        rest = listed_signals().filter(timestamp__lt=_next_month(month), **of_coin).order_by()
        sums = rest.values("symbol", "signal").annotate(n=Count("pk"), points=Sum("score"))
        for row in sums:
            yield row["symbol"], row["signal"], row["n"], round(row["points"] * 100)
    yield from (
        months.order_by()
        .values_list("symbol", "signal")
        .annotate(Sum("signals"), Sum("score_hundredths"))
    )


def _next_month(month: date) -> datetime:
    following = (month + _A_MONTH_AT_MOST).replace(day=1)
    return datetime(following.year, following.month, 1, tzinfo=UTC)


def _evaluations(cut: HistoryCut | None, of_coin: Mapping[str, str]) -> dict[str, Any]:
    counts = EvaluationCount.objects.filter(environment=settings.ENVIRONMENT, **of_coin)
    if cut is not None:
        counts = counts.filter(day__gt=cut.hidden_until.astimezone(UTC).date())
    sums = counts.aggregate(
        **{name: Sum(name) for name in _COUNTED}, firstDay=Min("day"), lastDay=Max("day")
    )
    return {**sums, **{name: sums[name] or 0 for name in _COUNTED}}

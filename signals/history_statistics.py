"""How many signals are listed, of which side and coin, and out of how many evaluations.

Told from the sums by month (``signals.storing``): counting a million signals one by one takes half
a second. The month that a "clear" ends in is counted from its signals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
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
    cut = newest_cut()
    whole: int = _whole_months(cut).aggregate(n=Sum("signals"))["n"] or 0
    return whole if cut is None else whole + _rest_of_month(cut).count()


def _groups(cut: HistoryCut | None, of_coin: Mapping[str, str]) -> Iterator[Group]:
    whole = _whole_months(cut).filter(**of_coin).values_list("symbol", "signal")
    yield from whole.annotate(Sum("signals"), Sum("score_hundredths")).order_by()
    if cut is not None:
        rest = _rest_of_month(cut).filter(**of_coin).values_list("symbol", "signal")
        for symbol, side, count, points in rest.annotate(Count("pk"), Sum("score")).order_by():
            yield symbol, side, count, round(points * 100)


def _whole_months(cut: HistoryCut | None) -> QuerySet[SignalMonth]:
    """Return the sums of the months that a cut leaves whole."""
    months = SignalMonth.objects.filter(environment=settings.ENVIRONMENT)
    return months if cut is None else months.filter(month__gt=month_of(cut.hidden_until))


def _rest_of_month(cut: HistoryCut) -> QuerySet[Signal]:
    """Return the listed signals of the month that a cut ends in."""
    following = (month_of(cut.hidden_until) + _A_MONTH_AT_MOST).replace(day=1)
    begin = datetime(following.year, following.month, 1, tzinfo=UTC)
    return listed_signals().filter(timestamp__lt=begin)


def _evaluations(cut: HistoryCut | None, of_coin: Mapping[str, str]) -> dict[str, Any]:
    counts = EvaluationCount.objects.filter(environment=settings.ENVIRONMENT, **of_coin)
    if cut is not None:
        counts = counts.filter(day__gt=cut.hidden_until.astimezone(UTC).date())
    sums = counts.aggregate(
        **{name: Sum(name) for name in _COUNTED}, firstDay=Min("day"), lastDay=Max("day")
    )
    return {**sums, **{name: sums[name] or 0 for name in _COUNTED}}

"""The one way a signal is stored: with its place in the sums that statistics are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Sum
from django.db.models.functions import Greatest, Least, TruncDate, TruncMonth

from signals.models import Signal, SignalDay, SignalMonth

Place = tuple[str, str, date, str]


@transaction.atomic
def store_signals(signals: Sequence[Signal]) -> None:
    """Store new signals and add them to their months and days, all or nothing."""
    Signal.objects.bulk_create(signals)
    # In one order, so that two who store at once do not wait for each other.
    _add_to_months(signals)
    _add_to_days(signals)


@transaction.atomic
def count_anew() -> None:
    """Count every stored signal again: after rows were lost or came back in another way."""
    if connection.vendor == "postgresql":
        # Whoever stores meanwhile is waited for, or waits to add to the new sums. SQLite's
        # transactions take turns anyway.
        tables = ", ".join(table._meta.db_table for table in (SignalMonth, SignalDay))
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
    months, days = _months(), _days()
    SignalMonth.objects.all().delete()
    SignalMonth.objects.bulk_create(months, batch_size=1000)
    SignalDay.objects.all().delete()
    SignalDay.objects.bulk_create(days, batch_size=1000)


def month_of(at: datetime) -> date:
    """Return the first day of the UTC month of an instant."""
    return day_of(at).replace(day=1)


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


# --- Months: by coin and side ---------------------------------------------------------------------


def _add_to_months(signals: Sequence[Signal]) -> None:
    sums: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for signal in signals:
        place = signal.environment, signal.symbol, month_of(signal.timestamp), signal.signal
        sums[place][0] += 1
        sums[place][1] += int(signal.score * 100)
    for place, (count, hundredths) in sorted(sums.items()):
        environment, symbol, month, side = place
        row, _ = SignalMonth.objects.get_or_create(
            environment=environment, symbol=symbol, month=month, signal=side
        )
        SignalMonth.objects.filter(pk=row.pk).update(
            signals=F("signals") + count, score_hundredths=F("score_hundredths") + hundredths
        )


def _months() -> list[SignalMonth]:
    groups = (
        Signal.objects.order_by()
        .annotate(month_begin=TruncMonth("timestamp"))
        .values_list("environment", "symbol", "month_begin", "signal")
        .annotate(Count("pk"), Sum("score"))
    )
    return [
        SignalMonth(
            environment=environment,
            symbol=symbol,
            month=begin.date(),
            signal=side,
            signals=count,
            score_hundredths=round(points * 100),
        )
        for environment, symbol, begin, side, count, points in groups
    ]


# --- Days: of all coins, by side and confidence ---------------------------------------------------


def _add_to_days(signals: Sequence[Signal]) -> None:
    scores: dict[Place, list[int]] = defaultdict(list)
    for signal in signals:
        place = signal.environment, signal.signal, day_of(signal.timestamp), signal.confidence
        scores[place].append(int(signal.score * 100))
    for place, hundredths in sorted(scores.items()):
        environment, side, day, confidence = place
        least, most = min(hundredths), max(hundredths)
        row, _ = SignalDay.objects.get_or_create(
            environment=environment,
            day=day,
            signal=side,
            confidence=confidence,
            defaults={"least_hundredths": least, "most_hundredths": most},
        )
        SignalDay.objects.filter(pk=row.pk).update(
            signals=F("signals") + len(hundredths),
            score_hundredths=F("score_hundredths") + sum(hundredths),
            least_hundredths=Least(F("least_hundredths"), least),
            most_hundredths=Greatest(F("most_hundredths"), most),
        )


def _days() -> list[SignalDay]:
    groups = (
        Signal.objects.order_by()
        .annotate(evaluated_on=TruncDate("timestamp"))
        .values_list("environment", "evaluated_on", "signal", "confidence")
        .annotate(Count("pk"), Sum("score"), Min("score"), Max("score"))
    )
    return [
        SignalDay(
            environment=environment,
            day=day,
            signal=side,
            confidence=confidence,
            signals=count,
            score_hundredths=round(points * 100),
            least_hundredths=round(least * 100),
            most_hundredths=round(most * 100),
        )
        for environment, day, side, confidence, count, points, least, most in groups
    ]

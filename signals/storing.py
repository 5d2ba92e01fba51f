"""The one way a signal is stored: with its place in the sums that statistics are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from signals.models import Signal, SignalMonth

Place = tuple[str, str, date, str]


@transaction.atomic
def store_signals(signals: Sequence[Signal]) -> None:
    """Store new signals and add them to their months, all or nothing."""
    Signal.objects.bulk_create(signals)
    sums: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for signal in signals:
        place = signal.environment, signal.symbol, month_of(signal.timestamp), signal.signal
        sums[place][0] += 1
        sums[place][1] += int(signal.score * 100)
    # In one order, so that two who store at once do not wait for each other.
    for place, (count, hundredths) in sorted(sums.items()):
        environment, symbol, month, side = place
        row, _ = SignalMonth.objects.get_or_create(
            environment=environment, symbol=symbol, month=month, signal=side
        )
        SignalMonth.objects.filter(pk=row.pk).update(
            signals=F("signals") + count, score_hundredths=F("score_hundredths") + hundredths
        )


@transaction.atomic
def count_anew() -> None:
    """Count every stored signal again: after rows were lost or came back in another way."""
    if connection.vendor == "postgresql":
        # Whoever stores meanwhile is waited for, or waits to add to the new sums. SQLite's
        # transactions take turns anyway.
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {SignalMonth._meta.db_table} IN EXCLUSIVE MODE")
    groups = (
        Signal.objects.order_by()
        .annotate(month_begin=TruncMonth("timestamp"))
        .values_list("environment", "symbol", "month_begin", "signal")
        .annotate(Count("pk"), Sum("score"))
    )
    months = [
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
    SignalMonth.objects.all().delete()
    SignalMonth.objects.bulk_create(months, batch_size=1000)


def month_of(at: datetime) -> date:
    """Return the first day of the UTC month of an instant."""
    return at.astimezone(UTC).date().replace(day=1)

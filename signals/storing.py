"""The one way a signal is stored: with its place in the sums that statistics are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import F

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


def month_of(at: datetime) -> date:
    """Return the first day of the UTC month of an instant."""
    return at.astimezone(UTC).date().replace(day=1)

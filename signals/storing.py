"""The one way a signal is stored: with its place in the sums that statistics are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from signals.models import Signal, SignalDay, SignalMonth

Place = tuple[str, str, date, str]


@transaction.atomic
def store_signals(signals: Sequence[Signal]) -> None:
    """Store new signals and add them to their months and days, all or nothing."""
    Signal.objects.bulk_create(signals)
    _add_to_months(signals)
    _add_to_days(signals)


def month_of(at: datetime) -> date:
    """Return the first day of the UTC month of an instant."""
    return day_of(at).replace(day=1)


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _add_to_months(signals: Sequence[Signal]) -> None:
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

"""The verbs of the signals app: evaluate and publish.

``evaluate_symbols`` computes and stores nothing; it is what a GET calls. ``publish_evaluations`` is
what scans call: it decides by the publishing rule, links the hash chain, writes row, alert event
and backup line together, and counts. What decides is pure and lies beside this module.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from market.clock import datetime_at, wall_s
from market.services import collect_snapshots
from market.snapshot import MarketSnapshot, compress_snapshot
from market.types import Instrument
from signals import backup
from signals.alert_facts import owe_alert
from signals.backup_import import import_backup
from signals.engine import evaluate
from signals.engine.types import Direction, ScoringProfile, SignalResult
from signals.hash_chain import GENESIS_HASH, content_hash
from signals.models import EvaluationCount, Signal
from signals.publishing_rule import LastPublished, is_due
from signals.rendering import signal_columns
from signals.selectors import last_published, last_published_of
from signals.storing import store_signals

logger = logging.getLogger(__name__)

# What Django raises when the database is not there; a locked SQLite file is among them.
DATABASE_AWAY = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A result with what it was computed from: all that publishing needs."""

    result: SignalResult
    snapshot: MarketSnapshot
    profile: ScoringProfile


def evaluate_symbols(
    instruments: Sequence[Instrument],
    profile: ScoringProfile,
    *,
    deadline_s: float | None = None,
    share: float = 1.0,
) -> list[Evaluation]:
    """Fetch and score, all coins as one frame, in the order given. Stores and sends nothing.

    ``share`` is these coins' part of a larger scan, and of the calls it may make.
    """
    if not instruments:
        return []
    snapshots = collect_snapshots(
        instruments, deadline_s=deadline_s, with_evidence=len(instruments) == 1, share=share
    )
    results = evaluate(snapshots, profile)
    return [
        Evaluation(result, snapshot, profile)
        for result, snapshot in zip(results, snapshots, strict=True)
    ]


def publish_evaluations(evaluations: Sequence[Evaluation]) -> list[Signal]:
    """Publish what is due and count every evaluation; return the new signals."""
    published = [publish_signal(evaluation) for evaluation in evaluations]
    try:
        count_evaluations([evaluation.result for evaluation in evaluations])
    except DATABASE_AWAY:
        # Counts are statistics: unlike signals they are not worth a second place.
        logger.exception("evaluations not counted, the database is away")
    return [signal for signal in published if signal is not None]


def publish_signal(evaluation: Evaluation) -> Signal | None:
    """Store an evaluation if the publishing rule says so; return the signal, or None.

    Row, alert event and backup line are written together, the line before the commit: a crash
    between the two leaves the line, which ``import_backup --all`` brings in. With the database away
    the line alone is written; it becomes a row and raises its alert when the database is back, and
    until then the returned signal has no ``pk``.
    """
    if evaluation.result.direction is Direction.NEUTRAL:
        return None
    created_at = datetime_at(int(wall_s() * 1000))
    try:
        if backup.outage() is not None:
            import_backup()
        return _store(evaluation, created_at)
    except DATABASE_AWAY:
        logger.exception(
            "database away, the signal goes to the backup file",
            extra={"symbol": evaluation.result.symbol},
        )
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return _keep_in_backup(evaluation, created_at)


def count_evaluations(results: Sequence[SignalResult]) -> None:
    """Add evaluations to their day's counts."""
    for result in results:
        kind = _count_kind(result)
        row, _ = EvaluationCount.objects.get_or_create(
            environment=result.environment,
            symbol=result.symbol,
            profile_name=result.profile_name,
            day=datetime_at(result.at_ms).date(),
        )
        EvaluationCount.objects.filter(pk=row.pk).update(
            **{"evaluated": F("evaluated") + 1, kind: F(kind) + 1}
        )


def _store(evaluation: Evaluation, created_at: datetime) -> Signal | None:
    stream = _stream(evaluation.result)
    signal = None
    try:
        with transaction.atomic():
            last = last_published(**stream)
            if not is_due(evaluation.result, last, evaluation.profile):
                return None
            signal = _linked(evaluation, last, created_at)
            store_signals([signal])
            owe_alert(signal, last)
            _mirror(signal)
            return signal
    except IntegrityError:
        if signal is None or not Signal.objects.filter(**stream, seq=signal.seq).exists():
            raise
        logger.info("another worker published first", extra=stream)
        return None


def _mirror(signal: Signal) -> None:
    try:
        with backup.exclusive():
            backup.append(signal.columns())
    except OSError:
        # The database is the first place; a full or read-only disk must not stop signals.
        logger.exception("backup line not written", extra={"symbol": signal.symbol})


def _keep_in_backup(evaluation: Evaluation, created_at: datetime) -> Signal | None:
    with backup.exclusive():
        newest = backup.last_of_stream(**_stream(evaluation.result))
        last = None if newest is None else last_published_of(newest.columns)
        if newest is not None and last is not None and _is_same(evaluation.result, last):
            # Written a moment ago, and then the commit failed or its answer was lost.
            backup.mark_outage(newest.position)
            return Signal.of_columns(newest.columns)
        if not is_due(evaluation.result, last, evaluation.profile):
            return None
        signal = _linked(evaluation, last, created_at)
        # Marked first: killed between the two, a mark without a line costs nothing, but a line
        # without a mark would never become a row.
        backup.mark_outage(backup.end())
        backup.append(signal.columns())
        return signal


def _linked(evaluation: Evaluation, last: LastPublished | None, created_at: datetime) -> Signal:
    columns: dict[str, Any] = {
        **signal_columns(evaluation.result, evaluation.profile),
        "inputs": compress_snapshot(evaluation.snapshot),
        "seq": 1 if last is None else last.seq + 1,
        "prev_hash": GENESIS_HASH if last is None else last.content_hash,
        "created_at": created_at,
    }
    return Signal(**columns, content_hash=content_hash(columns))


def _stream(result: SignalResult) -> dict[str, str]:
    return {
        "environment": result.environment,
        "symbol": result.symbol,
        "profile_name": result.profile_name,
    }


def _is_same(result: SignalResult, last: LastPublished) -> bool:
    return result.at_ms == last.at_ms and result.input_hash == last.input_hash


def _count_kind(result: SignalResult) -> str:
    if result.direction is not Direction.NEUTRAL:
        return result.direction.value.lower()
    return "insufficient" if result.neutral_reason == "insufficient_data" else "neutral"

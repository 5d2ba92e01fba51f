"""Bring the database up to date from the backup files.

Used after an outage of the database (from the marked line on) and to restore a table (from the
first line on). Safe to repeat and to run in two processes at once: a signal that is there is left
alone. A line that no longer fits the end of its stream, because another process reached the
database meanwhile, is linked anew behind it: nothing published is lost and the chain stays whole.

A line of an outage, that is from its mark on, was published without its alert and owes it still:
the event is written with the row. Older lines are history being restored and tell nobody anything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from signals import backup
from signals.alert_facts import owe_alert
from signals.hash_chain import GENESIS_HASH, content_hash
from signals.models import Signal
from signals.publishing_rule import LastPublished
from signals.selectors import last_published
from signals.storing import count_anew, store_signals

logger = logging.getLogger(__name__)

# Each one lost means that another process added a link; more than a few in a row is a fault.
_RACES_EXPECTED = 4


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many lines became rows, were rows already, or do not match their own hash."""

    imported: int = 0
    known: int = 0
    refused: int = 0


def import_backup(*, everything: bool = False) -> ImportReport:
    """Store the signals that the backup has and the database lacks."""
    counts = {"imported": 0, "known": 0, "refused": 0}
    start = None if everything else backup.outage()
    if start is None and not everything:
        return ImportReport()
    while True:
        with backup.exclusive():
            upto, outage = backup.end(), backup.outage()
        for line in backup.lines(start, upto):
            owes_alert = outage is not None and line.position >= outage
            counts[_import(line.columns, owes_alert=owes_alert)] += 1
        if backup.clear_outage(upto):
            break
        start = upto
    if everything:
        count_anew()  # the table may have been lost without its sums, or the sums without it
    report = ImportReport(**counts)
    logger.info("backup imported", extra=counts)
    return report


def _import(columns: backup.Columns, *, owes_alert: bool) -> str:
    hashed = {name: columns.get(name) for name in Signal.HASHED_COLUMNS}
    if content_hash(hashed) != columns.get("content_hash"):
        logger.error(
            "backup line refused: it does not match its hash",
            extra={"symbol": columns.get("symbol"), "seq": columns.get("seq")},
        )
        return "refused"
    for _ in range(_RACES_EXPECTED):
        try:
            return _store(hashed, owes_alert=owes_alert)
        except IntegrityError:
            continue
    return _store(hashed, owes_alert=owes_alert)


def _store(columns: dict[str, Any], *, owes_alert: bool) -> str:
    with transaction.atomic():
        if _is_stored(columns):
            return "known"
        last = last_published(columns["environment"], columns["symbol"], columns["profile_name"])
        signal = Signal.of_columns(_linked(columns, last))
        store_signals([signal])
        if owes_alert:
            owe_alert(signal, last, is_late=True)
        return "imported"


def _is_stored(columns: dict[str, Any]) -> bool:
    identity = ("environment", "symbol", "profile_name", "timestamp", "input_hash")
    return Signal.objects.links().filter(**{name: columns[name] for name in identity}).exists()


def _linked(columns: dict[str, Any], last: LastPublished | None) -> dict[str, Any]:
    linked = {
        **columns,
        "seq": 1 if last is None else last.seq + 1,
        "prev_hash": GENESIS_HASH if last is None else last.content_hash,
    }
    return {**linked, "content_hash": content_hash(linked)}

"""Import signals from files: beside the chains, each once, however often it is asked for.

A record that is there already, by coin, instant and side, is left alone; a bad one is refused with
its reason and the rest goes on. Outcomes come by themselves, from the sweep that fills them.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from market.clock import wall_now
from signals.history import stored_signals
from signals.importing_files import Unreadable, records
from signals.importing_records import Columns, columns_of
from signals.importing_values import Refused, Skipped
from signals.models import Signal
from signals.storing import store_signals

logger = logging.getLogger(__name__)

RESULTS = ("imported", "duplicate", "skipped", "refused")
BATCH = 200
# Each one lost means that another import stored a record first; more in a row is a fault.
_RACES_EXPECTED = 4

Key = tuple[str, datetime, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record."""

    record: int
    result: str  # one of RESULTS
    reason: str | None = None
    symbol: str | None = None
    signal: str | None = None
    timestamp: str | None = None
    source_reference: str | None = None


@dataclass(frozen=True, slots=True)
class _Parsed:
    number: int
    columns: Columns

    @property
    def key(self) -> Key:
        return self.columns["symbol"], self.columns["timestamp"], self.columns["signal"]

    def result(self, result: str, reason: str | None = None) -> Result:
        symbol, at, side = self.key
        reference = self.columns["source_reference"] or None
        return Result(self.number, result, reason, symbol, side, at.isoformat(), reference)


def import_signals(
    path: Path, *, dry_run: bool = False, report: Callable[[dict[str, Any]], None] | None = None
) -> Counter[str]:
    """Store a file's signals that are not there yet; ``report`` is told of each record.

    A dry run stores nothing and says what would become of each record. Returns how many records
    had each of RESULTS.
    """
    totals = Counter(dict.fromkeys(RESULTS, 0))
    keep = _rehearsal() if dry_run else _store
    numbered, now = records(path), wall_now()
    while batch := list(islice(numbered, BATCH)):
        for result in _results(batch, keep, now):
            totals[result.result] += 1
            if report is not None:
                report(asdict(result))
    logger.info("signals imported", extra={**totals, "dry_run": dry_run})
    return totals


def _results(
    batch: list[tuple[int, Any]], keep: Callable[[list[_Parsed]], set[int]], now: datetime
) -> list[Result]:
    results, parsed = [], []
    for number, record in batch:
        try:
            if isinstance(record, Unreadable):
                raise Refused(record.reason)
            columns = columns_of(record, environment=settings.ENVIRONMENT, now=now)
            parsed.append(_Parsed(number, columns))
        except Refused as e:
            results.append(Result(number, "refused", str(e)))
        except Skipped as e:
            results.append(Result(number, "skipped", str(e)))
    kept = keep(parsed)
    results += [
        each.result("imported") if each.number in kept else each.result("duplicate", _DUPLICATE)
        for each in parsed
    ]
    return sorted(results, key=lambda result: result.record)


_DUPLICATE = "the same coin, instant and side is there already"


def _store(parsed: list[_Parsed]) -> set[int]:
    """Store what is not there yet; return the numbers of those records."""
    for attempt in range(1, _RACES_EXPECTED + 1):
        fresh = _fresh(parsed)
        try:
            store_signals([Signal(**each.columns) for each in fresh])
            return {each.number for each in fresh}
        except IntegrityError:
            if attempt == _RACES_EXPECTED:
                raise
    raise AssertionError("unreachable")


def _fresh(parsed: list[_Parsed]) -> list[_Parsed]:
    """Return the first record of each signal that is not stored yet."""
    first: dict[Key, _Parsed] = {}
    for each in parsed:
        first.setdefault(each.key, each)
    known = set(
        stored_signals()
        .filter(
            symbol__in={symbol for symbol, _, _ in first},
            timestamp__in={at for _, at, _ in first},
        )
        .values_list("symbol", "timestamp", "signal")
    )
    return [each for key, each in first.items() if key not in known]


def _rehearsal() -> Callable[[list[_Parsed]], set[int]]:
    """Return what stands in for storing: it remembers eight bytes of each record instead."""
    seen: set[int] = set()

    def keep(parsed: list[_Parsed]) -> set[int]:
        fresh = [each for each in _fresh(parsed) if _short_hash(each.key) not in seen]
        seen.update(_short_hash(each.key) for each in fresh)
        return {each.number for each in fresh}

    return keep


def _short_hash(key: Key) -> int:
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8])

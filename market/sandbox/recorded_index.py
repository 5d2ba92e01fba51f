"""Recorded days of the fear and greed index, labels included, for ``replay``."""

from __future__ import annotations

import csv
import gzip
from functools import cached_property
from pathlib import Path

import orjson

from market.sandbox.source import DailyIndex

# The newest value is the vendor's answer for so long; later there is no recording of the day.
_NEWEST_VALID_S = 2 * 86_400


class RecordedIndex:
    """Tables of ``ts,value,classification`` and saved answers of the vendor in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def until(self, now_ms: int) -> DailyIndex:
        """Return the days known at an instant, ascending; none when no file reaches it."""
        now_s = now_ms // 1000
        for days in self._files:
            known = [day for day in days if day[0] <= now_s]
            if known and now_s - known[-1][0] < _NEWEST_VALID_S:
                ts_s, values, labels = zip(*known, strict=True)
                return DailyIndex(list(ts_s), list(values), list(labels))
        return DailyIndex([], [], [])

    @cached_property
    def _files(self) -> list[list[tuple[int, int, str]]]:
        if not self._folder.is_dir():
            return []
        return [
            days
            for path in sorted(self._folder.iterdir())
            if (days := _from_json(path) if path.suffix == ".json" else _from_table(path))
        ]


def _from_table(path: Path) -> list[tuple[int, int, str]]:
    if ".csv" not in path.name:
        return []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return sorted(
            (int(row["ts"]), int(row["value"]), row["classification"])
            for row in csv.DictReader(lines)
            if row["value"]
        )


def _from_json(path: Path) -> list[tuple[int, int, str]]:
    rows = orjson.loads(path.read_bytes())["data"]
    return sorted(
        (int(row["timestamp"]), int(row["value"]), row["value_classification"]) for row in rows
    )

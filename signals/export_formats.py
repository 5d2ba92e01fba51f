"""How an exported signal is written: as a line of JSON that carries the chain, or as a row of CSV.

Each format says which columns it reads. Neither knows where rows come from.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

from signals.hash_chain import plain
from signals.history import EVIDENCE
from signals.models import Signal

Row = Sequence[Any]


class ExportFormat(Protocol):
    """What an export needs of a format; ``columns`` begin with the row's id."""

    content_type: str
    columns: tuple[str, ...]

    def head(self) -> bytes: ...

    def rows(self, rows: Iterable[Row]) -> bytes: ...

    def end(self, count: int) -> bytes:
        """Return what says that all rows have been told."""

    def broken(self, count: int) -> bytes:
        """Return what says that rows are missing from here on."""


class JsonLines:
    """A line per signal: its hashed columns in their canonical form, and what stands beside them.

    Of the inputs the hash covers their SHA-256, which is what ``inputs`` is; on request
    ``inputs_base64`` holds them whole. The last line is ``{"end": {"rows": N}}``.
    """

    content_type = "application/x-ndjson"
    columns: tuple[str, ...] = (
        "id", *Signal.HASHED_COLUMNS, "content_hash", "imported_at", "source_reference",
        "source_extra",
    )  # fmt: skip

    def __init__(self, *, with_inputs: bool) -> None:
        self._with_inputs = with_inputs

    def head(self) -> bytes:
        return b""

    def rows(self, rows: Iterable[Row]) -> bytes:
        return b"".join(orjson.dumps(self._line(row)) + b"\n" for row in rows)

    def end(self, count: int) -> bytes:
        return orjson.dumps({"end": {"rows": count}}) + b"\n"

    def broken(self, count: int) -> bytes:
        return orjson.dumps({"broken": {"rows": count, "detail": _BROKEN}}) + b"\n"

    def _line(self, row: Row) -> dict[str, Any]:
        columns = dict(zip(self.columns, row, strict=True))
        line = {name: _json(name, value) for name, value in columns.items()}
        line["origin"] = "imported" if columns["seq"] is None else "own"
        if self._with_inputs:
            inputs = columns["inputs"]
            line["inputs_base64"] = None if inputs is None else base64.b64encode(inputs).decode()
        return line


class CsvTable:
    """A row per signal for spreadsheets: the main figures, the reasons in one cell, no chain."""

    content_type = "text/csv; charset=utf-8"
    columns: tuple[str, ...] = (
        "id", "symbol", "signal", "score", "confidence", "confidence_score", "coverage_pct",
        "price", "timestamp", "created_at", "profile_name", "profile_version", "engine_version",
        "seq", "content_hash", "source_reference", "reasons", "metrics",
    )  # fmt: skip
    _METRICS = ("fundingRate", "openInterest", "socialScore", "priceTrend")

    def head(self) -> bytes:
        return _csv([(*self.columns[:-1], *self._METRICS)])

    def rows(self, rows: Iterable[Row]) -> bytes:
        return _csv([self._cells(row) for row in rows])

    def end(self, count: int) -> bytes:  # noqa: ARG002 - a row more would be taken for a signal
        return b""

    def broken(self, count: int) -> bytes:
        return _csv([(f"#BROKEN after {count} rows: {_BROKEN}",)])

    def _cells(self, row: Row) -> list[Any]:
        *figures, reasons, metrics = row
        told = orjson.loads(metrics)
        return [
            *map(_cell, figures),
            _cell(" | ".join(map(str, orjson.loads(reasons)))),
            *(_cell(told.get(name)) for name in self._METRICS),
        ]


_BROKEN = "the export broke off here, the rest is missing; ask again"

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def _json(name: str, value: Any) -> Any:
    return orjson.Fragment(value) if name in EVIDENCE and value is not None else plain(value)


def _cell(value: Any) -> Any:
    """Return a number as it is and a text so that no spreadsheet computes it."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    if not isinstance(value, str):
        value = plain(value)
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{value}" if value.startswith(_FORMULA) else value


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

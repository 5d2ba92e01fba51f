"""The second place a signal is written to: append-only JSON Lines, one file per month.

Files only, no database. Every line holds all columns of one signal, inputs included, so that the
files alone restore the table. While the database is away they are also where signals wait: the
mark of an outage says from which line on the database has yet to catch up
(``signals.backup_import``). Appends are fsynced and serialised among processes by a lock file; a
line torn by a crash is closed off by the next append and skipped by readers.
"""

from __future__ import annotations

import base64
import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

logger = logging.getLogger(__name__)

_FILE_GLOB = "signals-*.jsonl"
_OUTAGE_MARK = "outage"
_LOCK = "lock"

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A byte offset in one month's file; positions order as the lines were written."""

    file_name: str
    offset: int


_BEGINNING = Position("", 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One readable line: the signal's columns and where the line starts."""

    position: Position
    columns: Columns


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold the backup for this process: between reading its tail and appending to it."""
    directory = _directory()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append(columns: Columns) -> Position:
    """Write one signal and return where its line starts. Call inside :func:`exclusive`."""
    created_at: datetime = columns["created_at"]
    path = _directory() / f"signals-{created_at:%Y-%m}.jsonl"
    is_new = not path.exists()
    with open(path, "ab+", opener=_private) as file:
        start = file.seek(0, os.SEEK_END)
        line = _encode(columns)
        if start > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
                start += 1
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_directory()
    return Position(path.name, start)


def last_of_stream(environment: str, symbol: str, profile_name: str) -> Line | None:
    """Return the newest line of a stream, searching the newest month first."""
    opening = _opening(environment, symbol, profile_name)
    for path in sorted(_directory().glob(_FILE_GLOB), reverse=True):
        found = None
        for position, raw in _raw_lines(path, 0):
            if raw.startswith(opening):
                found = _decode(position, raw) or found
        if found is not None:
            return found
    return None


def lines(start: Position | None, end: Position | None) -> Iterator[Line]:
    """Yield readable lines from ``start`` (None: the first) up to ``end``, oldest first."""
    for path in sorted(_directory().glob(_FILE_GLOB)):
        if start is not None and path.name < start.file_name:
            continue
        offset = start.offset if start is not None and path.name == start.file_name else 0
        for position, raw in _raw_lines(path, offset):
            if end is not None and position >= end:
                return
            line = _decode(position, raw)
            if line is not None:
                yield line


def end() -> Position:
    """Return where the newest file ends; before every line when there is no file."""
    paths = sorted(_directory().glob(_FILE_GLOB))
    return Position(paths[-1].name, paths[-1].stat().st_size) if paths else _BEGINNING


def mark_outage(start: Position) -> None:
    """Remember that lines from ``start`` on may be missing in the database.

    Call inside :func:`exclusive`; an earlier mark stays.
    """
    before = outage()
    if before is not None and before <= start:
        return
    mark = _directory() / _OUTAGE_MARK
    fresh = mark.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(orjson.dumps([start.file_name, start.offset]))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(mark)
    _sync_directory()


def outage() -> Position | None:
    """Return where the database has to catch up from; None when nothing waits."""
    try:
        raw = (_directory() / _OUTAGE_MARK).read_bytes()
    except FileNotFoundError:
        return None
    file_name, offset = orjson.loads(raw)
    return Position(file_name, offset)


def clear_outage(upto: Position) -> bool:
    """Take the mark away unless lines were added after ``upto``; return whether it is gone."""
    with exclusive():
        if end() != upto:
            return False
        (_directory() / _OUTAGE_MARK).unlink(missing_ok=True)
        return True


def _directory() -> Path:
    return Path(settings.BACKUP_DIR)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_directory() -> None:
    descriptor = os.open(_directory(), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opening(environment: str, symbol: str, profile_name: str) -> bytes:
    """Return how every line of a stream begins: found without parsing."""
    return b'{"stream":' + orjson.dumps([environment, symbol, profile_name]) + b","


def _encode(columns: Columns) -> bytes:
    stream = [columns["environment"], columns["symbol"], columns["profile_name"]]
    document = {"stream": stream, **{key: _to_json(value) for key, value in columns.items()}}
    return orjson.dumps(document) + b"\n"


def _to_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value


def _decode(position: Position, raw: bytes) -> Line | None:
    try:
        document: Mapping[str, Any] = orjson.loads(raw)
        columns = {key: value for key, value in document.items() if key != "stream"}
        columns["score"] = Decimal(columns["score"])
        columns["price"] = Decimal(columns["price"])
        columns["timestamp"] = datetime.fromisoformat(columns["timestamp"])
        columns["created_at"] = datetime.fromisoformat(columns["created_at"])
        columns["inputs"] = base64.b64decode(columns["inputs"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        logger.warning(
            "unreadable backup line skipped",
            extra={"file": position.file_name, "offset": position.offset},
        )
        return None
    return Line(position, columns)


def _raw_lines(path: Path, offset: int) -> Iterator[tuple[Position, bytes]]:
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            # A line feed alone closes off a torn line when reading starts behind it.
            if raw != b"\n":
                yield Position(path.name, offset), raw
            offset += len(raw)

"""Records of a file to import: an array of JSON, read at once, or JSON Lines, read line by line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

# The first release kept a thousand records, some 3 MB. Parsed, an array takes ten times its size.
MOST_ARRAY_BYTES = 64 * 2**20
# A line of ours with its inputs has a hundred kilobytes.
MOST_LINE_BYTES = 8 * 2**20

_MOST_DIGITS = 40
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What the last line of our export says instead of a signal.
_END, _BROKEN = {"end"}, {"broken"}


class UnreadableFile(Exception):
    """The file as a whole is none that can be imported; the text says why."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no record, and why."""

    reason: str


def records(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield each record with its number in the file, from 1: parsed, or Unreadable."""
    with path.open("rb") as file:
        if _first_byte(file) == b"[":
            yield from enumerate(_array(path), 1)
        else:
            yield from _lines(file)


def _first_byte(file: BinaryIO) -> bytes:
    start = file.read(4096).removeprefix(_BYTE_ORDER_MARK).lstrip()
    file.seek(0)
    if not start:
        raise UnreadableFile("The file is empty.")
    return start[:1]


def _array(path: Path) -> list[Any]:
    if path.stat().st_size > MOST_ARRAY_BYTES:
        raise UnreadableFile(
            f"An array of more than {MOST_ARRAY_BYTES // 2**20} MB: write one record a line "
            "(JSON Lines) instead."
        )
    try:
        parsed: list[Any] = _parse(path.read_bytes())
    except ValueError as e:
        raise UnreadableFile(f"The file is not JSON: {e}") from e
    return parsed


def _lines(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    number = 0
    while raw := file.readline(MOST_LINE_BYTES + 1):
        number += 1
        if len(raw) > MOST_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MOST_LINE_BYTES)
            yield number, Unreadable(f"a line of more than {MOST_LINE_BYTES // 2**20} MB")
            continue
        if not raw.strip():
            continue
        try:
            record = _parse(raw)
        except ValueError as e:
            yield number, Unreadable(f"not JSON: {e}")
            continue
        if isinstance(record, dict) and record.keys() == _BROKEN:
            yield number, Unreadable("this export broke off: the rest is missing")
        elif not (isinstance(record, dict) and record.keys() == _END):
            yield number, record


def _parse(raw: bytes) -> Any:
    """Return the parsed value; NaN and the infinities, which Python writes, are unknown: None."""
    text = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_int=_whole)
    except RecursionError as e:
        raise ValueError("nested too deep") from e


def _whole(digits: str) -> int | float:
    # Python refuses to read thousands of digits; infinity is refused with its record later on.
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf

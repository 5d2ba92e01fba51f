"""Strict readers that every payload parser is made of. Pure.

Vendors send numbers as strings, times as numbers, "" for unknown, and now and then nonsense. A
value is read in its documented form or refused with a reason; a refused row is dropped and counted
(``Parsed``), a refused answer becomes ``ProviderPayloadError``, and nothing else ever comes out of
a parser. Reasons are our own words and never quote the payload: users see them in ``problems``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from market.providers.errors import ProviderPayloadError

T = TypeVar("T")

# Bitcoin's first block is of 2009-01-03: nothing on any page is older.
EARLIEST_MS = 1_230_768_000_000  # 2009-01-01
LATEST_MS = 4_102_444_800_000  # 2100-01-01
# Supplies of meme tokens reach 1e24; a larger number is a fault, not a market.
LARGEST_NUMBER = 1e30
LONGEST_NUMBER = 64  # characters of a number sent as text
REASONS_KEPT = 10  # enough to see what is wrong; an answer may hold a million rows

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"\d{1,15}", re.ASCII)


class Refused(ValueError):
    """A value, row or answer that is not what the vendor documents."""


UNREADABLE = (Refused, LookupError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What was read, how many rows (or optional values) were not, and why."""

    value: T
    refused: int = 0
    reasons: tuple[str, ...] = ()


@contextmanager
def parses(provider: str, endpoint: str) -> Iterator[None]:
    """Make a parser total: whatever it refuses leaves as ProviderPayloadError."""
    try:
        yield
    except UNREADABLE as e:
        reason = str(e) if isinstance(e, Refused) else type(e).__name__
        raise ProviderPayloadError(provider, endpoint, reason) from e


# --- one value -----------------------------------------------------------------------------------


def finite(value: Any) -> float:
    """Return a finite, bounded number from a JSON number or its decimal text."""
    if type(value) is str:
        if len(value) > LONGEST_NUMBER or not _NUMBER.fullmatch(value):
            raise Refused("not a number")
        number = float(value)
    elif type(value) is float or type(value) is int:
        if abs(value) > LARGEST_NUMBER:  # before float(): a huge int would overflow
            raise Refused("too large")
        number = float(value)
    else:
        raise Refused("not a number")
    if not math.isfinite(number):
        raise Refused("not finite")
    if abs(number) > LARGEST_NUMBER:
        raise Refused("too large")
    return number


def positive(value: Any) -> float:
    number = finite(value)
    if number <= 0.0:
        raise Refused("not positive")
    return number


def not_negative(value: Any) -> float:
    number = finite(value)
    if number < 0.0:
        raise Refused("negative")
    return number


def share_pct(value: Any) -> float:
    """Return percent from a fraction of 0 to 1."""
    fraction = finite(value)
    if not 0.0 <= fraction <= 1.0:
        raise Refused("not a share")
    return fraction * 100.0


def percent(value: Any) -> float:
    """Return a percentage of 0 to 100."""
    number = finite(value)
    if not 0.0 <= number <= 100.0:
        raise Refused("not within 0 to 100")
    return number


def rate_pct(value: Any) -> float:
    """Return a funding rate in percent from a fraction; venues cap it at a few percent."""
    fraction = finite(value)
    if abs(fraction) > 1.0:
        raise Refused("not a funding rate")
    return fraction * 100.0


def integer(value: Any) -> int:
    """Return a non-negative integer from a JSON integer or its digits."""
    if type(value) is int:
        number = value
    elif type(value) is str and _INTEGER.fullmatch(value):
        number = int(value)
    else:
        raise Refused("not an integer")
    if not 0 <= number < 10**15:
        raise Refused("not a plausible integer")
    return number


def epoch_ms(value: Any) -> int:
    """Return Unix milliseconds between 2009 and 2100."""
    number = integer(value)
    if not EARLIEST_MS <= number < LATEST_MS:
        raise Refused("not a plausible time")
    return number


def epoch_s(value: Any) -> int:
    """Return Unix *milliseconds* from Unix seconds between 2009 and 2100."""
    return epoch_ms(integer(value) * 1000)


def iso_ms(value: Any) -> int:
    """Return Unix milliseconds from an ISO-8601 time; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        raise Refused("not an ISO time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return epoch_ms(math.floor(moment.timestamp() * 1000))


def text(value: Any, longest: int = 200) -> str:
    """Return a non-empty string of bounded length."""
    if type(value) is not str or not value or len(value) > longest:
        raise Refused("not a text")
    return value


def flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Refused("not true or false")
    return value


# --- one object ----------------------------------------------------------------------------------


def mapping(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Refused("not an object")
    return value


def rows_of(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Refused("not a list")
    return value


def read(row: dict[str, Any], key: str, reader: Callable[[Any], T]) -> T:
    """Read a required value of an object."""
    if key not in row:
        raise Refused(f"{key}: missing")
    try:
        return reader(row[key])
    except Refused as e:
        raise Refused(f"{key}: {e}") from None


def read_optional(row: dict[str, Any], key: str, reader: Callable[[Any], T]) -> T | None:
    """Read a value that may be absent, null or "": then it is unknown."""
    if row.get(key) in (None, ""):
        return None
    return read(row, key, reader)


class Lenient:
    """Reads an object whose values stand for themselves: a bad one is unknown, the rest remains."""

    def __init__(self, row: dict[str, Any], reasons: list[str]) -> None:
        self._row = row
        self._reasons = reasons

    def get(self, key: str, reader: Callable[[Any], T]) -> T | None:
        try:
            return read_optional(self._row, key, reader)
        except Refused as e:
            self._reasons.append(str(e))
            return None


# --- many rows -----------------------------------------------------------------------------------


def parse_rows(rows: list[Any], parse: Callable[[Any], T | None]) -> Parsed[tuple[T, ...]]:
    """Parse rows that stand for themselves; None means: not for us, but no fault either."""
    parsed: list[T] = []
    reasons: list[str] = []
    refused = 0
    for index, row in enumerate(rows):
        try:
            result = parse(row)
        except UNREADABLE as e:
            refused += 1
            if len(reasons) < REASONS_KEPT:
                reasons.append(f"row {index}: {e if isinstance(e, Refused) else 'unreadable'}")
        else:
            if result is not None:
                parsed.append(result)
    if refused and refused == len(rows):
        raise Refused(f"no usable row: {reasons[0]}")
    return Parsed(tuple(parsed), refused, tuple(reasons))

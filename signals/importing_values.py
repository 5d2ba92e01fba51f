"""Single values of an imported record: what a column can hold, or why the record is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from market.types import Symbol
from signals.engine.types import Confidence
from signals.history_filters import stored_symbol
from signals.models import Signal
from signals.rendering import price_decimal

_CENT = Decimal("0.01")
# What the column holds, also after rounding: twelve digits before the point, eighteen behind it.
_LEAST_PRICE, _MOST_PRICE = Decimal("1e-18"), Decimal(999_999_999_999)
_MOST_DEPTH = 40
# Other readers of JSON take whole numbers of 64 bits.
_MOST_NUMBER = {int: 2**63, float: math.inf, bool: 2}


class Refused(ValueError):
    """A record that cannot become a signal; the text says why."""


class Skipped(ValueError):
    """A record that is none of what is kept, such as a NEUTRAL."""


def read_symbol(record: Mapping[str, Any]) -> str:
    text = record.get("symbol")
    if not isinstance(text, str):
        raise Refused("symbol: missing")
    try:
        return str(Symbol(stored_symbol(text)))
    except ValueError as e:
        raise Refused(f"symbol: {text[:40]!r} is none") from e


def read_side(record: Mapping[str, Any]) -> str:
    side = record.get("signal")
    if side == "NEUTRAL":
        raise Skipped("NEUTRAL is never stored")
    if side not in Signal.PublishedDirection.values:
        raise Refused("signal: neither LONG nor SHORT")
    return str(side)


def read_instant(name: str, value: Any) -> datetime:
    """Return an aware UTC instant; one without a zone is UTC."""
    if not isinstance(value, str):
        raise Refused(f"{name}: missing")
    try:
        instant = datetime.fromisoformat(value)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise Refused(f"{name}: not an ISO 8601 instant") from e


def read_score(record: Mapping[str, Any]) -> Decimal:
    score = _decimal(record, "score")
    if not 0 <= score <= 100:
        raise Refused("score: not from 0 to 100")
    return score.quantize(_CENT)


def read_confidence(record: Mapping[str, Any]) -> str:
    confidence = record.get("confidence")
    if confidence not in [band.value for band in Confidence]:
        raise Refused("confidence: none of high, medium, low")
    return str(confidence)


def read_price(record: Mapping[str, Any]) -> Decimal:
    price = _decimal(record, "price")
    if price == 0:
        raise Refused("price: 0 stands for unknown")
    if not _LEAST_PRICE <= price <= _MOST_PRICE:
        raise Refused("price: out of range")
    return price_decimal(float(price))


def _decimal(record: Mapping[str, Any], name: str) -> Decimal:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused(f"{name}: missing")
    try:
        number = Decimal(str(value))
    except InvalidOperation as e:
        raise Refused(f"{name}: not a number") from e
    if not number.is_finite():
        raise Refused(f"{name}: not a number")
    return number


def read_share(line: Mapping[str, Any], name: str, most: int) -> float | None:
    value = line.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Refused(f"{name}: not from 0 to {most}")
    return float(value)


def read_version(line: Mapping[str, Any]) -> int:
    value = line.get("profile_version")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Refused("profile_version: not a number")
    return value


def read_text(line: Mapping[str, Any], name: str, most: int) -> str:
    value = line.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise Refused(f"{name}: not a text of at most {most} characters")
    return value


def read_group(record: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = record.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(f"{name}: not an object")
    return value


def read_list(record: Mapping[str, Any], name: str, kind: type = dict) -> list[Any]:
    value = record.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise Refused(f"{name}: not a list as it should be")
    return value


def check_storable(value: Any, depth: int = 0) -> None:
    """Refuse what JSON can say and a database or another reader of JSON cannot take."""
    if depth > _MOST_DEPTH:
        raise Refused(f"nested deeper than {_MOST_DEPTH}")
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and _has_surrogate(value)):
            raise Refused("a text with a character that no database takes")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_storable(key, depth + 1)
            check_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_storable(item, depth + 1)
    elif isinstance(value, int | float) and not abs(value) < _MOST_NUMBER[type(value)]:
        raise Refused("a number out of range")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)

"""What an imported record says, as columns of a signal; or why it is refused.

Three shapes are known: entries of the first release's ``signal_history.json`` (``id``,
``saved_at``, ``data``), the ``data`` alone, and lines of our own export or backup. Values are taken
as they are: what is missing stays missing, unknown keys are kept aside, nothing is scored anew.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from market.types import Symbol
from signals.engine.types import Confidence
from signals.hash_chain import content_hash
from signals.history_filters import stored_symbol
from signals.models import Signal
from signals.rendering import price_decimal

# The profile of signals whose source names none: a stream of its own in every statistic.
IMPORTED_PROFILE = "imported"

Columns = dict[str, Any]

_GROUPS = {
    "comprehensiveMetrics": "comprehensive_metrics",
    "lunarCrushMetrics": "lunarcrush_metrics",
    "coinAPIMetrics": "coinapi_metrics",
    "smcAnalysis": "smc_analysis",
    "ai_validation": "ai_validation",
}
_READ = frozenset(
    {
        "symbol", "timestamp", "signal", "score", "confidence", "price", "reasons", "metrics",
        "id", "saved_at", "created_at", *_GROUPS,
    }
)  # fmt: skip
_OWN_GROUPS = tuple(_GROUPS.values())

_CENT = Decimal("0.01")
# What the column holds: twelve digits before the point, eighteen behind it.
_LEAST_PRICE, _MOST_PRICE = Decimal("1e-18"), Decimal("1e12")
_MOST_DEPTH = 40
# Other readers of JSON take whole numbers of 64 bits.
_MOST_NUMBER = {int: 2**63, float: math.inf, bool: 2}
# Before the first block of Bitcoin's there was no signal; zero dates are unknown ones.
_EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)
# Clocks differ a little; a signal of tomorrow would stand above all others until then.
_AHEAD = timedelta(minutes=5)


class Refused(ValueError):
    """A record that cannot become a signal; the text says why."""


class Skipped(ValueError):
    """A record that is none of what is kept, such as a NEUTRAL."""


def columns_of(record: Any, *, environment: str, now: datetime) -> Columns:
    """Return the columns of an imported signal; raise Refused or Skipped."""
    if not isinstance(record, Mapping):
        raise Refused("not an object")
    _check_storable(record)
    if "content_hash" in record and "profile_name" in record:
        columns = _of_own_line(record, environment)
    elif isinstance(record.get("data"), Mapping):
        rest = {key: value for key, value in record.items() if key != "data"}
        columns = _of_old_signal({**record["data"], **rest})
    else:
        columns = _of_old_signal(record)
    if columns["timestamp"] > now + _AHEAD:
        raise Refused("timestamp: lies in the future")
    if columns["timestamp"] < _EARLIEST:
        raise Refused("timestamp: lies before there was a market")
    return {
        **columns,
        "environment": environment,
        "inputs": None,
        "seq": None,
        "prev_hash": "",
        "content_hash": "",
        "imported_at": now,
    }


# --- The first release ----------------------------------------------------------------------------


def _of_old_signal(record: Mapping[str, Any]) -> Columns:
    main = _main(record)
    groups = {column: _group(record, key) for key, column in _GROUPS.items()}
    groups["coinapi_metrics"] = _without_empty_book(groups["coinapi_metrics"])
    saved_at = record.get("saved_at") or record.get("created_at")
    extra = {key: value for key, value in record.items() if key not in _READ}
    return {
        **main,
        **groups,
        "confidence_score": None,
        "coverage_pct": None,
        "factors": {},
        "provenance": {},
        "problems": [],
        "engine_version": "",
        "profile_name": IMPORTED_PROFILE,
        "profile_version": 0,
        "profile": {},
        "input_hash": "",
        "created_at": _instant("saved_at", saved_at) if saved_at else main["timestamp"],
        "source_reference": _reference(record.get("id")),
        "source_extra": extra or None,
    }


def _without_empty_book(metrics: Any) -> Any:
    """Return the metrics without an order book of zeros: the first release wrote unknown so."""
    book = metrics.get("orderbook") if metrics else None
    if isinstance(book, Mapping) and book and not any(book.values()):
        return {**metrics, "orderbook": None}
    return metrics


def _reference(value: Any) -> str:
    return str(value)[:100] if isinstance(value, str | int) else ""


# --- Our own lines --------------------------------------------------------------------------------


def _of_own_line(line: Mapping[str, Any], environment: str) -> Columns:
    if line.get("environment") != environment:
        raise Refused(f"environment: of {line.get('environment')!r}, this is {environment!r}")
    main = _main(line)
    columns = {
        **main,
        **{name: _group(line, name) for name in _OWN_GROUPS},
        "confidence_score": _share(line, "confidence_score", 1),
        "coverage_pct": _share(line, "coverage_pct", 100),
        "factors": _group(line, "factors") or {},
        "provenance": _group(line, "provenance") or {},
        "problems": _list(line, "problems"),
        "engine_version": _text(line, "engine_version", 20),
        "profile_name": _text(line, "profile_name", 40),
        "profile_version": _version(line),
        "profile": _group(line, "profile") or {},
        "input_hash": _text(line, "input_hash", 64),
        "created_at": _instant("created_at", line.get("created_at")),
    }
    if line.get("seq") is None:
        return {
            **columns,
            "source_reference": _reference(line.get("source_reference", "")),
            "source_extra": _group(line, "source_extra"),
        }
    _check_hash(line, main)
    return {
        **columns,
        "source_reference": _reference(line["content_hash"]),
        "source_extra": {"seq": line["seq"], "prev_hash": line.get("prev_hash")},
    }


def _check_hash(line: Mapping[str, Any], main: Columns) -> None:
    hashed = {name: line.get(name) for name in Signal.HASHED_COLUMNS}
    hashed |= {"score": main["score"], "price": main["price"]}
    if "stream" in line:
        # A line of the backup has the inputs themselves; the export has their hash.
        try:
            hashed["inputs"] = base64.b64decode(line.get("inputs", ""), validate=True)
        except (ValueError, TypeError) as e:
            raise Refused("inputs: not base64") from e
    if content_hash(hashed) != line["content_hash"]:
        raise Refused("content_hash: the line is not what was published")


# --- Values ---------------------------------------------------------------------------------------


def _main(record: Mapping[str, Any]) -> Columns:
    """Return what every shape has under the same names."""
    return {
        "symbol": _symbol(record),
        "signal": _side(record),
        "timestamp": _instant("timestamp", record.get("timestamp")),
        "score": _score(record),
        "confidence": _confidence(record),
        "price": _price(record),
        "reasons": _list(record, "reasons", str),
        "metrics": _group(record, "metrics") or {},
    }


def _symbol(record: Mapping[str, Any]) -> str:
    text = record.get("symbol")
    if not isinstance(text, str):
        raise Refused("symbol: missing")
    try:
        return str(Symbol(stored_symbol(text)))
    except ValueError as e:
        raise Refused(f"symbol: {text[:40]!r} is none") from e


def _side(record: Mapping[str, Any]) -> str:
    side = record.get("signal")
    if side == "NEUTRAL":
        raise Skipped("NEUTRAL is never stored")
    if side not in Signal.PublishedDirection.values:
        raise Refused("signal: neither LONG nor SHORT")
    return str(side)


def _instant(name: str, value: Any) -> datetime:
    """Return an aware UTC instant; one without a zone is UTC."""
    if not isinstance(value, str):
        raise Refused(f"{name}: missing")
    try:
        instant = datetime.fromisoformat(value)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise Refused(f"{name}: not an ISO 8601 instant") from e


def _score(record: Mapping[str, Any]) -> Decimal:
    score = _decimal(record, "score")
    if not 0 <= score <= 100:
        raise Refused("score: not from 0 to 100")
    return score.quantize(_CENT)


def _confidence(record: Mapping[str, Any]) -> str:
    confidence = record.get("confidence")
    if confidence not in [band.value for band in Confidence]:
        raise Refused("confidence: none of high, medium, low")
    return str(confidence)


def _price(record: Mapping[str, Any]) -> Decimal:
    price = _decimal(record, "price")
    if price == 0:
        raise Refused("price: 0 stands for unknown")
    if not _LEAST_PRICE <= price < _MOST_PRICE:
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


def _share(line: Mapping[str, Any], name: str, most: int) -> float | None:
    value = line.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Refused(f"{name}: not from 0 to {most}")
    return float(value)


def _version(line: Mapping[str, Any]) -> int:
    value = line.get("profile_version")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Refused("profile_version: not a number")
    return value


def _text(line: Mapping[str, Any], name: str, most: int) -> str:
    value = line.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise Refused(f"{name}: not a text of at most {most} characters")
    return value


def _group(record: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = record.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(f"{name}: not an object")
    return value


def _list(record: Mapping[str, Any], name: str, kind: type = dict) -> list[Any]:
    value = record.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise Refused(f"{name}: not a list as it should be")
    return value


def _check_storable(value: Any, depth: int = 0) -> None:
    """Refuse what JSON can say and a database or another reader of JSON cannot take."""
    if depth > _MOST_DEPTH:
        raise Refused(f"nested deeper than {_MOST_DEPTH}")
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and _has_surrogate(value)):
            raise Refused("a text with a character that no database takes")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_storable(key, depth + 1)
            _check_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_storable(item, depth + 1)
    elif isinstance(value, int | float) and not abs(value) < _MOST_NUMBER[type(value)]:
        raise Refused("a number out of range")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)

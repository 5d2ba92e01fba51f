"""What an imported record says, as columns of a signal; or why it is refused.

Three shapes are known: entries of the first release's ``signal_history.json`` (``id``,
``saved_at``, ``data``), the ``data`` alone, and lines of our own export or backup. Values are taken
as they are: what is missing stays missing, unknown keys are kept aside, nothing is scored anew.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from signals.hash_chain import content_hash
from signals.importing_values import (
    Refused,
    check_storable,
    read_confidence,
    read_group,
    read_instant,
    read_list,
    read_price,
    read_score,
    read_share,
    read_side,
    read_symbol,
    read_text,
    read_version,
)
from signals.models import Signal

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

# Before the first block of Bitcoin's there was no signal; zero dates are unknown ones.
_EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)
# Clocks differ a little; a signal of tomorrow would stand above all others until then.
_AHEAD = timedelta(minutes=5)


def columns_of(record: Any, *, environment: str, now: datetime) -> Columns:
    """Return the columns of an imported signal; raise Refused or Skipped."""
    if not isinstance(record, Mapping):
        raise Refused("not an object")
    check_storable(record)
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
    groups = {column: read_group(record, key) for key, column in _GROUPS.items()}
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
        "created_at": read_instant("saved_at", saved_at) if saved_at else main["timestamp"],
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
        **{name: read_group(line, name) for name in _OWN_GROUPS},
        "confidence_score": read_share(line, "confidence_score", 1),
        "coverage_pct": read_share(line, "coverage_pct", 100),
        "factors": read_group(line, "factors") or {},
        "provenance": read_group(line, "provenance") or {},
        "problems": read_list(line, "problems"),
        "engine_version": read_text(line, "engine_version", 20),
        "profile_name": read_text(line, "profile_name", 40),
        "profile_version": read_version(line),
        "profile": read_group(line, "profile") or {},
        "input_hash": read_text(line, "input_hash", 64),
        "created_at": read_instant("created_at", line.get("created_at")),
    }
    if line.get("seq") is None:
        return {
            **columns,
            "source_reference": _reference(line.get("source_reference", "")),
            "source_extra": read_group(line, "source_extra"),
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


# --- Both -------------------------------------------------------------------------------------


def _main(record: Mapping[str, Any]) -> Columns:
    """Return what every shape has under the same names."""
    return {
        "symbol": read_symbol(record),
        "signal": read_side(record),
        "timestamp": read_instant("timestamp", record.get("timestamp")),
        "score": read_score(record),
        "confidence": read_confidence(record),
        "price": read_price(record),
        "reasons": read_list(record, "reasons", str),
        "metrics": read_group(record, "metrics") or {},
    }

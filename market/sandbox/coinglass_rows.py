"""How Coinglass writes the rows of its histories: out of columns, as texts or numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from market.sandbox.http import decimal, trimmed
from market.types import FloatArray, Int64Array

OHLC = ("open", "high", "low", "close")

Rows = list[dict[str, Any]]
Write = Callable[[float], Any]


def ohlc_rows(opens: Int64Array, at_edges: FloatArray, write: Write) -> Rows:
    """Return bars of a value known at their edges; each opens where the one before it closed."""
    opened, closed = at_edges[:-1], at_edges[1:]
    columns = (opened, np.maximum(opened, closed), np.minimum(opened, closed), closed)
    return column_rows(opens, OHLC, columns, write)


def column_rows(
    at_ms: Int64Array,
    names: Sequence[str],
    columns: Sequence[FloatArray] | FloatArray,
    write: Write,
) -> Rows:
    """Return rows of columns beside each other; what is not known at all has no row."""
    known = np.isfinite(np.asarray(columns)).all(axis=0)
    values = zip(*(np.asarray(column)[known].tolist() for column in columns), strict=True)
    return [
        {"time": time_ms, **{name: write(value) for name, value in zip(names, row, strict=True)}}
        for time_ms, row in zip(at_ms[known].tolist(), values, strict=True)
    ]


def dollars(value: float) -> str:
    return decimal(value, 0)


def coins_held(value: float) -> str:
    return trimmed(value, 4)


def rate(value: float) -> str:
    return trimmed(round(value, 6) + 0.0, 6)


def volume(value: float) -> str:
    return trimmed(value, 4)


def amount(value: float) -> float | int:
    return round(value, 5) if value else 0

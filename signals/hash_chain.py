"""The hash chain of a signal stream: what makes a stored signal tamper-evident.

Pure. Every signal carries the hash of its predecessor in the same stream (environment, symbol,
profile) and a hash over its own immutable columns, that one included. ``signals.services`` links,
``signals.chain_audit`` verifies, ``signals.replay`` compares in the same canonical form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# What the first signal of a stream names as its predecessor.
GENESIS_HASH = "0" * 64


def canonical_json(value: Any) -> bytes:
    """Return compact, key-sorted JSON in one spelling per value.

    The spelling survives a round trip through the database: Postgres' ``jsonb`` turns 1e16 into an
    integer and -0.0 into 0, SQLite returns decimals with other trailing zeros.
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_hash(columns: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a signal's immutable columns, ``seq`` and ``prev_hash`` included."""
    return hashlib.sha256(canonical_json(columns)).hexdigest()


def plain(value: Any) -> Any:
    """Return a value as JSON types in its one spelling; of bytes their SHA-256."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        # The digits it is written with, as jsonb keeps them; int(value) would be the binary number,
        # which has other ones above 2**53.
        return int(Decimal(repr(value))) if value.is_integer() else value
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")

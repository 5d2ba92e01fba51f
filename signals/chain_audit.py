"""Walk the hash chains and name the first broken link of each. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from signals.hash_chain import GENESIS_HASH, content_hash
from signals.models import Signal

# Rows fetched at a time: each brings its inputs, some tens of kilobytes.
_CHUNK_ROWS = 100


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One stream: how many links hold, and what is wrong with the first that does not."""

    environment: str
    symbol: str
    profile_name: str
    intact: int
    fault: str | None
    broken_id: int | None = None
    broken_seq: int | None = None

    def __str__(self) -> str:
        stream = f"{self.environment} {self.symbol} {self.profile_name}"
        if self.fault is None:
            return f"{stream}: {self.intact} links intact"
        return f"{stream}: broken at seq {self.broken_seq} (id {self.broken_id}): {self.fault}"


def audit_chains() -> Iterator[ChainReport]:
    """Yield a report for every stream, ordered by environment, symbol and profile."""
    rows = Signal.objects.links().order_by("environment", "symbol", "profile_name", "seq")
    streams = groupby(
        rows.iterator(chunk_size=_CHUNK_ROWS),
        key=lambda row: (row.environment, row.symbol, row.profile_name),
    )
    for (environment, symbol, profile_name), links in streams:
        intact, previous_hash = 0, GENESIS_HASH
        fault, broken = None, None
        for signal in links:
            fault = fault_of(signal, intact + 1, previous_hash)
            if fault is not None:
                broken = signal
                break
            intact, previous_hash = intact + 1, signal.content_hash
        yield ChainReport(
            environment,
            symbol,
            profile_name,
            intact,
            fault,
            broken.pk if broken else None,
            broken.seq if broken else None,
        )


def fault_of(signal: Signal, expected_seq: int, previous_hash: str) -> str | None:
    """Say what is wrong with a link, or None."""
    if signal.seq != expected_seq:
        return f"seq {expected_seq} is missing"
    if signal.prev_hash != previous_hash:
        return "it does not name its predecessor's hash"
    if content_hash(signal.hashed_columns()) != signal.content_hash:
        return "its columns do not match its content hash"
    return None

"""What the signal engine says of the snapshots a scan has read: told beside a score, never in it.

The engine belongs to an app above this one, which registers its reader at start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from market.snapshot import MarketSnapshot
from market.types import Direction


@dataclass(frozen=True, slots=True)
class SignalView:
    """The direction by the default profile, and its score of 0 to 100; None when unknown."""

    direction: Direction
    score: float | None


Reader = Callable[[Sequence[MarketSnapshot]], Sequence[SignalView]]

_reader: Reader | None = None


def register_reader(reader: Reader) -> None:
    global _reader
    _reader = reader


def signal_views(snapshots: Sequence[MarketSnapshot]) -> list[SignalView | None]:
    """Return one view per snapshot; None for each when no engine is installed."""
    if _reader is None or not snapshots:
        return [None] * len(snapshots)
    return list(_reader(snapshots))

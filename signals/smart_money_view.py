"""What the signal engine says of snapshots that the smart-money scanner has read."""

from __future__ import annotations

from collections.abc import Sequence

from market.snapshot import MarketSnapshot
from signals.engine import evaluate
from signals.profiles import active_profile
from smartmoney.signal_views import SignalView


def views_of(snapshots: Sequence[MarketSnapshot]) -> list[SignalView]:
    """Score the snapshots as ``/signals`` would, by the default profile; fetches nothing."""
    return [
        SignalView(result.direction, result.score)
        for result in evaluate(snapshots, active_profile())
    ]

"""Score a stored signal's inputs again and compare: the proof that nothing was made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.snapshot import decompress_snapshot
from signals.engine import evaluate
from signals.engine.types import ScoringProfile, SignalResult
from signals.exceptions import NotReplayable
from signals.hash_chain import canonical_json
from signals.models import Signal
from signals.rendering import profile_from_settings, signal_columns


@dataclass(frozen=True, slots=True)
class Difference:
    column: str
    stored: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """A replayed signal. Equal means: every evidence column, byte for byte in canonical JSON."""

    result: SignalResult
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return not self.differences


def replay_signal(signal: Signal) -> SignalResult:
    """Recompute a stored signal from its own inputs by the profile as it was then.

    Raises NotReplayable for an imported one.
    """
    if signal.inputs is None:
        raise NotReplayable(f"signal {signal.pk} was imported, without what it was computed from")
    [result] = evaluate([decompress_snapshot(bytes(signal.inputs))], _profile_of(signal))
    return result


def replay_and_compare(signal: Signal) -> Replay:
    """Recompute a stored signal and list the columns that come out otherwise."""
    result = replay_signal(signal)
    differences = tuple(
        Difference(column, getattr(signal, column), value)
        for column, value in signal_columns(result, _profile_of(signal)).items()
        if canonical_json(getattr(signal, column)) != canonical_json(value)
    )
    return Replay(result, differences)


def _profile_of(signal: Signal) -> ScoringProfile:
    return profile_from_settings(signal.profile_name, signal.profile_version, signal.profile)

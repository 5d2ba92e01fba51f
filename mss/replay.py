"""Score a stored result's inputs again and compare: the proof that nothing was made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mss.engine.evaluate import evaluate
from mss.engine.inputs import decompress_inputs
from mss.engine.profile import profile_from_settings
from mss.models import MssScore
from mss.storing import score_columns


@dataclass(frozen=True, slots=True)
class Difference:
    column: str
    stored: Any
    replayed: Any


def replay(score: MssScore) -> tuple[Difference, ...]:
    """Recompute a score from its own inputs by its own profile; return what comes out otherwise."""
    profile = profile_from_settings(score.profile_name, score.profile_version, score.profile)
    inputs = decompress_inputs(bytes(score.inputs))
    columns = score_columns(evaluate(inputs, profile), profile)
    return tuple(
        Difference(name, stored, value)
        for name, value in columns.items()
        if (stored := _plain(getattr(score, name))) != _plain(value)
    )


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value

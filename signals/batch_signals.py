"""The signals of several coins at once: what ``POST /batch/signals`` answers with.

The coins share one deadline and, those that nobody evaluated lately, one frame. A coin that cannot
be answered is told of by name beside the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market.instruments import UnknownSymbol
from market.services import resolve_symbol
from market.types import Instrument
from signals.engine.types import ScoringProfile
from signals.freshest import freshest_evaluations
from signals.ready_answers import Freshest


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers in the order asked for, each coin once; failures by the name they were asked by.

    ``is_partial``: a coin that exists has no answer, or one from too little for a direction.
    """

    answers: list[Freshest]
    failures: dict[str, Exception]
    is_partial: bool


def evaluate_batch(names: Sequence[str], profile: ScoringProfile) -> Batch:
    """Return the freshest evaluation of each coin, or make it. Stores no signal.

    Raises MarketUnavailable when it is not even known which coins there are.
    """
    asked: dict[Instrument, str] = {}
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            asked.setdefault(resolve_symbol(name), name)
        except UnknownSymbol as unknown:
            failures[name] = unknown
    answers: list[Freshest] = []
    is_partial = False
    for name, outcome in zip(
        asked.values(), freshest_evaluations(list(asked), profile), strict=True
    ):
        if isinstance(outcome, Exception):
            failures[name] = outcome
            is_partial = True
        else:
            answers.append(outcome)
            is_partial |= not outcome.is_enough
    return Batch(answers, failures, is_partial)

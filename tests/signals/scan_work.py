"""Scans whose evaluations are made by hand: for tests of runs, claims and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from market.models import Watchlist
from market.watchlists import set_coins
from signals.batches import Outcome
from tests.signals.results import AT_MS, make_evaluation

# What a coin scores unless told otherwise: a LONG.
USUAL_SCORE = 62.5


def make_list(
    bases: Iterable[str] = ("BTC", "ETH"), *, name: str = "Main", **columns: Any
) -> Watchlist:
    watchlist = Watchlist.objects.create(environment="test", name=name, **columns)
    set_coins(watchlist, bases)
    return watchlist


class HandMade:
    """Stands in for ``evaluate_batch``. A score may be an exception, to be raised."""

    def __init__(self, scores: Mapping[str, float | Exception | None] | None = None) -> None:
        self.scores = dict(scores or {})
        self.at_ms = AT_MS
        self.asked: list[tuple[str, ...]] = []
        self.shares: list[float] = []

    def __call__(self, symbols: Sequence[str], profile_name: str, *, share: float) -> Outcome:
        self.asked.append(tuple(symbols))
        self.shares.append(share)
        outcome = Outcome()
        for symbol in symbols:
            score = self.scores.get(symbol, USUAL_SCORE)
            if isinstance(score, Exception):
                raise score
            outcome.evaluations.append(
                make_evaluation(
                    score,
                    symbol=symbol,
                    at_ms=self.at_ms,
                    neutral_reason="insufficient_data" if score is None else None,
                )
            )
        return outcome


def coins(count: int) -> list[str]:
    return [f"C{number:03}" for number in range(count)]

"""Evaluating: many coins as one frame, nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from market.snapshot import MarketSnapshot
from market.types import Instrument, Symbol
from signals import services
from signals.engine import BALANCED
from signals.models import EvaluationCount, Signal
from signals.services import evaluate_symbols
from tests.builders import make_snapshot

COINS = [Instrument(Symbol(base)) for base in ("SOL", "BTC", "ETH")]


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Stand in for the market; the value lists the deadlines it was given."""
    deadlines: list[float | None] = []

    def collect(
        instruments: Sequence[Instrument],
        *,
        deadline_s: float | None = None,
        with_evidence: bool = False,
        share: float = 1.0,
    ) -> list[MarketSnapshot]:
        deadlines.append(deadline_s)
        return [
            make_snapshot(instrument.symbol.base, seed=len(instrument.symbol.base))
            for instrument in instruments
        ]

    monkeypatch.setattr(services, "collect_snapshots", collect)
    return deadlines


def test_coins_are_fetched_in_one_go_and_answered_in_order(
    db: None, deadlines: list[float | None]
) -> None:
    evaluations = evaluate_symbols(COINS, BALANCED, deadline_s=3.0)

    assert [evaluation.result.symbol for evaluation in evaluations] == ["SOL", "BTC", "ETH"]
    assert [evaluation.snapshot.symbol.base for evaluation in evaluations] == ["SOL", "BTC", "ETH"]
    assert deadlines == [3.0]
    assert not Signal.objects.exists()
    assert not EvaluationCount.objects.exists()


def test_a_coin_scores_the_same_alone_and_among_others(deadlines: list[Any]) -> None:
    together = {e.result.symbol: e.result for e in evaluate_symbols(COINS, BALANCED)}

    alone = [evaluate_symbols([coin], BALANCED)[0].result for coin in COINS]

    assert alone == [together[result.symbol] for result in alone]


def test_no_coins_ask_nobody(deadlines: list[Any]) -> None:
    assert evaluate_symbols([], BALANCED) == []

    assert deadlines == []

"""Nothing told is ever taken back: every prefix of a market tells what the next one confirms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.recording_formats import read_recordings
from market.types import Candles, Symbol
from smartmoney.smc import CANDLES_NEEDED, WINDOW_CANDLES, analyze, find_structure, report
from smartmoney.smc.types import TimeframeStructure
from tests.recordings import recording
from tests.smartmoney.smc.ledger import Ledger, changed
from tests.smartmoney.smc.series import first, part, walk


def structure_of(candles: Candles) -> TimeframeStructure:
    structure = analyze(candles)
    assert structure is not None
    return structure


def told_by_every_prefix(candles: Candles) -> Ledger:
    ledger = Ledger()
    for count in range(1, len(candles) + 1):
        ledger.read(structure_of(first(candles, count)))
    return ledger


def as_told(structure: TimeframeStructure) -> TimeframeStructure:
    """Leave out how much history there was."""
    return replace(structure, candles=0, complete=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_prefix_of_a_random_walk_rewrites_what_an_earlier_one_told(seed: int):
    ledger = told_by_every_prefix(walk(800, seed))

    assert ledger.rewrites == []
    assert ledger.objects > 150
    assert ledger.events > 150


def test_no_prefix_of_a_market_with_missing_candles_rewrites_anything():
    candles = walk(700, seed=3)
    kept = np.random.default_rng(3).random(len(candles)) > 0.05

    assert told_by_every_prefix(part(candles, kept)).rewrites == []


@pytest.mark.recordings
def test_no_prefix_of_a_recorded_market_rewrites_anything():
    path = recording("data/candles/SOLUSDT_perp_1h_2025.csv.gz")
    (found,) = (each.data for each in read_recordings(path, Symbol("SOL")))
    assert isinstance(found, Candles)

    assert told_by_every_prefix(first(found, 1_000)).rewrites == []


def test_the_ledger_finds_a_swing_told_late_changed_or_dropped():
    candles = walk(300, seed=4)
    before, after = structure_of(first(candles, 299)), structure_of(candles)
    moved = changed(before.swings[0], price=1.0)

    for swings in (before.swings[:-1], (moved, *before.swings[1:])):
        ledger = Ledger()
        ledger.read(replace(before, swings=swings))
        ledger.read(replace(after, swings=before.swings))
        assert ledger.rewrites
    dropped = Ledger()
    dropped.read(before)
    dropped.read(replace(after, swings=before.swings[1:]))
    assert dropped.rewrites


@pytest.mark.parametrize("seed", range(4))
def test_the_last_candles_tell_what_the_whole_history_tells(seed: int):
    """One more candle costs one more window, and equals a computation from the first candle."""
    candles = walk(2_000, seed)

    for count in range(WINDOW_CANDLES, len(candles) + 1, 37):
        whole = report(find_structure(first(candles, count)))
        assert as_told(structure_of(first(candles, count))) == as_told(whole)


@pytest.mark.parametrize("seed", range(8))
def test_the_answer_does_not_depend_on_where_a_sufficient_history_begins(seed: int):
    candles = walk(1_000, seed)
    whole = report(find_structure(candles))

    for count in (CANDLES_NEEDED, CANDLES_NEEDED + 1, 640):
        assert as_told(report(find_structure(part(candles, slice(-count, None))))) == as_told(whole)


def test_a_history_says_whether_it_suffices():
    candles = walk(CANDLES_NEEDED, seed=5)

    assert not structure_of(part(candles, slice(1, None))).complete
    assert structure_of(candles).complete

"""Long runs of bars: from Binance, else from OKX in pages, and kept until the next bar closes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from market.bars import BARS, recent_bars
from market.sandbox.handle import Sandbox
from market.types import Instrument, Interval, Venue
from market.universe import MarketUnavailable
from tests.market.conftest import Later

Coins = Callable[..., list[Instrument]]


def test_every_length_has_as_many_closed_bars_as_structure_needs(coins: Coins) -> None:
    [bitcoin] = coins("BTC")

    found = recent_bars(bitcoin, list(Interval))

    assert set(found.candles) == set(Interval)
    for interval, candles in found.candles.items():
        assert found.sources[interval] is Venue.BINANCE
        assert len(candles) in (BARS - 1, BARS)
        assert (np.diff(candles.open_time_ms) == interval.ms).all()


def test_okx_gives_as_many_in_two_pages_and_its_turn_is_explained(
    coins: Coins, sandbox: Sandbox
) -> None:
    [bitcoin] = coins("BTC")
    sandbox.fault("binance", "http_5xx", status=503)

    found = recent_bars(bitcoin, [Interval.H1])

    assert found.sources == {Interval.H1: Venue.OKX}
    assert len(found.candles[Interval.H1]) >= 475
    assert (np.diff(found.candles[Interval.H1].open_time_ms) == Interval.H1.ms).all()
    assert [(each.reading, each.source) for each in found.problems] == [("candles", "binance")]


def test_bars_are_read_once_until_the_next_one_closes(
    coins: Coins, sandbox: Sandbox, later: Later
) -> None:
    [bitcoin] = coins("BTC")
    first = recent_bars(bitcoin, [Interval.M5])
    again = recent_bars(bitcoin, [Interval.M5])

    assert sandbox.calls() == 1
    assert (again.candles[Interval.M5].close == first.candles[Interval.M5].close).all()
    with later(minutes=5):
        newer = recent_bars(bitcoin, [Interval.M5])
    assert sandbox.calls() == 2
    assert newer.candles[Interval.M5].open_time_ms[-1] > first.candles[Interval.M5].open_time_ms[-1]


def test_without_any_bars_there_is_no_answer(coins: Coins, sandbox: Sandbox) -> None:
    [bitcoin] = coins("BTC")
    sandbox.fault("*", "http_5xx", status=503)

    with pytest.raises(MarketUnavailable) as raised:
        recent_bars(bitcoin, [Interval.H1])

    assert {failure.provider for failure in raised.value.failures} == {"binance", "okx"}
    assert "try again in 10 s" in raised.value.detail

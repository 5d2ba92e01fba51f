"""Stretches of the past: exactly the bars that open in them, in few calls, from the venue named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from market.past import Past, Stretch, read_past
from market.providers.errors import ProviderError, ProviderLacksSymbol
from market.sandbox.handle import Sandbox
from market.types import DAY_MS, HOUR_MS, Instrument, Interval, Listing, Venue
from tests.market.conftest import AT_MS

NOON_MS = AT_MS // HOUR_MS * HOUR_MS
FIVE_MS = Interval.M5.ms


@pytest.fixture(params=["binance", "okx"])
def listing(request: pytest.FixtureRequest, coins: Callable[..., list[Instrument]]) -> Listing:
    [btc] = coins("BTC")
    found = btc.binance if request.param == "binance" else btc.okx
    assert found is not None
    return found


def read(listing: Listing, *stretches: Stretch, funding: Stretch | None = None) -> Past:
    return read_past(listing, Interval.M5, stretches, funding=funding, deadline_s=30.0)


def opens(*stretches: Stretch) -> list[int]:
    return [at for each in stretches for at in range(each.start_ms, each.end_ms, FIVE_MS)]


@pytest.mark.parametrize("hours_ago", [3, 24 * 10])
def test_a_stretch_has_the_bars_that_open_in_it_and_no_other(
    listing: Listing, hours_ago: int
) -> None:
    start_ms = NOON_MS - hours_ago * HOUR_MS
    stretch = Stretch(start_ms, start_ms + 2 * HOUR_MS)

    past = read(listing, stretch)

    assert past.candles.open_time_ms.tolist() == opens(stretch)
    assert past.funding is None


def test_a_long_stretch_comes_in_pages(listing: Listing, sandbox: Sandbox) -> None:
    stretch = Stretch(NOON_MS - 2 * DAY_MS, NOON_MS)

    past = read(listing, stretch)

    assert past.candles.open_time_ms.tolist() == opens(stretch)
    assert sandbox.calls(listing.venue.value) == 2


def test_several_stretches_come_together(listing: Listing) -> None:
    old = Stretch(NOON_MS - 9 * DAY_MS, NOON_MS - 9 * DAY_MS + HOUR_MS)
    new = Stretch(NOON_MS - HOUR_MS, NOON_MS)

    past = read(listing, old, new)

    assert past.candles.open_time_ms.tolist() == opens(old, new)


def test_the_same_bars_come_however_late_they_are_asked_for(
    listing: Listing, later: Callable[[float], object]
) -> None:
    stretch = Stretch(NOON_MS - HOUR_MS, NOON_MS)
    punctual = read(listing, stretch)

    with later(60.0 * 24 * 8):  # type: ignore[attr-defined]
        late = read(listing, stretch)

    for column in ("open_time_ms", "high", "low", "close"):
        assert np.array_equal(getattr(punctual.candles, column), getattr(late.candles, column))


def test_a_bar_that_has_not_closed_is_not_among_them(listing: Listing) -> None:
    past = read(listing, Stretch(NOON_MS, NOON_MS + HOUR_MS))

    assert past.candles.open_time_ms.tolist() == [NOON_MS]  # it is seven past twelve


def test_funding_is_what_was_settled_from_the_start_on(listing: Listing) -> None:
    stretch = Stretch(NOON_MS - 5 * DAY_MS, NOON_MS)

    past = read(listing, Stretch(NOON_MS - HOUR_MS, NOON_MS), funding=stretch)

    assert past.funding is not None
    times = past.funding.ts_ms
    assert len(times) in (15, 16)
    assert stretch.start_ms <= times[0] <= stretch.start_ms + 8 * HOUR_MS
    assert stretch.end_ms - 8 * HOUR_MS <= times[-1] < stretch.end_ms
    assert set(np.diff(times)) == {8 * HOUR_MS}


def test_more_funding_than_a_page_holds_comes_whole(listing: Listing, sandbox: Sandbox) -> None:
    stretch = Stretch(NOON_MS - 60 * DAY_MS, NOON_MS)

    past = read(listing, funding=stretch)

    assert past.funding is not None
    assert len(past.funding) in (180, 181)
    assert set(np.diff(past.funding.ts_ms)) == {8 * HOUR_MS}


def test_a_venue_that_does_not_know_the_coin_says_so(listing: Listing) -> None:
    unknown = Listing(listing.venue, "GONEUSDT" if listing.venue is Venue.BINANCE else "GONE")

    with pytest.raises(ProviderLacksSymbol):
        read(unknown, Stretch(NOON_MS - HOUR_MS, NOON_MS))


def test_a_venue_that_fails_raises(listing: Listing, sandbox: Sandbox) -> None:
    sandbox.fault(listing.venue.value, "http_451")

    with pytest.raises(ProviderError) as raised:
        read(listing, Stretch(NOON_MS - HOUR_MS, NOON_MS))

    assert not isinstance(raised.value, ProviderLacksSymbol)

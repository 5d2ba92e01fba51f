"""What the plans say before anything is asked."""

from itertools import pairwise

import pytest

from market.providers.plans import (
    COINAPI_PLANS,
    COINGLASS_PLANS,
    LUNARCRUSH_PLANS,
    CoinglassInterval,
)
from market.types import DAY_MS, HOUR_MS, Interval
from tests.market.providers.bodies import T0

HOBBYIST = COINGLASS_PLANS["hobbyist"]


def test_the_plans_are_those_the_settings_may_name():
    assert list(COINGLASS_PLANS) == ["hobbyist", "startup", "standard", "professional"]
    assert list(LUNARCRUSH_PLANS) == ["hobby", "individual", "builder", "scale"]
    assert list(COINAPI_PLANS) == ["startup", "streamer", "pro"]


@pytest.mark.parametrize(
    ("plan", "smallest"),
    [("hobbyist", "4h"), ("startup", "30m"), ("standard", "1m"), ("professional", "1m")],
)
def test_each_plan_offers_its_smallest_interval_and_none_below(plan, smallest):
    offered = [i for i in CoinglassInterval if COINGLASS_PLANS[plan].offers(i)]

    assert offered[0] == smallest
    assert offered == list(CoinglassInterval)[list(CoinglassInterval).index(offered[0]) :]


@pytest.mark.parametrize(
    ("asked", "given"), [("5m", "4h"), ("1h", "4h"), ("4h", "4h"), ("1d", "1d")]
)
def test_the_nearest_interval_is_never_finer_than_asked_for(asked, given):
    assert HOBBYIST.nearest(CoinglassInterval(asked)) == given


def test_history_goes_back_as_far_as_published():
    assert HOBBYIST.oldest_ms(CoinglassInterval.H4, T0) == T0 - 180 * DAY_MS
    assert HOBBYIST.oldest_ms(CoinglassInterval.D1, T0) is None
    assert COINGLASS_PLANS["standard"].oldest_ms(CoinglassInterval.M1, T0) == T0 - 6 * DAY_MS


def test_higher_plans_close_nothing_that_lower_ones_open():
    for plans in (COINGLASS_PLANS, LUNARCRUSH_PLANS):
        ordered = list(plans.values())
        for lower, higher in pairwise(ordered):
            assert higher.closed_endpoints <= lower.closed_endpoints


def test_every_interval_of_ours_is_one_of_theirs():
    assert [CoinglassInterval(i.value).ms for i in Interval] == [i.ms for i in Interval]
    assert CoinglassInterval.H6.ms == 6 * HOUR_MS

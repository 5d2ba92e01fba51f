"""The library's definitions on hand-made candles, its oddities included.

That every column equals the library's own is shown by ``./run bench smc-compat``, where it is
installed.
"""

from __future__ import annotations

import numpy as np
import pytest

from market.types import DAY_MS, HOUR_MS, FloatArray
from smartmoney.smc import compat
from tests.source_tree import own_imports, project_modules

NAN = float("nan")


def column(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def marks(values: FloatArray) -> dict[int, float]:
    return {int(row): float(values[row]) for row in np.flatnonzero(~np.isnan(values))}


def test_swings_are_extremes_of_their_window_with_a_made_up_first_and_last():
    high = column(1, 2, 3, 4, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 4, 3, 2)

    high_low, level = compat.swing_highs_lows(high, high - 0.5, swing_length=2)

    assert marks(high_low) == {0: -1.0, 4: 1.0, 9: -1.0, 13: 1.0, 16: -1.0}
    assert marks(level) == {0: 0.5, 4: 6.0, 9: 0.5, 13: 5.0, 16: 1.5}


def test_of_neighbouring_swings_of_one_kind_the_more_extreme_stays_and_of_equals_the_first():
    """Highs of 5, 6 and 6 without a low between them: the first 6 is the swing."""
    high = column(1, 1, 1, 1, 5, 4, 4, 6, 4, 4, 6, 4, 4, 1)
    low = column(0.5, 0.4, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

    high_low, level = compat.swing_highs_lows(high, low, swing_length=2)

    assert marks(level)[7] == 6.0
    assert 10 not in marks(high_low)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_candles_hold_nothing(count: int):
    values = np.ones(count)

    assert marks(compat.swing_highs_lows(values, values, 2)[0]) == {}
    assert marks(compat.fvg(values, values, values, values)[0]) == {}


def test_a_gap_is_marked_on_its_middle_candle_and_mitigated_by_the_first_touch():
    opened = column(10, 10, 14, 15, 15, 15)
    close = column(10, 14, 15, 15, 15, 15)
    high = column(11, 14, 16, 16, 16, 16)
    low = column(9, 10, 13, 14, 13, 12)

    kind, top, bottom, mitigated = compat.fvg(opened, high, low, close)

    assert marks(kind) == {1: 1.0}
    assert (top[1], bottom[1], mitigated[1]) == (13.0, 11.0, 4.0)


def test_neighbouring_gaps_join_into_the_last_when_asked():
    opened, close = column(10, 10, 14, 18, 22), column(10, 14, 18, 22, 22)
    high, low = column(11, 14, 18, 22, 23), column(9, 10, 14, 18, 21)

    apart = compat.fvg(opened, high, low, close)
    joined = compat.fvg(opened, high, low, close, join_consecutive=True)

    assert list(marks(apart[0])) == [1, 2, 3]
    assert list(marks(joined[0])) == [3]
    assert (joined[1][3], joined[2][3]) == (21.0, 11.0)


@pytest.mark.parametrize(("third", "is_bos"), [(15.0, True), (5.0, False)])
def test_a_pattern_of_four_swings_is_a_bos_or_a_choch_on_its_second_once_broken(
    third: float, is_bos: bool
):
    close = column(10, 18, third + 1, 29)

    bos, choch, level, broken = compat.bos_choch(
        close, close, close, column(-1, 1, -1, 1), column(10, 20, third, 30)
    )

    assert marks(bos) == ({1: 1.0} if is_bos else {})
    assert marks(choch) == ({} if is_bos else {1: 1.0})
    assert (level[1], broken[1]) == (20.0, 3.0)


def test_an_event_broken_no_earlier_than_a_later_one_is_withdrawn():
    high_low = column(-1, 1, -1, 1, -1, 1)
    level = column(10, 20, 15, 22, 17, 40)
    close = column(10, 18, 15, 19, 17, 39)

    bos, _, _, _ = compat.bos_choch(close, close, close, high_low, level)

    assert marks(bos) == {3: 1.0}


def test_a_block_is_the_lowest_candle_between_the_swing_and_the_close_beyond_it():
    high = column(10, 12, 11, 10, 11, 14)
    low = column(9, 11, 9, 8, 9, 11)
    close = column(10, 12, 10, 9, 11, 13)
    high_low = column(NAN, 1, NAN, NAN, NAN, NAN)
    volume = column(1, 2, 3, 4, 5, 6)

    kind, top, bottom, block_volume, mitigated, percentage = compat.ob(
        close, high, low, close, volume, high_low
    )

    assert marks(kind) == {3: 1.0}
    assert (top[3], bottom[3], mitigated[3]) == (10.0, 8.0, 0.0)
    assert (block_volume[3], percentage[3]) == (15.0, pytest.approx(100 * 4 / 11))


def test_liquidity_groups_swings_within_a_share_of_the_whole_range():
    high = column(10, 20, 10, 20.05, 10, 110)
    low = column(10, 10, 10, 10, 10, 10)
    high_low = column(NAN, 1, NAN, 1, NAN, NAN)

    kind, level, end, swept = compat.liquidity(high, low, high_low, high)

    assert marks(kind) == {1: 1.0}
    assert level[1] == np.float32(20.025)
    assert (end[1], swept[1]) == (3.0, 5.0)


def test_the_candle_that_opens_a_day_still_looks_at_the_day_before_the_last():
    times = np.arange(0, 3 * DAY_MS, 12 * HOUR_MS, dtype=np.int64)
    high, low = column(1, 2, 3, 4, 5, 6), column(0, 1, 2, 3, 4, 5)

    previous_high, previous_low, broken_high, _ = compat.previous_high_low(times, high, low)

    assert marks(previous_high) == {3: 2.0, 4: 2.0, 5: 4.0}
    assert marks(previous_low) == {3: 0.0, 4: 0.0, 5: 2.0}
    assert broken_high.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_period_that_does_not_divide_a_day_is_refused():
    with pytest.raises(ValueError, match="divide a day"):
        compat.previous_high_low(np.zeros(1, dtype=np.int64), np.ones(1), np.ones(1), 5 * HOUR_MS)


def test_no_part_of_the_product_uses_these_definitions():
    """They look ahead and withdraw what they said."""
    modules = project_modules()
    users = {
        module.name
        for module in modules.values()
        for imported in own_imports(module, modules)
        if imported.module.startswith("smartmoney.smc.compat")
        and not module.name.startswith("smartmoney.smc.compat")
    }

    assert users == set()

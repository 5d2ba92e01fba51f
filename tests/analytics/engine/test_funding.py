"""What settlements took, out of rates that were scaled to eight hours."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.engine.funding import paid_at_settlements
from market.providers.columns import funding_series
from market.types import HOUR_MS, Series

T0 = 1_760_140_800_000


def settled(hours: list[float], rates: list[float], *, interval_h: float = 8.0) -> Series:
    """Return rates of their own intervals (fractions) as a venue's parser hands them on."""
    return funding_series(
        np.array([T0 + round(hour * HOUR_MS) for hour in hours], dtype=np.int64),
        np.array(rates),
        interval_h=interval_h,
        max_age_ms=9 * HOUR_MS,
        newest_first=False,
    ).value


@pytest.mark.parametrize(
    "hours",
    [
        [0, 8, 16, 24],
        [0, 4, 8, 12],
        [0, 1, 2, 3],
        [0, 8, 16, 20],  # the venue went over to four hours
        [0, 8, 32, 40],  # rows are missing
        [0],
    ],
)
def test_a_payment_is_the_venues_own_rate(hours: list[float]):
    rates = [0.0001, -0.0002, 0.0003, 0.0004][: len(hours)]

    paid = paid_at_settlements(settled(hours, rates))

    assert paid.tolist() == pytest.approx([rate * 100.0 for rate in rates], abs=1e-15)


def test_of_no_settlements_there_are_no_payments():
    assert len(paid_at_settlements(Series.empty(0))) == 0

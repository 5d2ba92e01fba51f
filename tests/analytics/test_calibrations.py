"""Each band's record: own signals only, by profile and horizon, against their base rate."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from analytics.calibrations import calibrate
from analytics.models import OutcomeDay
from analytics.rollup_models import ALL_COINS
from signals.models import ConfidenceCalibration

pytestmark = pytest.mark.django_db

COUNTS = {
    "n": 100, "hits": 60, "unavailable": 0, "targets": 0, "stops": 0, "neithers": 0,
    "base_n": 100, "base_hits": 60,
}  # fmt: skip
SUMS = {
    "sum_return_pct": 0.0, "sum_net_return_pct": 0.0, "sum_net_return_sq": 0.0,
    "sum_favourable_pct": 0.0, "sum_adverse_pct": 0.0, "sum_base_rate": 51.0,
    "sum_base_rate_sq": 26.0, "sum_base_rate_of_hits": 30.0, "sum_stated": 0.0,
    "sum_stated_sq": 0.0, "sum_stated_of_hits": 0.0,
}  # fmt: skip


def store_day(day: int = 1, **changes: object) -> None:
    OutcomeDay.objects.create(
        **{
            "environment": "test",
            "day": date(2026, 9, day),
            "symbol": ALL_COINS,
            "profile_name": "balanced",
            "direction": "LONG",
            "confidence": "high",
            "horizon_h": 24,
            "is_imported": False,
            **COUNTS,
            **SUMS,
            **changes,
        }
    )


def test_a_bands_days_and_sides_are_added_up() -> None:
    store_day(1)
    store_day(2, hits=40)
    store_day(2, direction="SHORT", n=112, hits=69, base_n=112, sum_base_rate=57.12)

    assert calibrate() == 1

    band = ConfidenceCalibration.objects.get()
    assert (band.environment, band.profile_name) == ("test", "balanced")
    assert (band.confidence, band.horizon_h) == ("high", 24)
    assert (band.outcomes, band.hits) == (312, 169)
    assert band.base_rate == pytest.approx(0.51)


@pytest.mark.parametrize(
    "changes",
    [{"is_imported": True}, {"symbol": "BTC"}, {"environment": "sandbox"}],
)
def test_imports_single_coins_and_other_environments_are_no_part_of_it(
    changes: dict[str, object],
) -> None:
    store_day(1)
    store_day(1, **changes)

    calibrate()

    assert ConfidenceCalibration.objects.get().outcomes == 100


def test_bands_horizons_and_profiles_have_records_of_their_own() -> None:
    store_day()
    store_day(confidence="low")
    store_day(horizon_h=1)
    store_day(profile_name="aggressive")

    assert calibrate() == 4


def test_a_record_is_replaced_and_not_added_to() -> None:
    store_day()
    calibrate()
    store_day(2)

    calibrate()

    assert ConfidenceCalibration.objects.get().outcomes == 200
    assert ConfidenceCalibration.objects.get().updated_at > datetime(2025, 1, 1, tzinfo=UTC)


def test_a_base_rate_that_is_known_for_few_outcomes_is_not_told() -> None:
    store_day(base_n=79, base_hits=50)

    calibrate()

    assert ConfidenceCalibration.objects.get().base_rate is None

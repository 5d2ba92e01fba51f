"""What an answer says of its confidence: its band's record, or that there is none yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.clock import wall_now
from signals import calibration
from signals.calibration import band_calibration, calibration_of, quote
from signals.models import ConfidenceCalibration
from signals.rendering import signal_columns, signal_document
from tests.signals.results import PROFILE, make_result

RECORD = "54.2 % right after 24 h (n 312, 95 % interval 48.6–59.6), base rate 51.0 %: no edge shown"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    calibration.forget()
    yield
    calibration.forget()


def store_record(**changes: Any) -> None:
    ConfidenceCalibration.objects.create(
        **{
            "environment": "test",
            "profile_name": "balanced",
            "confidence": "low",
            "horizon_h": 24,
            "outcomes": 312,
            "hits": 169,
            "base_rate": 0.51,
            "updated_at": wall_now(),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("hits", "outcomes", "base_rate", "said"),
    [
        (169, 312, 0.51, RECORD),
        (
            230,
            312,
            0.51,
            "73.7 % right after 24 h (n 312, 95 % interval 68.6–78.3), base rate 51.0 %:"
            " edge shown",
        ),
        (
            100,
            312,
            0.51,
            "32.1 % right after 24 h (n 312, 95 % interval 27.1–37.4), base rate 51.0 %:"
            " no edge shown",
        ),
        (
            230,
            312,
            None,
            "73.7 % right after 24 h (n 312, 95 % interval 68.6–78.3), base rate unknown:"
            " no edge shown",
        ),
        (199, 199, 0.5, "uncalibrated"),
        (
            0,
            200,
            0.5,
            "0.0 % right after 24 h (n 200, 95 % interval 0.0–1.9), base rate 50.0 %:"
            " no edge shown",
        ),
        (0, 0, None, "uncalibrated"),
    ],
)
def test_a_record_is_quoted_from_two_hundred_outcomes_on(
    hits: int, outcomes: int, base_rate: float | None, said: str
) -> None:
    assert quote(hits, outcomes, base_rate) == said


def test_an_evaluation_quotes_the_record_of_its_own_band(db: None) -> None:
    store_record()
    store_record(confidence="high", hits=312)
    store_record(horizon_h=1, hits=1)
    store_record(profile_name="aggressive", hits=2)
    store_record(environment="sandbox", hits=3)

    assert calibration_of(make_result(62.5)) == RECORD
    assert band_calibration("conservative", "low") == "uncalibrated"


def test_neutral_is_not_measured_and_quotes_nothing(db: None) -> None:
    store_record()

    assert calibration_of(make_result(50.0)) == "uncalibrated"


def test_the_table_is_read_once_a_minute(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _ in range(5):
            band_calibration("balanced", "low")
    assert len(queries) == 1

    store_record()
    assert band_calibration("balanced", "low") == "uncalibrated"
    monkeypatch.setattr(calibration, "MEMORY_S", 0.0)
    assert band_calibration("balanced", "low") == RECORD


def test_a_record_is_no_part_of_what_is_stored() -> None:
    result = make_result(62.5)

    assert signal_document(result, calibration=RECORD)["calibration"] == RECORD
    assert RECORD not in str(signal_columns(result, PROFILE))

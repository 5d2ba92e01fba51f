"""The record of each confidence band, for new signals to quote: own signals, all of their time."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum

from analytics.engine.calibration import base_rate
from analytics.models import OutcomeDay
from analytics.rollup_models import ALL_COINS
from market.clock import wall_now
from signals.models import ConfidenceCalibration

_BAND = ("profile_name", "confidence", "horizon_h")
_SUMMED = ("n", "hits", "base_n", "sum_base_rate")


def calibrate() -> int:
    """Write every band's outcomes, hits and base rate; return how many bands."""
    bands = (
        OutcomeDay.objects.filter(
            environment=settings.ENVIRONMENT, symbol=ALL_COINS, is_imported=False
        )
        .values(*_BAND)
        .order_by()
        .annotate(**{f"all_{name}": Sum(name) for name in _SUMMED})
    )
    written_at = wall_now()
    rows = [
        ConfidenceCalibration(
            environment=settings.ENVIRONMENT,
            **{name: band[name] for name in _BAND},
            outcomes=band["all_n"],
            hits=band["all_hits"],
            base_rate=base_rate(band["all_n"], band["all_base_n"], band["all_sum_base_rate"]),
            updated_at=written_at,
        )
        for band in bands
    ]
    ConfidenceCalibration.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["environment", *_BAND],
        update_fields=["outcomes", "hits", "base_rate", "updated_at"],
    )
    return len(rows)

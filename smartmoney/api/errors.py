"""What this app's exceptions mean over HTTP."""

from __future__ import annotations

from config.api.errors import register_problem
from market.background_runs import TooManyScans
from smartmoney.exceptions import BadChoice, DiscoveryUnavailable


def register_problems() -> None:
    """Tell the error handler about this app's exceptions. Called once at start-up."""
    register_problem(
        BadChoice,
        status=400,
        title="Invalid input",
        type_slug="invalid-input",
        extra=lambda error: {
            "detail": "Some parameters are not valid; see errors.",
            "errors": [{"parameter": error.parameter, "detail": error.detail}],
        },
    )
    register_problem(
        TooManyScans,
        status=503,
        title="Busy",
        type_slug="busy",
        extra=lambda error: {"retry_after_s": error.retry_after_s},
    )
    register_problem(
        DiscoveryUnavailable,
        status=503,
        title="Source unavailable",
        type_slug="source-unavailable",
        extra=lambda error: {"retry_after_s": error.retry_after_s},
    )

"""What this app's exceptions mean over HTTP."""

from __future__ import annotations

from typing import Any

from config.api.errors import register_problem
from signals.exceptions import TooManyColdRequests, UnknownProfile


def register_problems() -> None:
    """Tell the error handler about this app's exceptions. Called once at start-up."""
    register_problem(
        TooManyColdRequests,
        status=503,
        title="Busy",
        type_slug="busy",
        extra=lambda error: {"retry_after_s": error.retry_after_s},
    )
    register_problem(
        UnknownProfile,
        status=400,
        title="Invalid input",
        type_slug="invalid-input",
        extra=_unknown_profile,
    )


def _unknown_profile(error: UnknownProfile) -> dict[str, Any]:
    sentence = f"There is no such profile; known are {', '.join(error.known)}."
    return {
        "detail": "Some parameters are not valid; see errors.",
        "errors": [{"parameter": "profile", "detail": sentence}],
    }

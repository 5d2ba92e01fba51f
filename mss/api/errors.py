"""What this app's exceptions mean over HTTP; those of the smart-money scanner are known already."""

from __future__ import annotations

from typing import Any

from config.api.errors import register_problem
from mss.exceptions import UnknownCoin


def register_problems() -> None:
    """Tell the error handler about this app's exceptions. Called once at start-up."""
    register_problem(
        UnknownCoin, status=404, title="Unknown symbol", type_slug="unknown-symbol", extra=_unknown
    )


def _unknown(error: UnknownCoin) -> dict[str, Any]:
    return {
        "detail": error.detail,
        "suggestions": list(error.suggestions),
        "errors": [{"parameter": "symbol", "detail": error.detail}],
    }

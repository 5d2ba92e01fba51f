"""What this app's exceptions mean over HTTP."""

from __future__ import annotations

from typing import Any

from config.api.errors import register_problem
from mss.exceptions import (
    BadFilter,
    DiscoveryUnavailable,
    TooManyRuns,
    UnknownCoin,
    WatchLimitReached,
)


def register_problems() -> None:
    """Tell the error handler about this app's exceptions. Called once at start-up."""
    register_problem(
        UnknownCoin,
        status=404,
        title="Unknown symbol",
        type_slug="unknown-symbol",
        extra=_unknown,
    )
    register_problem(
        BadFilter,
        status=400,
        title="Invalid input",
        type_slug="invalid-input",
        extra=lambda error: _refused(error.parameter, error.detail),
    )
    register_problem(
        WatchLimitReached,
        status=400,
        title="Invalid input",
        type_slug="invalid-input",
        extra=lambda error: _refused("symbol", error.detail),
    )
    register_problem(
        TooManyRuns,
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


def _unknown(error: UnknownCoin) -> dict[str, Any]:
    detail = "Neither a venue nor CoinGecko's list has a coin of this name."
    if error.suggestions:
        detail += f" Did you mean {', '.join(error.suggestions)}?"
    return {"detail": detail, "suggestions": list(error.suggestions)}


def _refused(parameter: str, detail: str) -> dict[str, Any]:
    return {
        "detail": "Some parameters are not valid; see errors.",
        "errors": [{"parameter": parameter, "detail": detail}],
    }

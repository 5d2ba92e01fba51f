"""What failures of direct vendor requests, and names that nothing goes by, mean over HTTP."""

from __future__ import annotations

from typing import Any

from config.api.errors import register_problem
from market.instruments import UnknownSymbol
from market.vendor_data.failures import (
    KeyMissing,
    NothingThere,
    OutsidePlan,
    ShareSpent,
    VendorFailure,
    VendorSilent,
)


def register_vendor_problems() -> None:
    """Tell the error handler about them. Called once at start-up."""
    register_problem(
        KeyMissing,
        status=503,
        title="Vendor not configured",
        type_slug="vendor-not-configured",
        extra=lambda error: {"vendor": error.vendor, "variable": error.variable},
    )
    for failure, status, title, slug in (
        (OutsidePlan, 403, "Not in the vendor's plan", "outside-vendor-plan"),
        (NothingThere, 404, "Unknown to the vendor", "unknown-to-vendor"),
        (ShareSpent, 429, "Budget for direct requests spent", "vendor-share-spent"),
        (VendorSilent, 503, "Vendor unavailable", "vendor-unavailable"),
    ):
        register_problem(failure, status=status, title=title, type_slug=slug, extra=_members)


def unknown_symbol_members(unknown: UnknownSymbol) -> dict[str, Any]:
    detail = "Nothing tradable goes by this name."
    if unknown.suggestions:
        detail += f" Did you mean {', '.join(unknown.suggestions)}?"
    return {
        "detail": detail,
        "suggestions": list(unknown.suggestions),
        "errors": [{"parameter": "symbol", "detail": detail}],
    }


def _members(error: VendorFailure) -> dict[str, Any]:
    members: dict[str, Any] = {"vendor": error.vendor}
    if error.retry_after_s is not None:
        members["retry_after_s"] = round(error.retry_after_s, 1)
    return members

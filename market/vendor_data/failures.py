"""Why a vendor's data cannot be given, as the API has to tell it. Light: no provider, no models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vendor:
    """A paid vendor and the settings that switch it on and name its plan."""

    name: str
    title: str
    key_variable: str
    plan_variable: str


COINGLASS = Vendor("coinglass", "Coinglass", "COINGLASS_API_KEY", "COINGLASS_PLAN")
LUNARCRUSH = Vendor("lunarcrush", "LunarCrush", "LUNARCRUSH_API_KEY", "LUNARCRUSH_PLAN")
COINAPI = Vendor("coinapi", "CoinAPI", "COINAPI_KEY", "COINAPI_PLAN")


class VendorFailure(Exception):
    """Base. ``detail`` is a sentence for users; ``retry_after_s`` is None when waiting is vain."""

    def __init__(self, vendor: str, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{vendor}: {detail}")
        self.vendor = vendor
        self.detail = detail
        self.retry_after_s = retry_after_s


class KeyMissing(VendorFailure):
    """The vendor is off because no key is configured."""

    def __init__(self, vendor: Vendor) -> None:
        super().__init__(
            vendor.name,
            f"{vendor.title} needs a key of its own: set {vendor.key_variable} "
            f"(and {vendor.plan_variable}) and start again.",
        )
        self.variable = vendor.key_variable


class OutsidePlan(VendorFailure):
    """The key's plan does not include this."""


class VendorSilent(VendorFailure):
    """No answer now: down, out of quota, or our key is refused."""


class NothingThere(VendorFailure):
    """The vendor has no such coin, market or topic."""


class ShareSpent(VendorFailure):
    """Direct requests have used their share of the vendor's budget."""

"""Keys of the sandbox, for tests of paid sources."""

from __future__ import annotations

from pytest_django import Settings

from market.providers.runtime import provider_runtime

# The smallest plan of each vendor.
SMALLEST = {"coinglass": "hobbyist", "lunarcrush": "hobby", "coinapi": "startup"}
_VARIABLES = {
    "coinglass": ("COINGLASS_API_KEY", "COINGLASS_PLAN"),
    "lunarcrush": ("LUNARCRUSH_API_KEY", "LUNARCRUSH_PLAN"),
    "coinapi": ("COINAPI_KEY", "COINAPI_PLAN"),
}


def give_keys(settings: Settings, **plans: str) -> None:
    """Set a sandbox key and the plan of each vendor named."""
    for vendor, plan in plans.items():
        key_variable, plan_variable = _VARIABLES[vendor]
        setattr(settings, key_variable, f"sandbox-{vendor}-{plan}")
        setattr(settings, plan_variable, plan)
    provider_runtime().close()  # the next call builds the clients anew

"""Vendors that sell plans: which plan a key has bought, and which shape of answers is told.

A sandbox key names its own plan: ``sandbox-<vendor>-<plan>``. Anything may follow to tell keys of
one plan apart (``sandbox-coinglass-hobbyist-2``); each key has its own budget, from wherever it
calls. The plan ``none`` is a key whose owner pays nothing; a key that ends in ``-revoked`` is
refused like any unknown one.
"""

from __future__ import annotations

from collections.abc import Iterable

from market.sandbox.http import Request, Vendor

NO_PLAN = "none"
_PREFIX = "sandbox"
_REVOKED = "revoked"


class KeyedVendor(Vendor):
    """``documented``: where documentation and live answers differ, tell what is documented."""

    plan_names: tuple[str, ...]
    documented = False

    def key_of(self, request: Request) -> str:
        """Return the key that a request carries, "" for none."""
        raise NotImplementedError

    def plan_name(self, request: Request) -> str | None:
        """Return the plan of a request's key, ``NO_PLAN`` included; None for a key refused."""
        parts = self.key_of(request).split("-")
        if len(parts) < 3 or parts[:2] != [_PREFIX, self.name] or parts[-1] == _REVOKED:
            return None
        return parts[2] if parts[2] in (*self.plan_names, NO_PLAN) else None


def example_keys(vendors: Iterable[Vendor]) -> dict[str, list[str]]:
    """Return the keys that each vendor accepts, for the sandbox's own page."""
    return {
        vendor.name: [f"{_PREFIX}-{vendor.name}-{plan}" for plan in (*vendor.plan_names, NO_PLAN)]
        for vendor in vendors
        if isinstance(vendor, KeyedVendor)
    }

"""Build every provider client from settings, and say which are on and why not.

The provider runtime calls ``build_providers`` once per process with the HTTP clients it owns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from market.providers import alternative_me, binance_limits, coingecko, okx_limits
from market.providers.alternative_me import AlternativeMe
from market.providers.binance import BinanceFutures
from market.providers.coingecko import CoinGecko
from market.providers.okx import Okx
from market.providers.transport import ProviderPolicy, Transport
from market.store import Store


@dataclass(frozen=True, slots=True)
class Providers:
    binance: BinanceFutures
    okx: Okx
    coingecko: CoinGecko
    alternative_me: AlternativeMe


@dataclass(frozen=True, slots=True)
class ProviderAvailability:
    """Whether a provider is on, and in a sentence how or why not."""

    name: str
    enabled: bool
    detail: str


def build_providers(make_client: Callable[[str], httpx.AsyncClient], store: Store) -> Providers:
    """Build all clients; ``make_client`` gets a base URL and keeps ownership of what it returns."""

    def transport(policy: ProviderPolicy, base_url: str | None) -> Transport:
        if not base_url:
            raise ImproperlyConfigured(f"{policy.name} has no base URL")
        return Transport(policy, make_client(base_url), store)

    share = settings.PROVIDER_BUDGET_SHARE
    okx_fallback_url = _okx_fallback_url()
    return Providers(
        binance=BinanceFutures(
            transport(binance_limits.binance_policy(share), settings.BINANCE_BASE_URL)
        ),
        okx=Okx(
            transport(okx_limits.okx_policy(share), settings.OKX_BASE_URL),
            # Its own breaker: the second host is asked exactly when the first one's is open.
            None
            if okx_fallback_url is None
            else transport(okx_limits.okx_policy(share, name="okx_fallback"), okx_fallback_url),
        ),
        coingecko=CoinGecko(
            transport(
                coingecko.coingecko_policy(
                    calls_per_minute=settings.COINGECKO_CALLS_PER_MINUTE,
                    calls_per_month=settings.COINGECKO_CALLS_PER_MONTH,
                    demo_api_key=settings.COINGECKO_DEMO_API_KEY or "",
                ),
                settings.COINGECKO_BASE_URL,
            )
        ),
        alternative_me=AlternativeMe(
            transport(alternative_me.alternative_me_policy(share), settings.ALTERNATIVE_ME_BASE_URL)
        ),
    )


def provider_availability() -> list[ProviderAvailability]:
    """Return every provider this version knows. None of them needs a key."""
    per_minute = settings.COINGECKO_CALLS_PER_MINUTE
    plan = "with a Demo key" if settings.COINGECKO_DEMO_API_KEY else "without a key"
    return [
        ProviderAvailability("binance", True, "public data, no key needed"),
        ProviderAvailability(
            "okx",
            True,
            "public data, no key needed"
            if _okx_fallback_url() is None
            else "public data, no key needed, two hosts",
        ),
        ProviderAvailability("coingecko", True, f"{plan}, {per_minute} calls per minute"),
        ProviderAvailability("alternative_me", True, "public data, no key needed"),
    ]


def _okx_fallback_url() -> str | None:
    """Return the second host, unless it is unset or the first."""
    fallback = settings.OKX_FALLBACK_BASE_URL
    return None if fallback in (None, "", settings.OKX_BASE_URL) else str(fallback)

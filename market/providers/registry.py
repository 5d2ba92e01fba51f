"""Build every provider client from settings, and say which are on and why not.

The provider runtime calls ``build_providers`` once per process with the HTTP clients it owns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from market.providers import alternative_me, binance_limits, coingecko, okx_limits
from market.providers.alternative_me import AlternativeMe
from market.providers.binance import BinanceFutures
from market.providers.coinapi import CoinApi
from market.providers.coinapi_limits import coinapi_policy
from market.providers.coingecko import CoinGecko
from market.providers.coinglass import Coinglass
from market.providers.coinglass_limits import coinglass_policy
from market.providers.keyless_books import EVIDENCE_WEIGHT, KeylessBooks
from market.providers.lunarcrush import LunarCrush
from market.providers.lunarcrush_limits import lunarcrush_policy
from market.providers.okx import Okx
from market.providers.plan_share import PlanShare
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS, PLANS
from market.providers.rate_limit import Pool
from market.providers.refusals import RefusedEndpoints, account_of
from market.providers.transport import ProviderPolicy, Transport
from market.store import Store

# Paid providers and the settings that switch them on and name their plan.
KEYED = {
    "coinglass": ("COINGLASS_API_KEY", "COINGLASS_PLAN"),
    "lunarcrush": ("LUNARCRUSH_API_KEY", "LUNARCRUSH_PLAN"),
    "coinapi": ("COINAPI_KEY", "COINAPI_PLAN"),
}
# Of Binance's 2400 per minute, what showing order books may weigh: the score goes first.
_BOOK_WEIGHT_PER_MINUTE = 600


@dataclass(frozen=True, slots=True)
class Providers:
    binance: BinanceFutures
    okx: Okx
    coingecko: CoinGecko
    alternative_me: AlternativeMe
    books: KeylessBooks
    # With a key only.
    coinglass: Coinglass | None = None
    lunarcrush: LunarCrush | None = None
    coinapi: CoinApi | None = None
    # What signals may spend, by provider name: of the paid ones, and of Binance for order books.
    shares: Mapping[str, PlanShare] = field(default_factory=dict)
    # Endpoints that a key may not ask, by provider name.
    refused: Mapping[str, RefusedEndpoints] = field(default_factory=dict)


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
    binance = transport(binance_limits.binance_policy(share), settings.BINANCE_BASE_URL)
    okx = transport(okx_limits.okx_policy(share), settings.OKX_BASE_URL)
    shares = {
        "books": PlanShare(
            "books",
            "public",
            (Pool("weight", max(EVIDENCE_WEIGHT, int(_BOOK_WEIGHT_PER_MINUTE * share)), 60),),
            store,
        )
    }

    refused_endpoints: dict[str, RefusedEndpoints] = {}

    def keyed(policy: ProviderPolicy, base_url: str | None) -> tuple[Transport, RefusedEndpoints]:
        shares[policy.name] = plan_share_of(policy.name, store)
        refused_endpoints[policy.name] = endpoints_refused(policy.name, store)
        return transport(policy, base_url), refused_endpoints[policy.name]

    coinglass = lunarcrush = coinapi = None
    if settings.COINGLASS_API_KEY:
        coinglass_plan = COINGLASS_PLANS[settings.COINGLASS_PLAN]
        way_out, refused = keyed(
            coinglass_policy(settings.COINGLASS_API_KEY, coinglass_plan, share),
            settings.COINGLASS_BASE_URL,
        )
        coinglass = Coinglass(way_out, coinglass_plan, refused)
    if settings.LUNARCRUSH_API_KEY:
        lunarcrush_plan = LUNARCRUSH_PLANS[settings.LUNARCRUSH_PLAN]
        way_out, refused = keyed(
            lunarcrush_policy(settings.LUNARCRUSH_API_KEY, lunarcrush_plan, share),
            settings.LUNARCRUSH_BASE_URL,
        )
        lunarcrush = LunarCrush(way_out, lunarcrush_plan, refused)
    if settings.COINAPI_KEY:
        coinapi_plan = COINAPI_PLANS[settings.COINAPI_PLAN]
        way_out, refused = keyed(
            coinapi_policy(settings.COINAPI_KEY, coinapi_plan, share),
            settings.COINAPI_BASE_URL,
        )
        coinapi = CoinApi(way_out, coinapi_plan, refused)
    return Providers(
        binance=BinanceFutures(binance),
        okx=Okx(
            okx,
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
        books=KeylessBooks(binance, okx),
        coinglass=coinglass,
        lunarcrush=lunarcrush,
        coinapi=coinapi,
        shares=shares,
        refused=refused_endpoints,
    )


def provider_availability() -> list[ProviderAvailability]:
    """Return every provider this version knows; the paid ones are on with their key only."""
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
        *(
            ProviderAvailability(
                name,
                bool(getattr(settings, key_variable)),
                f"{getattr(settings, plan_variable)} plan ({plan_variable})"
                if getattr(settings, key_variable)
                else f"off: set {key_variable}",
            )
            for name, (key_variable, plan_variable) in KEYED.items()
        ),
    ]


def plan_share_of(name: str, store: Store) -> PlanShare:
    """Return what signals and scans may spend of a paid provider's configured plan."""
    plan = PLANS[name][getattr(settings, KEYED[name][1])]
    return PlanShare(name, plan.name, plan.pools(settings.PROVIDER_BUDGET_SHARE), store)


def endpoints_refused(name: str, store: Store) -> RefusedEndpoints:
    """Return what the configured key of a paid provider may not ask."""
    key_variable, plan_variable = KEYED[name]
    account = account_of(getattr(settings, key_variable), getattr(settings, plan_variable))
    return RefusedEndpoints(store, name, account)


def _okx_fallback_url() -> str | None:
    """Return the second host, unless it is unset or the first."""
    fallback = settings.OKX_FALLBACK_BASE_URL
    return None if fallback in (None, "", settings.OKX_BASE_URL) else str(fallback)

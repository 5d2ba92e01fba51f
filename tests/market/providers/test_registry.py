"""Clients built from settings: base URLs, budgets, the key, the second OKX host."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from market.providers import registry

SETTINGS = {
    "BINANCE_BASE_URL": "https://binance.example",
    "OKX_BASE_URL": "https://okx.example",
    "OKX_FALLBACK_BASE_URL": "https://okx-two.example",
    "COINGECKO_BASE_URL": "https://coingecko.example/api/v3",
    "COINGECKO_DEMO_API_KEY": "",
    "ALTERNATIVE_ME_BASE_URL": "https://fng.example",
    "PROVIDER_BUDGET_SHARE": 0.5,
    "COINGECKO_CALLS_PER_MINUTE": 5,
    "COINGECKO_CALLS_PER_MONTH": 10_000,
}


@pytest.fixture
def built(settings, monkeypatch):
    """Build with the given changes; return the transports by base URL."""

    def build(**changes):
        for name, value in (SETTINGS | changes).items():
            setattr(settings, name, value)
        made = {}

        def transport(policy, client, store):
            made[client.base_url] = SimpleNamespace(policy=policy, store=store)
            return made[client.base_url]

        monkeypatch.setattr(registry, "Transport", transport)
        store = object()
        registry.build_providers(lambda base_url: SimpleNamespace(base_url=base_url), store)
        assert all(entry.store is store for entry in made.values())
        return {base_url: entry.policy for base_url, entry in made.items()}

    return build


def test_every_provider_gets_a_client_of_its_base_url_and_a_policy(built):
    policies = built()

    assert {base_url: policy.name for base_url, policy in policies.items()} == {
        "https://binance.example": "binance",
        "https://okx.example": "okx",
        "https://okx-two.example": "okx_fallback",
        "https://coingecko.example/api/v3": "coingecko",
        "https://fng.example": "alternative_me",
    }


def test_the_budget_share_scales_documented_limits_but_not_the_coingecko_plan(built):
    policies = built()

    assert policies["https://binance.example"].pools["weight"][0].limit == 1200
    assert policies["https://okx.example"].pools["tickers"][0].limit == 10
    assert policies["https://coingecko.example/api/v3"].pools["calls"][0].limit == 5


def test_a_demo_key_goes_into_the_header_of_coingecko_only(built):
    policies = built(COINGECKO_DEMO_API_KEY="CG-k", COINGECKO_CALLS_PER_MINUTE=30)

    with_headers = {policy.name for policy in policies.values() if policy.headers}
    assert with_headers == {"coingecko"}


@pytest.mark.parametrize("fallback", [None, "", "https://okx.example"])
def test_without_another_second_host_okx_has_one(built, fallback):
    assert "okx_fallback" not in {p.name for p in built(OKX_FALLBACK_BASE_URL=fallback).values()}


def test_a_provider_without_a_base_url_is_told_at_once(built):
    with pytest.raises(ImproperlyConfigured, match="binance"):
        built(BINANCE_BASE_URL=None)


def test_availability_tells_what_is_on_and_how_and_never_the_key(settings):
    for name, value in (SETTINGS | {"COINGECKO_DEMO_API_KEY": "CG-secret"}).items():
        setattr(settings, name, value)

    rows = registry.provider_availability()

    enabled = [row.name for row in rows if row.enabled]
    assert enabled == ["binance", "okx", "coingecko", "alternative_me"]
    assert {row.name: row.detail for row in rows if not row.enabled} == {
        "coinglass": "off: set COINGLASS_API_KEY",
        "lunarcrush": "off: set LUNARCRUSH_API_KEY",
        "coinapi": "off: set COINAPI_KEY",
    }
    assert "Demo key" in rows[2].detail
    assert not any("CG-secret" in row.detail for row in rows)

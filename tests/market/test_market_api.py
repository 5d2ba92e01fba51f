"""``GET /market/{symbol}`` over HTTP, its errors, and what readiness tells of the market."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from config.accounts.models import User
from config.api.health import readiness
from market import clock
from market.api.serializers import KEYED_GROUPS, MarketSerializer
from market.sandbox.handle import Sandbox
from market.types import MINUTE_MS
from tests.market.conftest import AT_MS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for nested in value.values() for number in numbers(nested)]
    if isinstance(value, list):
        return [number for nested in value for number in numbers(nested)]
    return [value] if isinstance(value, float) else []


def test_a_coin_is_answered_with_price_bars_readings_and_their_sources(
    sandbox: Sandbox, api: APIClient
) -> None:
    answer = api.get("/market/btcusdt")

    body = answer.json()
    assert answer.status_code == 200
    assert body["symbol"] == "BTC"
    assert body["environment"] == "test"
    assert body["price"] > 0
    assert body["candles"]["source"] == "binance"
    assert body["candles"]["symbol"] == "BTCUSDT"
    assert body["candles"]["count"] == len(body["candles"]["candles"]) == 50
    assert body["listings"] == {
        "binance": "BTCUSDT",
        "okx": "BTC-USDT-SWAP",
        "coingecko": "bitcoin",
    }
    funding = body["readings"]["funding_rate_8h_pct"]
    assert funding["value"] == body["fundingRate"]
    assert funding["source"] == "binance"
    assert funding["unit"] == "% per 8 h"
    assert body["problems"] == []
    assert all(math.isfinite(number) for number in numbers(body))


def test_groups_that_need_a_key_are_null_with_the_reason(sandbox: Sandbox, api: APIClient) -> None:
    body = api.get("/market/BTC").json()

    for group in KEYED_GROUPS:
        assert body[group] is None
        assert "key" in body["unavailable"][group]
    assert body["okx"] is None
    assert "not needed" in body["unavailable"]["okx"]


def test_bars_from_okx_stand_where_older_clients_look_for_them(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.scenario("binance_geo_blocked")

    body = api.get("/market/BTC").json()

    assert body["okx"] == body["candles"]
    assert body["okx"]["timeframe"] == "15m"
    assert set(body["okx"]["candles"][0]) == {
        "timestamp", "open", "high", "low", "close", "volume",
    }  # fmt: skip
    assert body["readings"]["candles"]["fallback"] is True


def test_one_request_is_one_collection(sandbox: Sandbox, api: APIClient) -> None:
    api.get("/market/BTC")
    klines = sandbox.calls("binance", "/fapi/v1/klines")

    api.get("/market/BTC?interval=1h")

    assert klines == 4
    assert sandbox.calls("binance", "/fapi/v1/klines") == klines


@pytest.mark.parametrize(("interval", "minutes"), [("15m", 15), ("1h", 60), ("4h", 240)])
def test_bars_are_closed_ascending_and_as_long_as_asked(
    sandbox: Sandbox, api: APIClient, interval: str, minutes: int
) -> None:
    body = api.get(f"/market/BTC?interval={interval}&limit=200").json()

    opened = [bar["timestamp"] for bar in body["candles"]["candles"]]
    step_ms = minutes * MINUTE_MS
    newest_ms = AT_MS // step_ms * step_ms - step_ms
    assert opened == [newest_ms - step_ms * back for back in range(199, -1, -1)]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=301", "limit"),
        ("limit=many", "limit"),
        ("interval=7m", "interval"),
        ("intervall=1h", "intervall"),
    ],
)
def test_a_parameter_that_is_not_valid_is_named(
    sandbox: Sandbox, api: APIClient, query: str, parameter: str
) -> None:
    answer = api.get(f"/market/BTC?{query}")

    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_an_unknown_coin_is_404_with_suggestions(sandbox: Sandbox, api: APIClient) -> None:
    answer = api.get("/market/SOLL")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert "SOL" in answer.json()["suggestions"]
    assert "SOL" in answer.json()["detail"]


def test_with_every_provider_dead_it_is_503_and_says_when_to_come_again(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.scenario("all_dead")

    answer = api.get("/market/BTC")

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0


def test_with_one_provider_lying_it_is_200_and_the_reading_is_named(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.fault("alternative_me", "wrong_types")

    body = api.get("/market/BTC").json()

    assert "fear_greed_index" not in body["readings"]
    assert [problem["reading"] for problem in body["problems"]] == ["fear_greed_index"]


def test_the_documented_shape_is_the_one_that_is_sent(sandbox: Sandbox, api: APIClient) -> None:
    body = api.get("/market/BTC").json()

    documented = MarketSerializer().fields
    assert set(body) == set(documented)
    assert set(body["candles"]) == set(documented["candles"].fields)
    [reading, *_] = body["readings"].values()
    assert set(reading) == set(documented["readings"].child.fields)


# --- Readiness and admin --------------------------------------------------------------------------


def test_readiness_tells_of_store_providers_and_data(sandbox: Sandbox, api: APIClient) -> None:
    before = readiness().checks
    api.get("/market/BTC")

    after = readiness().checks

    assert before["market_data"]["data"]["coins"] == 0
    assert after["store"]["state"] == "ok"
    assert after["store"]["critical"]
    assert after["providers"]["state"] == "ok"
    told = after["providers"]["data"]
    off = {name for name, provider in told.items() if provider["state"] == "off"}
    assert off == {"coinapi", "coinglass", "lunarcrush"}
    assert set(told) - off == {"alternative_me", "binance", "coingecko", "okx"}


def test_a_provider_that_refuses_us_degrades_readiness_and_is_named(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.scenario("binance_geo_blocked")
    api.get("/market/BTC")

    providers = readiness().checks["providers"]

    assert providers["state"] == "degraded"
    assert "binance" in providers["detail"]
    assert providers["data"]["binance"]["state"] == "blocked"


@pytest.mark.django_db(transaction=True)
def test_the_age_of_the_newest_bar_is_told(sandbox: Sandbox, api: APIClient) -> None:
    api.get("/market/BTC")

    with clock.frozen(AT_MS + 13 * MINUTE_MS):
        data = readiness().checks["market_data"]["data"]

    assert data == {"coins": 1, "newest_candle_age_s": 20 * 60}


@pytest.mark.parametrize("page", ["market_listedsymbol_changelist", "market_series_changelist"])
def test_the_admin_shows_and_searches_what_is_kept(
    sandbox: Sandbox, api: APIClient, page: str
) -> None:
    api.get("/market/BTC")
    api.force_login(User.objects.create_superuser("root", password="a-long-password"))

    answer = api.get(reverse(f"admin:{page}"), {"q": "BTC"})

    assert answer.status_code == 200
    assert b"BTC" in answer.content


def test_the_admin_changes_nothing(sandbox: Sandbox, api: APIClient) -> None:
    api.get("/market/BTC")
    api.force_login(User.objects.create_superuser("root", password="a-long-password"))

    assert api.get(reverse("admin:market_series_add")).status_code == 403
    assert api.get(reverse("admin:market_listedsymbol_add")).status_code == 403

"""The sandbox's own pages, and how a client finds its vendor."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from market import clock
from market.sandbox.app import SandboxApp, app_from_environment
from market.types import HOUR_MS
from tests.market.sandbox.upstream import BINANCE, NOW_MS, OKX, Upstream

HERE = "http://127.0.0.1"


def test_faults_are_set_listed_and_cleared_by_json(upstream: Upstream):
    body = {"provider": "binance", "path": "/fapi/v1/time", "kind": "http_429", "times": 3}

    listed = upstream.post("/_control/faults", {**body, "parameters": {"retry_after_s": 2}})
    refused = upstream.get(BINANCE, "/fapi/v1/time")
    seen = upstream.get(HERE, "/_control/faults").json()["faults"]
    cleared = upstream.post("/_control/faults", {"clear": True})

    (fault,) = listed.json()["faults"]
    assert fault["parameters"] == {"retry_after_s": 2}
    assert refused.headers["retry-after"] == "2"
    assert seen[0]["times_left"] == 2
    assert cleared.json()["faults"] == []


def test_a_situation_is_set_by_name(upstream: Upstream):
    response = upstream.post("/_control/faults", {"scenario": "binance_geo_blocked"})

    assert response.status_code == 200
    assert upstream.get(BINANCE, "/fapi/v1/time").status_code == 451
    assert "all_dead" in response.json()["scenarios"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"scenario": "nonsense"},
        {"provider": "binance"},
        {"provider": "binance", "kind": "nonsense"},
        {"provider": "nobody", "kind": "dead"},
    ],
)
def test_a_control_request_that_makes_no_sense_is_400_with_the_reason(upstream: Upstream, body):
    response = upstream.post("/_control/faults", body)

    assert response.status_code == 400
    assert response.json()["error"]


def test_the_clock_is_set_and_let_go(upstream: Upstream):
    held = upstream.post("/_control/clock", {"at": "2025-10-11T00:05:00Z"})
    server_time = upstream.binance("/fapi/v1/time")["serverTime"]
    in_ms = upstream.post("/_control/clock", {"at": NOW_MS})
    running = upstream.post("/_control/clock", {"at": None})
    without_offset = upstream.post("/_control/clock", {"at": "2025-10-11T00:05:00"})

    assert held.json() == {"now_ms": 1_760_141_100_000}
    assert server_time == 1_760_141_100_000
    assert in_ms.json() == {"now_ms": NOW_MS}
    assert running.json()["now_ms"] != NOW_MS
    assert without_offset.status_code == 400


def test_calls_are_counted_per_provider_path_and_symbol(upstream: Upstream):
    for symbol in ("BTCUSDT", "BTCUSDT", "ETHUSDT"):
        upstream.binance("/fapi/v1/openInterest", symbol=symbol)
    upstream.okx("/api/v5/public/time")

    summary = upstream.get(HERE, "/_control/calls").json()

    path = summary["providers"]["binance"]["/fapi/v1/openInterest"]
    assert path == {"total": 3, "by_symbol": {"BTCUSDT": 2, "ETHUSDT": 1}}
    assert summary["total"] == 4
    assert summary["statuses"]["binance"] == {"200": 3}
    assert summary["violations"] == 0
    assert 1 <= summary["busiest_second"]["binance"] <= 3
    assert summary["first_ms"] <= summary["last_ms"]
    assert upstream.sandbox.calls() == 4
    assert upstream.sandbox.calls("binance", "/fapi/v1", "BTCUSDT") == 2
    assert upstream.sandbox.calls("okx") == 1


def test_broken_limits_are_reported(upstream: Upstream):
    upstream.sandbox.limit_scale = 1 / 2400
    upstream.get(BINANCE, "/fapi/v1/time")
    upstream.get(BINANCE, "/fapi/v1/time")

    summary = upstream.get(HERE, "/_control/calls").json()

    assert summary["violations"] == 1
    assert summary["newest_violations"][0]["pool"] == "request weight"


def test_settings_change_latency_and_limits(upstream: Upstream):
    response = upstream.post("/_control/settings", {"latency_ms": 3, "limit_scale": 50})

    assert response.json() == {"latency_ms": 3, "limit_scale": 50.0, "documented": []}
    assert upstream.sandbox.latency_ms == 3


def test_reset_forgets_faults_calls_and_limits(upstream: Upstream):
    upstream.sandbox.limit_scale = 1 / 2400
    upstream.get(BINANCE, "/fapi/v1/time")
    upstream.sandbox.fault("okx", "dead")

    upstream.post("/_control/reset", {})

    assert upstream.sandbox.calls() == 0
    assert upstream.sandbox.active_faults() == []
    assert upstream.get(BINANCE, "/fapi/v1/time").status_code == 200


def test_control_is_for_this_machine_only_and_the_vendors_are_not(upstream: Upstream):
    app = SandboxApp(upstream.sandbox)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 1))

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return [
                (await client.post("/_control/reset")).status_code,
                (await client.get("/_control/calls")).status_code,
                (await client.get("/binance/fapi/v1/time")).status_code,
            ]

    assert asyncio.run(ask()) == [403, 403, 200]


def test_the_root_page_says_what_this_is(upstream: Upstream):
    upstream.sandbox.fault("okx", "http_429", path="/api/v5/market", times=2)

    page = upstream.get(HERE, "/")

    assert page.headers["content-type"].startswith("text/html")
    for text in ("simulated market, seed 1", "2026-09-21T14:13:20", "http_429", "2 more"):
        assert text in page.text


def test_other_paths_are_404(upstream: Upstream):
    assert upstream.get(HERE, "/nothing").status_code == 404
    assert upstream.get(HERE, "/_control/nothing").status_code == 404


@pytest.mark.parametrize(
    ("base", "path"),
    [
        (BINANCE, "/fapi/v1/time"),
        (OKX, "/api/v5/public/time"),
        ("https://openapi.okx.com", "/api/v5/public/time"),
        ("https://api.coingecko.com/api/v3", "/ping"),
        ("https://api.alternative.me", "/fng/"),
        (f"{HERE}:8900/binance", "/fapi/v1/time"),
        (f"{HERE}:8900/okx", "/api/v5/public/time"),
        (f"{HERE}:8900/coingecko/api/v3", "/ping"),
        (f"{HERE}:8900/alternative_me", "/fng/"),
    ],
)
def test_a_client_reaches_its_vendor_by_real_and_by_sandbox_urls(
    upstream: Upstream, base: str, path: str
):
    assert upstream.get(base, path).status_code == 200


def test_the_environment_describes_a_sandbox_and_a_bad_value_is_named(tmp_path):
    made = app_from_environment(
        {
            "SANDBOX_SEED": "5",
            "SANDBOX_LATENCY_MS": "7",
            "SANDBOX_LIMIT_SCALE": "3",
            "SANDBOX_SCENARIO": "all_dead",
            "SIGNALS_CLOCK_AT": "2025-10-11T00:05:00Z",
        }
    )

    assert made.sandbox.source.description == "a simulated market, seed 5"
    assert (made.sandbox.latency_ms, made.sandbox.limit_scale) == (7, 3.0)
    assert len(made.sandbox.active_faults()) == 1
    assert clock.now_ms() == 1_760_141_100_000
    for name, value in (
        ("SANDBOX_SEED", "many"),
        ("SANDBOX_REPLAY_DIR", str(tmp_path / "missing")),
        ("SIGNALS_CLOCK_AT", "yesterday"),
    ):
        with pytest.raises(ValueError, match=name):
            app_from_environment({name: value})


def test_without_a_fixed_clock_the_market_follows_the_running_one():
    made = app_from_environment({})
    upstream = Upstream(made.sandbox)

    with clock.frozen(NOW_MS):
        first = upstream.binance("/fapi/v1/time")["serverTime"]
    with clock.frozen(NOW_MS + HOUR_MS):
        second = upstream.binance("/fapi/v1/time")["serverTime"]

    assert second - first == HOUR_MS


def test_providers_answer_as_documented_when_told_to(upstream: Upstream):
    chosen = upstream.post("/_control/settings", {"documented": ["coinglass", "coinapi"]})
    unknown = upstream.post("/_control/settings", {"documented": ["binance"]})

    assert chosen.json()["documented"] == ["coinglass", "coinapi"]
    assert unknown.status_code == 400
    assert upstream.sandbox.documented == ["coinglass", "coinapi"]


def test_the_first_page_names_the_keys_and_the_calls_what_each_has_spent(upstream: Upstream):
    headers = {"CG-API-KEY": "sandbox-coinglass-startup"}
    upstream.get(f"{HERE}/coinglass", "/api/futures/supported-coins", headers=headers)

    page = upstream.get(HERE, "/").text
    spent = upstream.get(HERE, "/_control/calls").json()["spent"]

    assert "sandbox-coinglass-startup" in page
    assert "sandbox-lunarcrush-individual" in page
    assert spent["coinglass"] == {"sandbox-coinglass-startup": {"startup calls per minute": 1}}
    assert spent["coinapi"] == {}

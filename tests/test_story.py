"""The whole flow in one process: wire formats → snapshot → signal → storage → replay → API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from rest_framework.test import APIClient

from market import clock, universe
from market.providers.runtime import ProviderRuntime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket
from market.services import resolve_symbol
from signals import backup, freshest, profiles
from signals.chain_audit import audit_chains
from signals.engine import BALANCED
from signals.engine.types import Factor
from signals.models import EvaluationCount, Signal
from signals.rendering import profile_settings
from signals.replay import replay_and_compare

AT_MS = 1_767_873_630_000  # 2026-01-08T12:00:30Z
EVERY_FACTOR = {factor.value for factor in Factor}


@pytest.fixture
def sandbox(transactional_db: None) -> Iterator[Sandbox]:
    """Every upstream in this process, all well, the registry of coins known, time held still."""
    sandbox = Sandbox(SimulatedMarket(seed=1))
    runtime = ProviderRuntime(client_factory=sandbox.client_factory())
    universe.reset()
    profiles.forget()
    with clock.frozen(AT_MS), use_runtime(runtime):
        resolve_symbol("BTC")
        sandbox.reset()
        yield sandbox
    universe.reset()
    profiles.forget()


def decisive_profile() -> None:
    """Store a profile that calls nearly every score LONG or SHORT."""
    settings = {**profile_settings(BALANCED), "long_at": 50.01, "short_at": 49.99}
    profiles.save_version("decisive", settings)


def command(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_a_signal_is_read_published_kept_and_proven(sandbox: Sandbox, api: APIClient) -> None:
    decisive_profile()

    answer = api.get("/signals/BTC?profile=decisive").json()

    assert set(answer["factors"]) == EVERY_FACTOR
    assert answer["missing"] == []
    assert answer["coveragePct"] == 100
    assert answer["signal"] in ("LONG", "SHORT")
    assert answer["score"] == pytest.approx(50 + sum(answer["contributions"].values()))
    assert {reading["source"] for reading in answer["provenance"].values()} >= {"binance"}
    assert answer["factors"]["fear_greed"]["source"] == "alternative.me"
    assert not Signal.objects.exists()

    told = command("evaluate", "BTCUSDT", "--profile", "decisive", "--publish")

    signal = Signal.objects.get()
    assert f"published {signal.signal} BTC seq 1" in told
    assert signal.signal == answer["signal"]
    assert float(signal.score) == answer["score"]
    assert signal.factors.keys() == answer["factors"].keys()
    [line] = backup.lines(None, None)
    assert line.columns == signal.columns()
    assert EvaluationCount.objects.get().evaluated == 1

    assert replay_and_compare(signal).equal
    assert command("replay", str(signal.pk)).startswith("equal: ")
    assert [(report.intact, report.fault) for report in audit_chains()] == [(1, None)]
    assert "all intact" in command("verify_chain")
    assert "nothing published" in command("evaluate", "BTC", "--profile", "decisive", "--publish")


def test_without_binance_at_least_six_factors_are_known(sandbox: Sandbox, api: APIClient) -> None:
    sandbox.scenario("binance_geo_blocked")

    answer = api.get("/signals/BTC").json()

    assert len(answer["missing"]) <= 2
    assert answer["price"] is not None
    assert answer["factors"]["funding_rate"]["source"] == "okx"
    assert answer["factors"]["funding_rate"]["fallback"] is True
    assert any(problem["source"] == "binance" for problem in answer["problems"])


def test_a_provider_that_returns_garbage_costs_its_factor_and_nothing_else(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.scenario("coingecko_garbage")

    answer = api.get("/signals/BTC")

    assert answer.status_code == 200
    assert answer.json()["missing"] == ["social_sentiment"]
    assert answer.json()["factors"]["social_sentiment"]["score"] is None
    assert answer.json()["factors"]["social_sentiment"]["reason"].startswith("missing")
    assert answer.json()["coveragePct"] == 90


def test_with_every_provider_dead_the_answer_is_a_problem(
    sandbox: Sandbox, api: APIClient, settings: Any
) -> None:
    settings.SIGNAL_DEADLINE_S = 2.0
    sandbox.scenario("all_dead")

    answer = api.get("/signals/BTC")

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) >= 1
    assert not Signal.objects.exists()


def test_a_hundred_cold_requests_cause_one_fan_out(sandbox: Sandbox, settings: Any) -> None:
    settings.WEB_THREADS = 200
    settings.SIGNAL_DEADLINE_S = 30.0

    def ask(text: str) -> bytes:
        try:
            return freshest.freshest_evaluation(text, BALANCED).body
        finally:
            connections.close_all()

    ask("ETH")
    calls_of_one_request = sandbox.calls(symbol="ETHUSDT")
    with ThreadPoolExecutor(100) as pool:
        bodies = set(pool.map(ask, ["SOL", "SOLUSDT"] * 50))

    assert calls_of_one_request > 0
    assert sandbox.calls(symbol="SOLUSDT") == calls_of_one_request
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["symbol"] == "SOL"


def test_the_readiness_page_tells_of_every_part_in_plain_json(
    sandbox: Sandbox, api: APIClient
) -> None:
    answer = api.get("/health/ready")

    assert answer.status_code in {200, 503}, answer.content
    assert set(json.loads(answer.content)["checks"]) == {
        "database", "store", "providers", "market_data", "recorder", "beat", "workers",
        "notifications",
    }  # fmt: skip

"""``/mss/discover``, ``/mss/scan`` and ``/mss/scans`` over coins that have just appeared."""

from __future__ import annotations

import threading
from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from market.providers.runtime import ProviderRuntime, use_runtime
from market.sandbox.handle import Sandbox
from mss import runs
from mss.models import MssRun, MssScore
from mss.runs import RUNS
from smartmoney import waves
from tests.mss.seen import appeared, small_coins

pytestmark = pytest.mark.usefixtures("listed")

# As many coins as one call of CoinGecko tells of.
NEW_COINS = 250
EVERY_NEW_COIN = "max_fdv=5e8&min_volume=10000&max_age_hours=720"


@pytest.fixture
def new_coins(sandbox: Sandbox) -> list[str]:
    """Have coins appear in CoinGecko's list, one an hour; return their ids, newest first."""
    rows = small_coins(sandbox, 2 * NEW_COINS)[NEW_COINS:]
    for number, row in enumerate(rows):
        appeared([row], hours_ago=1 + number)
    return [row.id for row in rows]


@pytest.fixture
def keyed() -> APIClient:
    """Return a client with a key that may write."""
    _, plain = create_api_key("writer", "write")
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_X_API_KEY=plain)
    return client


def discover(api: APIClient, query: str) -> dict[str, Any]:
    response = api.get(f"/mss/discover?{query}")
    assert response.status_code == 200, response.content
    assert len(response.content) <= 50_000
    body: dict[str, Any] = response.json()
    return body


def work_on_every_run() -> None:
    while RUNS.work(runs.work):
        pass


def test_discovery_lists_the_best_of_the_new_coins(api: APIClient, new_coins: list[str]) -> None:
    body = discover(api, EVERY_NEW_COIN + "&limit=100")

    assert len(body["coins"]) == 100
    assert body["coins_looked_at"] == body["total_discovered"] + sum(body["left_out"].values())
    scores = [coin["discovery_score"] for coin in body["coins"]]
    assert scores == sorted(scores, reverse=True)
    assert 15.0 <= scores[0] <= 30.0
    for coin in body["coins"]:
        assert coin["coingecko_id"] in new_coins
        assert sum(coin["discovery_breakdown"].values()) == coin["discovery_score"]
        assert coin["age_source"] == "own_lists"


@pytest.mark.parametrize("hours", [1, 2, 24, 72])
def test_discovery_keeps_to_the_age_asked_for(
    api: APIClient, new_coins: list[str], hours: int
) -> None:
    body = discover(api, f"max_fdv=5e8&min_volume=10000&max_age_hours={hours}&limit=100")

    assert {coin["coingecko_id"] for coin in body["coins"]} <= set(new_coins[:hours])
    assert max(coin["age_hours"] for coin in body["coins"]) == hours


def test_discovery_keeps_to_valuation_and_volume(api: APIClient, new_coins: list[str]) -> None:
    every = discover(api, EVERY_NEW_COIN + "&limit=100")
    small = discover(api, "max_fdv=2e7&min_volume=6e5&max_age_hours=720&limit=100")

    assert 0 < small["total_discovered"] < every["total_discovered"]
    for coin in small["coins"]:
        assert (coin["fdv_usd"] or coin["market_cap_usd"]) <= 2e7
        assert coin["volume_24h_usd"] >= 6e5
    assert small["left_out"]["valuation_above_max"] > 0
    assert small["left_out"]["volume_below_min"] > 0


def test_discovery_and_scan_of_250_coins_stay_inside_a_minute_without_a_key(
    api: APIClient, sandbox: Sandbox, settings: Settings, new_coins: list[str]
) -> None:
    settings.COINGECKO_CALLS_PER_MINUTE = 5
    sandbox.reset()

    with use_runtime(ProviderRuntime(client_factory=sandbox.client_factory())):
        discover(api, EVERY_NEW_COIN)
        discovered = sandbox.calls("coingecko")
        scanned = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=0").json()

    assert scanned["coins_looked_at"] == NEW_COINS
    assert scanned["total_high_potential"] > 0
    assert discovered == 1
    assert sandbox.calls("coingecko") <= 5
    assert sandbox.violations == ()


def test_a_scan_tells_how_far_coins_came_and_the_best_first(
    api: APIClient, new_coins: list[str]
) -> None:
    response = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=0&limit=50")

    body = response.json()
    passed = body["passed"]
    assert len(response.content) <= 50_000
    assert passed["filters"] >= passed["phase1_discovery"] >= passed["phase2_confirmation"]
    assert passed["phase2_confirmation"] >= passed["phase3_validation"]
    scores = [coin["mss_score"] for coin in body["coins"]]
    assert scores == sorted(scores, reverse=True)
    assert scores
    for coin in body["coins"]:
        assert sum(coin["raw_scores"].values()) == coin["mss_score"]
        assert not coin["has_futures"]
        assert "open_interest_change_24h_pct" in coin["missing"]


def test_a_scan_stores_nothing(api: APIClient, new_coins: list[str]) -> None:
    body = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=0").json()

    assert body["total_high_potential"] > 0
    assert not body["partial"]
    assert not MssScore.objects.exists()
    assert not MssRun.objects.exists()


def test_the_least_score_holds_and_the_summary_is_of_all_that_reach_it(
    api: APIClient, new_coins: list[str]
) -> None:
    body = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=20&limit=1").json()

    assert body["total_high_potential"] >= len(body["coins"]) == 1
    assert body["coins"][0]["mss_score"] >= body["summary"]["avg_mss_score"] >= 20.0
    none = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=99").json()
    assert (none["coins"], none["summary"]["avg_mss_score"]) == ([], None)


def test_a_scan_that_runs_out_of_time_says_so_and_goes_on(
    api: APIClient, settings: Settings, new_coins: list[str]
) -> None:
    settings.MSS_DEADLINE_S = 0.0

    body = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=0").json()

    assert body["partial"]
    assert body["coins_left"] == body["passed"]["phase1_discovery"] > 0
    assert body["coins"] == []
    run = api.get(f"/mss/scans/{body['run_id']}").json()
    assert (run["state"], run["coins_requested"]) == ("running", body["coins_left"])

    work_on_every_run()

    done = api.get(f"/mss/scans/{body['run_id']}?limit=50").json()
    assert (done["state"], done["coins_answered"]) == ("complete", body["coins_left"])
    assert done["total"] + done["coins_failed"] == body["coins_left"]
    assert len(done["scores"]) == min(50, done["total"]) > 0


def test_a_background_scan_is_started_once_and_read_by_its_address(
    keyed: APIClient, new_coins: list[str]
) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    asked = {"max_fdv": 5e8, "min_volume": 10_000, "max_age_hours": 720}

    first = keyed.post("/mss/scans", asked, format="json")
    second = keyed.post("/mss/scans", asked, format="json")

    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert first.json()["coins_requested"] is None
    work_on_every_run()
    answer = keyed.get(first["Location"] + "?min_mss_score=20&limit=5")
    body = answer.json()
    assert body["state"] == "complete"
    assert body["total"] >= len(body["scores"])
    assert all(score["mss_score"] >= 20.0 for score in body["scores"])
    operation = schema["paths"]["/mss/scans/{id}"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(body, {**content, "components": schema["components"]})
    assert keyed.get("/mss/history").json()["total"] == MssScore.objects.count() > 0


def test_a_scan_and_an_analysis_of_the_same_coin_agree(
    api: APIClient, new_coins: list[str]
) -> None:
    scanned = api.get(f"/mss/scan?{EVERY_NEW_COIN}&min_mss_score=0&limit=3").json()["coins"]

    for row in scanned:
        alone = api.get(f"/mss/analyze/{row['coingecko_id']}").json()
        assert alone["coingecko_id"] == row["coingecko_id"]
        for phase in ("phase1_discovery", "phase3_validation"):
            assert alone["breakdown"]["raw_scores"][phase] == row["raw_scores"][phase]
        assert alone["mss_score"] >= row["mss_score"]


def test_starting_a_scan_needs_a_key_that_may_write(api: APIClient) -> None:
    assert api.post("/mss/scans", {}, format="json").status_code == 401


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"max_fdv": 1}, "max_fdv"),
        ({"max_age_hours": 721}, "max_age_hours"),
        ({"min_volume": "much"}, "min_volume"),
        ({"category": "A B"}, "category"),
        ({"min_mss_score": 65}, "min_mss_score"),
    ],
)
def test_a_member_that_is_not_valid_is_named(
    keyed: APIClient, body: dict[str, Any], parameter: str
) -> None:
    response = keyed.post("/mss/scans", body, format="json")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]
    assert not MssRun.objects.exists()


def test_a_scan_nobody_started_is_a_404(api: APIClient) -> None:
    response = api.get("/mss/scans/00000000-0000-4000-8000-000000000000")

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/mss/discover", "/mss/scan"])
def test_without_coingecko_discovery_is_unavailable_and_says_when_to_come_back(
    api: APIClient, sandbox: Sandbox, new_coins: list[str], path: str
) -> None:
    sandbox.fault("coingecko", "http_5xx", status=503)

    response = api.get(path)

    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert int(response["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/mss/discover", "/mss/scan"])
def test_with_our_own_calls_used_up_that_is_said_and_for_how_long(
    api: APIClient, sandbox: Sandbox, new_coins: list[str], coingecko_spent: None, path: str
) -> None:
    asked = sandbox.calls("coingecko")

    response = api.get(path)

    assert response.status_code == 503
    assert "our own budget for these calls is used up" in response.json()["detail"]
    assert 30 < int(response["Retry-After"]) <= 61
    assert sandbox.calls("coingecko") == asked


def test_smart_money_scans_hold_the_same_places(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(waves, "_PLACE_WAIT_S", 0.0)

    with waves.place():
        responses = [api.get(f"/mss/{path}") for path in ("analyze/BTC", "scan")]

    assert [response.status_code for response in responses] == [503, 503]
    assert [response["Retry-After"] for response in responses] == ["3", "3"]


def test_with_every_venue_dead_an_analysis_is_503_and_never_a_500(
    api: APIClient, sandbox: Sandbox
) -> None:
    sandbox.fault("*", "dead")

    response = api.get("/mss/analyze/BTC")

    assert response.status_code == 503, response.content
    assert "Retry-After" in response


def test_without_coingecko_an_analysis_names_what_is_missing(
    api: APIClient, sandbox: Sandbox
) -> None:
    sandbox.fault("coingecko", "http_5xx", status=503)

    body = api.get("/mss/analyze/BTC").json()

    assert {"valuation_usd", "circulating_pct"} <= set(body["missing"])
    assert body["breakdown"]["raw_scores"]["phase3_validation"] > 0
    assert "coingecko" in {problem["source"] for problem in body["problems"]}

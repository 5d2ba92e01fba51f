"""``/smart-money`` and ``/smc`` against the sandbox: shapes, bounds, faults, sizes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from config.api.renderers import dump_json
from market.sandbox.handle import Sandbox
from market.types import Direction
from smartmoney import waves
from smartmoney.api.answers import scan_answer
from smartmoney.api.params import MOST_COINS
from smartmoney.choices import Choice, named_coins
from smartmoney.engine.accumulation import AccumulationScore
from smartmoney.engine.positioning import score_snapshot
from smartmoney.scans import SCANS, start_scan, work
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import NOTHING_KNOWN
from smartmoney.services import Scan
from smartmoney.signal_views import SignalView
from tests.builders import make_snapshot

MOST_BYTES = 50_000

pytestmark = pytest.mark.usefixtures("listed")

ANSWERED = [
    ("/smart-money/scan?coins=BTC,ETH,PEPE", "/smart-money/scan"),
    ("/smart-money/scan/accumulation?coins=BTC,ETH&min_score=0", "/smart-money/scan/accumulation"),
    ("/smart-money/scan/distribution?coins=BTC,ETH&min_score=0", "/smart-money/scan/distribution"),
    ("/smart-money/scan/auto?criteria=volume&limit=5", "/smart-money/scan/auto"),
    ("/smart-money/scan/auto?criteria=gainers&limit=5", "/smart-money/scan/auto"),
    ("/smart-money/scan/auto?criteria=losers&limit=5", "/smart-money/scan/auto"),
    ("/smart-money/scan/auto?criteria=small_cap&limit=5", "/smart-money/scan/auto"),
    ("/smart-money/accumulation?coins=BTC,ETH&min_score=1", "/smart-money/accumulation"),
    ("/smart-money/analyze/BTC", "/smart-money/analyze/{symbol}"),
    ("/smart-money/info", "/smart-money/info"),
    ("/smart-money/discover?limit=100", "/smart-money/discover"),
    ("/smart-money/discover?category=layer-1&max_market_cap=1e12", "/smart-money/discover"),
    ("/smart-money/futures/list?limit=200&min_volume=0", "/smart-money/futures/list"),
    ("/smart-money/trending", "/smart-money/trending"),
    ("/smart-money/new-listings?days=90&limit=100", "/smart-money/new-listings"),
    ("/smart-money/search?query=bit", "/smart-money/search"),
    ("/smc/analyze/BTC?timeframes=5m,15m,1h,4h,1d", "/smc/analyze/{symbol}"),
    ("/smc/analyze/BTC?timeframe=4HRS", "/smc/analyze/{symbol}"),
    ("/smc/info", "/smc/info"),
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


@pytest.mark.parametrize(("url", "path"), ANSWERED)
def test_answers_keep_to_the_published_schema_and_its_size(
    api: APIClient, schema: dict[str, Any], url: str, path: str
) -> None:
    response = api.get(url)

    assert response.status_code == 200, response.content
    assert len(response.content) <= MOST_BYTES
    content = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(response.json(), {**content["schema"], "components": schema["components"]})


@pytest.mark.parametrize(
    ("url", "parameter"),
    [
        ("/smart-money/scan?min_accumulation_score=11", "min_accumulation_score"),
        ("/smart-money/scan?min_distribution_score=-1", "min_distribution_score"),
        ("/smart-money/scan?coins=NOSUCHCOIN", "coins"),
        ("/smart-money/scan?coins=,", "coins"),
        ("/smart-money/scan?coins=" + ",".join(["BTC"] * 51), "coins"),
        ("/smart-money/scan?watchlist=none", "watchlist"),
        ("/smart-money/scan?coins=BTC&watchlist=majors", "watchlist"),
        ("/smart-money/scan/accumulation?limit=51", "limit"),
        ("/smart-money/scan/auto?criteria=best", "criteria"),
        ("/smart-money/scan/auto?limit=4", "limit"),
        ("/smart-money/discover?source=kraken", "source"),
        ("/smart-money/discover?category=no-such-thing", "category"),
        ("/smart-money/discover?category=A%20B", "category"),
        ("/smart-money/discover?max_market_cap=nan", "max_market_cap"),
        ("/smart-money/futures/list?min_volume=-1", "min_volume"),
        ("/smart-money/futures/list?limit=201", "limit"),
        ("/smart-money/new-listings?days=91", "days"),
        ("/smart-money/search", "query"),
        ("/smart-money/trending?limit=3", "limit"),
        ("/smc/analyze/BTC?timeframe=1MIN", "timeframe"),
        ("/smc/analyze/BTC?timeframes=1h,2h", "timeframes"),
        ("/smc/analyze/BTC?timeframe=1h&timeframes=4h", "timeframes"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(
    api: APIClient, url: str, parameter: str
) -> None:
    response = api.get(url)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert parameter in [error["parameter"] for error in response.json()["errors"]]


@pytest.mark.parametrize("url", ["/smart-money/analyze/NOSUCHCOIN", "/smc/analyze/NOSUCHCOIN"])
def test_a_coin_that_nobody_lists_is_a_404_with_suggestions(api: APIClient, url: str) -> None:
    response = api.get(url)

    assert response.status_code == 404
    assert "suggestions" in response.json()


def test_the_longest_answers_of_a_scan_are_small_enough_for_an_assistant() -> None:
    """Every coin with all that a coin can say, fifty of them and fifty that failed."""
    nothing_missing = replace(
        make_score(),
        accumulation=5,
        distribution=4,
        accumulation_reasons=("takers bought 55.5 % of the last hour's volume, as it happens",) * 8,
    )
    coin = replace(score_snapshot(make_snapshot()), score=nothing_missing)
    scored = [
        ScoredCoin(replace(coin, symbol=f"LONGNAME{number:07}"), SignalView(Direction.LONG, 61.25))
        for number in range(MOST_COINS)
    ]
    choice = Choice("a choice", [], failed={})
    failed = {f"COIN{number}": NOTHING_KNOWN for number in range(MOST_COINS)}
    answer = scan_answer(choice, Scan(MOST_COINS, scored, failed), 5, 5)

    assert len(answer["accumulation"]) == MOST_COINS
    assert len(dump_json(answer)) <= MOST_BYTES


def make_score() -> AccumulationScore:
    return score_snapshot(make_snapshot()).score


def test_a_name_that_is_no_coin_does_not_cost_the_others_their_scan(api: APIClient) -> None:
    body = api.get("/smart-money/scan?coins=BTC,NOSUCHCOIN").json()

    assert (body["coinsScanned"], body["coinsSuccessful"], body["coinsFailed"]) == (1, 1, 1)
    assert [failed["symbol"] for failed in body["failed"]] == ["NOSUCHCOIN"]


def test_the_same_coin_has_the_same_score_in_a_scan_and_alone(api: APIClient) -> None:
    scan = api.get("/smart-money/scan?coins=BTC,ETH,SOL").json()
    listed = {
        coin["symbol"]: coin
        for side in ("accumulation", "distribution", "neutral")
        for coin in scan[side]
    }

    for symbol, in_scan in listed.items():
        alone = api.get(f"/smart-money/analyze/{symbol}").json()["analysis"]
        assert alone["accumulationScore"] == in_scan["accumulationScore"]
        assert alone["distributionScore"] == in_scan["distributionScore"]
        assert alone["signal"] == in_scan["signalType"]
        assert alone["compositeScore"] == in_scan["compositeScore"]


def test_a_coin_just_scanned_is_not_read_again(api: APIClient, sandbox: Sandbox) -> None:
    api.get("/smart-money/scan?coins=BTC,ETH")
    sandbox.reset()

    api.get("/smart-money/scan/accumulation?coins=ETH,BTC")
    api.get("/smart-money/analyze/BTC")

    assert sandbox.calls() == 0


def test_structure_of_a_bar_just_read_is_not_read_again(api: APIClient, sandbox: Sandbox) -> None:
    first = api.get("/smc/analyze/BTC?timeframes=1h,4h").json()
    sandbox.reset()

    second = api.get("/smc/analyze/BTC?timeframes=4h,1h").json()

    assert sandbox.calls() == 0
    assert second["timeframes"] == first["timeframes"]
    assert first["complete"]
    assert first["candles"] >= 475


def test_starting_a_scan_needs_a_key(api: APIClient) -> None:
    response = api.post("/smart-money/scans", {"coins": ["BTC"]}, format="json")

    assert response.status_code == 401


def test_a_scan_in_the_background_is_started_worked_on_and_read(
    api: APIClient, schema: dict[str, Any]
) -> None:
    _, key = create_api_key("tester", "write")
    asked = {"coins": ["BTC", "ethusdt", "NOSUCHCOIN"]}

    started = api.post("/smart-money/scans", asked, format="json", headers={"X-API-Key": key})
    assert started.status_code == 202
    SCANS.work(work)
    read = api.get(started["Location"], headers={"X-API-Key": key})

    body = read.json()
    assert (body["state"], body["progressPct"], body["coinsFailed"]) == ("complete", 100.0, 1)
    assert {coin["symbol"] for coin in body["results"]} == {"BTC", "ETH"}
    for response, path, method, status in (
        (started, "/smart-money/scans", "post", "202"),
        (read, "/smart-money/scans/{id}", "get", "200"),
    ):
        content = schema["paths"][path][method]["responses"][status]["content"]
        shape = content["application/json"]["schema"]
        jsonschema.validate(response.json(), {**shape, "components": schema["components"]})


def test_more_scans_at_once_than_there_are_places_are_asked_to_come_again(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(waves, "_PLACE_WAIT_S", 0.0)

    with waves._places:
        response = api.get("/smart-money/scan?coins=BTC")

    assert response.status_code == 503
    assert response["Retry-After"] == "3"
    assert api.get("/smart-money/scan?coins=BTC").status_code == 200


def test_with_every_provider_dead_a_scan_is_unavailable_and_no_error(
    api: APIClient, sandbox: Sandbox
) -> None:
    sandbox.fault("*", "http_5xx", status=503)

    for url in ("/smart-money/scan?coins=BTC", "/smart-money/analyze/BTC", "/smc/analyze/BTC"):
        response = api.get(url)
        assert response.status_code == 503
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["trending", "discover?source=coingecko"])
def test_with_our_own_calls_used_up_that_is_said_and_for_how_long(
    api: APIClient, coingecko_spent: None, path: str
) -> None:
    response = api.get(f"/smart-money/{path}")

    assert response.status_code == 503
    assert "our own budget for these calls is used up" in response.json()["detail"]
    assert 30 < int(response["Retry-After"]) <= 61


def test_with_binance_dead_coins_are_scored_by_what_okx_tells(
    api: APIClient, sandbox: Sandbox
) -> None:
    sandbox.fault("binance", "http_5xx", status=503)

    body = api.get("/smart-money/analyze/BTC").json()

    assert body["analysis"]["knownPoints"] > 0
    assert body["analysis"]["price"] is not None


def test_the_admin_shows_scans_and_what_they_found(admin_client: Client) -> None:
    [bitcoin] = named_coins(["BTC"]).instruments
    scan = start_scan([bitcoin.symbol.base], name="for the admin")
    SCANS.work(work)

    listed = admin_client.get("/admin/smartmoney/smartmoneyscan/")
    found = admin_client.get("/admin/smartmoney/scanresult/?q=BTC")
    one = admin_client.get(f"/admin/smartmoney/smartmoneyscan/{scan.pk}/change/")

    assert "for the admin" in listed.content.decode()
    assert "1 of 1" in listed.content.decode()
    assert "BTC" in found.content.decode()
    assert one.status_code == 200


def test_a_scan_nobody_started_is_a_404(api: APIClient) -> None:
    response = api.get("/smart-money/scans/00000000-0000-4000-8000-000000000000")

    assert response.status_code == 404


def test_a_scan_that_runs_out_of_time_says_so_and_goes_on(
    api: APIClient, settings: Settings
) -> None:
    settings.SMART_MONEY_DEADLINE_S = 0.0

    body = api.get("/smart-money/scan?coins=BTC,ETH").json()
    again = api.get("/smart-money/scan?coins=ETH,BTC").json()

    assert body["partial"]
    assert body["coinsLeft"] == 2
    assert body["scanId"] == again["scanId"]
    progress = api.get(f"/smart-money/scans/{body['scanId']}").json()
    assert (progress["state"], progress["coinsRequested"]) == ("running", 2)

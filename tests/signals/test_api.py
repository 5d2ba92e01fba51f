"""``GET /signals/{symbol}``: shape, faults, and that reading changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.api.caching import etag_of
from market.instruments import UnknownSymbol
from market.services import MarketUnavailable
from market.types import Instrument, Symbol
from signals import freshest
from signals.api import viewsets
from signals.engine import evaluate
from signals.engine.types import Factor, ScoringProfile
from signals.exceptions import TooManyColdRequests
from signals.models import EvaluationCount, Signal
from signals.services import Evaluation
from tests.builders import make_snapshot
from tests.signals.results import make_evaluation

BTC = Instrument(Symbol("BTC"))
# What programs written against the first release read.
KEYS_OF_THE_FIRST_RELEASE = {
    "symbol", "timestamp", "signal", "score", "confidence", "price", "reasons", "metrics",
    "comprehensiveMetrics", "lunarCrushMetrics", "coinAPIMetrics", "premiumMetrics",
    "ai_validation",
}  # fmt: skip
KEYS_SINCE = {
    "confidenceScore", "calibration", "coveragePct", "missing", "contributions", "factors",
    "provenance", "engineVersion", "profile", "profileVersion", "environment", "inputHash",
    "problems", "neutralReason", "insufficient", "unavailable", "smcAnalysis",
}  # fmt: skip


class Market:
    """Stands in for the market: BTC is listed, and its snapshot is at hand."""

    def __init__(self) -> None:
        self.evaluations = 0
        self.answer: Evaluation | None = None
        self.failure: Exception | None = None

    def resolve(self, text: str) -> Instrument:
        if text.upper() in {"BTC", "BTCUSDT", "BTC-USDT-SWAP"}:
            return BTC
        raise UnknownSymbol(text, ["BTC"])

    def evaluate(
        self, instruments: Sequence[Instrument], profile: ScoringProfile, *, deadline_s: float
    ) -> list[Evaluation]:
        self.evaluations += 1
        if self.failure is not None:
            raise self.failure
        if self.answer is not None:
            return [self.answer]
        snapshot = make_snapshot()
        return [Evaluation(evaluate([snapshot], profile)[0], snapshot, profile)]


@pytest.fixture
def market(db: None, monkeypatch: pytest.MonkeyPatch) -> Market:
    market = Market()
    monkeypatch.setattr(freshest, "resolve_symbol", market.resolve)
    monkeypatch.setattr(freshest, "evaluate_symbols", market.evaluate)
    return market


def test_the_answer_has_every_key_old_and_new(market: Market, api: APIClient) -> None:
    response = api.get("/signals/BTC")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert set(response.json()) == KEYS_OF_THE_FIRST_RELEASE | KEYS_SINCE


def test_debug_adds_the_raw_metrics(market: Market, api: APIClient) -> None:
    plain = api.get("/signals/BTC").json()

    debug = api.get("/signals/BTC?debug=true").json().pop("debug")

    assert "debug" not in plain
    assert set(debug) == {"scoreBreakdown", "allMetrics"}
    assert set(debug["scoreBreakdown"]) == {factor.value for factor in Factor}


@pytest.mark.parametrize("query", ["", "?debug=true", "?profile=aggressive"])
def test_answers_keep_to_the_published_schema(market: Market, api: APIClient, query: str) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operation = schema["paths"]["/signals/{symbol}"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]

    body = api.get(f"/signals/BTC{query}").json()

    jsonschema.validate(body, {**content, "components": schema["components"]})
    assert operation["operationId"] == "getSignal"


def test_an_answer_without_any_data_keeps_to_the_schema(market: Market, api: APIClient) -> None:
    market.answer = make_evaluation(None, price=None, neutral_reason="insufficient_data")
    schema = SchemaGenerator().get_schema(request=None, public=True)

    body = api.get("/signals/BTC").json()

    jsonschema.validate(
        body,
        {"$ref": "#/components/schemas/Signal", "components": schema["components"]},
    )
    assert (body["score"], body["price"], body["signal"]) == (None, None, "NEUTRAL")
    assert body["neutralReason"] == "insufficient_data"


def test_the_debug_group_makes_another_answer_with_another_tag(
    market: Market, api: APIClient
) -> None:
    plain, debug = api.get("/signals/BTC"), api.get("/signals/BTC?debug=true")

    assert debug["ETag"] == etag_of(debug.content) != plain["ETag"]
    known = {"If-None-Match": plain["ETag"]}
    assert api.get("/signals/BTC", headers=known).status_code == 304
    assert api.get("/signals/BTC?debug=true", headers=known).status_code == 200


def test_contributions_and_50_are_the_score(market: Market, api: APIClient) -> None:
    body = api.get("/signals/BTC").json()

    assert body["contributions"]
    assert body["score"] == pytest.approx(50 + sum(body["contributions"].values()), abs=1e-9)
    for name, contribution in body["contributions"].items():
        assert body["factors"][name]["contribution"] == contribution


def test_a_missing_factor_is_named_and_has_no_contribution(market: Market, api: APIClient) -> None:
    market.answer = make_evaluation(62.5)

    body = api.get("/signals/BTC").json()

    assert "fear_greed" in body["missing"]
    assert "fear_greed" not in body["contributions"]
    assert body["factors"]["fear_greed"]["score"] is None
    assert body["factors"]["fear_greed"]["source"] is None
    assert body["metrics"] == {
        "fundingRate": -0.0125,
        "openInterest": None,
        "socialScore": None,
        "priceTrend": None,
    }


def test_every_reading_says_where_it_comes_from_and_how_old_it_is(
    market: Market, api: APIClient
) -> None:
    market.answer = make_evaluation(62.5)

    body = api.get("/signals/BTC").json()

    assert body["provenance"]["funding_rate_8h_pct"] == {
        "value": -0.0125,
        "unit": "% per 8 h",
        "source": "okx",
        "observedAt": "2025-10-10T23:59:30.000Z",
        "fetchedAt": "2025-10-10T23:59:59.000Z",
        "ageS": 30.0,
        "fallback": True,
        "note": "binance did not answer",
    }
    factor = body["factors"]["funding_rate"]
    assert (factor["source"], factor["ageS"], factor["fallback"]) == ("okx", 30.0, True)


def test_a_group_nobody_can_fill_is_null_and_says_why(market: Market, api: APIClient) -> None:
    body = api.get("/signals/BTC?include_ai_validation=true").json()

    assert body["lunarCrushMetrics"] is None
    assert "LUNARCRUSH_API_KEY" in body["unavailable"]["lunarCrushMetrics"]
    assert body["ai_validation"] is None
    assert "not part of this version" in body["unavailable"]["ai_validation"]


def test_a_figure_that_waits_for_a_key_is_null_in_its_group_and_says_so(
    market: Market, api: APIClient
) -> None:
    body = api.get("/signals/BTC").json()

    assert body["comprehensiveMetrics"]["fundingRates"]["oiWeighted"] is None
    assert (
        body["unavailable"]["comprehensiveMetrics.fundingRates.oiWeighted"]
        == "needs COINGLASS_API_KEY"
    )
    assert body["comprehensiveMetrics"]["priceChanges"]["1h"] is not None
    assert body["coinAPIMetrics"]["orderbook"] is None
    assert "COINAPI_KEY" in body["unavailable"]["coinAPIMetrics.orderbook"]


def test_reading_stores_no_signal_and_counts_nothing(market: Market, api: APIClient) -> None:
    market.answer = make_evaluation(90.0)

    for query in ("", "?debug=true", "?profile=aggressive"):
        assert api.get(f"/signals/BTC{query}").status_code == 200

    assert not Signal.objects.exists()
    assert not EvaluationCount.objects.exists()


def test_a_warm_request_costs_no_query_and_no_evaluation(
    market: Market, api: APIClient, django_assert_num_queries: Any
) -> None:
    cold = api.get("/signals/BTC")

    with django_assert_num_queries(0):
        warm = api.get("/signals/btcusdt")

    assert warm.content == cold.content
    assert warm["ETag"] == cold["ETag"] == etag_of(cold.content)
    assert warm["Age"] == "0"
    assert market.evaluations == 1


def test_an_unknown_coin_is_answered_with_the_closest_names(market: Market, api: APIClient) -> None:
    response = api.get("/signals/BTCC")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["suggestions"] == ["BTC"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("debug=perhaps", "debug"), ("profile=reckless", "profile"), ("debgu=true", "debgu")],
)
def test_a_bad_parameter_is_named(
    market: Market, api: APIClient, query: str, parameter: str
) -> None:
    response = api.get(f"/signals/BTC?{query}")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]
    assert market.evaluations == 0


def test_without_any_provider_the_answer_is_503(market: Market, api: APIClient) -> None:
    market.failure = MarketUnavailable()

    response = api.get("/signals/BTC")

    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"


def test_a_busy_process_says_when_to_come_back(
    market: Market, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise TooManyColdRequests

    monkeypatch.setattr(viewsets, "freshest_evaluation", busy)

    response = api.get("/signals/BTC")

    assert (response.status_code, response["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_but_reading_is_offered(market: Market, api: APIClient, method: str) -> None:
    assert getattr(api, method)("/signals/BTC").status_code in (401, 403, 405)

    assert market.evaluations == 0

"""``/mss`` against the sandbox: shapes, sizes, bounds, faults, and that reading changes nothing."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

MOST_BYTES = 50_000

pytestmark = pytest.mark.usefixtures("listed")

ANSWERED = [
    ("/mss/info", "/mss/info"),
    ("/mss/discover?limit=100&max_fdv=5e8&max_age_hours=720&min_volume=10000", "/mss/discover"),
    ("/mss/discover?category=meme-token&max_fdv=5e8&max_age_hours=720", "/mss/discover"),
    ("/mss/analyze/BTC", "/mss/analyze/{symbol}"),
    ("/mss/analyze/1000PEPEUSDT?include_raw=true", "/mss/analyze/{symbol}"),
    ("/mss/scan?max_fdv=5e8&max_age_hours=720&min_mss_score=0&limit=50", "/mss/scan"),
    ("/mss/watch", "/mss/watch"),
    ("/mss/watch/BTC?interval_minutes=30", "/mss/watch/{symbol}"),
    ("/mss/history", "/mss/history"),
    ("/mss/history/BTC", "/mss/history/{symbol}"),
    ("/mss/top-scores", "/mss/top-scores"),
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
        ("/mss/info?verbose=true", "verbose"),
        ("/mss/discover?max_fdv=999999", "max_fdv"),
        ("/mss/discover?max_fdv=500000001", "max_fdv"),
        ("/mss/discover?max_fdv=nan", "max_fdv"),
        ("/mss/discover?max_age_hours=0", "max_age_hours"),
        ("/mss/discover?max_age_hours=721", "max_age_hours"),
        ("/mss/discover?min_volume=9999", "min_volume"),
        ("/mss/discover?min_volume=inf", "min_volume"),
        ("/mss/discover?limit=0", "limit"),
        ("/mss/discover?limit=101", "limit"),
        ("/mss/discover?category=A%20B", "category"),
        ("/mss/discover?category=no-such-thing", "category"),
        ("/mss/discover?max_fvd=5000000", "max_fvd"),
        ("/mss/analyze/BTC?include_raw=perhaps", "include_raw"),
        ("/mss/scan?min_mss_score=-1", "min_mss_score"),
        ("/mss/scan?min_mss_score=100.5", "min_mss_score"),
        ("/mss/scan?limit=51", "limit"),
        ("/mss/watch/BTC?interval_minutes=4", "interval_minutes"),
        ("/mss/history?limit=51", "limit"),
        ("/mss/history?offset=-1", "offset"),
        ("/mss/history?signal=BUY", "signal"),
        ("/mss/history?since=yesterday", "since"),
        ("/mss/history/BTC?symbol=ETH", "symbol"),
        ("/mss/top-scores?hours=0", "hours"),
        ("/mss/top-scores?limit=51", "limit"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(
    api: APIClient, url: str, parameter: str
) -> None:
    response = api.get(url)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize(
    "name", ["%00", "BTC%00", "%0A", "%E2%80%AE", "'%3B--", "%F0%9F%9A%80", "A" * 500]
)
@pytest.mark.parametrize("path", ["/mss/analyze/", "/mss/history/", "/mss/watch/"])
def test_a_name_that_can_be_no_coin_is_a_404(api: APIClient, path: str, name: str) -> None:
    response = api.get(path + name)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"

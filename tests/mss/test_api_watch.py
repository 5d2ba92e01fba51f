"""``/mss/watch``: adding, changing, reading and removing watched coins, each key its own."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from market.clock import wall_now
from market.sandbox.handle import Sandbox
from mss import watch
from mss.engine.evaluate import evaluate
from mss.engine.profile import STANDARD
from mss.models import SeenCoin, WatchlistEntry
from mss.storing import store_result
from tests.market.conftest import Later
from tests.mss.builders import make_inputs

pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture
def keyed(api: APIClient) -> APIClient:
    """Return a client with a key that may write."""
    return client_of("writer", "write")


def client_of(name: str, scope: str) -> APIClient:
    _, plain = create_api_key(name, scope)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_X_API_KEY=plain)
    return client


def add(client: APIClient, symbol: str = "BTC", **more: Any) -> Any:
    return client.post("/mss/watch", {"symbol": symbol, **more}, format="json")


def symbols(client: APIClient) -> list[str]:
    return [row["symbol"] for row in client.get("/mss/watch").json()["watching"]]


def test_a_coin_is_added_with_what_is_asked_for_and_read_again(keyed: APIClient) -> None:
    response = add(
        keyed, "btcusdt", interval_minutes=30, score_threshold=60, expires_in_hours=48, note="why"
    )

    assert response.status_code == 201
    assert response["Location"] == "/mss/watch/BTC"
    body = response.json()
    assert body["symbol"] == "BTC"
    assert body["monitoring"]["active"] is True
    assert body["monitoring"]["interval_minutes"] == 30
    assert body["monitoring"]["next_update_in_minutes"] == 0.0
    assert body["monitoring"]["expires_at"] is not None
    assert body["alerts"] == {"score_threshold": 60.0}
    assert (body["current_state"], body["note"]) == (None, "why")
    assert keyed.get("/mss/watch/BTC-USDT-SWAP").json() == body


def test_adding_again_changes_the_entry(keyed: APIClient) -> None:
    add(keyed, interval_minutes=30)

    again = add(keyed, interval_minutes=5)

    assert again.status_code == 200
    assert again.json()["monitoring"]["interval_minutes"] == 5
    assert WatchlistEntry.objects.count() == 1


def test_answers_keep_to_the_published_schema(keyed: APIClient) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    added = add(keyed).json()
    listed = keyed.get("/mss/watch").json()

    for method, status, body in (("post", "201", added), ("get", "200", listed)):
        response = schema["paths"]["/mss/watch"][method]["responses"][status]
        content = response["content"]["application/json"]["schema"]
        jsonschema.validate(body, {**content, "components": schema["components"]})
    assert listed["total"] == 1


def test_the_newest_stored_score_stands_beside_a_watched_coin(keyed: APIClient) -> None:
    add(keyed)
    inputs = make_inputs(symbol="BTC", coingecko_id="bitcoin")
    store_result(evaluate(inputs, STANDARD), STANDARD)

    for state in (
        keyed.get("/mss/watch/BTC").json()["current_state"],
        keyed.get("/mss/watch").json()["watching"][0]["current_state"],
    ):
        assert (state["mss_score"], state["signal"]) == (100.0, "STRONG_LONG")


def test_a_list_costs_the_same_queries_however_long_it_is(
    keyed: APIClient, django_assert_max_num_queries: Any
) -> None:
    for symbol in ("BTC", "ETH", "SOL", "DOGE", "PEPE"):
        add(keyed, symbol)

    with django_assert_max_num_queries(5):
        assert symbols(keyed) == ["BTC", "DOGE", "ETH", "PEPE", "SOL"]


def test_a_coin_nobody_watches_says_so_and_how_to_watch_it(api: APIClient) -> None:
    body = api.get("/mss/watch/BTC?interval_minutes=30").json()

    assert body["monitoring"] == {
        "active": False,
        "interval_minutes": 30,
        "next_update_in_minutes": None,
        "expires_at": None,
    }
    assert "POST /mss/watch" in body["note"]


def test_an_expired_coin_is_listed_as_inactive(keyed: APIClient, later: Later) -> None:
    add(keyed, expires_in_hours=1)

    with later(60.5):
        [row] = keyed.get("/mss/watch").json()["watching"]

    assert row["monitoring"]["active"] is False
    assert row["monitoring"]["next_update_in_minutes"] is None


def test_a_removed_coin_is_watched_no_longer(keyed: APIClient) -> None:
    add(keyed)

    removed = keyed.delete("/mss/watch/btcusdt")
    again = keyed.delete("/mss/watch/BTC")

    assert (removed.status_code, removed.content) == (204, b"")
    assert again.status_code == 404
    assert symbols(keyed) == []


def test_a_key_sees_and_removes_its_own_coins_alone(keyed: APIClient) -> None:
    other, admin = client_of("other", "write"), client_of("admin", "admin")
    add(keyed, "BTC")
    add(other, "ETH")

    assert (symbols(keyed), symbols(other)) == (["BTC"], ["ETH"])
    assert symbols(admin) == ["BTC", "ETH"]
    assert keyed.delete("/mss/watch/ETH").status_code == 404
    assert keyed.get("/mss/watch/ETH").json()["monitoring"]["active"] is False
    assert admin.get("/mss/watch/ETH").json()["monitoring"]["active"] is True


def test_watching_needs_a_key_that_may_write(api: APIClient) -> None:
    assert add(api).status_code == 401
    assert api.delete("/mss/watch/BTC").status_code == 401

    reader = client_of("reader", "read")
    assert add(reader).status_code == 403
    assert reader.delete("/mss/watch/BTC").status_code == 403
    assert reader.get("/mss/watch").status_code == 200
    assert api.get("/mss/watch").status_code == 401  # from the first key on
    assert not WatchlistEntry.objects.exists()


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "B" * 101}, "symbol"),
        ({"symbol": "BTC", "interval_minutes": 4}, "interval_minutes"),
        ({"symbol": "BTC", "interval_minutes": 61}, "interval_minutes"),
        ({"symbol": "BTC", "score_threshold": 100.5}, "score_threshold"),
        ({"symbol": "BTC", "score_threshold": "high"}, "score_threshold"),
        ({"symbol": "BTC", "expires_in_hours": 0}, "expires_in_hours"),
        ({"symbol": "BTC", "note": "n" * 201}, "note"),
        ({"symbol": "BTC", "treshold": 60}, "treshold"),
    ],
)
def test_a_member_that_is_not_valid_is_named(
    keyed: APIClient, body: dict[str, Any], parameter: str
) -> None:
    response = keyed.post("/mss/watch", body, format="json")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]
    assert not WatchlistEntry.objects.exists()


@pytest.mark.parametrize("body", [[], ["BTC"], "BTC", 7])
def test_a_body_that_is_no_object_is_refused(keyed: APIClient, body: Any) -> None:
    assert keyed.post("/mss/watch", body, format="json").status_code == 400


def test_an_unknown_coin_is_a_404_with_suggestions(keyed: APIClient) -> None:
    response = add(keyed, "BTCC")

    assert response.status_code == 404
    assert "BTC" in response.json()["suggestions"]


@pytest.mark.parametrize("symbol", ["A NAME OF WORDS", "NAMELONGERTHANANYSYMBOLTHEREIS"])
def test_a_coin_whose_name_is_no_symbol_can_be_neither_watched_nor_analyzed(
    keyed: APIClient, symbol: str
) -> None:
    SeenCoin.objects.create(
        environment="test", coingecko_id="odd-coin", symbol=symbol, first_seen_at=wall_now()
    )

    assert add(keyed, "odd-coin").status_code == 404
    assert keyed.get("/mss/analyze/odd-coin").status_code == 404
    assert not WatchlistEntry.objects.exists()


def test_a_full_list_takes_no_other_coin(keyed: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_WATCHED", 1)
    add(keyed, "BTC")

    refused = add(keyed, "ETH")

    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert error == {
        "parameter": "symbol",
        "detail": "At most 1 coins may be watched by one owner.",
    }
    assert add(keyed, "BTC", interval_minutes=5).status_code == 200


def test_watching_asks_no_provider(keyed: APIClient, sandbox: Sandbox) -> None:
    sandbox.reset()

    add(keyed)
    keyed.get("/mss/watch")
    keyed.get("/mss/watch/BTC")

    assert sandbox.calls() == 0

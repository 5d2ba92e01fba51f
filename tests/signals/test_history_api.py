"""``/history``: what is listed, counted and told of the chains; clearing deletes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import jsonschema
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from config.accounts.models import AuditEntry
from signals import history_pages
from signals.models import HistoryCut, Signal
from tests.signals.history_rows import bring_in, cut_at, instant, publish
from tests.signals.old_history import BEGAN, old_signal
from tests.signals.results import PROFILE

pytestmark = pytest.mark.django_db

KEYS_OF_THE_FIRST_RELEASE = {
    "id", "symbol", "signal", "score", "confidence", "price", "timestamp", "reasons", "metrics",
    "comprehensiveMetrics", "lunarCrushMetrics", "coinAPIMetrics", "smcAnalysis", "ai_validation",
    "created_at",
}  # fmt: skip
KEYS_SINCE = {"seq", "profile", "coveragePct", "contentHash", "origin"}


@pytest.fixture
def admin_key() -> str:
    return create_api_key("operator", "admin")[1]


def listed(api: APIClient, query: str = "") -> list[int]:
    body = api.get(f"/history/signals{query}").json()
    return [item["id"] for item in body["signals"]]


# --- The list -------------------------------------------------------------------------------------


def test_an_item_has_every_key_old_and_new(api: APIClient) -> None:
    signal = publish(price=0.00000621)

    body = api.get("/history/signals").json()

    [item] = body["signals"]
    assert set(item) == KEYS_OF_THE_FIRST_RELEASE | KEYS_SINCE
    assert (item["id"], item["symbol"], item["signal"]) == (signal.pk, "BTC", "LONG")
    assert (item["score"], item["price"], item["coveragePct"]) == (62.5, 0.00000621, 15.0)
    assert item["timestamp"] == "2025-10-11T00:00:00Z"
    assert item["reasons"] == signal.reasons
    assert item["metrics"] == signal.metrics
    assert item["comprehensiveMetrics"] == signal.comprehensive_metrics
    assert item["ai_validation"] is None
    assert (item["seq"], item["contentHash"]) == (1, signal.content_hash)
    assert (item["origin"], item["profile"]) == ("own", "balanced")


def test_the_answer_has_the_keys_of_the_first_release(api: APIClient) -> None:
    publish()

    body = api.get("/history/signals").json()

    assert set(body) == {"success", "total", "filtered", "signals", "storage", "nextCursor"}
    assert (body["success"], body["total"], body["filtered"]) == (True, 1, 1)
    assert body["storage"] == connection.vendor
    assert body["nextCursor"] is None


def test_an_imported_signal_says_that_it_is_in_no_chain(api: APIClient) -> None:
    bring_in()

    [item] = api.get("/history/signals").json()["signals"]

    assert (item["origin"], item["profile"]) == ("imported", "imported")
    assert (item["seq"], item["contentHash"], item["coveragePct"]) == (None, None, None)


def test_the_newest_comes_first_and_of_one_instant_the_one_stored_last(api: APIClient) -> None:
    later = publish(hours=1)
    first = publish(symbol="ETH")
    second = publish(symbol="SOL")

    assert listed(api) == [later.pk, second.pk, first.pk]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("symbol=BTC", ["btc", "btc-conservative", "btc-short"]),
        ("symbol=btcusdt", ["btc", "btc-conservative", "btc-short"]),
        ("symbol=BTC-USDT-SWAP", ["btc", "btc-conservative", "btc-short"]),
        ("symbol=GONE", []),
        ("signal_type=SHORT", ["btc-short"]),
        ("confidence=low", ["btc", "btc-conservative", "btc-short", "eth"]),
        ("confidence=medium", ["old-eth"]),
        ("min_score=62.5", ["btc", "btc-conservative", "eth"]),
        ("min_score=62.51", ["eth"]),
        ("max_score=53", ["btc-short", "old-eth"]),
        ("min_score=62.5&max_score=62.5", ["btc", "btc-conservative"]),
        ("profile=conservative", ["btc-conservative"]),
        ("profile=imported", ["old-eth"]),
        ("origin=all", ["btc", "btc-conservative", "btc-short", "eth", "old-eth"]),
        ("origin=own", ["btc", "btc-conservative", "btc-short", "eth"]),
        ("origin=imported", ["old-eth"]),
        (f"start_date={instant(1)}", ["btc-short", "eth", "old-eth"]),
        (f"start_date={instant(1)}&origin=own", ["btc-short", "eth"]),
        (f"end_date={instant(1)}", ["btc", "btc-conservative"]),
        (f"end_date={instant(1.001)}", ["btc", "btc-conservative", "btc-short"]),
        ("end_date=2025-10-11", ["btc", "btc-conservative", "btc-short"]),
        ("start_date=2025-10-12&end_date=2025-10-12", ["eth"]),
        ("start_date=2025-10-11T07:00:00%2B07:00&end_date=2025-10-11T00:00:01",
         ["btc", "btc-conservative"]),
    ],
)  # fmt: skip
def test_filters_choose(api: APIClient, query: str, expected: list[str]) -> None:
    conservative = replace(PROFILE, name="conservative")
    names = {
        publish().pk: "btc",
        publish(profile=conservative).pk: "btc-conservative",
        publish(30.0, hours=1).pk: "btc-short",
        publish(70.0, symbol="ETH", hours=47.99).pk: "eth",
        bring_in(1).pk: "old-eth",
    }

    body = api.get(f"/history/signals?{query}").json()

    assert sorted(names[item["id"]] for item in body["signals"]) == expected
    assert (body["total"], body["filtered"]) == (5, len(expected))
    # In pages it is counted and not the length of what is shown.
    assert api.get(f"/history/signals?{query}&limit=1").json()["filtered"] == len(expected)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=fffffffffffffff-1", "cursor"),
        ("cursor=1-1-1", "cursor"),
        ("signal_type=NEUTRAL", "signal_type"),
        ("confidence=none", "confidence"),
        ("min_score=-1", "min_score"),
        ("max_score=101", "max_score"),
        ("min_score=60&max_score=59", "max_score"),
        ("min_score=nan", "min_score"),
        ("start_date=2026-01-02&end_date=2025-01-02", "end_date"),
        ("end_date=9999-12-31", "end_date"),
        ("start_date=2026-13-01", "start_date"),
        ("origin=both", "origin"),
        ("symbol=", "symbol"),
        ("symbol=%00", "symbol"),
        ("direction=LONG", "direction"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_a_parameter_that_is_not_valid_is_named(api: APIClient, query: str, parameter: str) -> None:
    response = api.get(f"/history/signals?{query}")

    assert response.status_code == 400
    assert {error["parameter"] for error in response.json()["errors"]} == {parameter}


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_go_on_where_the_last_one_ended(api: APIClient, limit: int) -> None:
    # Pairs of one instant: a page may end between the two.
    for hours in range(5):
        publish(62.5 if hours % 2 else 30.0, hours=hours)
        publish(symbol="ETH", score=30.0 if hours % 2 else 62.5, hours=hours)
    whole = listed(api, "?limit=500")

    pages, cursor = [], ""
    while cursor is not None:
        body = api.get(f"/history/signals?limit={limit}{cursor and f'&cursor={cursor}'}").json()
        pages.append([item["id"] for item in body["signals"]])
        cursor = body["nextCursor"]

    assert list(chain.from_iterable(pages)) == whole
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert len(whole) == 10


def test_a_signal_stored_meanwhile_shifts_no_page(api: APIClient) -> None:
    published = [publish(hours=4 * number).pk for number in range(4)]
    first = api.get("/history/signals?limit=2").json()

    publish(30.0, hours=20)
    second = listed(api, f"?limit=2&cursor={first['nextCursor']}")

    assert [item["id"] for item in first["signals"]] + second == published[::-1]


def test_a_page_takes_few_queries_whatever_its_size(api: APIClient) -> None:
    for number in range(3):
        bring_in(number)
    api.get("/history/signals")  # asks whether there are any keys
    with CaptureQueriesContext(connection) as few:
        api.get("/history/signals?limit=1&signal_type=LONG")
    for number in range(3, 60):
        bring_in(number)

    with CaptureQueriesContext(connection) as many:
        api.get("/history/signals?limit=50&signal_type=LONG")

    assert len(many) == len(few) == 4


def test_more_than_can_be_counted_quickly_is_null_and_not_a_guess(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_pages, "COUNTED_TO", 3)
    for number in (0, 4, 8, 12):
        bring_in(number)
    bring_in(1)

    everything = api.get("/history/signals?limit=1").json()
    four = api.get("/history/signals?symbol=BTC&limit=1").json()
    four_at_once = api.get("/history/signals?symbol=BTC").json()
    three = api.get("/history/signals?symbol=BTC&max_score=60&limit=1").json()

    assert (everything["total"], everything["filtered"]) == (5, 5)
    assert (four["total"], four["filtered"]) == (5, None)
    assert (four_at_once["total"], four_at_once["filtered"]) == (5, 4)
    assert (three["total"], three["filtered"]) == (5, 3)


def test_another_environment_is_not_listed(api: APIClient, settings: Any) -> None:
    signal = publish()
    settings.ENVIRONMENT = "live"

    assert listed(api) == []
    assert api.get(f"/history/signals/{signal.pk}").status_code == 404
    assert api.get("/history/statistics").json()["total"] == 0
    assert api.get("/history/info").json()["streams"] == []


# --- One signal -----------------------------------------------------------------------------------


def test_one_signal_is_told_whole(api: APIClient) -> None:
    signal = publish()

    body = api.get(f"/history/signals/{signal.pk}").json()

    assert set(body) > KEYS_OF_THE_FIRST_RELEASE | KEYS_SINCE
    assert body["factors"] == signal.factors
    assert body["provenance"] == signal.provenance
    assert body["problems"] == signal.problems
    assert (body["prevHash"], body["contentHash"]) == ("0" * 64, signal.content_hash)
    assert body["profileSettings"] == signal.profile
    assert (body["confidenceScore"], body["listed"]) == (0.1, True)
    assert (body["importedAt"], body["sourceReference"]) == (None, None)


def test_an_imported_one_says_where_it_comes_from(api: APIClient) -> None:
    signal = bring_in(id="sig_1")

    body = api.get(f"/history/signals/{signal.pk}").json()

    assert body["sourceReference"] == "sig_1"
    assert body["sourceExtra"] == {"premiumMetrics": old_signal()["premiumMetrics"]}
    assert body["importedAt"] is not None
    assert (body["prevHash"], body["inputHash"]) == (None, None)


@pytest.mark.parametrize("unknown", ["0", "999999", "9" * 30])
def test_an_unknown_id_is_404(api: APIClient, unknown: str) -> None:
    assert api.get(f"/history/signals/{unknown}").status_code == 404


# --- Chains ---------------------------------------------------------------------------------------


def test_info_tells_length_and_head_of_every_chain(api: APIClient) -> None:
    publish(62.5)
    head = publish(30.0, hours=1)
    eth = publish(symbol="ETH")
    bring_in()

    body = api.get("/history/info").json()

    assert body["streams"] == [
        {"symbol": "BTC", "profile": "balanced", "length": 2, "headHash": head.content_hash,
         "headAt": instant(1)},
        {"symbol": "ETH", "profile": "balanced", "length": 1, "headHash": eth.content_hash,
         "headAt": instant(0)},
    ]  # fmt: skip
    assert body["counts"] == {"streams": 2, "own": 3, "imported": 1}
    assert (body["environment"], body["storage"]) == ("test", connection.vendor)
    assert body["newestCut"] is None
    assert body["algorithm"]["columns"] == list(Signal.HASHED_COLUMNS)


def test_heads_come_in_pages(api: APIClient) -> None:
    for symbol in ("BTC", "ADA", "ETH"):
        publish(symbol=symbol)

    first = api.get("/history/info?limit=2").json()
    second = api.get(f"/history/info?limit=2&cursor={first['nextCursor']}").json()

    assert [each["symbol"] for each in first["streams"]] == ["ADA", "BTC"]
    assert [each["symbol"] for each in second["streams"]] == ["ETH"]
    assert (first["counts"], second["nextCursor"]) == (second["counts"], None)


@pytest.mark.parametrize("query", ["limit=1001", "limit=0", "cursor=BTC", "cursor=:balanced"])
def test_info_refuses_what_is_not_valid(api: APIClient, query: str) -> None:
    assert api.get(f"/history/info?{query}").status_code == 400


# --- Clearing -------------------------------------------------------------------------------------


def test_a_clear_hides_everything_so_far_and_deletes_nothing(
    api: APIClient, admin_key: str
) -> None:
    publish()
    bring_in()
    api.credentials(HTTP_X_API_KEY=admin_key)

    body = api.delete("/history/clear?confirm=true").json()

    assert (body["success"], body["newlyHidden"], body["deleted"]) == (True, 2, 0)
    assert listed(api) == []
    assert api.get("/history/statistics").json()["total"] == 0
    assert Signal.objects.count() == 2


def test_a_clear_up_to_an_instant_hides_that_instant_and_nothing_after(
    api: APIClient, admin_key: str
) -> None:
    publish()
    publish(30.0, hours=1)
    left = publish(62.5, hours=1.001)
    api.credentials(HTTP_X_API_KEY=admin_key)

    body = api.delete(f"/history/clear?confirm=true&before={instant(1)}").json()

    assert (body["hiddenUntil"], body["newlyHidden"]) == (instant(1), 2)
    assert listed(api) == [left.pk]


def test_the_cut_that_reaches_furthest_counts(api: APIClient) -> None:
    publish()
    left = publish(30.0, hours=2)
    cut_at(hours=1)
    cut_at(hours=-5)

    assert listed(api) == [left.pk]
    assert api.get("/history/info").json()["newestCut"]["hiddenUntil"] == instant(1)


def test_a_cut_of_another_environment_hides_nothing(api: APIClient) -> None:
    signal = publish()
    cut = cut_at(hours=9)
    HistoryCut.objects.filter(pk=cut.pk).update(environment="live")

    assert listed(api) == [signal.pk]


def test_what_is_hidden_keeps_its_chain_and_can_be_read_by_its_id(api: APIClient) -> None:
    signal = publish()
    cut_at(hours=1)

    body = api.get(f"/history/signals/{signal.pk}").json()
    info = api.get("/history/info").json()

    assert (body["id"], body["listed"]) == (signal.pk, False)
    assert info["streams"][0]["headHash"] == signal.content_hash
    assert info["counts"]["own"] == 1


def test_a_clear_is_entered_in_the_audit_log(api: APIClient, admin_key: str) -> None:
    publish()
    api.credentials(HTTP_X_API_KEY=admin_key)

    api.delete(f"/history/clear?confirm=true&before={instant(1)}")

    [entry] = AuditEntry.objects.filter(action="history.cleared")
    prefix = admin_key.partition(".")[0]
    assert (entry.actor, entry.target) == (f"key:{prefix}", "test")
    assert entry.detail == {"hidden_until": "2025-10-11T01:00:00+00:00", "newly_hidden": 1}
    assert HistoryCut.objects.get().made_by == f"key:{prefix}"


def test_without_its_audit_entry_a_clear_does_not_happen(
    api: APIClient, admin_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("config.accounts.audit.record", refuse)
    api.credentials(HTTP_X_API_KEY=admin_key)

    response = api.delete("/history/clear?confirm=true")

    assert response.status_code == 500
    assert HistoryCut.objects.count() == 0


@pytest.mark.parametrize("query", ["", "?confirm=false", "?confirm=1&before=2999-01-01"])
def test_a_clear_needs_to_be_confirmed_and_not_to_reach_into_the_future(
    api: APIClient, admin_key: str, query: str
) -> None:
    api.credentials(HTTP_X_API_KEY=admin_key)

    response = api.delete(f"/history/clear{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] in {"confirm", "before"}
    assert HistoryCut.objects.count() == 0
    assert AuditEntry.objects.filter(action="history.cleared").count() == 0


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("write", 403), (None, 401)])
def test_a_clear_needs_a_key_with_scope_admin(
    api: APIClient, scope: str | None, status: int
) -> None:
    if scope is not None:
        api.credentials(HTTP_X_API_KEY=create_api_key("other", scope)[1])

    assert api.delete("/history/clear?confirm=true").status_code == status
    assert HistoryCut.objects.count() == 0


# --- The documented shapes ------------------------------------------------------------------------


def test_answers_keep_to_the_published_schema(api: APIClient, admin_key: str) -> None:
    own, old = publish(), bring_in()
    api.credentials(HTTP_X_API_KEY=admin_key)
    schema = SchemaGenerator().get_schema(request=None, public=True)
    asked = [
        ("get", "/history/signals", "/history/signals", "listSignalHistory"),
        ("get", "/history/signals/{id}", f"/history/signals/{own.pk}", "getStoredSignal"),
        ("get", "/history/signals/{id}", f"/history/signals/{old.pk}", "getStoredSignal"),
        ("get", "/history/statistics", "/history/statistics", "getHistoryStatistics"),
        ("get", "/history/statistics", "/history/statistics?symbol=NONE", "getHistoryStatistics"),
        ("get", "/history/info", "/history/info", "getHistoryInfo"),
        ("delete", "/history/clear", "/history/clear?confirm=true", "clearSignalHistory"),
        ("get", "/history/info", "/history/info", "getHistoryInfo"),
    ]  # fmt: skip

    for method, path, url, operation_id in asked:
        body = getattr(api, method)(url).json()
        operation = schema["paths"][path][method]
        content = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(body, {**content, "components": schema["components"]})
        assert operation["operationId"] == operation_id
        _, name = content["$ref"].rsplit("/", 1)
        assert set(body) == set(schema["components"]["schemas"][name]["properties"]), url


def test_reading_stores_nothing(api: APIClient) -> None:
    publish()

    with CaptureQueriesContext(connection) as queries:
        for path in ("signals", "statistics", "info", "export"):
            response: Any = api.get(f"/history/{path}")
            assert response.status_code == 200
            if response.streaming:
                b"".join(response.streaming_content)

    statements = [query["sql"].split()[0] for query in queries]
    assert set(statements) == {"SELECT"}


def test_old_signals_stand_between_new_ones_by_their_time(api: APIClient) -> None:
    new = publish(hours=0)
    old = bring_in(0)
    assert (BEGAN - datetime(2025, 10, 11, tzinfo=UTC)) > timedelta(0)

    assert listed(api) == [old.pk, new.pk]


def test_times_descend(api: APIClient) -> None:
    for number in range(6):
        bring_in(number)

    times = [item["timestamp"] for item in api.get("/history/signals").json()["signals"]]

    assert all(later > earlier for later, earlier in pairwise(times))

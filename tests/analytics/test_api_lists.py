"""Lists of ``/analytics/history``: order, pages, whole last days, and one look of every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from analytics.lists import recent_signals
from signals.models import HistoryCut
from tests.analytics.rows import NOW, days_ago, store_imported, store_signal

pytestmark = pytest.mark.usefixtures("two_coins")


def ids(body: dict[str, Any]) -> list[int]:
    return [signal["id"] for signal in body["signals"]]


def in_range(api: APIClient, query: str) -> dict[str, Any]:
    response = api.get(f"/analytics/history/date-range?{query}")
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def test_an_item_says_what_the_stored_signal_says(api: APIClient) -> None:
    stored = store_signal(
        price=Decimal("0.00000621"), reasons=["shorts pay"], metrics={"fundingRate": -0.0125}
    )

    [item] = api.get("/analytics/history/latest").json()["signals"]

    assert item["id"] == stored.pk
    assert (item["symbol"], item["signal"], item["confidence"]) == ("BTC", "LONG", "medium")
    assert (item["score"], item["price"]) == (62.5, 6.21e-06)
    assert item["timestamp"] == item["created_at"] == "2025-10-11T12:00:00Z"
    assert item["reasons"] == ["shorts pay"]
    assert item["metrics"] == {"fundingRate": -0.0125}
    assert item["comprehensiveMetrics"] is None
    assert item["origin"] == "own"


def test_the_three_lists_show_the_same_items(api: APIClient) -> None:
    store_signal()
    store_imported(at=days_ago(1))

    latest = api.get("/analytics/history/latest").json()["signals"]

    assert api.get("/analytics/history/BTC").json()["signals"] == latest
    assert in_range(api, "start_date=2025-10-01&end_date=2025-10-11")["signals"] == latest
    assert [item["origin"] for item in latest] == ["own", "imported"]


def test_the_latest_signals_are_the_newest_of_all_coins(api: APIClient) -> None:
    oldest = store_signal("BTC", days_ago(3))
    newest = store_signal("ETH", days_ago(1))
    middle = store_signal("BTC", days_ago(2))

    two = api.get("/analytics/history/latest?limit=2").json()
    all_three = api.get("/analytics/history/latest?limit=3").json()

    assert (two["success"], two["count"], ids(two)) == (True, 2, [newest.pk, middle.pk])
    assert ids(all_three) == [newest.pk, middle.pk, oldest.pk]


def test_pages_of_a_coin_meet(api: APIClient) -> None:
    stored = [store_signal("BTC", days_ago(day)).pk for day in range(3)]
    store_signal("ETH")

    first = api.get("/analytics/history/BTC?limit=2").json()
    rest = api.get("/analytics/history/BTC?limit=2&offset=2").json()
    beyond = api.get("/analytics/history/BTC?offset=3").json()

    assert (first["total"], first["count"], first["has_more"]) == (3, 2, True)
    assert (rest["total"], rest["count"], rest["has_more"]) == (3, 1, False)
    assert (beyond["total"], beyond["count"], beyond["has_more"]) == (3, 0, False)
    assert ids(first) + ids(rest) == stored


def test_what_was_cleared_is_not_listed(api: APIClient) -> None:
    store_signal("BTC", days_ago(2))
    left = store_signal("BTC", days_ago(1))
    HistoryCut.objects.create(
        environment="test", hidden_until=days_ago(1.5), made_at=NOW, made_by="test"
    )

    assert ids(api.get("/analytics/history/latest").json()) == [left.pk]
    assert api.get("/analytics/history/BTC").json()["total"] == 1
    assert ids(in_range(api, "start_date=2025-10-01&end_date=2025-10-11")) == [left.pk]


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2025-10-07T23:59:59.999999", False),
        ("2025-10-08T00:00:00", True),
        ("2025-10-09T23:59:59.999999", True),
        ("2025-10-10T00:00:00", False),
    ],
)
def test_both_days_of_a_range_are_in_it_from_first_to_last(
    api: APIClient, at: str, found: bool
) -> None:
    store_signal("BTC", datetime.fromisoformat(at).replace(tzinfo=UTC))

    body = in_range(api, "start_date=2025-10-08&end_date=2025-10-09")

    assert body["count"] == int(found)
    assert (body["since"], body["until"]) == ("2025-10-08T00:00:00Z", "2025-10-10T00:00:00Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("start_date=2025-10-08T10:00:00Z&end_date=2025-10-08T10:00:00.000001Z", 1),
        ("start_date=2025-10-08T10:00:00&end_date=2025-10-08T11:00:00", 1),
        ("start_date=2025-10-08T12:00:00%2B02:00&end_date=2025-10-08T13:00:00%2B02:00", 1),
        ("start_date=2025-10-08T10:00:00.000001Z&end_date=2025-10-09", 0),
        ("start_date=2025-10-08&end_date=2025-10-08T10:00:00Z", 0),
        ("start_date=2025-10-08&end_date=2025-10-08", 1),
        ("start_date=2025-10-08&end_date=2025-10-08&symbol=btcusdt", 1),
        ("start_date=2025-10-08&end_date=2025-10-08&symbol=ETH", 0),
    ],
)
def test_instants_and_coins_narrow_a_range(api: APIClient, query: str, found: int) -> None:
    store_signal("BTC", datetime(2025, 10, 8, 10, tzinfo=UTC))

    assert in_range(api, query)["count"] == found


def test_pages_of_a_range_meet_where_many_share_an_instant(api: APIClient) -> None:
    stored = [store_signal("BTC", NOW - timedelta(hours=number // 3)).pk for number in range(9)]
    query = "start_date=2025-10-01&end_date=2025-10-11&limit=2"

    pages = [in_range(api, query)]
    while pages[-1]["next_cursor"]:
        pages.append(in_range(api, f"{query}&cursor={pages[-1]['next_cursor']}"))

    assert [page["has_more"] for page in pages] == [True, True, True, True, False]
    newest_first = [id_ for hour in (0, 3, 6) for id_ in reversed(stored[hour : hour + 3])]
    assert [id_ for page in pages for id_ in ids(page)] == newest_first


def test_a_signal_stored_meanwhile_moves_no_page(api: APIClient) -> None:
    stored = [store_signal("BTC", days_ago(day)).pk for day in (1, 2, 3)]
    query = "start_date=2025-10-01&end_date=2025-10-11&limit=2"
    first = in_range(api, query)

    store_signal("BTC")
    second = in_range(api, f"{query}&cursor={first['next_cursor']}")

    assert ids(first) + ids(second) == stored


def test_recent_signals_are_the_items_of_the_list(api: APIClient) -> None:
    store_signal("BTC", price=Decimal("65000.5"))
    store_signal("BTC", days_ago(1))
    store_signal("ETH")

    found = recent_signals("BTC", 1)

    assert [item["id"] for item in found] == ids(api.get("/analytics/history/BTC?limit=1").json())

"""The newest signals as ready JSON: the rows are read again only when they are other ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from rest_framework.test import APIClient

from analytics import latest, lists
from analytics.latest import latest_signals
from signals.models import HistoryCut
from tests.analytics.rows import NOW, days_ago, store_imported, store_signal

pytestmark = pytest.mark.usefixtures("two_coins")


def test_the_same_signals_are_read_once_and_asked_for_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_signal()
    asked = []
    for name in ("latest", "latest_ids"):
        ask = partial(_noted, asked, name, getattr(lists, name))
        monkeypatch.setattr(lists, name, ask)

    for _ in range(3):
        latest_signals(50)

    assert asked == ["latest", "latest_ids", "latest_ids"]


def _noted(asked: list[str], name: str, ask: Callable[[int], object], limit: int) -> object:
    asked.append(name)
    return ask(limit)


def test_every_length_of_the_list_is_kept_apart() -> None:
    store_signal("BTC", days_ago(1))
    newest = store_signal("ETH", days_ago(0.5))

    assert latest_signals(2).ids[:1] == latest_signals(1).ids == (newest.pk,)
    assert len(latest_signals(2).ids) == 2


@pytest.mark.parametrize("older", [False, True])
def test_a_signal_that_is_stored_is_listed_at_once(older: bool) -> None:
    before = store_signal("BTC", days_ago(1))
    assert latest_signals(50).ids == (before.pk,)

    other = store_imported(at=days_ago(2 if older else 0.5))

    expected = (before.pk, other.pk) if older else (other.pk, before.pk)
    assert latest_signals(50).ids == expected


def test_what_is_cleared_leaves_the_list_at_once() -> None:
    store_signal("BTC", days_ago(2))
    left = store_signal("BTC", days_ago(1))
    assert len(latest_signals(50).ids) == 2

    HistoryCut.objects.create(
        environment="test", hidden_until=NOW - timedelta(days=1.5), made_at=NOW, made_by="test"
    )

    assert latest_signals(50).ids == (left.pk,)


def test_long_lists_and_rare_lengths_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    store_signal()
    for limit in range(1, 2 * latest._MOST_KEPT):
        latest_signals(limit)
        assert len(latest._kept) <= latest._MOST_KEPT
    latest.forget()
    monkeypatch.setattr(latest, "_MOST_BYTES", 10)

    latest_signals(50)

    assert latest._kept == {}


def test_a_client_that_has_the_list_is_not_sent_it_again(api: APIClient) -> None:
    store_signal()
    first = api.get("/analytics/history/latest")

    again = api.get("/analytics/history/latest", headers={"If-None-Match": first["ETag"]})

    assert first.status_code == 200
    assert (again.status_code, again.content) == (304, b"")

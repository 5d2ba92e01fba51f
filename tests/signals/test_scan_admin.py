"""Scans in the admin: the list, a run's page and its live part, scanning a list now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from signals import batches
from signals.models import ScanBatch, ScanRun
from signals.scans import start_run
from tests.signals.scan_work import HandMade, make_list

LISTS, RUNS = "admin:market_watchlist_changelist", "admin:signals_scanrun_changelist"


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch) -> HandMade:
    made = HandMade()
    monkeypatch.setattr(batches, "evaluate_batch", made)
    return made


def page(client: Client, name: str, run: ScanRun) -> str:
    answer = client.get(reverse(f"admin:signals_scanrun_{name}", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def scan_now(client: Client, *lists: Any) -> str:
    chosen = {"action": "scan_now", "_selected_action": [one.pk for one in lists]}
    return client.post(reverse(LISTS), chosen, follow=True).content.decode()


def test_a_list_is_scanned_now_with_a_link_to_see_how_far_it_is(admin_client: Client) -> None:
    told = scan_now(admin_client, make_list())

    run = ScanRun.objects.get()
    assert run.name == "Main"
    assert reverse("admin:signals_scanrun_change", args=[run.pk]) in told


def test_scanning_a_list_again_leads_to_the_scan_that_runs(admin_client: Client) -> None:
    watchlist = make_list()
    scan_now(admin_client, watchlist)

    told = scan_now(admin_client, watchlist, make_list((), name="Empty"))

    assert ScanRun.objects.count() == 1
    assert "Main is being scanned already" in told
    assert "Empty has no coins." in told


def test_the_page_of_a_run_fetches_its_changing_part_until_it_is_over(
    admin_client: Client,
) -> None:
    run = start_run(["BTC", "ETH"])
    whole = page(admin_client, "change", run)
    during = page(admin_client, "progress", run)
    batches.run_batches()
    after = page(admin_client, "progress", run)

    assert reverse("admin:signals_scanrun_progress", args=[run.pk]) in whole
    assert "scan_progress.js" in whole
    assert during in whole.replace("\r", "")
    assert "0 of 2 coins, running" in during
    assert "data-over" not in during
    assert "2 of 2 coins, complete" in after
    assert "data-over" in after


def test_the_page_names_what_was_not_evaluated_and_escapes_it(admin_client: Client) -> None:
    run = start_run(["BTC"])
    ScanBatch.objects.update(problems={"<b>": "<script>"})

    shown = page(admin_client, "change", run)

    assert "&lt;script&gt;" in shown
    assert "<b>" not in shown


def test_runs_are_listed_filtered_and_found(admin_client: Client) -> None:
    run = start_run(["BTC"])
    batches.run_batches()
    start_run(["ETH"])

    complete = admin_client.get(reverse(RUNS) + "?state__exact=complete")
    found = admin_client.get(reverse(RUNS) + "?q=BTC")

    for answer in (complete, found):
        assert [row.pk for row in answer.context["cl"].result_list] == [run.pk]
    assert "1/1" in complete.content.decode()


@pytest.mark.parametrize("name", ["change", "progress"])
def test_runs_that_are_not_there_are_404_and_strangers_log_in(
    admin_client: Client, client: Client, name: str
) -> None:
    url = reverse(f"admin:signals_scanrun_{name}", args=[99])

    assert admin_client.get(url).status_code == 404
    assert client.get(url).status_code == 302


def test_who_may_not_see_runs_does_not(client: Client, django_user_model: Any) -> None:
    run = start_run(["BTC"])
    stranger = django_user_model.objects.create_user("reader", password="x", is_staff=True)
    client.force_login(stranger)

    assert client.get(reverse("admin:signals_scanrun_progress", args=[run.pk])).status_code == 404
    assert client.get(reverse(RUNS)).status_code == 403


def test_nothing_of_a_run_is_changed_by_hand(admin_client: Client) -> None:
    run = start_run(["BTC"])

    answers = [
        admin_client.get(reverse("admin:signals_scanrun_add")),
        admin_client.post(reverse("admin:signals_scanrun_delete", args=[run.pk])),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert ScanRun.objects.count() == 1

"""The admin: scores to look at and replay, coins to watch, profiles that become new versions."""

from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mss import profiles, runs
from mss.engine.evaluate import evaluate
from mss.engine.profile import STANDARD, settings_of
from mss.models import MssProfile, MssScore, WatchlistEntry
from mss.runs import RUNS
from mss.storing import store_result
from notifications.models import AlertEvent
from tests.mss.builders import make_inputs

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored() -> MssScore:
    return store_result(evaluate(make_inputs(), STANDARD), STANDARD)


@pytest.mark.parametrize(
    "model", ["mssscore", "watchlistentry", "mssprofile", "mssrun", "listreading"]
)
def test_every_list_opens(admin_client: Client, stored: MssScore, model: str) -> None:
    assert admin_client.get(reverse(f"admin:mss_{model}_changelist")).status_code == 200


def test_a_score_is_shown_and_cannot_be_changed(admin_client: Client, stored: MssScore) -> None:
    url = reverse("admin:mss_mssscore_change", args=[stored.pk])

    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"total": 1}).status_code == 403


@pytest.mark.parametrize(("total", "said"), [(None, "comes out the same"), (1.0, "differs: total")])
def test_scores_are_replayed_from_the_list(
    admin_client: Client, stored: MssScore, total: float | None, said: str
) -> None:
    if total is not None:
        MssScore.objects.update(total=total)

    answer = admin_client.post(
        reverse("admin:mss_mssscore_changelist"),
        {"action": "replay_scores", "_selected_action": [stored.pk]},
        follow=True,
    )

    assert said in answer.content.decode()


def watch_in_the_admin(client: Client, symbol: str) -> HttpResponse:
    asked = {"symbol": symbol, "interval_minutes": 30, "min_score": 5, "note": "why"}
    return client.post(reverse("admin:mss_watchlistentry_add"), asked)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("spelling", ["btc", "BTCUSDT", "bitcoin"])
def test_a_watched_coin_is_found_by_any_spelling_and_belongs_to_whoever_adds_it(
    admin_client: Client, spelling: str
) -> None:
    answer = watch_in_the_admin(admin_client, spelling)

    assert answer.status_code == 302
    entry = WatchlistEntry.objects.get()
    assert (entry.symbol, entry.coin_key) == ("BTC", "bitcoin")
    assert (entry.owner, entry.environment) == ("admin:admin", "test")


@pytest.mark.usefixtures("listed")
def test_a_coin_that_is_none_or_watched_already_is_refused_in_the_form(
    admin_client: Client,
) -> None:
    watch_in_the_admin(admin_client, "BTC")

    again = watch_in_the_admin(admin_client, "btcusdt")
    unknown = watch_in_the_admin(admin_client, "NOSUCHCOIN")

    assert "You watch BTC already." in again.content.decode()
    assert "has a coin of this name." in unknown.content.decode()
    assert WatchlistEntry.objects.count() == 1


@pytest.mark.usefixtures("listed")
def test_how_a_coin_is_watched_is_edited_and_its_name_is_not(admin_client: Client) -> None:
    watch_in_the_admin(admin_client, "BTC")
    entry = WatchlistEntry.objects.get()

    admin_client.post(
        reverse("admin:mss_watchlistentry_change", args=[entry.pk]),
        {"symbol": "ETH", "interval_minutes": 60, "min_score": 80, "note": ""},
    )

    changed = WatchlistEntry.objects.get()
    assert (changed.symbol, changed.interval_minutes, changed.min_score) == ("BTC", 60, 80.0)


@pytest.mark.usefixtures("listed")
def test_a_coin_watched_in_the_admin_alerts_from_its_own_threshold(
    admin_client: Client, settings: Settings
) -> None:
    settings.MSS_SCAN_EVERY_MIN = 0
    watch_in_the_admin(admin_client, "ETH")

    runs.start_due()
    RUNS.work(runs.work)

    score = MssScore.objects.get()
    assert 5.0 <= score.total < 50.0
    assert [event.facts["symbol"] for event in AlertEvent.objects.all()] == ["ETH"]


def test_a_changed_profile_becomes_the_next_version_in_force(admin_client: Client) -> None:
    settings = settings_of(STANDARD)
    settings["pass_marks"]["phase1_discovery"] = 12.0

    answer = admin_client.post(
        reverse("admin:mss_mssprofile_add"),
        {"name": "standard", "settings": json.dumps(settings)},
    )

    assert answer.status_code == 302
    assert profiles.active_profile().version == 2
    assert profiles.active_profile().phases[0].pass_mark == 12.0


def test_an_edit_leaves_the_version_it_began_from_as_it_was(admin_client: Client) -> None:
    first = profiles.save_version("standard", settings_of(STANDARD))
    changed = settings_of(STANDARD)
    changed["tiers"]["LONG"] = 66.0

    admin_client.post(
        reverse("admin:mss_mssprofile_change", args=[first.pk]),
        {"name": "standard", "settings": json.dumps(changed)},
    )

    versions = MssProfile.objects.order_by("version").values_list("version", "is_active")
    assert list(versions) == [(2, False), (3, True)]
    assert MssProfile.objects.get(version=2).settings == settings_of(STANDARD)
    assert profiles.active_profile().tiers["LONG"] == 66.0  # type: ignore[index]


def test_a_profile_that_breaks_a_rule_is_refused_in_the_form(admin_client: Client) -> None:
    settings = settings_of(STANDARD)
    settings["bands"]["age"][0]["start"] = 10

    answer = admin_client.post(
        reverse("admin:mss_mssprofile_add"),
        {"name": "standard", "settings": json.dumps(settings)},
    )

    assert "gives 31 points, not 30" in answer.content.decode()
    assert not MssProfile.objects.exists()


def test_a_score_names_the_profile_it_was_made_by_and_replays_by_it(stored: MssScore) -> None:
    from mss.replay import replay

    changed = settings_of(STANDARD)
    changed["tiers"]["STRONG_LONG"] = 99.5
    profiles.save_version("standard", changed)

    assert replay(MssScore.objects.get()) == ()
    assert (stored.profile_name, stored.profile_version) == ("standard", 1)

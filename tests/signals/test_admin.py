"""The admin: evidence to look at, profiles to change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from notifications.models import AlertEvent, Delivery, Subscriber
from signals import profiles
from signals.engine import BALANCED
from signals.engine.types import Factor
from signals.importing_records import columns_of
from signals.models import ScoringProfile, Signal
from signals.profiles import active_profile
from signals.services import count_evaluations, publish_signal
from tests.signals.old_history import old_signal
from tests.signals.results import make_evaluation, make_result


@pytest.fixture
def stored(db: None) -> Signal:
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None
    return signal


def profile_form(**changes: Any) -> dict[str, Any]:
    weights = {f"weight_{factor.value}": BALANCED.weights[factor] for factor in Factor}
    scales = {f"scale_{factor.value}": 1.0 for factor in Factor}
    decision = {
        "long_at": 55.0,
        "short_at": 45.0,
        "min_coverage_pct": 60.0,
        "cooldown_h": 4.0,
        "rescore_distance": 10.0,
    }
    return {**weights, **scales, **decision, **changes}


@pytest.mark.parametrize(
    "query",
    ["", "?q=BTC", "?signal__exact=LONG", "?environment__exact=test&confidence__exact=low"],
)
def test_signals_can_be_searched_and_filtered(
    stored: Signal, admin_client: Client, query: str
) -> None:
    response = admin_client.get(reverse("admin:signals_signal_changelist") + query)

    assert response.status_code == 200
    assert [row.pk for row in response.context["cl"].result_list] == [stored.pk]


def test_a_signal_shows_its_evidence_and_offers_no_change(
    stored: Signal, admin_client: Client
) -> None:
    url = reverse("admin:signals_signal_change", args=[stored.pk])

    page = admin_client.get(url).content.decode()

    assert "shorts pay" in page
    assert "binance did not answer" in page
    assert "unreadable answer from klines" in page
    assert stored.content_hash in page
    assert 'name="_save"' not in page
    assert reverse("admin:signals_signal_replay", args=[stored.pk]) in page
    assert admin_client.post(url, {"symbol": "ETH"}).status_code == 403
    assert Signal.objects.get().symbol == "BTC"


def test_a_signal_shows_its_alert_and_what_became_of_it(
    stored: Signal, admin_client: Client
) -> None:
    url = reverse("admin:signals_signal_change", args=[stored.pk])
    event = AlertEvent.objects.get()
    event_url = reverse("admin:notifications_alertevent_change", args=[event.pk])
    deliveries_url = reverse("admin:notifications_delivery_changelist")

    before = admin_client.get(url).content.decode()
    for number, state in enumerate(["failed", "pending", "pending"]):
        Delivery.objects.create(
            environment="test",
            event=event,
            subscriber=Subscriber.objects.create(
                environment="test", chat_id=number + 1, created_at=stored.created_at
            ),
            state=state,
            due_at=stored.created_at,
            created_at=stored.created_at,
        )
    AlertEvent.objects.update(fanned_out_at=stored.created_at)
    after = admin_client.get(url).content.decode()

    assert f'<a href="{event_url}">signal:test:BTC:balanced:1</a>' in before
    assert "not made yet" in before
    query = f"?event__id__exact={event.pk}"
    assert f'<a href="{deliveries_url}{query}">1 failed, 2 pending</a>' in after
    listed = admin_client.get(deliveries_url + query).context["cl"].result_list
    assert len(listed) == 3


def test_a_signal_without_an_alert_says_why(stored: Signal, admin_client: Client) -> None:
    AlertEvent.objects.all().delete()

    page = admin_client.get(reverse("admin:signals_signal_change", args=[stored.pk]))

    assert "restored from the backup" in page.content.decode()


@pytest.fixture
def imported(db: None) -> Signal:
    record = old_signal(5, id="sig_5")
    signal = Signal(**columns_of(record, environment="test", now=datetime(2026, 1, 1, tzinfo=UTC)))
    signal.save()
    return signal


def test_an_imported_signal_is_listed_and_shows_where_it_comes_from(
    imported: Signal, admin_client: Client
) -> None:
    listed = admin_client.get(reverse("admin:signals_signal_changelist")).content.decode()
    page = admin_client.get(reverse("admin:signals_signal_change", args=[imported.pk]))

    told = page.content.decode()
    assert imported.symbol in listed
    assert "sig_5" in told
    assert "fearGreedIndex" in told
    assert "medium, as its source said" in told
    assert "none: imported" in told
    assert reverse("admin:signals_signal_replay", args=[imported.pk]) not in told


def test_an_imported_signal_cannot_be_recomputed(imported: Signal, admin_client: Client) -> None:
    replay = reverse("admin:signals_signal_replay", args=[imported.pk])

    assert admin_client.get(replay).status_code == 404


def test_signals_cannot_be_added_or_deleted(stored: Signal, admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:signals_signal_add")).status_code == 403
    delete = reverse("admin:signals_signal_delete", args=[stored.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    assert Signal.objects.count() == 1


def test_the_evidence_is_escaped(stored: Signal, admin_client: Client) -> None:
    models.QuerySet(Signal).filter(pk=stored.pk).update(reasons=["<script>alert(1)</script>"])

    page = admin_client.get(reverse("admin:signals_signal_change", args=[stored.pk])).content

    assert b"<script>alert(1)" not in page


def test_a_replay_says_what_comes_out_differently(stored: Signal, admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:signals_signal_replay", args=[stored.pk]))

    # This signal was made by hand, so the engine cannot come to the same result.
    assert b"Different." in page.content
    assert page.context["replay"].equal is False


def test_a_replay_is_for_those_who_may_log_in(stored: Signal, client: Client) -> None:
    url = reverse("admin:signals_signal_replay", args=[stored.pk])

    assert client.get(url).status_code == 302


def test_editing_a_profile_stores_a_new_version(db: None, admin_client: Client) -> None:
    row = ScoringProfile.objects.get(name="balanced")

    response = admin_client.post(
        reverse("admin:signals_scoringprofile_change", args=[row.pk]),
        profile_form(long_at=60.0, scale_funding_rate=0.8),
    )

    assert response.status_code == 302
    edited = active_profile("balanced")
    assert (edited.version, edited.long_at) == (2, 60.0)
    assert edited.curve_scales == {Factor.FUNDING_RATE: 0.8}
    row.refresh_from_db()
    assert (row.version, row.long_at, row.is_active) == (1, 55.0, False)


def test_the_form_shows_what_is_in_force(db: None, admin_client: Client) -> None:
    row = ScoringProfile.objects.get(name="aggressive")

    page = admin_client.get(reverse("admin:signals_scoringprofile_change", args=[row.pk]))

    form = page.context["adminform"].form
    assert form["weight_liquidations"].value() == 20
    assert form["scale_liquidations"].value() == 0.8


def test_a_new_profile_can_be_added(db: None, admin_client: Client) -> None:
    response = admin_client.post(
        reverse("admin:signals_scoringprofile_add"), profile_form(name="own", short_at=40.0)
    )

    assert response.status_code == 302
    assert (active_profile("own").version, active_profile("own").short_at) == (1, 40.0)
    assert active_profile().name == "balanced"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight_fear_greed": 15}, "they sum to 110, not to 100"),
        ({"long_at": 50.0}, "must lie above 50"),
        ({"scale_oi_trend": 0.0}, "oi_trend must lie between"),
        ({"weight_oi_trend": -5}, "greater than or equal to 0"),
    ],
)
def test_a_profile_that_cannot_score_is_refused_with_a_sentence(
    db: None, admin_client: Client, change: dict[str, Any], sentence: str
) -> None:
    row = ScoringProfile.objects.get(name="balanced")

    response = admin_client.post(
        reverse("admin:signals_scoringprofile_change", args=[row.pk]), profile_form(**change)
    )

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert ScoringProfile.objects.filter(name="balanced").count() == 1


def test_the_default_profile_is_chosen_by_an_action(db: None, admin_client: Client) -> None:
    row = ScoringProfile.objects.get(name="conservative")

    admin_client.post(
        reverse("admin:signals_scoringprofile_changelist"),
        {"action": "make_default", "_selected_action": [row.pk]},
    )

    assert active_profile().name == "conservative"


def test_a_superseded_version_is_put_in_force_by_an_action(db: None, admin_client: Client) -> None:
    profiles.save_version("balanced", {**_settings_of("balanced"), "long_at": 60.0})
    old = ScoringProfile.objects.get(name="balanced", version=1)

    admin_client.post(
        reverse("admin:signals_scoringprofile_changelist"),
        {"action": "put_in_force", "_selected_action": [old.pk]},
    )

    assert active_profile("balanced").version == 1


def test_counts_are_listed(db: None, admin_client: Client) -> None:
    count_evaluations([make_result(62.5)])

    page = admin_client.get(reverse("admin:signals_evaluationcount_changelist"))

    assert page.status_code == 200
    assert b"BTC" in page.content


def _settings_of(name: str) -> dict[str, Any]:
    row = ScoringProfile.objects.get(name=name, is_active=True)
    return {key: getattr(row, key) for key in ScoringProfile.SETTINGS}

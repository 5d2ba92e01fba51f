"""Admin pages of analytics: everything can be looked at, nothing changed."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import BaseRateDay, OutcomeDay
from analytics.rollups import mark_due, recompute_due
from tests.analytics.stored import store_outcome, store_signal

pytestmark = pytest.mark.django_db


def test_an_outcome_can_be_read_with_the_way_to_its_signal(admin_client: Client) -> None:
    signal = store_signal("ETH", "SHORT")
    outcome = store_outcome(signal)

    listed = admin_client.get(reverse("admin:analytics_outcome_changelist"), {"q": "ETH"})
    page = admin_client.get(reverse("admin:analytics_outcome_change", args=[outcome.pk]))

    assert "+2.00" in listed.content.decode()
    assert reverse("admin:signals_signal_change", args=[signal.pk]) in page.content.decode()
    assert 'name="_save"' not in page.content.decode()


def test_base_rates_and_sums_are_listed_as_shares(admin_client: Client) -> None:
    signal = store_signal()
    store_outcome(signal)
    mark_due({("BTC", signal.timestamp.date())})
    recompute_due()
    BaseRateDay.objects.create(
        environment="test", symbol="BTC", venue="okx", day=date(2026, 9, 1), horizon_h=4,
        windows=24, long_hits=12, short_hits=0,
    )  # fmt: skip

    rates = admin_client.get(reverse("admin:analytics_baserateday_changelist")).content.decode()
    sums = admin_client.get(reverse("admin:analytics_outcomeday_changelist")).content.decode()

    assert "50.0 % of 24" in rates
    assert "100.0 % of 1" in sums


@pytest.mark.parametrize("name", ["outcome", "baserateday", "outcomeday"])
def test_nothing_can_be_added_or_deleted(admin_client: Client, name: str) -> None:
    signal = store_signal()
    outcome = store_outcome(signal)

    added = admin_client.get(reverse(f"admin:analytics_{name}_add"))
    deleted = admin_client.post(
        reverse("admin:analytics_outcome_delete", args=[outcome.pk]), {"post": "yes"}
    )

    assert added.status_code == deleted.status_code == 403
    assert OutcomeDay.objects.count() == 0

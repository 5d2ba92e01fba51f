"""Stored scores: replayed the same, told of once, and only when their tier is news."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from market import clock
from mss.alerts import MssAlerts
from mss.engine.evaluate import evaluate
from mss.engine.profile import STANDARD
from mss.engine.types import Figure
from mss.models import MssScore
from mss.replay import replay
from mss.storing import store_result
from notifications.models import AlertEvent, AlertRule, Delivery
from notifications.renderers import Viewer, renderer_of
from notifications.services import fan_out
from tests.mss.builders import BEST, make_inputs
from tests.notifications.alerts import make_subscriber

pytestmark = pytest.mark.django_db

# 78, 65 and 40 points.
STRONG = {**BEST, Figure.VALUATION: 1e9, Figure.CIRCULATING: 50.0, Figure.SENTIMENT: 55.0}
LONG = {f: v for f, v in BEST.items() if f not in (Figure.ALT_RANK, Figure.GALAXY_SCORE)} | {
    Figure.VALUATION: 1e9
}


def store(figures: dict[Figure, float], **changes: Any) -> MssScore:
    return store_result(
        evaluate(make_inputs(figures), STANDARD), STANDARD, alert_from=changes.get("alert_from")
    )


def test_a_stored_score_recomputes_to_the_same_from_its_own_inputs() -> None:
    stored = MssScore.objects.get(pk=store(STRONG).pk)

    assert replay(stored) == ()
    assert stored.total == stored.discovery_score + stored.social_score + stored.institutional_score


def test_a_score_that_was_tampered_with_is_found() -> None:
    pk = store(STRONG).pk
    MssScore.objects.filter(pk=pk).update(total=99.0)

    [difference] = replay(MssScore.objects.get(pk=pk))

    assert (difference.column, difference.stored) == ("total", 99.0)


def test_the_command_replays_a_stored_score() -> None:
    pk = store(STRONG).pk
    out = StringIO()

    call_command("mss", replay=pk, stdout=out)

    assert out.getvalue().startswith("equal: NEW")
    MssScore.objects.filter(pk=pk).update(tier="LONG")
    with pytest.raises(SystemExit):
        call_command("mss", replay=pk, stdout=StringIO())
    with pytest.raises(CommandError, match="no MSS score"):
        call_command("mss", replay=pk + 1, stdout=StringIO())


def test_a_tier_is_told_once_within_the_cooldown_and_again_after_it(settings: Settings) -> None:
    settings.MSS_ALERT_COOLDOWN_H = 24

    store(STRONG)
    with clock.wall_shifted(23.9 * 3600):
        store(STRONG)
    within = AlertEvent.objects.count()
    with clock.wall_shifted(24.1 * 3600):
        store(STRONG)

    assert within == 1
    assert AlertEvent.objects.filter(kind="mss").count() == 2


def test_another_tier_and_another_coin_are_news_of_their_own() -> None:
    store(STRONG)
    store(LONG)
    other = make_inputs(STRONG, symbol="OTHER", coingecko_id="other-coin")
    store_result(evaluate(other, STANDARD), STANDARD)

    told = [(event.facts["symbol"], event.facts["tier"]) for event in AlertEvent.objects.all()]
    assert sorted(told) == [("NEW", "LONG"), ("NEW", "STRONG_LONG"), ("OTHER", "STRONG_LONG")]


def test_a_namesake_with_another_id_is_another_coin() -> None:
    store(STRONG)
    namesake = make_inputs(STRONG, coingecko_id="new-coin-2")
    store_result(evaluate(namesake, STANDARD), STANDARD)

    assert AlertEvent.objects.count() == 2


def test_a_low_score_is_stored_and_tells_nobody() -> None:
    store({Figure.AGE: 10.0, Figure.VALUATION: 4e6})

    assert MssScore.objects.get().tier == "NEUTRAL"
    assert not AlertEvent.objects.exists()


@pytest.mark.parametrize(("alert_from", "told"), [(24.0, True), (24.1, False), (90.0, False)])
def test_who_watches_a_coin_says_from_which_total_on(alert_from: float, told: bool) -> None:
    store({Figure.AGE: 10.0, Figure.VALUATION: 4e6}, alert_from=alert_from)

    assert AlertEvent.objects.exists() is told


def test_an_alert_reads_as_what_was_scored_and_says_what_is_missing() -> None:
    inputs = replace(
        make_inputs(STRONG, without=(Figure.GALAXY_SCORE,)), name="New <b>Coin</b>",
        environment="sandbox",
    )  # fmt: skip
    store_result(evaluate(inputs, STANDARD), STANDARD, alert_from=0.0)
    facts = AlertEvent.objects.get().facts
    alerts, viewer = MssAlerts(), Viewer(ZoneInfo("UTC"))

    message, line = alerts.message(facts, viewer), alerts.line(facts, viewer)

    assert isinstance(renderer_of("mss"), MssAlerts)
    assert "New &lt;b&gt;Coin&lt;/b&gt;" in message
    assert "missing: Galaxy Score" in message
    assert "SIMULATED" in message and "SIMULATED" in line  # noqa: PT018
    assert "Only 12 h old" in message
    assert f"<b>{facts['score']:.2f}</b> of 100" in message
    assert "29 Sep 2026, 12:07 UTC" in message
    assert [[each.data for each in row] for row in alerts.buttons(facts)] == [
        ["sig:NEW", "watch:NEW"], ["mute:24h"],
    ]  # fmt: skip
    assert alerts.picture(facts) is None


@pytest.mark.parametrize(("min_score", "told"), [(75.0, 1), (87.0, 1), (87.1, 0), (100.0, 0)])
def test_a_subscriber_is_owed_what_the_own_threshold_asks_for(min_score: float, told: int) -> None:
    subscriber = make_subscriber(1)
    AlertRule.objects.create(subscriber=subscriber, kind="mss", min_score=min_score)

    stored = store({**BEST, Figure.VALUATION: 1e8})
    fan_out(AlertEvent.objects.get().pk)

    assert stored.total == 87.0
    assert Delivery.objects.filter(subscriber=subscriber).count() == told


def test_the_operators_own_chat_is_told_of_emerging_coins_from_75_on(settings: Settings) -> None:
    settings.TELEGRAM_CHAT_ID = 42

    store(BEST)
    fan_out(AlertEvent.objects.get().pk)

    delivery = Delivery.objects.get()
    assert (delivery.subscriber.chat_id, delivery.event.kind) == (42, "mss")
    assert delivery.subscriber.rules.get(kind="mss").min_score == 75.0

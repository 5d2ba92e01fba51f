"""Replay: a stored signal comes out of its stored inputs again, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import models
from django.test import Client
from django.urls import reverse

from market.snapshot import MarketSnapshot, ReadingName, compress_snapshot, decompress_snapshot
from signals import profiles
from signals.chain_audit import audit_chains
from signals.engine import BALANCED, evaluate
from signals.engine.types import Direction, ScoringProfile
from signals.hash_chain import canonical_json
from signals.models import Signal
from signals.rendering import profile_settings, signal_columns
from signals.replay import replay_and_compare, replay_signal
from signals.services import Evaluation, publish_signal
from tests.builders import make_snapshot
from tests.signals.results import make_evaluation


def scored(snapshot: MarketSnapshot, profile: ScoringProfile = BALANCED) -> Evaluation:
    [result] = evaluate([snapshot], profile)
    return Evaluation(result, snapshot, profile)


def decided(snapshot: MarketSnapshot) -> Evaluation:
    """Score with thresholds so near to 50 that any score is a LONG or SHORT."""
    sharp = replace(BALANCED, name="sharp", long_at=50.01, short_at=49.99, min_coverage_pct=1.0)
    evaluation = scored(snapshot, sharp)
    assert evaluation.result.direction is not Direction.NEUTRAL
    return evaluation


@pytest.fixture
def stored(db: None) -> Signal:
    signal = publish_signal(decided(make_snapshot()))
    assert signal is not None
    return Signal.objects.get(pk=signal.pk)


def test_a_replay_gives_the_same_result(stored: Signal) -> None:
    replay = replay_and_compare(stored)

    assert replay.differences == ()
    assert replay.result == decided(make_snapshot()).result
    assert replay_signal(stored) == replay.result


def test_what_the_engine_stores_is_an_intact_chain(stored: Signal) -> None:
    [report] = audit_chains()

    assert (report.intact, report.fault) == (1, None)


def test_a_later_edit_of_the_profile_changes_nothing(stored: Signal) -> None:
    settings = {**profile_settings(BALANCED), "long_at": 90.0, "short_at": 10.0}
    profiles.save_version("sharp", settings)

    assert replay_and_compare(stored).equal


def test_a_signal_of_other_inputs_is_told_by_its_columns(stored: Signal) -> None:
    other = make_evaluation(62.5).snapshot
    models.QuerySet(Signal).filter(pk=stored.pk).update(inputs=compress_snapshot(other))

    replay = replay_and_compare(Signal.objects.get(pk=stored.pk))

    assert {"input_hash", "factors", "coverage_pct"} <= {
        difference.column for difference in replay.differences
    }


def test_inputs_survive_storage_to_the_last_bit() -> None:
    snapshot = make_snapshot()
    once = scored(snapshot)

    again = scored(decompress_snapshot(compress_snapshot(snapshot)))

    assert canonical_json(signal_columns(again.result, BALANCED)) == canonical_json(
        signal_columns(once.result, BALANCED)
    )
    assert again.result == once.result


@pytest.mark.parametrize(
    "price",
    [0.1 + 0.2, 1.2345678901234567e-05, 98_765.4321, 1e-18, 123_456_789_012.0, 2 / 3],
)
def test_any_price_is_stored_so_that_chain_and_replay_hold(db: None, price: float) -> None:
    snapshot = make_snapshot()
    reading = replace(snapshot.readings[ReadingName.PRICE], value=price)
    evaluation = decided(
        replace(snapshot, readings={**snapshot.readings, ReadingName.PRICE: reading})
    )

    signal = publish_signal(evaluation)

    assert signal is not None
    read_back = Signal.objects.get(pk=signal.pk)
    assert replay_and_compare(read_back).equal
    assert [report.fault for report in audit_chains()] == [None]
    assert float(read_back.price) == pytest.approx(price, rel=1e-14, abs=1e-18)


def test_the_command_says_equal(stored: Signal) -> None:
    out = StringIO()

    call_command("replay", str(stored.pk), stdout=out, no_color=True)

    assert out.getvalue().startswith("equal: ")
    assert stored.input_hash in out.getvalue()


def test_the_admin_says_equal(stored: Signal, admin_client: Client) -> None:
    page: Any = admin_client.get(reverse("admin:signals_signal_replay", args=[stored.pk]))

    assert b"Equal." in page.content

"""The readiness page tells which of the processes behind the web are alive."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from config.schedule import HEARTBEAT_TASK, QUEUES
from market import clock
from market.heartbeats import (
    SILENT_AFTER_S,
    note_beat,
    note_queue,
    probe_beat,
    probe_workers,
)
from market.tasks import note_heartbeat


def test_before_anything_was_noted_both_are_down() -> None:
    assert probe_beat().state == "down"
    assert probe_workers().state == "down"
    assert probe_workers().data == {"age_s": dict.fromkeys(QUEUES)}


def test_a_beat_that_has_just_sent_is_well() -> None:
    note_beat()

    assert probe_beat().state == "ok"


@pytest.mark.parametrize(("silent_s", "state"), [(-1.0, "ok"), (1.0, "down")])
def test_a_beat_that_is_silent_too_long_is_down(silent_s: float, state: str) -> None:
    note_beat()

    with clock.wall_shifted(SILENT_AFTER_S + silent_s):
        assert probe_beat().state == state


def test_a_queue_that_nobody_serves_is_named() -> None:
    for queue in QUEUES:
        if queue != "notify":
            note_heartbeat(queue)

    found = probe_workers()

    assert found.state == "degraded"
    assert "notify" in found.detail
    assert "scan" not in found.detail


def test_workers_that_were_killed_are_down_after_a_while() -> None:
    for queue in QUEUES:
        note_queue(queue)
    alive = probe_workers().state

    with clock.wall_shifted(SILENT_AFTER_S + 1):
        silent = probe_workers()

    assert alive == "ok"
    assert silent.state == "down"


def test_a_store_that_is_away_stops_neither_the_beat_nor_a_worker(settings: Settings) -> None:
    settings.STORE_PATH = settings.STORE_PATH.parent / "missing" / "folder" / "store.sqlite3"
    (settings.STORE_PATH.parent.parent).write_text("a file where a folder should be")

    note_beat()
    note_queue("scan")


def test_the_beat_sends_the_heartbeat_by_the_name_it_has() -> None:
    assert note_heartbeat.name == HEARTBEAT_TASK

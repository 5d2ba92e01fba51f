"""What Celery is told: ticks that outlive restarts, limits on every task, failures logged once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from billiard.exceptions import TimeLimitExceeded
from celery import signals
from celery.beat import Scheduler
from django.conf import settings
from django.db import connection

from config import celery as celery_module
from config.beat import beat_of
from config.celery import DAILY_EXPIRES_S, app, beat_schedule
from config.request_id import current_request_id
from config.schedule import BEAT, HEARTBEAT_TASK, QUEUES, Tick
from config.settings.background import VISIBILITY_TIMEOUT_S
from tests.config.capture import captured_logs

DAILY = Tick("analytics.tasks.prune", daily_at=(3, 15))
FREQUENT = Tick("notifications.tasks.sweep", every_s=10)


def scheduler(*ticks: Tick) -> Scheduler:
    """Return the scheduler of a beat that has just started."""
    app_of_its_own = type(app)("beat-under-test", set_as_current=False)
    app_of_its_own.conf.timezone = "UTC"
    app_of_its_own.conf.beat_schedule = beat_schedule(ticks)
    return beat_of(app_of_its_own).scheduler


@pytest.mark.parametrize("tick", [DAILY, FREQUENT])
def test_a_beat_that_starts_sends_every_tick_at_once(tick: Tick) -> None:
    entry = scheduler(tick).schedule[tick.name]

    assert entry.is_due().is_due


def test_a_beat_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    scheduler(DAILY).close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tick", [DAILY, FREQUENT])
def test_what_was_just_sent_is_not_due_again(tick: Tick) -> None:
    entry = next(scheduler(tick).schedule[tick.name])

    is_due, next_s = entry.is_due()

    assert not is_due
    assert 0 < next_s <= 24 * 3600


@pytest.mark.parametrize(
    ("at", "is_due"),
    [
        (datetime(2026, 3, 2, 3, 14, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 3, 15, 0, tzinfo=UTC), True),
    ],
)
def test_a_daily_tick_is_due_at_its_hour(at: datetime, is_due: bool) -> None:
    entry = scheduler(DAILY).schedule[DAILY.name]
    entry.last_run_at = datetime(2026, 3, 1, 3, 15, 0, tzinfo=UTC)
    entry.schedule.nowfun = lambda: at

    assert entry.is_due().is_due is is_due


def test_a_tick_expires_before_the_next_one() -> None:
    entries = beat_schedule([DAILY, FREQUENT])

    assert entries[FREQUENT.name]["options"]["expires"] < 10
    assert entries[DAILY.name]["options"]["expires"] == DAILY_EXPIRES_S < 24 * 3600


def test_a_tick_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="prune: neither"):
        beat_schedule([Tick("analytics.tasks.prune")])


def test_every_tick_names_a_task_that_exists_and_a_queue_that_is_served() -> None:
    app.loader.import_default_modules()

    for tick in BEAT:
        assert tick.task in app.tasks
        assert tick.queue is None or tick.queue in QUEUES
    assert len(beat_schedule(BEAT)) == len(BEAT)


def own_tasks() -> list[Any]:
    app.loader.import_default_modules()
    return [task for name, task in app.tasks.items() if not name.startswith("celery.")]


def test_every_task_keeps_no_result_expires_and_ends_before_it_is_handed_out_again() -> None:
    tasks = own_tasks()

    assert tasks
    for task in tasks:
        assert task.ignore_result, task.name
        assert task.expires, task.name
        assert task.soft_time_limit, task.name
        assert task.soft_time_limit < task.time_limit < VISIBILITY_TIMEOUT_S, task.name


def test_every_task_has_a_queue_of_its_own_choice() -> None:
    for task in own_tasks():
        route = app.amqp.router.route({}, task.name)
        patterns = [pattern.removesuffix("*") for pattern in settings.CELERY_TASK_ROUTES]

        assert any(task.name.startswith(pattern) for pattern in patterns), task.name
        assert route["queue"].name in QUEUES


@pytest.fixture
def broken_task() -> Iterator[Any]:
    @app.task(name="tests.broken", ignore_result=True)
    def broken(secret: str) -> None:
        raise LookupError(f"no such thing, token={secret}")

    yield broken
    del app.tasks["tests.broken"]


@pytest.fixture
def querying_task() -> Iterator[Any]:
    @app.task(name="tests.querying", ignore_result=True)
    def querying() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    yield querying
    del app.tasks["tests.querying"]


TASK_ID = "b7f3a1c2-0000-4000-8000-000000000001"


def run(signature: Any) -> None:
    """Run a task where we stand, with the signals that a worker's child sends."""
    signature.apply(task_id=TASK_ID)


@pytest.fixture(autouse=True)
def nothing_logged_yet() -> None:
    celery_module._logged.clear()


def test_a_failure_is_logged_once_with_the_task_and_its_id(broken_task: Any) -> None:
    with captured_logs() as lines:
        run(broken_task.s("hunter2-hunter2"))

    [error] = [line for line in lines.all() if line["level"] in {"ERROR", "CRITICAL"}]
    assert error["message"] == "a task failed"
    assert error["task"] == "tests.broken"
    assert error["task_id"] == error["request_id"] == TASK_ID
    assert "LookupError" in error["exception"]
    assert "hunter2" not in lines.text


def test_a_child_that_was_killed_is_logged_once_though_celery_tells_twice() -> None:
    with captured_logs() as lines:
        for _ in range(2):
            signals.task_failure.send(
                sender=app.tasks[HEARTBEAT_TASK],
                task_id="c0ffee00-0000-4000-8000-000000000002",
                exception=TimeLimitExceeded(10),
            )

    [error] = lines.all()
    assert error["task"] == HEARTBEAT_TASK
    assert "TimeLimitExceeded" in error["exception"]


@pytest.mark.django_db(transaction=True)
def test_a_task_leaves_neither_a_connection_nor_its_id_behind(querying_task: Any) -> None:
    run(querying_task.s())

    assert connection.connection is None
    assert current_request_id() is None

"""The ticks and the tasks behind them: they exist, have queues, and only call a service."""

from __future__ import annotations

import pytest

from config.celery import app
from config.schedule import BEAT, QUEUES
from market import background_fill, series, universe
from market import tasks as market_tasks
from signals import batches, scans, tasks

app.loader.import_default_modules()


@pytest.mark.parametrize("tick", BEAT, ids=lambda tick: tick.task)
def test_every_tick_names_a_task_with_limits_that_expires_before_the_next_one(tick) -> None:  # type: ignore[no-untyped-def]
    task = app.tasks[tick.task]

    queue = app.amqp.router.route({}, tick.task)["queue"]
    assert getattr(queue, "name", queue) in QUEUES
    assert 0 < task.soft_time_limit < task.time_limit
    assert task.expires <= (tick.every_s or 24 * 3600)
    assert task.ignore_result


@pytest.mark.parametrize(
    ("task", "module", "service"),
    [
        (tasks.start_due_scans, scans, "start_due_runs"),
        (tasks.sweep_scans, scans, "sweep"),
        (tasks.forget_old_scans, scans, "forget_old_runs"),
        (market_tasks.refresh_universe, universe, "refresh_if_due"),
        (market_tasks.fill_watched, background_fill, "fill_watched"),
        (market_tasks.forget_old_series, series, "forget_old"),
    ],
)
def test_a_task_calls_its_service(
    monkeypatch: pytest.MonkeyPatch, task: object, module: object, service: str
) -> None:
    called: list[str] = []
    monkeypatch.setattr(module, service, lambda: called.append(service))

    task()  # type: ignore[operator]

    assert called == [service]


@pytest.mark.parametrize("more", [True, False])
def test_a_worker_whose_time_is_up_leaves_the_rest_to_a_new_message(
    monkeypatch: pytest.MonkeyPatch, more: bool
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    monkeypatch.setattr(batches, "run_batches", lambda *, for_s: more)

    tasks.run_batches()

    assert woken == (["signals.tasks.run_batches"] if more else [])

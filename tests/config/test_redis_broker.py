"""Redis as the broker: below a prefix of its own, and never waited for by whoever sends."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.utils import functional

from config.celery import app
from config.settings.background import (
    TIME_LIMIT_S,
    VISIBILITY_TIMEOUT_S,
    redis_broker,
    redis_broker_url,
)


@pytest.mark.redis
def test_every_key_of_the_broker_lies_below_its_own_prefix() -> None:
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis server")
    environment = f"test-{os.getpid()}"
    options = redis_broker(environment)
    server = redis.Redis.from_url(url)
    before = set(server.keys("*"))

    with Connection(redis_broker_url(url), transport_options=options) as connection:
        app.send_task(
            "market.tasks.note_heartbeat", args=["x"], queue="scan", connection=connection
        )

    try:
        added = set(server.keys("*")) - before
        ours = {key for key in added if environment.encode() in key}
        assert ours
        assert all(
            key.startswith(f"futures-signals-broker:{environment}:".encode()) for key in ours
        )
        assert not added & {b"scan", b"unacked", b"_kombu.binding.scan"}
    finally:
        for key in server.scan_iter(f"futures-signals-broker:{environment}:*"):
            server.delete(key)
        server.close()


def test_a_redis_that_is_away_is_tried_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    def pause(*_: Any) -> None:
        raise AssertionError("it waits to try again")

    monkeypatch.setattr(functional, "sleep", pause)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"

        with (
            Connection(url, transport_options=redis_broker("test")) as connection,
            pytest.raises(OperationalError),
        ):
            app.send_task(
                "market.tasks.note_heartbeat", args=["x"], connection=connection, retry=False
            )


def test_a_message_is_handed_out_again_only_after_the_longest_task() -> None:
    assert TIME_LIMIT_S < VISIBILITY_TIMEOUT_S == redis_broker("live")["visibility_timeout"]

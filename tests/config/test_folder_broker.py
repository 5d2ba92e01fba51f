"""The folder as a broker: messages arrive whole and once, and what nobody fetches goes away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from config import folder_broker
from config.folder_broker import KEPT_S, Channel
from config.settings.background import (
    FILESYSTEM_TRANSPORT,
    FILESYSTEM_URL,
    filesystem_broker,
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Connection]:
    with Connection(
        FILESYSTEM_URL,
        transport=FILESYSTEM_TRANSPORT,
        transport_options=filesystem_broker(tmp_path),
    ) as connection:
        yield connection


def channel_of(broker: Connection) -> Channel:
    channel = broker.channel()
    assert isinstance(channel, Channel)
    return channel


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "messages").iterdir())


def message(name: str, *, expires: datetime | None = None) -> dict[str, Any]:
    return {"body": name, "headers": {"expires": expires and expires.isoformat()}}


def test_messages_of_a_queue_come_in_the_order_in_which_they_were_sent(
    broker: Connection, tmp_path: Path
) -> None:
    channel = channel_of(broker)
    for name in ("first", "second", "third"):
        channel._put("scan", message(name))
    channel._put("notify", message("other"))

    received = [channel._get("scan")["body"] for _ in range(3)]

    assert received == ["first", "second", "third"]
    with pytest.raises(Empty):
        channel._get("scan")
    assert len(files(tmp_path)) == 1


def test_a_message_that_another_worker_took_first_is_not_received_again(
    broker: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = channel_of(broker), channel_of(broker)
    ours._put("scan", message("one"))
    seen_by_both = files(tmp_path)
    theirs._get("scan")
    monkeypatch.setattr(ours, "_waiting", lambda queue: iter(seen_by_both))

    with pytest.raises(Empty):
        ours._get("scan")


def test_a_message_that_is_still_being_written_is_not_seen(
    broker: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = channel_of(broker)
    monkeypatch.setattr(Path, "rename", lambda self, target: None)

    channel._put("scan", message("unfinished"))

    assert len(files(tmp_path)) == 1
    assert channel._size("scan") == 0
    with pytest.raises(Empty):
        channel._get("scan")


def test_a_file_says_when_its_message_expires(broker: Connection, tmp_path: Path) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=30)

    channel_of(broker)._put("scan", message("soon", expires=expires))

    [file] = files(tmp_path)
    assert file.stat().st_mtime == pytest.approx(expires.timestamp(), abs=0.001)


def test_what_expired_is_swept_by_the_next_that_sends(broker: Connection, tmp_path: Path) -> None:
    expired = datetime.now(UTC) - timedelta(seconds=1)
    channel_of(broker)._put("nobody-serves-this", message("old", expires=expired))
    taken_by_one_that_was_killed = tmp_path / "messages" / ".1_x.scan.msg"
    taken_by_one_that_was_killed.write_text("{}")
    os.utime(taken_by_one_that_was_killed, (expired.timestamp(), expired.timestamp()))

    channel_of(broker)._put("scan", message("new"))

    [left] = files(tmp_path)
    assert left.name.endswith(".scan.msg")
    assert not left.name.startswith(".")


def test_a_message_without_an_expiry_is_kept_for_an_hour(
    broker: Connection, tmp_path: Path
) -> None:
    before = time.time()

    channel_of(broker)._put("scan", {"body": "x", "headers": None})

    [file] = files(tmp_path)
    assert before + KEPT_S - 1 <= file.stat().st_mtime <= time.time() + KEPT_S


def test_the_folder_is_swept_at_most_once_a_minute(
    broker: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = channel_of(broker)
    at_s = 1000.0
    monkeypatch.setattr(folder_broker.time, "monotonic", lambda: at_s)
    channel._put("scan", message("new"))
    expired = datetime.now(UTC) - timedelta(seconds=1)
    channel._put("scan", message("expired", expires=expired))

    at_s = 1059.0
    channel._put("scan", message("new"))
    before_a_minute = len(files(tmp_path))
    at_s = 1061.0
    channel._put("scan", message("new"))

    assert before_a_minute == 3
    assert len(files(tmp_path)) == 3

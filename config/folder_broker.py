"""The broker that needs no service: kombu's ``filesystem`` transport, made safe to use for long.

Kombu lets a reader take a file that is still being written, and keeps what nobody fetches for ever.
Here a message appears complete, by a rename, and its file's modification time says when it expires:
whoever sends next sweeps what is past that. A message is deleted when it is received, so it can
only be a wake-up.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

# Idle workers look into the folder this often: four listings of an empty folder each time.
POLL_EVERY_S = 0.2
# For messages that do not say when they expire.
KEPT_S = 3600.0
SWEEP_EVERY_S = 60.0


class Channel(filesystem.Channel):  # type: ignore[misc] # kombu has no types
    """A folder of messages, each a file ``<instant>_<random>.<queue>.msg``."""

    _swept_at_s = float("-inf")

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:
        self._sweep()
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4().hex}.{queue}.msg"
        hidden = folder / f".{name}"
        hidden.write_bytes(dumps(payload).encode())
        expires_s = _expires_s(payload)
        os.utime(hidden, (expires_s, expires_s))
        hidden.rename(folder / name)

    def _get(self, queue: str) -> Any:
        for file in self._waiting(queue):
            taken = file.with_name(f".{file.name}")
            try:
                file.rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            message = taken.read_bytes()
            taken.unlink()
            return loads(message)
        raise Empty

    def _waiting(self, queue: str) -> Iterator[Path]:
        folder = Path(self.data_folder_in)
        names = sorted(name for name in os.listdir(folder) if name.endswith(f".{queue}.msg"))
        return (folder / name for name in names if not name.startswith("."))

    def _sweep(self) -> None:
        """Delete what expired: nobody serves its queue, or whoever took it was killed."""
        if time.monotonic() - self._swept_at_s < SWEEP_EVERY_S:
            return
        self._swept_at_s = time.monotonic()
        now_s = time.time()
        with os.scandir(self.data_folder_out) as entries:
            for entry in entries:
                try:
                    if entry.stat().st_mtime < now_s:
                        os.unlink(entry.path)
                except FileNotFoundError:
                    continue  # taken meanwhile


class Transport(filesystem.Transport):  # type: ignore[misc]
    """Makes its folders when it is first used, so that importing the settings writes nothing.

    It is read from the worker's event loop, because only then each child has a pipe of its own.
    Without a loop all children read from one pipe under one lock: an idle one that is killed takes
    the lock with it, and the worker never works again.
    """

    Channel = Channel
    polling_interval = POLL_EVERY_S
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def establish_connection(self) -> Any:
        for option in ("data_folder_in", "data_folder_out", "control_folder"):
            Path(self.client.transport_options[option]).mkdir(parents=True, exist_ok=True)
        return super().establish_connection()

    def register_with_event_loop(self, _connection: Any, loop: Any) -> None:
        loop.call_repeatedly(POLL_EVERY_S, self._receive_waiting)

    def _receive_waiting(self) -> None:
        """Take messages until none is left or the children have enough to do."""
        while True:
            try:
                self.cycle.get(self._deliver)
            except Empty:
                return


def _expires_s(payload: dict[str, Any]) -> float:
    expires = (payload.get("headers") or {}).get("expires")
    if isinstance(expires, str):
        return datetime.fromisoformat(expires).timestamp()
    return time.time() + KEPT_S

"""What runs once and always, beside the workers: streams that are listened to, updates that are
polled. ``manage.py record`` is the process that runs them; apps register theirs in
``AppConfig.ready()``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """``run`` blocks until the event is set; when it raises it is started again after a pause.

    ``is_wanted`` is asked once, at start: a resident that has nothing to do is not started.
    """

    name: str
    run: Callable[[threading.Event], None]
    is_wanted: Callable[[], bool]


_residents: dict[str, Resident] = {}


def register_resident(resident: Resident) -> None:
    """Add a resident, or replace the one of its name."""
    _residents[resident.name] = resident


def registered_residents() -> tuple[Resident, ...]:
    return tuple(_residents.values())

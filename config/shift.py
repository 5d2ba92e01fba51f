"""How long a task goes on taking up work: until its time is over, or its worker is told to stop.

Celery tells a worker's parent alone, which then waits for what its children are doing. They share a
byte with it, and whoever takes up one piece of work after another looks there before each: a stop
waits for the piece, not for all of the work.
"""

from __future__ import annotations

import math
import mmap
import time

# Made before the children are forked; memory of its own where nothing forks.
_told_to_stop = mmap.mmap(-1, 1)


def tell_to_stop() -> None:
    """End the shifts of this process and of its children."""
    _told_to_stop[0] = 1


def is_told_to_stop() -> bool:
    return bool(_told_to_stop[0])


class Shift:
    """Begins when it is made, and lasts ``for_s`` seconds at most."""

    def __init__(self, for_s: float = math.inf) -> None:
        self._ends_s = time.monotonic() + for_s

    @property
    def is_over(self) -> bool:
        return is_told_to_stop() or time.monotonic() >= self._ends_s

"""Something the recorder does again and again beside its listening, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

# After a fault of ours: the streams are listened to all the same.
FAILED_PAUSE_S = 30.0


class Chore:
    """``work`` returns after how many seconds of wall time it is to be done again."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, float]]) -> None:
        self.task: asyncio.Task[float] | None = None
        self._work = work
        self._next_s = 0.0

    def look(self, at_s: float) -> None:
        """Start the work when its time has come."""
        if self.task is not None and self.task.done():
            done, self.task = self.task, None
            self._next_s = at_s + self._pause_s(done)
        if self.task is None and at_s >= self._next_s:
            self.task = asyncio.create_task(self._work())

    @staticmethod
    def _pause_s(done: asyncio.Task[float]) -> float:
        try:
            return done.result()
        except Exception:  # a chore's outer edge
            logger.exception("a chore of the recorder failed")
            return FAILED_PAUSE_S

"""How much time the present task has left. Set where work begins, obeyed by the transport.

Moments are those of the running event loop's clock (``loop.time()``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# A call outside any deadline (a probe, a shell) still ends.
DEFAULT_DEADLINE_S = 30.0

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline_within(seconds: float) -> Iterator[None]:
    """Let everything inside end within ``seconds``; an earlier deadline around it stays."""
    around = _deadline.get()
    own = asyncio.get_running_loop().time() + seconds
    token = _deadline.set(own if around is None else min(own, around))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def own_deadline(seconds: float) -> Iterator[None]:
    """Let everything inside end within ``seconds``, however little time is left around it."""
    token = _deadline.set(asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def deadline() -> float:
    """Return the moment by which the present task must have ended."""
    set_deadline = _deadline.get()
    if set_deadline is not None:
        return set_deadline
    return asyncio.get_running_loop().time() + DEFAULT_DEADLINE_S

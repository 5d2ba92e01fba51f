"""The first candle beyond a level, however far away."""

from __future__ import annotations

from market.types import FloatArray

_FIRST_LOOK = 64


def first_beyond(values: FloatArray, start: int, level: float, *, or_at: bool = False) -> int:
    """Return the first position from ``start`` on above ``level`` (or at it); 0 when none is."""
    width = _FIRST_LOOK
    while start < len(values):
        look = values[start : start + width]
        beyond = look >= level if or_at else look > level
        hit = int(beyond.argmax())
        if beyond[hit]:
            return start + hit
        start += width
        width *= 2
    return 0

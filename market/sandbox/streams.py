"""Websockets of the stand-in vendors: what a connection is told, and when it ends.

A vendor's stream is a plain object that answers texts and says what there is to push; a
``Conversation`` is one connection to it, with the faults in force. ``asgi`` serves it over the
network, ``in_process`` without one. With a standing clock nothing happens, so nothing is pushed;
moving the clock on pushes all that happened meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from market import clock
from market.sandbox.faults import Fault, FaultKind, spoil
from market.sandbox.http import ConnectionDropped, Response, VendorStream

# A clock that is moved on further than this begins anew instead of telling hours at once.
LONGEST_LOOK_MS = 3_600_000


class Conversation:
    """One connection. ``faults`` tells which are in force for it now."""

    def __init__(self, stream: VendorStream, faults: Callable[[], list[Fault]]) -> None:
        self._stream = stream
        self._faults = faults
        self._told_ms = clock.now_ms()
        self._opened_s = self._heard_s = clock.wall_s()
        self._pushed = 0

    def answers(self, text: str) -> list[bytes]:
        self._heard_s = clock.wall_s()
        return self._stream.received(text)

    def due(self) -> list[bytes]:
        """Return what is to be sent now; raises ConnectionDropped when the vendor hangs up."""
        since_ms, now_ms = self._told_ms, clock.now_ms()
        self._told_ms = now_ms
        at_s = clock.wall_s()
        for limit_s, from_s in (
            (self._stream.idle_s, self._heard_s),
            (self._stream.longest_s, self._opened_s),
        ):
            if limit_s is not None and at_s - from_s > limit_s:
                raise ConnectionDropped
        faults = self._faults()
        kinds = {fault.kind for fault in faults}
        broken = [fault for fault in faults if fault.kind is FaultKind.BROKEN]
        if any(self._pushed >= int(fault.parameters.get("after", 0)) for fault in broken):
            raise ConnectionDropped
        if FaultKind.SILENT in kinds or not 0 < now_ms - since_ms <= LONGEST_LOOK_MS:
            return []
        frames = self._stream.pushes(since_ms, now_ms)
        self._pushed += len(frames)
        return [_spoilt(frame, faults) for frame in frames]


def _spoilt(frame: bytes, faults: list[Fault]) -> bytes:
    response = Response(frame)
    for fault in faults:
        response = spoil(fault, response)
    return response.body

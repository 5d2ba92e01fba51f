"""When a stream was watched without a break. Pure.

A connection that is open proves nothing: it may be half dead, or subscribed to what is no longer
sent. Only what it delivers shows that it was listening since it began, so a span reaches from a
connection's beginning to the last thing it delivered.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Span:
    since_ms: int
    until_ms: int


class Coverage:
    """The spans of every connection to one stream, the ones that ended a while ago forgotten."""

    def __init__(self, *, keep_ms: int) -> None:
        self._keep_ms = keep_ms
        self._spans: dict[int, _Span] = {}

    def begin(self, connection: int, at_ms: int) -> None:
        """Note that a connection is subscribed; nothing is proved yet."""
        self._spans[connection] = _Span(at_ms, at_ms)

    def prove(self, connection: int, at_ms: int) -> None:
        """Note that a connection delivered something; without a beginning it does not count."""
        span = self._spans.get(connection)
        if span is not None:
            span.until_ms = max(span.until_ms, at_ms)
        self._forget_before(at_ms - self._keep_ms)

    def covers(self, start_ms: int, end_ms: int) -> bool:
        """Tell whether every instant of a time was watched, by one connection or several."""
        reached_ms = start_ms
        for span in sorted(self._spans.values(), key=lambda span: span.since_ms):
            if span.since_ms > reached_ms:
                return False
            reached_ms = max(reached_ms, span.until_ms)
            if reached_ms >= end_ms:
                return True
        return False

    def _forget_before(self, at_ms: int) -> None:
        for connection in [c for c, span in self._spans.items() if span.until_ms < at_ms]:
            del self._spans[connection]

"""The newest signals as ready JSON, made anew only when there are other ones.

A stored signal never changes, so the same rows make the same bytes. Which rows are the newest is
asked each time, of the index alone; the rows themselves, a hundred times as much, are read when
that has changed: after a publication, an import or a clear.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from django.conf import settings

from analytics import lists
from config.api.caching import etag_of
from config.api.renderers import dump_json

# A client asks for one length, and few for another than the usual one.
_MOST_KEPT = 8
# Longer lists are for those who read once.
_MOST_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class LatestSignals:
    """An answer, the ids of the signals in it, and its entity tag."""

    ids: tuple[int, ...]
    body: bytes
    etag: str


_lock = threading.Lock()
_kept: dict[tuple[str, int], LatestSignals] = {}  # by environment and limit


def latest_signals(limit: int) -> LatestSignals:
    """Return the newest signals of all coins as the body of an answer."""
    key = (settings.ENVIRONMENT, limit)
    kept = _kept.get(key)
    if kept is not None and kept.ids == lists.latest_ids(limit):
        return kept
    made = _made(limit)
    if len(made.body) <= _MOST_BYTES:
        with _lock:
            if key not in _kept and len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[key] = made
    return made


def forget() -> None:
    """Read the rows anew (between tests, whose rows share ids)."""
    with _lock:
        _kept.clear()


def _made(limit: int) -> LatestSignals:
    items = lists.latest(limit)
    body = dump_json({"success": True, "count": len(items), "signals": items})
    return LatestSignals(tuple(item["id"] for item in items), body, etag_of(body))

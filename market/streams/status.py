"""How the recorder is doing, left in the shared store for health and admin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson
from django.conf import settings

from market.store_contract import Store

# A recorder says so every few seconds; what is older than this is no longer true.
STATUS_TTL_S = 60.0


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One venue's stream. Times are market time; None: not connected, nothing heard yet."""

    venue: str
    connected_at_ms: int | None
    last_event_at_ms: int | None
    connects: int
    refused: int
    detail: str


def publish_status(store: Store, statuses: Sequence[StreamStatus]) -> None:
    store.set(_key(), orjson.dumps([asdict(each) for each in statuses]), STATUS_TTL_S)


def read_status(store: Store) -> list[StreamStatus] | None:
    """Return what the recorder last said, None when none is running."""
    body = store.get(_key())
    return None if body is None else [StreamStatus(**each) for each in orjson.loads(body)]


def _key() -> str:
    return f"recorder:{settings.ENVIRONMENT}:streams"

"""Every stream's length and head: what anybody may note down to notice a change later.

Whoever kept a head hash can check any later export against it (``docs/verify_export.py``): the head
vouches for all that came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from signals.hash_chain import GENESIS_HASH
from signals.history import newest_cut, stored_signals
from signals.models import HistoryCut, Signal

ALGORITHM = {
    "hash": "SHA-256, in hexadecimal digits",
    "content": "the canonical JSON of the columns named here, seq and prev_hash among them",
    "canonicalForm": "UTF-8, keys sorted, no spaces, only what JSON must escape is escaped; whole "
    "numbers without a point, others as Python's repr; decimals as text without trailing zeros or "
    "exponent; times as UTC with six decimals and +00:00; bytes as their SHA-256",
    "stream": "one chain for each environment, symbol and profile",
    "link": "seq counts from 1; prev_hash is the content_hash of the link before",
    "genesis": GENESIS_HASH,
    "columns": Signal.HASHED_COLUMNS,
}

_HEAD_KEYS = ("symbol", "profile", "length", "headHash", "headAt")


@dataclass(frozen=True, slots=True)
class Streams:
    """Heads of some streams, how many there are of everything, and the newest cut."""

    heads: list[dict[str, Any]]
    next_cursor: str | None
    streams: int
    links: int
    imported: int
    cut: HistoryCut | None


def history_streams(*, limit: int, after: tuple[str, str] | None) -> Streams:
    """Return the heads of the streams behind a symbol and profile, in their order."""
    firsts = _first_links()
    shown = firsts.order_by("symbol", "profile_name")
    if after is not None:
        symbol, profile = after
        shown = shown.filter(Q(symbol__gt=symbol) | Q(symbol=symbol, profile_name__gt=profile))
    newest = (_of_head("seq"), _of_head("content_hash"), _of_head("timestamp"))
    heads = [
        dict(zip(_HEAD_KEYS, row, strict=True))
        for row in shown.values_list("symbol", "profile_name", *newest)[: limit + 1]
    ]
    last = heads[limit - 1] if heads[limit:] else None
    return Streams(
        heads=heads[:limit],
        next_cursor=None if last is None else f"{last['symbol']}:{last['profile']}",
        streams=firsts.count(),
        links=firsts.aggregate(links=Sum(_of_head("seq")))["links"] or 0,
        imported=stored_signals().filter(seq__isnull=True).count(),
        cut=newest_cut(),
    )


def _first_links() -> QuerySet[Signal]:
    return stored_signals().filter(seq=1)


def _of_head(column: str) -> Subquery:
    """Return a column of the newest link of the outer row's stream."""
    stream = Signal.objects.links().filter(
        environment=OuterRef("environment"),
        symbol=OuterRef("symbol"),
        profile_name=OuterRef("profile_name"),
    )
    return Subquery(stream.order_by("-seq").values(column)[:1])

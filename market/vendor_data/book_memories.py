"""The shell around ``book_memory``: what earlier books left, kept in the shared store.

One memory per coin and venue serves every process and everybody who asks, so each looks at the
same walls. Without the store a book speaks alone.
"""

from __future__ import annotations

import logging

from django.conf import settings

from market.book_memory import FORGET_MS, BookMemory, decode, encode, remember
from market.order_book import OrderBook
from market.store import StoreUnavailable, get_store

logger = logging.getLogger(__name__)

_WRITE_TRIES = 4  # against others who fold in the same book


def remember_book(base: str, book: OrderBook) -> BookMemory:
    """Fold a book into its coin's memory on that venue and return it. Blocks."""
    key = f"walls:{settings.ENVIRONMENT}:{base}:{book.venue}"
    memory = remember(None, book)
    try:
        store = get_store()
        for _ in range(_WRITE_TRIES):
            raw = store.get(key)
            earlier = _decoded(raw)
            memory = remember(earlier, book)
            if memory is earlier or store.replace(key, raw, encode(memory), FORGET_MS / 1000.0):
                break
    except StoreUnavailable:
        logger.warning("books before this one are not known, the store is away")
    return memory


def _decoded(raw: bytes | None) -> BookMemory | None:
    if raw is None:
        return None
    try:
        return decode(raw)
    except ValueError:
        return None  # written by another version

"""CoinGecko's pages of coins, kept: its calls are few, and market caps move slowly.

A page serves every process for a quarter of an hour; when a newer one cannot be had, for hours, and
the answer says how old it is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson
from django.conf import settings

from market import clock
from market.providers.coingecko_payloads import CoinMarket
from market.store import StoreUnavailable, get_store
from market.types import MINUTE_MS

logger = logging.getLogger(__name__)

FRESH_MS = 15 * MINUTE_MS
KEPT_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class KeptPage:
    coins: tuple[CoinMarket, ...]
    at_ms: int

    @property
    def age_ms(self) -> int:
        return max(0, clock.now_ms() - self.at_ms)

    @property
    def is_fresh(self) -> bool:
        return self.age_ms <= FRESH_MS


def kept_pages(pages: Sequence[int], category: str) -> dict[int, KeptPage]:
    """Return those pages that are kept, however old."""
    try:
        values = get_store().get_many([_key(page, category) for page in pages])
    except StoreUnavailable:
        logger.exception("coins not shared, the store is away")
        return {}
    return {
        page: _unpacked(value)
        for page, value in zip(pages, values, strict=True)
        if value is not None
    }


def keep_pages(read: Mapping[int, Sequence[CoinMarket]], category: str) -> None:
    """Let pages serve every process from now on."""
    try:
        for page, coins in read.items():
            document = {"at_ms": clock.now_ms(), "coins": [asdict(coin) for coin in coins]}
            get_store().set(_key(page, category), orjson.dumps(document), KEPT_S)
    except StoreUnavailable:
        logger.exception("coins not shared, the store is away")


def _unpacked(value: bytes) -> KeptPage:
    document = orjson.loads(value)
    return KeptPage(tuple(CoinMarket(**row) for row in document["coins"]), document["at_ms"])


def _key(page: int, category: str) -> str:
    return f"coins:{settings.ENVIRONMENT}:{category}:{page}"

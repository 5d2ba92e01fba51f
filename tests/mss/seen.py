"""Our copies of CoinGecko's list, as a test wants them: which coins appeared how long ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings

from market.clock import now
from market.discovery import Wanted, discover
from market.providers.coingecko_payloads import CoinMarket
from market.sandbox.handle import Sandbox
from mss.models import ListReading, SeenCoin


def small_coins(sandbox: Sandbox, count: int) -> list[CoinMarket]:
    """Return coins of the sandbox that no venue lists, largest first; the calls are forgotten."""
    found = discover(Wanted(pages=(2, 3, 4)))
    rows = [
        row
        for row in found.coins
        if found.registry.of_coingecko(row.id) is None and row.market_cap_usd is not None
    ]
    assert len(rows) >= count
    sandbox.reset()
    return rows[:count]


def appeared(rows: Iterable[CoinMarket], *, hours_ago: float) -> None:
    """Have coins stand in our copies since then, of which the first is a month older."""
    first_seen_at = now() - timedelta(hours=hours_ago)
    ListReading.objects.get_or_create(
        environment=settings.ENVIRONMENT,
        read_at=now() - timedelta(days=40),
        defaults={"coins": 15_000, "new": 15_000},
    )
    SeenCoin.objects.bulk_create(
        SeenCoin(
            environment=settings.ENVIRONMENT,
            coingecko_id=row.id,
            symbol=row.symbol,
            name=row.name,
            first_seen_at=first_seen_at,
        )
        for row in rows
    )

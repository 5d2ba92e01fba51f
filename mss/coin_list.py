"""Our own copies of CoinGecko's whole list, one a day: the day a coin first stood there is kept."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from market.clock import now
from market.discovery import Wanted, discover
from market.services import MarketUnavailable
from mss.models import ListReading, SeenCoin

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(hours=23)
_ROWS_AT_ONCE = 2000
# Fewer rows than this are no copy of the whole list, which has 15 to 20 thousand.
LEAST_SHARE = 0.5


def keep_list_current() -> None:
    """Read the list when a day has passed; what does not answer is asked again next hour."""
    try:
        read_list_if_due()
    except MarketUnavailable as unavailable:
        logger.warning("the list of coins is not read", extra={"detail": unavailable.detail})


def read_list_if_due() -> ListReading | None:
    """Read the list once a day; None when it was read lately. Raises MarketUnavailable."""
    last = ListReading.objects.filter(environment=settings.ENVIRONMENT).order_by("-read_at").first()
    if last is not None and now() - last.read_at < READ_EVERY:
        return None
    listed = discover(Wanted(whole_list=True)).listed
    if last is not None and len(listed) < LEAST_SHARE * last.coins:
        logger.warning("a short list is not kept", extra={"coins": len(listed)})
        return None
    read_at = now()
    known = set(
        SeenCoin.objects.filter(environment=settings.ENVIRONMENT).values_list(
            "coingecko_id", flat=True
        )
    )
    new = [
        SeenCoin(
            environment=settings.ENVIRONMENT,
            coingecko_id=coin.id[:200],
            symbol=coin.symbol[:100].upper(),
            name=coin.name[:200],
            first_seen_at=read_at,
        )
        for coin in listed
        if coin.id[:200] not in known
    ]
    with transaction.atomic():
        SeenCoin.objects.bulk_create(new, ignore_conflicts=True, batch_size=_ROWS_AT_ONCE)
        reading = ListReading.objects.create(
            environment=settings.ENVIRONMENT, read_at=read_at, coins=len(listed), new=len(new)
        )
    logger.info("the list of coins is read", extra={"coins": len(listed), "new": len(new)})
    return reading


def lists_began_at() -> datetime | None:
    """Return when the list was read first: coins that stood in it then are older."""
    first = ListReading.objects.filter(environment=settings.ENVIRONMENT).order_by("read_at").first()
    return None if first is None else first.read_at


def first_seen(ids: Collection[str]) -> Mapping[str, datetime]:
    """Return when coins stood in our copies first, by CoinGecko's ids."""
    rows = SeenCoin.objects.filter(environment=settings.ENVIRONMENT, coingecko_id__in=ids)
    return dict(rows.values_list("coingecko_id", "first_seen_at"))


def seen_since(since: datetime, most: int) -> list[SeenCoin]:
    """Return the coins that appeared since then and after our first copy, newest first."""
    began_at = lists_began_at()
    if began_at is None:
        return []
    seen = SeenCoin.objects.filter(
        environment=settings.ENVIRONMENT, first_seen_at__gte=since, first_seen_at__gt=began_at
    )
    return list(seen.order_by("-first_seen_at", "coingecko_id")[:most])

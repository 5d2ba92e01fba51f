"""New listings: by the venue's own time, or by a coin that was not in the lists before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from market import clock
from market.models import ListedSymbol
from market.types import Venue
from smartmoney.selectors import NewListing, new_listings

pytestmark = pytest.mark.django_db


def list_coin(base: str, *, binance: float | None, okx: float | None, seen: float) -> None:
    """Store a coin listed and first seen so many days ago; None is a time nobody tells."""
    now = clock.now()

    def ago(days: float | None) -> object:
        return None if days is None else now - timedelta(days=days)

    ListedSymbol.objects.create(
        environment=settings.ENVIRONMENT,
        base=base,
        binance_symbol=f"{base}USDT",
        binance_listed_at=ago(binance),
        okx_symbol=f"{base}-USDT-SWAP" if okx is not None else None,
        okx_listed_at=ago(okx),
        first_seen_at=ago(seen),
        last_seen_at=now,
    )


def found(days: int = 14) -> dict[str, NewListing]:
    with clock.frozen(clock.now_ms()):
        _, listings = new_listings(days, 100)
    return {each.row.base: each for each in listings}


@pytest.fixture(autouse=True)
def first_reading() -> None:
    list_coin("OLD", binance=900, okx=900, seen=100)


def test_a_contract_since_a_few_days_is_new_on_its_venue() -> None:
    list_coin("AAA", binance=3, okx=None, seen=3)
    list_coin("BBB", binance=400, okx=5, seen=90)

    new = found()

    assert (new["AAA"].new_on, new["AAA"].evidence) == ((Venue.BINANCE,), "listing_time")
    assert new["BBB"].new_on == (Venue.OKX,)
    assert "OLD" not in new


def test_without_a_listing_time_the_first_appearance_counts() -> None:
    list_coin("CCC", binance=None, okx=None, seen=2)

    assert found()["CCC"].evidence == "list_difference"


def test_what_the_very_first_reading_held_is_not_new() -> None:
    ListedSymbol.objects.all().delete()
    list_coin("DDD", binance=None, okx=None, seen=2)

    assert found() == {}


def test_a_known_old_listing_is_not_new_for_having_been_seen_late() -> None:
    list_coin("EEE", binance=300, okx=None, seen=1)

    assert "EEE" not in found()


def test_the_newest_are_first_and_all_are_counted() -> None:
    for days, base in ((9, "AAA"), (2, "BBB"), (5, "CCC")):
        list_coin(base, binance=days, okx=None, seen=days)

    total, listings = new_listings(14, 2)

    assert total == 3
    assert [each.row.base for each in listings] == ["BBB", "CCC"]


def test_a_delisted_coin_is_no_new_listing() -> None:
    list_coin("AAA", binance=3, okx=None, seen=3)
    ListedSymbol.objects.filter(base="AAA").update(delisted_at=clock.now())

    assert found() == {}

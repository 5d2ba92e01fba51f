"""Our copies of CoinGecko's list: one a day, and what is new in each."""

from __future__ import annotations

import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.types import DAY_MS
from mss import coin_list
from mss.models import ListReading, SeenCoin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def test_the_list_is_read_once_a_day_by_one_call(sandbox: Sandbox) -> None:
    coin_list.keep_list_current()
    coin_list.keep_list_current()

    assert ListReading.objects.count() == 1
    assert sandbox.calls("coingecko", "/coins/list") == 1
    assert SeenCoin.objects.count() == ListReading.objects.get().coins > 300


def test_a_coin_that_appears_later_is_new_and_those_of_the_first_copy_are_not(
    sandbox: Sandbox,
) -> None:
    coin_list.keep_list_current()
    missing = SeenCoin.objects.order_by("pk").first()
    assert missing is not None
    missing.delete()

    a_day_later = clock.now_ms() + DAY_MS
    with clock.wall_shifted(86_400.0), clock.frozen(a_day_later):
        coin_list.keep_list_current()
        new = coin_list.seen_since(clock.datetime_at(a_day_later - DAY_MS // 2), 10)

    assert missing.coingecko_id in {row.coingecko_id for row in new}
    assert ListReading.objects.order_by("-read_at")[0].new == len(new)


def test_with_coingecko_away_nothing_is_kept_and_the_next_tick_asks_again(
    sandbox: Sandbox,
) -> None:
    sandbox.fault("coingecko", "dead")
    coin_list.keep_list_current()
    assert not ListReading.objects.exists()

    sandbox.reset()
    with clock.wall_shifted(3600.0):
        coin_list.keep_list_current()

    assert ListReading.objects.exists()


def test_a_list_that_is_much_shorter_than_the_last_is_not_kept(sandbox: Sandbox) -> None:
    ListReading.objects.create(
        environment="test", read_at=clock.datetime_at(clock.now_ms() - 2 * DAY_MS),
        coins=1_000_000, new=0,
    )  # fmt: skip

    coin_list.keep_list_current()

    assert ListReading.objects.count() == 1
    assert not SeenCoin.objects.exists()

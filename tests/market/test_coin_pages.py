"""Pages of coins serve for a quarter of an hour, and longer when no newer one can be had."""

from __future__ import annotations

import pytest

from market.discovery import Wanted, discover
from market.sandbox.coingecko import category_of
from market.sandbox.handle import Sandbox
from tests.market.conftest import Later

pytestmark = pytest.mark.usefixtures("listed")

TWO_PAGES = Wanted(pages=(2, 3))


def test_a_page_just_read_is_not_read_again_whatever_else_is_wanted(
    sandbox: Sandbox, later: Later
) -> None:
    first = discover(TWO_PAGES)
    assert sandbox.calls("coingecko", "/coins/markets") == 2

    with later(minutes=14):
        again = discover(Wanted(pages=(2, 3, 4)))

    assert sandbox.calls("coingecko", "/coins/markets") == 3
    assert again.coins[: len(first.coins)] == first.coins
    assert again.problems == []


def test_a_page_that_cannot_be_renewed_serves_and_says_how_old_it_is(
    sandbox: Sandbox, later: Later
) -> None:
    first = discover(TWO_PAGES)
    sandbox.fault("coingecko", "http_5xx", status=503)

    with later(minutes=40):
        again = discover(TWO_PAGES)

    assert again.coins == first.coins
    assert "of 40 min ago" in [problem.detail for problem in again.problems]


def test_pages_of_a_category_are_not_those_of_all(sandbox: Sandbox) -> None:
    everything = discover(Wanted(pages=(2,)))

    layer_1 = discover(Wanted(pages=(1,), category="layer-1"))

    assert layer_1.coins
    assert {category_of(coin.id) for coin in layer_1.coins} == {"layer-1"}
    assert len({category_of(coin.id) for coin in everything.coins}) > 1

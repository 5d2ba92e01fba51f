"""A day of scans with every key on the smallest plans, beside everything that needs no key.

Forty coins every fifteen minutes, as the universe lists them: on Binance, nearly all on OKX too,
with their CoinGecko pages. The sandbox meters every call as the vendors do. The plans' numbers
bind: a scan wants up to 83 calls of Coinglass where 12 are granted in its minute, and 42 an hour of
LunarCrush where one is. Nobody really waits: budgets, meters and deadlines go by one simulated
time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from market import clock
from market.instruments import build_registry
from market.listings import fetch_lists
from market.providers.okx_limits import ARRIVAL_MS
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS
from market.providers.runtime import (
    KEEPALIVE_EXPIRY_S,
    provider_runtime,
)
from market.sandbox.handle import Sandbox
from market.sandbox.http import Request, Response
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.source import MarketSource
from market.sandbox.universe import Universe
from market.sandbox.upstreams import Mounted
from market.services import collect_snapshots
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Instrument
from tests.market.conftest import AT_MS, SEED, Later
from tests.market.keyed import SMALLEST, give_keys
from tests.simulated_time import asked_in_simulated_time

# Long, and about the vendors' limits: which database keeps the series changes nothing.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SCAN_EVERY_MIN = 15
SCANS = 24 * 60 // SCAN_EVERY_MIN
COINS = 40
FEW = 6
COINS_TRADED = 45
# What the budgets of OKX's two-second windows have room for.
LONGEST_WAY_S = ARRIVAL_MS / 1000

EVERY_COIN_EVERY_SCAN = (
    ReadingName.PRICE,
    ReadingName.CANDLES,
    ReadingName.FUNDING,
    ReadingName.OPEN_INTEREST,
    ReadingName.LONG_ACCOUNTS,
    ReadingName.TOP_TRADERS,
    ReadingName.TAKER_BUY,
    ReadingName.LIQUIDATIONS,
    ReadingName.FEAR_GREED,
)


class FewCoins(SimulatedMarket):
    """The same market with its largest coins alone: lists of all coins are made quickly."""

    _whole: Universe | None = None

    def universe(self, now_ms: int) -> Universe:
        whole = super().universe(now_ms)
        if whole is not self._whole:
            self._whole, self._few = whole, self._few_of(whole)
        return self._few

    @staticmethod
    def _few_of(whole: Universe) -> Universe:
        kept = whole.coins[:COINS_TRADED]
        bases = {coin.base for coin in kept}
        return Universe(
            binance={n: c for n, c in whole.binance.items() if c.coin.base in bases},
            okx={n: c for n, c in whole.okx.items() if c.coin.base in bases},
            coins=kept,
        )


class DistantSandbox(Sandbox):
    """Vendors that are reached late after a pause, until a connection is there, and then at once.

    So a first portion of calls arrives as near to the second one as it ever can.
    """

    def __init__(self, source: MarketSource) -> None:
        super().__init__(source)
        self._reached_s: dict[str, float] = {}

    async def answer(self, mounted: Mounted, request: Request) -> Response:
        vendor = mounted.vendor.name
        if self._reached_s.get(vendor, 0.0) < clock.wall_s() - KEEPALIVE_EXPIRY_S:
            await asyncio.sleep(LONGEST_WAY_S)
        self._reached_s[vendor] = clock.wall_s()
        return await super().answer(mounted, request)


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    stand_in = DistantSandbox(FewCoins(SEED))
    clock.fix(AT_MS)
    with asked_in_simulated_time(stand_in, AT_MS):
        give_keys(settings, **SMALLEST)
        yield stand_in


@pytest.fixture
def forty(sandbox: Sandbox) -> list[Instrument]:
    """Return the coins of the universe, as the product itself finds them."""
    lists = provider_runtime().run(
        lambda providers: fetch_lists(providers, 1, 60.0), timeout_s=90.0
    )
    registry = build_registry(
        binance=lists.binance, okx=lists.okx, coins=lists.coins, unit_prices=lists.unit_prices
    )
    return [coin for coin in registry if coin.binance is not None][:COINS]


def a_day_of_scans(coins: list[Instrument], later: Later) -> Iterator[MarketSnapshot]:
    for scan in range(SCANS):
        with later(scan * SCAN_EVERY_MIN):
            yield from collect_snapshots(coins, deadline_s=60.0)


def test_a_day_of_scans_stays_within_every_plan_and_says_what_it_left_out(
    sandbox: Sandbox, forty: list[Instrument], later: Later
) -> None:
    read: dict[ReadingName, Counter[str]] = {name: Counter() for name in ReadingName}
    left_out: Counter[str] = Counter()
    without_sentiment = 0

    for snapshot in a_day_of_scans(forty, later):
        for name, reading in snapshot.readings.items():
            read[name][reading.source] += 1
        for problem in snapshot.problems:
            left_out[problem.source] += "its turn has not come" in problem.detail
            without_sentiment += "no sentiment of this coin" in problem.detail

    most = SCANS * COINS
    assert len(forty) == COINS
    assert sandbox.violations == ()
    assert 0 < sandbox.calls("coinglass") <= SCANS * COINGLASS_PLANS["hobbyist"].calls_per_minute
    assert 0 < sandbox.calls("lunarcrush") <= LUNARCRUSH_PLANS["hobby"].calls_per_day
    assert sandbox.calls("binance") > 0
    assert sandbox.calls("coingecko") > 0
    # Nothing of what needs no key is missing because of the paid sources.
    for name in EVERY_COIN_EVERY_SCAN:
        assert sum(read[name].values()) == most, name
    # What the plans afford is read: nearly every coin in nearly every scan.
    assert read[ReadingName.FUNDING]["coinglass"] > 0.9 * most
    assert read[ReadingName.LIQUIDATIONS]["coinglass"] > 0.8 * most
    # … what they do not is named, …
    assert left_out["coinglass"] > 0
    assert left_out["lunarcrush"] > 0
    # … and what the free list lacks is told: nothing is made of it, others are asked instead.
    assert without_sentiment > 0.8 * most
    assert set(read[ReadingName.SOCIAL_SENTIMENT]) == {"coingecko"}
    # The last link of a chain costs nothing while the others answer.
    assert sandbox.calls("coinapi") == 0


def test_a_day_without_an_exchange_stays_within_the_credits_of_coinapi(
    sandbox: Sandbox, forty: list[Instrument], later: Later
) -> None:
    sandbox.fault("binance", "dead")
    only_there = [replace(coin, okx=None, coingecko_id=None) for coin in forty[:FEW]]
    sources: Counter[str] = Counter()
    left_out = 0

    for snapshot in a_day_of_scans(only_there, later):
        sources.update(
            snapshot.readings[name].source
            for name in (ReadingName.CANDLES,)
            if name in snapshot.readings
        )
        left_out += any(
            problem.source == "coinapi" and "its turn has not come" in problem.detail
            for problem in snapshot.problems
        )

    [credits_spent] = sandbox.spent("coinapi").values()
    assert sandbox.violations == ()
    assert 0 < sum(credits_spent.values()) <= COINAPI_PLANS["startup"].credits_per_day
    assert set(sources) == {"coinapi"}
    assert 0 < sources["coinapi"] < SCANS * FEW
    assert left_out > 0

"""A day of scans on the smallest plans: every plan kept, the rest said to be left out.

Forty coins every fifteen minutes. The key-less work is kept away, it is measured elsewhere: most of
the coins are listed nowhere, a dozen on a dead Binance alone, so that CoinAPI is asked for their
candles. That is all it takes for the plans' own numbers to bind: forty coins want 320 calls an hour
of Coinglass where 76 are affordable, 42 an hour of LunarCrush where 2 are, and a dozen coins want
1,300 credits a day of CoinAPI where 640 are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from market import clock
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS
from market.providers.runtime import ProviderRuntime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.universe import Universe
from market.services import collect_snapshots
from market.snapshot import ReadingName
from market.types import Instrument, Listing, Symbol, Venue
from tests.market.conftest import AT_MS, SEED, Later, until_time_of_day
from tests.market.keyed import SMALLEST, give_keys

pytestmark = pytest.mark.django_db

SCAN_EVERY_MIN = 15
SCANS = 24 * 60 // SCAN_EVERY_MIN
COINS = 40
ON_BINANCE = 12
COINS_TRADED = 45


class FewCoins(SimulatedMarket):
    """The same market with its largest coins alone: lists of all coins are made quickly."""

    def universe(self, now_ms: int) -> Universe:
        whole = super().universe(now_ms)
        kept = whole.coins[:COINS_TRADED]
        bases = {coin.base for coin in kept}
        return Universe(
            binance={n: c for n, c in whole.binance.items() if c.coin.base in bases},
            okx={n: c for n, c in whole.okx.items() if c.coin.base in bases},
            coins=kept,
        )


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    stand_in = Sandbox(FewCoins(SEED))
    clock.fix(AT_MS)
    with (
        clock.wall_shifted(until_time_of_day(AT_MS)),
        use_runtime(ProviderRuntime(client_factory=stand_in.client_factory())),
    ):
        yield stand_in


def test_a_day_of_scans_stays_within_every_plan_and_says_what_it_left_out(
    sandbox: Sandbox,
    settings: Settings,
    later: Later,
) -> None:
    perpetuals = {
        contract.coin.base: contract.symbol
        for contract in sandbox.source.universe(AT_MS).binance.values()
        if contract.symbol == f"{contract.coin.base}USDT"
    }
    scanned = [
        Instrument(
            Symbol(base),
            binance=Listing(Venue.BINANCE, perpetuals[base]) if place < ON_BINANCE else None,
        )
        for place, base in enumerate(list(perpetuals)[:COINS])
    ]
    give_keys(settings, **SMALLEST)
    sandbox.fault("binance", "dead")
    read: dict[ReadingName, Counter[str]] = {name: Counter() for name in ReadingName}
    left_out: Counter[str] = Counter()
    without_sentiment = 0

    for scan in range(SCANS):
        with later(scan * SCAN_EVERY_MIN):
            snapshots = collect_snapshots(scanned, deadline_s=20.0)
        for snapshot in snapshots:
            for name, reading in snapshot.readings.items():
                read[name][reading.source] += 1
            for problem in snapshot.problems:
                left_out[problem.source] += "its turn has not come" in problem.detail
                without_sentiment += "no sentiment of this coin" in problem.detail

    assert len(scanned) == COINS
    assert sandbox.violations == ()
    assert 0 < sandbox.calls("lunarcrush") <= LUNARCRUSH_PLANS["hobby"].calls_per_day
    assert 0 < sandbox.calls("coinglass") <= SCANS * COINGLASS_PLANS["hobbyist"].calls_per_minute
    [credits_spent] = sandbox.spent("coinapi").values()
    assert 0 < sum(credits_spent.values()) <= COINAPI_PLANS["startup"].credits_per_day
    # What the plans afford is read: nearly every coin in nearly every scan, but for candles.
    most = SCANS * COINS
    assert read[ReadingName.FUNDING]["coinglass"] > 0.9 * most
    assert read[ReadingName.LIQUIDATIONS]["coinglass"] > 0.8 * most
    # Free plans list coins without what is said of them: that is told, and nothing made of it.
    assert read[ReadingName.SOCIAL_SENTIMENT] == Counter()
    assert 0 < read[ReadingName.CANDLES]["coinapi"] < SCANS * ON_BINANCE
    # … and what they do not is named.
    assert left_out["coinapi"] > 0
    assert left_out["coinglass"] > 0
    assert without_sentiment > 0.8 * most

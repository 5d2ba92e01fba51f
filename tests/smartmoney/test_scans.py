"""Scans in the background: taken with a lease, stored once, ended at their deadline, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import OperationalError
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from market import background_runs, clock
from market.background_runs import MOST_FAULTS, MOST_OPEN, TooManyScans
from market.instruments import UnknownSymbol
from market.services import MarketUnavailable
from market.types import Instrument, Symbol
from smartmoney import scans
from smartmoney.engine.accumulation import Pattern
from smartmoney.engine.positioning import score_snapshot
from smartmoney.models import ScanResult, SmartMoneyScan
from smartmoney.scans import COINS_AT_A_TIME, SCANS, forget_old_scans, start_scan, work
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import Scores
from smartmoney.selectors import results_of
from tests.builders import make_snapshot

pytestmark = pytest.mark.django_db


class HandMade:
    """Stands in for reading the market: every coin but GONE is listed and scored."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.failure: Exception | None = None

    def resolve(self, text: str) -> Instrument:
        if text == "GONE":
            raise UnknownSymbol(text)
        return Instrument(Symbol(text))

    def score(
        self, instruments: Sequence[Instrument], *, deadline_s: float, share: float
    ) -> Scores:
        self.asked.append([each.symbol.base for each in instruments])
        if self.failure is not None:
            raise self.failure
        return Scores([scored(each.symbol.base) for each in instruments])


def scored(symbol: str) -> ScoredCoin:
    return ScoredCoin(score_snapshot(make_snapshot(symbol)), None)


@pytest.fixture(autouse=True)
def market(monkeypatch: pytest.MonkeyPatch) -> HandMade:
    made = HandMade()
    monkeypatch.setattr(scans, "resolve_symbol", made.resolve)
    monkeypatch.setattr(scans, "score_coins", made.score)
    return made


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the tasks that workers were woken for."""
    woken: list[str] = []
    monkeypatch.setattr(background_runs, "wake", woken.append)
    return woken


def after(**span: float) -> AbstractContextManager[None]:
    return clock.wall_shifted(timedelta(**span).total_seconds())


def reread(scan: SmartMoneyScan) -> SmartMoneyScan:
    return SmartMoneyScan.objects.get(pk=scan.pk)


def many(count: int) -> list[str]:
    return [f"COIN{number}" for number in range(count)]


def test_a_scan_goes_on_wave_by_wave_until_every_coin_has_an_answer(market: HandMade) -> None:
    coins = [*many(COINS_AT_A_TIME + 3), "GONE"]
    scan = start_scan(coins, name="many")

    assert not SCANS.work(work)

    over = reread(scan)
    assert over.state == SmartMoneyScan.State.DONE
    assert over.finished_at is not None
    assert (over.answered, over.requested) == (len(coins), len(coins))
    assert over.results.count() == len(coins) - 1
    assert over.failed == {"GONE": "Nothing tradable goes by this name now."}
    assert [len(wave) for wave in market.asked] == [COINS_AT_A_TIME, 3]


def test_starting_wakes_a_worker_and_the_same_coins_are_not_scanned_twice_at_once(
    woken: list[str],
) -> None:
    first = start_scan(["BTC", "ETH"], name="two")
    second = start_scan(["ETH", "BTC", "BTC"], name="again")

    assert second == first
    assert woken == ["smartmoney.tasks.run_scans"]


def test_what_was_scored_already_is_a_result_at_once_and_not_read_again(market: HandMade) -> None:
    scan = start_scan(["BTC", "ETH"], name="two", scored=[scored("BTC")])

    assert scan.left == ["ETH"]
    assert scan.results.count() == 1
    SCANS.work(work)

    assert market.asked == [["ETH"]]
    assert reread(scan).results.count() == 2


def test_a_worker_that_was_given_up_on_stores_nothing() -> None:
    start_scan(["BTC"], name="one")
    slow = SCANS.claim()
    assert slow is not None
    with after(minutes=2):
        quick = SCANS.claim()
        assert quick is not None
        assert quick.attempt == slow.attempt + 1

        assert not work(slow)
        assert ScanResult.objects.count() == 0
        assert work(quick)

    assert ScanResult.objects.count() == 1


def test_a_claimed_scan_is_nobody_elses_before_its_lease_ends() -> None:
    start_scan(["BTC"], name="one")

    assert SCANS.claim() is not None
    assert SCANS.claim() is None


def test_coins_that_meet_a_fault_of_ours_are_told_after_some_tries_and_the_others_go_on(
    market: HandMade,
) -> None:
    scan = start_scan(["BTC"], name="one")
    market.failure = RuntimeError("planted")

    SCANS.work(work)

    assert len(market.asked) == MOST_FAULTS
    assert reread(scan).state == SmartMoneyScan.State.DONE
    assert reread(scan).failed == {"BTC": "An error of this program, told in its log."}


def test_a_market_that_is_away_fails_the_coins_with_its_reason(market: HandMade) -> None:
    scan = start_scan(["BTC"], name="one")
    market.failure = MarketUnavailable()

    SCANS.work(work)

    assert reread(scan).failed == {"BTC": MarketUnavailable.detail}


def test_with_the_database_away_the_scan_waits_for_its_lease_to_end(market: HandMade) -> None:
    scan = start_scan(["BTC"], name="one")
    market.failure = OperationalError("planted")

    with pytest.raises(OperationalError):
        SCANS.work(work)

    market.failure = None
    assert SCANS.claim() is None
    with after(minutes=2):
        SCANS.work(work)
    assert reread(scan).state == SmartMoneyScan.State.DONE


def test_at_its_deadline_a_scan_ends_with_what_it_has() -> None:
    scan = start_scan(many(COINS_AT_A_TIME + 1), name="many")
    claimed = SCANS.claim()
    assert claimed is not None
    work(claimed)

    with after(minutes=16):
        assert SCANS.claim() is None
        SCANS.sweep()

    over = reread(scan)
    assert over.state == SmartMoneyScan.State.LEFT
    assert len(over.left) == 1
    assert over.results.count() == COINS_AT_A_TIME


def test_the_sweep_wakes_a_worker_for_a_scan_that_nobody_works_on(woken: list[str]) -> None:
    start_scan(["BTC"], name="one")
    SCANS.claim()
    woken.clear()

    SCANS.sweep()
    assert woken == []
    with after(minutes=2):
        SCANS.sweep()
    assert woken == ["smartmoney.tasks.run_scans"]


def test_no_more_than_so_many_scans_are_open_at_once() -> None:
    for number in range(MOST_OPEN):
        start_scan([f"COIN{number}"], name="one")

    with pytest.raises(TooManyScans):
        start_scan(["BTC"], name="one too many")


def test_old_scans_are_forgotten_with_their_results_and_open_ones_are_not(
    settings: Settings,
) -> None:
    settings.SMART_MONEY_RETENTION_DAYS = 14
    start_scan(["BTC"], name="over")
    SCANS.work(work)
    start_scan(["ETH"], name="open")

    with after(days=13):
        assert forget_old_scans() == 0
    with after(days=15):
        assert forget_old_scans() == 1

    assert [scan.name for scan in SmartMoneyScan.objects.all()] == ["open"]
    assert ScanResult.objects.count() == 0


def test_a_scan_of_another_environment_is_nobodys_here(settings: Settings) -> None:
    start_scan(["BTC"], name="elsewhere")
    settings.ENVIRONMENT = "live"

    assert SCANS.claim() is None


def test_results_are_listed_by_side_and_score_best_first() -> None:
    scan = start_scan(["BTC"], name="one")
    for symbol, gathered, handed_out, pattern in (
        ("AAA", 6, 1, "accumulation"), ("BBB", 8, 0, "accumulation"),
        ("CCC", 2, 5, "distribution"), ("DDD", 1, 1, "neutral"),
    ):  # fmt: skip
        ScanResult.objects.create(
            scan=scan, symbol=symbol, observed_at=clock.wall_now(), accumulation=gathered,
            distribution=handed_out, pattern=pattern, document={},
        )  # fmt: skip

    def symbols(side: Pattern | None, least: int) -> list[str]:
        return [result.symbol for result in results_of(scan, side, least)]

    assert symbols(Pattern.ACCUMULATION, 0) == ["BBB", "AAA"]
    assert symbols(Pattern.ACCUMULATION, 7) == ["BBB"]
    assert symbols(Pattern.DISTRIBUTION, 5) == ["CCC"]
    assert symbols(Pattern.NEUTRAL, 0) == ["DDD"]
    assert symbols(None, 5) == ["BBB", "AAA", "CCC"]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, None),
        ({"coins": ["BTC"], "criteria": "volume"}, None),
        ({"coins": []}, "coins"),
        ({"coins": [f"COIN{number}" for number in range(501)]}, "coins"),
        ({"criteria": "best"}, "criteria"),
        ({"criteria": "volume", "limit": 501}, "limit"),
        ({"coin": ["BTC"]}, "coin"),
        (["BTC"], None),
    ],
)
def test_a_body_that_says_nothing_sensible_is_refused_by_name(
    api: APIClient, body: object, parameter: str | None
) -> None:
    _, key = create_api_key("tester", "write")

    response = api.post("/smart-money/scans", body, format="json", headers={"X-API-Key": key})

    assert response.status_code == 400
    assert parameter in [error["parameter"] for error in response.json()["errors"]]


def test_a_key_that_may_only_read_starts_no_scan(api: APIClient) -> None:
    _, key = create_api_key("reader", "read")

    response = api.post(
        "/smart-money/scans", {"coins": ["BTC"]}, format="json", headers={"X-API-Key": key}
    )

    assert response.status_code == 403

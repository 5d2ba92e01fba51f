"""What signals and scans may spend of a paid plan: half of each budget, evenly over the day."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from market import clock
from market.providers.plan_share import PlanShare
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS
from market.providers.rate_limit import Pool
from market.store_contract import Budget, Store, StoreUnavailable
from market.store_sqlite import SqliteStore

MINUTE = Pool("minute", 10, 60)
DAY = Pool("day", 480, 86_400)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return SqliteStore(tmp_path / "share.sqlite3")


def granted(share: PlanShare, *costs: int) -> list[bool]:
    async def ask() -> list[bool]:
        return [await share.grant(cost) for cost in costs]

    return asyncio.run(ask())


def test_half_of_a_budget_is_granted_and_no_more(store: Store) -> None:
    share = PlanShare("stub", "small", [MINUTE], store)

    assert granted(share, 1, 1, 1, 1, 1, 1) == [True] * 5 + [False]
    assert share.used() == [("minute", 5, 5)]


def test_of_a_day_a_twenty_fourth_is_granted_per_hour(store: Store) -> None:
    share = PlanShare("stub", "small", [DAY], store)

    with clock.wall_shifted(-clock.wall_s() % 86_400):
        first_hour = granted(share, *[1] * 11)
    with clock.wall_shifted(-clock.wall_s() % 86_400 + 3700):
        second_hour = granted(share, 1)

    assert first_hour == [True] * 10 + [False]
    assert second_hour == [True]


def test_what_is_too_dear_takes_nothing_and_leaves_room_for_what_is_not(store: Store) -> None:
    share = PlanShare("stub", "small", [MINUTE], store)

    assert granted(share, 3, 3, 2) == [True, False, True]


def test_what_one_go_can_never_grant_is_refused_without_counting(store: Store) -> None:
    share = PlanShare("stub", "small", [MINUTE, DAY], store)

    assert share.most_at_once == 5
    assert granted(share, 6) == [False]
    assert share.used() == [("minute", 0, 5), ("day", 0, 240), ("hour", 0, 10)]


def test_processes_share_what_is_granted(store: Store) -> None:
    here = PlanShare("stub", "small", [MINUTE], store)
    there = PlanShare("stub", "small", [MINUTE], store)

    assert granted(here, 4) == granted(there, 1) == [True]
    assert granted(here, 1) == granted(there, 1) == [False]


def test_the_vendors_own_budget_is_not_paid_here(store: Store) -> None:
    granted(PlanShare("stub", "small", [MINUTE], store), 5)

    assert store.used([Budget("stub:minute", 10, 60)]) == [0]


def test_the_smallest_budget_still_grants_one(store: Store) -> None:
    share = PlanShare("stub", "tiny", [Pool("day", 1, 86_400)], store)

    assert granted(share, 1, 1) == [True, False]


def test_without_a_store_nothing_of_a_plan_is_spent(store: Store, monkeypatch) -> None:
    def away(budgets: object, cost: int = 1) -> float:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "take", away)

    assert granted(PlanShare("stub", "small", [MINUTE], store), 1) == [False]


@pytest.mark.parametrize(
    ("name", "plan", "said"),
    [
        ("coinglass", COINGLASS_PLANS["hobbyist"], "12 per minute"),
        ("lunarcrush", LUNARCRUSH_PLANS["hobby"], "1 per minute, 40 per day, 1 per hour"),
        ("coinapi", COINAPI_PLANS["startup"], "400 per day, 16 per hour"),
    ],
)
def test_what_the_smallest_plans_afford_is_said(store: Store, name: str, plan, said: str) -> None:
    share = PlanShare(name, plan.name, plan.pools(0.8), store)

    assert str(share) == f"the {plan.name} plan affords {said}"

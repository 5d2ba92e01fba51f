"""Paid sources in one collection: preferred where their plan reaches, told of where it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from market import collect as collect_module
from market.health import probe_providers
from market.providers.runtime import provider_runtime
from market.sandbox.handle import Sandbox
from market.services import collect_snapshots
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Instrument
from tests.market.conftest import Later
from tests.market.keyed import give_keys

pytestmark = pytest.mark.django_db

Coins = Callable[..., list[Instrument]]

RATIOS = (ReadingName.OPEN_INTEREST, ReadingName.LONG_ACCOUNTS, ReadingName.TOP_TRADERS)


def collect(coin: Instrument) -> MarketSnapshot:
    [snapshot] = collect_snapshots([coin], deadline_s=90.0)
    return snapshot


def told(snapshot: MarketSnapshot, source: str) -> list[str]:
    return [problem.detail for problem in snapshot.problems if problem.source == source]


@pytest.fixture
def btc(coins: Coins) -> Instrument:
    [coin] = coins("BTC")
    return coin


def test_on_the_smallest_plan_coinglass_gives_funding_and_liquidations(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")

    snapshot = collect(btc)

    readings = snapshot.readings
    assert readings[ReadingName.FUNDING].source == "coinglass"
    assert readings[ReadingName.LIQUIDATIONS].source == "coinglass"
    assert readings[ReadingName.LIQUIDATION_VENUE_OI].source == "coinglass"
    # Its bars of four hours cannot say what changed within the day: the exchange's own stay.
    assert {readings[name].source for name in RATIOS} == {"binance"}
    assert not any(reading.fallback for reading in readings.values())
    assert sandbox.violations == ()


def test_from_startup_on_open_interest_and_ratios_are_coinglass_too(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="startup")

    snapshot = collect(btc)

    assert {snapshot.readings[name].source for name in RATIOS} == {"coinglass"}
    assert len(snapshot.history.series[ReadingName.OPEN_INTEREST]) >= 180


def test_the_four_windows_of_liquidations_are_the_vendors_own_sums(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")

    snapshot = collect(btc)

    buckets = snapshot.history.liquidations
    assert buckets is not None
    total = float(buckets.long_usd.sum() + buckets.short_usd.sum())
    assert len(buckets) == 24
    assert total == pytest.approx(snapshot.readings[ReadingName.LIQUIDATIONS].value)
    assert "24 h of 24 h" in str(snapshot.readings[ReadingName.LIQUIDATIONS].note)


def test_a_coin_that_coinglass_lists_by_the_thousand_is_asked_by_that_name(
    sandbox: Sandbox, coins: Coins, settings: Settings
) -> None:
    give_keys(settings, coinglass="startup")

    [snapshot] = collect_snapshots(coins("PEPE"), deadline_s=90.0)

    for name in (*RATIOS, ReadingName.FUNDING, ReadingName.LIQUIDATIONS):
        assert snapshot.readings[name].source == "coinglass"
    assert told(snapshot, "coinglass") == told(snapshot, "binance") == []
    assert sandbox.calls("coinglass", "/api/futures/supported-coins") == 1


def test_a_coin_by_the_thousand_that_coinglass_lacks_is_not_asked_for(
    sandbox: Sandbox, coins: Coins, settings: Settings, later: Later
) -> None:
    give_keys(settings, coinglass="startup")
    sandbox.fault(
        "coinglass",
        "answer",
        path="/api/futures/supported-coins",
        json={"code": "0", "data": ["BTC"]},
    )
    collect_snapshots(coins("PEPE"), deadline_s=90.0)
    asked = sandbox.calls("coinglass")

    with later(20):
        [snapshot] = collect_snapshots(coins("PEPE"), deadline_s=90.0)

    assert snapshot.readings[ReadingName.FUNDING].source == "binance"
    # The list of names and the lists of all coins; after that the ratios, which go by contract.
    assert sandbox.calls("coinglass", "/api/futures/funding-rate") == 0
    assert sandbox.calls("coinglass", "/api/futures/open-interest") == 0
    assert sandbox.calls("coinglass", "/api/futures/supported-coins") == 1
    assert asked > 0


def test_sentiment_and_momentum_are_lunarcrushs_in_a_coins_first_answer(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, lunarcrush="builder")

    first = collect(btc)

    assert first.readings[ReadingName.SOCIAL_SENTIMENT].source == "lunarcrush"
    assert first.readings[ReadingName.SOCIAL_MOMENTUM].source == "lunarcrush"
    assert 0.0 <= first.readings[ReadingName.SOCIAL_MOMENTUM].value <= 100.0
    assert first.shown["social"]["galaxy_score"] is not None
    # Two dependent steps: the list, and by the id it names the coin's hours.
    assert sandbox.calls("lunarcrush") == 2


def test_without_the_list_no_hours_are_asked_for_and_both_are_told(
    sandbox: Sandbox, btc: Instrument, settings: Settings, later: Later
) -> None:
    give_keys(settings, lunarcrush="builder")
    sandbox.fault("lunarcrush", "answer", path="/public/coins/list", status=402, json={"error": ""})
    first = collect(btc)

    with later(1):
        second = collect(btc)

    told = [p.reading for p in first.problems if p.source == "lunarcrush"]
    assert set(told) == {ReadingName.SOCIAL_SENTIMENT, ReadingName.SOCIAL_MOMENTUM}
    assert ReadingName.SOCIAL_MOMENTUM not in first.readings | second.readings
    assert sandbox.calls("lunarcrush") == 1


def test_momentum_outside_the_plan_comes_from_the_list_of_a_day_ago(
    sandbox: Sandbox, btc: Instrument, settings: Settings, later: Later
) -> None:
    give_keys(settings, lunarcrush="individual")
    collect(btc)
    with later(60):
        refused = collect(btc)

    with later(24 * 60):
        snapshot = collect(btc)

    assert ReadingName.SOCIAL_MOMENTUM not in refused.readings
    assert any("higher plans only; tried again at" in d for d in told(refused, "lunarcrush"))
    assert "a day ago" in str(snapshot.readings[ReadingName.SOCIAL_MOMENTUM].note)


def test_an_endpoint_outside_the_plan_is_asked_once_and_only_its_reading_is_off(
    sandbox: Sandbox, btc: Instrument, settings: Settings, later: Later
) -> None:
    give_keys(settings, coinglass="hobbyist")
    sandbox.fault(
        "coinglass",
        "answer",
        path="/api/futures/open-interest/exchange-list",
        json={"code": "401", "msg": "Upgrade plan"},
    )
    first = collect(btc)
    asked = sandbox.calls("coinglass", "/api/futures/open-interest/exchange-list")

    with later(20):
        second = collect(btc)

    assert asked == 1
    assert sandbox.calls("coinglass", "/api/futures/open-interest/exchange-list") == 1
    for snapshot in (first, second):
        assert snapshot.readings[ReadingName.FUNDING].source == "coinglass"
        assert snapshot.readings[ReadingName.LIQUIDATIONS].source == "okx"
        assert snapshot.readings[ReadingName.LIQUIDATIONS].fallback
        assert any("higher plans only; tried again at" in d for d in told(snapshot, "coinglass"))
    coinglass = probe_providers().data["coinglass"]
    assert coinglass["state"] == "limited"
    assert "futures/open-interest/exchange-list" in coinglass["refused"]


def test_without_the_lists_of_all_coins_liquidations_are_asked_coin_by_coin(
    sandbox: Sandbox, btc: Instrument, settings: Settings, later: Later
) -> None:
    give_keys(settings, coinglass="hobbyist")
    sandbox.documented = ["coinglass"]
    collect(btc)

    with later(6):
        snapshot = collect(btc)

    assert sandbox.calls("coinglass", "/api/futures/liquidation/exchange-list") == 4
    assert snapshot.readings[ReadingName.LIQUIDATIONS].source == "coinglass"


def test_the_state_of_a_paid_source_says_what_is_used_and_left(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")
    collect(btc)

    data = probe_providers().data

    minute = data["coinglass"]["budgets"]["minute"]
    assert minute["used"] >= 1
    assert minute["used"] + minute["remaining"] == minute["limit"]
    signals = data["coinglass"]["shares"]["signals"]["minute"]
    assert signals["used"] == sandbox.calls("coinglass") == 5
    assert (signals["limit"], signals["remaining"]) == (12, 7)
    assert data["coinglass"]["shares"]["clients"]["minute"] == {
        "used": 0, "limit": 12, "remaining": 12,
    }  # fmt: skip
    assert data["binance"]["shares"] == {}
    assert data["lunarcrush"] == {
        **data["lunarcrush"],
        "state": "off",
        "detail": "off: set LUNARCRUSH_API_KEY",
    }


def test_with_both_exchanges_dead_candles_come_from_coinapi(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinapi="startup")
    sandbox.fault("binance", "dead")
    sandbox.fault("okx", "dead")

    snapshot = collect(btc)

    assert snapshot.readings[ReadingName.CANDLES].source == "coinapi"
    assert snapshot.readings[ReadingName.CANDLES].fallback
    assert snapshot.readings[ReadingName.PRICE].source == "coinapi"


def test_the_index_comes_from_coinglass_when_its_publisher_is_dead(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")
    sandbox.scenario("fear_greed_dead")

    snapshot = collect(btc)

    assert snapshot.readings[ReadingName.FEAR_GREED].source == "coinglass"
    assert snapshot.readings[ReadingName.FEAR_GREED].fallback


def test_a_paid_source_that_does_not_fit_the_exchange_is_told_of(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")
    rows = [
        {"time": at_ms, "open": "1.5", "high": "1.5", "low": "1.5", "close": "1.5"}
        for at_ms in range(1_790_683_620_000 // 14_400_000 * 14_400_000 - 30 * 14_400_000,
                           1_790_683_620_000, 14_400_000)
    ]  # fmt: skip
    sandbox.fault(
        "coinglass",
        "answer",
        path="/api/futures/funding-rate/oi-weight-history",
        json={"code": "0", "data": rows},
    )

    snapshot = collect(btc)

    assert snapshot.readings[ReadingName.FUNDING].source == "coinglass"
    assert any(d.startswith("disagrees: ") and "1.5" in d for d in told(snapshot, "binance"))


def test_what_a_key_brought_is_not_used_once_the_key_is_gone(
    sandbox: Sandbox, btc: Instrument, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")
    collect(btc)
    settings.COINGLASS_API_KEY = ""
    provider_runtime().close()

    snapshot = collect(btc)

    assert {reading.source for reading in snapshot.readings.values()} == {
        "binance", "okx", "coingecko", "alternative_me",
    }  # fmt: skip
    assert not any(reading.fallback for reading in snapshot.readings.values())


def test_all_evidence_is_read_for_a_single_coin_and_books_alone_for_several(
    sandbox: Sandbox, coins: Coins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_module, "EVIDENCE_WAIT_S", 60.0)
    pair = coins("BTC", "ETH")

    scanned = collect_snapshots(pair, deadline_s=90.0)
    asked_by_a_scan = sandbox.calls("binance", "/fapi/v1/depth")
    several = collect_snapshots(pair, deadline_s=90.0, with_evidence=True)
    prints_of_several = sandbox.calls("binance", "/fapi/v1/aggTrades")
    single = collect_snapshots(pair[:1], deadline_s=90.0, with_evidence=True)

    assert not any("book" in snapshot.shown for snapshot in scanned)
    assert asked_by_a_scan == 0
    assert {snapshot.shown["book"]["source"] for snapshot in several} == {"binance"}
    assert prints_of_several == 0
    assert single[0].shown["book"]["source"] == "binance"
    assert sandbox.calls("binance", "/fapi/v1/aggTrades") == 1


def test_evidence_that_hangs_costs_the_answer_nothing(sandbox: Sandbox, btc: Instrument) -> None:
    sandbox.fault("binance", "hang", path="/fapi/v1/depth")

    [snapshot] = collect_snapshots([btc], deadline_s=90.0, with_evidence=True)

    assert "book" not in snapshot.shown
    assert ReadingName.CANDLES in snapshot.readings
    assert snapshot.problems == ()


def test_the_market_page_lists_what_a_paid_source_gave(
    sandbox: Sandbox, btc: Instrument, listed: None, settings: Settings
) -> None:
    settings.SIGNAL_DEADLINE_S = 60.0  # however busy the machine that makes up the market
    give_keys(settings, coinglass="hobbyist")

    body = APIClient().get("/market/BTC").json()

    assert body["coinglass"]["funding_rate_8h_pct"] == body["fundingRate"]
    assert "coinglass" not in body["unavailable"]
    assert "not configured" in body["unavailable"]["lunarcrush"]


def test_the_admin_shows_how_each_provider_is_doing(
    sandbox: Sandbox, btc: Instrument, admin_client: Client, settings: Settings
) -> None:
    give_keys(settings, coinglass="hobbyist")
    sandbox.fault("coinglass", "answer", status=401, json={"code": "401", "msg": "api key"})
    collect(btc)

    # Five reads had their turn; how many were sent before the key was refused depends on timing.
    page = admin_client.get(reverse("admin:market_providerstatus_changelist")).content.decode()

    assert "the configured key is not accepted" in page
    assert "off: set LUNARCRUSH_API_KEY" in page
    assert "signals, minute: 5 of 12, 7 left" in page
    assert "clients, minute: 0 of 12, 12 left" in page

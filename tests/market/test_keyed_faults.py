"""Whatever a paid source answers, the signal answers: its readings fall back, nothing is invented.

All three are troubled at once, which is three rows of the table in one collection: each has its own
transport, breaker and budget, and their readings do not meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from market.health import probe_providers
from market.sandbox.handle import Sandbox
from market.snapshot import ReadingName
from market.types import Instrument
from signals.engine import BALANCED
from signals.engine.types import SignalResult
from signals.rendering import signal_document
from signals.services import evaluate_symbols
from tests.market.conftest import Later
from tests.market.keyed import give_keys

pytestmark = pytest.mark.django_db

PAID = ("coinglass", "lunarcrush", "coinapi")
# Which readings each would give, and who gives them instead.
OWN = {
    "coinglass": (ReadingName.FUNDING, ReadingName.LIQUIDATIONS, ReadingName.LIQUIDATION_VENUE_OI),
    "lunarcrush": (ReadingName.SOCIAL_SENTIMENT,),
}
KEY_LESS = {"binance", "okx", "coingecko", "alternative_me"}

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "401": ("answer", {"status": 401, "json": {"error": "Unauthorized", "code": "401"}}),
    "402": ("answer", {"status": 402, "json": {"error": "Payment required", "code": "401",
                                               "msg": "Upgrade plan"}}),
    "403": ("answer", {"status": 403, "json": {"error": "Forbidden", "code": "403",
                                               "msg": "Forbidden"}}),
    "429": ("http_429", {"retry_after_s": 30}),
    "5xx": ("http_5xx", {"status": 503}),
    "hang": ("hang", {}),
    "HTML": ("html", {"status": 200}),
    "truncated": ("truncated", {}),
    "wrong type": ("wrong_types", {}),
    "empty": ("empty", {}),
}  # fmt: skip


def evaluated(coin: Instrument, deadline_s: float = 20.0) -> SignalResult:
    [evaluation] = evaluate_symbols([coin], BALANCED, deadline_s=deadline_s)
    return evaluation.result


def paid(result: SignalResult) -> dict[ReadingName, float]:
    return {
        name: reading.value for name, reading in result.readings.items() if reading.source in PAID
    }


@pytest.fixture
def btc(coins: Callable[..., list[Instrument]], settings: Settings) -> Instrument:
    [coin] = coins("BTC")
    give_keys(settings, coinglass="hobbyist", lunarcrush="builder", coinapi="startup")
    return coin


def test_untroubled_the_paid_sources_give_their_readings(sandbox: Sandbox, btc: Instrument) -> None:
    result = evaluated(btc)

    assert {name for names in OWN.values() for name in names} <= paid(result).keys()
    assert result.shown["book"]["source"] == "coinapi"


@pytest.mark.parametrize("name", FAULTS)
def test_a_troubled_paid_source_costs_its_own_readings_only(
    sandbox: Sandbox, btc: Instrument, name: str
) -> None:
    kind, parameters = FAULTS[name]
    for provider in PAID:
        sandbox.fault(provider, kind, **parameters)

    # A hanging source is waited for as long as any other: a share of the deadline.
    result = evaluated(btc, deadline_s=6.0 if name == "hang" else 20.0)

    assert result.score is not None
    assert result.missing == ()
    document = signal_document(result)
    if name == "wrong type":
        # Coinglass sends numbers as texts on some endpoints and as numbers on others: both are
        # read everywhere, so there this is no fault, and what is read is right.
        assert all(value > 0.0 for value in paid(result).values())
    else:
        assert paid(result) == {}
        assert {reading.source for reading in result.readings.values()} <= KEY_LESS
        assert all(result.readings[each].fallback for names in OWN.values() for each in names)
        assert document["lunarCrushMetrics"] is None
        assert document["comprehensiveMetrics"]["fundingRates"] == {
            "oiWeighted": None,
            "volumeWeighted": None,
        }
        # A book is an object: with no rows in lists it is still whole.
        source = document["coinAPIMetrics"]["source"]
        assert source == ("coinapi" if name == "empty" else "binance")
        for provider, names in OWN.items():
            told = {p.reading for p in result.problems if p.source == provider}
            assert told & {each.value for each in names}
    assert not any("http" in problem.detail.lower() for problem in result.problems)


@pytest.mark.parametrize("provider", PAID)
def test_the_breaker_opens_on_failures_and_closes_when_the_source_is_back(
    sandbox: Sandbox, btc: Instrument, later: Later, settings: Settings, provider: str
) -> None:
    sandbox.fault(provider, "http_5xx", status=503)
    if provider == "coinapi":  # the last link of the chain: asked when the others are dead
        give_keys(settings, coinapi="pro")
        sandbox.fault("binance", "dead")
        sandbox.fault("okx", "dead")
    for minute in range(7):
        with later(minute):
            evaluated(btc)
            opened = probe_providers().data[provider]
            asked = sandbox.calls(provider)
            if opened["state"] == "open":
                evaluated(btc)
                break

    assert opened["state"] == "open"
    assert sandbox.calls(provider) == asked
    sandbox.clear_faults(provider)
    with later(minute + 20):
        evaluated(btc)
        closed = probe_providers().data[provider]

    assert opened["until"] is not None
    assert opened["last_error"]
    assert closed["state"] in {"ok", "limited"}


@pytest.mark.parametrize("provider", PAID)
def test_a_refused_key_is_told_with_the_time_to_try_again(
    sandbox: Sandbox, btc: Instrument, later: Later, provider: str
) -> None:
    kind, parameters = FAULTS["401"]
    sandbox.fault(provider, kind, **parameters)
    evaluated(btc)
    refused = probe_providers().data[provider]
    asked = sandbox.calls(provider)

    with later(5):
        evaluated(btc)

    assert refused["state"] == "blocked"
    assert refused["detail"] == "the configured key is not accepted"
    assert refused["until"] is not None
    assert sandbox.calls(provider) == asked

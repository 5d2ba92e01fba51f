"""The cache in front of evaluation: one evaluation per coin and moment, however many ask."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from market import clock
from market.services import MarketUnavailable
from market.store import StoreUnavailable, get_store
from market.types import Instrument, Symbol
from signals import freshest, ready_answers
from signals.engine import BALANCED, PRESETS
from signals.engine.types import ScoringProfile
from signals.exceptions import TooManyColdRequests
from signals.freshest import freshest_evaluation
from signals.ready_answers import Freshest, pack
from signals.rendering import UNCALIBRATED
from signals.services import Evaluation
from tests.signals.results import make_evaluation

BTC = Instrument(Symbol("BTC"))
# Longer than any of these tests takes; reached only by one that fails.
PATIENCE_S = 20


class Evaluator:
    """Stands in for fetching and scoring: counts the calls and waits for a gate."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None

    def __call__(
        self,
        instruments: Sequence[Instrument],
        profile: ScoringProfile,
        *,
        deadline_s: float | None = None,
    ) -> list[Evaluation]:
        self.calls.append((instruments[0].symbol.base, profile.name))
        assert self.gate.wait(PATIENCE_S)
        if self.failure is not None:
            raise self.failure
        return [make_evaluation(62.5, symbol=instruments[0].symbol.base)]


@pytest.fixture
def evaluator(monkeypatch: pytest.MonkeyPatch) -> Evaluator:
    evaluator = Evaluator()
    monkeypatch.setattr(freshest, "evaluate_symbols", evaluator)
    monkeypatch.setattr(freshest, "resolve_symbol", lambda text: Instrument(Symbol(text)))
    monkeypatch.setattr(ready_answers, "calibration_of", lambda _: UNCALIBRATED)  # needs a table
    return evaluator


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def unavailable() -> MarketUnavailable:
    return MarketUnavailable()


def test_a_second_request_is_answered_from_the_first(evaluator: Evaluator) -> None:
    first = freshest_evaluation("BTC", BALANCED)

    with clock.wall_shifted(12.0):
        second = freshest_evaluation("BTC", BALANCED)

    assert evaluator.calls == [("BTC", "balanced")]
    assert second.body == first.body
    assert int(second.age_s) == 12


def test_after_its_lifetime_an_answer_is_made_anew(evaluator: Evaluator, settings: Any) -> None:
    settings.SIGNAL_CACHE_TTL_S = 30
    freshest_evaluation("BTC", BALANCED)

    with clock.wall_shifted(31.0):
        freshest_evaluation("BTC", BALANCED)

    assert len(evaluator.calls) == 2


def test_coins_profiles_and_versions_have_answers_of_their_own(evaluator: Evaluator) -> None:
    for profile in (BALANCED, PRESETS["aggressive"], replace(BALANCED, version=2)):
        freshest_evaluation("BTC", profile)
    freshest_evaluation("ETH", BALANCED)

    assert len(evaluator.calls) == 4


def test_the_debug_group_is_added_to_the_same_answer(evaluator: Evaluator) -> None:
    answer = freshest_evaluation("BTC", BALANCED)

    plain = json.loads(answer.render(with_debug=False))
    with_debug = json.loads(answer.render(with_debug=True))

    assert with_debug.pop("debug")["allMetrics"] == {"funding_rate_8h_pct": -0.0125}
    assert with_debug == plain
    assert len(evaluator.calls) == 1


def test_a_hundred_cold_requests_cause_one_evaluation(evaluator: Evaluator, settings: Any) -> None:
    settings.WEB_THREADS = 200
    evaluator.gate.clear()

    with ThreadPoolExecutor(100) as pool:
        answers = [pool.submit(freshest_evaluation, "BTC", BALANCED) for _ in range(100)]
        until(lambda: freshest._cold_now == 100)
        evaluator.gate.set()
        bodies = {answer.result(PATIENCE_S).body for answer in answers}

    assert len(evaluator.calls) == 1
    assert len(bodies) == 1
    assert freshest._cold_now == 0
    assert freshest._flights == {}


def test_half_of_the_threads_stay_free_for_warm_requests(
    evaluator: Evaluator, settings: Any
) -> None:
    settings.WEB_THREADS = 4
    freshest_evaluation("ETH", BALANCED)
    evaluator.gate.clear()

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(freshest_evaluation, "BTC", BALANCED) for _ in range(2)]
        until(lambda: freshest._cold_now == 2)
        with pytest.raises(TooManyColdRequests):
            freshest_evaluation("BTC", BALANCED)
        warm = freshest_evaluation("ETH", BALANCED)
        evaluator.gate.set()
        for answer in answers:
            answer.result(PATIENCE_S)

    assert json.loads(warm.body)["symbol"] == "ETH"
    assert freshest_evaluation("BTC", BALANCED).body


def test_few_evaluate_at_once_and_whoever_gets_no_turn_is_told_to_come_back(
    evaluator: Evaluator, settings: Any
) -> None:
    evaluator.gate.clear()
    coins = [f"COIN{number}" for number in range(freshest.EVALUATIONS_AT_ONCE)]

    with ThreadPoolExecutor(len(coins)) as pool:
        answers = [pool.submit(freshest_evaluation, coin, BALANCED) for coin in coins]
        until(lambda: len(evaluator.calls) == len(coins))
        settings.SIGNAL_DEADLINE_S = 0.1
        with pytest.raises(TooManyColdRequests):
            freshest_evaluation("LATE", BALANCED)
        evaluator.gate.set()
        for answer in answers:
            answer.result(PATIENCE_S)

    settings.SIGNAL_DEADLINE_S = 8
    assert freshest_evaluation("LATE", BALANCED).body


def test_a_failure_reaches_everybody_who_waited_and_is_not_repeated_at_once(
    evaluator: Evaluator, settings: Any
) -> None:
    settings.WEB_THREADS = 20
    evaluator.failure = unavailable()
    evaluator.gate.clear()

    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(freshest_evaluation, "BTC", BALANCED) for _ in range(5)]
        until(lambda: freshest._cold_now == 5)
        evaluator.gate.set()
        failures = [answer.exception(PATIENCE_S) for answer in answers]
    with pytest.raises(MarketUnavailable):
        freshest_evaluation("BTC", BALANCED)

    assert [type(failure) for failure in failures] == [MarketUnavailable] * 5
    assert len(evaluator.calls) == 1
    evaluator.failure = None
    with clock.wall_shifted(3.0):
        assert freshest_evaluation("BTC", BALANCED).body


@pytest.fixture
def held_elsewhere() -> Callable[[], bool]:
    """Hold the lock of BTC as another process would; the fixture's value gives it back."""
    key, token = freshest._key(BTC, BALANCED), b"another process"
    assert get_store().add(f"{key}:lock", token, 60)
    return lambda: get_store().release(f"{key}:lock", token)


def test_an_evaluation_of_another_process_is_waited_for(
    evaluator: Evaluator, held_elsewhere: Callable[[], bool]
) -> None:
    theirs = pack(make_evaluation(38.0).result)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(freshest_evaluation, "BTC", BALANCED)
        until(lambda: freshest._cold_now == 1)
        get_store().set(freshest._key(BTC, BALANCED), theirs, 30)
        result = answer.result(PATIENCE_S)

    assert evaluator.calls == []
    assert json.loads(result.body)["signal"] == "SHORT"


def test_the_work_of_a_process_that_gave_up_is_taken_over(
    evaluator: Evaluator, held_elsewhere: Callable[[], bool]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(freshest_evaluation, "BTC", BALANCED)
        until(lambda: freshest._cold_now == 1)
        held_elsewhere()
        result: Freshest = answer.result(PATIENCE_S)

    assert evaluator.calls == [("BTC", "balanced")]
    assert json.loads(result.body)["signal"] == "LONG"


def test_nobody_waits_beyond_the_deadline(
    evaluator: Evaluator, held_elsewhere: Callable[[], bool], settings: Any
) -> None:
    settings.SIGNAL_DEADLINE_S = 0.05

    with pytest.raises(MarketUnavailable):
        freshest_evaluation("BTC", BALANCED)

    assert evaluator.calls == []


def test_without_the_shared_store_an_answer_is_made_for_everybody_who_asks(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __getattr__(self, _: str) -> Any:
            raise StoreUnavailable("disk full")

    monkeypatch.setattr(freshest, "get_store", Away)

    first = freshest_evaluation("BTC", BALANCED)
    freshest_evaluation("BTC", BALANCED)

    assert json.loads(first.body)["symbol"] == "BTC"
    assert len(evaluator.calls) == 2

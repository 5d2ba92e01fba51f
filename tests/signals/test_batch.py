"""``POST /batch/signals``: one frame for what is cold, the same answers as one by one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from market import clock
from market.instruments import UnknownSymbol
from market.services import MarketUnavailable
from market.store import get_store
from market.types import Instrument, Symbol
from signals import batch_signals, freshest, ready_answers
from signals.batch_signals import Batch, evaluate_batch
from signals.engine import BALANCED
from signals.engine.types import ScoringProfile
from signals.models import EvaluationCount, Signal
from signals.ready_answers import pack
from signals.rendering import UNCALIBRATED
from signals.services import Evaluation
from tests.signals.results import make_evaluation
from tests.signals.test_freshest import PATIENCE_S, until

LISTED = [f"COIN{number}" for number in range(60)]


class Market:
    """Stands in for the market: sixty coins are listed; counts the frames and waits for a gate."""

    def __init__(self) -> None:
        self.frames: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.unknown: set[str] = set()

    def resolve(self, text: str) -> Instrument:
        base = text.upper().removesuffix("USDT")
        if base not in LISTED:
            raise UnknownSymbol(text, ["COIN1"])
        return Instrument(Symbol(base))

    def evaluate(
        self, instruments: Sequence[Instrument], profile: ScoringProfile, *, deadline_s: float
    ) -> list[Evaluation]:
        bases = [instrument.symbol.base for instrument in instruments]
        self.frames.append(bases)
        assert self.gate.wait(PATIENCE_S)
        if self.failure is not None:
            raise self.failure
        return [self.evaluation(base) for base in bases]

    def evaluation(self, base: str) -> Evaluation:
        if base in self.unknown:
            return make_evaluation(None, symbol=base, neutral_reason="insufficient_data")
        return make_evaluation(62.5, symbol=base)


@pytest.fixture
def market(db: None, monkeypatch: pytest.MonkeyPatch) -> Market:
    market = Market()
    monkeypatch.setattr(freshest, "resolve_symbol", market.resolve)
    monkeypatch.setattr(batch_signals, "resolve_symbol", market.resolve)
    monkeypatch.setattr(freshest, "evaluate_symbols", market.evaluate)
    monkeypatch.setattr(ready_answers, "calibration_of", lambda _: UNCALIBRATED)
    return market


def ask(api: APIClient, symbols: Sequence[str], **more: Any) -> Any:
    return api.post("/batch/signals", {"symbols": symbols, **more}, format="json")


def symbols_of(response: Any) -> list[str]:
    return [signal["symbol"] for signal in response.json()["signals"]]


def test_fifty_coins_are_one_frame_answered_in_the_order_asked_for(
    market: Market, api: APIClient
) -> None:
    asked = LISTED[50:0:-1]

    response = ask(api, asked)

    assert response.status_code == 200
    assert market.frames == [asked]
    assert symbols_of(response) == asked
    body = response.json()
    assert (body["count"], body["partial"], body["errors"]) == (50, False, {})


def test_each_signal_is_what_the_coin_alone_is_answered_with(
    market: Market, api: APIClient
) -> None:
    batch = ask(api, ["COIN1", "COIN2"]).json()

    alone = [api.get(f"/signals/{name}").json() for name in ("COIN1", "COIN2")]

    assert batch["signals"] == alone
    assert market.frames == [["COIN1", "COIN2"]]


def test_what_is_warm_is_not_evaluated_again(market: Market, api: APIClient) -> None:
    api.get("/signals/COIN1")

    response = ask(api, ["COIN2", "COIN1", "COIN3"])

    assert symbols_of(response) == ["COIN2", "COIN1", "COIN3"]
    assert market.frames == [["COIN1"], ["COIN2", "COIN3"]]


def test_a_coin_named_twice_is_answered_once(market: Market, api: APIClient) -> None:
    response = ask(api, ["COIN1", "coin1usdt", "COIN1"])

    assert symbols_of(response) == ["COIN1"]


def test_an_unknown_coin_has_a_problem_of_its_own_beside_the_others(
    market: Market, api: APIClient
) -> None:
    body = ask(api, ["COIN1", "COIN99"]).json()

    assert [signal["symbol"] for signal in body["signals"]] == ["COIN1"]
    assert list(body["errors"]) == ["COIN99"]
    problem = body["errors"]["COIN99"]
    assert (problem["status"], problem["suggestions"]) == (404, ["COIN1"])
    assert body["partial"] is False


def test_an_answer_from_too_little_marks_the_batch_and_is_not_kept_for_long(
    market: Market, api: APIClient, settings: Settings
) -> None:
    settings.SIGNAL_CACHE_TTL_S = 30
    market.unknown = {"COIN2"}

    body = ask(api, ["COIN1", "COIN2"]).json()

    assert (body["count"], body["partial"]) == (2, True)
    market.unknown = set()
    with clock.wall_shifted(2.0):
        assert ask(api, ["COIN1", "COIN2"]).json()["partial"] is False
    assert market.frames == [["COIN1", "COIN2"], ["COIN2"]]


def test_without_any_provider_each_cold_coin_has_a_503_and_the_warm_ones_are_answered(
    market: Market, api: APIClient
) -> None:
    api.get("/signals/COIN1")
    market.failure = MarketUnavailable()

    body = ask(api, ["COIN1", "COIN2"]).json()

    assert [signal["symbol"] for signal in body["signals"]] == ["COIN1"]
    assert body["errors"]["COIN2"]["status"] == 503
    assert body["partial"] is True


def test_identical_batches_and_single_requests_at_once_cause_one_evaluation(
    market: Market, settings: Settings
) -> None:
    settings.WEB_THREADS = 200
    market.gate.clear()

    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(evaluate_batch, LISTED[:10], BALANCED)
        until(lambda: bool(market.frames))
        others = [pool.submit(evaluate_batch, LISTED[:10], BALANCED) for _ in range(10)]
        single = pool.submit(freshest.freshest_evaluation, "COIN3", BALANCED)
        until(lambda: freshest._cold_now == 12)
        market.gate.set()
        batches: list[Batch] = [each.result(PATIENCE_S) for each in (first, *others)]
        alone = single.result(PATIENCE_S)

    bodies = {tuple(answer.body for answer in batch.answers) for batch in batches}
    assert market.frames == [LISTED[:10]]
    assert len(bodies) == 1
    assert alone.body in bodies.pop()
    assert (freshest._cold_now, freshest._flights) == (0, {})


def test_a_batch_evaluates_only_what_no_other_is_at(market: Market, settings: Settings) -> None:
    settings.WEB_THREADS = 200
    market.gate.clear()

    with ThreadPoolExecutor(2) as pool:
        left = pool.submit(evaluate_batch, ["COIN1", "COIN2"], BALANCED)
        until(lambda: len(market.frames) == 1)
        right = pool.submit(evaluate_batch, ["COIN2", "COIN3"], BALANCED)
        until(lambda: len(market.frames) == 2)
        market.gate.set()
        both = [each.result(PATIENCE_S) for each in (left, right)]

    assert market.frames == [["COIN1", "COIN2"], ["COIN3"]]
    assert [len(batch.answers) for batch in both] == [2, 2]


def test_a_coin_that_another_process_is_at_is_waited_for_and_the_rest_evaluated_meanwhile(
    market: Market,
) -> None:
    key = freshest._key(Instrument(Symbol("COIN1")), BALANCED)
    assert get_store().add(f"{key}:lock", b"another process", 60)

    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(evaluate_batch, ["COIN1", "COIN2"], BALANCED)
        until(lambda: market.frames == [["COIN2"]])
        get_store().set(key, pack(make_evaluation(38.0, symbol="COIN1").result), 30)
        answers = batch.result(PATIENCE_S).answers

    assert market.frames == [["COIN2"]]
    assert b'"signal":"SHORT"' in answers[0].body


def test_what_another_process_does_not_finish_in_time_is_a_503_of_that_coin(
    market: Market, settings: Settings
) -> None:
    settings.SIGNAL_DEADLINE_S = 0.3
    key = freshest._key(Instrument(Symbol("COIN1")), BALANCED)
    assert get_store().add(f"{key}:lock", b"another process", 60)

    batch = evaluate_batch(["COIN1", "COIN2"], BALANCED)

    assert [type(failure) for failure in batch.failures.values()] == [MarketUnavailable]
    assert (list(batch.failures), len(batch.answers), batch.is_partial) == (["COIN1"], 1, True)


def test_a_busy_process_answers_what_is_warm(
    market: Market, api: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.get("/signals/COIN1")
    settings.WEB_THREADS = 2
    monkeypatch.setattr(freshest, "_cold_now", 1)

    body = ask(api, ["COIN1", "COIN2"]).json()

    assert [signal["symbol"] for signal in body["signals"]] == ["COIN1"]
    assert body["errors"]["COIN2"]["type"].endswith(":busy")


def test_it_stores_no_signal_and_counts_nothing(market: Market, api: APIClient) -> None:
    ask(api, LISTED[:5])

    assert not Signal.objects.exists()
    assert not EvaluationCount.objects.exists()


def test_a_key_that_may_read_may_ask_and_without_one_nobody_while_keys_exist(
    market: Market, api: APIClient
) -> None:
    _, plain = create_api_key("reader", "read")

    assert ask(api, ["COIN1"]).status_code == 401
    assert ask(APIClient(headers={"X-API-Key": plain}), ["COIN1"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "symbols"),
        ({"symbols": []}, "symbols"),
        ({"symbols": LISTED[:51]}, "symbols"),
        ({"symbols": "COIN1"}, "symbols"),
        ({"symbols": ["C" * 41]}, "symbols"),
        ({"symbols": ["COIN\0"]}, "symbols"),
        ({"symbols": ["COIN1"], "profile": "reckless"}, "profile"),
        ({"symbols": ["COIN1"], "debug": True}, "debug"),
        ([], None),
    ],
)
def test_what_is_wrong_with_the_body_is_named(
    market: Market, api: APIClient, body: Any, parameter: str | None
) -> None:
    response = api.post("/batch/signals", body, format="json")

    assert response.status_code == 400
    [error] = response.json()["errors"]
    named = error["parameter"]
    assert (named and named.partition(".")[0]) == parameter
    assert market.frames == []

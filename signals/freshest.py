"""The freshest evaluation of a coin, as ready JSON: what a GET answers from.

A warm request reads one key of the shared store and sends those bytes. A cold one evaluates once,
however many ask: in one process the first thread works and the others wait for it; among processes
the one that holds the store's lock works and the others watch for its result. Several coins go the
same way: what nobody is at is evaluated as one frame, the rest is waited for. Evaluating and
waiting both block a thread, so only half of a process's threads may do so at a time; the other half
keeps answering what is warm. And few evaluate at the same time, the others wait for their turn:
fifty that share an interpreter and the venues' connections would all be late.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import TypeVar

from django.conf import settings

from market.pool import give_back_pooled_connections
from market.services import MarketUnavailable, resolve_symbol
from market.store import StoreUnavailable, get_store
from market.types import Instrument
from signals.engine.types import ENGINE_VERSION, ScoringProfile
from signals.exceptions import TooManyColdRequests
from signals.ready_answers import Freshest, Outcome, pack, pack_failure, unpack, unpack_answer
from signals.services import evaluate_symbols

logger = logging.getLogger(__name__)

T = TypeVar("T")

EVALUATIONS_AT_ONCE = 8
# How often another process's evaluation is looked for: a cold one takes a few hundred ms.
_WATCH_EVERY_S = 0.02
# A lock outlives the longest evaluation by this much; after that its holder counts as dead.
_LOCK_GRACE_S = 2.0
# Whoever comes right after a failed evaluation hears of the failure instead of repeating it.
_FAILURE_TTL_S = 2.0
# With the cache set to 0 s those who wait for a running evaluation must still find its result.
_LEAST_TTL_S = 1.0

# Of the deadline, what scoring and writing an answer may take, for each coin of a frame.
_RENDER_S = 0.01

_turns = threading.BoundedSemaphore(EVALUATIONS_AT_ONCE)
_flights_lock = threading.Lock()
_flights: dict[str, Future[Freshest]] = {}
_cold_now = 0


def freshest_evaluation(text: str, profile: ScoringProfile) -> Freshest:
    """Return a coin's evaluation of the last few seconds, or make one. Stores no signal.

    ``text`` is the coin in any usual spelling. Raises UnknownSymbol; MarketUnavailable when nothing
    could be learnt, within the deadline; TooManyColdRequests at once when the process is busy.
    """
    deadline = time.monotonic() + settings.SIGNAL_DEADLINE_S
    instrument = resolve_symbol(text)
    key = _key(instrument, profile)
    value = _store_or_none(lambda: get_store().get(key))
    outcome = _cold({key: instrument}, profile, deadline)[key] if value is None else unpack(value)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def freshest_evaluations(
    instruments: Sequence[Instrument], profile: ScoringProfile
) -> list[Outcome]:
    """Do the same for several coins within one deadline; return what became of each, in order.

    What is warm costs one look into the store, what is cold one evaluation of them all.
    """
    deadline = time.monotonic() + settings.SIGNAL_DEADLINE_S
    asked = {_key(instrument, profile): instrument for instrument in instruments}
    values = _store_or_none(lambda: get_store().get_many(list(asked))) or [None] * len(asked)
    outcomes = {
        key: unpack(value) for key, value in zip(asked, values, strict=True) if value is not None
    }
    cold = {key: instrument for key, instrument in asked.items() if key not in outcomes}
    if cold:
        try:
            outcomes |= _cold(cold, profile, deadline)
        except TooManyColdRequests as busy:
            outcomes |= dict.fromkeys(cold, busy)
    return [outcomes[_key(instrument, profile)] for instrument in instruments]


def _key(instrument: Instrument, profile: ScoringProfile) -> str:
    return (
        f"freshest:{ENGINE_VERSION}:{settings.ENVIRONMENT}:{profile.name}:{profile.version}"
        f":{instrument.symbol.base}"
    )


def _cold(
    asked: Mapping[str, Instrument], profile: ScoringProfile, deadline: float
) -> dict[str, Outcome]:
    global _cold_now
    flights: dict[str, Future[Freshest]] = {}
    led: dict[str, Instrument] = {}
    with _flights_lock:
        if _cold_now >= max(1, settings.WEB_THREADS // 2):
            raise TooManyColdRequests
        _cold_now += 1
        for key, instrument in asked.items():
            if key not in _flights:
                _flights[key], led[key] = Future(), instrument
            flights[key] = _flights[key]
    give_back_pooled_connections()
    try:
        if led:
            _fly({key: flights[key] for key in led}, led, profile, deadline)
        return {key: _landed(flight, deadline) for key, flight in flights.items()}
    finally:
        with _flights_lock:
            _cold_now -= 1


def _landed(flight: Future[Freshest], deadline: float) -> Outcome:
    try:
        return flight.result(timeout=max(0.0, deadline - time.monotonic()))
    except FutureTimeout:
        return MarketUnavailable()
    except Exception as error:  # noqa: BLE001 - the caller's to raise, or to tell of one coin
        return error


def _fly(
    flights: Mapping[str, Future[Freshest]],
    led: Mapping[str, Instrument],
    profile: ScoringProfile,
    deadline: float,
) -> None:
    try:
        _evaluate_or_watch(flights, led, profile, deadline)
    except Exception as error:  # noqa: BLE001 - handed to every thread that waits for it
        for flight in flights.values():
            if not flight.done():
                flight.set_exception(error)
    finally:
        with _flights_lock:
            for key in flights:
                del _flights[key]


def _evaluate_or_watch(
    flights: Mapping[str, Future[Freshest]],
    led: Mapping[str, Instrument],
    profile: ScoringProfile,
    deadline: float,
) -> None:
    """Settle every flight: evaluate at once what nobody is at, then watch for the others."""
    token = uuid.uuid4().bytes
    left = dict(led)
    while left:
        found: dict[str, Outcome] = {}
        try:
            found, ours = _found_or_locked(left, token, deadline)
        except StoreUnavailable:
            logger.warning("shared store away, this process evaluates for itself")
            ours = dict(left)
        _settle(flights, left, found)
        try:
            _settle(flights, left, _evaluate(ours, profile, deadline))
        finally:
            for key in ours:
                _store_or_none(partial(_release, key, token))


def _settle(
    flights: Mapping[str, Future[Freshest]],
    left: dict[str, Instrument],
    outcomes: Mapping[str, Outcome],
) -> None:
    for key, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            flights[key].set_exception(outcome)
        else:
            flights[key].set_result(outcome)
        del left[key]


def _found_or_locked(
    left: Mapping[str, Instrument], token: bytes, deadline: float
) -> tuple[dict[str, Outcome], dict[str, Instrument]]:
    """Wait for something to do: return what other processes found, and what is locked for us."""
    store = get_store()
    while True:
        found = _found(left)
        locked = [
            key
            for key in left
            if key not in found
            and store.add(_lock(key), token, settings.SIGNAL_DEADLINE_S + _LOCK_GRACE_S)
        ]
        # A lock's last holder may have finished between the look and the lock.
        found |= _found(locked)
        ours = {key: left[key] for key in locked if key not in found}
        for key in locked:
            if key in found:
                _release(key, token)
        if found or ours:
            return found, ours
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise MarketUnavailable
        time.sleep(min(_WATCH_EVERY_S, remaining_s))


def _found(keys: Iterable[str]) -> dict[str, Outcome]:
    wanted = list(keys)
    values = get_store().get_many(wanted) if wanted else []
    return {
        key: unpack(value) for key, value in zip(wanted, values, strict=True) if value is not None
    }


def _lock(key: str) -> str:
    return f"{key}:lock"


def _release(key: str, token: bytes) -> None:
    get_store().release(_lock(key), token)


def _evaluate(
    ours: Mapping[str, Instrument], profile: ScoringProfile, deadline: float
) -> dict[str, Freshest]:
    if not ours:
        return {}
    # Whoever gets a turn has half of the time left at least.
    if not _turns.acquire(timeout=max(0.0, (deadline - time.monotonic()) / 2)):
        raise TooManyColdRequests
    try:
        remaining_s = deadline - time.monotonic()
        remaining_s -= min(_RENDER_S * len(ours), remaining_s / 4)
        evaluations = evaluate_symbols(list(ours.values()), profile, deadline_s=remaining_s)
    except MarketUnavailable:
        failed = pack_failure()
        for key in ours:
            _store_or_none(partial(_share, key, failed, _FAILURE_TTL_S))
        raise
    finally:
        _turns.release()
    answers = {}
    for key, evaluation in zip(ours, evaluations, strict=True):
        value = pack(evaluation.result)
        answers[key] = answer = unpack_answer(value)
        ttl_s = max(settings.SIGNAL_CACHE_TTL_S, _LEAST_TTL_S)
        if len(ours) > 1 and not answer.is_enough:
            # Cut off among many, perhaps; asked for alone a moment later it may be complete.
            ttl_s = _LEAST_TTL_S
        _store_or_none(partial(_share, key, value, ttl_s))
    return answers


def _share(key: str, value: bytes, ttl_s: float) -> None:
    get_store().set(key, value, ttl_s)


def _store_or_none(ask: Callable[[], T]) -> T | None:
    """Return the store's answer, or None when it is away: an answer is possible without it."""
    try:
        return ask()
    except StoreUnavailable:
        logger.warning("shared store away, answering without it")
        return None

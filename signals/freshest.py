"""The freshest evaluation of a coin, as ready JSON: what a GET answers from.

A warm request reads one key of the shared store and sends those bytes. A cold one evaluates once,
however many ask: in one process the first thread works and the others wait for it; among processes
the one that holds the store's lock works and the others watch for its result. Evaluating and
waiting both block a thread, so only half of a process's threads may do so at a time; the other half
keeps answering what is warm. And few evaluate at the same time, the others wait for their turn:
fifty that share an interpreter and the venues' connections would all be late.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings

from config.api.renderers import dump_json
from market import clock
from market.pool import give_back_pooled_connections
from market.services import MarketUnavailable, resolve_symbol
from market.store import StoreUnavailable, get_store
from market.types import Instrument
from signals.calibration import calibration_of
from signals.engine.types import ENGINE_VERSION, ScoringProfile, SignalResult
from signals.exceptions import TooManyColdRequests
from signals.rendering import debug_document, signal_document
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

# Stored value: wall time of the evaluation, length of the answer, answer, debug group.
# A length of 0 tells of a failed evaluation.
_HEADER = struct.Struct(">dI")


@dataclass(frozen=True, slots=True)
class Freshest:
    """An answer ready to send. ``age_s`` is how long ago it was computed."""

    body: bytes
    debug: bytes
    age_s: float

    def render(self, *, with_debug: bool) -> bytes:
        """Return the answer's JSON, the debug group added on request."""
        if not with_debug:
            return self.body
        return self.body[:-1] + b',"debug":' + self.debug + b"}"


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
    return _look(key) or _cold(key, instrument, profile, deadline)


def _key(instrument: Instrument, profile: ScoringProfile) -> str:
    return (
        f"signal:{ENGINE_VERSION}:{settings.ENVIRONMENT}:{profile.name}:{profile.version}"
        f":{instrument.symbol.base}"
    )


def _cold(key: str, instrument: Instrument, profile: ScoringProfile, deadline: float) -> Freshest:
    global _cold_now
    with _flights_lock:
        if _cold_now >= max(1, settings.WEB_THREADS // 2):
            raise TooManyColdRequests
        _cold_now += 1
        flight = _flights.get(key)
        leads = flight is None
        if flight is None:
            flight = _flights[key] = Future()
    give_back_pooled_connections()
    try:
        if leads:
            _fly(flight, key, instrument, profile, deadline)
        return flight.result(timeout=max(0.0, deadline - time.monotonic()))
    except FutureTimeout:
        raise MarketUnavailable from None
    finally:
        with _flights_lock:
            _cold_now -= 1


def _fly(
    flight: Future[Freshest],
    key: str,
    instrument: Instrument,
    profile: ScoringProfile,
    deadline: float,
) -> None:
    try:
        flight.set_result(_evaluate_or_watch(key, instrument, profile, deadline))
    except Exception as error:  # noqa: BLE001 - handed to every thread that waits for it
        flight.set_exception(error)
    finally:
        with _flights_lock:
            del _flights[key]


def _evaluate_or_watch(
    key: str, instrument: Instrument, profile: ScoringProfile, deadline: float
) -> Freshest:
    lock, token = f"{key}:lock", uuid.uuid4().bytes
    try:
        found = _watch(key, lock, token, deadline)
    except StoreUnavailable:
        logger.warning("shared store away, this process evaluates for itself")
        found = None
    if found is not None:
        return found
    try:
        return _evaluate(key, instrument, profile, deadline)
    finally:
        _store_or_none(lambda: get_store().release(lock, token))


def _watch(key: str, lock: str, token: bytes, deadline: float) -> Freshest | None:
    """Return what another process found, or None once the lock is ours."""
    store = get_store()
    while True:
        if found := _unpack(store.get(key)):
            return found
        if store.add(lock, token, settings.SIGNAL_DEADLINE_S + _LOCK_GRACE_S):
            # Its last holder may have finished between the look and the lock.
            if (value := store.get(key)) is None:
                return None
            store.release(lock, token)
            return _unpack(value)
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise MarketUnavailable
        time.sleep(min(_WATCH_EVERY_S, remaining_s))


def _evaluate(
    key: str, instrument: Instrument, profile: ScoringProfile, deadline: float
) -> Freshest:
    # Whoever gets a turn has half of the time left at least.
    if not _turns.acquire(timeout=max(0.0, (deadline - time.monotonic()) / 2)):
        raise TooManyColdRequests
    try:
        remaining_s = deadline - time.monotonic()
        [evaluation] = evaluate_symbols([instrument], profile, deadline_s=remaining_s)
    except MarketUnavailable:
        failed = _HEADER.pack(clock.wall_s(), 0)
        _store_or_none(lambda: get_store().set(key, failed, _FAILURE_TTL_S))
        raise
    finally:
        _turns.release()
    value = _pack(evaluation.result)
    ttl_s = max(settings.SIGNAL_CACHE_TTL_S, _LEAST_TTL_S)
    _store_or_none(lambda: get_store().set(key, value, ttl_s))
    return _unpacked(value)


def _pack(result: SignalResult) -> bytes:
    body = dump_json(signal_document(result, calibration=calibration_of(result)))
    return _HEADER.pack(clock.wall_s(), len(body)) + body + dump_json(debug_document(result))


def _look(key: str) -> Freshest | None:
    return _unpack(_store_or_none(lambda: get_store().get(key)))


def _unpack(value: bytes | None) -> Freshest | None:
    return None if value is None else _unpacked(value)


def _unpacked(value: bytes) -> Freshest:
    evaluated_at_s, length = _HEADER.unpack_from(value)
    if length == 0:
        raise MarketUnavailable
    split = _HEADER.size + length
    age_s = max(0.0, clock.wall_s() - evaluated_at_s)
    return Freshest(value[_HEADER.size : split], value[split:], age_s)


def _store_or_none(ask: Callable[[], T]) -> T | None:
    """Return the store's answer, or None when it is away: an answer is possible without it."""
    try:
        return ask()
    except StoreUnavailable:
        logger.warning("shared store away, answering without it")
        return None

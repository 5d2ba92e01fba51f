"""The one way out to every provider: GET, JSON, metered, shared, and honest about failure.

Cache → single-flight → penalty, breaker and budget → send → classify → retry with jitter. Errors
leave as the tree in ``errors.py``; nothing of httpx escapes, and no parameter or header is logged.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from market import clock
from market.providers.admission import LEAST_TIME_TO_CALL_S, Admission
from market.providers.circuit_breaker import PROBE_LEASE_S, CircuitBreaker, Passage
from market.providers.deadline import deadline
from market.providers.errors import (
    ProviderError,
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.exchange import (
    Answer,
    Params,
    exchange,
    normalised,
    parse_json,
)
from market.providers.payer import current_payer
from market.providers.policy import ProviderPolicy
from market.providers.provider_state import StateBoard
from market.providers.rate_limit import Penalties, PenaltyKind, Pool, parse_retry_after_s
from market.providers.response_cache import Fetched, ResponseCache
from market.providers.single_flight import SingleFlight
from market.providers.store_threads import in_background, in_store_thread
from market.store_contract import Store, StoreUnavailable

__all__ = ["Fetched", "Pool", "ProviderPolicy", "Transport"]

logger = logging.getLogger(__name__)
# httpx logs each URL with its parameters at INFO, httpcore headers at DEBUG: keys may be in both.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

# Upper ends of the random delays before the second and the third try (full jitter).
RETRY_DELAYS_S = (0.25, 0.5)
# A provider that had less time than this before our deadline is not blamed for its silence.
FAIR_WAIT_S = 2.0
# What a call may take before and after its exchange. Then others take it for lost.
STORING_S = 5.0
# How often to look whether another process has its answer.
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class _Call:
    path: str
    params: Params
    pool: str
    cost: int
    scope: str
    cache_ttl_s: float
    deadline: float  # loop time


class Transport:
    """Calls of one provider in one process. Belongs to one event loop, as its client does."""

    def __init__(
        self,
        policy: ProviderPolicy,
        client: httpx.AsyncClient,
        store: Store,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._client = client
        self._sleep = sleep
        self._jitter = jitter
        longest_call_s = policy.patience.exchange_s + STORING_S
        self._breaker = CircuitBreaker(
            store, policy.name, probe_lease_s=max(PROBE_LEASE_S, longest_call_s)
        )
        self._penalties = Penalties(store, policy.name, policy.longest_doubled_wait_s)
        self._admission = Admission(policy, store, self._breaker, self._penalties, sleep)
        self._cache = ResponseCache(store, policy.name, str(client.base_url), longest_call_s)
        self._board = StateBoard(store, policy)
        self._flights: SingleFlight[Fetched] = SingleFlight(policy.name)
        self._failed_before = False  # this process counted a failure since the last success

    async def get_json(
        self,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | None] | None = None,
        pool: str,
        cost: int = 1,
        scope: str = "",
        cache_ttl_s: float = 0.0,
    ) -> Any:
        """Return the parsed JSON of a GET. Treat it as read-only: callers may share it."""
        fetched = await self.get(
            path, params=params, pool=pool, cost=cost, scope=scope, cache_ttl_s=cache_ttl_s
        )
        return fetched.payload

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | None] | None = None,
        pool: str,
        cost: int = 1,
        scope: str = "",
        cache_ttl_s: float = 0.0,
    ) -> Fetched:
        """Return the parsed JSON and when it was fetched, which may be ``cache_ttl_s`` ago.

        ``pool`` names the budgets to pay ``cost`` into; ``scope`` is the instrument for pools that
        are metered per instrument. Waits for a budget only as long as the deadline allows.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError("a path on the provider's host is needed, not another address")
        call = _Call(path, normalised(params), pool, cost, scope, cache_ttl_s, deadline())
        cached = cache_ttl_s > 0
        if cached:
            fetched = self._cache.in_memory(self._key(call), cache_ttl_s)
            if fetched is not None:
                return fetched
        # A client refused for its own share must not take a scan's call down with it.
        by_client = current_payer() is not None
        return await self._flights.share(
            (path, call.params, cached, by_client), call.deadline, lambda: self._obtain(call)
        )

    async def _obtain(self, call: _Call) -> Fetched:
        try:
            if call.cache_ttl_s > 0:
                return await self._through_cache(call)
            return (await self._ask(call))[0]
        except StoreUnavailable as e:
            logger.error("the store cannot be used", extra={"reason": str(e)})
            raise ProviderUnavailable(self._policy.name, "our own store cannot be used") from None

    async def _through_cache(self, call: _Call) -> Fetched:
        key, token = self._key(call), secrets.token_bytes(8)
        while True:
            found = await in_store_thread(self._cache.find_or_lock, key, token, call.cache_ttl_s)
            if isinstance(found, bytes):
                return self._cache.unpack(key, found)
            if found:
                break
            if asyncio.get_running_loop().time() + POLL_S > call.deadline:
                raise ProviderUnavailable(self._policy.name, "did not answer in time")
            await self._sleep(POLL_S)
        try:
            fetched, body = await self._ask(call)
        except ProviderError:
            await in_store_thread(self._cache.unlock, key, token)
            raise
        except BaseException:
            in_background(self._cache.unlock, key, token)
            raise
        at = (clock.wall_s(), fetched.fetched_at_ms)
        self._cache.remember(key, fetched, at[0], len(body))
        await in_store_thread(self._cache.keep, key, token, body, at, call.cache_ttl_s)
        return fetched

    def _key(self, call: _Call) -> str:
        return self._cache.key(call.path, call.params)

    # --- one call with its retries ---------------------------------------------------------------

    async def _ask(self, call: _Call) -> tuple[Fetched, bytes]:
        loop = asyncio.get_running_loop()
        for delay_s in (*RETRY_DELAYS_S, None):
            passage = await self._admission.enter(call.pool, call.scope, call.cost, call.deadline)
            started = loop.time()
            try:
                answer = await self._send(call, passage, started)
                fetched = await self._understand(call, answer)
            except ProviderError as e:
                self._log_failure(call, e, loop.time() - started)
                if isinstance(e, ProviderUnavailable) and delay_s is not None and not passage.probe:
                    pause_s = self._jitter() * delay_s
                    if loop.time() + pause_s + LEAST_TIME_TO_CALL_S < call.deadline:
                        await self._sleep(pause_s)
                        continue
                await self._note_error(call, e, passage, loop.time() - started)
                raise
            await self._note_success(passage)
            return fetched, answer.body
        raise AssertionError("the last try returns or raises")

    async def _send(self, call: _Call, passage: Passage, started: float) -> Answer:
        """Send on the slot that admission took; give the slot back whatever happens."""
        try:
            answer = await exchange(
                self._client, self._policy, call.path, call.params, call.deadline
            )
        except asyncio.CancelledError:
            # Nobody can wait for the store now. Whoever cancels after a fair wait was let down.
            if asyncio.get_running_loop().time() - started >= FAIR_WAIT_S:
                self._failed_before = True
                in_background(self._breaker.record_failure, passage)
            elif passage.probe:
                in_background(self._breaker.give_up_probe)
            raise
        finally:
            self._admission.leave()
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "provider answered",
                extra={
                    **self._fields(call, asyncio.get_running_loop().time() - started),
                    "status": answer.status,
                    "bytes": len(answer.body),
                },
            )
        return answer

    async def _understand(self, call: _Call, answer: Answer) -> Fetched:
        """Return the payload or raise what the answer means, after telling all processes."""
        policy = self._policy
        if policy.hold_s is not None and (hold_s := policy.hold_s(answer.headers)) > 0:
            await self._impose(PenaltyKind.HOLD, hold_s, "the shared limit is nearly used up")
        try:
            policy.classify(answer.status, answer.headers, answer.body)
            payload = parse_json(answer, policy.name, call.path)
            if policy.check_payload is not None:
                policy.check_payload(payload)
        except ProviderRateLimited as e:
            asked_s = parse_retry_after_s(answer.headers, clock.wall_s())
            wait_s = max(e.retry_after_s, asked_s or 0.0)
            await self._impose(
                PenaltyKind.RATE_LIMITED, wait_s, e.detail, answer.status, doubles=asked_s is None
            )
            raise ProviderRateLimited(policy.name, e.detail, retry_after_s=wait_s) from None
        except ProviderRejected as e:
            if e.blocked_for_s > 0:
                await self._impose(PenaltyKind.BLOCKED, e.blocked_for_s, e.detail, answer.status)
            raise
        except ProviderUnavailable as e:
            asked_s = parse_retry_after_s(answer.headers, clock.wall_s())
            if asked_s:  # then the retry waits for it at the door, or gives up there
                await self._impose(PenaltyKind.RATE_LIMITED, asked_s, e.detail, answer.status)
            raise
        return Fetched(payload, clock.now_ms())

    async def _impose(
        self,
        kind: PenaltyKind,
        seconds: float,
        detail: str,
        status: int | None = None,
        *,
        doubles: bool = False,
    ) -> None:
        await in_store_thread(
            lambda: self._penalties.impose(kind, seconds, detail, status=status, doubles=doubles)
        )

    # --- what happened ---------------------------------------------------------------------------

    async def _note_success(self, passage: Passage) -> None:
        if passage.after_failures or self._failed_before:
            self._failed_before = False
            await in_store_thread(self._breaker.record_success, passage)
        if self._board.success_is_news(asyncio.get_running_loop().time()):
            await in_store_thread(self._board.write_success)

    async def _note_error(
        self, call: _Call, error: ProviderError, passage: Passage, took_s: float
    ) -> None:
        cut_short = asyncio.get_running_loop().time() >= call.deadline
        unfair = cut_short and took_s < FAIR_WAIT_S
        if not isinstance(error, ProviderUnavailable | ProviderPayloadError):
            # It answered, and in its documented form: alive.
            if passage.after_failures or self._failed_before:
                self._failed_before = False
                await in_store_thread(self._breaker.record_success, passage)
        elif not unfair:
            self._failed_before = True
            await in_store_thread(self._breaker.record_failure, passage)
        elif passage.probe:
            await in_store_thread(self._breaker.give_up_probe)
        if self._board.error_is_news(error, asyncio.get_running_loop().time()):
            await in_store_thread(self._board.write_error, error)

    def _log_failure(self, call: _Call, error: ProviderError, took_s: float) -> None:
        refused = isinstance(error, ProviderRejected)  # an unknown symbol is everyday business
        logger.log(
            logging.INFO if refused else logging.WARNING,
            "provider call failed",
            extra={
                **self._fields(call, took_s),
                "error": type(error).__name__,
                "reason": getattr(error, "reason", error.detail),
            },
        )

    def _fields(self, call: _Call, took_s: float) -> dict[str, Any]:
        return {
            "provider": self._policy.name,
            "path": call.path,
            "pool": call.pool,
            "cost": call.cost,
            "duration_ms": round(took_s * 1000, 1),
        }

"""The door in front of the network: penalty, breaker and budgets, asked in one step.

Whoever must wait for a budget queues first come, first served behind the one caller who is asking
for it: only the head of the queue bothers the store. A connection slot is taken before the budget
is paid, so a paid call leaves at once and the vendor's windows see what ours counted; if the loop
was too busy for that, it pays again. A caller who waits holds no slot, so an exhausted pool does
not block the provider's other pools.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakValueDictionary

from market import clock
from market.providers.circuit_breaker import CircuitBreaker, Passage
from market.providers.errors import ProviderRateLimited, ProviderUnavailable
from market.providers.payer import ClientPayer, ClientShareSpent, current_payer
from market.providers.policy import ProviderPolicy
from market.providers.rate_limit import Penalties, budget_of
from market.providers.store_threads import in_store_thread
from market.store_contract import Budget, Store

# httpx searches all connections for each request: 1.2 ms CPU per call at 20, 10 ms at 100. The
# slots in front have the same number, so that nothing ever queues inside the pool (4 ms).
POOL_CONNECTIONS = 20
# Of these, what direct requests may hold: a vendor that takes half a minute for each of them still
# has connections for signals.
CLIENT_CONNECTIONS = POOL_CONNECTIONS // 2
# A wait that ends this close to the deadline is in vain: the call itself takes time.
LEAST_TIME_TO_CALL_S = 0.2
# Of what a budget grants calls for their arrival; the rest is the network's.
OWN_SHARE_OF_ARRIVAL = 0.5
_BUDGET_USED = "our own budget for these calls is used up"


class _Queue:
    """Those who wait for one budget."""

    __slots__ = ("__weakref__", "head", "opens_at")

    def __init__(self) -> None:
        self.head = asyncio.Lock()
        self.opens_at = 0.0  # loop time before which even the head will not be let in


class Admission:
    def __init__(
        self,
        policy: ProviderPolicy,
        store: Store,
        breaker: CircuitBreaker,
        penalties: Penalties,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._policy = policy
        self._store = store
        self._breaker = breaker
        self._penalties = penalties
        self._sleep = sleep
        self._slots = asyncio.Semaphore(POOL_CONNECTIONS)
        self._client_slots = asyncio.Semaphore(CLIENT_CONNECTIONS)
        self._queues: WeakValueDictionary[tuple[str, str], _Queue] = WeakValueDictionary()

    async def enter(self, pool: str, scope: str, cost: int, deadline: float) -> Passage:
        """Pay and return holding a connection slot, to be given back with :meth:`leave`."""
        if asyncio.get_running_loop().time() >= deadline:
            raise ProviderUnavailable(self._policy.name, "not asked: no time is left")
        pools = self._policy.pools[pool]
        budgets = [budget_of(self._policy.name, one, scope) for one in pools]
        payer = current_payer()
        if payer is not None:
            return await self._enter_for_client(payer, budgets, cost)
        queue = self._queues.get((pool, scope))
        if queue is None:
            queue = self._queues[(pool, scope)] = _Queue()

        wait_s, reason = 0.0, ""
        if not queue.head.locked():
            passage, wait_s, reason = await self._ask(budgets, cost)
            if passage is not None:
                return passage
        self._refuse_in_vain(queue, wait_s, reason, deadline)
        try:
            async with asyncio.timeout_at(deadline):
                await queue.head.acquire()
        except TimeoutError:
            raise self._too_late(queue) from None
        try:
            wait_s = queue.opens_at - asyncio.get_running_loop().time()
            while True:
                if wait_s > 0:
                    await self._sleep(wait_s)
                passage, wait_s, reason = await self._ask(budgets, cost)
                if passage is not None:
                    return passage
                self._refuse_in_vain(queue, wait_s, reason, deadline)
        finally:
            queue.head.release()

    def leave(self) -> None:
        """Give the slot back; called by the task that entered, whose payer it still has."""
        self._slots.release()
        if current_payer() is not None:
            self._client_slots.release()

    async def _enter_for_client(
        self, payer: ClientPayer, budgets: Sequence[Budget], cost: int
    ) -> Passage:
        """Pay from the clients' share too, or refuse at once: web threads do not wait in line."""
        await self._client_slots.acquire()
        passage = None
        try:
            joined = [*budgets, *payer.shares(budgets, cost)]
            passage, wait_s, reason = await self._ask(joined, cost)
        finally:
            if passage is None:
                self._client_slots.release()
        if passage is None:
            if reason == _BUDGET_USED:
                raise ClientShareSpent(self._policy.name, retry_after_s=max(wait_s, 1.0))
            raise ProviderRateLimited(self._policy.name, reason, retry_after_s=max(wait_s, 1.0))
        payer.pay(cost)
        return passage

    async def _ask(self, budgets: Sequence[Budget], cost: int) -> tuple[Passage | None, float, str]:
        await self._slots.acquire()
        passage = None
        try:
            asked_s = clock.wall_s()
            passage, wait_s, reason = await in_store_thread(self._admit, budgets, cost)
            # Once: a process that is always late gets its calls through as well. The one probe of
            # a broken circuit fills no window.
            if passage is not None and not passage.probe and _is_late(budgets, asked_s):
                passage = None
                passage, wait_s, reason = await in_store_thread(self._admit, budgets, cost)
            return passage, wait_s, reason
        finally:
            if passage is None:
                self._slots.release()

    def _admit(self, budgets: Sequence[Budget], cost: int) -> tuple[Passage | None, float, str]:
        """In a store thread: leave to call, or seconds to wait and why; raise if refused."""
        penalty, circuit = self._store.get_many((self._penalties.key, self._breaker.key))
        wait_s, reason = self._penalties.wait_s(penalty)
        if wait_s > 0:
            return None, wait_s, reason
        self._breaker.check(circuit)
        wait_s = self._store.take(budgets, cost)
        if wait_s > 0:
            return None, wait_s, _BUDGET_USED
        # Last, so that a refused budget never leaves a probe behind that nobody sends.
        return self._breaker.pass_through(circuit), 0.0, ""

    def _refuse_in_vain(self, queue: _Queue, wait_s: float, reason: str, deadline: float) -> None:
        now = asyncio.get_running_loop().time()
        if wait_s > 0:
            queue.opens_at = now + wait_s
        if max(queue.opens_at, now) + LEAST_TIME_TO_CALL_S > deadline:
            raise self._too_late(queue, reason)

    def _too_late(self, queue: _Queue, reason: str = "") -> ProviderRateLimited:
        left_s = queue.opens_at - asyncio.get_running_loop().time()
        return ProviderRateLimited(
            self._policy.name,
            reason or "too many calls are waiting for the same budget",
            retry_after_s=max(left_s, 1.0),
        )


def _is_late(budgets: Sequence[Budget], asked_s: float) -> bool:
    """Return whether a call paid since then would meet calls that were paid well after it."""
    room_ms = OWN_SHARE_OF_ARRIVAL * max((budget.arrival_ms for budget in budgets), default=0)
    return 0 < room_ms < (clock.wall_s() - asked_s) * 1000

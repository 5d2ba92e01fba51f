"""What signals and scans may spend of a paid plan, spread over the day.

The transport keeps a plan's limits; this keeps its *use* even: of each budget half, and of a day's
budget a twenty-fourth per hour, so that a day's calls are not gone by breakfast and direct requests
find some left. Whoever wants to read asks first, the oldest value first
(``market.sources.planned``); what is refused here is left out and said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from market.providers.plans import DAY_S
from market.providers.rate_limit import Pool
from market.providers.store_threads import in_store_thread
from market.store_contract import Budget, Store, StoreUnavailable

# Of each budget; the other half is for direct requests (``payer.CLIENT_SHARE``) and for retries,
# which pay without asking here.
SHARE = 0.5
HOUR_S = 3600


class PlanShare:
    """One provider's share, counted in the shared store for all processes together."""

    def __init__(self, provider: str, plan_name: str, pools: Sequence[Pool], store: Store) -> None:
        self.plan_name = plan_name
        self._store = store
        self._named = dict(_shares(provider, pools))
        self._budgets = list(self._named.values())

    @property
    def most_at_once(self) -> int:
        """Return what is granted in one go at most, with nothing spent before."""
        return min(budget.limit for budget in self._budgets)

    async def grant(self, cost: int) -> bool:
        """Take ``cost`` calls or credits if the plan affords them now."""
        if cost > self.most_at_once:
            return False
        try:
            return await in_store_thread(self._store.take, self._budgets, cost) <= 0.0
        except StoreUnavailable:
            return False  # without counting, nothing of a paid plan is spent

    def used(self) -> list[tuple[str, int, int]]:
        """Return (window, used, limit) of each part. Asks the store, in the caller's thread."""
        used = self._store.used(self._budgets)
        return [
            (name, count, budget.limit)
            for (name, budget), count in zip(self._named.items(), used, strict=True)
        ]

    def __str__(self) -> str:
        windows = ", ".join(f"{b.limit} per {_SPANS[b.window_s]}" for b in self._budgets)
        return f"the {self.plan_name} plan affords {windows}"


_SPANS = {60: "minute", HOUR_S: "hour", DAY_S: "day"}


def _shares(provider: str, pools: Sequence[Pool]) -> Iterator[tuple[str, Budget]]:
    for pool in pools:
        limit = max(1, int(pool.limit * SHARE))
        key = f"{provider}:{pool.name}:signals"
        yield pool.name, Budget(key, limit, pool.window_s, pool.aligned)
        if pool.window_s == DAY_S:
            hourly = max(1, limit // 24)
            yield "hour", Budget(f"{provider}:hour:signals", hourly, HOUR_S)

"""Who pays for calls: ourselves from a provider's whole budget, or clients from a share of it.

Direct requests for a vendor's data (``/coinglass/…`` and the like) are made inside ``for_client``.
Then every budget a call pays into is joined by the clients' share of the same budget, so that a
client in a loop is refused long before scans would go without. The payer also counts what was
really paid: nothing for an answer from a cache, twice for a retried call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from market.providers.errors import ProviderRateLimited
from market.store_contract import Budget

# Of each budget, what direct requests may spend; scans and signals always have the rest.
CLIENT_SHARE = 0.5


class ClientShareSpent(ProviderRateLimited):
    """Our own limit: direct requests have used their share of the provider's budget."""

    def __init__(self, provider: str, *, retry_after_s: float) -> None:
        super().__init__(
            provider,
            "the share of the budget for direct requests is used up",
            retry_after_s=retry_after_s,
        )


def client_share(budget: Budget, cost: int = 1) -> Budget:
    """Return the clients' share of a budget, never less than the call itself costs."""
    return Budget(
        f"{budget.key}:clients",
        max(int(budget.limit * CLIENT_SHARE), min(cost, budget.limit), 1),
        budget.window_s,
        budget.aligned,
    )


class ClientPayer:
    """Pays for one direct request, all of its calls together."""

    def __init__(self) -> None:
        self.spent = 0  # calls, credits or weight: the provider's unit

    def pay(self, cost: int) -> None:
        self.spent += cost

    def shares(self, budgets: Sequence[Budget], cost: int) -> list[Budget]:
        return [client_share(budget, cost) for budget in budgets]


_payer: ContextVar[ClientPayer | None] = ContextVar("payer", default=None)


@contextmanager
def for_client() -> Iterator[ClientPayer]:
    """Let everything inside be paid by clients; tasks that are started inside included."""
    payer = ClientPayer()
    token = _payer.set(payer)
    try:
        yield payer
    finally:
        _payer.reset(token)


def current_payer() -> ClientPayer | None:
    """Return who pays; None: we do ourselves."""
    return _payer.get()

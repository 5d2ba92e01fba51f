"""What a paid key may not do, told apart by what to turn off, and remembered until worth a retry.

A refused *key* silences a whole provider, and so does a blocked *access*; an exhausted *quota*
silences it until it refills; a refused *endpoint* (outside the plan) silences one reading. The
transport remembers the first three itself, as penalties; refused endpoints are kept here, in the
shared store, so that no process spends its budget on asking them again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

import orjson

from market import clock
from market.providers.errors import (
    ProviderCircuitOpen,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.store_threads import in_store_thread
from market.store_contract import Store, StoreUnavailable

logger = logging.getLogger(__name__)

# Only the operator can mend a key; asking on in the meantime is harmless but useless.
KEY_REFUSED_S = 600.0
# Plans change rarely, and on the smallest one each try costs a hundredth of the day.
ENDPOINT_REFUSED_S = 6 * 3600.0
# Refusals of the address, the program or the country; all other lasting ones are the key's, and
# come with several statuses (Coinglass sends 200).
_ACCESS_STATUSES = frozenset({403, 418, 451})
_WRITE_TRIES = 8


class Scope(StrEnum):
    """What does not answer: every call of this key, one endpoint of it, or all calls for now."""

    KEY = "key"
    ENDPOINT = "endpoint"
    QUOTA = "quota"
    ACCESS = "access"  # the vendor keeps this address or program away, whatever the key
    SILENCE = "silence"  # down or failing: nothing to do with the key


class KeyRefused(ProviderRejected):
    """The key is missing, wrong or disabled."""

    def __init__(self, provider: str, detail: str = "the configured key is not accepted") -> None:
        super().__init__(provider, detail, status=401, blocked_for_s=KEY_REFUSED_S)


class EndpointRefused(ProviderRejected):
    """This key may not ask this; other calls still answer."""

    def __init__(
        self,
        provider: str,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float = ENDPOINT_REFUSED_S,
    ) -> None:
        super().__init__(provider, detail, status=status)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a reading is off, safe to show, and in how many seconds asking again makes sense."""

    scope: Scope
    detail: str
    retry_after_s: float
    endpoint: str = ""


def refusal_of(error: ProviderError) -> Refusal | None:
    """Return what an error turns off; None when it concerns only this one question."""
    if isinstance(error, EndpointRefused):
        return Refusal(Scope.ENDPOINT, error.detail, error.retry_after_s)
    if isinstance(error, ProviderRejected):
        if error.blocked_for_s <= 0.0:
            return None  # an unknown coin, a bad parameter
        scope = Scope.ACCESS if error.status in _ACCESS_STATUSES else Scope.KEY
        return Refusal(scope, error.detail, error.blocked_for_s)
    if isinstance(error, ProviderRateLimited):
        return Refusal(Scope.QUOTA, error.detail, error.retry_after_s)
    if isinstance(error, ProviderCircuitOpen):
        return Refusal(Scope.SILENCE, error.detail, error.retry_after_s)
    return None


def account_of(api_key: str, plan_name: str) -> str:
    """Return a name for a key and its plan from which the key cannot be told."""
    return hashlib.sha256(f"{plan_name}:{api_key}".encode()).hexdigest()[:12]


class RefusedEndpoints:
    """The endpoints of one provider that its key may not ask, shared by all processes.

    ``account`` (see :func:`account_of`) tells keys and plans apart: what the old one was refused
    says nothing about the new one.
    """

    def __init__(self, store: Store, provider: str, account: str = "") -> None:
        self._store = store
        self._provider = provider
        self._key = f"refused:{provider}:{account}"

    @asynccontextmanager
    async def guarding(self, endpoint: str) -> AsyncIterator[None]:
        """Raise EndpointRefused at once while it holds; remember one that is raised inside."""
        try:
            standing = (await in_store_thread(self._standing)).get(endpoint)
        except StoreUnavailable:
            raise ProviderUnavailable(self._provider, "our own store cannot be used") from None
        if standing is not None:
            detail, left_s = standing
            raise EndpointRefused(self._provider, detail, retry_after_s=left_s)
        try:
            yield
        except EndpointRefused as e:
            try:
                await in_store_thread(self._note, endpoint, e)
            except StoreUnavailable:
                logger.warning(
                    "a refused endpoint cannot be remembered", extra={"provider": self._provider}
                )
            raise

    def listed(self) -> list[Refusal]:
        """Return what is refused now, for health and the admin. Blocks: call it off the loop."""
        return [
            Refusal(Scope.ENDPOINT, detail, left_s, endpoint)
            for endpoint, (detail, left_s) in sorted(self._standing().items())
        ]

    def forget(self) -> None:
        """Ask everything again (the vendor has changed the plan behind the same key)."""
        self._store.delete(self._key)

    def _standing(self) -> dict[str, tuple[str, float]]:
        """Return detail and seconds left by endpoint."""
        return _left(self._store.get(self._key))

    def _note(self, endpoint: str, error: EndpointRefused) -> None:
        for _ in range(_WRITE_TRIES):
            raw = self._store.get(self._key)
            standing = _left(raw)
            if endpoint in standing:  # calls that were under way together
                return
            standing[endpoint] = (error.detail, error.retry_after_s)
            now_s = clock.wall_s()
            until = {name: (detail, now_s + left) for name, (detail, left) in standing.items()}
            longest_s = max(left_s for _, left_s in standing.values())
            if self._store.replace(self._key, raw, orjson.dumps(until), longest_s):
                return


def _left(raw: bytes | None) -> dict[str, tuple[str, float]]:
    if raw is None:
        return {}
    now_s = clock.wall_s()
    return {
        endpoint: (detail, until_s - now_s)
        for endpoint, (detail, until_s) in orjson.loads(raw).items()
        if until_s > now_s
    }

"""Quotas per vendor scope: what we allow ourselves, and what the vendor has imposed on us.

Budgets are counted before a call is sent. A penalty is what an answer told us: wait (429), keep
away (418, 403, 451), or hold because others behind our address use the same limit. Both live in the
shared store, so all processes obey.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

import orjson

from market import clock
from market.providers.answers import LONGEST_WAIT_S, retry_after_s
from market.providers.errors import ProviderRejected
from market.store_contract import Budget, Store

logger = logging.getLogger(__name__)

# A vendor that keeps refusing without saying how long is asked ever more rarely: the wait doubles
# up to this (CoinGecko's documented advice), unless the first wait was longer already.
LONGEST_DOUBLED_WAIT_S = 600.0
# A refusal within this time of the end of the last one is a repetition.
PENALTY_MEMORY_S = 600.0
_WRITE_TRIES = 8  # against other processes that impose the same penalty at the same moment


@dataclass(frozen=True, slots=True)
class Pool:
    """A limit of the vendor: at most ``limit`` cost units per ``window_s`` (0 = calendar month).

    ``aligned`` limits follow clock windows; ``scoped`` ones hold per value of the call's scope
    (OKX: per address and instrument). ``arrival_ms`` as in ``Budget``.
    """

    name: str
    limit: int
    window_s: int
    aligned: bool = False
    scoped: bool = False
    arrival_ms: int = 0


def budget_of(provider: str, pool: Pool, scope: str) -> Budget:
    key = f"{provider}:{pool.name}:{scope}" if pool.scoped else f"{provider}:{pool.name}"
    return Budget(key, pool.limit, pool.window_s, pool.aligned, pool.arrival_ms)


def parse_retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the seconds of ``Retry-After``, sent as a number or an HTTP date; None if absent."""
    seconds = retry_after_s(headers)
    value = headers.get("retry-after")
    if seconds is not None or not value:
        return seconds
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, at.timestamp() - now_s), LONGEST_WAIT_S)


class PenaltyKind(StrEnum):
    HOLD = "hold"  # our own caution: wait
    RATE_LIMITED = "rate_limited"  # the vendor said wait
    BLOCKED = "blocked"  # the vendor will not serve us: use another


@dataclass(frozen=True, slots=True)
class Penalty:
    kind: PenaltyKind
    until_s: float
    detail: str
    status: int | None = None
    strikes: int = 0


class Penalties:
    """The shared "not before" of one provider."""

    def __init__(
        self, store: Store, provider: str, longest_doubled_wait_s: float = LONGEST_DOUBLED_WAIT_S
    ) -> None:
        self._store = store
        self._provider = provider
        self._longest_doubled_wait_s = longest_doubled_wait_s
        self.key = f"penalty:{provider}"

    def wait_s(self, raw: bytes | None) -> tuple[float, str]:
        """Return how long to wait and why; raise when the provider refuses us altogether."""
        penalty = active_penalty(raw)
        if penalty is None:
            return 0.0, ""
        left_s = penalty.until_s - clock.wall_s()
        if penalty.kind is PenaltyKind.BLOCKED:
            raise ProviderRejected(
                self._provider, penalty.detail, status=penalty.status, blocked_for_s=left_s
            )
        return left_s, penalty.detail

    def impose(
        self,
        kind: PenaltyKind,
        seconds: float,
        detail: str,
        *,
        status: int | None = None,
        doubles: bool = False,
    ) -> None:
        """Keep all processes away for ``seconds``; a longer penalty already there stays.

        ``doubles``: the vendor named no time, so a repetition waits twice as long.
        """
        for _ in range(_WRITE_TRIES):
            raw = self._store.get(self.key)
            before = _load(raw)
            now_s = clock.wall_s()
            strikes = 0
            if doubles and before is not None and before.kind is PenaltyKind.RATE_LIMITED:
                # Calls that were under way together are one strike.
                strikes = before.strikes + (before.until_s <= now_s)
            wait_s = min(
                seconds * 2.0**strikes,
                max(seconds, self._longest_doubled_wait_s) if doubles else LONGEST_WAIT_S,
            )
            if before is not None and before.until_s >= now_s + wait_s:
                return
            penalty = Penalty(kind, now_s + wait_s, detail, status, strikes)
            if self._store.replace(self.key, raw, _dump(penalty), wait_s + PENALTY_MEMORY_S):
                logger.warning(
                    "provider calls are paused",
                    extra={
                        "provider": self._provider,
                        "kind": kind.value,
                        "status": status,
                        "wait_s": round(wait_s, 3),
                    },
                )
                return


def active_penalty(raw: bytes | None) -> Penalty | None:
    penalty = _load(raw)
    return penalty if penalty is not None and penalty.until_s > clock.wall_s() else None


def used_budgets(store: Store, provider: str, pools: Sequence[Pool]) -> list[tuple[str, int, int]]:
    """Return (pool, used, limit) of the pools that are not per scope."""
    listed = [pool for pool in pools if not pool.scoped]
    used = store.used([budget_of(provider, pool, "") for pool in listed])
    return [(pool.name, count, pool.limit) for pool, count in zip(listed, used, strict=True)]


def _dump(penalty: Penalty) -> bytes:
    return orjson.dumps(penalty)


def _load(raw: bytes | None) -> Penalty | None:
    if raw is None:
        return None
    fields = orjson.loads(raw)
    return Penalty(**{**fields, "kind": PenaltyKind(fields["kind"])})

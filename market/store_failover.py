"""Redis while it answers, else the machine's own SQLite file.

Without Redis budgets, breakers and caches hold per machine instead of for all machines: worse, but
every call is still metered. While Redis is down nobody waits for its time-out but one thread every
few seconds, who tries whether it is back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from market.store_contract import Budget, Count, Store, StoreState, StoreUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

TRY_AGAIN_AFTER_S = 5.0  # how long the shared store is left alone once it failed
WARN_EVERY_S = 60.0


class FailoverStore:
    def __init__(
        self, shared: Store, local: Store, *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = shared
        self._local = local
        self._monotonic_s = monotonic_s
        self._retry_at_s: float | None = None  # None: the shared store works
        self._warned_at_s: float | None = None
        self._changing = threading.Lock()

    def get(self, key: str) -> bytes | None:
        return self._ask(lambda store: store.get(key))

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return self._ask(lambda store: store.get_many(keys))

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        self._ask(lambda store: store.set(key, value, ttl_s))

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        return self._ask(lambda store: store.add(key, value, ttl_s))

    def replace(self, key: str, expected: bytes | None, value: bytes, ttl_s: float) -> bool:
        return self._ask(lambda store: store.replace(key, expected, value, ttl_s))

    def release(self, key: str, value: bytes) -> bool:
        return self._ask(lambda store: store.release(key, value))

    def delete(self, key: str) -> None:
        self._ask(lambda store: store.delete(key))

    def count(self, counts: Sequence[Count]) -> list[int]:
        return self._ask(lambda store: store.count(counts))

    def take(self, budgets: Sequence[Budget], cost: int = 1) -> float:
        return self._ask(lambda store: store.take(budgets, cost))

    def used(self, budgets: Sequence[Budget]) -> list[int]:
        return self._ask(lambda store: store.used(budgets))

    def state(self) -> StoreState:
        state = self._ask(lambda store: store.state())
        if self._retry_at_s is None:
            return state
        return StoreState("redis", False, "Redis does not answer: budgets hold per machine")

    def close(self) -> None:
        self._shared.close()
        self._local.close()

    def _ask(self, question: Callable[[Store], T]) -> T:
        if self._may_ask_shared():
            try:
                answer = question(self._shared)
            except StoreUnavailable as e:
                self._note_failure(str(e))
            else:
                if self._retry_at_s is not None:
                    self._note_return()
                return answer
        return question(self._local)

    def _may_ask_shared(self) -> bool:
        if self._retry_at_s is None:
            return True
        with self._changing:
            now_s = self._monotonic_s()
            if self._retry_at_s is None:
                return True
            if now_s < self._retry_at_s:
                return False
            self._retry_at_s = now_s + TRY_AGAIN_AFTER_S  # this thread tries, the others do not
            return True

    def _note_failure(self, reason: str) -> None:
        with self._changing:
            now_s = self._monotonic_s()
            self._retry_at_s = now_s + TRY_AGAIN_AFTER_S
            if self._warned_at_s is not None and now_s - self._warned_at_s < WARN_EVERY_S:
                return
            self._warned_at_s = now_s
        logger.warning(
            "the shared store is down: budgets hold per machine until it is back",
            extra={"reason": reason},
        )

    def _note_return(self) -> None:
        with self._changing:
            if self._retry_at_s is None:
                return
            self._retry_at_s = None
        logger.warning("the shared store answers again")

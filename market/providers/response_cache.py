"""Answers kept for a while: parsed in this process, as bytes in the shared store.

Across processes one call per question is made: whoever holds the store's lock asks the provider,
the others look for its answer. The parsed objects are shared by all callers and must not be
changed by them; parsers only read.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from market import clock
from market.providers.exchange import Params
from market.store_contract import Store

# Parsed JSON takes about six times its bytes in memory: at most some 25 MB per provider. Larger
# answers (exchange lists) are parsed again; their readers keep what they made of them.
MEMORY_BYTES = 4_000_000
MEMORY_MAX_BODY_BYTES = 512_000

_HEADER = struct.Struct(">dq")  # wall time of the fetch in s, market time of the fetch in ms


@dataclass(frozen=True, slots=True)
class Fetched:
    """A payload and when it was fetched (market time). Shared: read it, do not change it."""

    payload: Any
    fetched_at_ms: int


@dataclass(frozen=True, slots=True)
class _Kept:
    fetched: Fetched
    at_s: float
    size: int


class ResponseCache:
    """``longest_call_s``: a process that holds a lock for longer than this is taken for dead."""

    def __init__(self, store: Store, provider: str, base_url: str, longest_call_s: float) -> None:
        self._store = store
        self._lock_s = longest_call_s
        # Two hosts of one vendor, or the sandbox and the real one, never share answers.
        self._scope = f"{provider}:{hashlib.sha256(base_url.encode()).hexdigest()[:8]}"
        self._memory: OrderedDict[str, _Kept] = OrderedDict()
        self._memory_bytes = 0

    def key(self, path: str, params: Params) -> str:
        question = orjson.dumps((path, params))
        return f"{self._scope}:{hashlib.sha256(question).hexdigest()[:32]}"

    def in_memory(self, key: str, max_age_s: float) -> Fetched | None:
        kept = self._memory.get(key)
        if kept is None or not 0 <= clock.wall_s() - kept.at_s < max_age_s:
            return None
        self._memory.move_to_end(key)
        return kept.fetched

    def find_or_lock(self, key: str, token: bytes, max_age_s: float) -> bytes | bool | None:
        """Return the stored answer; else True with the lock taken, or None: another is asking."""
        for locked in (False, True):
            raw = self._store.get(f"answer:{key}")
            if raw is not None and clock.wall_s() - _HEADER.unpack_from(raw)[0] < max_age_s:
                if locked:  # it came between the first look and the lock
                    self._store.release(f"asking:{key}", token)
                return raw
            if not locked and not self._store.add(f"asking:{key}", token, self._lock_s):
                return None
        return True

    def unpack(self, key: str, raw: bytes) -> Fetched:
        at_s, fetched_at_ms = _HEADER.unpack_from(raw)
        body = memoryview(raw)[_HEADER.size :]
        fetched = Fetched(orjson.loads(body), fetched_at_ms)
        self.remember(key, fetched, at_s, len(body))
        return fetched

    def keep(
        self, key: str, token: bytes, body: bytes, at: tuple[float, int], ttl_s: float
    ) -> None:
        """Store an answer and give the lock back (in a store thread)."""
        self._store.set(f"answer:{key}", _HEADER.pack(*at) + body, ttl_s)
        self._store.release(f"asking:{key}", token)

    def unlock(self, key: str, token: bytes) -> None:
        self._store.release(f"asking:{key}", token)

    def remember(self, key: str, fetched: Fetched, at_s: float, size: int) -> None:
        """Keep the parsed answer in this process. On the event loop only."""
        if size > MEMORY_MAX_BODY_BYTES:
            return
        before = self._memory.pop(key, None)
        self._memory_bytes += size - (0 if before is None else before.size)
        self._memory[key] = _Kept(fetched, at_s, size)
        while self._memory_bytes > MEMORY_BYTES:
            _, dropped = self._memory.popitem(last=False)
            self._memory_bytes -= dropped.size

"""The shared store of an installation on several machines: Redis, every step one Lua script.

Time comes from the caller's clock, as with the SQLite store: an entry carries its own expiry and
Redis' time to live only clears it away. Connection trouble leaves here as ``StoreUnavailable``;
``market.store_failover`` decides what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from market import clock
from market.budget_windows import (
    check_cost,
    counted_buckets,
    forgettable_at_ms,
    frees_at_ms,
    storage_key,
)
from market.store_contract import Budget, Count, StoreState, StoreUnavailable

T = TypeVar("T")

# A call stands in the way of an upstream call: better the machine's own store than a longer wait.
SOCKET_TIMEOUT_S = 0.5
# A thread holds one for one question, so never more than threads; refusing one would look like a
# Redis that is down.
MAX_CONNECTIONS = 512
# One more try on a new connection: an idle one may have been closed by the server since.
RECONNECTS = 1

_EXPIRY_DIGITS = 15  # milliseconds since 1970 up to the year 33658, in front of every value

# In every script: ARGV[1] is the time in ms. An entry is 15 digits of its expiry, then its value.
_ALIVE = """
local function alive(key, now_ms)
  local held = redis.call('GET', key)
  if held and tonumber(string.sub(held, 1, 15)) > tonumber(now_ms) then return held end
  return nil
end
"""
# ARGV: now_ms, expiry, value, ttl_ms
_ADD = (
    _ALIVE
    + """
if alive(KEYS[1], ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'PX', ARGV[4])
return 1
"""
)
# ARGV: now_ms, expiry, value, ttl_ms, expected
_REPLACE = (
    _ALIVE
    + """
local held = alive(KEYS[1], ARGV[1])
if not held or string.sub(held, 16) ~= ARGV[5] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'PX', ARGV[4])
return 1
"""
)
# ARGV: now_ms, value
_RELEASE = (
    _ALIVE
    + """
local held = alive(KEYS[1], ARGV[1])
if not held or string.sub(held, 16) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
"""
)
# ARGV: now_ms, then per key amount, expiry, ttl_ms
_COUNT = (
    _ALIVE
    + """
local totals = {}
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 3
  local held = alive(key, ARGV[1])
  if held then
    totals[i] = tonumber(string.sub(held, 16)) + tonumber(ARGV[at])
    local entry = string.sub(held, 1, 15) .. string.format('%d', totals[i])
    redis.call('SET', key, entry, 'KEEPTTL')
  else
    totals[i] = tonumber(ARGV[at])
    redis.call('SET', key, ARGV[at + 1] .. ARGV[at], 'PX', ARGV[at + 2])
  end
end
return totals
"""
)
# KEYS: one hash of bucket -> used per budget. ARGV: cost, then per budget limit, oldest, current,
# newest, ttl_ms. Returns per budget the bucket that must lapse first, or -1; takes when all are -1.
_TAKE = """
local cost = tonumber(ARGV[1])
local blocking, granted = {}, true
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 5
  local oldest, newest = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 3])
  local counted, total, buckets = redis.call('HGETALL', key), 0, {}
  for j = 1, #counted, 2 do
    local bucket, used = tonumber(counted[j]), tonumber(counted[j + 1])
    if bucket < oldest then
      redis.call('HDEL', key, counted[j])
    elseif bucket <= newest then
      total = total + used
      buckets[#buckets + 1] = {bucket, used}
    end
  end
  local excess = total + cost - tonumber(ARGV[at])
  blocking[i] = -1
  if excess > 0 then
    granted = false
    table.sort(buckets, function(a, b) return a[1] < b[1] end)
    for _, entry in ipairs(buckets) do
      excess = excess - entry[2]
      if excess <= 0 then
        blocking[i] = entry[1]
        break
      end
    end
  end
end
if granted then
  for i, key in ipairs(KEYS) do
    local at = 2 + (i - 1) * 5
    redis.call('HINCRBY', key, ARGV[at + 2], cost)
    redis.call('PEXPIRE', key, ARGV[at + 4])
  end
end
return blocking
"""


class RedisStore:
    """``prefix`` separates installations and environments that share one Redis."""

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = prefix
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=SOCKET_TIMEOUT_S,
            max_connections=MAX_CONNECTIONS,
            # Not after a time-out: waiting twice would double the stall.
            retry=Retry(NoBackoff(), RECONNECTS, supported_errors=(RedisConnectionError,)),
        )
        self._add = self._redis.register_script(_ADD)
        self._replace = self._redis.register_script(_REPLACE)
        self._release = self._redis.register_script(_RELEASE)
        self._count = self._redis.register_script(_COUNT)
        self._take = self._redis.register_script(_TAKE)

    def get(self, key: str) -> bytes | None:
        held = _asking(lambda: self._redis.get(self._entry(key)))
        return _value(held, _now_ms())

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        held = _asking(lambda: self._redis.mget([self._entry(key) for key in keys]))
        now_ms = _now_ms()
        return [_value(one, now_ms) for one in held]

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        _, expiry, ttl_ms = _times(ttl_s)
        _asking(lambda: self._redis.set(self._entry(key), expiry + value, px=ttl_ms))

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        now_ms, expiry, ttl_ms = _times(ttl_s)
        arguments: list[Any] = [now_ms, expiry, value, ttl_ms]
        return bool(_asking(lambda: self._add(keys=[self._entry(key)], args=arguments)))

    def replace(self, key: str, expected: bytes | None, value: bytes, ttl_s: float) -> bool:
        if expected is None:
            return self.add(key, value, ttl_s)
        now_ms, expiry, ttl_ms = _times(ttl_s)
        arguments: list[Any] = [now_ms, expiry, value, ttl_ms, expected]
        return bool(_asking(lambda: self._replace(keys=[self._entry(key)], args=arguments)))

    def release(self, key: str, value: bytes) -> bool:
        arguments: list[Any] = [_now_ms(), value]
        return bool(_asking(lambda: self._release(keys=[self._entry(key)], args=arguments)))

    def delete(self, key: str) -> None:
        _asking(lambda: self._redis.delete(self._entry(key)))

    def count(self, counts: Sequence[Count]) -> list[int]:
        arguments: list[Any] = [_now_ms()]
        for _, amount, ttl_s in counts:
            _, expiry, ttl_ms = _times(ttl_s)
            arguments += [amount, expiry, ttl_ms]
        keys = [self._entry(key) for key, _, _ in counts]
        return [int(total) for total in _asking(lambda: self._count(keys=keys, args=arguments))]

    def take(self, budgets: Sequence[Budget], cost: int = 1) -> float:
        check_cost(budgets, cost)
        if not budgets:
            return 0.0
        now_ms = _now_ms()
        arguments: list[Any] = [cost]
        for budget in budgets:
            counted = counted_buckets(budget, now_ms)
            kept_ms = forgettable_at_ms(budget, counted.current) - now_ms
            arguments += [budget.limit, counted.oldest, counted.current, counted.newest, kept_ms]
        keys = [self._hash(budget) for budget in budgets]
        blocking = _asking(lambda: self._take(keys=keys, args=arguments))
        free_ms = [
            frees_at_ms(budget, bucket)
            for budget, bucket in zip(budgets, blocking, strict=True)
            if bucket >= 0
        ]
        return (max(free_ms) - now_ms) / 1000 if free_ms else 0.0

    def used(self, budgets: Sequence[Budget]) -> list[int]:
        now_ms = _now_ms()

        def ask() -> Any:
            pipeline = self._redis.pipeline(transaction=False)
            for budget in budgets:
                pipeline.hgetall(self._hash(budget))
            return pipeline.execute()

        totals = []
        for budget, counts in zip(budgets, _asking(ask), strict=True):
            counted = counted_buckets(budget, now_ms)
            totals.append(
                sum(
                    int(used)
                    for bucket, used in counts.items()
                    if counted.oldest <= int(bucket) <= counted.newest
                )
            )
        return totals

    def state(self) -> StoreState:
        _asking(self._redis.ping)
        return StoreState("redis", True, "shared by all machines")

    def close(self) -> None:
        self._redis.close()

    def _entry(self, key: str) -> str:
        return f"{self._prefix}entry:{key}"

    def _hash(self, budget: Budget) -> str:
        return f"{self._prefix}budget:{storage_key(budget)}"


def _asking(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except (RedisError, OSError) as e:
        # The type only: messages name hosts and may quote the URL.
        raise StoreUnavailable(f"Redis does not answer ({type(e).__name__})") from e


def _value(held: bytes | None, now_ms: int) -> bytes | None:
    if held is None or int(held[:_EXPIRY_DIGITS]) <= now_ms:
        return None
    return held[_EXPIRY_DIGITS:]


def _now_ms() -> int:
    return int(clock.wall_s() * 1000)


def _times(ttl_s: float) -> tuple[int, bytes, int]:
    """Return now, the expiry as it stands in front of a value, and Redis' time to live."""
    now_ms = _now_ms()
    ttl_ms = int(ttl_s * 1000)
    return now_ms, b"%015d" % (now_ms + ttl_ms), max(1, ttl_ms)

"""Windows of budgets: which counted buckets bound a budget now, and when they let go. Pure.

A budget is counted in buckets. An aligned or monthly budget has one bucket per window. A budget
for *every* window is counted in hundredths of its window, and the current bucket plus the hundred
before it, and those of its ``arrival_ms`` more, must stay within the limit: they cover more than
any window that ends now, so the limit is never exceeded, at the price of at most one part in 101 of
the throughput, and of what the arrival takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from market.store_contract import Budget

BUCKETS_PER_WINDOW = 100


@dataclass(frozen=True, slots=True)
class CountedBuckets:
    """The buckets that bound a budget at one instant: ``oldest`` to ``newest``, both included.

    ``newest`` lies after ``current`` so that what was counted before a clock was set back (or by a
    machine whose clock is ahead) still counts.
    """

    oldest: int
    current: int
    newest: int


def check_cost(budgets: Iterable[Budget], cost: int) -> None:
    """Refuse what could never be granted: the caller would wait for ever."""
    if cost < 1:
        raise ValueError(f"a call costs at least 1, not {cost}")
    for budget in budgets:
        if cost > budget.limit:
            raise ValueError(f"cost {cost} exceeds the whole budget {budget.key} ({budget.limit})")


def storage_key(budget: Budget) -> str:
    """Return a key that changes with the window: counts of another window length mean nothing."""
    return f"{budget.key}|{budget.window_s}{'a' if budget.aligned else ''}"


def counted_buckets(budget: Budget, now_ms: int) -> CountedBuckets:
    if budget.window_s == 0:
        at = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
        current = at.year * 12 + at.month - 1
    else:
        current = now_ms // _bucket_ms(budget)
    span = _span(budget)
    return CountedBuckets(current - span, current, current + span)


def frees_at_ms(budget: Budget, bucket: int) -> int:
    """Return when what was taken in a bucket no longer counts."""
    after = bucket + _span(budget) + 1
    if budget.window_s == 0:
        return int(datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)
    return after * _bucket_ms(budget)


def forgettable_at_ms(budget: Budget, bucket: int) -> int:
    """Return when a bucket may be deleted: one window late, in case a clock is set back."""
    return frees_at_ms(budget, bucket) + max(budget.window_s, 1) * 1000


def blocking_bucket(counts: Iterable[tuple[int, int]], limit: int, cost: int) -> int | None:
    """Return the bucket that must lapse before ``cost`` fits; None when it fits now.

    ``counts`` are (bucket, used), ascending.
    """
    listed = list(counts)
    excess = sum(used for _, used in listed) + cost - limit
    if excess <= 0:
        return None
    for bucket, used in listed:
        excess -= used
        if excess <= 0:
            return bucket
    raise ValueError("cost exceeds the limit")


def _span(budget: Budget) -> int:
    if budget.aligned or budget.window_s == 0:
        return 0
    return BUCKETS_PER_WINDOW + -(-budget.arrival_ms // _bucket_ms(budget))


def _bucket_ms(budget: Budget) -> int:
    window_ms = budget.window_s * 1000
    return window_ms if budget.aligned else window_ms // BUCKETS_PER_WINDOW

"""Fill outcomes that are due: claimed a coin at a time, measured, written once.

Nothing is lost with a process and nothing is guessed. A worker that died leaves a lease that ends;
``attempt`` fences what it might still write. A venue that does not answer leaves the rows pending,
to be asked again after a while. What is measured depends on closed candles alone, so it does not
matter when, or how often, a row was tried.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet

from analytics.measuring import Verdict, measure_rows
from analytics.models import Outcome
from analytics.rollups import mark_due
from config.shift import Shift
from config.wakeups import wake
from market.clock import now, wall_now
from market.leases import LeasedWork, as_seen, free
from market.providers.binance_limits import NAME as BINANCE
from market.providers.binance_limits import binance_policy
from market.providers.errors import ProviderError
from market.providers.rate_limit import used_budgets
from market.store import StoreUnavailable, get_store
from market.universe import MarketUnavailable

logger = logging.getLogger(__name__)

FILL = "analytics.tasks.fill_outcomes"

# After the last candle has closed: venues correct it for some seconds, and publish a funding
# settlement of five minutes before late.
SETTLE = timedelta(minutes=3)
# A candle that is missing may still come; after this it is believed to be missing.
GAP_IS_REAL_AFTER = timedelta(hours=1)
# Rows measured together: of one coin and venue, and not further apart than this.
MOST_AT_ONCE = 300
_SPAN = timedelta(days=7)
# A week of candles and funding in pages, through a budget that others use.
READ_DEADLINE_S = 60.0
LEASE_S = READ_DEADLINE_S + 60.0
# How long a venue that did not answer is left alone: doubled each time.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 60.0, 3600.0
# Rows whose measuring raises again and again meet a fault of ours; the others shall not wait.
MOST_FAULTS = 3
OWN_FAULT = "an error of this program, told in its log"
# Scans come first: outcomes leave half of Binance's weight to them.
_MOST_USED_SHARE = 0.5
DATABASE_AWAY = (OperationalError, InterfaceError)


@dataclass(slots=True)
class Filled:
    """What a round of filling came to, in rows."""

    filled: int = 0
    unavailable: int = 0
    postponed: int = 0

    def add(self, other: Filled) -> None:
        self.filled += other.filled
        self.unavailable += other.unavailable
        self.postponed += other.postponed


def fill_due(*, for_s: float = math.inf) -> tuple[Filled, bool]:
    """Fill what is due, coin by coin, the longest due first.

    Begins nothing when ``for_s`` have passed, or when scans need the budget; returns what was done
    and whether more may be due.
    """
    done, shift = Filled(), Shift(for_s)
    while True:
        if shift.is_over or (for_s < math.inf and not _budget_is_half_free()):
            return done, due_outcomes().exists()
        rows = claim_group()
        if not rows:
            return done, False
        done.add(fill_group(rows))


def due_outcomes() -> QuerySet[Outcome]:
    """Return the rows whose candles have closed and that nobody works on."""
    pending = Outcome.objects.filter(
        environment=settings.ENVIRONMENT,
        result=Outcome.Result.PENDING,
        due_at__lte=now() - SETTLE,
    )
    return free(pending, wall_now()).order_by("due_at", "pk")


def wake_if_due() -> None:
    if due_outcomes().exists():
        wake(FILL)


def claim_group() -> list[Outcome]:
    """Make the longest due row and its neighbours this worker's own until their lease ends.

    Neighbours are of the same coin and venue and signalled around the same days: one call serves
    many of them. A row whose measuring broke off before is taken alone.
    """
    while (first := due_outcomes().first()) is not None:
        group = due_outcomes().filter(pk=first.pk) if first.faults else _neighbours(first)
        with transaction.atomic():
            # Every worker locks in the same order.
            rows = list(group.order_by("pk").select_for_update()[:MOST_AT_ONCE])
            lease_until = wall_now() + timedelta(seconds=LEASE_S)
            Outcome.objects.filter(pk__in=[row.pk for row in rows]).update(
                state=LeasedWork.State.WORKING, attempt=F("attempt") + 1, lease_until=lease_until
            )
        if rows:  # else another worker was quicker
            for row in rows:
                row.attempt += 1
                row.state, row.lease_until = LeasedWork.State.WORKING, lease_until
            return rows
    return []


def _neighbours(first: Outcome) -> QuerySet[Outcome]:
    return due_outcomes().filter(
        symbol=first.symbol,
        venue=first.venue,
        faults=0,
        signal_at__gte=first.signal_at - _SPAN / 2,
        signal_at__lte=first.signal_at + _SPAN / 2,
    )


def fill_group(rows: Sequence[Outcome]) -> Filled:
    """Measure claimed rows and write what came of them."""
    try:
        return _write(rows, measure_rows(rows, deadline_s=READ_DEADLINE_S))
    except (ProviderError, TimeoutError, MarketUnavailable) as error:
        logger.info(
            "outcomes wait for their venue",
            extra={"symbol": rows[0].symbol, "rows": len(rows), "reason": str(error)},
        )
        _postpone(rows)
        return Filled(postponed=len(rows))
    except DATABASE_AWAY:
        raise  # claimed anew when the lease has ended
    except Exception:  # a group's outer edge: the other coins go on
        logger.exception("measuring outcomes broke off", extra={"symbol": rows[0].symbol})
        return _break_off(rows)


def _write(rows: Sequence[Outcome], verdicts: Sequence[Verdict]) -> Filled:
    """Write every row that is decided, once, with the days whose sums that changes."""
    done, postponed, days = Filled(), [], set()
    believed_before = now() - GAP_IS_REAL_AFTER
    with transaction.atomic():
        for row, verdict in zip(rows, verdicts, strict=True):
            if verdict.measured is None and row.due_at > believed_before:
                postponed.append(row)
                continue
            if not as_seen(row).update(**_columns(verdict)):
                logger.info("another worker has taken over", extra={"outcome": row.pk})
                continue
            days.add((row.symbol, row.signal_at.date()))
            if verdict.measured is None:
                done.unavailable += 1
            else:
                done.filled += 1
        mark_due(days)
        _postpone(postponed)
    done.postponed = len(postponed)
    return done


def _columns(verdict: Verdict) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "state": LeasedWork.State.DONE,
        "lease_until": None,
        "venue": verdict.venue,
        "filled_at": wall_now(),
    }
    if verdict.measured is None:
        return columns | {"result": Outcome.Result.UNAVAILABLE, "reason": verdict.reason}
    return columns | {"result": Outcome.Result.FILLED, **verdict.measured}


def _postpone(rows: Sequence[Outcome]) -> None:
    """Leave rows alone for a while: their lease goes on without anybody working on them."""
    by_attempt: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_attempt[row.attempt].append(row.pk)
    for attempt, ids in by_attempt.items():
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt - 1, 10))
        Outcome.objects.filter(pk__in=ids, state=LeasedWork.State.WORKING, attempt=attempt).update(
            lease_until=wall_now() + timedelta(seconds=wait_s)
        )


def _break_off(rows: Sequence[Outcome]) -> Filled:
    """Give rows back; those that broke off too often are unavailable for a fault of ours."""
    done, days = Filled(), set()
    with transaction.atomic():
        for row in rows:
            if row.faults + 1 < MOST_FAULTS:
                done.postponed += as_seen(row).update(
                    state=LeasedWork.State.WAITING, faults=row.faults + 1, lease_until=None
                )
            elif as_seen(row).update(**_columns(Verdict(row.venue, OWN_FAULT, None))):
                done.unavailable += 1
                days.add((row.symbol, row.signal_at.date()))
        mark_due(days)
    return done


def _budget_is_half_free() -> bool:
    pools = binance_policy(settings.PROVIDER_BUDGET_SHARE).pools["weight"]
    try:
        budgets = used_budgets(get_store(), BINANCE, pools)
    except StoreUnavailable:
        logger.warning("shared store away, outcomes do not know what scans need")
        return True
    return all(used <= limit * _MOST_USED_SHARE for _, used, limit in budgets)

"""Scans in the background: rows that workers take with a lease, some coins at a time.

Nothing is lost with a process: a scan whose worker died is free again when its lease has ended.
What a scan has scored is stored together with giving it back, or not at all. At its deadline it
ends with what it has, and the coins that nobody got to stay named.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from config.shift import Shift
from config.wakeups import wake
from market.clock import datetime_at, wall_now
from market.instruments import UnknownSymbol
from market.leases import OPEN_STATES, as_seen, claim, free
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument
from smartmoney.documents import coin_document
from smartmoney.exceptions import TooManyScans
from smartmoney.models import ScanResult, SmartMoneyScan
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import Scores, score_coins

logger = logging.getLogger(__name__)

RUN_SCANS = "smartmoney.tasks.run_scans"

# As many coins as one wave keeps the providers' connections busy with.
COINS_AT_A_TIME = 40
SCAN_DEADLINE = timedelta(minutes=15)
# Beyond the providers' deadline: scoring and storing on a busy disk.
LEASE_MARGIN_S = 20.0
# Coins whose scoring raises again and again meet a fault of ours; the others shall not wait.
MOST_FAULTS = 3
# Scans of all environments' clients together that may be open: each is minutes of calls.
MOST_OPEN = 20
_OWN_FAULT = "An error of this program, told in its log."
_UNLISTED = "Nothing tradable goes by this name now."
# What Django raises when the database is not there; a locked SQLite file is among them.
DATABASE_AWAY = (OperationalError, InterfaceError)


# --- Starting -------------------------------------------------------------------------------------


def start_scan(
    symbols: Sequence[str],
    *,
    name: str,
    scored: Sequence[ScoredCoin] = (),
    failed: Mapping[str, str] | None = None,
) -> SmartMoneyScan:
    """Start a scan of coins, or return the one of the same coins that is still open.

    ``scored`` are those among them that need no more work; ``failed`` tells of names beside them
    that are no coins. Raises TooManyScans.
    """
    asked = list(dict.fromkeys(symbols))
    asked_hash = hashlib.sha256(" ".join(sorted(asked)).encode()).hexdigest()
    done = {each.coin.symbol for each in scored}
    try:
        with transaction.atomic():
            running = _open().filter(asked_hash=asked_hash).first()
            if running is not None:
                return running
            if _open().count() >= MOST_OPEN:
                raise TooManyScans("Many scans are under way; try again later.", 60.0)
            now = wall_now()
            scan = SmartMoneyScan.objects.create(
                environment=settings.ENVIRONMENT,
                name=name,
                asked_hash=asked_hash,
                requested=len(asked),
                left=[symbol for symbol in asked if symbol not in done],
                failed=dict(failed or {}),
                started_at=now,
                deadline_at=now + SCAN_DEADLINE,
            )
            _store(scan, scored)
            wake(RUN_SCANS)
            return scan
    except IntegrityError:
        return _open().get(asked_hash=asked_hash)  # another request was quicker


# --- Working --------------------------------------------------------------------------------------


def run_scans(*, for_s: float = math.inf) -> bool:
    """Claim scans and work on them wave by wave, the oldest first.

    Begins no wave when ``for_s`` have passed since the first; returns whether more may be free.
    """
    shift = Shift(for_s)
    while (scan := claim_scan()) is not None:
        work(scan)
        if shift.is_over:
            return True
    return False


def claim_scan() -> SmartMoneyScan | None:
    """Make a free scan this worker's own until its lease ends; None when there is none."""

    def first_free(now: datetime) -> SmartMoneyScan | None:
        return free(_open(), now).filter(deadline_at__gt=now).order_by("started_at").first()

    return claim(first_free, settings.SCAN_BATCH_DEADLINE_S + LEASE_MARGIN_S)


def work(scan: SmartMoneyScan) -> bool:
    """Score the next coins of a claimed scan; return whether they are stored by that."""
    coins = scan.left[:COINS_AT_A_TIME]
    try:
        scores = _score(coins, share=len(coins) / scan.requested)
        return _give_back(scan, coins, scores)
    except DATABASE_AWAY:
        raise  # claimed anew when the lease has ended
    except Exception:  # a wave's outer edge: the other scans go on
        logger.exception("a smart money scan broke off", extra=_named(scan))
        if scan.faults + 1 >= MOST_FAULTS:
            return _give_back(scan, coins, Scores(failed=dict.fromkeys(coins, _OWN_FAULT)))
        as_seen(scan).update(
            state=SmartMoneyScan.State.WAITING, faults=scan.faults + 1, lease_until=None
        )
        return False


def _score(coins: Sequence[str], *, share: float) -> Scores:
    instruments: dict[str, Instrument] = {}
    failed: dict[str, str] = {}
    try:
        for name in coins:
            try:
                instrument = resolve_symbol(name)
            except UnknownSymbol:
                failed[name] = _UNLISTED
            else:
                instruments[instrument.symbol.base] = instrument
        scores = score_coins(
            list(instruments.values()), deadline_s=settings.SCAN_BATCH_DEADLINE_S, share=share
        )
    except MarketUnavailable as unavailable:
        scores = Scores(failed=dict.fromkeys(coins, unavailable.detail))
    scores.failed |= failed
    return scores


def _give_back(scan: SmartMoneyScan, coins: Sequence[str], scores: Scores) -> bool:
    """Store results and release the scan, or end it, together; False when it is not ours now."""
    left = scan.left[len(coins) :]
    over = {"state": SmartMoneyScan.State.DONE, "finished_at": wall_now()}
    with transaction.atomic():
        given_back = as_seen(scan).update(
            left=left,
            failed=scan.failed | scores.failed,
            faults=0,
            lease_until=None,
            **({"state": SmartMoneyScan.State.WAITING} if left else over),
        )
        if not given_back:
            logger.info("another worker has taken over", extra=_named(scan))
            return False
        _store(scan, scores.scored)
    return True


def _store(scan: SmartMoneyScan, scored: Sequence[ScoredCoin]) -> None:
    ScanResult.objects.bulk_create(
        (
            ScanResult(
                scan=scan,
                symbol=each.coin.symbol,
                observed_at=datetime_at(each.coin.at_ms),
                price=None if each.coin.price_usd is None else _decimal(each.coin.price_usd),
                accumulation=each.coin.score.accumulation,
                distribution=each.coin.score.distribution,
                pattern=each.coin.score.pattern.value,
                document=coin_document(each),
            )
            for each in scored
        ),
        # Two names of one coin, should a venue rename it while the scan goes on.
        ignore_conflicts=True,
    )


def _decimal(price_usd: float) -> Decimal:
    return Decimal(f"{price_usd:.15g}")


# --- Sweeping and ending --------------------------------------------------------------------------


def sweep() -> None:
    """End what is over and wake a worker for what is free again."""
    now = wall_now()
    for scan in free(_open(), now).filter(deadline_at__lte=now):
        as_seen(scan).update(state=SmartMoneyScan.State.LEFT, lease_until=None, finished_at=now)
    if free(_open(), now).exists():
        wake(RUN_SCANS)


def forget_old_scans() -> int:
    """Delete scans that ended longer ago than they are kept, and their results; return how many."""
    if not settings.SMART_MONEY_RETENTION_DAYS:
        return 0
    before = wall_now() - timedelta(days=settings.SMART_MONEY_RETENTION_DAYS)
    old = SmartMoneyScan.objects.filter(environment=settings.ENVIRONMENT, finished_at__lt=before)
    _, deleted = old.delete()
    return deleted.get(SmartMoneyScan._meta.label, 0)


def _open() -> QuerySet[SmartMoneyScan]:
    return SmartMoneyScan.objects.filter(environment=settings.ENVIRONMENT, state__in=OPEN_STATES)


def _named(scan: SmartMoneyScan) -> dict[str, str | int]:
    return {"scan": str(scan.pk), "attempt": scan.attempt}

"""Smart-money scans in the background: what one asks for, scores and stores (``SCANS``)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from market.background_runs import (
    DATABASE_AWAY,
    OWN_FAULT,
    RunQueue,
    give_back,
    named,
    release_to_try_again,
)
from market.clock import datetime_at, wall_now
from market.instruments import UnknownSymbol
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument
from smartmoney.documents import coin_document
from smartmoney.models import ScanResult, SmartMoneyScan
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import Scores, score_coins

logger = logging.getLogger(__name__)

SCANS = RunQueue(SmartMoneyScan, "smartmoney.tasks.run_scans")

# As many coins as one wave keeps the providers' connections busy with.
COINS_AT_A_TIME = 40
_UNLISTED = "Nothing tradable goes by this name now."


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
    done = {each.coin.symbol for each in scored}
    with transaction.atomic():
        scan, is_new = SCANS.start(
            hashlib.sha256(" ".join(sorted(asked)).encode()).hexdigest(),
            name=name,
            requested=len(asked),
            left=[symbol for symbol in asked if symbol not in done],
            failed=dict(failed or {}),
        )
        if is_new:
            _store(scan, scored)
    return scan


def work(scan: SmartMoneyScan) -> bool:
    """Score the next coins of a claimed scan; return whether they are stored by that."""
    coins = scan.left[:COINS_AT_A_TIME]
    try:
        scores = _score(coins, share=len(coins) / scan.requested)
        return _give_back(scan, coins, scores)
    except DATABASE_AWAY:
        raise  # claimed anew when the lease has ended
    except Exception:  # a wave's outer edge: the other scans go on
        logger.exception("a smart money scan broke off", extra=named(scan))
        if release_to_try_again(scan):
            return False
        return _give_back(scan, coins, Scores(failed=dict.fromkeys(coins, OWN_FAULT)))


def forget_old_scans() -> int:
    """Delete scans that ended longer ago than they are kept, and their results; return how many."""
    if not settings.SMART_MONEY_RETENTION_DAYS:
        return 0
    return SCANS.forget(wall_now() - timedelta(days=settings.SMART_MONEY_RETENTION_DAYS))


# --- Parts ----------------------------------------------------------------------------------------


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
    with transaction.atomic():
        is_ours = give_back(scan, scan.left[len(coins) :], scores.failed)
        if is_ours:
            _store(scan, scores.scored)
    return is_ours


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

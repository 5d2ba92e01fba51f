"""Coins → scores: one collection for all that were not scored in the last few seconds.

A score serves every process until it is as old as a signal may be: a coin that a scan has just
read is not read again for an analysis, and both say the same of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from market.services import collect_snapshots
from market.store import StoreUnavailable, get_store
from market.types import Instrument
from smartmoney.engine.positioning import score_snapshot
from smartmoney.scored import ScoredCoin, pack_scored, unpack_scored
from smartmoney.signal_views import signal_views

logger = logging.getLogger(__name__)

# Of stored scores: another form of them must not be read by older processes, nor theirs by us.
_FORM = 1
NOTHING_KNOWN = "No source told enough of it to score."


@dataclass(slots=True)
class Scores:
    """Scored coins in the order asked for, and why (by name) others have no score."""

    scored: list[ScoredCoin] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def score_coins(
    instruments: Sequence[Instrument], *, deadline_s: float | None = None, share: float = 1.0
) -> Scores:
    """Score coins, each once. ``share`` is their part of a scan that is done in several calls.

    Raises MarketUnavailable when no provider answered and nothing fresh is known.
    """
    known = _recent(instruments)
    unread = [each for each in instruments if each.symbol.base not in known]
    if unread:
        read = _read(unread, deadline_s, share)
        _keep(read)
        known |= {scored.coin.symbol: scored for scored in read}
    scores = Scores()
    for instrument in instruments:
        scored = known[instrument.symbol.base]
        if scored.coin.is_known:
            scores.scored.append(scored)
        else:
            scores.failed[scored.coin.symbol] = NOTHING_KNOWN
    return scores


def _read(
    instruments: Sequence[Instrument], deadline_s: float | None, share: float
) -> list[ScoredCoin]:
    snapshots = collect_snapshots(
        instruments, deadline_s=deadline_s, with_evidence=True, share=share
    )
    views = signal_views(snapshots)
    return [
        ScoredCoin(score_snapshot(snapshot), view)
        for snapshot, view in zip(snapshots, views, strict=True)
    ]


def _recent(instruments: Sequence[Instrument]) -> dict[str, ScoredCoin]:
    keys = [_key(instrument.symbol.base) for instrument in instruments]
    try:
        kept = [unpack_scored(value) for value in get_store().get_many(keys) if value is not None]
    except StoreUnavailable:
        logger.exception("scores not shared, the store is away")
        return {}
    return {scored.coin.symbol: scored for scored in kept}


def _keep(read: Sequence[ScoredCoin]) -> None:
    if settings.SIGNAL_CACHE_TTL_S <= 0:
        return
    try:
        for scored in read:
            if scored.coin.is_known:
                get_store().set(
                    _key(scored.coin.symbol), pack_scored(scored), settings.SIGNAL_CACHE_TTL_S
                )
    except StoreUnavailable:
        logger.exception("scores not shared, the store is away")


def _key(base: str) -> str:
    return f"smartmoney:{_FORM}:{settings.ENVIRONMENT}:{base}"

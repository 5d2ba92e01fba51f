"""The verbs of the market app: what is this coin, and what does the market say of it now.

``collect_snapshots`` reads the series store, asks the providers for what is due in one wave, keeps
what came and assembles one snapshot per coin. The ORM runs in the calling thread, HTTP in the
provider runtime.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from django.conf import settings
from django.db import DatabaseError, connection

from market import book_memory, clock, series
from market.assemble import build_snapshot
from market.collect import STATISTICS_PER_SCAN, collect
from market.models import MARKET_WIDE, SeriesKind
from market.providers.runtime import provider_runtime
from market.snapshot import MarketSnapshot, ReadingName
from market.sources.asking import Harvest, LiveKey, Observation
from market.sources.liquidations import LIVE_PAGES
from market.store import StoreUnavailable, get_store
from market.tables import table_candles
from market.types import Candles, Instrument, Interval, Venue
from market.universe import MarketUnavailable, instrument_registry, refresh_universe

logger = logging.getLogger(__name__)

__all__ = [
    "MarketReport",
    "MarketUnavailable",
    "collect_snapshots",
    "refresh_universe",
    "report_market",
    "resolve_symbol",
]

# Of the deadline, what reading and writing the series store and assembling may take.
RESERVE_S = 0.5
# The runtime is given up on, and what it has read is lost, when it does not even say in time that
# time is up. A loop that has fifty coins' calls to cancel is later at that than one with a single.
RUNTIME_GRACE_S = 0.3
RUNTIME_GRACE_SHARE = 0.1
# How long a value of the moment serves every process: a coin just read is not asked for again.
LIVE_TTL_S = 10.0


def resolve_symbol(text: str) -> Instrument:
    """Return the coin a person means. Raises UnknownSymbol with suggestions, MarketUnavailable."""
    return instrument_registry().resolve(text)


def collect_snapshots(
    instruments: Sequence[Instrument],
    *,
    deadline_s: float | None = None,
    with_evidence: bool = False,
    share: float = 1.0,
) -> list[MarketSnapshot]:
    """Return one snapshot per coin, in the order given, within the deadline.

    What no source answers is missing from the snapshot and named in its problems;
    ``with_evidence`` adds what is only shown beside a score: to a single coin all of it, to several
    their order books; ``share`` is these coins' part of a scan that is done in several calls.
    Raises MarketUnavailable when no provider answered and nothing fresh is stored.
    """
    if not instruments:
        return []
    budget_s = settings.SIGNAL_DEADLINE_S if deadline_s is None else deadline_s
    return gather(instruments, deadline_s=budget_s, with_evidence=with_evidence, share=share)[1]


def gather(
    instruments: Sequence[Instrument],
    *,
    deadline_s: float,
    hedge_after_s: float | None = None,
    liquidation_pages: int = LIVE_PAGES,
    with_evidence: bool = False,
    share: float = 1.0,
) -> tuple[Harvest, list[MarketSnapshot]]:
    """Do what ``collect_snapshots`` does; return beside it all that is known of the coins."""
    wave_s = max(deadline_s - RESERVE_S, deadline_s / 2)
    at_ms = clock.now_ms()
    known = Harvest(book=_stored(instruments), live=_recent(instruments, at_ms))
    before = set(known.live)
    try:
        harvest = provider_runtime().run(
            lambda providers: collect(
                providers,
                known,
                instruments,
                at_ms,
                deadline_s=wave_s,
                hedge_after_s=hedge_after_s,
                liquidation_pages=liquidation_pages,
                with_evidence=with_evidence,
                statistics_most=round(STATISTICS_PER_SCAN * share),
                keep_late=_keep_late,
            ),
            timeout_s=wave_s + max(RUNTIME_GRACE_S, RUNTIME_GRACE_SHARE * wave_s),
        )
    except TimeoutError:
        logger.error("the provider runtime does not answer")
        harvest = Harvest(book=_stored(instruments))
    _keep(harvest, since=before)
    _remember_books(harvest)
    snapshots = [
        build_snapshot(instrument, at_ms, settings.ENVIRONMENT, harvest)
        for instrument in instruments
    ]
    if not harvest.answered and not any(
        ReadingName.CANDLES in snapshot.readings for snapshot in snapshots
    ):
        raise MarketUnavailable(harvest.failures())
    return harvest, snapshots


@dataclass(frozen=True, slots=True)
class MarketReport:
    """A coin's snapshot, and more of its bars than a scorer reads."""

    instrument: Instrument
    snapshot: MarketSnapshot
    candles: Candles
    candles_source: str | None


def report_market(instrument: Instrument, interval: Interval, limit: int) -> MarketReport:
    """Return what the market says of a coin now, with its last closed bars. One collection."""
    harvest, [snapshot] = gather([instrument], deadline_s=settings.SIGNAL_DEADLINE_S)
    reading = snapshot.readings.get(ReadingName.CANDLES)
    candles, source = Candles.empty(interval), None
    if reading is not None and interval in snapshot.history.candles:
        source = reading.source
        key = series.SeriesKey(instrument.symbol.base, SeriesKind.CANDLES, source, interval.value)
        closed = harvest.book[key].table.until(snapshot.at_ms - interval.ms)
        candles = table_candles(closed.rows(slice(-limit, None)), interval)
    return MarketReport(instrument, snapshot, candles, source)


def _stored(instruments: Sequence[Instrument]) -> dict[series.SeriesKey, series.Held]:
    try:
        return series.load([MARKET_WIDE, *(instrument.symbol.base for instrument in instruments)])
    except DatabaseError:
        logger.exception("series not read, the database is away")
        return {}


def _keep(harvest: Harvest, *, since: set[LiveKey]) -> None:
    try:
        series.append(harvest.updates)
    except DatabaseError:
        logger.exception("series not kept, the database is away")
    seen: dict[str, dict[LiveKey, Observation]] = defaultdict(dict)
    for key, live in harvest.live.items():
        seen[key[0]][key] = live
    try:
        for base, observed in seen.items():
            if observed.keys() - since:
                get_store().set(_live_key(base), _packed(observed), LIVE_TTL_S)
    except StoreUnavailable:
        logger.exception("values of the moment not shared, the store is away")


def _keep_late(updates: Sequence[series.Update]) -> None:
    """Store what came after its evaluation, for the next one. In a thread of its own."""
    try:
        series.append(updates)
    except DatabaseError:
        logger.exception("late answers not kept, the database is away")
    finally:
        connection.close()


def _recent(instruments: Sequence[Instrument], at_ms: int) -> dict[LiveKey, Observation]:
    """Return the values of the moment that any process read in the last few seconds."""
    bases = [instrument.symbol.base for instrument in instruments]
    try:
        packed = get_store().get_many([_live_key(base) for base in bases])
    except StoreUnavailable:
        logger.exception("values of the moment not shared, the store is away")
        return {}
    recent: dict[LiveKey, Observation] = {}
    for base, seen in zip(bases, packed, strict=True):
        if seen is not None:
            recent |= _unpacked(base, seen)
    return {
        key: live
        for key, live in recent.items()
        if 0 <= at_ms - live.observed_at_ms <= LIVE_TTL_S * 1000
    }


def _remember_books(harvest: Harvest) -> None:
    """Fold the books just read into what earlier ones left, for all processes."""
    for base, evidence in harvest.evidence.items():
        if evidence.book is None:
            continue
        key = f"book:{settings.ENVIRONMENT}:{base}:{evidence.book.venue}"
        try:
            store = get_store()
            stored = store.get(key)
            memory = None if stored is None else book_memory.decode(stored)
            evidence.memory = book_memory.remember(memory, evidence.book)
            store.set(key, book_memory.encode(evidence.memory), book_memory.FORGET_MS / 1000)
        except StoreUnavailable:
            logger.exception("order books not remembered, the store is away")
        except ValueError:
            logger.warning("an order book's memory was of another form, it begins anew")
            evidence.memory = book_memory.remember(None, evidence.book)


def _live_key(base: str) -> str:
    return f"live:{settings.ENVIRONMENT}:{base}"


def _packed(seen: dict[LiveKey, Observation]) -> bytes:
    return orjson.dumps(
        [
            [reading.value, source, live.value, live.observed_at_ms]
            for (_, reading, source), live in seen.items()
        ]
    )


def _unpacked(base: str, packed: bytes) -> dict[LiveKey, Observation]:
    return {
        (base, ReadingName(reading), Venue(source).value): Observation(value, observed_at_ms)
        for reading, source, value, observed_at_ms in orjson.loads(packed)
    }

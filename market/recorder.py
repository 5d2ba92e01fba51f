"""The stream recorder: keeps what venues tell once and never again, the liquidations of every coin.

A resident (``config.residents``): listens to Binance and OKX, writes each venue's 5-minute sums
into the series store soon after a bucket has ended, and reads back from OKX's pages what its stream
missed. Only whole watched buckets are written; the time that nobody watched is a gap in the series
and lowers the hours that a signal's liquidations say they cover.

Not wanted with a standing clock: where no time passes, nothing is streamed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import DatabaseError

from market import clock
from market.chains import BUCKET_MS
from market.instruments import InstrumentRegistry
from market.listings import stored_registry
from market.sources.asking import cancel
from market.store import StoreUnavailable, get_store
from market.streams import backfill, keeper
from market.streams.blocking import beside
from market.streams.chore import Chore
from market.streams.connection import Connect, open_websocket
from market.streams.coverage import Coverage
from market.streams.listener import LOOK_EVERY_S, Listener
from market.streams.spec import StreamSpec, binance_stream, okx_stream
from market.streams.status import StreamStatus, publish_status
from market.streams.tally import LATE_MS, Tally
from market.types import Instrument, Venue
from market.universe import MarketUnavailable, instrument_registry

logger = logging.getLogger(__name__)

# How often it is looked whether to stop, and what there is to do.
TICK_S = 0.25
# The coins: a new one is tradable here within the hour.
COINS_EVERY_S = 300.0
COINS_SOON_S = 5.0
STATUS_EVERY_S = 5.0
SETTLE_EVERY_S = 1.0
# After a database that was away.
WRITE_AGAIN_S = 5.0
# Between two portions of a backfill, and between two backfills at least.
PORTION_PAUSE_S = 1.0
READ_BACK_AGAIN_S = 240.0


def configured_streams() -> list[StreamSpec]:
    streams = []
    if settings.BINANCE_STREAM_URL:
        streams.append(binance_stream(settings.BINANCE_STREAM_URL))
    if settings.OKX_STREAM_URL:
        streams.append(okx_stream(settings.OKX_STREAM_URL))
    return streams


def is_wanted() -> bool:
    return settings.CLOCK_AT_MS is None and bool(configured_streams())


def record(stopping: threading.Event) -> None:
    """Record until the event is set."""
    asyncio.run(Recorder(configured_streams()).run(stopping))


class Recorder:
    """All configured streams on one event loop; blocking work goes to threads beside it."""

    def __init__(
        self,
        streams: Sequence[StreamSpec],
        connect: Connect = open_websocket,
        *,
        look_every_s: float = LOOK_EVERY_S,
        tick_s: float = TICK_S,
        portion_pause_s: float = PORTION_PAUSE_S,
    ) -> None:
        self.recorded = [_Recorded(spec, connect, look_every_s) for spec in streams]
        self._tick_s = tick_s
        self._portion_pause_s = portion_pause_s
        self._instruments: list[Instrument] = []

    async def run(self, stopping: threading.Event) -> None:
        """Listen, write and tell until the event is set."""
        chores = [Chore(self._learn_coins), Chore(self._tell_status)]
        for recorded in self.recorded:
            chores.append(Chore(partial(self._settle, recorded)))
            chores.append(Chore(partial(self._write, recorded)))
            if recorded.venue is Venue.OKX:
                chores.append(Chore(partial(self._read_back, recorded)))
        listening = [asyncio.create_task(each.listener.listen()) for each in self.recorded]
        try:
            while not stopping.is_set():
                for chore in chores:
                    chore.look(clock.wall_s())
                for task in listening:
                    if task.done():
                        task.result()  # raises: a listener only ends by a fault of ours
                await asyncio.sleep(self._tick_s)
        finally:
            await cancel(listening)
            await cancel(chore.task for chore in chores if chore.task is not None)

    async def _learn_coins(self) -> float:
        registry = await beside("coins", _registry)
        if registry is None:
            return COINS_SOON_S
        self._instruments = list(registry)
        for recorded in self.recorded:
            spec = recorded.listener.spec
            recorded.listener.keep(spec.listings(self._instruments))
        return COINS_EVERY_S

    async def _tell_status(self) -> float:
        statuses = [recorded.status() for recorded in self.recorded]
        await beside("status", partial(_publish, statuses))
        return STATUS_EVERY_S

    async def _settle(self, recorded: _Recorded) -> float:
        """Take what is complete; apart from writing, since a tally forgets and a database hangs."""
        settled = recorded.tally.settle(clock.now_ms())
        if settled:
            recorded.gaps.newest_settled_ms = max(settled)
        recorded.keeper.take(settled)
        return SETTLE_EVERY_S

    async def _write(self, recorded: _Recorded) -> float:
        batch = recorded.keeper.waiting()
        if not batch:
            return SETTLE_EVERY_S
        at_ms = clock.now_ms()
        if not await beside("write", partial(keeper.write, recorded.venue, batch, at_ms)):
            return WRITE_AGAIN_S
        recorded.keeper.written(batch)
        logger.info(
            "liquidations kept",
            extra={"venue": recorded.venue.value, "buckets": len(batch)},
        )
        return SETTLE_EVERY_S

    async def _read_back(self, recorded: _Recorded) -> float:
        listener = recorded.listener
        if listener.state.connected_at_ms is None or not self._instruments:
            return SETTLE_EVERY_S
        if not recorded.gaps.are_due(listener.state.beginnings, clock.now_ms()):
            return SETTLE_EVERY_S
        gaps = await beside("gaps", partial(_coins_with_gaps, self._instruments))
        for start in range(0, len(gaps), backfill.COINS_AT_ONCE):
            portion = gaps[start : start + backfill.COINS_AT_ONCE]
            if not await beside("backfill", partial(backfill.fill_portion, portion)):
                recorded.gaps.remain()
                return READ_BACK_AGAIN_S
            await asyncio.sleep(self._portion_pause_s)
        logger.info("liquidations read back", extra={"coins": len(gaps)})
        return READ_BACK_AGAIN_S


class _Recorded:
    """One venue: what is heard of it, what it sums up to, and what is still to be written."""

    def __init__(self, spec: StreamSpec, connect: Connect, look_every_s: float) -> None:
        coverage = Coverage(keep_ms=2 * LATE_MS)
        self.tally = Tally(coverage, bucket_ms=BUCKET_MS)
        self.listener = Listener(spec, coverage, self.tally, connect, look_every_s=look_every_s)
        self.keeper = keeper.Keeper(spec.venue)
        self.gaps = _Gaps()

    @property
    def venue(self) -> Venue:
        return self.listener.spec.venue

    def status(self) -> StreamStatus:
        state = self.listener.state
        return StreamStatus(
            venue=self.venue.value,
            connected_at_ms=state.connected_at_ms,
            last_event_at_ms=state.last_event_at_ms,
            connects=state.connects,
            refused=state.refused,
            detail=state.detail,
        )


@dataclass(slots=True)
class _Gaps:
    """When to read back what was missed: as soon as watching begins, which fills the time before,
    and once more when the bucket that it began in is over.
    """

    beginnings: int = 0
    over_from_ms: int | None = None
    newest_settled_ms: int = 0

    def are_due(self, beginnings: int, at_ms: int) -> bool:
        if beginnings != self.beginnings:
            self.beginnings, self.over_from_ms = beginnings, at_ms
            return True
        if self.over_from_ms is not None and self.newest_settled_ms > self.over_from_ms:
            self.over_from_ms = None
            return True
        return False

    def remain(self) -> None:
        """Note that reading back did not work out: it is due again."""
        self.beginnings = 0


def _registry() -> InstrumentRegistry | None:
    """Return the stored coins, those of the venues where there are none, None if neither is had."""
    try:
        return stored_registry() or instrument_registry()
    except (MarketUnavailable, StoreUnavailable, DatabaseError):
        logger.warning("no coins to record yet: neither stored nor listed by a venue")
        return None


def _coins_with_gaps(instruments: Sequence[Instrument]) -> list[tuple[Instrument, int]]:
    try:
        return backfill.coins_with_gaps(instruments)
    except DatabaseError:
        logger.exception("gaps not looked for, the database is away")
        return []


def _publish(statuses: Sequence[StreamStatus]) -> None:
    try:
        publish_status(get_store(), statuses)
    except StoreUnavailable:
        logger.exception("the recorder's state is not shared, the store is away")

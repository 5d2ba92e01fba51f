"""The recorder against the sandbox and a database: what a signal then knows of liquidations."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from market import clock, recorder, series
from market.chains import BUCKET_MS, BUCKETS
from market.health import probe_recorder
from market.instruments import InstrumentRegistry
from market.models import SeriesKind
from market.recorder import Recorder
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import StreamConnector
from market.services import collect_snapshots
from market.snapshot import MarketSnapshot, ReadingName
from market.streams import keeper
from market.streams.blocking import beside
from market.types import HOUR_MS, Venue
from signals.engine.features import features_from_snapshots
from tests.market.sandbox.upstream import Wall
from tests.market.streams.conftest import registry, wall
from tests.market.streams.listening import SPECS, told_usd, until

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["registry", "wall"]  # fixtures

PAGES = "/api/v5/public/liquidation-orders"
BUCKET_S = BUCKET_MS / 1000
HOUR_S = 3600.0

Act = Callable[["Recording"], Awaitable[None]]


class Recording:
    """A recorder that runs while a test moves the clock."""

    def __init__(self, sandbox: Sandbox, wall: Wall, venues: tuple[Venue, ...]) -> None:
        self.wall = wall
        self.connector = StreamConnector(sandbox)
        self.recorder = Recorder(
            [SPECS[venue] for venue in venues],
            self.connector,
            look_every_s=0.005,
            tick_s=0.002,
            portion_pause_s=0.0,
        )

    def run(self, act: Act) -> None:
        stopping = threading.Event()

        async def whole() -> None:
            task = asyncio.create_task(self.recorder.run(stopping))
            try:
                await until(lambda: bool(self.recorder._instruments))
                await self.connected()
                await act(self)
            finally:
                stopping.set()
                await task

        asyncio.run(whole())

    async def connected(self) -> None:
        """Wait until every venue has confirmed that it delivers: what is watched begins there."""
        await until(
            lambda: (
                len(self.connector.open) == len(self.recorder.recorded)
                and all(each.listener.state.beginnings for each in self.recorder.recorded)
            )
        )

    async def advance(self, seconds: float, step_s: float = 10.0) -> None:
        """Let time go on, in steps shorter than a venue may take to answer a ping (20 s)."""
        until_s = self.wall.now_s + seconds
        while self.wall.now_s < until_s:
            self.wall.now_s = min(until_s, self.wall.now_s + step_s)
            await until(
                lambda: (
                    bool(self.connector.open)
                    and all(c.caught_up_s == self.wall.now_s for c in self.connector.open)
                )
            )

    async def until_kept(self, base: str, venue: Venue, start_ms: int) -> None:
        """Let time go on, slowly, until a bucket of a coin is in the store."""
        async with asyncio.timeout(60.0):
            while start_ms not in await beside("look", partial(kept, base, venue)):
                await self.advance(0.1)


def kept(base: str, venue: Venue) -> dict[int, tuple[float, float]]:
    key = series.SeriesKey(base, SeriesKind.LIQUIDATIONS, venue.value, BUCKETS)
    held = series.load([base]).get(key)
    if held is None:
        return {}
    long_usd, short_usd = held.table.values.tolist()
    return dict(
        zip(held.table.times_ms.tolist(), zip(long_usd, short_usd, strict=True), strict=True)
    )


@pytest.fixture
def recording(
    sandbox: Sandbox, registry: InstrumentRegistry, wall: Wall, listed: None
) -> Iterator[Callable[..., Recording]]:
    """Return what makes a recorder; without OKX's pages unless a test wants them."""
    sandbox.fault("okx", "answer", path=PAGES, status=404, json={"code": 404, "data": []})

    def make(*venues: Venue) -> Recording:
        return Recording(sandbox, wall, venues or (Venue.BINANCE, Venue.OKX))

    return make


def now_ms(wall: Wall) -> int:
    return int(wall.now_s * 1000)


def snapshot_of(registry: InstrumentRegistry, base: str) -> MarketSnapshot:
    [snapshot] = collect_snapshots([registry.resolve(base)], deadline_s=25.0)
    return snapshot


def test_each_venue_is_kept_for_every_listed_coin_and_equals_the_market(
    sandbox: Sandbox, registry: InstrumentRegistry, wall: Wall, recording: Callable[..., Recording]
) -> None:
    start_ms = now_ms(wall)

    async def act(recorded: Recording) -> None:
        await recorded.advance(BUCKET_S + 30)
        for base in ("BTC", "PEPE"):
            await recorded.until_kept(base, Venue.BINANCE, start_ms)
        for base in ("BTC", "DOGE"):
            await recorded.until_kept(base, Venue.OKX, start_ms)

    recording().run(act)

    universe = sandbox.source.universe(start_ms)
    for base, name, contracts, venue in (
        ("BTC", "BTCUSDT", universe.binance, Venue.BINANCE),
        ("PEPE", "1000PEPEUSDT", universe.binance, Venue.BINANCE),
        ("BTC", "BTC-USDT-SWAP", universe.okx, Venue.OKX),
        ("DOGE", "DOGE-USDT-SWAP", universe.okx, Venue.OKX),
    ):
        expected = told_usd(sandbox, contracts[name], start_ms, start_ms + BUCKET_MS)
        assert kept(base, venue)[start_ms] == pytest.approx(expected, rel=1e-6)


def test_a_recorder_killed_for_ten_minutes_leaves_a_gap_that_the_signal_states(
    registry: InstrumentRegistry, wall: Wall, recording: Callable[..., Recording]
) -> None:
    start_ms = now_ms(wall)

    async def act(recorded: Recording) -> None:
        await recorded.advance(HOUR_S + 30, step_s=15.0)
        await recorded.until_kept("BTC", Venue.BINANCE, start_ms + 11 * BUCKET_MS)

    recording(Venue.BINANCE).run(act)
    wall.now_s += 600.0
    again_ms = now_ms(wall)
    first_whole_ms = -(-again_ms // BUCKET_MS) * BUCKET_MS

    async def act_again(recorded: Recording) -> None:
        await recorded.advance(HOUR_S, step_s=15.0)
        await recorded.until_kept("BTC", Venue.BINANCE, first_whole_ms + 10 * BUCKET_MS)

    recording(Venue.BINANCE).run(act_again)

    gap = range(start_ms + 12 * BUCKET_MS, first_whole_ms, BUCKET_MS)
    assert len(gap) == 3
    assert not set(gap) & kept("BTC", Venue.BINANCE).keys()
    snapshot = snapshot_of(registry, "BTC")
    reading = snapshot.readings[ReadingName.LIQUIDATIONS]
    assert reading.source == "binance"
    assert reading.note is not None
    assert reading.note.startswith("floor: Binance only, covers 1.9 h of 24 h")
    features = features_from_snapshots([snapshot])
    watched_h = features.liquidations_covered_4h_h[0]
    assert watched_h == pytest.approx((12 + 11) * BUCKET_MS / HOUR_MS, abs=0.1)
    assert features.liquidated_long_4h_usd[0] > 0.0


def test_both_venues_add_up_over_the_open_interest_of_both(
    registry: InstrumentRegistry, wall: Wall, recording: Callable[..., Recording]
) -> None:
    start_ms = now_ms(wall)

    async def act(recorded: Recording) -> None:
        await recorded.advance(HOUR_S + 30, step_s=15.0)
        for venue in (Venue.BINANCE, Venue.OKX):
            await recorded.until_kept("ETH", venue, start_ms + 11 * BUCKET_MS)

    recording().run(act)

    snapshot = snapshot_of(registry, "ETH")

    reading = snapshot.readings[ReadingName.LIQUIDATIONS]
    assert reading.source == "binance+okx"
    both = [kept("ETH", venue) for venue in (Venue.BINANCE, Venue.OKX)]
    assert reading.note == "floor: Binance and OKX, covers 1.0 h of 24 h"
    expected = sum(sum(usd) for rows in both for usd in rows.values())
    assert reading.value == pytest.approx(expected)
    measure = snapshot.readings[ReadingName.LIQUIDATION_VENUE_OI]
    binance_oi = snapshot.readings[ReadingName.OPEN_INTEREST].value
    assert measure.source == "binance+okx"
    assert 1.1 * binance_oi < measure.value < 1.6 * binance_oi  # OKX has a quarter of it here
    features = features_from_snapshots([snapshot])
    assert features.liquidation_open_interest_usd[0] == measure.value


def test_a_gap_of_okx_is_read_back_from_its_pages_and_one_of_binance_is_not(
    sandbox: Sandbox, wall: Wall, recording: Callable[..., Recording]
) -> None:
    made = recording()
    sandbox.clear_faults()
    before_ms = now_ms(wall) - HOUR_MS

    async def act(recorded: Recording) -> None:
        await recorded.advance(30)  # budgets refill as time passes
        await recorded.until_kept("BTC", Venue.OKX, before_ms)

    made.run(act)

    assert len(kept("BTC", Venue.OKX)) > 280
    assert kept("BTC", Venue.BINANCE) == {}
    assert sandbox.violations == ()


def test_pages_that_fail_are_left_alone_for_some_minutes(
    sandbox: Sandbox, wall: Wall, recording: Callable[..., Recording]
) -> None:
    async def act(recorded: Recording) -> None:
        await recorded.advance(120)
        await until(lambda: sandbox.calls("okx", PAGES) > 0)
        await recorded.advance(60)

    recording().run(act)

    assert sandbox.calls("okx", PAGES) <= 4


def test_the_database_may_be_away_for_a_while(
    wall: Wall, recording: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ms = now_ms(wall)
    append, away, tried = series.append, threading.Event(), threading.Event()

    def flaky(updates: list[series.Update]) -> None:
        if away.is_set():
            tried.set()
            raise OperationalError("away")
        append(updates)

    monkeypatch.setattr(series, "append", flaky)

    async def act(recorded: Recording) -> None:
        away.set()
        await recorded.advance(2 * BUCKET_S + 30)
        await until(tried.is_set)
        away.clear()
        await recorded.advance(2 * recorder.WRITE_AGAIN_S)
        for bucket in (0, 1):
            await recorded.until_kept("BTC", Venue.BINANCE, start_ms + bucket * BUCKET_MS)

    recording(Venue.BINANCE).run(act)

    assert len(kept("BTC", Venue.BINANCE)) == 2


def test_a_write_that_hangs_for_an_hour_loses_nothing_of_it(
    wall: Wall, recording: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ms = now_ms(wall)
    append, hanging, over = series.append, threading.Event(), threading.Event()

    def slow(updates: list[series.Update]) -> None:
        hanging.set()
        assert over.wait(60.0)
        append(updates)

    monkeypatch.setattr(series, "append", slow)

    async def act(recorded: Recording) -> None:
        try:
            await recorded.advance(BUCKET_S + 30, step_s=15.0)
            await until(hanging.is_set)
            await recorded.advance(HOUR_S, step_s=15.0)
        finally:
            over.set()
        await recorded.until_kept("BTC", Venue.BINANCE, start_ms + 12 * BUCKET_MS)

    recording(Venue.BINANCE).run(act)

    assert set(kept("BTC", Venue.BINANCE)) >= {start_ms + n * BUCKET_MS for n in range(13)}


def test_beyond_a_day_of_waiting_the_oldest_buckets_are_given_up() -> None:
    waiting = keeper.Keeper(Venue.BINANCE)
    rows = {n * BUCKET_MS: {"BTC": (1.0, 0.0)} for n in range(keeper.MOST_WAITING + 2)}

    waiting.take(rows)

    assert min(waiting.waiting()) == 2 * BUCKET_MS


def test_what_changed_while_it_was_written_is_written_again() -> None:
    waiting = keeper.Keeper(Venue.BINANCE)
    waiting.take({0: {"BTC": (1.0, 0.0), "ETH": (0.0, 0.0)}})
    batch = waiting.waiting()
    waiting.take({0: {"BTC": (2.0, 0.0)}})

    waiting.written(batch)

    assert waiting.waiting() == {0: {"BTC": (2.0, 0.0)}}


def test_where_binance_is_not_served_okx_goes_on_and_health_says_so(
    sandbox: Sandbox, wall: Wall, recording: Callable[..., Recording], admin_client: Client
) -> None:
    start_ms = now_ms(wall)
    sandbox.fault("binance", "http_451", path="/market/ws")
    made = recording()

    async def connected() -> None:
        await until(lambda: len(made.connector.open) == 1)

    made.connected = connected  # type: ignore[method-assign]

    async def act(recorded: Recording) -> None:
        await recorded.advance(BUCKET_S + 30)
        await recorded.until_kept("BTC", Venue.OKX, start_ms)
        await recorded.advance(2 * recorder.STATUS_EVERY_S)

    made.run(act)

    found = probe_recorder()
    assert found.state == "degraded"
    assert found.detail == "not heard: binance"
    assert "not served" in found.data["binance"]["detail"]
    assert found.data["okx"]["detail"] == "listening"
    assert found.data["okx"]["covered_24h_share"] > 0.0
    assert found.data["binance"]["covered_24h_share"] == 0.0
    page = admin_client.get(reverse("admin:market_providerstatus_changelist")).content.decode()
    assert "not heard: binance" in page
    assert "this country is not served" in page


def test_without_a_recorder_health_says_what_stands_in(wall: Wall, db: None) -> None:
    found = probe_recorder()

    assert found.state == "degraded"
    assert "no recorder runs" in found.detail


def test_with_a_standing_clock_nothing_is_recorded(settings: Settings) -> None:
    assert recorder.is_wanted()
    settings.CLOCK_AT_MS = clock.now_ms()

    assert not recorder.is_wanted()
    assert probe_recorder().state == "ok"


def test_a_venue_without_a_stream_is_left_out(settings: Settings, tmp_path: Path) -> None:
    settings.BINANCE_STREAM_URL = None

    assert [spec.venue for spec in recorder.configured_streams()] == [Venue.OKX]

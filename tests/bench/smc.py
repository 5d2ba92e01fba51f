"""The live structure analyzer against ``smartmoneyconcepts``, and the windows of a scan.

Neither waits for anything nor uses a second core, so CPU time is what they take on a core of their
own; by the clock they would be measured together with whatever else the machine does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import process_time
from typing import Any

from market.types import Candles, Interval
from market.windows import window_candles
from smartmoney.smc import WINDOW_CANDLES, analyze, find_structure
from smartmoney.smc.fair_value_gaps import find_gaps
from smartmoney.smc.frame import SWING_CANDLES, frame_of
from smartmoney.smc.structure import find_breaks
from smartmoney.smc.swings import find_swings
from tests.bench import peer_smc
from tests.bench.report import heading, row, table_head
from tests.bench.smc_markets import random_walk, recorded_markets

# Candles, rounds of the peer, calls of ours within a round.
SIZES = ((500, 15, 20), (10_000, 5, 5), (100_000, 1, 3))
# Windows of a scan that the peer is asked for, before ours and after.
PEER_WINDOWS = 20
SCAN_COINS, SCAN_INTERVALS = 300, (Interval.M15, Interval.H1, Interval.H4, Interval.D1)


def run() -> None:
    heading("SMC: the live analyzer against smartmoneyconcepts 0.0.27, swing length 5")
    table_head("what", "ours", "peer", "ratio", "target")
    for count, rounds, calls in SIZES:
        _against_peer(random_walk(count, seed=7), rounds, calls)
    heading("SMC: what a scan asks for")
    table_head()
    window = random_walk(WINDOW_CANDLES, seed=7)
    seconds = statistics.median(_seconds(lambda: analyze(window)) for _ in range(200))
    row("all structures of 500 candles, told as objects", f"{1e3 * seconds:.2f} ms", "≤ 2 ms")
    windows = scan_windows()
    scan = f"{len(windows):,} windows (300 coins × 4 timeframes) of 500 candles"
    sample = windows[:: len(windows) // PEER_WINDOWS]
    frames = [peer_smc.data_frame(candles) for candles in sample]
    peer_s = [_seconds(lambda data=data: _peer_all(data)) for data in frames]
    scan_s = {
        what: _seconds(lambda function=function: [function(candles) for candles in windows])
        for what, function in (("told as objects", analyze), ("as columns", find_structure))
    }
    peer_s += [_seconds(lambda data=data: _peer_all(data)) for data in frames]
    peer_scan_s = statistics.mean(peer_s) * len(windows)
    for what, seconds in scan_s.items():
        figure = f"{seconds:.2f} s of one core, {peer_scan_s / seconds:.0f} × the peer"
        row(f"{scan}, {what}", figure, "≤ 1 s")
    row(f"the peer, all but the objects, extrapolated from {len(sample)}", f"{peer_scan_s:.0f} s")


def scan_windows() -> list[Candles]:
    """Return 1,200 different windows, of recorded markets where there are any, else walks."""
    windows: list[Candles] = []
    for number, interval in enumerate(SCAN_INTERVALS):
        markets = [candles for _, candles in recorded_markets(interval)]
        for coin in range(SCAN_COINS):
            if not markets:
                windows.append(random_walk(WINDOW_CANDLES, 1_000 * number + coin, interval))
                continue
            candles = markets[coin % len(markets)]
            span = len(candles) - WINDOW_CANDLES
            last = WINDOW_CANDLES - 1 + span * coin // (SCAN_COINS - 1)
            closed_ms = int(candles.open_time_ms[last]) + interval.ms
            windows.append(window_candles(candles, closed_ms, WINDOW_CANDLES))
    return windows


def _peer_all(data: Any) -> None:
    _, peer = peer_smc.load()
    swings = peer.swing_highs_lows(data, SWING_CANDLES)
    peer.fvg(data)
    peer.bos_choch(data, swings)
    peer.ob(data, swings)
    peer.liquidity(data, swings)


def _against_peer(candles: Candles, rounds: int, calls: int) -> None:
    _, peer = peer_smc.load()
    data = peer_smc.data_frame(candles)

    def ours() -> None:
        frame = frame_of(candles)
        find_gaps(frame)
        find_breaks(find_swings(frame))

    def theirs() -> None:
        swings = peer.swing_highs_lows(data, SWING_CANDLES)
        peer.fvg(data)
        peer.bos_choch(data, swings)

    target = "≥ 80" if len(candles) >= 100_000 else "≥ 50"
    for what, mine, other, least in (
        ("swings, FVG, BOS/CHoCH", ours, theirs, target),
        (
            "with order blocks and liquidity",
            lambda: find_structure(candles),
            lambda: _peer_all(data),
            "≥ 20",
        ),
    ):
        mine()
        other_s, mine_s = [], []
        for _ in range(rounds):
            other_s.append(_seconds(other))
            mine_s.append(statistics.median(_seconds(mine) for _ in range(calls)))
        ratio = statistics.median(slow / fast for slow, fast in zip(other_s, mine_s, strict=True))
        print(
            f"| {len(candles):,} candles: {what} | {1e3 * statistics.median(mine_s):.2f} ms "
            f"| {1e3 * statistics.median(other_s):,.0f} ms | {ratio:.0f} × | {least} × |",
            flush=True,
        )


def _seconds(function: Callable[[], object]) -> float:
    started = process_time()
    function()
    return process_time() - started

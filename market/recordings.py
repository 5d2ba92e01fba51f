"""Recorded markets as histories: files of past data in, ``MarketHistory`` out.

For backtests, calibration, tests and the sandbox's replays; never for live answers. What the files
look like is in ``market.recording_formats``; here the best of them are chosen for a span of time.
"""

from __future__ import annotations

from pathlib import Path

from market.recording_formats import Quantity, Recording, may_hold, read_recordings
from market.resample import resample
from market.snapshot import MarketHistory, ReadingName
from market.types import Candles, Interval, LiquidationBuckets, Series, Symbol

_FOLDERS = ("candles", "funding", "metrics", "liquidations", "fear_greed")


def load_history(directory: Path, symbol: Symbol, *, from_ms: int, to_ms: int) -> MarketHistory:
    """Return what is recorded for one coin, choosing per quantity the best file for a span.

    Files of one quantity differ in venue and resolution, so they are never joined: the one that
    covers most of ``from_ms`` to ``to_ms`` is taken whole, of equals the finer. A bar length is
    made of shorter bars where those cover more. Quantities without a file in the span are absent.
    """
    best: dict[Quantity, Recording] = {}
    for recording in list_recordings(directory, symbol):
        _keep_better(best, recording, from_ms, to_ms)
    shorter: Recording | None = None
    for interval in Interval:
        if shorter is not None:
            _keep_better(best, _resampled(shorter, interval), from_ms, to_ms)
        own = best.get(interval)
        if own is not None and (
            shorter is None or own.covered_ms(from_ms, to_ms) >= shorter.covered_ms(from_ms, to_ms)
        ):
            shorter = own
    candles: dict[Interval, Candles] = {}
    series: dict[ReadingName, Series] = {}
    liquidations: LiquidationBuckets | None = None
    for quantity, recording in best.items():
        if isinstance(recording.data, LiquidationBuckets):
            liquidations = recording.data
        elif isinstance(recording.data, Candles):
            candles[recording.data.interval] = recording.data
        elif isinstance(quantity, ReadingName):
            series[quantity] = recording.data
    return MarketHistory(candles=candles, series=series, liquidations=liquidations)


def _keep_better(
    best: dict[Quantity, Recording], recording: Recording, from_ms: int, to_ms: int
) -> None:
    def rank(of: Recording) -> tuple[int, int]:
        return of.covered_ms(from_ms, to_ms), -of.resolution_ms

    rival = best.get(recording.quantity)
    if rank(recording)[0] > 0 and (rival is None or rank(recording) > rank(rival)):
        best[recording.quantity] = recording


def _resampled(recording: Recording, interval: Interval) -> Recording:
    if not isinstance(recording.data, Candles):
        raise TypeError(f"{recording.quantity} of {recording.path.name} has no bars")
    bars = resample(recording.data, interval)
    ends_ms = bars.open_time_ms + interval.ms
    known_from_ms, known_to_ms = (int(ends_ms[0]), int(ends_ms[-1])) if len(bars) else (0, 0)
    return Recording(recording.path, interval, interval.ms, bars, known_from_ms, known_to_ms)


def list_recordings(directory: Path, symbol: Symbol) -> list[Recording]:
    """Return every recorded quantity of one coin; raise UnreadableRecording for a strange file."""
    found: list[Recording] = []
    for folder in _FOLDERS:
        for path in sorted((directory / folder).glob("*.csv*")):
            if may_hold(path, symbol):
                found.extend(read_recordings(path, symbol))
    return found

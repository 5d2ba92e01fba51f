"""Which recording answers for a coin, a quantity and an instant, for ``replay``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from market.recording_formats import Recording
from market.recordings import list_recordings
from market.snapshot import ReadingName
from market.types import Candles, FloatArray, Int64Array, LiquidationBuckets, Series, Symbol

_CANDLE_FILE = re.compile(r"^(?:okx_)?([A-Z0-9]+?)-?USDT(?:-SWAP)?_perp_")

Wanted = Callable[[Recording], bool]


def from_anywhere(_recording: Recording) -> bool:
    return True


def from_okx(recording: Recording) -> bool:
    return recording.path.name.startswith("okx_")


def from_binance(recording: Recording) -> bool:
    """Also what an aggregator collected, which is mostly Binance's."""
    return not from_okx(recording)


def of_one_exchange(wanted: Wanted) -> Wanted:
    """Leave out what an aggregator averaged over exchanges."""
    return lambda recording: wanted(recording) and "weighted" not in recording.path.name


class RecordedCoins:
    """The recordings of one folder, read coin by coin when first asked for."""

    def __init__(self, directory: Path, symbols: tuple[str, ...] = ()) -> None:
        self._directory = directory
        self.bases = symbols or _recorded_bases(directory)
        self._loaded: dict[str, list[Recording]] = {}

    def covering(self, base: str, now_ms: int, wanted: Wanted = from_anywhere) -> list[Recording]:
        """Return the recordings of a coin that reach the instant, finest first."""
        if base not in self._loaded:
            self._loaded[base] = list_recordings(self._directory, Symbol(base))
        reaching = [
            recording
            for recording in self._loaded[base]
            if wanted(recording)
            and recording.known_from_ms <= now_ms < recording.known_to_ms + recording.resolution_ms
        ]
        return sorted(reaching, key=lambda recording: recording.resolution_ms)

    def candles(self, base: str, now_ms: int, wanted: Wanted = from_anywhere) -> list[Candles]:
        """Return the bars that reach the instant, shortest first."""
        found = self.covering(base, now_ms, wanted)
        return [each.data for each in found if isinstance(each.data, Candles)]

    def series(
        self, base: str, quantity: ReadingName, now_ms: int, wanted: Wanted
    ) -> Series | None:
        """Return what had been observed by the instant; never empty."""
        for recording in self.covering(base, now_ms, wanted):
            data = recording.data
            if recording.quantity == quantity and isinstance(data, Series):
                known = int(np.searchsorted(data.ts_ms, now_ms, side="right"))
                return Series(data.ts_ms[:known], data.values[:known], data.max_age_ms)
        return None

    def liquidations(self, base: str, now_ms: int) -> LiquidationBuckets | None:
        for recording in self.covering(base, now_ms):
            if isinstance(recording.data, LiquidationBuckets):
                return recording.data
        return None

    def since_ms(self, base: str, now_ms: int, wanted: Wanted) -> int | None:
        """Return where the earliest of the recordings that reach the instant begins."""
        begins = (r.known_from_ms - r.resolution_ms for r in self.covering(base, now_ms, wanted))
        return min(begins, default=None)

    def close(self, base: str, at_ms: int, wanted: Wanted = from_anywhere) -> float | None:
        """Return the last close by an instant, of the shortest bars there are."""
        for candles in self.candles(base, at_ms, wanted):
            closed = int(
                np.searchsorted(candles.open_time_ms, at_ms - candles.interval.ms, "right")
            )
            if closed:
                return float(candles.close[closed - 1])
        return None

    def closes(self, base: str, at_ms: Int64Array, now_ms: int) -> FloatArray:
        """Return the last closes by instants, all out of one recording; NaN before it begins."""
        covering = self.candles(base, now_ms)
        if not covering:
            return np.full(len(at_ms), np.nan)
        candles = covering[0]
        closed = np.searchsorted(candles.open_time_ms, at_ms - candles.interval.ms, "right")
        return np.where(closed > 0, candles.close[np.maximum(closed, 1) - 1], np.nan)


def _recorded_bases(directory: Path) -> tuple[str, ...]:
    names = (_CANDLE_FILE.match(path.name) for path in sorted((directory / "candles").glob("*")))
    return tuple(dict.fromkeys(match[1] for match in names if match))

"""``smartmoney.smc.compat`` against the library it reproduces: every column, row by row, equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from market.types import DAY_MS, HOUR_MS, Candles, FloatArray
from smartmoney.smc import compat
from tests.bench import peer_smc
from tests.bench.report import heading, row, table_head
from tests.bench.smc_markets import random_walk, recorded_candles

# Candles and swing length of each group of 25 random walks.
WALKS = (
    (60, 5), (200, 2), (500, 2), (500, 5), (500, 10), (500, 50), (2_000, 5), (2_000, 50),
)  # fmt: skip
WALKS_PER_GROUP = 25
RECORDED_SWING_LENGTH = 10

Columns = Sequence[FloatArray]


def compare(candles: Candles, swing_length: int) -> Iterator[tuple[str, int, bool]]:
    """Yield (function, rows with a result, whether all columns are equal)."""
    pd, peer = peer_smc.load()
    frame = peer_smc.data_frame(candles)
    opened, high, low, close = candles.open, candles.high, candles.low, candles.close

    theirs = peer.swing_highs_lows(frame, swing_length)
    swings = compat.swing_highs_lows(high, low, swing_length)
    yield _compared("swings", swings, theirs)
    high_low, level = swings

    for join in (False, True):
        ours = compat.fvg(opened, high, low, close, join_consecutive=join)
        yield _compared("fvg", ours, peer.fvg(frame, join_consecutive=join))

    for by_close in (True, False):
        events = peer.bos_choch(frame, theirs, close_break=by_close)
        # It deletes an event without its BrokenIndex; those rows hold no event.
        events.loc[events.BOS.isna() & events.CHOCH.isna(), "BrokenIndex"] = np.nan
        ours = compat.bos_choch(high, low, close, high_low, level, close_break=by_close)
        yield _compared("bos/choch", ours, events)

    volume = candles.volume_base
    for by_close in (False, True):
        blocks = compat.ob(opened, high, low, close, volume, high_low, close_mitigation=by_close)
        yield _compared("ob", blocks, peer.ob(frame, theirs, close_mitigation=by_close))

    yield _compared(
        "liquidity", compat.liquidity(high, low, *swings), peer.liquidity(frame, theirs)
    )

    frame.index = pd.to_datetime(candles.open_time_ms, unit="ms")
    for name, period_ms in (("1D", DAY_MS), ("4h", 4 * HOUR_MS)):
        previous = compat.previous_high_low(candles.open_time_ms, high, low, period_ms)
        yield _compared("previous high/low", previous, peer.previous_high_low(frame, name))


def _compared(name: str, ours: Columns, theirs: Any) -> tuple[str, int, bool]:
    columns = [theirs[column].to_numpy(dtype=np.float64) for column in theirs.columns]
    equal = len(ours) == len(columns) and all(
        np.array_equal(mine, other, equal_nan=True)
        for mine, other in zip(ours, columns, strict=True)
    )
    return name, int(np.count_nonzero(~np.isnan(columns[0]))), equal


def run() -> None:
    heading("SMC: the compat functions against smartmoneyconcepts 0.0.27")
    walks = [
        (random_walk(count, seed), length)
        for count, length in WALKS
        for seed in range(WALKS_PER_GROUP)
    ]
    recorded = [(candles, RECORDED_SWING_LENGTH) for _, candles in recorded_candles()]
    table_head("what", "results compared", "series that differ")
    for name, series in (("random walks", walks), ("recorded", recorded)):
        counts: dict[str, int] = {}
        differing: dict[str, set[int]] = {}
        for number, (candles, length) in enumerate(series):
            for function, results, equal in compare(candles, length):
                counts[function] = counts.get(function, 0) + results
                differing.setdefault(function, set())
                if not equal:
                    differing[function].add(number)
        for function, results in counts.items():
            row(
                f"{function}, {len(series)} {name}",
                f"{results:,}",
                f"{len(differing[function])} (target 0)",
            )

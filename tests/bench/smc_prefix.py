"""Every prefix of the recorded candles through the live analyzer: nothing told is rewritten.

Two proofs at each prefix: the ledger reads what was told and finds any object that came late,
changed or went early; and what the window of the last candles tells equals what the columns of the
whole history say was known by then.
"""

from __future__ import annotations

from dataclasses import fields
from time import perf_counter

import numpy as np

from market.types import Candles, Interval
from market.windows import window_candles
from smartmoney.smc import CANDLES_NEEDED, Structure, analyze, find_structure
from smartmoney.smc.frame import MEMORY_CANDLES, NEVER, WINDOW_CANDLES
from tests.bench.report import heading, row, table_head
from tests.bench.smc_markets import recorded_markets
from tests.smartmoney.smc.ledger import Ledger

INTERVALS = (Interval.M15, Interval.H1, Interval.H4)
LEAST_PREFIXES = 2_000
# Every so many prefixes the window's columns are compared with those of the whole history.
COMPARE_EVERY = 50


def run() -> None:
    heading("SMC: every prefix of the recorded candles")
    table_head("market", "prefixes", "objects, events told", "rewrites", "windows ≠ whole history")
    for interval in INTERVALS:
        for symbol, candles in recorded_markets(interval):
            started = perf_counter()
            ledger, differing, compared = read_every_prefix(candles)
            short = " (fewer than 2,000 recorded)" if len(candles) < LEAST_PREFIXES else ""
            row(
                f"{symbol} {interval}{short} | {len(candles):,}",
                f"{ledger.objects:,}, {ledger.events:,} in {perf_counter() - started:.0f} s",
                f"{len(ledger.rewrites)} (target 0) | {differing} of {compared:,} (target 0)",
            )
            for rewrite in ledger.rewrites[:5]:
                print(f"  rewrite: {rewrite}")


def read_every_prefix(candles: Candles) -> tuple[Ledger, int, int]:
    """Return the ledger, and of how many compared windows the columns differed."""
    whole = find_structure(candles)
    ledger, differing, compared = Ledger(), 0, 0
    for count in range(1, len(candles) + 1):
        closed_ms = int(candles.open_time_ms[count - 1]) + candles.interval.ms
        window = window_candles(candles, closed_ms, WINDOW_CANDLES)
        structure = analyze(window)
        if structure is None:
            raise RuntimeError("a prefix without candles")
        ledger.read(structure)
        if count >= CANDLES_NEEDED and count % COMPARE_EVERY == 0:
            compared += 1
            first = count - len(window)
            differing += known_by(whole, count) != known_by(find_structure(window), count, first)
    return ledger, differing, compared


Rows = dict[str, list[tuple[float, ...]]]


def known_by(structure: Structure, count: int, first: int = 0) -> Rows:
    """Return the rows known within the memory before candle ``count``, later events left out.

    ``first`` is the position of the structure's own first candle.
    """
    found: Rows = {}
    for name in ("swings", "breaks", "gaps", "blocks"):
        columns = getattr(structure, name)
        known = (columns.candle if name == "breaks" else columns.known) + first
        is_told = (known < count) & (known >= count - MEMORY_CANDLES)
        told = []
        for field in fields(columns):
            values = getattr(columns, field.name)[is_told]
            if field.name in POSITIONS:
                values = np.where(values == NEVER, NEVER, values + first)
                values = np.where(values < count, values, NEVER)
            told.append(values.tolist())
        found[name] = sorted(zip(*told, strict=True))
    return found


POSITIONS = frozenset(
    {
        "candle", "known", "swept", "broken", "touched", "filled", "mitigated", "level_candle",
        "leg_start",
    }
)  # fmt: skip

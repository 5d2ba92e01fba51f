"""Rendered bars, kept: the same closed bar is asked for again and again and never changes.

Between the vendor modules, which know how a row looks, and the source, which knows its numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from market.sandbox.bars import Bars, BarSpec
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS

RenderRows = Callable[[Contract, BarSpec, Bars], list[bytes]]

_CHUNK_BARS = 32
_KEPT_CHUNKS = 10_000  # about 5 kB each


@dataclass(slots=True)
class _Chunk:
    rows: list[bytes]
    start: int  # position of the first row on the interval's grid
    known_to: int  # closed bars up to this position are rendered


class BarPages:
    def __init__(self, source: MarketSource, render: RenderRows) -> None:
        self._source = source
        self._render = render
        self._chunks: Recent[_Chunk] = Recent(_KEPT_CHUNKS)

    def rows(
        self, contract: Contract, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
    ) -> list[bytes]:
        """Return the rows of bars that open in [first, last], ascending, with the forming one."""
        if not self._source.simulated or spec.months or spec.step_ms > DAY_MS:
            bars = self._source.bars(contract, spec, first_ms, last_ms, now_ms)
            return self._render(contract, spec, bars)
        first, last = self._position(spec, first_ms), self._position(spec, last_ms)
        if first * spec.step_ms + spec.offset_ms < first_ms:
            first += 1
        closed = min(last, self._position(spec, now_ms) - 1)
        self._make(
            contract, spec, range(first // _CHUNK_BARS, closed // _CHUNK_BARS + 1), closed, now_ms
        )
        rows: list[bytes] = []
        for number in range(first // _CHUNK_BARS, closed // _CHUNK_BARS + 1):
            chunk = self._chunks.get((contract.symbol, spec.label, number))
            if chunk is not None:
                stop = min(closed, chunk.known_to) + 1 - chunk.start
                rows += chunk.rows[max(0, first - chunk.start) : max(0, stop)]
        if last > closed:
            open_ms = (closed + 1) * spec.step_ms + spec.offset_ms
            bars = self._source.bars(contract, spec, max(first_ms, open_ms), last_ms, now_ms)
            rows += self._render(contract, spec, bars)
        return rows

    def _make(
        self, contract: Contract, spec: BarSpec, numbers: range, closed: int, now_ms: int
    ) -> None:
        """Render what is missing of some chunks, up to the last closed bar, in one go."""

        def wanted(number: int) -> int:
            return min(number * _CHUNK_BARS + _CHUNK_BARS - 1, closed)

        kept = {
            number: self._chunks.get((contract.symbol, spec.label, number)) for number in numbers
        }
        missing = [n for n, chunk in kept.items() if chunk is None or chunk.known_to < wanted(n)]
        if not missing:
            return
        oldest = kept[missing[0]]
        start = missing[0] * _CHUNK_BARS if oldest is None else oldest.known_to + 1
        bars = self._source.bars(
            contract,
            spec,
            start * spec.step_ms + spec.offset_ms,
            wanted(missing[-1]) * spec.step_ms + spec.offset_ms,
            now_ms,
        )
        rendered = self._render(contract, spec, bars)
        # Bars are contiguous from the listing on: positions count rows.
        begin = self._position(spec, int(bars.open_time_ms[0])) if len(bars) else start
        for number in missing:
            chunk = kept[number]
            known = number * _CHUNK_BARS - 1 if chunk is None else chunk.known_to
            first = max(known + 1, begin)
            rows = rendered[first - begin : max(0, wanted(number) + 1 - begin)]
            if chunk is None or not chunk.rows:
                chunk = _Chunk(rows, first, wanted(number))
            else:
                chunk.rows += rows
                chunk.known_to = wanted(number)
            self._chunks.put((contract.symbol, spec.label, number), chunk)

    @staticmethod
    def _position(spec: BarSpec, at_ms: int) -> int:
        return (at_ms - spec.offset_ms) // spec.step_ms

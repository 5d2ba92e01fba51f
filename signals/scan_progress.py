"""How far a scan is, as text: a bar that is drawn over on a terminal, lines elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from signals.models import ScanBatch, ScanRun

# A worker is woken at once, and again by the sweep after ten seconds.
NO_WORKER_AFTER = timedelta(seconds=20)
_WIDEST_BAR = 40


class Output(Protocol):
    def write(self, msg: str, *, ending: str | None = None) -> object: ...

    def flush(self) -> object: ...


class Display:
    """Shows runs as they proceed."""

    def __init__(self, out: Output, is_terminal: bool) -> None:
        self._out = out
        self._is_terminal = is_terminal
        self._shown = ""

    def show(self, runs: Sequence[ScanRun]) -> None:
        counts = counted(runs)
        took_s = max(run.elapsed for run in runs).total_seconds()
        if self._is_terminal:
            line = f"{bar(runs, self._bar_width())} {counts}, {took_s:.0f} s"
            self._out.write("\r" + line.ljust(len(self._shown)), ending="")
            self._out.flush()
            self._shown = line
        elif counts != self._shown:
            self._out.write(f"{counts}, {took_s:.0f} s")
            self._shown = counts

    def say(self, sentence: str) -> None:
        """Write a line of its own."""
        self.end()
        self._out.write(sentence)

    def end(self) -> None:
        if self._is_terminal and self._shown:
            self._out.write("")
            self._shown = ""

    def _bar_width(self) -> int:
        return max(10, min(_WIDEST_BAR, shutil.get_terminal_size().columns - 60))


def bar(runs: Sequence[ScanRun], width: int) -> str:
    """Return a bar over all runs together."""
    full = width * _total(runs, "answered") // max(1, _total(runs, "requested"))
    return f"[{'#' * full}{'.' * (width - full)}]"


def counted(runs: Sequence[ScanRun]) -> str:
    """Return what has come out of all runs together so far."""
    counts = {what: _total(runs, what) for what in ("failed", "skipped", "published")}
    parts = [f"{_total(runs, 'answered')}/{_total(runs, 'requested')} coins"]
    parts += [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(parts)


def _total(runs: Sequence[ScanRun], count: str) -> int:
    return sum(getattr(run, count) for run in runs)


def summary(run: ScanRun) -> str:
    """Return what came out of a run that is over."""
    told = (
        f"{run.name}: {run.state} in {run.elapsed.total_seconds():.1f} s. {run.done} of "
        f"{run.requested} coins evaluated, {run.published} signals published"
    )
    for count, what in (
        (run.insufficient, "with too little known for a direction"),
        (run.failed, "failed"),
        (run.skipped, "skipped"),
        (run.left, "not reached"),
    ):
        told += f", {count} {what}" if count else ""
    return told + "."


def no_worker_hint(runs: Sequence[ScanRun], now: datetime) -> str:
    """Return advice when nobody has claimed anything of what waits for long; empty otherwise."""
    waiting = [run for run in runs if not run.is_over]
    if any(now - run.started_at < NO_WORKER_AFTER for run in waiting):
        return ""
    if not waiting or ScanBatch.objects.filter(run__in=waiting, attempt__gt=0).exists():
        return ""
    return (
        "No worker has taken it yet. ./run up starts one; scan --here works without. Ctrl-C leaves "
        "the run waiting."
    )

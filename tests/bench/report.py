"""How a figure is printed, so that it can be pasted into ``docs/benchmarks.md``."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter


def machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.machine()}, "
        f"CPython {platform.python_version()}"
    )


def heading(title: str) -> None:
    print(f"\n## {title}\n", flush=True)


def row(what: str, figure: str, target: str = "") -> None:
    print(f"| {what} | {figure} | {target} |", flush=True)


def table_head(*columns: str) -> None:
    names = columns or ("what", "figure", "target")
    print("| " + " | ".join(names) + " |")
    print("|" + " --- |" * len(names), flush=True)


def quantile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def median_s(function: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of ``rounds`` calls after one warm-up call."""
    function()
    took = []
    for _ in range(rounds):
        started = perf_counter()
        function()
        took.append(perf_counter() - started)
    return statistics.median(took)

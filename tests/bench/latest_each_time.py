"""Web as shipped, but that reads the latest signals for each request, as the bench's peer does.

``python -m tests.bench.latest_each_time --host … --port …``; granian's workers are forks of this.
"""

from __future__ import annotations

from analytics import latest
from analytics.api import viewsets
from analytics.latest import LatestSignals, latest_signals
from config import web


def read_each_time(limit: int) -> LatestSignals:
    latest.forget()
    return latest_signals(limit)


if __name__ == "__main__":
    viewsets.latest_signals = read_each_time
    web.main()

"""Web as shipped, but that reads the latest signals for each request, as the bench's peer does.

``python -m tests.bench.latest_each_time --host … --port …``; granian's workers are forks of this.
"""

from __future__ import annotations

from config import web


def main() -> None:
    # After web's own import, which sets Django up.
    from analytics import latest
    from analytics.api import viewsets

    kept = latest.latest_signals

    def read_each_time(limit: int) -> latest.LatestSignals:
        latest.forget()
        return kept(limit)

    viewsets.latest_signals = read_each_time
    web.main()


if __name__ == "__main__":
    main()

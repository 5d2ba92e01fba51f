"""A worker for ``tests.bench.scan``: a process that claims batches, as a Celery worker would.

``start N`` begins a scan of the N largest coins; ``work`` says that it is ready, waits for a line,
works until no batch is free and says so. Our own budgets are out of the way, so that what is
measured is the work; the vendors' limits are the sandbox's to scale.
"""

from __future__ import annotations

import sys


def main(what: str, count: int = 0) -> None:
    import django

    django.setup()
    from django.conf import settings

    from market.fill import largest
    from signals import batches, scans
    from signals.models import ScanRun

    settings.PROVIDER_BUDGET_SHARE = 1000.0
    if what == "start":
        run = scans.start_run([coin.symbol.base for coin in largest(count)])
        print(run.pk)
    elif what == "told":
        run = ScanRun.objects.latest("pk")
        print(run.requested, run.done, run.insufficient, run.failed)
    else:
        print("ready", flush=True)
        sys.stdin.readline()
        batches.run_batches()
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

"""A process of its own that works scans: ``python -m`` this module ``share`` or ``die``.

``share`` works batches until none is free and prints how many it did; ``die`` claims one, publishes
its first signal, says so and waits to be killed.
"""

from __future__ import annotations

import sys

import django


def main(what: str) -> None:
    django.setup()
    from signals import batches
    from signals.services import publish_signal
    from tests.signals.scan_work import HandMade

    made = HandMade()
    batches.evaluate_batch = made
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if what == "share":
        batches.run_batches()
        sys.stdout.write(f"{len(made.asked)}\n")
        return
    batch = batches.claim_batch()
    assert batch is not None
    publish_signal(made(batch.symbols, "", share=1.0).evaluations[0])
    sys.stdout.write("half\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1])

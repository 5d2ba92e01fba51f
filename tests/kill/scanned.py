"""A program: start a scan of coins in the environment of a service, and work it here or not.

``python -m tests.kill.scanned started|worked COIN,COIN…``; with ``worked`` nobody else is needed
and nothing interrupts it: what it publishes is what any other way of working has to publish.
"""

from __future__ import annotations

import sys

import django

# The profile that publishes most.
PROFILE = "aggressive"


def main(how: str, coins: list[str]) -> None:
    from signals import batches, scans

    run = scans.start_run(coins, profile_name=PROFILE)
    if how == "worked":
        batches.run_batches({run.pk})


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1], sys.argv[2].split(","))

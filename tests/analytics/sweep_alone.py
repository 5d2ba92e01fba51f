"""A process of its own that owes and fills outcomes from the sandbox: ``python -m`` this module.

It says what it is about to do, so that it can be killed there.
"""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    from analytics.outcomes import claim_group, fill_group
    from analytics.owed import owe_outcomes
    from market import clock
    from market.providers.runtime import ProviderRuntime, use_runtime
    from market.sandbox.handle import Sandbox
    from market.sandbox.simulated import SimulatedMarket
    from tests.market.conftest import AT_MS, SEED, until_time_of_day

    clock.fix(AT_MS)
    sandbox = Sandbox(SimulatedMarket(SEED))
    with (
        clock.wall_shifted(until_time_of_day(AT_MS)),
        use_runtime(ProviderRuntime(client_factory=sandbox.client_factory())),
    ):
        owe_outcomes()
        while rows := claim_group():
            say(f"claimed {rows[0].symbol}")
            fill_group(rows)
    say("done")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

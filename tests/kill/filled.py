"""A program: read the windows of many coins into the database, as an hour of scans would.

``python -m tests.kill.filled COUNT`` in the environment of a service. It asks the sandbox in this
process and moves the wall clock on between waves, so that no budget has to be waited for; what it
reads is what the served sandbox of the same seed and instant says. Prints the coins.
"""

from __future__ import annotations

import sys

import django

COINS_PER_WAVE = 10
# A wave of ten coins asks for 60 statistics; Binance allows us 800 in five minutes.
WAVE_S = 60.0


def main(count: int) -> None:
    from market import clock, universe
    from market.fill import fill, largest
    from market.providers.runtime import ProviderRuntime, use_runtime
    from market.sandbox.app import DEFAULT_SEED
    from market.sandbox.handle import Sandbox
    from market.sandbox.simulated import SimulatedMarket

    # The lists of coins are made in this process, which a busy machine does not do within seconds.
    universe.REFRESH_DEADLINE_S = 60.0
    sandbox = Sandbox(SimulatedMarket(DEFAULT_SEED))
    with use_runtime(ProviderRuntime(client_factory=sandbox.client_factory())):
        coins = largest(count)
        for start in range(0, count, COINS_PER_WAVE):
            with clock.wall_shifted((1 + start // COINS_PER_WAVE) * WAVE_S):
                fill(coins[start : start + COINS_PER_WAVE], lambda _: None)
    print(",".join(coin.symbol.base for coin in coins))  # noqa: T201


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))

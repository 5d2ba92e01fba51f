"""``manage.py fill BTC ETH …`` or ``--top N``: read whole windows of coins into the series store.

Exit code 0: every coin has its windows; 1: some lack something, named; 2: a name is not known;
3: no provider answers; 130: stopped, what was read is kept.
"""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.fill import Filled, fill, largest
from market.instruments import UnknownSymbol
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument

EXIT_INCOMPLETE, EXIT_UNKNOWN, EXIT_UNAVAILABLE, EXIT_STOPPED = 1, 2, 3, 130
_MOST_COINS = 1000


class Command(BaseCommand):
    help = "Read whole windows of coins into the series store, inside the providers' budgets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("symbols", nargs="*", help="BTC, ethusdt, SOL-USDT-SWAP …")
        parser.add_argument(
            "--top", type=int, default=0, metavar="N", help="The N coins of largest market cap"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        coins = self._coins(options["symbols"], options["top"])
        display = _Display(self, len(coins))
        try:
            filled = fill(coins, display.show)
        except KeyboardInterrupt:
            display.end()
            raise CommandError(
                f"Stopped after {display.done} of {len(coins)} coins. What was read is kept; the "
                "same command goes on from there.",
                returncode=EXIT_STOPPED,
            ) from None
        display.end()
        incomplete = [coin for coin in filled if coin.missing]
        if incomplete:
            lines = [f"  {coin.base}  {missing}" for coin in incomplete for missing in coin.missing]
            raise CommandError(
                f"{len(incomplete)} of {len(filled)} coins lack something:\n" + "\n".join(lines),
                returncode=EXIT_INCOMPLETE,
            )
        self.stdout.write(f"{len(filled)} coins have their windows.")

    def _coins(self, names: list[str], top: int) -> list[Instrument]:
        if not names and not top:
            raise CommandError("Name coins, or give --top N.", returncode=EXIT_UNKNOWN)
        if not 0 <= top <= _MOST_COINS:
            raise CommandError(f"--top: 1 to {_MOST_COINS}.", returncode=EXIT_UNKNOWN)
        try:
            coins = [*map(resolve_symbol, names), *(largest(top) if top else ())]
        except UnknownSymbol as unknown:
            closest = ", ".join(unknown.suggestions)
            hint = f" Did you mean {closest}?" if closest else ""
            raise CommandError(
                f"Nothing tradable is called {unknown.text}.{hint}", returncode=EXIT_UNKNOWN
            ) from None
        except MarketUnavailable as unavailable:
            raise CommandError(unavailable.detail, returncode=EXIT_UNAVAILABLE) from None
        return list(dict.fromkeys(coins))


class _Display:
    """A bar on a terminal, a line per coin elsewhere."""

    def __init__(self, command: BaseCommand, total: int) -> None:
        self.done = 0
        self._total = total
        self._out = command.stdout
        self._is_terminal = command.stdout.isatty()

    def show(self, filled: Filled) -> None:
        self.done += 1
        state = "incomplete" if filled.missing else "ok"
        if not self._is_terminal:
            self._out.write(f"{self.done}/{self._total} {filled.base} {state}")
            return
        width = max(10, min(40, shutil.get_terminal_size().columns - 40))
        full = width * self.done // self._total
        self._out.write(
            f"\r[{'#' * full}{'.' * (width - full)}] {self.done}/{self._total} {filled.base:<16}",
            ending="",
        )
        self._out.flush()

    def end(self) -> None:
        if self._is_terminal and self.done:
            self._out.write("")

"""``manage.py evaluate BTC ETH``: what the engine says about coins now; published on request."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.instruments import UnknownSymbol
from market.services import MarketUnavailable, resolve_symbol
from signals.engine.types import Factor, SignalResult
from signals.exceptions import UnknownProfile
from signals.profiles import active_profile
from signals.rendering import price_decimal, price_text
from signals.services import evaluate_symbols, publish_evaluations

_HEADER = f"{'coin':<10}{'signal':<9}{'score':>6}  {'conf.':<7}{'cover':>6}{'price':>16}"


class Command(BaseCommand):
    help = "Evaluate coins; with --publish, store what the publishing rule lets through."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("symbols", nargs="+", metavar="SYMBOL", help="BTC, ETHUSDT, 1000PEPE …")
        parser.add_argument("--publish", action="store_true", help="store LONG and SHORT signals")
        parser.add_argument("--profile", help="scoring profile; the default one when absent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            profile = active_profile(options["profile"])
            # A coin named in two spellings is evaluated once.
            instruments = {
                instrument.symbol: instrument
                for instrument in map(resolve_symbol, options["symbols"])
            }
            evaluations = evaluate_symbols(list(instruments.values()), profile)
        except UnknownProfile as error:
            raise CommandError(
                f"no profile {error.name!r}; known: {', '.join(error.known)}"
            ) from error
        except UnknownSymbol as error:
            hint = f"; did you mean {', '.join(error.suggestions)}?" if error.suggestions else ""
            raise CommandError(f"unknown coin {error.text!r}{hint}") from error
        except MarketUnavailable as error:
            raise CommandError("no market data provider answered") from error

        self.stdout.write(f"profile {profile.name} v{profile.version}")
        self.stdout.write(_HEADER)
        for evaluation in evaluations:
            self._write(evaluation.result)
        if options["publish"]:
            self._publish(evaluations)

    def _write(self, result: SignalResult) -> None:
        score = "–" if result.score is None else f"{result.score:.2f}"
        price = "–" if result.price is None else price_text(price_decimal(result.price))
        self.stdout.write(
            f"{result.symbol:<10}{result.direction.value:<9}{score:>6}  "
            f"{result.confidence.value:<7}{result.coverage_pct:>5.0f}%{price:>16}"
        )
        for factor in Factor:
            told = result.factors[factor]
            contribution = "missing" if told.contribution is None else f"{told.contribution:+.2f}"
            self.stdout.write(f"    {factor.value:<18}{contribution:>8}  {told.reason}")
        for sentence in result.insufficient:
            self.stdout.write(f"    ! {sentence}")
        for problem in result.problems:
            self.stdout.write(f"    ! {problem.reading}, {problem.source}: {problem.detail}")

    def _publish(self, evaluations: list[Any]) -> None:
        signals = publish_evaluations(evaluations)
        for signal in signals:
            place = f"id {signal.pk}" if signal.pk else "in the backup, the database is away"
            self.stdout.write(
                self.style.SUCCESS(
                    f"published {signal.signal} {signal.symbol} seq {signal.seq} ({place})"
                )
            )
        if not signals:
            self.stdout.write("nothing published: neutral, or said already")

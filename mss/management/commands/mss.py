"""``manage.py mss BTC …``: score coins and show the phases; ``--replay ID`` recomputes one.

Without ``--store`` nothing is kept and nobody is told.
"""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from market.background_runs import TooManyScans
from market.services import MarketUnavailable
from mss.documents import result_document
from mss.engine.types import ENGINE_VERSION, MssResult
from mss.exceptions import UnknownCoin
from mss.models import MssScore
from mss.replay import replay
from mss.services import Analysis, analyze, analyze_and_store


class Command(BaseCommand):
    help = "Score coins in three phases; exit code 1 when one is unknown or a replay differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("coins", nargs="*", metavar="COIN", help="BTC, BTCUSDT, CoinGecko id …")
        parser.add_argument("--store", action="store_true", help="keep the scores, and alert")
        parser.add_argument("--json", action="store_true", help="a JSON document per line")
        parser.add_argument("--replay", type=int, metavar="ID", help="id of a stored score")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["replay"] is not None:
            self._replay(options["replay"])
            return
        if not options["coins"]:
            raise CommandError("name at least one coin, or a stored score with --replay")
        failed = False
        for text in options["coins"]:
            try:
                analysis, stored = self._analyze(text, store=options["store"])
            except UnknownCoin as unknown:
                self.stderr.write(f"{text}: {unknown.detail}")
                failed = True
            except (MarketUnavailable, TooManyScans) as error:
                raise CommandError(error.detail) from None
            else:
                self._show(analysis.result, stored, as_json=options["json"])
        if failed:
            sys.exit(1)

    def _analyze(self, text: str, *, store: bool) -> tuple[Analysis, MssScore | None]:
        return analyze_and_store(text) if store else (analyze(text), None)

    def _show(self, result: MssResult, stored: MssScore | None, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(result_document(result)).decode())
            return
        kept = "" if stored is None else f", stored as {stored.pk}"
        self.stdout.write(
            f"{result.inputs.symbol}: {result.total:g} of 100, {result.tier},"
            f" confidence {result.confidence}, {result.coverage_pct:.0f} % known{kept}"
        )
        for phase in result.phases:
            lines = ", ".join(f"{rule.name} {rule.points:g}/{rule.most:g}" for rule in phase.rules)
            self.stdout.write(
                f"    {phase.name} {phase.score:g}/{phase.most:g} {phase.status}: {lines}"
            )
            if phase.missing:
                self.stdout.write(f"        missing: {', '.join(phase.missing)}")
        for warning in result.warnings:
            self.stdout.write(f"    warning: {warning.detail}")

    def _replay(self, score_id: int) -> None:
        score = MssScore.objects.filter(pk=score_id).first()
        if score is None:
            raise CommandError(f"there is no MSS score {score_id}")
        differences = replay(score)
        if not differences:
            self.stdout.write(self.style.SUCCESS(f"equal: {score}, input {score.input_hash}"))
            return
        self.stdout.write(f"different: {score}")
        if score.engine_version != ENGINE_VERSION:
            self.stdout.write(
                f"    made by engine {score.engine_version}; this is {ENGINE_VERSION}"
            )
        for difference in differences:
            self.stdout.write(f"    {difference.column}")
            self.stdout.write(f"        stored:   {difference.stored}")
            self.stdout.write(f"        replayed: {difference.replayed}")
        sys.exit(1)

"""``manage.py outcomes``: measure now what is due, add it up, and say what it came to.

What the workers do every minute, for every stored signal, imported ones too, and without waiting
for a worker. Safe to repeat, also while workers are at it. Exit code 1: a venue did not answer, and
the rows that wait for it are tried again by the workers.
"""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from analytics.base_rates import measure_base_rates
from analytics.calibrations import calibrate
from analytics.outcomes import fill_due
from analytics.owed import owe_outcomes
from analytics.rollups import mark_all_due, recompute_due


class Command(BaseCommand):
    help = "Measure what came of stored signals, as far as it is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="add up every day anew, as after a restored database; outcomes stay as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owed = owe_outcomes(of_all=True)
        done, _ = fill_due()
        base_rates = measure_base_rates()
        if options["again"]:
            mark_all_due()
        days = recompute_due()
        bands = calibrate()
        self.stdout.write(
            f"{owed} signals had no outcomes yet; {done.filled} outcomes filled,"
            f" {done.unavailable} unavailable, {done.postponed} wait for their venue"
        )
        self.stdout.write(
            f"{base_rates} base rates measured, {days} days added up, {bands} bands calibrated"
        )
        if done.postponed:
            sys.exit(1)

"""``manage.py replay ID``: recompute a stored signal from its stored inputs and compare."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.engine.types import ENGINE_VERSION
from signals.exceptions import NotReplayable
from signals.models import Signal
from signals.replay import replay_and_compare


class Command(BaseCommand):
    help = "Recompute a stored signal; exit code 1 when it comes out differently."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, metavar="ID", help="id of the stored signal")

    def handle(self, *args: Any, **options: Any) -> None:
        signal = Signal.objects.filter(pk=options["id"]).first()
        if signal is None:
            raise CommandError(f"there is no signal {options['id']}")
        try:
            replay = replay_and_compare(signal)
        except NotReplayable as error:
            raise CommandError(str(error)) from error
        if replay.equal:
            self.stdout.write(self.style.SUCCESS(f"equal: {signal}, input {signal.input_hash}"))
            return
        self.stdout.write(f"different: {signal}")
        if signal.engine_version != ENGINE_VERSION:
            self.stdout.write(
                f"    made by engine {signal.engine_version}; this is {ENGINE_VERSION}"
            )
        for difference in replay.differences:
            self.stdout.write(f"    {difference.column}")
            self.stdout.write(f"        stored:   {difference.stored}")
            self.stdout.write(f"        replayed: {difference.replayed}")
        sys.exit(1)

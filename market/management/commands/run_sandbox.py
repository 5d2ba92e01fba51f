"""Serve the sandbox: the offline stand-in for every upstream, as a process of its own."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from market.sandbox.app import DEFAULT_SEED, app_from_environment

TARGET = "market.sandbox.app:app"
DEFAULT_PORT = 8900
# Each option's variable: the server's worker is another process and reads those.
_VARIABLES = {
    "seed": "SANDBOX_SEED",
    "replay": "SANDBOX_REPLAY_DIR",
    "symbols": "SANDBOX_SYMBOLS",
    "scenario": "SANDBOX_SCENARIO",
    "latency_ms": "SANDBOX_LATENCY_MS",
    "limit_scale": "SANDBOX_LIMIT_SCALE",
    "clock_at": "SIGNALS_CLOCK_AT",
}


class Command(BaseCommand):
    help = "Serve the sandbox, a stand-in for every upstream, on this machine."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT)
        parser.add_argument(
            "--seed", type=int, help=f"seed of the simulated market (default {DEFAULT_SEED})"
        )
        parser.add_argument("--replay", metavar="DIR", help="replay the recordings in this folder")
        parser.add_argument("--symbols", help="coins to replay, comma-separated (default: all)")
        parser.add_argument("--clock-at", help="hold the clock at this ISO instant")
        parser.add_argument("--scenario", help="a named situation to begin with")
        parser.add_argument("--latency-ms", type=int, help="delay of every answer")
        parser.add_argument(
            "--limit-scale", type=float, help="multiply the vendors' limits, for measurements"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        for option, variable in _VARIABLES.items():
            if options[option] is not None:
                os.environ[variable] = str(options[option])
        try:
            made = app_from_environment(os.environ)
        except (ValueError, KeyError) as e:
            raise CommandError(str(e)) from e
        port = options["port"]
        self.stdout.write(f"sandbox: {made.sandbox.source.description} on http://127.0.0.1:{port}/")
        self.stdout.flush()
        Granian(
            TARGET,
            address="127.0.0.1",
            port=port,
            interface=Interfaces.ASGINL,
            workers=1,
            http=HTTPModes.http1,
            websockets=True,
            log_level=LogLevels.error,
            workers_kill_timeout=2,
        ).serve()

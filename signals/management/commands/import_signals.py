"""``manage.py import_signals FILE``: bring in signals from elsewhere, beside the hash chains.

Takes the first release's ``signal_history.json`` (an array), or JSON Lines: our own export or
backup. Safe to repeat. To restore this installation's own backup use ``import_backup --all``.
"""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from signals.importing import import_signals
from signals.importing_files import UnreadableFile

# Refusals told on the terminal; the report has all.
_MOST_TOLD = 20


class Command(BaseCommand):
    help = "Import signals from a file; exit code 1 when a record was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="store nothing, only tell")
        parser.add_argument(
            "--report", type=Path, help="write a line of JSON for each record to this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with _opened(options["report"]) as report:
                totals = import_signals(
                    options["file"], dry_run=options["dry_run"], report=self._teller(report)
                )
        except (OSError, UnreadableFile) as e:
            raise CommandError(str(e)) from e
        would_be = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{totals['imported']} {would_be}, {totals['duplicate']} there already, "
            f"{totals['skipped']} skipped, {totals['refused']} refused"
        )
        if totals["refused"]:
            sys.exit(1)

    def _teller(self, report: IO[str] | None) -> Callable[[dict[str, Any]], None]:
        told = 0

        def tell(result: dict[str, Any]) -> None:
            nonlocal told
            if report is not None:
                report.write(json.dumps(result, ensure_ascii=False) + "\n")
            if result["result"] == "refused" and told < _MOST_TOLD:
                told += 1
                self.stdout.write(f"record {result['record']} refused: {result['reason']}")

        return tell


def _opened(path: Path | None) -> AbstractContextManager[IO[str] | None]:
    return nullcontext() if path is None else path.open("w", encoding="utf-8")

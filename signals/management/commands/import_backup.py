"""``manage.py import_backup``: store the signals that the backup files have and the database lacks.

After an outage the next publication does this by itself; ``--all`` goes through every file, to
restore a lost table or to make up for a crash in the middle of a commit. Lines of an outage raise
the alerts they owe, older ones none. Safe to repeat.
"""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from signals.backup_import import import_backup


class Command(BaseCommand):
    help = "Import signals from the backup files; exit code 1 when a line was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="from the first line of every file")

    def handle(self, *args: Any, **options: Any) -> None:
        report = import_backup(everything=options["all"])
        self.stdout.write(
            f"{report.imported} imported, {report.known} known already, {report.refused} refused"
        )
        if report.refused:
            sys.exit(1)

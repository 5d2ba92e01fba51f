"""``manage.py verify_chain``: check every stored signal's link; name the first that is broken."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from signals.chain_audit import audit_chains


class Command(BaseCommand):
    help = "Verify the hash chain of every signal stream; exit code 1 when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        streams = links = broken = 0
        for report in audit_chains():
            streams += 1
            links += report.intact
            if report.fault is not None:
                broken += 1
                self.stdout.write(self.style.ERROR(str(report)))
        if broken:
            self.stdout.write(f"{broken} of {streams} streams broken")
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(f"{streams} streams, {links} links, all intact"))

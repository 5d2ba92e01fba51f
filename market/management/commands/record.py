"""``manage.py record``: run what runs once and always, such as the stream recorder, until a signal.

A second one stands by and takes over when the first ends. Exit code 0 after SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import gc
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from config.residents import registered_residents
from market.resident_runner import run_residents


class Command(BaseCommand):
    help = "Run the residents: what listens to streams or polls, once per installation."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        wanted = []
        for resident in registered_residents():
            if resident.is_wanted():
                wanted.append(resident)
            else:
                self._say(f"not wanted here: {resident.name}")
        if not wanted:
            self._say("nothing to run; waiting to be stopped")
            stopping.wait()
            return
        run_residents(wanted, stopping, self._say)
        # The interpreter's last collection would walk through all of Django: a third of a second.
        gc.freeze()

    def _say(self, text: str) -> None:
        self.stdout.write(f"record: {text}")
        self.stdout.flush()

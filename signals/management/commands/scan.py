"""``manage.py scan [LIST | SYMBOL …]``: scan watchlists or named coins, and watch how far it is.

Without names every enabled list is scanned. The run is a row that workers share; Ctrl-C ends the
watching and leaves the run going. ``--here`` works it in this process, beside other workers.

Exit code 0: started, or watched to its end; 1: a run ended partial, or nothing could be scanned;
2: a name is not known or cannot be looked up; 130: stopped watching.
"""

from __future__ import annotations

from argparse import ArgumentParser
from time import sleep
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from market.clock import wall_now
from market.models import Watchlist
from market.watchlists import check_coins, watchlists
from signals.batches import run_batches
from signals.exceptions import UnknownProfile
from signals.models import ScanRun
from signals.profiles import active_profile
from signals.scan_progress import Display, no_worker_hint, summary
from signals.scans import AlreadyRunning, start_list_run, start_run, sweep
from signals.selectors import scan_problems, scan_runs
from signals.services import DATABASE_AWAY

EXIT_PARTIAL, EXIT_UNKNOWN, EXIT_STOPPED = 1, 2, 130
_LOOK_EVERY_S = 0.5


class Command(BaseCommand):
    help = "Scan watchlists or named coins: evaluate them, publish what is due, count everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", nargs="*", help="a watchlist, or coins: BTC ethusdt …; all lists when absent"
        )
        parser.add_argument("--watch", action="store_true", help="show how far it is until it ends")
        parser.add_argument("--here", action="store_true", help="work in this process, now")
        parser.add_argument("--profile", default="", help="scoring profile, for named coins")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        runs = self._start(options["names"], options["profile"])
        display = Display(self.stdout, self.stdout.isatty())
        try:
            if options["here"]:
                self._work_here(runs, display)
            elif options["watch"]:
                self._watch(runs, display)
            else:
                numbers = " ".join(str(run.pk) for run in runs)
                self.stdout.write(
                    f"Run {numbers} waits for a worker: {sum(run.requested for run in runs)} coins."
                    " See how far it is with --watch or in the admin; without a worker use --here."
                )
                return
        except KeyboardInterrupt:
            display.end()
            raise CommandError(
                "Stopped. The run goes on as long as a worker is there.", returncode=EXIT_STOPPED
            ) from None
        except DATABASE_AWAY as error:
            display.end()
            raise CommandError("The database is away; what was begun is done again later.") from (
                error
            )
        self._conclude(runs)

    def _start(self, names: list[str], profile_name: str) -> list[ScanRun]:
        lists = watchlists().filter(enabled=True)
        if names:
            lists = watchlists().filter(name__iexact=" ".join(names))
        if names and not lists:
            try:
                checked = check_coins(names)
            except ValidationError as error:
                known = ", ".join(watchlists().values_list("name", flat=True)) or "none"
                raise CommandError(
                    "\n".join([*error.messages, f"Watchlists: {known}."]), returncode=EXIT_UNKNOWN
                ) from None
            for remark in checked.remarks:
                self.stdout.write(remark)
            return [start_run(checked.bases, profile_name=self._profile_name(profile_name))]
        runs = [run for run in map(self._start_list, lists) if run is not None]
        if not runs:
            raise CommandError("There is no such watchlist with coins in it.")
        return runs

    def _profile_name(self, name: str) -> str:
        try:
            return active_profile(name or None).name
        except UnknownProfile as unknown:
            raise CommandError(
                f"There is no profile {unknown.name}; known: {', '.join(unknown.known)}.",
                returncode=EXIT_UNKNOWN,
            ) from None

    def _start_list(self, watchlist: Watchlist) -> ScanRun | None:
        try:
            return start_list_run(watchlist)
        except AlreadyRunning as running:
            self.stdout.write(f"{watchlist.name} is being scanned already: run {running.run.pk}.")
            return running.run

    def _work_here(self, runs: list[ScanRun], display: Display) -> None:
        numbers = [run.pk for run in runs]
        display.show(_as_now(runs))
        run_batches(numbers, progress=lambda: display.show(_as_now(runs)))
        # What another worker has claimed is its own to finish.
        self._watch(runs, display)

    def _watch(self, runs: list[ScanRun], display: Display) -> None:
        hinted = False
        while True:
            seen = _as_now(runs)
            display.show(seen)
            if all(run.is_over for run in seen):
                break
            hint = no_worker_hint(seen, wall_now())
            if hint and not hinted:
                display.say(hint)
                hinted = True
            # Without a worker nobody else ends a run at its deadline.
            if any(run.deadline_at <= wall_now() for run in seen if not run.is_over):
                sweep()
            sleep(_LOOK_EVERY_S)
        display.end()

    def _conclude(self, runs: list[ScanRun]) -> None:
        ended = _as_now(runs)
        for run in ended:
            self.stdout.write(summary(run))
            for name, reason in scan_problems(run).items():
                self.stdout.write(f"  {name}: {reason}")
        if any(run.state == ScanRun.State.PARTIAL for run in ended):
            raise CommandError("Not every coin was reached in time.", returncode=EXIT_PARTIAL)


def _as_now(runs: list[ScanRun]) -> list[ScanRun]:
    return list(scan_runs().filter(pk__in=[run.pk for run in runs]).order_by("pk"))

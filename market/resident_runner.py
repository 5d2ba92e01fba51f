"""Runs what apps registered to run once and always (``config.residents``): one process at a time.

The lease lies in the shared store. A second runner stands by and takes over when the first one
ends or dies; each resident has a thread of its own and is started again when it fails.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import connections

from config.residents import Resident
from market import clock
from market.store import StoreUnavailable, get_store

logger = logging.getLogger(__name__)

# A killed runner's lease ends after this; a living one renews it several times before.
LEASE_S = 20.0
RENEW_EVERY_S = 5.0
STAND_BY_EVERY_S = 1.0
# A resident that fails is started again after a pause that doubles up to this.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# One that ran this long has not failed to start.
STABLE_S = 300.0
# How long residents may take to end; what does not is abandoned with the process.
END_S = 1.5


class Lease:
    """The right to run the residents of one installation."""

    def __init__(self) -> None:
        self._key = f"residents:{settings.ENVIRONMENT}:lease"
        self._token = uuid.uuid4().bytes

    def is_ours(self) -> bool:
        """Take the lease or renew it; with the store away whoever runs goes on."""
        store = get_store()
        return store.replace(self._key, self._token, self._token, LEASE_S) or store.add(
            self._key, self._token, LEASE_S
        )

    def give_back(self) -> None:
        try:
            get_store().release(self._key, self._token)
        except StoreUnavailable:
            logger.warning("the residents' lease is not given back, the store is away")


def run_residents(
    residents: Sequence[Resident], stopping: threading.Event, say: Callable[[str], None]
) -> None:
    """Run the residents until the event is set, and only while the lease is ours."""
    names = ", ".join(resident.name for resident in residents)
    lease = Lease()
    standing_by = False
    while not stopping.is_set():
        if not _holds(lease, otherwise=False):
            if not standing_by:
                say(f"standing by: another process runs {names}")
                standing_by = True
            stopping.wait(STAND_BY_EVERY_S)
            continue
        standing_by = False
        say(f"running {names}")
        _run_while_ours(residents, lease, stopping)
    lease.give_back()


def _run_while_ours(residents: Sequence[Resident], lease: Lease, stopping: threading.Event) -> None:
    ending = threading.Event()
    threads = [
        threading.Thread(
            target=_keep_running,
            args=(resident, ending),
            name=f"resident-{resident.name}",
            daemon=True,
        )
        for resident in residents
    ]
    for thread in threads:
        thread.start()
    while not stopping.wait(RENEW_EVERY_S):
        if not _holds(lease, otherwise=True):
            logger.error("the residents' lease went to another process")
            break
    ending.set()
    give_up_s = clock.wall_s() + END_S
    for thread in threads:
        thread.join(max(0.0, give_up_s - clock.wall_s()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        logger.warning("residents did not end in time", extra={"residents": late})


def _holds(lease: Lease, *, otherwise: bool) -> bool:
    try:
        return lease.is_ours()
    except StoreUnavailable:
        logger.exception("the residents' lease cannot be looked at, the store is away")
        return otherwise


def _keep_running(resident: Resident, ending: threading.Event) -> None:
    failures = 0
    while not ending.is_set():
        began_s = clock.wall_s()
        try:
            resident.run(ending)
        except Exception:  # a thread's outer edge
            logger.exception("a resident failed", extra={"resident": resident.name})
        finally:
            connections.close_all()
        if ending.is_set():
            return
        failures = 1 if clock.wall_s() - began_s >= STABLE_S else failures + 1
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16))
        logger.warning(
            "a resident ended and is started again",
            extra={"resident": resident.name, "pause_s": pause_s},
        )
        ending.wait(pause_s)

"""The web server: ``python -m config.web``, one process per core and threads for slow upstreams.

The application is loaded once, in the parent; the workers are forks of it and share its memory.
Loading it in each of them doubled both the start and the memory.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence

from django.conf import settings
from django.urls import resolve
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

import config.wsgi  # noqa: F401 - loads the application, for the workers to find

# A cold evaluation may take its deadline (8 s) and one second; a worker that stops waits for it.
STOP_WITHIN_S = 9

# More than keep-alive connections will ever hold open. Granian counts connections here, idle ones
# too, so a low number would let idle clients lock others out; what limits work is the threads.
CONNECTIONS_PER_WORKER = 1024

# Names of static files do not change when their content does, so browsers ask again after an hour.
STATIC_FRESH_S = 3600


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m config.web", description="Serve HTTP.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)

    resolve("/health")  # reads every route, which else the first request to each worker would do
    gc.collect()
    gc.freeze()  # a collection in a worker would touch, and so copy, every page it shares
    Granian(
        "config.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # a proxy speaks HTTP/2 to the world
        websockets=False,
        workers=settings.WEB_WORKERS,
        # Made when requests wait and ended after 30 idle seconds: a high limit costs nothing at
        # rest, and /health answers while cold evaluations wait for providers.
        blocking_threads=settings.WEB_THREADS,
        backpressure=CONNECTIONS_PER_WORKER,
        # One lost worker is replaced; a crash loop ends the server, and the supervisor paces it.
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=STOP_WITHIN_S,
        static_path_route=["/static"],
        static_path_mount=[settings.STATIC_ROOT],
        static_path_expires=STATIC_FRESH_S,
        # Requests are logged by the application; below errors, granian only advises against the
        # number of threads.
        log_level=LogLevels.error,
        log_dictconfig=settings.LOGGING,
    ).serve()


if __name__ == "__main__":
    main()

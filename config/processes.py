"""Keep a table of programs running until a signal, and leave nothing behind.

``config.supervisor`` holds the table. Each program runs in a process group of its own, is started
again with a growing pause when it dies, and is ended with everything it started. Those with an
address to answer at come first; the others start when these answer, so that nobody waits for them.
The guard is a second, tiny process that ends everything if the supervisor itself is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlsplit

logger = logging.getLogger("config.supervisor")

READY_POLL_S = 0.05
READY_LIMIT_S = 60.0
FAILED_STARTS_LIMIT = 3  # a program that dies this often before it ever answered is broken


@dataclass(frozen=True)
class Program:
    """One row of the supervisor's table."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None  # polled until it answers; None: starts when those answer
    grace_s: float = 10.0  # how long it may take to stop before it is killed


@dataclass(frozen=True)
class RestartPolicy:
    """How long to wait before a dead program is started again, doubling with each failure."""

    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    stable_s: float = 60.0  # one that ran this long has not failed to start: begin anew

    def pause_s(self, failures: int) -> float:
        """Return the pause after the given number of failures in a row (at least one)."""
        doublings = min(failures - 1, 32)  # keeps the power a float of sane size
        return float(min(self.longest_pause_s, self.first_pause_s * 2**doublings))


class Guard:
    """Ends the process groups it was told of when the supervisor vanishes, even by SIGKILL.

    A forked process waits for the end of a pipe that only the supervisor holds open. Unlike
    Linux's parent-death signal this reaches grandchildren and programs that ignore SIGTERM, and
    works on every POSIX system.
    """

    def __init__(self, grace_s: float) -> None:
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writing)
            _guard(reading, grace_s)
        os.close(reading)

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let the guard go; it ends whatever it still watches first."""
        os.close(self._writing)
        os.waitpid(self._pid, 0)

    def _tell(self, line: str) -> None:
        try:
            os.write(self._writing, line.encode())
        except BrokenPipeError:
            logger.error("the guard process is gone; a killed supervisor would leave programs")


class Supervised:
    """A program that is started again until it is stopped."""

    def __init__(self, program: Program, guard: Guard, policy: RestartPolicy) -> None:
        self.program = program
        self.failures = 0
        self._guard = guard
        self._policy = policy
        self._process: asyncio.subprocess.Process | None = None

    async def keep_running(self, others_answer: asyncio.Event) -> None:
        """Run the program again and again, until this task is cancelled."""
        if self.program.ready_url is None:
            await others_answer.wait()
        try:
            while True:
                began = time.monotonic()
                status = await self._run_once()
                if time.monotonic() - began >= self._policy.stable_s:
                    self.failures = 0
                self.failures += 1
                pause_s = self._policy.pause_s(self.failures)
                logger.warning(
                    "a program ended and is started again",
                    extra={"program": self.program.name, "status": status, "pause_s": pause_s},
                )
                await asyncio.sleep(pause_s)
        finally:
            await self._stop()

    def kill(self) -> None:
        """End the program at once, with everything it started."""
        if self._process is not None:
            end_group(self._process.pid, signal.SIGKILL)

    async def _run_once(self) -> int:
        self._process = await asyncio.create_subprocess_exec(
            *self.program.command,
            env={**os.environ, **self.program.environment},
            stdin=asyncio.subprocess.DEVNULL,
            # A group of its own: Ctrl-C then reaches it through us only, and whatever it started
            # can be ended with it.
            start_new_session=True,
        )
        self._guard.watch(self._process.pid)
        logger.info(
            "a program starts", extra={"program": self.program.name, "pid": self._process.pid}
        )
        status = await self._process.wait()
        self._release()
        return status

    async def _stop(self) -> None:
        if self._process is None:
            return
        # Only the leader is asked: servers with workers end these in order themselves.
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), self.program.grace_s)
        except TimeoutError:
            logger.warning("a program did not stop in time", extra={"program": self.program.name})
            self.kill()
            await self._process.wait()
        self._release()

    def _release(self) -> None:
        """End what the dead leader left of its group: it would hold the port."""
        if self._process is not None:
            end_group(self._process.pid, signal.SIGKILL)
            self._guard.forget(self._process.pid)
            self._process = None


def supervise(
    programs: Sequence[Program],
    *,
    banner: str = "",
    policy: RestartPolicy | None = None,
) -> int:
    """Run the programs until SIGINT, SIGTERM or SIGHUP; return the exit status.

    A second signal does not wait for the programs to finish what they are doing.
    """
    # Forks, so before the event loop and its threads.
    guard = Guard(max(program.grace_s for program in programs))
    try:
        everything = [Supervised(program, guard, policy or RestartPolicy()) for program in programs]
        return asyncio.run(_supervise(everything, banner))
    finally:
        guard.close()


async def _supervise(everything: Sequence[Supervised], banner: str) -> int:
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            for supervised in everything:
                supervised.kill()
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            loop.add_signal_handler(number, stop)

    answering = asyncio.Event()
    running = [asyncio.create_task(each.keep_running(answering)) for each in everything]
    starting = asyncio.create_task(_announce_when_ready(everything, banner))
    stopped = asyncio.create_task(stopping.wait())
    came_up = True
    try:
        await asyncio.wait({stopped, starting, *running}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            came_up = starting.result()
        if came_up:
            answering.set()
            await asyncio.wait({stopped, *running}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*running, starting, stopped):
            task.cancel()
        outcomes = await asyncio.gather(*running, starting, stopped, return_exceptions=True)
    faults = [each for each in outcomes if isinstance(each, Exception)]
    for fault in faults:
        logger.error("the supervisor failed", exc_info=fault)
    return 1 if faults or not came_up else 0


async def _announce_when_ready(everything: Sequence[Supervised], banner: str) -> bool:
    """Print the banner once all with an address answer; return False when one never will."""
    deadline = time.monotonic() + READY_LIMIT_S
    for supervised in everything:
        program = supervised.program
        while program.ready_url and not await _answers(program.ready_url):
            if supervised.failures >= FAILED_STARTS_LIMIT:
                logger.error("a program cannot start: see its lines above", extra=_name(program))
                return False
            if time.monotonic() > deadline:
                logger.error("a program does not answer", extra=_name(program))
                return False
            await asyncio.sleep(READY_POLL_S)
    sys.stdout.write(banner + "\n")
    sys.stdout.flush()
    return True


def _name(program: Program) -> dict[str, str]:
    return {"program": program.name}


async def _answers(url: str) -> bool:
    """Tell whether anything but a server error comes back."""
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    try:
        writer.write(f"GET {parts.path} HTTP/1.0\r\nHost: {parts.hostname}\r\n\r\n".encode())
        status_line = await asyncio.wait_for(reader.readline(), timeout=5)
        status = int(status_line.split()[1]) if status_line.startswith(b"HTTP/") else None
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
    return status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR


def end_group(group: int, signal_number: int) -> None:
    """Send a signal to a process group that may be gone already."""
    # PermissionError is macOS's answer for a group of which only zombies are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal_number)


def _guard(reading: int, grace_s: float) -> NoReturn:
    """Be the guard: never returns into the supervisor's code."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        groups: set[int] = set()
        with os.fdopen(reading, encoding="ascii") as lines:
            for line in lines:
                group = int(line[1:])
                groups.add(group) if line[0] == "+" else groups.discard(group)
        for group in groups:
            end_group(group, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while any(_is_alive(group) for group in groups) and time.monotonic() < deadline:
            time.sleep(0.05)
        for group in groups:
            end_group(group, signal.SIGKILL)
    finally:
        os._exit(0)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # only zombies are left, on macOS
        return False
    return True

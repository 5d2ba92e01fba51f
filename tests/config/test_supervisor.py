"""The supervisor, run for real over tiny programs: what it restarts, stops and never leaves behind.

Nothing here waits for a time to pass: each test reads the next line of a pipe, or the end of it,
which comes when the last process that could write to it is gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.processes import RestartPolicy
from config.supervisor import main, sandbox_environment, sandbox_folder

ROOT = Path(__file__).resolve().parents[2]

# Programs tell the test about themselves through the file descriptor in TEST_PIPE.
PROGRAM_PRELUDE = """
import os, signal, sys, time
def tell(text):
    with open(os.environ["TEST_PIPE"], "w") as pipe:
        print(text, file=pipe)
def wait():
    while True:
        signal.pause()
"""
WELL_BEHAVED = "tell(f'started {os.getpid()}'); wait()"
DEAF_TO_SIGTERM = (
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); tell(f'started {os.getpid()}'); wait()"
)
# Its child holds on when it dies itself, as a server's workers may.
WITH_A_DEAF_CHILD = """
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(f'started {os.getpid()}')
    wait()
wait()
"""
DIES_AT_ONCE = "tell(f'started {os.getpid()}'); sys.exit(3)"


class Lines:
    """Lines of a pipe, waited for, but not for ever."""

    LIMIT_S = 30

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = b""

    def next(self) -> str:
        """Return the next line, or an empty text at the end."""
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self._descriptor], [], [], self.LIMIT_S)
            assert readable, "nothing was written in time, and somebody still could"
            read = os.read(self._descriptor, 4096)
            if not read:
                return ""
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        os.close(self._descriptor)


class RunningSupervisor:
    """A supervisor in a process of its own, and what its programs say."""

    def __init__(self, tmp_path: Path, programs: list[str], *, grace_s: float) -> None:
        fifo = tmp_path / "pipe"
        os.mkfifo(fifo)
        # Opened for both, so that it has no end while programs come and go.
        self._starts = Lines(os.open(fifo, os.O_RDWR))
        script = f"""
            import sys
            from config.processes import Program, RestartPolicy, supervise
            prelude, *programs = sys.argv[1:]
            sys.exit(supervise(
                [Program(str(i), [sys.executable, "-c", prelude + text], grace_s={grace_s})
                 for i, text in enumerate(programs)],
                banner="ready", policy=RestartPolicy(first_pause_s=0.01),
            ))
        """
        # The supervisor, its guard and every program inherit it: it ends with the last of them.
        reading, standard_output = os.pipe()
        self.output = Lines(reading)
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), PROGRAM_PRELUDE, *programs],
            cwd=ROOT,
            env={**os.environ, "TEST_PIPE": str(fifo)},
            stdout=standard_output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(standard_output)

    def next_start(self) -> int:
        """Return the process id of the next program that says it started."""
        word, pid = self._starts.next().split()
        assert word == "started"
        return int(pid)

    def wait_until_ready(self) -> None:
        assert self.output.next() == "ready"

    def wait_until_nothing_is_left(self) -> None:
        assert self.output.next() == ""

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._starts.close()
        self.output.close()


@pytest.fixture
def supervisor(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningSupervisor]:
    programs, grace_s = request.param
    running = RunningSupervisor(tmp_path, programs, grace_s=grace_s)
    yield running
    running.close()


def of(*programs: str, grace_s: float = 30.0) -> pytest.MarkDecorator:
    """Parametrize a test with the programs of its supervisor."""
    return pytest.mark.parametrize("supervisor", [(list(programs), grace_s)], indirect=True)


@of(DIES_AT_ONCE)
def test_a_program_that_dies_is_started_again_each_time(supervisor: RunningSupervisor) -> None:
    starts = {supervisor.next_start() for _ in range(4)}

    assert len(starts) == 4


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (10_000, 30.0)]
)
def test_the_pause_before_a_restart_doubles_up_to_its_limit(failures: int, pause_s: float) -> None:
    policy = RestartPolicy(first_pause_s=1.0, longest_pause_s=30.0)

    assert policy.pause_s(failures) == pause_s


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@of(WELL_BEHAVED, WELL_BEHAVED)
def test_a_signal_ends_every_program_and_the_exit_status_is_0(
    supervisor: RunningSupervisor, number: signal.Signals
) -> None:
    supervisor.next_start()
    supervisor.next_start()
    supervisor.wait_until_ready()

    supervisor.process.send_signal(number)

    supervisor.wait_until_nothing_is_left()
    assert supervisor.process.wait() == 0


@of(DEAF_TO_SIGTERM, grace_s=0.05)
def test_a_program_that_ignores_the_request_to_stop_is_killed(
    supervisor: RunningSupervisor,
) -> None:
    supervisor.next_start()
    supervisor.wait_until_ready()

    supervisor.process.send_signal(signal.SIGTERM)

    supervisor.wait_until_nothing_is_left()
    assert supervisor.process.wait() == 0


@of(DEAF_TO_SIGTERM, grace_s=600)
def test_a_second_ctrl_c_does_not_wait_for_the_grace(supervisor: RunningSupervisor) -> None:
    supervisor.next_start()
    supervisor.wait_until_ready()

    # Signals of one kind that arrive together count once: two kinds are two presses for sure.
    supervisor.process.send_signal(signal.SIGINT)
    supervisor.process.send_signal(signal.SIGTERM)

    supervisor.wait_until_nothing_is_left()
    assert supervisor.process.wait() == 0


@of(WITH_A_DEAF_CHILD)
def test_what_a_program_started_is_ended_with_it(supervisor: RunningSupervisor) -> None:
    supervisor.next_start()
    supervisor.wait_until_ready()

    supervisor.process.send_signal(signal.SIGINT)

    supervisor.wait_until_nothing_is_left()
    assert supervisor.process.wait() == 0


@of(WITH_A_DEAF_CHILD, DEAF_TO_SIGTERM, grace_s=0.05)
def test_nothing_survives_a_supervisor_that_is_killed(supervisor: RunningSupervisor) -> None:
    supervisor.next_start()
    supervisor.next_start()
    supervisor.wait_until_ready()

    supervisor.process.kill()

    supervisor.wait_until_nothing_is_left()
    assert supervisor.process.wait() == -signal.SIGKILL


def test_a_program_that_never_comes_up_ends_the_supervisor_with_status_1() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nothing answers there
        port = unused.getsockname()[1]
        script = f"""
            import sys
            from config.processes import Program, RestartPolicy, supervise
            program = Program("web", [sys.executable, "-c", "raise SystemExit(1)"],
                              ready_url="http://127.0.0.1:{port}/health")
            sys.exit(supervise([program], policy=RestartPolicy(first_pause_s=0.01)))
        """

        finished = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    assert finished.returncode == 1
    assert "cannot start" in finished.stderr + finished.stdout


def test_a_port_in_use_is_one_sentence_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]

        answer = main(["--port", str(port)])

    assert isinstance(answer, str)
    assert answer.startswith(f"Port {port} is in use")
    assert "\n" not in answer


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "80.5", ""])
def test_a_port_that_is_none_is_refused_as_a_usage_error(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([f"--port={port}"])

    assert refused.value.code == 2
    assert "1 to 65535" in capsys.readouterr().err


def test_the_sandbox_receives_every_provider_that_the_settings_know() -> None:
    from django.conf import settings

    known = {*settings.PROVIDER_BASE_URL_SETTINGS, *settings.STREAM_URL_SETTINGS}
    assert set(sandbox_environment(8001)) == known


def test_every_simulated_market_has_a_folder_of_its_own() -> None:
    replay = {"SANDBOX_REPLAY_DIR": "recordings", "SIGNALS_CLOCK_AT": "2025-10-11T00:05:00Z"}

    folders = [
        sandbox_folder(market)
        for market in ({}, {"SANDBOX_SEED": "2"}, replay, replay | {"SANDBOX_SYMBOLS": "BTC"})
    ]

    assert folders[0] == "sandbox"
    assert len(set(folders)) == 4
    assert sandbox_folder(dict(reversed(replay.items()))) == folders[2]


def test_the_web_server_answers_and_stops_when_asked() -> None:
    port = unused_port()
    script = f"""
        import sys
        from config.processes import supervise
        from config.supervisor import web
        sys.exit(supervise([web({port})], banner="ready"))
    """
    reading, standard_output = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "LOG_LEVEL": "ERROR"},
        stdout=standard_output,
    )
    os.close(standard_output)
    output = Lines(reading)
    try:
        assert output.next() == "ready"

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)

        assert output.next() == ""
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
        output.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

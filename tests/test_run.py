"""``./run``, on its own: a copy of it in a folder with spaces, with stand-ins for what it calls.

Nothing is installed: a stand-in for uv notes how it was called. The figures of a real first start
are in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parent.parent
# All that ./run may expect of a system besides Python.
SYSTEM_COMMANDS = ("sh", "cat", "cmp", "dirname", "mkdir", "rm")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

UV_THAT_NOTES = 'echo "$@" >>uv-calls\n'
UV_THAT_FAILS = 'echo "$@" >>uv-calls; echo "no such host" >&2; exit 2\n'


class Checkout:
    """A copy of ``run`` beside a program that only says it was called."""

    def __init__(self, root: Path, commands: Path) -> None:
        self.root = root
        self.commands = commands
        (root / "requirements").mkdir(parents=True)
        (root / "config").mkdir()
        shutil.copy(ROOT / "run", root / "run")
        for name in ("base", "production", "dev"):
            (root / "requirements" / f"{name}.txt").write_text(f"# pins of {name}\n")
        (root / "config" / "prepare.py").write_text("")
        (root / "manage.py").write_text("import sys; print('manage.py', *sys.argv[1:])\n")
        commands.mkdir()
        for name in SYSTEM_COMMANDS:
            (commands / name).symlink_to(str(shutil.which(name)))

    def provide(self, name: str, script: str) -> None:
        """Put a command on the PATH that the copy sees; nothing else is there."""
        file = self.commands / name
        file.write_text(f"#!/bin/sh\n{script}")
        file.chmod(0o755)

    def provide_python(self) -> None:
        self.provide("python3", f'exec "{sys.executable}" "$@"\n')

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "run"), *arguments],
            cwd="/",
            env={"PATH": str(self.commands), "HOME": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def uv_calls(self) -> list[str]:
        calls = self.root / "uv-calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a folder with spaces", tmp_path / "bin")


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)])
def test_help_names_every_command(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    finished = checkout.run(*arguments)

    assert finished.returncode == 0
    listed = re.findall(r"^  (\w+) ", finished.stdout, re.MULTILINE)
    assert listed == ["up", "test", "check", "bench", "sandbox", "manage", "lock", "help"]


def test_an_unknown_command_is_refused_with_status_2(checkout: Checkout) -> None:
    finished = checkout.run("deploy")

    assert finished.returncode == 2
    assert finished.stderr == "Unknown command: deploy. ./run help lists them.\n"


def test_a_python_that_is_too_old_is_named_in_one_sentence(checkout: Checkout) -> None:
    checkout.provide("python3", "echo 3.10\n")

    finished = checkout.run("up")

    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "3.11, 3.12 or 3.13" in finished.stderr
    assert "python3 is 3.10" in finished.stderr


def test_a_missing_python_is_said_in_one_sentence(checkout: Checkout) -> None:
    finished = checkout.run("up")

    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "no python3 was found" in finished.stderr


def test_a_newer_python_under_its_own_name_is_found_behind_an_old_one(checkout: Checkout) -> None:
    checkout.provide("python3", "echo 3.9\n")
    checkout.provide(f"python{VERSION}", f'exec "{sys.executable}" "$@"\n')
    checkout.provide("uv", UV_THAT_NOTES)

    finished = checkout.run("manage", "check")

    assert finished.returncode == 0, finished.stderr


def test_a_python_without_ensurepip_names_the_package_to_install(checkout: Checkout) -> None:
    checkout.provide("python3", 'case "$*" in *ensurepip*) exit 1 ;; -c*) echo 3.12 ;; esac\n')

    finished = checkout.run("up")

    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "apt install python3-venv" in finished.stderr
    assert not (checkout.root / ".venv").exists()


def test_the_environment_is_made_once_from_hashes_and_then_used(checkout: Checkout) -> None:
    checkout.provide_python()
    checkout.provide("uv", UV_THAT_NOTES)

    first = checkout.run("manage", "check", "--deploy now")
    second = checkout.run("manage", "check", "--deploy now")

    assert first.stdout.endswith("manage.py check --deploy now\n")
    assert second.stdout == "manage.py check --deploy now\n"
    assert checkout.uv_calls() == [
        "pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes"
        " -r requirements/production.txt"
    ]


def test_changed_pins_are_installed(checkout: Checkout) -> None:
    checkout.provide_python()
    checkout.provide("uv", UV_THAT_NOTES)
    checkout.run("manage", "check")
    (checkout.root / "requirements" / "production.txt").write_text("# other pins\n")

    checkout.run("manage", "check")

    assert len(checkout.uv_calls()) == 2


def test_an_installation_that_was_cut_off_is_begun_anew(checkout: Checkout) -> None:
    checkout.provide_python()
    checkout.provide("uv", UV_THAT_NOTES)
    checkout.run("manage", "check")
    (checkout.root / ".venv" / "incomplete").touch()
    (checkout.root / ".venv" / "half-written").touch()

    finished = checkout.run("manage", "check")

    assert finished.returncode == 0
    assert not (checkout.root / ".venv" / "half-written").exists()
    assert len(checkout.uv_calls()) == 2


def test_packages_that_cannot_be_fetched_leave_the_service_startable(checkout: Checkout) -> None:
    checkout.provide_python()
    checkout.provide("uv", UV_THAT_NOTES)
    checkout.run("manage", "check")
    checkout.provide("uv", UV_THAT_FAILS)

    failed = checkout.run("test")
    served = checkout.run("manage", "check")

    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert served.stdout == "manage.py check\n"


def test_two_at_once_install_one_after_the_other_and_only_once(checkout: Checkout) -> None:
    checkout.provide_python()
    inside, go = fifo(checkout.root / "inside"), fifo(checkout.root / "go")
    checkout.provide("uv", 'echo "$@" >>uv-calls; echo installing >inside; cat go >/dev/null\n')

    first = checkout.start("manage", "check")
    wait_for(inside)
    second = checkout.start("manage", "check")
    assert second.stdout is not None
    wait_for(second.stdout)
    waiting = second.stdout.readline()
    os.close(go)  # what the installer reads until its end

    assert waiting == "Waiting for another ./run that is setting up packages.\n"
    assert first.communicate(timeout=60)[0].endswith("manage.py check\n")
    assert second.communicate(timeout=60)[0] == "manage.py check\n"
    assert len(checkout.uv_calls()) == 1
    os.close(inside)


def fifo(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)  # both ends: opening does not wait for anyone


def wait_for(readable: int | IO[str]) -> None:
    assert select.select([readable], [], [], 60)[0], "nothing was written in time"


def test_lock_says_that_it_needs_uv(checkout: Checkout) -> None:
    finished = checkout.run("lock")

    assert finished.returncode == 1
    assert "needs uv" in finished.stderr


@pytest.mark.parametrize("name", ["base", "production", "dev"])
def test_every_pin_has_a_hash_and_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()

    pins = re.findall(r"^[a-z0-9][^\n]*==[^\n]*(?:\n    --hash=\S+[^\n]*)*", text, re.MULTILINE)

    assert len(pins) > 30
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in text


def test_every_variable_that_is_read_is_explained_in_the_example_and_the_other_way_round() -> None:
    readers = (
        "text|integer|integer_csv|number|boolean|choice|url|csv|secret_csv|networks|origins|path"
        "|duration_s|instant_ms|raw"
    )
    sources = [ROOT / "config" / "env.py", *(ROOT / "config" / "settings").glob("*.py")]
    code = "\n".join(file.read_text() for file in sources if file.name != "test.py")
    read = set(re.findall(rf'\benv\.(?:{readers})\(\s*"([A-Z][A-Z0-9_]+)"', code))
    read |= set(re.findall(r'environ\.get\("([A-Z][A-Z0-9_]+)"', code))
    read |= set(re.findall(r"\$\{([A-Z][A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))

    # A comment that ends in a full stop, then the variable, commented out if it has a default.
    example = (ROOT / ".env.example").read_text()
    explained = re.findall(r"^# [^\n]*\w[^\n]*\.\n#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)

    named = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(read)
    assert sorted(explained) == sorted(named)

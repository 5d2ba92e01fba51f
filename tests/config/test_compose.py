"""docker-compose.yml and the image, as far as they can be held to it without a Docker engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from rest_framework.test import APIClient

from config.healthcheck import main as check_health
from config.supervisor import LEAN, background, web_command

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ENTRY = ROOT / "config" / "docker" / "entry.sh"


def entry(tmp_path: Path, *words: str) -> list[str]:
    """Return what the image's entry would run, seen by a stand-in for Python."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["sh", str(ENTRY), *words],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_there_is_a_service_for_every_process_and_for_what_they_share() -> None:
    processes = {program.name for program in background()} | {"web", "prepare"}

    assert set(OURS) == processes
    assert set(SERVICES) - set(OURS) == {"postgres", "redis"}


@pytest.mark.parametrize("program", background(), ids=lambda program: program.name)
def test_a_container_runs_what_run_up_runs(program: Any, tmp_path: Path) -> None:
    words = OURS[program.name]["command"]

    assert entry(tmp_path, *words) == list(program.command[1:])


def test_the_web_container_listens_to_other_containers(tmp_path: Path) -> None:
    words = [str(word) for word in web_command(8000)[1:]]
    words[words.index("--host") + 1] = "0.0.0.0"  # noqa: S104 - inside a container

    assert entry(tmp_path, *OURS["web"]["command"]) == words
    assert OURS["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_data_folder_is_prepared_once_before_anything_starts(tmp_path: Path) -> None:
    assert entry(tmp_path, *OURS["prepare"]["command"]) == ["-m", "config.prepare"]
    assert OURS["prepare"]["restart"] == "no"
    for name, service in OURS.items():
        if name != "prepare":
            condition = service["depends_on"]["prepare"]["condition"]
            assert condition == "service_completed_successfully", name


def test_everything_comes_back_after_a_crash_and_has_time_to_stop() -> None:
    for name, service in SERVICES.items():
        if name != "prepare":
            assert service["restart"] == "unless-stopped", name
    assert OURS["web"]["stop_grace_period"] == "15s"
    assert OURS["worker"]["stop_grace_period"] == "30s"


def test_nothing_of_ours_may_write_but_to_the_data_folder() -> None:
    for name, service in OURS.items():
        assert service["read_only"] is True, name
        assert service["volumes"] == ["data:/data"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["environment"]["SIGNALS_DATA_DIR"] == "/data", name


def test_the_image_runs_as_somebody_without_rights_and_installs_by_hash() -> None:
    lines = (ROOT / "config" / "docker" / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users[-1:] == ["signals"]
    assert lines.index("USER signals") < next(
        number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT")
    )
    assert any("--require-hashes" in line for line in lines)


def test_the_image_is_as_sparing_with_memory_as_run_up() -> None:
    text = (ROOT / "config" / "docker" / "Dockerfile").read_text()
    given = dict(re.findall(r"^ {4}(\w+)=(\S+) \\$", text, re.MULTILINE))

    assert LEAN.items() <= given.items()


def test_secrets_and_data_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert {".env", "data", ".git"} <= set(ignored)


def health_checks() -> list[Any]:
    return [
        pytest.param(service["healthcheck"]["test"], id=name)
        for name, service in OURS.items()
        if "config.healthcheck" in service.get("healthcheck", {}).get("test", [])
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", health_checks())
def test_a_health_check_asks_for_what_there_is(words: list[str], api: APIClient) -> None:
    url, *names = words[words.index("config.healthcheck") + 1 :]

    answer = api.get(urlsplit(url).path)

    assert answer.status_code == 200
    assert set(names) <= set(answer.json().get("checks", {}))


def test_a_health_check_of_nothing_fails_with_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.healthcheck", "http://127.0.0.1:9/health"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db(transaction=True)
def test_a_check_that_is_down_fails_and_one_that_is_well_does_not(live_server: Any) -> None:
    ready = f"{live_server.url}/health/ready"

    assert check_health([ready, "database"]) is None
    assert "the beat has sent nothing yet" in str(check_health([ready, "beat"]))
    assert "no such check" in str(check_health([ready, "nonsense"]))
    assert check_health([f"{live_server.url}/health"]) is None
    assert "404" in str(check_health([f"{live_server.url}/nowhere"]))


def test_every_variable_of_the_compose_file_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^#? ?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    given = set(COMPOSE["x-process"]["environment"])

    assert used
    assert used | given <= explained

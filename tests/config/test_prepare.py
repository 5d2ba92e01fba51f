"""What is done before the service starts, and when nothing has to be: the quick second start."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pytest_django import Settings

from config import prepare

ROOT = Path(__file__).resolve().parents[2]


class Preparations:
    """Stands in for Django's part: a database that says what was applied, and static files."""

    def __init__(self, data_dir: Path) -> None:
        self.database = data_dir / "db.sqlite3"
        self.static = data_dir / "static"
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        self.static.mkdir(exist_ok=True)
        self.apply("CREATE TABLE IF NOT EXISTS django_migrations (app TEXT, name TEXT)")
        self.apply("DELETE FROM django_migrations")
        self.apply("INSERT INTO django_migrations VALUES ('signals', '0001'), ('signals', '0002')")

    def apply(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)


@pytest.fixture
def preparations(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Preparations:
    settings.DATA_DIR = tmp_path / "some" / "data"
    stand_in = Preparations(settings.DATA_DIR)
    settings.STATIC_ROOT = stand_in.static
    monkeypatch.setitem(
        settings.DATABASES,
        "default",
        {"ENGINE": "django.db.backends.sqlite3", "NAME": stand_in.database},
    )
    monkeypatch.setattr(prepare, "_prepare_fully", stand_in)
    return stand_in


def test_a_second_start_has_nothing_to_prepare(preparations: Preparations) -> None:
    prepare.prepare()

    prepare.prepare()

    assert preparations.count == 1


def test_the_data_folder_is_its_owners_alone(
    preparations: Preparations, settings: Settings
) -> None:
    prepare.prepare()

    assert settings.DATA_DIR.stat().st_mode & 0o777 == 0o700


def restore_an_older_backup(preparations: Preparations) -> None:
    preparations.apply("DELETE FROM django_migrations WHERE name = '0002'")


def lose_the_database(preparations: Preparations) -> None:
    preparations.database.unlink()


def damage_the_database(preparations: Preparations) -> None:
    preparations.database.write_bytes(b"not a database" * 100)


def lose_the_static_files(preparations: Preparations) -> None:
    preparations.static.rmdir()


@pytest.mark.parametrize(
    "happens", [restore_an_older_backup, lose_the_database, lose_the_static_files]
)
def test_what_the_stamp_does_not_know_of_is_prepared_again(
    preparations: Preparations, happens: Callable[[Preparations], None]
) -> None:
    prepare.prepare()
    happens(preparations)

    prepare.prepare()

    assert preparations.count == 2


def test_a_database_that_cannot_be_read_is_left_to_djangos_own_error(
    preparations: Preparations,
) -> None:
    prepare.prepare()
    damage_the_database(preparations)

    with pytest.raises(sqlite3.DatabaseError):
        prepare.prepare()

    assert preparations.count == 2


def test_a_preparation_that_failed_is_not_taken_for_done(
    preparations: Preparations, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(prepare, "_prepare_fully", fail)
        with pytest.raises(RuntimeError):
            prepare.prepare()

    prepare.prepare()

    assert preparations.count == 1


def fail() -> None:
    raise RuntimeError("no space left on the disk")


def test_a_database_server_is_asked_on_every_start(
    preparations: Preparations, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"ENGINE": "django.db.backends.postgresql", "NAME": "signals"}
    monkeypatch.setitem(settings.DATABASES, "default", entry)

    prepare.prepare()
    prepare.prepare()

    assert preparations.count == 2


def prepare_in_a_process(data_dir: Path, *, most_bytes: int | None = None) -> str:
    """Run what ./run up runs first; return what it says when it fails."""

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "config.prepare"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "SIGNALS_ENV_FILE": os.devnull,
            "SIGNALS_DATA_DIR": str(data_dir),
        },
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_a_disk_without_room_is_said_in_one_sentence_that_names_the_folder(tmp_path: Path) -> None:
    said = prepare_in_a_process(tmp_path / "data", most_bytes=20_000)

    assert str(tmp_path / "data") in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    said = prepare_in_a_process(tmp_path / "file" / "data")

    assert str(tmp_path / "file") in said
    assert said.count("\n") == 1

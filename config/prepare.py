"""Bring the data folder up to date before anything serves from it.

Runs ahead of the supervisor and of ``./run manage``: the folder itself, migrations, static files,
the first admin. When a stamp says that nothing has changed since it last did all that, and the
database agrees, it ends without loading Django: the second start is quick.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

ROOT = Path(__file__).resolve().parent.parent
STAMP = "prepared"


def prepare() -> None:
    """Do what is missing; two at once do it one after the other."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    settings.DATA_DIR.chmod(0o700)
    stamp = settings.DATA_DIR / STAMP
    if _is_prepared(stamp):
        return
    with (settings.DATA_DIR / "prepare.lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_prepared(stamp):
            return
        stamp.unlink(missing_ok=True)
        _prepare_fully()
        if (state := _state()) is not None:
            stamp.write_text(state, encoding="ascii")


def _prepare_fully() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("first_start")


def _is_prepared(stamp: Path) -> bool:
    try:
        noted = stamp.read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return noted == _state()


def _state() -> str | None:
    """Return a digest of what preparing depends on; None when only a full run can tell.

    The rows of ``django_migrations`` belong to it: a restored backup may be older than the code.
    """
    database = settings.DATABASES["default"]
    if not str(database["ENGINE"]).endswith("sqlite3"):
        return None
    applied = _applied_migrations(Path(str(database["NAME"])))
    if applied is None or not settings.STATIC_ROOT.is_dir():
        return None
    digest = hashlib.sha256(applied)
    for file in sorted(_prepared_from()):
        status = file.stat()
        digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _prepared_from() -> Iterator[Path]:
    """Yield the files whose change means there is something to do: ours, and the packages'."""
    yield ROOT / "requirements" / "production.txt"
    yield Path(sys.prefix) / "pyvenv.cfg"
    for package in {ROOT / app.partition(".")[0] for app in settings.INSTALLED_APPS}:
        yield from package.glob("**/migrations/*.py")
        yield from (file for file in package.glob("**/static/**/*") if file.is_file())


def _applied_migrations(database: Path) -> bytes | None:
    """Return what the database says was applied; None when it is not there or not ours."""
    if not database.is_file():
        return None
    try:
        connection = sqlite3.connect(database, timeout=20)
        try:
            rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
            return repr(rows.fetchall()).encode()
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return None


def main() -> str | None:
    """Return None, or the sentence to fail with."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    os.umask(0o077)  # whatever comes to lie in the data folder is its owner's alone
    try:
        prepare()
    except ImproperlyConfigured as error:
        return f"The settings are not usable: {error}"
    except (OSError, DatabaseError) as error:
        # Django wraps what SQLite says: "database or disk is full", "readonly database".
        return f"The data folder {settings.DATA_DIR} or the database cannot be used: {error}"
    return None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    sys.exit(main())

"""Structured logs: one JSON object per line, to stdout and optionally to a rotating file.

Every line carries ``timestamp, level, logger, message, request_id``, the ``extra`` fields of the
call, and ``exception`` with the traceback if there is one. Secrets never pass: what looks like a
credential and every secret value the settings know is replaced before the line is written.
"""

from __future__ import annotations

import fcntl
import json
import logging
import logging.handlers
import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from config.request_id import current_request_id

REDACTED = "[redacted]"

# Field and header names whose value is a credential whatever it looks like.
_SECRET_FIELD = re.compile(
    r"(?i)(api[_-]?key|token|secret|passw(or)?d|authorization|cookie|signature|private[_-]?key)"
)
# Credentials inside running text: query parameters, headers, URLs with a password, our own keys.
_SECRET_IN_TEXT = re.compile(
    r"""(?ix)
    (?P<name>
        (?:api[_-]?key|token|secret|passw(?:or)?d|signature)[\w-]{0,40} ["']? \s* [=:] \s*
        | \b authorization ["']? \s* [=:] \s* (?:["'] \s*)? (?:bearer|basic)?
        | \b bearer \s+
        | \b bot (?=\d{6,}:)                                         # api.telegram.org/bot<token>/
        | ://[^/\s:@"']*:(?=[^/\s@"']+@)                             # ://user:password@host
        | \b [0-9a-f]{12} \. (?=[\w-]{43}\b)                         # prefix.secret of an ApiKey
    )
    (?P<value> \s* (?:["'] \s*)? [^\s"'&,;@}\\]+ )
    """
)
# Every one of the above has one of these; most texts (paths, constant messages) have none.
_NEEDS_A_LOOK = re.compile(r"[=:.\s]")
# A shorter configured value would blank out ordinary words.
_LEAST_SECRET_LENGTH = 6

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Django's server and exception logging attach whole objects here: noise, and they may hold secrets.
_DROPPED_FIELDS = frozenset({"request", "server_time"})


class Redactor:
    """Replaces credentials in texts and, by name, in fields."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= _LEAST_SECRET_LENGTH
            for spelling in (secret, quote(secret, safe=""), quote(secret))
        }
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        if _NEEDS_A_LOOK.search(text):
            text = _SECRET_IN_TEXT.sub(rf"\g<name>{REDACTED}", text)
        return text

    def field(self, name: str, value: Any) -> Any:
        """Return a value fit for JSON in which no credential is left."""
        if isinstance(value, bool | int | float | None):
            return value
        if _SECRET_FIELD.search(name):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(key): self.field(str(key), nested) for key, nested in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.field(name, nested) for nested in value]
        return self.text(str(value))


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON without secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._redactor = Redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        redactor = self._redactor
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, tz=UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname,
            "logger": record.name,
            "message": redactor.text(record.getMessage()),
            "request_id": current_request_id(),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD_FIELDS and name not in _DROPPED_FIELDS:
                line[name if name not in line else f"{name}_"] = redactor.field(name, value)
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = redactor.text(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = redactor.text(record.stack_info)
        try:
            return orjson.dumps(line, default=str).decode("utf-8")
        except TypeError:  # an integer above 64 bits, a lone surrogate: slow, and takes them
            return json.dumps(line, default=str)


class SharedRotatingFileHandler(logging.handlers.RotatingFileHandler):
    """A size-rotated log file that several processes write to.

    The plain handler loses lines here: after one process rotates, the others keep writing to the
    renamed file. A lock beside the file makes write and rotation one step among processes, and a
    handler that finds the file renamed under it opens the new one.
    """

    def __init__(self, filename: str | Path, max_bytes: int, backup_count: int) -> None:
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
        super().__init__(
            filename, maxBytes=max_bytes, backupCount=backup_count, encoding="utf-8", delay=True
        )
        self._lock_path = f"{self.baseFilename}.lock"

    def emit(self, record: logging.LogRecord) -> None:
        try:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self.handleError(record)
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._reopen_if_renamed()
            super().emit(record)
        finally:
            os.close(lock)  # closing gives the lock back

    def _open(self) -> Any:
        # Logs tell who asked for what: for the owner only.
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def _reopen_if_renamed(self) -> None:
        if self.stream is None:
            return
        opened = os.fstat(self.stream.fileno())
        try:
            named = os.stat(self.baseFilename)
        except FileNotFoundError:
            named = None
        if named is None or (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
            self.stream.close()
            self.stream = None


# 10 MB is some 40,000 lines; five old files bound the disk to 60 MB.
LOG_FILE_MAX_BYTES = 10_000_000
LOG_FILE_BACKUPS = 5


def logging_settings(level: str, file: Path | None, secrets: Iterable[str]) -> dict[str, Any]:
    """Return Django's LOGGING: everything to stdout, and to a file when one is named."""
    handlers: dict[str, Any] = {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
        }
    }
    if file is not None:
        handlers["file"] = {
            "()": SharedRotatingFileHandler,
            "filename": str(file),
            "max_bytes": LOG_FILE_MAX_BYTES,
            "backup_count": LOG_FILE_BACKUPS,
            "formatter": "json",
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter, "secrets": sorted(secrets)}},
        "handlers": handlers,
        "root": {"level": level, "handlers": list(handlers)},
        "loggers": {
            # Replaces Django's own handlers (console in DEBUG, mail to admins) by ours.
            "django": {"level": "INFO", "handlers": [], "propagate": True},
            # 4xx and 5xx are in the access log already; only tracebacks are news.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "INFO", "handlers": [], "propagate": True},
            "httpx": {"level": "WARNING"},  # logs whole upstream URLs at INFO
            "httpcore": {"level": "WARNING"},
            # A line for each message received, sent or done is noise; config.celery logs failures.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.app.trace": {"level": "CRITICAL"},
            "celery.worker.request": {"level": "CRITICAL"},
            "psycopg.pool": {"level": "WARNING"},
        },
    }

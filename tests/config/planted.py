"""A program for ``test_security_secrets``: does everything once and writes down what it answered.

Run with planted secrets in its environment. Logs go to stdout as in service, answers to the file
named by the first argument.
"""

# ruff: noqa: E402 - models can be imported once Django is set up

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.accounts.models import User
from config.api import views
from config.celery import app

HOST = "localhost"


def main(answers: Path, *, with_database: bool) -> None:
    client = Client(raise_request_exception=False)
    key = os.environ["API_KEYS"]
    with answers.open("wb") as file:

        def ask(path: str, method: str = "get", **options: Any) -> None:
            response = getattr(client, method)(path, SERVER_NAME=HOST, **options)
            headers = "\n".join(f"{name}: {value}" for name, value in response.items())
            body = b"".join(response) if response.streaming else response.content
            file.write(f"\n## {response.status_code}\n{headers}\n".encode() + body)

        if with_database:
            _everything(ask, client, key)
        else:  # one query, which waits as long as a pool does
            ask("/mss/watch", headers={"X-API-Key": key})
        views.health.readiness = _fail
        ask("/health/ready")


def _everything(ask: Callable[..., None], client: Client, key: str) -> None:
    call_command("migrate", verbosity=0)
    call_command("first_start")
    client.force_login(User.objects.get(username="admin"))
    for path in sorted(set(_paths(get_resolver().url_patterns))):
        ask(path, headers={"X-API-Key": key})
    for headers in ({}, {"X-API-Key": f"{key}x"}, {"Authorization": f"Bearer {key}"}):
        ask("/signals/BTC", headers=headers)
    ask(f"/signals/{key}", headers={"X-API-Key": key})
    ask(f"/signals/BTC?api_key={key}", headers={"X-API-Key": key})
    ask("/mss/watch", "post", data=f'{{"symbol": "{key}"', content_type="application/json")
    ask("/admin/login/", "post", data={"username": "admin", "password": key})
    for name, task in sorted(app.tasks.items()):
        if name.split(".")[0] in OUR_APPS:
            task.apply(args=ARGUMENTS.get(name, ()), throw=False)


OUR_APPS = ("market", "notifications", "smartmoney", "signals", "mss", "analytics")
ARGUMENTS = {"market.tasks.note_heartbeat": ("fetch",)}


def _paths(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for entry in patterns:
        route = prefix + re.sub(r"<[^>]*>", "BTC", str(entry.pattern)).strip("^$")
        if isinstance(entry, URLResolver):
            yield from _paths(entry.url_patterns, route)
        elif "logout" not in route and "(?" not in route:
            yield route


def _fail(*args: Any) -> None:
    secrets = " and ".join(value for name, value in os.environ.items() if name in PLANTED)
    raise RuntimeError(f"cannot go on with {secrets} and {settings.SECRET_KEY}")


PLANTED = os.environ["PLANTED"].split(",")

if __name__ == "__main__":
    main(Path(sys.argv[1]), with_database=sys.argv[2] == "with-database")

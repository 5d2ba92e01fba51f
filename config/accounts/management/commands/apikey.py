"""``manage.py apikey create|list|rotate|revoke``: API keys from the command line."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.accounts.keys import (
    ROTATION_OVERLAP,
    create_api_key,
    revoke_api_key,
    rotate_api_key,
)
from config.accounts.models import ApiKey

_SHOWN_ONCE = "This key is shown only now; keep it where only its user can read it."


class Command(BaseCommand):
    help = "Make, list, rotate and revoke API keys."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="make a key and print it, this once")
        create.add_argument("name", help="what will use the key")
        create.add_argument("--scope", choices=ApiKey.Scope.values, default=ApiKey.Scope.READ)
        create.add_argument("--expires", type=_day, metavar="YYYY-MM-DD", help="never, if absent")
        create.add_argument("--rate", type=_limit, metavar="N", help="requests a minute; 0: any")
        create.add_argument("--quota", type=_limit, metavar="N", help="requests a day; 0: any")
        commands.add_parser("list", help="every key, the newest first; no secret is shown")
        rotate = commands.add_parser("rotate", help="give a key a new secret and print it")
        rotate.add_argument("prefix", help="the part before the dot")
        rotate.add_argument(
            "--overlap-hours",
            type=_limit,
            default=int(ROTATION_OVERLAP.total_seconds() // 3600),
            metavar="N",
            help="for how long the old secret still works; 0 ends it at once",
        )
        revoke = commands.add_parser("revoke", help="refuse a key from now on")
        revoke.add_argument("prefix", help="the part before the dot")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['command']}")(options)

    def _create(self, options: dict[str, Any]) -> None:
        _, plain = create_api_key(
            options["name"],
            options["scope"],
            expires_at=options["expires"],
            rate_per_minute=options["rate"],
            daily_quota=options["quota"],
            by=_who(),
        )
        self.stderr.write(_SHOWN_ONCE)
        self.stdout.write(plain)

    def _list(self, options: dict[str, Any]) -> None:
        row = "{:12}  {:20}  {:5}  {:7}  {:>8}  {:>9}  {:16}  {:16}"
        self.stdout.write(
            row.format("prefix", "name", "scope", "state", "a minute", "a day", "used", "expires")
        )
        keys: Any = ApiKey.objects.with_state()  # the state is annotated, not a field
        for key in keys:
            about = (key.prefix, key.name[:20], key.scope, key.state)
            figures = (_shown(key.rate_per_minute), _shown(key.daily_quota))
            times = (_instant(key.last_used_at), _instant(key.expires_at))
            self.stdout.write(row.format(*about, *figures, *times))

    def _rotate(self, options: dict[str, Any]) -> None:
        overlap = timedelta(hours=options["overlap_hours"])
        try:
            plain = rotate_api_key(_key(options["prefix"]), overlap=overlap, by=_who())
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stderr.write(_SHOWN_ONCE)
        self.stdout.write(plain)

    def _revoke(self, options: dict[str, Any]) -> None:
        key = _key(options["prefix"])
        revoke_api_key(key, by=_who())
        self.stdout.write(f"{key} is revoked: every process refuses it within seconds.")


def _who() -> str:
    try:
        return f"manage.py apikey ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return "manage.py apikey"


def _key(prefix: str) -> ApiKey:
    # Whoever pastes a whole key means its prefix.
    key = ApiKey.objects.filter(prefix=prefix.partition(".")[0]).first()
    if key is None:
        raise CommandError("No key has this prefix; see: manage.py apikey list")
    return key


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError("a day like 2027-01-31") from None


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 2_000_000_000:
        raise argparse.ArgumentTypeError("a whole number, 0 or more")
    return int(text)


def _shown(limit: int | None) -> str:
    return "default" if limit is None else "any" if limit == 0 else str(limit)


def _instant(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"

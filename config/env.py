"""Typed environment readers: the only way a setting enters the program.

Values come from the process environment, then from an ``.env`` file. An empty value counts as
absent, as docker compose writes it. What is missing or malformed is collected, so that one start
names every fault; ``finish()`` raises them together. A secret's value never appears in a message.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS_PER = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}


class Environment:
    """Reads variables by type and remembers what was wrong with them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: text.strip() for name, text in values.items()}
        self._faults: list[str] = []
        self._secrets: set[str] = set()

    @classmethod
    def load(cls, default_file: Path) -> Environment:
        """Read the process environment over an env file.

        ``SIGNALS_ENV_FILE`` names another file; one named there must exist, the default need not.
        """
        named = os.environ.get("SIGNALS_ENV_FILE", "").strip()
        file = Path(named) if named else default_file
        environment = cls(_file_values(file) | dict(os.environ))
        if named and not file.exists():
            environment.fault("SIGNALS_ENV_FILE", named, "the path of an existing file")
        return environment

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret value read so far: what the logs must never show."""
        return frozenset(self._secrets)

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(self._faults)

    def secret(self, value: str) -> str:
        """Return a secret that was read elsewhere, remembered as one that no log may show."""
        self._secrets.add(value)
        return value

    def fault(self, name: str, value: str | None, accepted: str) -> None:
        """Record that a variable is unusable. Pass None for a value that must not be shown."""
        shown = "its value" if value is None else repr(value)
        self._faults.append(f"{name}: {shown} is not accepted; expected {accepted}")

    def finish(self) -> None:
        """Raise one error that names every fault recorded so far."""
        if self._faults:
            raise ImproperlyConfigured("; ".join(self._faults))

    def raw(self, name: str) -> str | None:
        return self._values.get(name) or None

    def text(
        self, name: str, default: str | None = None, *, required: bool = False, secret: bool = False
    ) -> str:
        value = self.raw(name)
        if value is None:
            if required:
                self._missing(name, "a secret text" if secret else "a text")
            return default or ""
        if secret:
            self._secrets.add(value)
        return value

    def integer(
        self, name: str, default: int, *, least: int | None = None, most: int | None = None
    ) -> int:
        value = self.raw(name)
        if value is None:
            return default
        number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
        if number is None or not _within(number, least, most):
            self.fault(name, value, "a whole number" + _bounds(least, most))
            return default
        return number

    def number(
        self, name: str, default: float, *, least: float | None = None, most: float | None = None
    ) -> float:
        value = self.raw(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or not _within(number, least, most):
            self.fault(name, value, "a number" + _bounds(least, most))
            return default
        return number

    def boolean(self, name: str, default: bool) -> bool:
        value = self.raw(name)
        if value is None:
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() not in _FALSE:
            self.fault(name, value, "true or false (also 1/0, yes/no, on/off)")
            return default
        return False

    def choice(self, name: str, default: str, choices: Iterable[str]) -> str:
        value = self.raw(name)
        if value is None:
            return default
        by_folded = {choice.casefold(): choice for choice in choices}
        if value.casefold() not in by_folded:
            self.fault(name, value, "one of " + ", ".join(by_folded.values()))
            return default
        return by_folded[value.casefold()]

    def url(
        self,
        name: str,
        default: str | None = None,
        *,
        schemes: tuple[str, ...] = ("https", "http"),
        required: bool = False,
        secret: bool = False,
        host_needed: bool = True,
    ) -> str | None:
        """Read a URL without a trailing slash; the password inside one counts as a secret.

        ``secret`` keeps the whole URL out of messages. A socket or a file has no host.
        """
        accepted = "a URL: " + " or ".join(f"{scheme}://…" for scheme in schemes)
        value = self.raw(name)
        if value is None:
            if required:
                self._missing(name, accepted)
            return default
        try:
            parts = urlsplit(value)
            place = parts.hostname if host_needed else parts.hostname or parts.path.strip("/")
            usable = parts.scheme in schemes and bool(place) and parts.port != 0
            password = parts.password
        except ValueError:
            usable, password = False, None
        if not usable or any(character.isspace() for character in value):
            self.fault(name, None if secret else value, accepted)
            return default
        if password:
            self._secrets.update({password, unquote(password)})
        return value.rstrip("/")

    def csv(
        self, name: str, default: tuple[str, ...] = (), *, required: bool = False
    ) -> tuple[str, ...]:
        """Read a comma-separated list; empty items are dropped, order is kept, doubles are not."""
        value = self.raw(name)
        if value is None:
            if required:
                self._missing(name, "a comma-separated list")
            return default
        return tuple(dict.fromkeys(item.strip() for item in value.split(",") if item.strip()))

    def secret_csv(self, name: str, *, least_length: int) -> tuple[str, ...]:
        values = self.csv(name)
        self._secrets.update(values)
        if any(len(value) < least_length for value in values):
            self.fault(name, None, f"secrets of at least {least_length} characters each")
        return values

    def integer_csv(
        self, name: str, default: tuple[int, ...], *, least: int, most: int
    ) -> tuple[int, ...]:
        """Read a comma-separated list of whole numbers, returned in order, none twice."""
        items = self.csv(name)
        if not items:
            return default
        numbers = [int(item) if re.fullmatch(r"[0-9]{1,18}", item) else None for item in items]
        if any(number is None or not _within(number, least, most) for number in numbers):
            self.fault(name, self.raw(name), "whole numbers, with commas" + _bounds(least, most))
            return default
        return tuple(sorted({number for number in numbers if number is not None}))

    def networks(self, name: str) -> tuple[Network, ...]:
        """Read a comma-separated list of addresses and networks in CIDR notation."""
        found: list[Network] = []
        for text in self.csv(name):
            try:
                found.append(ipaddress.ip_network(text))
            except ValueError:
                self.fault(name, text, "addresses or networks like 127.0.0.1 or 10.0.0.0/8")
        return tuple(found)

    def origins(self, name: str) -> tuple[str, ...]:
        """Read a comma-separated list of web origins: scheme, host and port, nothing else."""
        origins = self.csv(name)
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                self.fault(name, origin, "origins like https://app.example.com, one by one")
        return origins

    def path(self, name: str, default: Path, *, base: Path) -> Path:
        """Read a path; a relative one is meant from ``base``, not from the working directory."""
        value = self.raw(name)
        return default if value is None else (base / Path(value).expanduser()).absolute()

    def duration_s(
        self, name: str, default: float, *, least: float | None = None, most: float | None = None
    ) -> float:
        """Read a duration in seconds; the units ms, s, m, h and d may follow the number."""
        value = self.raw(name)
        if value is None:
            return default
        match = _DURATION.fullmatch(value)
        seconds = float(match[1]) * _SECONDS_PER[match[2]] if match else math.nan
        if not math.isfinite(seconds) or not _within(seconds, least, most):
            self.fault(name, value, "a duration like 8, 500ms, 30s or 4h" + _bounds(least, most))
            return default
        return seconds

    def instant_ms(self, name: str) -> int | None:
        """Read an ISO 8601 instant with its offset as Unix milliseconds; None when absent."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            self.fault(name, value, "an instant with its offset, like 2025-10-11T00:05:00Z")
            return None
        since_epoch = instant - datetime(1970, 1, 1, tzinfo=UTC)
        return round(since_epoch.total_seconds() * 1000)

    def _missing(self, name: str, accepted: str) -> None:
        self._faults.append(f"{name} is not set; expected {accepted}")


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL points at this machine, however the address is spelled."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:  # 127.1, 0x7f.0.0.1 and 2130706433 are 127.0.0.1 to the resolver
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _file_values(file: Path) -> dict[str, str]:
    # No interpolation: a "$" in a password is a "$".
    found = dotenv_values(file, interpolate=False) if file.is_file() else {}
    return {name: value for name, value in found.items() if value is not None}


def _within(number: float, least: float | None, most: float | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    if least is not None:
        return f" of at least {least:g}"
    return "" if most is None else f" of at most {most:g}"

"""What people write after a command, read forgivingly: coins, lengths of time, time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

_COMMAND = re.compile(r"/(\w{1,32})(?:@(\w{1,32}))?(?:\s+(.*))?", re.DOTALL)
_DURATION = re.compile(r"(\d{1,6}(?:[.,]\d{1,2})?)\s*(m|min|minutes?|h|hours?|d|days?|w|weeks?)")
_UNITS_S = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=30)

MOST_COINS = 20
_LONGEST_COIN = 30

_AREAS = (
    "Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
    "Pacific/",
)  # fmt: skip
_SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class WrittenCommand:
    """``bot``: whom it is addressed to, "" for whoever listens."""

    name: str
    bot: str
    argument: str


def read_command(text: str) -> WrittenCommand | None:
    """Return the command that a message is; None for any other text."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return None
    return WrittenCommand(found[1].lower(), found[2] or "", (found[3] or "").strip())


def coin_names(text: str) -> list[str]:
    """Return the names in "btc, $ETH SOLUSDT", as they may be looked up."""
    names = (part.strip("$#").upper() for part in re.split(r"[\s,;]+", text))
    kept = [name[:_LONGEST_COIN] for name in names if name]
    return list(dict.fromkeys(kept))[:MOST_COINS]


def read_duration(text: str) -> timedelta | None:
    """Return what "2h", "30 min" or "1.5d" means, between a minute and 30 days; None if nothing."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        return None
    length = timedelta(seconds=float(found[1].replace(",", ".")) * _UNITS_S[found[2][0]])
    return min(max(length, SHORTEST), LONGEST)


def find_zones(text: str) -> list[str]:
    """Return the one zone that a text names, else the zones it may mean, the likeliest first."""
    wanted = "_".join(text.strip().lower().split())
    if not wanted:
        return []
    zones = _zones()
    if wanted in zones:
        return [zones[wanted]]
    of_that_city = [name for key, name in zones.items() if key.rpartition("/")[2] == wanted]
    if of_that_city:
        return of_that_city[:_SUGGESTED]
    containing = [name for key, name in zones.items() if wanted in key]
    cities = {key.rpartition("/")[2]: name for key, name in zones.items()}
    close = get_close_matches(wanted.rpartition("/")[2], cities, n=_SUGGESTED, cutoff=0.7)
    return list(dict.fromkeys([*containing, *(cities[key] for key in close)]))[:_SUGGESTED]


@cache
def _zones() -> dict[str, str]:
    names = (name for name in available_timezones() if name == "UTC" or name.startswith(_AREAS))
    return {name.lower(): name for name in sorted(names)}

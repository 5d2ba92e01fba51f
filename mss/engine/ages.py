"""How old a coin is: the earliest sign of it that anybody tells. Pure.

Genesis by CoinGecko, listing times by the venues, and the day it first stood in our own copies of
CoinGecko's list. A coin that already stood in the first copy is older than our lists: that alone
tells no age until it is beyond what earns anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from market.snapshot import Problem, Reading
from market.types import HOUR_MS, Venue

# Older than this earns nothing, so that "at least" is as good as a date.
OLD_H = 720.0


@dataclass(frozen=True, slots=True)
class AgeSigns:
    """Instants in Unix milliseconds; None is unknown.

    ``stood_at_first_reading`` says that ``first_seen_at_ms`` is only when our lists begin.
    """

    genesis_at_ms: int | None = None
    binance_listed_at_ms: int | None = None
    okx_listed_at_ms: int | None = None
    first_seen_at_ms: int | None = None
    stood_at_first_reading: bool = False


def age_of(signs: AgeSigns, at_ms: int) -> Reading | Problem:
    """Return the age in hours with whose word it is, or why it is unknown."""
    told = [
        (signs.genesis_at_ms, Venue.COINGECKO.value, "its genesis by CoinGecko"),
        (signs.binance_listed_at_ms, Venue.BINANCE.value, "its perpetual's listing on Binance"),
        (signs.okx_listed_at_ms, Venue.OKX.value, "its perpetual's listing on OKX"),
    ]
    if not signs.stood_at_first_reading:
        seen = "its first appearance in our copies of CoinGecko's list"
        told.append((signs.first_seen_at_ms, "own_lists", seen))
    # A listing that is announced for later is no sign yet.
    known = sorted(
        (at, source, sign) for at, source, sign in told if at is not None and at <= at_ms
    )
    lists_began_at_ms = signs.first_seen_at_ms if signs.stood_at_first_reading else None
    if lists_began_at_ms is not None and (not known or known[0][0] > lists_began_at_ms):
        hours = (at_ms - lists_began_at_ms) / HOUR_MS
        if hours <= OLD_H:
            return Problem(
                "age_hours", "own_lists", "it is older than our copies of CoinGecko's list"
            )
        return Reading(
            hours, "h", "own_lists", lists_began_at_ms, at_ms,
            note="at least: it stood in our first copy of CoinGecko's list",
        )  # fmt: skip
    if not known:
        return Problem("age_hours", Venue.COINGECKO.value, "nobody tells when it began")
    began_at_ms, source, sign = known[0]
    return Reading((at_ms - began_at_ms) / HOUR_MS, "h", source, began_at_ms, at_ms, note=sign)

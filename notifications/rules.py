"""Which alerts a subscriber wants, and when: pure, so that every edge can be tested.

Local time counts: quiet hours, the digest's grid and the day of the cap are those of the
subscriber's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

KINDS = ("signal", "mss")
CONFIDENCES = ("low", "medium", "high")
DIRECTIONS = ("LONG", "SHORT")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule asks for; the columns of ``AlertRule`` without the database."""

    kind: str = "signal"
    symbols: frozenset[str] = frozenset()  # empty: every coin
    min_distance: float = 0.0
    min_confidence: str = "low"
    directions: str = "both"
    flips_only: bool = False
    min_score: float = 75.0
    quiet_from: time | None = None
    quiet_to: time | None = None
    daily_cap: int | None = None
    digest_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class When:
    """When an alert goes out; ``is_gathered``: together with others, in one digest."""

    due_at: datetime
    is_gathered: bool


def check_facts(kind: str, facts: Mapping[str, Any]) -> None:
    """Refuse facts that rules could not be held against. Raises ValueError naming the fact."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of alert")
    _require(facts, "symbol", str)
    _require(facts, "score", (int, float))
    if kind == "signal":
        _require(facts, "distance", (int, float))
        _require(facts, "is_flip", bool)
        if facts.get("direction") not in DIRECTIONS:
            raise ValueError(f"direction is {facts.get('direction')!r}, not LONG or SHORT")
        if facts.get("confidence") not in CONFIDENCES:
            raise ValueError(f"confidence is {facts.get('confidence')!r}")


def wants(terms: Terms, facts: Mapping[str, Any]) -> bool:
    """Tell whether a rule asks for an alert of its kind with these facts."""
    if terms.symbols and facts["symbol"] not in terms.symbols:
        return False
    if terms.kind == "mss":
        return bool(facts["score"] >= terms.min_score)
    return bool(
        facts["distance"] >= terms.min_distance
        and CONFIDENCES.index(facts["confidence"]) >= CONFIDENCES.index(terms.min_confidence)
        and terms.directions in ("both", facts["direction"])
        and (facts["is_flip"] or not terms.flips_only)
    )


def when_due(terms: Terms, *, zone: ZoneInfo, muted_until: datetime | None, now: datetime) -> When:
    """Return when a wanted alert goes out: now, with the next digest, or when silence ends."""
    digest_at = _next_digest(terms.digest_minutes, zone, now) if terms.digest_minutes else None
    due_at = held_until(terms, zone=zone, muted_until=muted_until, now=digest_at or now)
    return When(due_at or digest_at or now, is_gathered=bool(due_at or digest_at))


def held_until(
    terms: Terms, *, zone: ZoneInfo, muted_until: datetime | None, now: datetime
) -> datetime | None:
    """Return until when a mute or quiet hours hold alerts back; None when neither does now."""
    held = None
    if muted_until is not None and muted_until > now:
        held = muted_until
    # A mute may end in quiet hours; these end when the quiet part of the day is over.
    quiet_end = _quiet_until(terms.quiet_from, terms.quiet_to, zone, held or now)
    return quiet_end or held


def local_day(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return the instants at which the local day of an instant begins and ends."""
    today = now.astimezone(zone).date()
    tomorrow = today + timedelta(days=1)
    midnight = time()
    return (
        datetime.combine(today, midnight, tzinfo=zone).astimezone(UTC),
        datetime.combine(tomorrow, midnight, tzinfo=zone).astimezone(UTC),
    )


def _next_digest(minutes: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Digests lie on a grid from local midnight, so that the hourly one comes on the hour."""
    begins_at, ends_at = local_day(zone, now)
    step = timedelta(minutes=minutes)
    return min(begins_at + ((now - begins_at) // step + 1) * step, ends_at)


def _quiet_until(
    quiet_from: time | None, quiet_to: time | None, zone: ZoneInfo, now: datetime
) -> datetime | None:
    if quiet_from is None or quiet_to is None or not _is_quiet(quiet_from, quiet_to, zone, now):
        return None
    today = now.astimezone(zone).date()
    ends = (
        # Both readings of a time that comes twice when clocks are set back.
        datetime.combine(today + timedelta(days=days), quiet_to.replace(fold=fold), tzinfo=zone)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    return min(
        end
        for end in (local.astimezone(UTC) for local in ends)
        if end > now and not _is_quiet(quiet_from, quiet_to, zone, end)
    )


def _is_quiet(quiet_from: time, quiet_to: time, zone: ZoneInfo, now: datetime) -> bool:
    local = now.astimezone(zone).time()
    if quiet_from < quiet_to:
        return quiet_from <= local < quiet_to
    return local >= quiet_from or local < quiet_to


def _require(facts: Mapping[str, Any], name: str, kinds: type | tuple[type, ...]) -> None:
    if not isinstance(facts.get(name), kinds):
        raise ValueError(f"{name} is {facts.get(name)!r}")

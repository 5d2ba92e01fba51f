"""Scoring profiles between the database and the engine.

The engine knows frozen profiles and ships the presets; people edit versioned rows. Here a name
becomes the profile in force, and an edit becomes the next version. Reading is cached in the
process for a few seconds: a warm request costs no query, an edit takes effect everywhere soon.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction

from market import clock
from signals import models
from signals.engine import BALANCED, PRESETS
from signals.engine.types import ScoringProfile
from signals.exceptions import UnknownProfile
from signals.rendering import profile_from_settings

logger = logging.getLogger(__name__)

# How long an edit may stay unnoticed by another process.
MEMORY_S = 10.0

_lock = threading.Lock()
# name as asked (None = the default) -> (monotonic seconds when read, profile)
_memory: dict[str | None, tuple[float, ScoringProfile]] = {}


def active_profile(name: str | None = None) -> ScoringProfile:
    """Return the profile in force under a name, or the default one.

    A preset that has no row is the engine's own. With the database away the last one read in this
    process stays in force, or else the preset: a signal can still be computed and says by which
    version.
    """
    remembered = _memory.get(name)
    if remembered is not None and time.monotonic() - remembered[0] < MEMORY_S:
        return remembered[1]
    try:
        row = _active_row(name)
        known = known_names() if row is None else []
    except (DatabaseError, InterfaceError):
        logger.warning("profiles unreadable, the last known ones stay in force", exc_info=True)
        if remembered is not None:
            return _remember(name, remembered[1])
        row, known = None, sorted(PRESETS)
    if row is not None:
        return _remember(name, profile_of(row))
    preset = PRESETS.get(BALANCED.name if name is None else name)
    if preset is None:
        raise UnknownProfile(str(name), known)
    return _remember(name, preset)


def profile_of(row: models.ScoringProfile) -> ScoringProfile:
    """Return the engine's profile of a row."""
    settings = {key: getattr(row, key) for key in models.ScoringProfile.SETTINGS}
    return profile_from_settings(row.name, row.version, settings)


def save_version(name: str, settings: Mapping[str, Any]) -> models.ScoringProfile:
    """Store settings as the next version of a profile and put it in force.

    Raises ValidationError with a sentence for each fault. A default profile stays the default.
    """
    with transaction.atomic():
        versions = models.ScoringProfile.objects.select_for_update().filter(name=name)
        before = versions.order_by("-version").first()
        was_default = versions.filter(is_default=True).exists()
        versions.filter(is_active=True).update(is_active=False, is_default=False)
        row = models.ScoringProfile(
            name=name,
            version=1 if before is None else before.version + 1,
            is_active=True,
            is_default=was_default,
            created_at=clock.now(),
            **settings,
        )
        row.full_clean()
        row.save()
    forget()
    return row


def put_in_force(row: models.ScoringProfile) -> None:
    """Use this version under its name from now on; the default stays the default."""
    with transaction.atomic():
        same_name = models.ScoringProfile.objects.filter(name=row.name)
        was_default = same_name.filter(is_default=True).exists()
        same_name.update(is_active=False, is_default=False)
        same_name.filter(pk=row.pk).update(is_active=True, is_default=was_default)
    forget()


def make_default(row: models.ScoringProfile) -> None:
    """Use this profile when none is named."""
    with transaction.atomic():
        models.ScoringProfile.objects.filter(is_default=True).update(is_default=False)
        models.ScoringProfile.objects.filter(pk=row.pk, is_active=True).update(is_default=True)
    forget()


def known_names() -> list[str]:
    """Return every profile name that can be asked for."""
    stored = models.ScoringProfile.objects.filter(is_active=True).values_list("name", flat=True)
    return sorted({*PRESETS, *stored})


def forget() -> None:
    """Read profiles anew (after an edit in this process, and between tests)."""
    with _lock:
        _memory.clear()


def _remember(name: str | None, profile: ScoringProfile) -> ScoringProfile:
    with _lock:
        _memory[name] = (time.monotonic(), profile)
    return profile


def _active_row(name: str | None) -> models.ScoringProfile | None:
    rows = models.ScoringProfile.objects.filter(is_active=True)
    if name is not None:
        return rows.filter(name=name).first()
    return rows.filter(is_default=True).first() or rows.filter(name=BALANCED.name).first()

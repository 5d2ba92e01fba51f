"""The profile in force, between the database and the engine. The standard one needs no row."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Max

from market import clock
from mss import models
from mss.engine.profile import STANDARD, profile_from_settings
from mss.engine.types import MssProfile

logger = logging.getLogger(__name__)


def active_profile() -> MssProfile:
    """Return the profile that scores go by; the standard one while no row is active.

    With the database away it is the standard one, too: a score says by which version it was made.
    """
    try:
        row = models.MssProfile.objects.filter(is_active=True).first()
    except (DatabaseError, InterfaceError):
        logger.warning("MSS profiles unreadable, the standard one stands in", exc_info=True)
        return STANDARD
    return STANDARD if row is None else profile_of(row)


def profile_of(row: models.MssProfile) -> MssProfile:
    return profile_from_settings(row.name, row.version, row.settings)


def save_version(name: str, settings: Mapping[str, Any]) -> models.MssProfile:
    """Store settings as the next version of a profile and put it in force.

    Raises ValidationError with a sentence for each fault.
    """
    with transaction.atomic():
        last = models.MssProfile.objects.filter(name=name).aggregate(last=Max("version"))["last"]
        if last is None and name == STANDARD.name:
            last = STANDARD.version
        row = models.MssProfile(
            name=name, version=(last or 0) + 1, settings=dict(settings), created_at=clock.wall_now()
        )
        row.full_clean(exclude=["version", "created_at"])
        row.save()
        put_in_force(row)
    return row


def put_in_force(row: models.MssProfile) -> None:
    """Score by this version from now on."""
    with transaction.atomic():
        models.MssProfile.objects.filter(is_active=True).update(is_active=False)
        models.MssProfile.objects.filter(pk=row.pk).update(is_active=True)
    row.is_active = True

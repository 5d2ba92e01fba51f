"""A "clear" of the history hides what lies before an instant from every list; deletes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from config.accounts import audit
from market.clock import now, wall_now
from signals.history import listed_signals
from signals.history_pages import count_to_limit
from signals.models import HistoryCut

ACTION = "history.cleared"


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a cut did: the signals it took from the lists (None: more than are counted)."""

    hidden_until: datetime
    newly_hidden: int | None


@transaction.atomic
def clear_history(before: datetime | None, *, actor: str) -> Cleared:
    """Hide signals evaluated at or before an instant (None: now), and enter it in the audit log.

    The log's detail: ``hidden_until``, ``newly_hidden``.
    """
    hidden_until = now() if before is None else before
    newly_hidden = count_to_limit(listed_signals().filter(timestamp__lte=hidden_until))
    HistoryCut.objects.create(
        environment=settings.ENVIRONMENT,
        hidden_until=hidden_until,
        made_at=wall_now(),
        made_by=actor[:80],
    )
    audit.record(
        actor,
        ACTION,
        settings.ENVIRONMENT,
        hidden_until=hidden_until.isoformat(),
        newly_hidden=newly_hidden,
    )
    return Cleared(hidden_until, newly_hidden)

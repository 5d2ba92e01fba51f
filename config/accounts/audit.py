"""The audit log: one row for each act that changes who may do what, or what is shown."""

from __future__ import annotations

from typing import Any

from config.accounts.models import AuditEntry


def record(actor: str, action: str, target: str = "", **detail: Any) -> None:
    """Write an entry, in the caller's transaction: an act without its entry does not happen.

    ``detail`` must hold no secret and nothing but JSON values.
    """
    AuditEntry.objects.create(actor=actor[:160], action=action, target=target[:160], detail=detail)

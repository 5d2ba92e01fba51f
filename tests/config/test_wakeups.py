"""Wake-ups: sent on commit, and never in the way of what they follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from config import wakeups
from config.wakeups import wake

MESSAGES = Path(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"]))


def messages() -> set[Path]:
    return set(MESSAGES.glob("*.msg"))


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_is_sent_once_the_transaction_is_committed() -> None:
    before = messages()

    with transaction.atomic():
        wake("notifications.tasks.deliver_due")
        during = messages()

    assert during == before
    assert len(messages() - before) == 1


@pytest.mark.django_db(transaction=True)
def test_no_broker_does_not_undo_what_was_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(wakeups.app, "send_task", refuse)

    wake("notifications.tasks.deliver_due")

"""A sender in a process of its own: ``python -m`` this with Telegram's URL, token and the store."""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(base_url: str, token: str, store: str) -> None:
    django.setup()
    from django.conf import settings

    from notifications.models import Delivery
    from notifications.renderers import register_renderer
    from notifications.services import sweep
    from tests.notifications.alerts import PlainWords

    register_renderer("signal", PlainWords())
    settings.TELEGRAM_BASE_URL = base_url
    settings.TELEGRAM_BOT_TOKEN = token
    settings.STORE_PATH = Path(store)
    while Delivery.objects.filter(state__in=Delivery.OWED).exists():
        sweep()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Keeps Telegram's webhook pointed at this service, when one is configured. A resident.

What arrives there is taken by ``notifications.api.views``.
"""

from __future__ import annotations

import logging
import threading

from django.conf import settings

from notifications.poller import announce_commands
from notifications.telegram import get_client
from notifications.telegram_errors import TelegramError
from notifications.updates import ALLOWED_UPDATES

logger = logging.getLogger(__name__)

# Another program with the same token may have moved it.
LOOK_EVERY_S = 600.0
RETRY_S = 30.0


def is_wanted() -> bool:
    return bool(
        settings.TELEGRAM_BOT_TOKEN
        and not settings.TELEGRAM_DRY_RUN
        and settings.TELEGRAM_WEBHOOK_URL
    )


def run(stop: threading.Event) -> None:
    """Set the webhook, and again whenever it is found to be elsewhere, until the event is set."""
    wait_s = 0.0
    is_set = False
    while not stop.wait(wait_s):
        try:
            if not is_set:
                announce_commands()
                _set()
                is_set = True
            elif not _is_ours():
                logger.warning("the webhook was moved by somebody else, set again")
                _set()
            wait_s = LOOK_EVERY_S
        except TelegramError as e:
            logger.warning("the webhook could not be set", extra={"reason": str(e)})
            wait_s = RETRY_S


def _set() -> None:
    get_client().set_webhook(
        str(settings.TELEGRAM_WEBHOOK_URL),
        secret_token=settings.TELEGRAM_WEBHOOK_SECRET,
        allowed_updates=ALLOWED_UPDATES,
    )


def _is_ours() -> bool:
    info = get_client().get_webhook_info()
    if error := info.get("last_error_message"):
        logger.warning("Telegram cannot reach the webhook", extra={"reason": str(error)[:200]})
    return bool(info.get("url") == settings.TELEGRAM_WEBHOOK_URL)

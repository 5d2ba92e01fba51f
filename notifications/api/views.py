"""Telegram's webhook: checks who calls, keeps the update, answers at once; a worker does the rest.

A plain view: Telegram is no client of the API, has no key and reads no problem document.
"""

from __future__ import annotations

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications.updates import NotKept, is_update, receive

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
# An update is a few kilobytes: a message of 4096 characters, and who wrote it.
MOST_BODY_BYTES = 256 * 1024
_COME_BACK_S = 30


@csrf_exempt
@require_POST
def telegram_webhook(request: HttpRequest) -> HttpResponse:
    """Keep one update. Telegram sends again what is not answered with 2xx."""
    if not settings.TELEGRAM_WEBHOOK_URL or settings.TELEGRAM_DRY_RUN:
        return _plain("no webhook is configured", 404)
    if not _is_telegram(request):
        return _plain("not with this secret", 403)
    if _length_of(request) > MOST_BODY_BYTES:
        return _plain("too long for an update", 413)
    try:
        update = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return _plain("not JSON", 400)
    if not is_update(update):
        return _plain("not an update", 400)
    try:
        receive([update])
    except NotKept:
        answer = _plain("come back later", 503)
        answer["Retry-After"] = str(_COME_BACK_S)
        return answer
    return _plain("kept", 200)


def _is_telegram(request: HttpRequest) -> bool:
    expected = settings.TELEGRAM_WEBHOOK_SECRET
    given = request.headers.get(SECRET_HEADER, "")
    return bool(expected) and constant_time_compare(given, expected)


def _length_of(request: HttpRequest) -> int:
    text = request.headers.get("Content-Length", "")
    # Without a length nothing is read: Telegram always tells it.
    return int(text) if text.isdecimal() else MOST_BODY_BYTES + 1


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")

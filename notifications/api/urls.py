"""Routes of the notifications app: where Telegram calls."""

from django.urls import path

from notifications.api.views import telegram_webhook

urlpatterns = [
    path("telegram/webhook", telegram_webhook),
]

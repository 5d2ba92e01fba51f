"""A program: a few subscribers who share the coins among them, and no list that is due.

``python -m tests.kill.prepared CHAT,CHAT… COIN,COIN…``. They share, so that no chat is kept
waiting: Telegram takes a message a second for each.
"""

from __future__ import annotations

import sys

import django


def main(chats: list[int], coins: list[str]) -> None:
    from django.conf import settings

    from market.clock import wall_now
    from market.models import Watchlist
    from notifications.models import AlertRule, Subscriber

    Watchlist.objects.update(enabled=False)
    for number, chat_id in enumerate(chats):
        subscriber = Subscriber.objects.create(
            environment=settings.ENVIRONMENT, chat_id=chat_id, created_at=wall_now()
        )
        AlertRule.objects.create(
            subscriber=subscriber, symbols=coins[number :: len(chats)], with_chart=number == 0
        )


if __name__ == "__main__":
    django.setup()
    main([int(chat) for chat in sys.argv[1].split(",")], sys.argv[2].split(","))

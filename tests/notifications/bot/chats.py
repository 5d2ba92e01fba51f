"""One chat with the bot in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from market.sandbox.handle import Sandbox
from notifications import bot, updates
from notifications.models import AlertRule, ReceivedUpdate, Subscriber
from notifications.telegram import get_client


class Chat:
    """Each verb plays the user, lets the bot hear of it and answer, and returns its new texts."""

    def __init__(self, sandbox: Sandbox, chat_id: int, wait: Callable[[float], object]) -> None:
        self.sandbox = sandbox
        self.id = chat_id
        self.wait: Callable[[float], Any] = wait
        self.users = sandbox.telegram.users

    def other(self, chat_id: int) -> Chat:
        return Chat(self.sandbox, chat_id, self.wait)

    def says(self, text: str) -> list[str]:
        self.users.says(self.id, text)
        return self.hears()

    def asks(self, text: str) -> str:
        """Write what is answered with exactly one message, and return that."""
        [answer] = self.says(text)
        return answer

    def presses(self, **what: Any) -> str:
        """Press a button and return what is shown over the chat."""
        query_id = self.users.presses(self.id, **what)
        self.hears()
        answer = self.users.answers[query_id]
        assert answer is not None, "the button was not answered"
        return str(answer["text"])

    def hears(self) -> list[str]:
        """Let the bot fetch what there is and answer it; return what it wrote into this chat."""
        before = {message["message_id"] for message in self.messages()}
        self.fetch()
        bot.answer_updates(self.wait)
        return [each["text"] for each in self.messages() if each["message_id"] not in before]

    def fetch(self) -> None:
        """Do what the poller does: keep what came, then confirm it."""
        came = get_client().get_updates(
            offset=None, timeout_s=0, allowed_updates=updates.ALLOWED_UPDATES
        )
        if came:
            updates.receive(came)
            get_client().get_updates(
                offset=came[-1]["update_id"] + 1,
                timeout_s=0,
                allowed_updates=updates.ALLOWED_UPDATES,
            )

    def messages(self) -> list[dict[str, Any]]:
        return self.sandbox.telegram.chats.delivered(self.id)

    def labels(self) -> list[str]:
        """Return the labels of the buttons below the newest message."""
        rows = self.messages()[-1].get("reply_markup", {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]

    @property
    def subscriber(self) -> Subscriber:
        return Subscriber.objects.get(chat_id=self.id)

    @property
    def rule(self) -> AlertRule:
        return self.subscriber.rules.get(kind="signal")

    @property
    def states(self) -> list[str]:
        return list(ReceivedUpdate.objects.order_by("update_id").values_list("state", flat=True))

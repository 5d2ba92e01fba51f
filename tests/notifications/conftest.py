"""Fixtures of the notifications tests: the stand-in Telegram, words for alerts, a clock to move."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_django import Settings

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import BlockingSandboxTransport
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.telegram_rules import TOKEN
from notifications import renderers
from notifications.renderers import register_renderer
from notifications.telegram import transport_replaced
from tests.notifications.alerts import PlainWords


@pytest.fixture(autouse=True)
def standing_wall_clock() -> Iterator[None]:
    """Let wall time move only when a test moves it: a busy machine is no part of the story."""
    started_s = time.time()
    with clock.wall_told_by(lambda: started_s):
        yield


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    """Answer the bot's calls by the stand-in Telegram, without a network."""
    settings.TELEGRAM_BOT_TOKEN = TOKEN
    stand_in = Sandbox(SimulatedMarket(7))
    with transport_replaced(BlockingSandboxTransport(stand_in)):
        yield stand_in


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> PlainWords:
    """Have alerts of kind "signal" read as the test can foresee; other kinds have no words."""
    monkeypatch.setattr(renderers, "_renderers", {})
    words = PlainWords()
    register_renderer("signal", words)
    return words


@pytest.fixture
def move_on() -> Iterator[Callable[[float], None]]:
    """Return what moves wall time on by seconds; it also serves a sender as its way to wait."""
    with ExitStack() as moves:
        yield lambda seconds: moves.enter_context(clock.wall_shifted(seconds))

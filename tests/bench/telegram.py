"""Alerts of one event to 500 subscribers, with a picture, against the served stand-in.

The stand-in enforces Telegram's limits, so 500 ÷ 30 s is the floor. In the second run something
goes wrong twice a second. What is measured is the sender as it runs in a worker: runs that follow
each other while something is due, and a sweep every ten seconds.
"""

from __future__ import annotations

import io
import itertools
import os
import tempfile
import threading
from collections import Counter
from pathlib import Path
from time import monotonic, process_time, sleep
from typing import Any

import httpx

from tests.bench.report import heading, quantile, row, table_head
from tests.bench.stack import django_for, sandbox

SUBSCRIBERS = 500
LATENCY_MS = 80
SWEEP_EVERY_S = 10.0
GIVE_UP_S = 300.0
FAULT_EVERY_S = 0.5
TROUBLE_FOR_S = 15.0  # about as long as the sending; faults that nobody runs into pile up
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "http_5xx"},
    {"kind": "lost"},
    {"kind": "dead"},
    {"kind": "html", "parameters": {"status": 502}},
    {"kind": "truncated"},
    {"kind": "lost"},
    {"kind": "http_429", "parameters": {"retry_after_s": 1}},
)


def run() -> None:
    heading(f"Alerts: one event, {SUBSCRIBERS} subscribers, a picture, {LATENCY_MS} ms a call")
    table_head(
        "run",
        "delivered",
        "lost",
        "doubled",
        "unconfirmed",
        "median · p95 · last",
        "429 caused | CPU per message",
    )
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as folder:
        log = Path(folder) / "sandbox.log"
        with sandbox(latency_ms=LATENCY_MS, log=log) as upstream:
            os.environ["TELEGRAM_BASE_URL"] = f"{upstream.url}/telegram"
            os.environ["TELEGRAM_BOT_TOKEN"] = _token()
            django_for(upstream.url, Path(folder))
            _subscribe()
            row("floor at 30 a second", f"{SUBSCRIBERS}", _floor())
            _measure("all well", upstream.url, with_faults=False)
            _measure("30 faults in 15 s", upstream.url, with_faults=True)


def _token() -> str:
    from market.sandbox.telegram_rules import TOKEN

    return TOKEN


def _floor() -> str:
    seconds = [place / 30 for place in range(SUBSCRIBERS)]
    return f"0 | 0 | 0 | {_spread(seconds)} | 0 | –"


def _subscribe() -> None:
    from notifications.renderers import register_renderer
    from notifications.subscribers import subscribe
    from tests.notifications.alerts import PlainWords

    words = PlainWords()
    words.image = _picture()
    register_renderer("signal", words)
    for number in range(SUBSCRIBERS):
        subscribe(chat_id=1000 + number, chat_type="private")


def _picture() -> bytes:
    """Return a picture of about 50 KB, as a chart has."""
    from PIL import Image

    noise = Image.frombytes("L", (220, 220), os.urandom(220 * 220))
    file = io.BytesIO()
    noise.save(file, "PNG")
    return file.getvalue()


def _measure(name: str, url: str, *, with_faults: bool) -> None:
    from notifications.models import AlertEvent, Delivery
    from tests.notifications.alerts import raise_signal

    httpx.post(f"{url}/_control/reset", json={}, trust_env=False).raise_for_status()
    over = threading.Event()
    trouble = threading.Thread(target=_make_trouble, args=(url, over))
    if with_faults:
        trouble.start()
    event: AlertEvent = raise_signal("BTC")
    began_cpu_s = process_time()
    _work()
    cpu_s = process_time() - began_cpu_s
    over.set()
    if with_faults:
        trouble.join()

    accepted: dict[int, float] = {}
    counts: Counter[int] = Counter()
    began_ms = event.created_at.timestamp() * 1000
    answer = httpx.get(f"{url}/_control/telegram/messages", trust_env=False, timeout=30).json()
    for message in answer["messages"]:
        chat_id = message["chat"]["id"]
        counts[chat_id] += 1
        accepted.setdefault(chat_id, (message["received_ms"] - began_ms) / 1000)
    deliveries = Delivery.objects.filter(event=event)
    unconfirmed = sum(deliveries.values_list("unconfirmed", flat=True))
    calls = httpx.get(f"{url}/_control/calls", trust_env=False, timeout=30).json()
    row(
        name,
        f"{deliveries.filter(state='sent').count()}",
        f"{SUBSCRIBERS - len(counts)} | {sum(counts.values()) - len(counts)} | {unconfirmed} | "
        f"{_spread(list(accepted.values()))} | {calls['violations']} | "
        f"{1000 * cpu_s / SUBSCRIBERS:.1f} ms",
    )


def _work() -> None:
    """Do as a worker does until nothing is owed."""
    from market.clock import wall_now
    from notifications.models import Delivery
    from notifications.selectors import is_anything_due
    from notifications.sender import deliver_due
    from notifications.services import sweep

    began_s = monotonic()
    next_sweep_s = began_s + SWEEP_EVERY_S
    while Delivery.objects.filter(state__in=Delivery.OWED).exists():
        if monotonic() - began_s > GIVE_UP_S:
            return
        deliver_due()
        if not is_anything_due(wall_now()):
            sleep(max(0.0, next_sweep_s - monotonic()))
        if monotonic() >= next_sweep_s:
            next_sweep_s += SWEEP_EVERY_S
            sweep()


def _make_trouble(url: str, over: threading.Event) -> None:
    for fault in itertools.islice(itertools.cycle(FAULTS), int(TROUBLE_FOR_S / FAULT_EVERY_S)):
        body = {"provider": "telegram", "times": 1, **fault}
        httpx.post(f"{url}/_control/faults", json=body, trust_env=False).raise_for_status()
        if over.wait(FAULT_EVERY_S):
            return


def _spread(seconds: list[float]) -> str:
    at = [quantile(seconds, q) for q in (0.5, 0.95, 1.0)]
    return " · ".join(f"{value:.1f} s" for value in at)

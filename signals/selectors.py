"""Reads of stored signals and of scans. Every one is of one environment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from signals.engine.types import Direction
from signals.models import ScanBatch, ScanRun, Signal
from signals.publishing_rule import LastPublished


def last_published(environment: str, symbol: str, profile_name: str) -> LastPublished | None:
    """Return the newest link of a stream; imported signals are none."""
    row = (
        Signal.objects.links()
        .filter(environment=environment, symbol=symbol, profile_name=profile_name)
        .order_by("-seq")
        .values("seq", "content_hash", "signal", "score", "timestamp", "input_hash")
        .first()
    )
    return None if row is None else last_published_of(row)


def last_published_of(columns: Mapping[str, Any]) -> LastPublished:
    """Return the part of a signal's columns that the publishing rule and the chain need."""
    return LastPublished(
        seq=columns["seq"],
        content_hash=columns["content_hash"],
        direction=Direction(columns["signal"]),
        score=columns["score"],
        at_ms=_ms_of(columns["timestamp"]),
        input_hash=columns["input_hash"],
    )


def inputs_of(environment: str, symbol: str, profile_name: str, seq: int) -> bytes | None:
    """Return the compressed snapshot of one link of a stream; None when it is not stored."""
    inputs = (
        Signal.objects.filter(
            environment=environment, symbol=symbol, profile_name=profile_name, seq=seq
        )
        .values_list("inputs", flat=True)
        .first()
    )
    return None if inputs is None else bytes(inputs)


def _ms_of(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def scan_runs() -> QuerySet[ScanRun]:
    return ScanRun.objects.filter(environment=settings.ENVIRONMENT)


def scan_problems(run: ScanRun) -> dict[str, str]:
    """Return why coins of a run were not evaluated, by name; those nobody got to are the last."""
    problems: dict[str, str] = {}
    left: dict[str, str] = {}
    for batch in run.batches.all():
        problems |= batch.problems
        if batch.state == ScanBatch.State.LEFT:
            left |= dict.fromkeys(batch.symbols, "Nobody got to it before the deadline.")
    return problems | left

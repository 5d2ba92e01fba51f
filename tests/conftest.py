"""Fixtures of every test: fresh process-wide state, and an API client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics import latest
from config import shift
from config.accounts import keys
from config.accounts.keys import forget_believed_keys
from config.api.throttling import forget_permits
from market import clock, collect, store, universe


@pytest.fixture(autouse=True)
def fresh_process_state(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Give each test its own store file and let the market clock run again afterwards."""
    # The lists of coins are made in this process, which a busy machine does not do within seconds.
    monkeypatch.setattr(universe, "REFRESH_DEADLINE_S", 60.0)
    monkeypatch.setattr(collect, "EVIDENCE_WAIT_S", 5.0)
    # Nor does it ask as few queries, if it comes to the next one too late.
    monkeypatch.setattr(keys, "BELIEVED_S", 3600.0)
    settings.STORE_PATH = tmp_path / "store.sqlite3"
    settings.BACKUP_DIR = tmp_path / "backup"
    store.reset_store()
    forget_believed_keys()
    forget_permits()
    latest.forget()
    yield
    shift._told_to_stop[0] = 0
    clock.fix(None)
    store.reset_store()


@pytest.fixture
def api() -> APIClient:
    """Return a client of the HTTP API that turns unhandled errors into answers, as service does."""
    return APIClient(raise_request_exception=False)

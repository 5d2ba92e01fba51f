"""Fixtures of the signals tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from signals import profiles


@pytest.fixture(autouse=True)
def no_profile_remembered() -> Iterator[None]:
    """Let no test see the profiles of another."""
    profiles.forget()
    yield
    profiles.forget()

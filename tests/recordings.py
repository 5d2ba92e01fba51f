"""Recorded markets beside the project: found, or the test says why it is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def recording(relative: str) -> Path:
    """Return the path of a recording below ``../shared``; skip the test when it is not there."""
    path = _SHARED / relative
    if not path.exists():
        pytest.skip(f"{relative} is not beside the project")
    return path

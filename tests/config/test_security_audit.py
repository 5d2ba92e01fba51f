"""What CI makes of a vulnerability report: it fails for a finding, not for want of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).resolve().parents[2] / ".ci" / "audit"

SKIPPED = {"name": "orjson", "skip_reason": "not found"}
SOUND = {"name": "django", "version": "5.2.1", "vulns": []}
HOLED = {"name": "pillow", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("report", "status", "said"),
    [
        ("", 0, "NOT AUDITED"),
        ("no json", 0, "NOT AUDITED"),
        ({"dependencies": []}, 0, "NOT AUDITED"),
        ({"dependencies": [SKIPPED, SKIPPED]}, 0, "NOT AUDITED"),
        ({"dependencies": [SKIPPED, SOUND]}, 0, "1 of 2 packages audited, 0 vulnerable"),
        ({"dependencies": [SKIPPED, SOUND, HOLED]}, 1, "pillow 1: CVE-1, fixed in 2"),
    ],
)
def test_the_audit_s_verdict(report: Any, status: int, said: str) -> None:
    text = report if isinstance(report, str) else json.dumps(report)

    done = subprocess.run(
        [sys.executable, AUDIT], input=text, capture_output=True, text=True, check=False
    )

    assert done.returncode == status
    assert said in done.stdout

"""What CI makes of a vulnerability report: it fails for a finding, not for want of one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
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


class KnowsOneHole(BaseHTTPRequestHandler):
    """A vulnerability service of the OSV kind that knows one, of pillow."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package = {"name": asked["package"]["name"], "ecosystem": "PyPI"}
        fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}
        hole = {"id": "CVE-1", "affected": [{"package": package, "ranges": [fixed]}]}
        found = {"vulns": [hole]} if package["name"] == "pillow" else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), KnowsOneHole) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_hole_that_the_real_program_finds_fails_the_build(tmp_path: Path, service: str) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("django==5.2.1\npillow==11.0.0\n")
    ours = [sys.executable, "-m", "pip_audit", "--requirement", pins, "--no-deps", "--disable-pip"]
    theirs = ["--vulnerability-service", "osv", "--osv-url", service, "--format", "json"]

    report = subprocess.run([*ours, *theirs], capture_output=True, text=True, check=False)
    done = subprocess.run(
        [sys.executable, AUDIT], input=report.stdout, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, report.stderr
    assert "pillow 11.0.0: CVE-1, fixed in 99" in done.stdout
    assert "2 of 2 packages audited, 1 vulnerable" in done.stdout

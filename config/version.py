"""Name, version and description of the product, said once: in ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads(
    (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

NAME: str = _PROJECT["name"]
VERSION: str = _PROJECT["version"]
DESCRIPTION: str = _PROJECT["description"]

"""How the OpenAPI documents are written into docs/: short, and so that a change shows as lines."""

from __future__ import annotations

import json
from typing import Any

import orjson

from config.api.renderers import dump_json

_WIDTH = 100


def committed_text(document: dict[str, Any]) -> str:
    """Return a document as JSON in which whatever fits into a line stands on one."""
    return _lines(orjson.loads(dump_json(document)), "") + "\n"


def _lines(value: Any, indent: str) -> str:
    on_one_line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(on_one_line) <= _WIDTH:
        return on_one_line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{_lines(name, '')}: {_lines(each, inner)}" for name, each in value.items()]
        first, last = "{", "}"
    else:
        items = [_lines(each, inner) for each in value]
        first, last = "[", "]"
    return f"{first}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{last}"

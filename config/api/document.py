"""The service's own OpenAPI document, as it is served and as it is committed."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator

from config.api.renderers import dump_json

_COMMITTED_WIDTH = 100


def make_document() -> dict[str, Any]:
    """Describe every route anew, with what the generator has to complain of on stderr."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    document: dict[str, Any] = generator.get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return document


@lru_cache(maxsize=1)
def openapi_json() -> bytes:
    """Return the document as it is served."""
    # The routes do not change while a process runs, and generating takes a good part of a second.
    return dump_json(make_document())


def committed_text(document: dict[str, Any]) -> str:
    """Return a document as JSON for docs/: short, and so that a change shows as lines."""
    return _lines(orjson.loads(dump_json(document)), "") + "\n"


def _lines(value: Any, indent: str) -> str:
    """Put on one line whatever fits into one."""
    on_one_line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(on_one_line) <= _COMMITTED_WIDTH:
        return on_one_line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{_lines(name, '')}: {_lines(each, inner)}" for name, each in value.items()]
        first, last = "{", "}"
    else:
        items = [_lines(each, inner) for each in value]
        first, last = "[", "]"
    return f"{first}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{last}"

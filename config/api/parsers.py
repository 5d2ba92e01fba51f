"""The only parser: a JSON body, of bounded depth. Its size is bounded by the middleware.

Python's own parser answers deep nesting with a RecursionError, and takes NaN for JSON.
"""

# ruff: noqa: ARG002 - REST framework fixes the signature of parse

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

# No body of ours is deeper than three.
MOST_DEPTH = 20


class BoundedJsonParser(BaseParser):
    """A request's body to REST framework's ``request.data``."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ParseError from error
        if _is_deeper(data, MOST_DEPTH):
            raise ParseError
        return data


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        nested: Any = value.values()
    elif isinstance(value, list):
        nested = value
    else:
        return False
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in nested)

"""JSON bodies by orjson: what is no JSON, no Unicode text or nested without end is refused.

Python's own parser lets lone surrogates through, which neither an answer nor PostgreSQL can hold,
and meets deep nesting with a RecursionError.
"""

# ruff: noqa: ARG002 - REST framework fixes the signature of parse

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class OrjsonParser(BaseParser):
    """The only parser: a JSON body to plain values."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError:
            raise ParseError from None

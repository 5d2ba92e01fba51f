"""What a schema forbids, value by value: wrong types, both sides of every bound, hostile text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.contract.document import resolved

# Text that has broken programs: as a parameter it is only text.
HOSTILE = {
    "unicode": "Ω≈ç√ ☃ ʼn 𝔅𝔗ℭ \u202e",
    "SQL": "BTC'; DROP TABLE signals_signal; --",
    "template": "{{ 7 * 7 }}${7*7}<%= 7 * 7 %>",
    "markup": "<script>alert(1)</script>",
    "path": "../../../../etc/passwd",
    "shell": "$(id)`id`|id",
    "header": "BTC\r\nSet-Cookie: a=b",
    "format": "%s%n{0.__class__}",
}
NUL = "BTC\0"
OVERSIZED = "9" * 5000

Value = tuple[str, Any]


def forbidden(schema: Mapping[str, Any], *, as_json: bool = False) -> Iterator[Value]:
    """Yield values that a parameter, or with ``as_json`` a body's member, must be refused for."""
    schema = _first_alternative(resolved(schema))
    kind = schema.get("type")
    if "enum" in schema:
        yield "unknown choice", "no-such-choice"
        yield "oversized", OVERSIZED
        yield "NUL", NUL
        yield from HOSTILE.items()
    elif kind in {"integer", "number"}:
        yield from _no_numbers(schema)
    elif kind == "boolean":
        yield "wrong type", "perhaps"
        yield "oversized", OVERSIZED
        yield "NUL", NUL
        yield from HOSTILE.items()
    elif kind == "string":
        yield from _no_texts(schema)
    elif kind == "array" and as_json:
        yield from _no_lists(schema)
    if as_json:
        yield from _other_types(str(kind))


def _no_numbers(schema: Mapping[str, Any]) -> Iterator[Value]:
    yield "wrong type", "many"
    if schema["type"] == "integer":
        yield "not whole", "1.5"
    yield "infinite", "1e999"
    yield "no number", "nan"
    yield "NUL", "1\0"
    yield from HOSTILE.items()
    if "minimum" in schema:
        yield "below", schema["minimum"] - 1
    if "maximum" in schema:
        yield "above", schema["maximum"] + 1
        yield "oversized", OVERSIZED


def _no_texts(schema: Mapping[str, Any]) -> Iterator[Value]:
    yield "NUL", NUL
    yield "oversized", OVERSIZED
    if "maxLength" in schema:
        yield "too long", "B" * (schema["maxLength"] + 1)
    if "pattern" in schema or schema.get("format") in {"date", "date-time", "uuid"}:
        yield "wrong form", "neither a date nor an id"
        yield from HOSTILE.items()


def _no_lists(schema: Mapping[str, Any]) -> Iterator[Value]:
    yield "no item", []
    yield "too many", ["BTC"] * (schema["maxItems"] + 1)
    yield "an item that is no text", [{"BTC": 1}]
    yield "an item with NUL", [NUL]


def _other_types(kind: str) -> Iterator[Value]:
    yield "null", None
    if kind != "array":
        yield "a list", ["BTC"]
    if kind != "object":
        yield "an object", {"BTC": 1}
    if kind == "array":
        yield "a text", "BTC"


def _first_alternative(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in ("oneOf", "anyOf"):
        for option in schema.get(choice, ()):
            return resolved(option)
    return schema

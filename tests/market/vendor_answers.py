"""Documents of the API against the shapes that their serializers promise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rest_framework import serializers

# The child of a DictField whose values may be anything (raw bodies).
_ANYTHING = type(serializers.DictField().child)


def misfits(shape: Any, value: Any, where: str = "$") -> Iterator[str]:
    """Yield every place where a document is not what its serializer says."""
    if value is None:
        if not shape.allow_null:
            yield f"{where} is null"
    elif isinstance(shape, serializers.ListSerializer | serializers.ListField):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for index, each in enumerate(value):
            yield from misfits(shape.child, each, f"{where}[{index}]")
    elif isinstance(shape, serializers.DictField):
        if type(shape.child) is not _ANYTHING:
            for key, each in value.items():
                yield from misfits(shape.child, each, f"{where}.{key}")
    elif isinstance(shape, serializers.Serializer):
        yield from (f"{where}.{key} is not documented" for key in value.keys() - shape.fields)
        for name, field in shape.fields.items():
            if name in value:
                yield from misfits(field, value[name], f"{where}.{name}")
            elif field.required:
                yield f"{where}.{name} is missing"
    elif not _fits(shape, value):
        yield f"{where} is {value!r}, not a {type(shape).__name__}"


def _fits(shape: serializers.Field[Any, Any, Any, Any], value: Any) -> bool:
    if isinstance(shape, serializers.BooleanField):
        return isinstance(value, bool)
    if isinstance(shape, serializers.IntegerField):
        return type(value) is int
    if isinstance(shape, serializers.FloatField):
        return type(value) in (int, float) and math.isfinite(value)
    if isinstance(shape, serializers.DateTimeField):
        return datetime.fromisoformat(value).tzinfo is not None
    if isinstance(shape, serializers.ChoiceField):
        return value in shape.choices
    return isinstance(value, str)

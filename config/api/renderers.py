"""JSON by orjson, which refuses what JSON cannot say.

orjson writes NaN and the infinities as ``null``; here they are an error, because an unknown number
must have been made ``None`` by whoever knew that it is unknown.
"""

# ruff: noqa: ARG002 - REST framework fixes the signature of render

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

# Most of an answer, and what a stored signal is made of.
_WITHOUT_FLOATS = frozenset({str, int, bool, type(None), datetime, orjson.Fragment})


class OrjsonRenderer(BaseRenderer):
    """The only renderer: REST framework's Response data to JSON bytes."""

    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dump_json(data)


def dump_json(data: Any) -> bytes:
    """Return compact JSON; raise ValueError on a number that is not finite."""
    _refuse_non_finite(data, "")
    return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)


def _refuse_non_finite(value: Any, where: str) -> None:
    """Look through containers; only what may hold a float is called for."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a number that is not finite at {where or 'the top'}")
    elif isinstance(value, dict):
        for key, nested in value.items():
            kind = type(nested)
            if kind not in _WITHOUT_FLOATS and not (kind is float and math.isfinite(nested)):
                _refuse_non_finite(nested, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for nested in value:
            kind = type(nested)
            if kind not in _WITHOUT_FLOATS and not (kind is float and math.isfinite(nested)):
                _refuse_non_finite(nested, f"{where}[]")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a decimal that is not finite")
        return str(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not serializable")

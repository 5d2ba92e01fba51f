"""Query parameters: declared as a serializer, validated in one call, documented from it too.

    query = read_params(request, SignalParams)

A parameter nobody declared is refused with 400 and its name, since it is almost always a typing
error that would otherwise silently do nothing; so is one given twice, where two readers of the
same URL could disagree which counts. Use the class in ``@extend_schema(parameters=[…])`` too.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


class NoParams(serializers.Serializer[Any]):
    """For views that take no query parameter at all."""


def read_params(
    request: Request, serializer_class: type[serializers.Serializer[Any]] = NoParams
) -> dict[str, Any]:
    """Return the validated query parameters, or raise a ValidationError that names each fault.

    Defaults must be constants: those of an empty query are computed once per class.
    """
    if not request.META.get("QUERY_STRING"):
        return dict(_of_empty_query(serializer_class))
    declared = _declared_names(serializer_class)
    faults: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for name, values in request.query_params.lists():
        if name not in declared:
            faults[name] = [_unknown(name, declared)]
        elif len(values) > 1:
            faults[name] = ["Given more than once."]
        else:
            given[name] = values[0]
    # A plain dict, because REST framework reads an absent boolean of a QueryDict as False.
    serializer = serializer_class(data=given)
    if not serializer.is_valid():
        faults = {**serializer.errors, **faults}
    if faults:
        raise serializers.ValidationError(faults)
    return dict(serializer.validated_data)


@cache
def _declared_names(serializer_class: type[serializers.Serializer[Any]]) -> frozenset[str]:
    return frozenset(serializer_class().fields)


@cache
def _of_empty_query(serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    serializer = serializer_class(data={})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _unknown(name: str, declared: frozenset[str]) -> str:
    close = get_close_matches(name, declared, n=1)
    if close:
        return f"Unknown parameter; did you mean {close[0]}?"
    if declared:
        return f"Unknown parameter; known are {', '.join(sorted(declared))}."
    return "Unknown parameter; this takes none."

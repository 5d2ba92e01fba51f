"""Query parameters and bodies: declared as a serializer, validated in one call, documented from it.

    query = read_params(request, SignalParams)
    asked = read_body(request, WatchSerializer)

A parameter nobody declared is refused with 400 and its name, since it is almost always a typing
error that would otherwise silently do nothing; so is one given twice, where two readers of the
same URL could disagree which counts. Use the class in ``@extend_schema(parameters=[…])`` too, that
of a body as its ``request``.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

# Of a body's unknown members so many are named, by so many characters.
_MOST_NAMED = 10
_LONGEST_NAMED = 100


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


def read_body(
    request: Request, serializer_class: type[serializers.Serializer[Any]]
) -> dict[str, Any]:
    """Return the validated JSON body, or raise a ValidationError that names each fault."""
    body = request.data
    serializer = serializer_class(data=body)
    faults = {} if serializer.is_valid() else dict(serializer.errors)
    if isinstance(body, dict):
        declared = _declared_names(serializer_class)
        unknown = sorted(name for name in body if name not in declared)[:_MOST_NAMED]
        faults |= {name[:_LONGEST_NAMED]: [_unknown(name, declared)] for name in unknown}
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

"""Request bodies: a member nobody declared is refused, like an unknown query parameter."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

_MOST_NAMED = 10


def refuse_unknown(body: serializers.Serializer[Any]) -> None:
    """Raise a ValidationError that names members of a body which nobody declared."""
    unknown = sorted(set(body.initial_data) - set(body.fields))
    if unknown:
        known = ", ".join(sorted(body.fields))
        raise serializers.ValidationError(
            dict.fromkeys(unknown[:_MOST_NAMED], f"Unknown; known are {known}.")
        )

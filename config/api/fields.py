"""Fields with what they mean, of which every app makes the documented shapes of its answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


def number(help_text: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(help_text=help_text, **options)


def number_or_null(help_text: str) -> serializers.FloatField:
    return number(help_text, allow_null=True)


def whole(help_text: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=help_text, **options)


def text(help_text: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=help_text, **options)


def texts(help_text: str) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


def moment(help_text: str, **options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=help_text, **options)


# --- Of lists -------------------------------------------------------------------------------------

MOST_OFFSET = 10_000


def page_limit(
    default: int, most: int, help_text: str, *, least: int = 1
) -> serializers.IntegerField:
    return serializers.IntegerField(
        default=default, min_value=least, max_value=most, help_text=help_text
    )


def page_offset(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_OFFSET, help_text=help_text
    )

"""Query parameters: validated as declared; what nobody declared is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from config.api.params import NoParams, read_params


class ScanParams(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)
    debug = serializers.BooleanField(default=True)
    symbol = serializers.CharField(required=False)


class RangeParams(serializers.Serializer[Any]):
    start = serializers.DateField()


def read(query: str, params: type[serializers.Serializer[Any]] = ScanParams) -> dict[str, Any]:
    return read_params(Request(APIRequestFactory().get(f"/scan{query}")), params)


def faults(query: str, params: type[serializers.Serializer[Any]] = ScanParams) -> dict[str, Any]:
    with pytest.raises(serializers.ValidationError) as raised:
        read(query, params)
    return {name: [str(text) for text in texts] for name, texts in raised.value.detail.items()}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"limit": 10, "debug": True}),
        ("?", {"limit": 10, "debug": True}),
        ("?limit=1", {"limit": 1, "debug": True}),
        ("?limit=50&debug=false&symbol=BTC", {"limit": 50, "debug": False, "symbol": "BTC"}),
    ],
)
def test_declared_parameters_are_read_and_absent_ones_take_their_default(
    query: str, expected: dict[str, Any]
) -> None:
    assert read(query) == expected


def test_what_one_caller_changes_does_not_reach_the_next() -> None:
    read("")["limit"] = 99

    assert read("")["limit"] == 10


@pytest.mark.parametrize("limit", ["0", "51", "many", "1.5", ""])
def test_a_value_out_of_bounds_is_refused_by_name(limit: str) -> None:
    assert list(faults(f"?limit={limit}")) == ["limit"]


def test_a_misspelt_parameter_is_refused_with_the_name_it_resembles() -> None:
    assert faults("?limt=5") == {"limt": ["Unknown parameter; did you mean limit?"]}


def test_an_unknown_parameter_is_refused_with_the_known_names() -> None:
    assert faults("?page=5") == {"page": ["Unknown parameter; known are debug, limit, symbol."]}


def test_a_view_without_parameters_refuses_any() -> None:
    assert faults("?x=1", NoParams) == {"x": ["Unknown parameter; this takes none."]}


def test_a_parameter_given_twice_is_refused() -> None:
    assert faults("?limit=5&limit=6") == {"limit": ["Given more than once."]}


def test_all_faults_are_named_together() -> None:
    assert set(faults("?limit=0&page=1&debug=maybe")) == {"limit", "page", "debug"}


def test_a_required_parameter_is_missed_by_name_also_without_any_query() -> None:
    assert faults("", RangeParams) == {"start": ["This field is required."]}

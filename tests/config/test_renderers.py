"""JSON answers: compact, and never a number that JSON cannot say."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.utils.functional import lazystr
from hypothesis import given, settings
from hypothesis import strategies as st

from config.api.renderers import OrjsonRenderer, dump_json

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def floats_of(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for nested in value.values() for number in floats_of(nested)]
    if isinstance(value, list):
        return [number for nested in value for number in floats_of(nested)]
    return [value] if isinstance(value, float) else []


@settings(deadline=None)
@given(JSON)
def test_json_is_written_exactly_or_refused_for_a_number_that_is_not_finite(value: Any) -> None:
    if all(math.isfinite(number) for number in floats_of(value)):
        assert orjson.loads(dump_json(value)) == value
    else:
        with pytest.raises(ValueError, match="not finite"):
            dump_json(value)


def test_the_place_of_a_number_that_is_not_finite_is_named() -> None:
    with pytest.raises(ValueError, match=r"at \.factors\[\]\.score"):
        dump_json({"factors": [{"score": float("inf")}]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2025, 10, 11, 0, 5, tzinfo=UTC), b'"2025-10-11T00:05:00Z"'),
        (Decimal("1.2300"), b'"1.2300"'),
        (lazystr("later"), b'"later"'),
        ((1, 2), b"[1,2]"),
    ],
)
def test_times_decimals_and_lazy_texts_are_written(value: Any, expected: bytes) -> None:
    assert dump_json(value) == expected


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_a_decimal_that_is_not_finite_is_refused(value: Decimal) -> None:
    with pytest.raises(TypeError) as raised:
        dump_json({"x": value})
    assert isinstance(raised.value.__cause__, ValueError)


def test_what_has_no_json_form_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="object"):
        dump_json({"x": object()})


def test_no_data_is_no_body() -> None:
    assert OrjsonRenderer().render(None) == b""

"""The table of forbidden values itself: both sides of bounds, and nothing that is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.bad_values import forbidden

COUNT = {"type": "integer", "minimum": 1, "maximum": 50}


def values(schema: dict[str, Any], *, as_json: bool = False) -> dict[str, Any]:
    return dict(forbidden(schema, as_json=as_json))


def test_a_bounded_number_is_tried_just_beyond_both_bounds() -> None:
    found = values(COUNT)

    assert (found["below"], found["above"], found["not whole"]) == (0, 51, "1.5")


def test_a_number_without_bounds_is_not_tried_beyond_them() -> None:
    assert not {"below", "above", "oversized"} & values({"type": "number"}).keys()


def test_a_text_is_tried_one_character_too_long() -> None:
    assert values({"type": "string", "maxLength": 3})["too long"] == "BBBB"


def test_hostile_text_is_forbidden_only_where_the_form_is_given() -> None:
    assert "SQL" not in values({"type": "string", "maxLength": 40})
    assert "SQL" in values({"type": "string", "format": "date-time"})
    assert "SQL" in values({"type": "string", "enum": ["1h", "4h"]})


@pytest.mark.parametrize(
    ("schema", "others"),
    [
        (COUNT, {"null", "a list", "an object"}),
        ({"type": "array", "maxItems": 2}, {"null", "an object", "a text"}),
    ],
)
def test_a_member_of_a_body_is_tried_as_other_types(schema: Any, others: set[str]) -> None:
    assert others <= values(schema, as_json=True).keys()
    assert not others & values(schema).keys()

"""The readers of single values: what is a number, a time, a text, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.providers.errors import ProviderPayloadError
from market.providers.payload import (
    REASONS_KEPT,
    Lenient,
    Refused,
    epoch_ms,
    epoch_s,
    finite,
    flag,
    integer,
    iso_ms,
    mapping,
    not_negative,
    parse_rows,
    parses,
    percent,
    positive,
    rate_pct,
    read,
    read_optional,
    share_pct,
    text,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("76914.90", 76914.9),
        ("-0.00001", -0.00001),
        ("1.17e-11", 1.17e-11),
        (".5", 0.5),
        ("5.", 5.0),
        (70187, 70187.0),
        (1.5, 1.5),
        (0, 0.0),
    ],
)
def test_a_number_is_read_from_a_json_number_or_decimal_text(value, expected):
    assert finite(value) == expected


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", "1_000", "1,5", "0x10", "NaN", "nan", "inf", "-Infinity", "1e999", "١٢",
     "9" * 65, "0." + "1" * 63,
     None, True, False, [], {}, float("nan"), float("inf"), 10**400, -(10**31), "1e31"],
)  # fmt: skip
def test_anything_else_is_not_a_number(value):
    with pytest.raises(Refused):
        finite(value)


@pytest.mark.parametrize(
    ("reader", "accepted", "refused"),
    [
        (positive, ["0.1", 1], ["0", "-0.1", 0]),
        (not_negative, ["0", "0.1"], ["-0.000001"]),
        (share_pct, ["0", "1", "0.4666"], ["1.0001", "-0.1"]),
        (percent, [0, 100, 84.07], [100.01, -1]),
        (rate_pct, ["-1", "0.0001"], ["1.01"]),
        (integer, [0, 5, "15"], [-1, "1.0", 1.0, True, "", "9" * 16, 10**15]),
        (epoch_ms, [1230768000000, "1789478299014"], [1230767999999, 0, 1789478299, 4102444800000]),
        (epoch_s, ["1551157200", 1551157200], ["1551157200000", 0, "x"]),
        (text, ["x", "币安人生"], ["", None, 5, "x" * 201]),
        (flag, [True, False], [0, 1, "true", None]),
        (mapping, [{}], [[], None, "x"]),
        (iso_ms, ["2024-04-07T15:24:51.021Z"], ["yesterday", "", None, "0001-01-01T00:00:00Z"]),
    ],
)
def test_each_reader_keeps_to_its_range(reader, accepted, refused):
    for value in accepted:
        reader(value)

    for value in refused:
        with pytest.raises(Refused):
            reader(value)


def test_fractions_become_percent_and_seconds_become_milliseconds():
    assert share_pct("0.4666") == pytest.approx(46.66)
    assert rate_pct("0.0001") == pytest.approx(0.01)
    assert epoch_s("1551157200") == 1551157200000
    assert iso_ms("2024-04-07T15:24:51.021Z") == 1712503491021


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e29, max_value=1e29))
@settings(deadline=None)
def test_text_of_a_number_reads_as_the_number(number):
    assert finite(repr(number)) == number


def test_a_missing_value_is_refused_by_name_and_an_optional_one_is_unknown():
    with pytest.raises(Refused, match="price: missing"):
        read({}, "price", finite)
    with pytest.raises(Refused, match="price: not a number"):
        read({"price": None}, "price", finite)
    assert read_optional({}, "price", finite) is None
    assert read_optional({"price": ""}, "price", finite) is None
    assert read_optional({"price": None}, "price", finite) is None
    assert read_optional({"price": "0"}, "price", finite) == 0.0


def test_a_lenient_object_loses_only_its_bad_values_and_tells_them():
    reasons: list[str] = []
    values = Lenient({"good": 5, "bad": "many", "null": None}, reasons)

    read_values = [values.get(key, finite) for key in ("good", "bad", "null", "absent")]

    assert read_values == [5.0, None, None, None]
    assert reasons == ["bad: not a number"]


def test_one_bad_row_of_many_is_dropped_counted_and_told():
    parsed = parse_rows([1, "x", 3, None], finite)

    assert parsed.value == (1.0, 3.0)
    assert parsed.refused == 2
    assert parsed.reasons == ("row 1: not a number", "row 3: not a number")


def test_reasons_are_bounded_but_the_count_is_not():
    parsed = parse_rows([1, *["x"] * 1000], finite)

    assert parsed.refused == 1000
    assert len(parsed.reasons) == REASONS_KEPT


def test_an_answer_of_bad_rows_only_is_refused_and_an_empty_one_is_not():
    assert parse_rows([], finite).value == ()
    with pytest.raises(Refused):
        parse_rows(["x", None], finite)


def test_reasons_never_quote_the_payload():
    with pytest.raises(ProviderPayloadError) as caught, parses("binance", "klines"):
        finite("https://secret.example/?key=abc")

    assert "secret" not in caught.value.reason
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("error", [KeyError("k"), TypeError("t"), IndexError(), OverflowError()])
def test_whatever_a_parser_stumbles_over_leaves_as_a_payload_error(error):
    with pytest.raises(ProviderPayloadError) as caught, parses("okx", "candles"):
        raise error

    assert (caught.value.provider, caught.value.endpoint) == ("okx", "candles")

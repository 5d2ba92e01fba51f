"""Packed rows: what goes in comes out, and joins lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.tables import Table, join, join_floors, observation, pack, unpack

VALUES = st.one_of(st.just(float("nan")), st.floats(-1e12, 1e12, allow_nan=False))


@st.composite
def tables(draw: st.DrawFn, width: int = 2, min_rows: int = 0) -> Table:
    times = sorted(draw(st.sets(st.integers(0, 40), min_size=min_rows, max_size=20)))
    flat = draw(st.lists(VALUES, min_size=width * len(times), max_size=width * len(times)))
    values = np.array(flat, dtype=np.float64).reshape(width, len(times))
    return Table(np.array(times, dtype=np.int64), values)


def same(one: Table, other: Table) -> bool:
    return np.array_equal(one.times_ms, other.times_ms) and np.array_equal(
        one.values, other.values, equal_nan=True
    )


@given(tables(min_rows=1))
@settings(deadline=None)
def test_packing_and_unpacking_gives_every_bit_back(table: Table) -> None:
    assert same(unpack(pack(table), len(table)), table)


def test_packed_columns_are_little_endian_whatever_the_machine() -> None:
    packed = pack(observation(1, 1.0))

    assert packed == bytes([1, 0, 0, 0, 0, 0, 0, 0]) + bytes([0, 0, 0, 0, 0, 0, 0xF0, 0x3F])


@pytest.mark.parametrize(("size", "rows"), [(8, 0), (8, 2), (17, 1), (24, -1)])
def test_bytes_that_are_no_table_are_refused(size: int, rows: int) -> None:
    with pytest.raises(ValueError, match="are not a table"):
        unpack(b"\0" * size, rows)


@given(tables(), tables())
@settings(deadline=None)
def test_a_join_holds_every_time_of_both_once_and_in_order(one: Table, other: Table) -> None:
    joined = join(one, other)

    expected = sorted({*one.times_ms.tolist(), *other.times_ms.tolist()})
    assert joined.table.times_ms.tolist() == expected
    assert joined.added == len(expected) - len(one)


@given(tables(), tables())
@settings(deadline=None)
def test_where_both_know_a_value_the_newer_one_stands_and_unknown_never_hides_it(
    older: Table, newer: Table
) -> None:
    joined = join(older, newer).table

    before = dict(zip(older.times_ms.tolist(), older.values.T.tolist(), strict=True))
    after = dict(zip(newer.times_ms.tolist(), newer.values.T.tolist(), strict=True))
    for time, row in zip(joined.times_ms.tolist(), joined.values.T.tolist(), strict=True):
        for column, value in enumerate(row):
            known = [
                rows[time][column]
                for rows in (after, before)
                if time in rows and rows[time][column] == rows[time][column]
            ]
            assert value == known[0] if known else value != value


@given(tables())
@settings(deadline=None)
def test_joining_the_same_rows_again_changes_nothing(table: Table) -> None:
    joined = join(table, table)

    assert same(joined.table, table)
    assert (joined.added, joined.rewritten) == (0, 0)


def test_rows_that_change_their_value_are_counted() -> None:
    joined = join(observation(1, 5.0), observation(1, 6.0))

    assert joined.rewritten == 1
    assert joined.table.values.tolist() == [[6.0]]


@given(tables(width=1), tables(width=1))
@settings(deadline=None)
def test_of_two_floors_the_higher_one_stands_whichever_came_first(one: Table, other: Table) -> None:
    assert same(join_floors(one, other).table, join_floors(other, one).table)


def test_a_floor_never_sinks() -> None:
    joined = join_floors(observation(1, 500.0), observation(1, 20.0))

    assert joined.table.values.tolist() == [[500.0]]

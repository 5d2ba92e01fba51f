"""Texts are cut to Telegram's limits without breaking what they are made of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.sandbox.telegram_markup import parse_html
from notifications.text import escape, plain, split, utf16_units, visible_units

PIECES = st.one_of(
    st.text(alphabet="ab é€😀👩\n <>&\"'", max_size=30).map(escape),
    st.sampled_from(["&lt;", "&amp;", "&#128512;", "&#x20ac;", "&quot;"]),
)


def tagged(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(
        st.sampled_from(["b", "i", "code", 'a href="https://example.com/?a=1&amp;b=2"']), inner
    ).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0].split()[0]}>")


MARKED_UP = st.recursive(
    PIECES, lambda inner: st.lists(inner | tagged(inner), max_size=4).map("".join), max_leaves=12
)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("marked_up", "units"),
    [
        ("", 0),
        ("abc", 3),
        ("<b>abc</b>", 3),
        ("a &lt; b", 5),
        ("&#128512;", 2),
        ("😀", 2),
        ("€", 1),
        ("1 < 2", 5),
        ('<a href="https://example.com">x</a>', 1),
    ],
)
def test_what_counts_are_utf16_units_of_what_is_visible(marked_up: str, units: int) -> None:
    assert visible_units(marked_up) == units


def test_a_text_within_the_limit_stays_as_it_is() -> None:
    assert split("<b>one</b>\ntwo", 7) == ["<b>one</b>\ntwo"]


def test_a_break_comes_after_a_line_rather_than_in_a_word() -> None:
    assert split("first line\nsecond line", 15) == ["first line\n", "second line"]


def test_a_break_comes_after_a_word_where_no_line_ends_late_enough() -> None:
    assert split("a\nbcd efg hij klm", 12) == ["a\nbcd efg ", "hij klm"]


def test_without_lines_and_words_it_breaks_where_the_room_ends() -> None:
    assert split("abcdefgh", 3) == ["abc", "def", "gh"]


def test_open_tags_are_closed_and_opened_again() -> None:
    parts = split('<b>bold <a href="https://e.com">link text</a></b>', 9)

    assert parts == ["<b>bold </b>", '<b><a href="https://e.com">link text</a></b>']


def test_the_first_part_may_have_a_limit_of_its_own() -> None:
    assert split("abcdefgh", 4, first_limit=2) == ["ab", "cdef", "gh"]


@pytest.mark.parametrize("marked_up", ["", "   ", "<b> </b>\n", "\n\n\n\n\n\n\n\n"])
def test_what_shows_nothing_is_no_message(marked_up: str) -> None:
    assert split(marked_up, 4) == []


def test_blank_stretches_make_no_part_of_their_own() -> None:
    assert split("abcd" + " " * 8 + "efgh", 4) == ["abcd", "efgh"]


@given(MARKED_UP, st.integers(2, 40))
def test_parts_keep_the_limit_are_well_formed_and_lose_nothing_visible(
    marked_up: str, limit: int
) -> None:
    parts = split(marked_up, limit)

    assert all(visible_units(part) <= limit for part in parts)
    assert without_space("".join(map(plain, parts))) == without_space(plain(marked_up))
    for part in parts:
        # The stand-in's own parser refuses broken tags and entities.
        assert utf16_units(parse_html(part)[0]) == visible_units(part)


@given(MARKED_UP, st.integers(2, 40))
def test_splitting_what_was_split_changes_nothing(marked_up: str, limit: int) -> None:
    parts = split(marked_up, limit)

    assert [again for part in parts for again in split(part, limit)] == parts


@given(st.text())
def test_escaped_text_reads_as_it_was(text: str) -> None:
    assert plain(escape(text)) == text

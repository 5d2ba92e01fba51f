"""Texts within Telegram's limits: lengths, splitting and plain reading of its HTML. Pure.

Telegram counts UTF-16 units of what is visible once markup is parsed. A split never falls inside a
tag, an entity or a character; tags that are open at a split are closed and opened again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

_TOKEN = re.compile(
    r"""(?xis)
    < (?P<close>/?) (?P<tag>[a-z][a-z0-9-]*) [^<>]* >
    | & (?: lt | gt | amp | quot | \#[0-9]{1,7} | \#x[0-9a-f]{1,6} ) ;
    | .
    """
)


@dataclass(frozen=True, slots=True)
class _Token:
    raw: str
    units: int  # visible UTF-16 units: none for a tag
    opens: str | None = None
    closes: str | None = None


def escape(text: str) -> str:
    """Return text as it stands in Telegram's HTML."""
    return html.escape(text, quote=False)


def utf16_units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def visible_units(marked_up: str) -> int:
    """Return the length that Telegram's limits mean."""
    return sum(token.units for token in _tokens(marked_up))


def plain(marked_up: str) -> str:
    """Return what is visible, without markup."""
    return "".join(_visible(token) for token in _tokens(marked_up))


def split(marked_up: str, limit: int = TEXT_LIMIT, first_limit: int | None = None) -> list[str]:
    """Return the text in parts that each keep the limit (the first one its own, if given).

    Breaks come after a line where one ends in the second half of what fits, else after a word.
    Parts with nothing but white space are dropped: Telegram refuses those.
    """
    tokens = list(_tokens(marked_up))
    parts: list[str] = []
    open_tags: list[_Token] = []
    start = 0
    room = first_limit or limit
    while start < len(tokens):
        end = _end_of_part(tokens, start, room)
        before = "".join(token.raw for token in open_tags)
        for token in tokens[start:end]:
            _follow(open_tags, token)
        after = "".join(f"</{token.opens}>" for token in reversed(open_tags))
        body = "".join(token.raw for token in tokens[start:end])
        if any(_visible(token).strip() for token in tokens[start:end]):
            parts.append(before + body + after)
            room = limit
        start = end
    return parts


def _tokens(marked_up: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(marked_up):
        raw, tag = found[0], found["tag"]
        if tag is None:
            yield _Token(raw, utf16_units(html.unescape(raw) if len(raw) > 1 else raw))
        elif found["close"]:
            yield _Token(raw, 0, closes=tag.lower())
        else:
            yield _Token(raw, 0, opens=tag.lower())


def _visible(token: _Token) -> str:
    if token.opens or token.closes:
        return ""
    return html.unescape(token.raw) if len(token.raw) > 1 else token.raw


def _end_of_part(tokens: list[_Token], start: int, room: int) -> int:
    """Return where the part that begins at ``start`` ends."""
    used = 0
    after_line = after_word = None
    for at in range(start, len(tokens)):
        token = tokens[at]
        used += token.units
        if used > room:
            # One character wider than the room there is would never fit: it goes alone.
            return after_line or after_word or max(at, start + 1)
        if used * 2 >= room:
            if token.raw == "\n":
                after_line = at + 1
            elif token.raw == " ":
                after_word = at + 1
    return len(tokens)


def _follow(open_tags: list[_Token], token: _Token) -> None:
    if token.opens:
        open_tags.append(token)
    elif token.closes and open_tags and open_tags[-1].opens == token.closes:
        open_tags.pop()

"""Telegram's HTML: what a reader sees of it, and the entities that say how. Pure.

Only markup becomes entities; links, commands and mentions in plain text do not.
"""

from __future__ import annotations

import re
from typing import Any

_TYPES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "code": "code", "pre": "pre", "a": "text_link", "tg-spoiler": "spoiler", "span": "spoiler",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));")
_TAG = re.compile(r"<(/?)([^\s>/]*)([^>]*)>")
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")

Entity = dict[str, Any]


class MarkupError(ValueError):
    """The markup cannot be read; the text is what follows "can't parse entities:"."""


def utf16_length(text: str) -> int:
    """Return a length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return the visible text and its entities; raises MarkupError."""
    seen: list[str] = []
    length = 0
    opened: list[tuple[str, int, Entity]] = []
    entities: list[Entity] = []

    def show(piece: str) -> None:
        nonlocal length
        text = _REFERENCE.sub(_character, piece)
        seen.append(text)
        length += utf16_length(text)

    at = 0
    while (start := source.find("<", at)) >= 0:
        show(source[at:start])
        offset = len(source[:start].encode())
        tag = _TAG.match(source, start)
        if tag is None:
            raise MarkupError(f"Unclosed start tag at byte offset {offset}")
        at = tag.end()
        closing, name, rest = tag[1], tag[2].lower(), tag[3]
        if not closing:
            opened.append((name, length, _entity(name, rest, offset)))
            continue
        if not opened:
            raise MarkupError(f"Unexpected end tag at byte offset {offset}")
        expected, begun, entity = opened.pop()
        if name not in ("", expected):
            raise MarkupError(
                f"Unmatched end tag at byte offset {offset}, "
                f'expected "</{expected}>", found "</{name}>"'
            )
        if length > begun:
            entities.append({"offset": begun, "length": length - begun, **entity})
    show(source[at:])
    if opened:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return "".join(seen), _nested(entities)


def _entity(name: str, rest: str, offset: int) -> Entity:
    attributes = {
        key.lower(): _REFERENCE.sub(_character, double or single or bare)
        for key, double, single, bare in _ATTRIBUTE.findall(rest)
    }
    kind = _TYPES.get(name)
    if kind is None or (name == "span" and attributes.get("class") != "tg-spoiler"):
        raise MarkupError(f'Unsupported start tag "{name}" at byte offset {offset}')
    entity: Entity = {"type": kind}
    if name == "a":
        entity["url"] = attributes.get("href", "")
    elif name == "blockquote" and "expandable" in attributes:
        entity["type"] = "expandable_blockquote"
    elif name == "code" and attributes.get("class", "").startswith("language-"):
        entity["language"] = attributes["class"].removeprefix("language-")
    elif name == "tg-emoji":
        entity["custom_emoji_id"] = attributes.get("emoji-id", "")
    return entity


def _nested(entities: list[Entity]) -> list[Entity]:
    """Order entities as Telegram does; code inside pre only names its language."""
    found: list[Entity] = []
    for entity in sorted(entities, key=lambda each: (each["offset"], -each["length"])):
        outer = found[-1] if found else None
        same = outer is not None and (outer["offset"], outer["length"]) == (
            entity["offset"], entity["length"],
        )  # fmt: skip
        if same and outer is not None and {outer["type"], entity["type"]} == {"pre", "code"}:
            found[-1] = {**outer, **entity, "type": "pre"}
        else:
            found.append(entity)
    return found


def _character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name is not None:
        return _NAMED.get(name, reference[0])
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else reference[0]

"""The shell commands of README and docs, in the order a reader meets them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^[ \t]*```sh\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^[ \t]*```.*?^[ \t]*```", re.MULTILINE | re.DOTALL)
_PROGRAMS = r"\./run|manage\.py|python3?|celery|docker|git|curl|sqlite3|pg_dump|pg_restore"
_INLINE = re.compile(rf"`((?:{_PROGRAMS}) [^`]+|\.ci/run)`")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; ``place`` counts the blocks of the page from 1."""

    page: str
    place: int
    text: str

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0].strip()


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks() -> list[Block]:
    return [
        Block(str(page.relative_to(ROOT)), place, text)
        for page in pages()
        for place, text in enumerate(_BLOCK.findall(page.read_text()), start=1)
    ]


def inline_commands() -> list[str]:
    """Return the commands within sentences and tables, each once."""
    found = [
        command
        for page in pages()
        for command in _INLINE.findall(_FENCED.sub("", page.read_text()))
    ]
    return list(dict.fromkeys(found))

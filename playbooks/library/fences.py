"""PURE. Where the commands of a playbook begin and end, as Markdown reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@dataclass(frozen=True)
class Fence:
    """Commands between two marks, also in a list or a quotation: the indices of the line that opens them and of the one
    behind them.
    """

    begin: int
    end: int
    mark: str
    commands: str
    is_closed: bool


@cache
def _markdown() -> "MarkdownIt":
    """Return a reader of blocks, as those are read that are shown (render.py)."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 -- 0.5 MB, for loops only where a playbook is read

    reader = MarkdownIt("commonmark", {"html": False})
    reader.core.ruler.enableOnly(["normalize", "block"])
    return reader


def fences_in(lines: Sequence[str], begin: int) -> list[Fence]:
    """Return the fences behind the front matter, as Markdown reads them."""
    body = "\n".join(lines[begin:])
    if "```" not in body and "~~~" not in body:
        return []
    found = []
    for token in _markdown().parse(body):
        if token.type == "fence" and token.map:
            first, end = begin + token.map[0], begin + token.map[1]
            last = lines[end - 1].lstrip(" \t>").rstrip()
            is_closed = end - first > 1 and len(last) >= len(token.markup) and set(last) == {token.markup[0]}
            found.append(Fence(first, end, token.markup, token.content, is_closed))
    return found

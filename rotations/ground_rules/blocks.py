"""PURE. A text as people write it (Markdown's paragraphs, headings, lists, quotations), in blocks that a page can show.

Only the shape is read: nothing in the text becomes markup, so nothing in it can do harm, and emphasis stays as typed.
"""

import re
from dataclasses import dataclass

HEADING = re.compile(r"^#{1,6}\s+(.*)$")
BULLET = re.compile(r"^[-*+]\s+(.*)$")
NUMBERED = re.compile(r"^\d{1,3}[.)]\s+(.*)$")
QUOTED = re.compile(r"^>\s?(.*)$")
SHAPES = (("heading", HEADING), ("bullets", BULLET), ("numbered", NUMBERED), ("quote", QUOTED))


@dataclass(frozen=True)
class Block:
    """A piece of a text: heading, paragraph, bullets, numbered or quote; with its lines, or its items."""

    kind: str
    lines: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """Return the blocks of `text` in order. An empty line ends a block; lines that follow an item belong to it."""
    found: list[Block] = []
    before = ""  # the kind of the line before, or nothing after an empty line
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            before = ""
            continue
        kind, words = _shape(line)
        last = found[-1] if found and before else None
        if kind == "paragraph" and last is not None and before in ("bullets", "numbered"):
            found[-1] = Block(last.kind, (*last.lines[:-1], f"{last.lines[-1]} {words}"))
            continue
        if last is not None and kind == before != "heading":
            found[-1] = Block(kind, (*last.lines, words))
        else:
            found.append(Block(kind, (words,)))
        before = kind
    return found


def _shape(line: str) -> tuple[str, str]:
    for kind, pattern in SHAPES:
        if match := pattern.match(line):
            return kind, match[1].strip()
    return "paragraph", line

"""Texts with {PLACEHOLDERS}: which they name, and what is put in their place. PURE.

A placeholder is a word in braces. Whatever else is short and in braces is a slip of the pen, and is said, never sent;
what has a quotation mark in it is a piece of data. Source: domain.md 3.1 (messages, M1 to M10).
"""

import re
from collections.abc import Mapping

KNOWN: dict[str, str] = {
    "NAME": "Whom it greets",
    "CONTEXT": "What we believe it has to do with",
    "FINDING": "What we believe it is",
    "ACTION": "What we do about it now",
    "SINCE": "Since when, in UTC",
    "TIME": "When it was over, in UTC",
    "NEXT": "When the next message comes, in UTC",
    "START": "When it begins, in UTC",
    "END": "When it ends, in UTC",
    "LINK": "Where to read on",
    "REQUEST": "What was asked",
    "HOURS": "Hours of support, used and agreed",
}
_PLACE = re.compile(r"\{([^{}\n\"]{0,40})\}")


def named(text: str) -> list[str]:
    """Return what looks like a placeholder, without its braces: each once, in the order of the text."""
    return list(dict.fromkeys(_PLACE.findall(text)))


def unknown(text: str) -> list[str]:
    """Return those of them that are none of ours."""
    return [name for name in named(text) if name not in KNOWN]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each placeholder that has a value replaced by it; the others stay.

    What is put in is not looked at again: braces in a value are no placeholder of the text.
    """
    return _PLACE.sub(lambda found: values.get(found[1]) or found[0], text)


def refusal(text: str) -> str:
    """Say why `text` cannot be a template; empty: it can."""
    wrong = unknown(text)
    if not wrong:
        return ""
    return f"{{{wrong[0]}}} is no placeholder. Use one of {', '.join(f'{{{name}}}' for name in KNOWN)}."


def left(text: str) -> str:
    """Say what in `text` must be filled in before it goes out; empty: nothing."""
    names = named(text)
    if not names:
        return ""
    name = names[0]
    if name not in KNOWN:
        return refusal(text)
    words = KNOWN[name][0].lower() + KNOWN[name][1:]
    return f"{{{name}}} is not filled in. Write {words} in its place, or take it out."

"""Typed words as they are kept: one kind of space and of line end, and no character that nobody sees. PURE."""

import unicodedata

JOINERS = "\u200c\u200d"  # unseen, yet letters of some scripts and parts of some emoji hang together by them


def plain(text: str) -> str:
    """Return a text of several lines. A space that does not break, or is narrow, is a space."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(_seen(one) for one in text).strip()


def line(text: str) -> str:
    """Return a text of one line, with one space between words."""
    return " ".join(plain(text).split())


def _seen(one: str) -> str:
    if one in "\n\t" or one in JOINERS or one.isprintable():
        return one
    return " " if unicodedata.category(one) == "Zs" else ""

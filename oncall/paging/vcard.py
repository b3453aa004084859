"""PURE. A contact card (vCard 3.0, RFC 2426) of the numbers that call people at night.

Version 3.0 because every telephone reads it. Whoever keeps the card can let it through their Do-Not-Disturb.
"""

from collections.abc import Sequence

LONGEST_LINE = 75  # octets, without its line break


def card(*, name: str, numbers: Sequence[str], note: str, url: str, uid: str) -> str:
    """Return the card as text with CRLF line ends. The same `uid` lets a telephone replace an older card.

    `numbers` are E.164, each once, the one that calls first in front.
    """
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"N:{escaped(name)};;;;",
        f"FN:{escaped(name)}",
        *(f"TEL;TYPE=WORK,VOICE:{escaped(number)}" for number in dict.fromkeys(numbers)),
        f"URL:{escaped(url)}",
        f"NOTE:{escaped(note)}",
        f"UID:{escaped(uid)}",
        "END:VCARD",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def escaped(text: str) -> str:
    """Return `text` as a value: backslash, comma, semicolon and line breaks written so that they mean themselves."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def folded(line: str) -> str:
    """Return a line in pieces of at most 75 octets, each further one beginning with a space; no character is split."""
    pieces, piece, size = [], "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > LONGEST_LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + char, size + octets
    return "\r\n".join([*pieces, piece])

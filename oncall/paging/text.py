"""PURE. Words that fit a telephone: one GSM-7 segment, no control characters, safe codes.

Source: paging.md 2.1 (body), 2.6 (words the provider reserves, codes).
"""

import hashlib
import re
import unicodedata
from uuid import UUID

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€")  # each costs two
SEGMENT = 160  # septets
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: a code never spells a word, least of all a reserved one
OPT_OUT = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split())
OPT_IN = frozenset("START YES UNSTOP".split())
RESERVED = OPT_OUT | OPT_IN | {"HELP", "INFO"}  # the provider acts on these words itself
REPLACED = {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\t": " ", "`": "'"}


LINK = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE)


def unlinked(text: str) -> str:
    """Return `text` without links: what a source wrote must not be pressed on, nor let a carrier filter the page."""
    return LINK.sub("(link)", text)


def gsm(text: str) -> str:
    """Return `text` in the GSM-7 alphabet on one line: quotes made plain, accents dropped where needed, else “?”."""
    out = []
    for char in " ".join("".join(REPLACED.get(c, c) for c in text).split()):
        if char in GSM_BASIC or char in GSM_EXTENDED:
            out.append(char)
            continue
        plain = "".join(c for c in unicodedata.normalize("NFKD", char) if c in GSM_BASIC)
        out.append(plain or ("" if unicodedata.category(char) in {"Cc", "Cf", "Mn", "Me"} else "?"))
    return "".join(out)


def septets(text: str) -> int:
    """Return the length of a GSM-7 text in septets; a segment holds 160."""
    return sum(2 if char in GSM_EXTENDED else 1 for char in text)


def cut(text: str, room: int) -> str:
    """Return `text`, shortened with “...” so that it takes at most `room` septets."""
    if septets(text) <= room:
        return text
    while text and septets(text) > room - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def sms_body(*, reference: str, severity: int, title: str) -> str:
    """Return the page as one segment: who we are, the code, the severity, what, and how to answer."""
    head = f"oncall {reference} SEV{severity} "
    tail = f". Reply {reference} A=ack E=escalate R=resolve"
    told = cut(gsm(unlinked(title)).rstrip(". "), SEGMENT - septets(head) - septets(tail))
    return head + told + (tail.removeprefix(".") if told.endswith("...") else tail)


def reference(page_id: UUID, *, nth: int = 0) -> str:
    """Return the four-letter code of a page, derived from its id; `nth` gives another when that one is taken.

    20^4 = 160,000 codes for each person.
    """
    number = int.from_bytes(hashlib.sha256(page_id.bytes + nth.to_bytes(4, "big")).digest()[:8], "big")
    letters = []
    for _ in range(4):
        number, index = divmod(number, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[index])
    return "".join(letters)


def spell(code: str) -> str:
    """Return a code with spaces, so that a voice spells it."""
    return " ".join(code)


VERBS = {
    "A": "acknowledge", "ACK": "acknowledge",
    "E": "escalate", "ESC": "escalate",
    "R": "resolve", "RES": "resolve",
    "W": "why", "WHY": "why",
}  # fmt: skip
ASKS = frozenset({"?", "MENU", "KEYS"})  # who sends one of these hears how to answer; none is reserved


def parse_reply(body: str) -> tuple[str, str] | None:
    """Return (code, verb) of a reply such as “KZQT A”, “a kzqt” or “KZQTA”; nothing where it is neither.

    The verb is acknowledge, escalate, resolve or why. A bare code says nothing: no verb is ever guessed.
    """
    words = "".join(c if c.isalnum() else " " for c in body.upper()).split()
    if len(words) == 1 and len(words[0]) > 4 and words[0][4:] in VERBS:
        words = [words[0][:4], words[0][4:]]
    if len(words) < 2:
        return None
    first, second = words[:2]
    if second in VERBS and is_code(first):
        return first, VERBS[second]
    if first in VERBS and is_code(second):
        return second, VERBS[first]
    return None


def is_code(word: str) -> bool:
    return len(word) == 4 and all(letter in CODE_LETTERS for letter in word)

"""PURE: telephone numbers and the length of texts, as the telephone company reads them."""

import re

E164 = re.compile(r"\+[1-9]\d{6,14}")
SHORT_CODE = re.compile(r"\d{3,8}")
NORTH_AMERICA = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("^{}\\[~]|€\f")  # an escape and a letter: two places each


class BadNumber(ValueError):
    """The text is no telephone number."""


def e164(text: str) -> str:
    """Return `text` in E.164, forgiving spaces, dots, dashes and brackets.

    :raises BadNumber: if it is not `+` and 7 to 15 digits.
    """
    number = re.sub(r"[\s().-]", "", text)
    if not E164.fullmatch(number):
        raise BadNumber(f"{text!r} is not a telephone number. Write it with its country, such as +14155550123.")
    return number


def loosely(text: str) -> str:
    """Return `text` in E.164, as `e164`, but also where an address lost its plus (`?to=+1…` arrives as a space).

    :raises BadNumber: if it is no number even so.
    """
    text = text.strip()
    return e164(text if text.startswith("+") else f"+{text}")


def formatted(number: str) -> str:
    """Return `+14155550123` as `(415) 555-0123`; numbers outside North America stay as they are."""
    match = NORTH_AMERICA.fullmatch(number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number


def segments(body: str) -> int:
    """Return in how many parts a text travels.

    160 letters of the GSM-7 alphabet fit one part, 153 each of several; a single letter outside of it makes that
    70 and 67 (UTF-16 units). Source: paging.md 2.1.
    """
    if all(letter in _GSM7 or letter in _GSM7_TWICE for letter in body):
        length = sum(2 if letter in _GSM7_TWICE else 1 for letter in body)
        whole, part = 160, 153
    else:
        length = len(body.encode("utf-16-le")) // 2
        whole, part = 70, 67
    return 1 if length <= whole else -(-length // part)

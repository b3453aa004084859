"""Cells of table files: no text is taken for a formula, a number stays a number. PURE.

A spreadsheet computes a cell that begins with = + - @, a tab, a carriage return or a line feed, and some compute the
full-width forms of these signs too (OWASP, "CSV Injection"; security.md S19). Such a text gets an apostrophe in front.
So does one that hides the sign behind blanks or invisible letters: own choice, since some programs drop these first.
All text stands in quotation marks, so that a program that splits at another sign than the comma cannot be led to begin
a cell in the middle of a text.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

SIGNS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212")
BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})  # categories of blanks and of letters nobody sees
BOM = "\ufeff"


@dataclass(frozen=True)
class Seconds:
    """A length of time: whole seconds, shown as h:mm:ss beside them."""

    seconds: int


Cell = str | int | float | Seconds | datetime | date | None


@dataclass(frozen=True)
class Sheet:
    """A table with a head; columns of `Seconds` become two in a table file, seconds and h:mm:ss."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    lengths: frozenset[int] = frozenset()  # places of the columns of `Seconds`


def neutral(text: str) -> str:
    """Return `text` such that no spreadsheet takes it for a formula; without a NUL, which none can read."""
    words = text.replace("\0", "")
    return f"'{words}" if words[:1] in SIGNS or _first_seen(words) in SIGNS else words


def _first_seen(words: str) -> str:
    return next((sign for sign in words if unicodedata.category(sign) not in BLANK), " ")


def h_mm_ss(seconds: int) -> str:
    """Return 41:30:00; a minus in front when negative. Hours go on past 24."""
    minutes, left = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if seconds < 0 else ''}{hours}:{minutes:02}:{left:02}"


def table_file(sheet: Sheet) -> str:
    """Return the sheet as RFC 4180 has it, lines ending in CR LF, with a byte order mark for UTF-8.

    Own choice: the mark, because without it spreadsheets read names in the letters of their own country.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([name for place, head in enumerate(sheet.heads) for name in _heads(sheet, place, head)])
    for row in sheet.rows:
        writer.writerow([part for place, cell in enumerate(row) for part in _parts(sheet, place, cell)])
    return BOM + out.getvalue()


def _heads(sheet: Sheet, place: int, head: str) -> Iterable[str]:
    return (f"{head} (s)", f"{head} (h:mm:ss)") if place in sheet.lengths else (neutral(head),)


def _parts(sheet: Sheet, place: int, cell: Cell) -> Iterable[str | int | float]:
    if place in sheet.lengths:
        return (cell.seconds, h_mm_ss(cell.seconds)) if isinstance(cell, Seconds) else ("", "")
    return (plain(cell),)


def plain(cell: Cell) -> str | int | float:
    """Return a cell as text or number: instants as RFC 3339 in UTC, lengths in seconds."""
    if cell is None:
        return ""
    if isinstance(cell, Seconds):
        return cell.seconds
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(cell, date):
        return cell.isoformat()
    return neutral(cell) if isinstance(cell, str) else cell

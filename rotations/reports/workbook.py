"""Sheets as a workbook: numbers are numbers, lengths are [h]:mm:ss, and no text is a formula or a link."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from rotations.reports.cells import Cell, Seconds, Sheet, h_mm_ss, neutral

DAY_S = 86_400
NARROW, WIDE = 9, 48  # letters
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


class _Book:
    def __init__(self, made_at: datetime) -> None:
        import xlsxwriter  # noqa: PLC0415 -- 2 MB, for whoever asks for a workbook alone

        self.file = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.file, OPTIONS)
        self.book.set_properties({"title": "Leave", "created": made_at.astimezone(UTC).replace(tzinfo=None)})
        self.head = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.length = self.book.add_format({"num_format": "[h]:mm:ss"})
        self.instant = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self.number = self.book.add_format({"num_format": "0"})
        self.right = self.book.add_format({"align": "right"})

    def add(self, sheet: Sheet) -> None:
        page = self.book.add_worksheet(sheet.name)
        page.freeze_panes(1, 1)
        page.repeat_rows(0)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.set_footer("&L&A&RPage &P of &N")
        for place, head in enumerate(sheet.heads):
            page.write_string(0, place, neutral(head), self.head)
            page.set_column(place, place, _width(head, [row[place] for row in sheet.rows]))
        for line, row in enumerate(sheet.rows, start=1):
            for place, cell in enumerate(row):
                self.write(page, line, place, cell)
        for beside, place in enumerate(sorted(sheet.lengths), start=len(sheet.heads)):
            head = f"{sheet.heads[place]} (s)"  # to add up: a length below nothing is text
            page.write_string(0, beside, head, self.head)
            page.set_column(beside, beside, NARROW)
            for line, row in enumerate(sheet.rows, start=1):
                cell = row[place]
                self.write(page, line, beside, cell.seconds if isinstance(cell, Seconds) else None)

    def write(self, page: Any, line: int, place: int, cell: Cell) -> None:
        """A length below nothing is text: spreadsheets that count days from 1900 cannot show it as a time."""
        if cell is None:
            return
        if isinstance(cell, Seconds):
            if cell.seconds < 0:
                page.write_string(line, place, h_mm_ss(cell.seconds), self.right)
            else:
                page.write_number(line, place, cell.seconds / DAY_S, self.length)
        elif isinstance(cell, datetime):
            page.write_datetime(line, place, cell.astimezone(UTC).replace(tzinfo=None), self.instant)
        elif isinstance(cell, date):
            page.write_datetime(line, place, datetime.combine(cell, time()), self.day)
        elif isinstance(cell, int | float):
            page.write_number(line, place, cell, self.number)
        else:
            page.write_string(line, place, neutral(cell))

    def close(self) -> bytes:
        self.book.close()
        return self.file.getvalue()


def workbook(sheets: Sequence[Sheet], *, made_at: datetime) -> bytes:
    """Return these sheets as one XLSX file. Instants in it are UTC."""
    book = _Book(made_at)
    for sheet in sheets:
        book.add(sheet)
    return book.close()


def _width(head: str, cells: Sequence[Cell]) -> int:
    longest = max([len(head) // 2, *(len(_shown(cell)) for cell in cells[:200])], default=0)
    return min(max(longest + 2, NARROW), WIDE)


def _shown(cell: Cell) -> str:
    if isinstance(cell, Seconds):
        return h_mm_ss(cell.seconds)
    if isinstance(cell, datetime):
        return "2027-03-25 03:20:00"
    return "" if cell is None else str(cell)

"""Cells that no spreadsheet takes for a formula, and numbers that stay numbers."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from rotations.reports.cells import Seconds, Sheet, h_mm_ss, neutral, plain, table_file


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        '=HYPERLINK("http://example.org","x")',
        "＝1+1",  # full-width, as some programs read it
        "＋1",
        "－1",
        "＠SUM(A1)",
        " =1+1",
        "\u200b=1+1",  # behind a blank of no width
        "\ufeff=1+1",
        "\u00a0@x",
    ],
)
def test_a_text_that_could_be_a_formula_gets_an_apostrophe(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Lise Girard", "", "3-2", "a=b", "'=1", "1.5 times", "Über", " plain"])
def test_a_plain_text_stays_as_it_is(text):
    assert neutral(text) == text


def test_a_nul_hides_nothing():
    assert neutral("\0=1+1") == "'=1+1"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (-7200, -7200),
        (1.5, 1.5),
        (Seconds(-7200), -7200),
        (None, ""),
        (date(2027, 3, 25), "2027-03-25"),
        (datetime(2027, 3, 25, 2, 20, tzinfo=UTC), "2027-03-25T02:20:00Z"),
        ("-7200", "'-7200"),
    ],
)
def test_a_true_number_stays_a_number(cell, shown):
    assert plain(cell) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00:00"), (270, "0:04:30"), (27270, "7:34:30"), (149400, "41:30:00"), (-5400, "-1:30:00")],
)
def test_a_length_is_hours_minutes_seconds(seconds, shown):
    assert h_mm_ss(seconds) == shown


def test_a_table_file_has_seconds_beside_the_clock_form_and_ends_lines_as_the_standard_says():
    sheet = Sheet(
        "x", ("Who", "Earned", "Pages"), [("=Lise", Seconds(27270), 3), ('a "b", c', None, 0)], frozenset({1})
    )
    assert table_file(sheet) == (
        '\ufeff"Who","Earned (s)","Earned (h:mm:ss)","Pages"\r\n"\'=Lise",27270,"7:34:30",3\r\n"a ""b"", c","","",0\r\n'
    )


def test_a_reader_gets_back_what_was_written():
    rows = [("x;=1+1", 'quote " and\nline'), ("comma, here", "")]
    read = list(csv.reader(io.StringIO(table_file(Sheet("x", ("A", "B"), rows)).removeprefix("\ufeff"), newline="")))
    assert read == [["A", "B"], *(list(row) for row in rows)]

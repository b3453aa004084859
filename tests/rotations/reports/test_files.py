"""Table files, the workbook and the API: the figures of the page, to the second, and no formula in them."""

import csv
import io
from datetime import datetime, timedelta

import openpyxl
import pytest

from rotations.leave import services
from rotations.leave.models import CallOut
from tests.rotations.reports.conftest import utc

pytestmark = pytest.mark.usefixtures("world", "leave_taken")
REPORT, API = "/reports/leave/", "/api/v1/reports/leave/"
SPRING = "from=2027-03-01&until=2027-04-20"


def table(client, query: str) -> list[dict[str, str]]:
    answer = client.get(f"{REPORT}?{SPRING}&as=csv&{query}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def book(client, query: str = "") -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(client.get(f"{REPORT}?{SPRING}&as=xlsx&{query}").content))


def column(sheet, head: str) -> list:
    heads = [cell.value for cell in sheet[1]]
    return [row[heads.index(head)].value for row in sheet.iter_rows(min_row=2)]


def seconds(cell: timedelta | datetime | None) -> int:
    """What a length is when it is read back: 24 h and more come as a length, less as a time of day."""
    if isinstance(cell, timedelta):
        return round(cell.total_seconds())
    return cell.hour * 3600 + cell.minute * 60 + cell.second


def test_the_summary_as_a_table_has_seconds_and_clock_form(client, manager):
    client.force_login(manager)
    lise, _, total = table(client, "by=person")
    assert lise["Person"] == "Lise Girard"
    assert (lise["Earned (s)"], lise["Earned (h:mm:ss)"]) == ("27270", "7:34:30")
    assert (lise["Taken (s)"], lise["Taken (h:mm:ss)"]) == ("-7200", "-2:00:00")
    assert (total["Person"], total["Closing balance (s)"]) == ("Total", "20070")


def test_call_outs_and_ledger_as_tables_add_up_to_the_summary(client, manager):
    client.force_login(manager)
    call_outs, ledger = table(client, "table=call-outs"), table(client, "table=ledger")
    assert sum(int(row["Earned (s)"]) for row in call_outs) == 27270
    assert sum(int(row["Change in seconds"]) for row in ledger) == 20070
    assert call_outs[0]["Started (UTC)"] == "2027-03-25T02:20:00Z"
    assert call_outs[0]["Page"].startswith("http://testserver/leave/call-outs/")


def test_a_workbook_has_its_sheets_and_numbers_that_are_numbers(client, manager):
    client.force_login(manager)
    found = book(client)
    assert found.sheetnames == ["Summary", "By month", "Call-outs", "Ledger", "About"]
    assert [seconds(cell) for cell in column(found["Call-outs"], "Earned")] == [10800, 16200, 270]
    assert found["Call-outs"]["F2"].number_format == "[h]:mm:ss"
    assert column(found["Call-outs"], "Started (UTC)")[0] == datetime(2027, 3, 25, 2, 20)
    assert sum(column(found["Ledger"], "Change in seconds")) == 20070
    assert {sheet.freeze_panes for sheet in found} == {"B2"}
    assert (
        dict(zip(column(found["About"], "What"), column(found["About"], "Value"), strict=True))["Balance (s)"] == 20070
    )


def test_what_is_below_nothing_is_words_in_a_workbook(client, manager):
    client.force_login(manager)
    assert column(book(client)["Summary"], "Taken")[0] == "-2:00:00"


def test_a_workbook_has_lengths_in_seconds_too_so_that_they_can_be_added_up(client, manager):
    client.force_login(manager)
    assert column(book(client)["Summary"], "Taken (s)") == [-7200, 0, -7200]


def test_a_table_file_computes_no_other_table(client, manager, monkeypatch):
    monkeypatch.setattr("rotations.reports.tables._by_month", lambda report: pytest.fail("nobody asked for it"))
    client.force_login(manager)
    assert len(table(client, "table=call-outs")) == 3


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_a_name_and_a_reason_that_are_formulas_are_words_in_every_file(client, manager, lise, sign):
    hostile = f'{sign}HYPERLINK("http://example.org")'
    lise.name = hostile
    lise.save()
    night = CallOut.objects.get(starts_at=utc("03-25T02:20"))
    services.correct(
        call_out=night,
        by=lise,
        starts_at=night.starts_at,
        ends_at=utc("03-25T05:20"),
        reason=hostile,
        now=utc("04-05T08:00"),
    )
    client.force_login(manager)
    found = book(client)
    assert f"'{hostile}" in column(found["Summary"], "Person")
    assert f"'{hostile}" in column(found["Ledger"], "Why")
    assert {cell.data_type for sheet in found for row in sheet for cell in row} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for sheet in found for row in sheet for cell in row)
    assert f"'{hostile}" in [row["Person"] for row in table(client, "by=person")]
    assert f"'{hostile}" in [row["Why"] for row in table(client, "table=ledger")]


def test_the_api_gives_the_figures_of_the_page_in_seconds(client, manager, lise):
    client.force_login(manager)
    answer = client.get(f"{API}?{SPRING}&person={lise.pk}&by=month").json()
    march, april = answer["rows"]
    assert (march["key"], march["call_outs"], march["out_of_hours_s"], march["credit_s"]) == (
        "2027-03",
        2,
        18000,
        27000,
    )
    assert april["account"] == {
        "opening_s": 27270, "earned_s": 0, "taken_s": -7200, "expired_s": 0, "closing_s": 20070,
    }  # fmt: skip
    assert answer["total"]["kinds_s"] == {"night": 7380, "evening": 0, "weekend": 10800, "holiday": 0, "day_off": 0}
    assert answer["reconciled"]["holds"] is True
    assert answer["reconciled"]["balance_s"] == 20070


def test_the_api_shows_a_person_their_own_and_nobody_elses(client, lise, ada, pilot, manager):
    for who in (ada, pilot):
        client.force_login(who)
        assert [row["key"] for row in client.get(API).json()["rows"]] == [str(who.pk)]
        for query in (f"person={lise.pk}", f"team={manager.role_terms.get().team_id}"):
            assert client.get(f"{API}?{query}").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=soon", "from"),
        ("from=%00", "from"),
        ("until=9999-12-31", "until"),
        ("from=2027-04-01&until=2027-03-01", "until"),
        ("from=2020-01-01&until=2027-03-01", "until"),
        ("team=x", "team"),
        ("person=%00", "person"),
        ("by=moon", "by"),
        ("by=", "by"),
    ],
)
def test_the_api_says_which_field_is_wrong(client, manager, query, field):
    client.force_login(manager)
    answer = client.get(f"{API}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [field])

"""Shifts as an iCalendar file, read back by a library and by a calendar program of Debian."""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from rotations.coverage.ical import FeedEvent, render, span_words

CALIFORNIA, PARIS, SANTIAGO = (ZoneInfo(name) for name in ("America/Los_Angeles", "Europe/Paris", "America/Santiago"))
SHIFT = FeedEvent(
    id=UUID("6f6e6361-6c6c-4000-8000-000000000001"),
    schedule="Triage",
    role="primary",
    person="Ada Moreno",
    starts_at=datetime(2027, 3, 8, 17, tzinfo=UTC),  # Monday 09:00 in California, winter time
    ends_at=datetime(2027, 3, 15, 16, tzinfo=UTC),  # Monday 09:00 in California, summer time
    why="Turn 2 of 3 of Triage West.",
    sequence=0,
    changed_at=datetime(2027, 2, 1, 12, tzinfo=UTC),
    url="https://oncall.example.org/rotations/7/",
)
# Mondays 09:00 in California: the US changes clocks on 14 March, Europe on 28 March, Chile on 4 April (to winter).
HANDOFFS = [
    datetime(2027, 3, 8, 17, tzinfo=UTC),
    datetime(2027, 3, 15, 16, tzinfo=UTC),
    datetime(2027, 3, 22, 16, tzinfo=UTC),
    datetime(2027, 3, 29, 16, tzinfo=UTC),
    datetime(2027, 4, 5, 16, tzinfo=UTC),
]
HOSTILE = 'Ana; "Ñ", back\\slash 🔭\u2028BEGIN:VEVENT\r\nEND:VEVENT\rX\x00\x85' + "é" * 100


def calendar(*events: FeedEvent, **choices) -> bytes:
    return render(events, **{"name": "On call: Ada Moreno", "personal": True, "zone": CALIFORNIA, **choices})


def read(body: bytes):
    return Calendar.from_ical(body).walk("VEVENT")


def test_a_shift_reads_back_as_what_it_is():
    (event,) = read(calendar(SHIFT))

    assert event["UID"] == "6f6e6361-6c6c-4000-8000-000000000001@oncall"
    assert event["SUMMARY"] == "On call: Triage (primary)"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (SHIFT.starts_at, SHIFT.ends_at)
    assert event.decoded("LAST-MODIFIED") == event.decoded("DTSTAMP") == SHIFT.changed_at
    assert (event["STATUS"], event["TRANSP"], event["SEQUENCE"]) == ("CONFIRMED", "TRANSPARENT", 0)
    assert event["URL"] == "https://oncall.example.org/rotations/7/"
    assert event["CATEGORIES"].cats == ["On call", "Triage"]


def test_instants_are_written_in_utc_and_no_rules_of_zones_are_sent():
    body = calendar(SHIFT).decode()

    assert "DTSTART:20270308T170000Z\r\n" in body
    assert "DTEND:20270315T160000Z\r\n" in body
    assert "VTIMEZONE" not in body


def test_the_calendar_says_its_name_and_when_to_come_again():
    body = calendar(SHIFT, name="Day; night, all").decode()

    assert "NAME:Day\\; night\\, all\r\n" in body
    assert "X-WR-CALNAME:Day\\; night\\, all\r\n" in body
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT30M\r\n" in body
    assert "X-PUBLISHED-TTL:PT30M\r\n" in body


def test_the_description_says_why_and_what_the_clock_shows_at_both_ends():
    (event,) = read(calendar(SHIFT))

    assert event["DESCRIPTION"].splitlines() == [
        "Ada Moreno, primary for Triage.",
        "Turn 2 of 3 of Triage West.",
        "Mon 8 Mar 2027 09:00 PST to Mon 15 Mar 2027 09:00 PDT (America/Los_Angeles)",
        "Mon 8 Mar 2027 17:00 to Mon 15 Mar 2027 16:00 (UTC)",
    ]


def test_a_calendar_of_others_begins_with_who_it_is():
    (event,) = read(calendar(SHIFT, personal=False))

    assert event["SUMMARY"] == "Ada Moreno: Triage (primary)"


def test_a_cancelled_shift_says_so_and_does_not_ring():
    (event,) = read(calendar(replace(SHIFT, cancelled=True, sequence=1), alarm=timedelta(hours=1)))

    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    assert event["SUMMARY"] == "Cancelled: On call: Triage (primary)"
    assert event["DESCRIPTION"].startswith("This shift no longer stands.")
    assert event.walk("VALARM") == []


def test_the_calendar_rings_as_long_before_as_was_chosen():
    (alarm,) = Calendar.from_ical(calendar(SHIFT, alarm=timedelta(minutes=90))).walk("VALARM")

    assert (alarm["ACTION"], alarm.decoded("TRIGGER")) == ("DISPLAY", timedelta(minutes=-90))


def test_without_a_lead_nothing_rings():
    assert Calendar.from_ical(calendar(SHIFT)).walk("VALARM") == []


def test_the_same_shifts_are_the_same_bytes_in_whatever_order_they_come():
    later = replace(SHIFT, id=UUID(int=2), starts_at=SHIFT.ends_at, ends_at=SHIFT.ends_at + timedelta(days=7))

    assert calendar(SHIFT, later) == calendar(later, SHIFT)


def test_a_name_cannot_break_out_of_its_line():
    body = calendar(replace(SHIFT, person=HOSTILE, schedule=HOSTILE, why=HOSTILE), name=HOSTILE, personal=False)
    (event,) = read(body)

    assert event["SUMMARY"].startswith('Ana; "Ñ", back\\slash 🔭 BEGIN:VEVENT END:VEVENT X')
    assert 'Ana; "Ñ", back\\slash 🔭\nBEGIN:VEVENT\nEND:VEVENT\nX' in event["DESCRIPTION"]
    assert body.decode().splitlines().count("BEGIN:VEVENT") == 1  # also for readers who know more kinds of line breaks
    assert max(len(line) for line in body.split(b"\r\n")) <= 75


def test_a_span_without_a_change_of_clocks_needs_no_offsets():
    words = span_words(SHIFT.ends_at, SHIFT.ends_at + timedelta(days=7), zone=PARIS)

    assert words == "Mon 15 Mar 2027 17:00 to Mon 22 Mar 2027 17:00 (Europe/Paris)"


# --- A calendar program -----------------------------------------------------------------------------------------------

needs_khal = pytest.mark.skipif(shutil.which("khal") is None, reason="khal is not installed (apt-get install khal)")


def khal(home, zone: str, *arguments: str) -> list[str]:
    """Run khal as its owner would whose clock is that of `zone`, with nothing of ours around it."""
    (home / "shifts").mkdir(exist_ok=True)
    (home / "config").write_text(
        f"[calendars]\n[[shifts]]\npath = {home}/shifts\n[sqlite]\npath = {home}/khal.db\n"
        f"[locale]\nlocal_timezone = {zone}\ndefault_timezone = {zone}\n"
        "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
    )
    done = subprocess.run(
        ["khal", "-c", str(home / "config"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def shown(home, zone: str, body: bytes, *, form: str) -> list[str]:
    (home / "feed.ics").write_bytes(body)
    khal(home, zone, "import", "--batch", "-a", "shifts", str(home / "feed.ics"))
    return khal(home, zone, "list", "--once", "-df", "", "-f", form, "2027-03-01", "60d")


@needs_khal
@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        ("America/Los_Angeles", ["03-08 09:00", "03-15 09:00", "03-22 09:00", "03-29 09:00"]),
        ("Europe/Paris", ["03-08 18:00", "03-15 17:00", "03-22 17:00", "03-29 18:00"]),
        ("America/Santiago", ["03-08 14:00", "03-15 13:00", "03-22 13:00", "03-29 13:00"]),
        ("UTC", ["03-08 17:00", "03-15 16:00", "03-22 16:00", "03-29 16:00"]),
    ],
)
def test_a_calendar_program_shows_each_handoff_on_the_clock_of_its_owner(tmp_path, zone, starts):
    shifts = [
        replace(SHIFT, id=UUID(int=n), starts_at=start, ends_at=end)
        for n, (start, end) in enumerate(zip(HANDOFFS, HANDOFFS[1:], strict=False))
    ]

    lines = shown(tmp_path, zone, calendar(*shifts), form="{start-long-full}")

    assert lines == [f"2027-{start}" for start in starts]


@needs_khal
def test_a_calendar_program_ends_a_shift_after_the_clocks_of_chile_have_changed(tmp_path):
    shift = replace(SHIFT, starts_at=HANDOFFS[3], ends_at=HANDOFFS[4])

    lines = shown(tmp_path, "America/Santiago", calendar(shift), form="{start-long-full} {end-long-full}")

    assert lines == ["2027-03-29 13:00 2027-04-05 12:00"]


@needs_khal
def test_a_calendar_program_moves_a_shift_that_has_moved(tmp_path):
    moved = replace(SHIFT, starts_at=SHIFT.starts_at + timedelta(hours=5), sequence=1)
    shown(tmp_path, "UTC", calendar(SHIFT), form="{uid}")

    lines = shown(tmp_path, "UTC", calendar(moved), form="{start-long-full} {title}")

    assert lines == ["2027-03-08 22:00 On call: Triage (primary)"]


@needs_khal
def test_a_calendar_program_is_told_of_a_cancelled_shift(tmp_path):
    shown(tmp_path, "UTC", calendar(SHIFT), form="{uid}")

    lines = shown(tmp_path, "UTC", calendar(replace(SHIFT, cancelled=True, sequence=1)), form="{status}")

    assert [line.strip() for line in lines] == ["CANCELLED"]


@needs_khal
def test_a_calendar_program_reads_hostile_names(tmp_path):
    body = calendar(replace(SHIFT, person=HOSTILE, schedule=HOSTILE, why=HOSTILE), personal=False)

    lines = shown(tmp_path, "UTC", body, form="{title}")

    assert len(lines) == 1
    assert lines[0].startswith('Ana; "Ñ", back\\slash 🔭 BEGIN:VEVENT END:VEVENT X')

"""What makes somebody absent in a calendar file. Expected instants are worked out by hand."""

import subprocess
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.changes import feed_reading
from rotations.changes.feed_parsing import absences_in
from rotations.changes.feed_shapes import NotACalendar, TooMuch, Unreadable

NOW = datetime(2027, 3, 1, tzinfo=UTC)
SANTIAGO, PARIS = ZoneInfo("America/Santiago"), ZoneInfo("Europe/Paris")


def file(*events: str, head: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//somebody//EN", *head.splitlines()]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def spans(body: bytes, zone: ZoneInfo = SANTIAGO) -> list[str]:
    """What is found, as "27-03-15 12:00 to 27-03-15 13:00" in UTC."""
    found = absences_in(body, zone=zone, now=NOW).absences
    return [f"{one.starts_at:%y-%m-%d %H:%M} to {one.ends_at:%y-%m-%d %H:%M}" for one in found]


def test_a_time_in_utc_is_that_instant():
    body = file("UID:a\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z\nSUMMARY:Dentist\\, at\\n last")

    (one,) = absences_in(body, zone=SANTIAGO, now=NOW).absences

    assert (one.uid, one.summary) == ("a", "Dentist, at last")
    assert one.starts_at == datetime(2027, 3, 15, 9, tzinfo=UTC)
    assert one.ends_at == datetime(2027, 3, 15, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/Santiago", "27-03-15 03:00 to 27-03-17 03:00"),
        ("Europe/Paris", "27-03-14 23:00 to 27-03-16 23:00"),
        ("UTC", "27-03-15 00:00 to 27-03-17 00:00"),
    ],
)
def test_a_day_without_a_time_is_a_day_where_the_person_is(zone, expected):
    body = file("UID:a\nDTSTART;VALUE=DATE:20270315\nDTEND;VALUE=DATE:20270317")

    assert spans(body, ZoneInfo(zone)) == [expected]


def test_a_day_without_an_end_is_one_day():
    assert spans(file("UID:a\nDTSTART;VALUE=DATE:20270315")) == ["27-03-15 03:00 to 27-03-16 03:00"]


def test_a_day_that_begins_at_one_in_the_morning_does_so():
    """In Chile clocks go forward at midnight: Sunday 5 September 2027 has no 00:00, and 23 hours."""
    assert spans(file("UID:a\nDTSTART;VALUE=DATE:20270905")) == ["27-09-05 04:00 to 27-09-06 03:00"]


def test_a_time_without_a_zone_is_on_the_persons_clock():
    body = file("UID:a\nDTSTART:20270315T090000\nDURATION:PT90M")

    assert spans(body, SANTIAGO) == ["27-03-15 12:00 to 27-03-15 13:30"]
    assert spans(body, PARIS) == ["27-03-15 08:00 to 27-03-15 09:30"]


@pytest.mark.parametrize(
    "name",
    ["Europe/Paris", "Romance Standard Time", "/freeassociation.sourceforge.net/Europe/Paris", '"Europe/Paris"'],
)
@pytest.mark.filterwarnings("ignore:Timezone")
def test_a_zone_goes_by_its_name_also_by_that_of_windows(name):
    body = file(f"UID:a\nDTSTART;TZID={name}:20270328T013000\nDTEND;TZID={name}:20270328T033000")

    assert spans(body) == ["27-03-28 00:30 to 27-03-28 01:30"]  # the hour from 02:00 to 03:00 does not exist


def test_a_zone_may_come_with_the_file():
    head = (
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        "TZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE"
    )
    body = file("UID:a\nDTSTART;TZID=Customized Time Zone:20270315T090000\nDURATION:PT1H", head=head)

    found = feed_reading.read(body, zone=SANTIAGO, now=NOW).absences

    assert found[0].starts_at == datetime(2027, 3, 15, 3, 30, tzinfo=UTC)


def test_a_zone_of_one_file_is_not_that_of_another_with_the_same_name():
    """Outlook calls every zone of somebody's own making “Customized Time Zone”."""
    starts = []
    for offset in ("+0530", "-0330"):
        head = (
            "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
            f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
        )
        body = file("UID:a\nDTSTART;TZID=Customized Time Zone:20270315T090000\nDURATION:PT1H", head=head)
        starts.append(feed_reading.read(body, zone=SANTIAGO, now=NOW).absences[0].starts_at)

    assert [f"{one:%H:%M}" for one in starts] == ["03:30", "12:30"]


def test_a_repetition_stays_at_its_wall_time_and_leaves_out_its_exceptions():
    body = file(
        "UID:a\nDTSTART;TZID=America/Santiago:20270322T090000\nDTEND;TZID=America/Santiago:20270322T100000\n"
        "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=America/Santiago:20270329T090000"
    )

    assert spans(body) == [
        "27-03-22 12:00 to 27-03-22 13:00",
        "27-04-05 13:00 to 27-04-05 14:00",  # Chile is on winter time
        "27-04-12 13:00 to 27-04-12 14:00",
    ]


def test_one_of_a_series_that_is_moved_or_cancelled_is_so():
    series = "UID:a\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z\nRRULE:FREQ=WEEKLY;COUNT=3"
    moved = "UID:a\nRECURRENCE-ID:20270322T090000Z\nDTSTART:20270323T110000Z\nDTEND:20270323T120000Z"
    cancelled = (
        "UID:a\nRECURRENCE-ID:20270329T090000Z\nDTSTART:20270329T090000Z\nDTEND:20270329T100000Z\nSTATUS:CANCELLED"
    )

    found = absences_in(file(series, moved, cancelled), zone=SANTIAGO, now=NOW).absences

    assert [(one.uid, f"{one.starts_at:%d %H:%M}") for one in found] == [
        ("a/20270315T090000", "15 09:00"),
        ("a/20270322T090000", "23 11:00"),  # named after when it would have been, wherever it goes
    ]


def test_days_repeat_too():
    body = file("UID:a\nDTSTART;VALUE=DATE:20270310\nDTEND;VALUE=DATE:20270312\nRRULE:FREQ=MONTHLY;UNTIL=20270410")

    assert spans(body) == ["27-03-10 03:00 to 27-03-12 03:00", "27-04-10 04:00 to 27-04-12 04:00"]


@pytest.mark.parametrize("word", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "transp:transparent"])
def test_what_is_cancelled_or_free_is_no_absence(word):
    assert spans(file(f"UID:a\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z\n{word}")) == []


def test_only_a_month_back_and_four_hundred_days_ahead_are_written_out():
    body = file("UID:a\nDTSTART:20200301T000000Z\nDTEND:20200301T010000Z\nRRULE:FREQ=DAILY")

    found = spans(body)

    assert (found[0], found[-1]) == ("27-01-30 00:00 to 27-01-30 01:00", "28-04-03 00:00 to 28-04-03 01:00")
    assert len(found) == 430


@pytest.mark.parametrize(
    "broken",
    [
        "UID:x\nSUMMARY:no start",
        "UID:x\nDTSTART:yesterday",
        "UID:x\nDTSTART:00010101T000000Z\nDTEND:00010102T000000Z",
        "UID:x\nDTSTART:99991231T235959Z\nDTEND:99991231T235959Z",
        "UID:x\nDTSTART:20270310T000000Z\nDTEND:20270309T000000Z",
        "UID:x\nDTSTART:20270310T000000Z\nDURATION:P99999999999D",
        "UID:x\nDTSTART:20270310T000000Z\nDURATION:PT1H\nRRULE:FREQ=NEVER",
        "UID:x\nDTSTART:20270310T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0",
        "UID:x\nDTSTART:20270310T000000Z\nDTEND;VALUE=PERIOD:20270310T000000Z/PT1H",
    ],
)
def test_an_event_that_makes_no_sense_hides_no_other(broken):
    body = file(broken, "UID:good\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z")

    found = absences_in(body, zone=SANTIAGO, now=NOW)

    assert ([one.uid for one in found.absences], found.skipped) == (["good"], 1)


def test_events_without_a_uid_are_told_apart_and_stay_the_same():
    body = file("DTSTART:20270315T090000Z\nDTEND:20270315T100000Z", "DTSTART:20270316T090000Z\nDTEND:20270316T100000Z")

    first, second = ([one.uid for one in absences_in(body, zone=SANTIAGO, now=NOW).absences] for _ in range(2))

    assert first == second
    assert len(set(first)) == 2


def test_a_uid_longer_than_we_keep_is_shortened_and_stays_apart():
    events = [f"UID:{'u' * 400}{n}\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z" for n in (1, 2)]

    uids = {one.uid for one in absences_in(file(*events), zone=SANTIAGO, now=NOW).absences}

    assert sorted(len(uid) for uid in uids) == [64, 64]


@pytest.mark.parametrize(
    "body", [b"", b"<html>Sign in</html>", b"\x00\xff" * 100, b'{"a": 1}', b"BEGIN:VCARD\r\nEND:VCARD"]
)
def test_what_is_no_calendar_is_refused(body):
    with pytest.raises(NotACalendar, match="is not an iCalendar file"):
        absences_in(body, zone=SANTIAGO, now=NOW)


def test_a_calendar_that_is_cut_off_is_refused():
    """Its missing end would look like absences taken away."""
    body = file("UID:a\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z")

    with pytest.raises(NotACalendar, match="is cut off in the middle"):
        absences_in(body[:-20], zone=SANTIAGO, now=NOW)


def test_ten_thousand_occurrences_are_the_most():
    body = file("UID:a\nDTSTART:20270315T090000Z\nDURATION:PT1H\nRRULE:FREQ=MINUTELY;COUNT=10001")

    with pytest.raises(TooMuch, match="holds more than 10,000 events"):
        absences_in(body, zone=SANTIAGO, now=NOW)


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=SECONDLY;INTERVAL=2", "FREQ=SECONDLY;UNTIL=20290101T000000Z"]
)
def test_a_rule_without_end_is_refused_before_it_is_written_out(rule):
    body = file(f"UID:a\nDTSTART:20270101T000000Z\nDURATION:PT1S\nRRULE:{rule}")

    with pytest.raises(TooMuch, match="repeats more often than we can write out"):
        absences_in(body, zone=SANTIAGO, now=NOW)


def test_nothing_is_nested_deeper_than_calendars_are():
    body = b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 100_000 + b"END:X\r\n" * 100_000 + b"END:VCALENDAR\r\n"

    with pytest.raises(TooMuch, match="nests its parts deeper"):
        absences_in(body, zone=SANTIAGO, now=NOW)


NEVER = "DTSTART:20270310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
SIXTY = ",".join(str(n) for n in range(60))
DENSE = f"DTSTART:20270310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE={SIXTY};BYSECOND={SIXTY}"


@pytest.mark.parametrize("events", [[f"UID:{n}\n{NEVER}" for n in range(1000)], [f"UID:a\n{DENSE}"]])
def test_a_file_that_takes_for_ever_is_given_up(monkeypatch, events):
    """A day that never comes is looked for until the year 9999; a year has 6 million of the other kind."""
    monkeypatch.setattr(feed_reading, "PATIENCE_S", 2)

    with pytest.raises(TooMuch, match="takes too long to read; it may hold a rule without end"):
        feed_reading.read(file(*events), zone=SANTIAGO, now=NOW)


def test_the_process_that_reads_says_the_same_as_the_reader():
    body = file("UID:ä\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z\nSUMMARY:Zürich 🔭", "UID:x\nDTSTART:no")

    assert feed_reading.read(body, zone=SANTIAGO, now=NOW) == absences_in(body, zone=SANTIAGO, now=NOW)


def test_the_process_that_reads_says_why_not():
    with pytest.raises(Unreadable, match=r"^is not an iCalendar file$"):
        feed_reading.read(b"<html>", zone=SANTIAGO, now=NOW)


def test_the_process_that_reads_knows_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do not hand me on")
    seen = {}
    run = subprocess.run

    def watched(*arguments, **choices):
        seen.update(choices["env"])
        return run(*arguments, **choices)

    monkeypatch.setattr(subprocess, "run", watched)
    feed_reading.read(file(), zone=SANTIAGO, now=NOW)

    assert set(seen) <= {"PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONTZPATH"}


WORDS = st.sampled_from(
    ["BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "UID:a", "DTSTART:20270315T090000Z", "DTSTART:x",
     "DTEND;VALUE=DATE:20270316", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "RRULE:", "EXDATE:20270315T090000Z", ":", ";=",
     "RECURRENCE-ID:20270322T090000Z", "DTSTART;TZID=Nowhere:20270315T090000", " folded", "SUMMARY:\\", "\x00"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=30))
def test_whatever_is_read_is_read_or_refused_in_words(lines):
    body = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]).encode()

    try:
        found = absences_in(body, zone=SANTIAGO, now=NOW)
    except Unreadable:
        return
    assert all(one.starts_at < one.ends_at and one.uid for one in found.absences)


# --- Lengths and shared names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        # Clocks in Paris go forward on Sunday 28 March at 01:00 UTC, and back on 31 October at 01:00 UTC.
        ("20270327T120000", "PT24H", "27-03-27 11:00 to 27-03-28 11:00"),
        ("20270327T120000", "P1D", "27-03-27 11:00 to 27-03-28 10:00"),
        ("20270327T120000", "P1DT2H", "27-03-27 11:00 to 27-03-28 12:00"),
        ("20271030T120000", "PT1440M", "27-10-30 10:00 to 27-10-31 10:00"),
        ("20271030T120000", "P1D", "27-10-30 10:00 to 27-10-31 11:00"),
        ("20270327T120000", "PT2\n 4H", "27-03-27 11:00 to 27-03-28 11:00"),  # a folded line
    ],
)
def test_a_length_in_hours_is_exact_and_one_in_days_follows_the_wall_clock(start, length, expected):
    assert spans(file(f"UID:a\nDTSTART;TZID=Europe/Paris:{start}\nDURATION:{length}")) == [expected]


def test_each_of_a_repetition_is_as_many_hours_as_it_says():
    rule = "UID:a\nDTSTART;TZID=Europe/Paris:20270326T120000\nDURATION:PT24H\nRRULE:FREQ=DAILY;COUNT=3"
    assert spans(file(rule)) == [
        "27-03-26 11:00 to 27-03-27 11:00",
        "27-03-27 11:00 to 27-03-28 11:00",
        "27-03-28 10:00 to 27-03-29 10:00",
    ]


def test_two_events_of_one_uid_are_two_in_either_order():
    one, other = [f"UID:a\nDTSTART:202703{day}T090000Z\nDTEND:202703{day}T100000Z" for day in (15, 16)]
    for body in (file(one, other), file(other, one)):
        found = absences_in(body, zone=SANTIAGO, now=NOW)
        names = [(occurrence.uid, f"{occurrence.starts_at:%d}") for occurrence in found.absences]
        assert (names, found.skipped) == ([("a/20270315T090000", "15"), ("a/20270316T090000", "16")], 0)


def test_an_event_that_shares_the_uid_of_a_repetition_stands_beside_it():
    rule = "UID:a\nDTSTART:20270315T090000Z\nDTEND:20270315T100000Z\nRRULE:FREQ=WEEKLY;COUNT=2"
    moved = "UID:a\nRECURRENCE-ID:20270322T090000Z\nDTSTART:20270323T090000Z\nDTEND:20270323T100000Z"
    other = "UID:a\nDTSTART:20270318T090000Z\nDTEND:20270318T100000Z"
    assert spans(file(other, rule, moved)) == [
        "27-03-15 09:00 to 27-03-15 10:00",
        "27-03-18 09:00 to 27-03-18 10:00",
        "27-03-23 09:00 to 27-03-23 10:00",
    ]

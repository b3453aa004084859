"""Call-outs and what they earn, each worked out by hand: minutes out of hours, minutes of leave, and why.

Instants are written as the clocks on the wall showed them, with their offset. In 2027 clocks go forward on 14 March in
the United States, on 28 March in Europe and on 5 September in Chile; back on 4 April in Chile, on 31 October in Europe
and on 7 November in the United States. 25 March 2027 is a Thursday.
"""

from datetime import datetime
from typing import Any

import pytest

from rotations.leave.preview import as_json
from rotations.leave.rules import earn_together

WEEK = (1, 2, 3, 4, 5)
PARIS, PACIFIC, PHOENIX, SANTIAGO, LONDON = (
    "Europe/Paris", "America/Los_Angeles", "America/Phoenix", "America/Santiago", "Europe/London",
)  # fmt: skip


def lives(zone: str, place: str = "", *, days=WEEK, starts: str = "09:00", ends: str = "17:00") -> dict[str, Any]:
    """The seed's rule for somebody who is at work at these hours; 24:00 is kept as 00:00."""
    country, _, subdivision = place.partition("-")
    return {
        "time_zone": zone,
        "country": country,
        "subdivision": subdivision,
        "work_days": list(days),
        "starts": starts,
        "ends": ends.replace("24:00", "00:00"),
        "multiplier": "1.5",
    }


FROM_PARIS = lives(PARIS)
FROM_FRANCE = lives(PARIS, "FR")
FROM_PACIFIC = lives(PACIFIC)
FROM_SANTIAGO = lives(SANTIAGO)
EVENINGS = lives(PARIS, starts="16:00", ends="24:00")
ALL_WEEK = lives(PARIS, starts="00:00", ends="24:00")

# name: (whose calendar, spans, minutes out of hours, minutes of leave)
TABLE = {
    # --- the seed, at night
    "3 minutes earn 270 s": (FROM_PARIS, "2027-03-25T02:20+01:00/02:23+01:00", 3, 4.5),
    "paged 03:20 for 2 h": (FROM_PARIS, "2027-03-25T03:20+01:00/05:20+01:00", 120, 180),
    "135 min earn 202.5": (FROM_PARIS, "2027-03-25T20:00+01:00/22:15+01:00", 135, 202.5),
    "one second": (FROM_PARIS, "2027-03-25T02:00:00+01:00/02:00:01+01:00", 1 / 60, 0.025),  # 1.5 s
    "parts of a second do not count": (FROM_PARIS, "2027-03-25T02:00:00.900+01:00/02:00:02.100+01:00", 2 / 60, 0.05),
    "no time at all": (FROM_PARIS, "2027-03-25T02:00+01:00/02:00+01:00", 0, 0),
    # --- the edges of the working day
    "until 09:00": (FROM_PARIS, "2027-03-25T08:00+01:00/09:00+01:00", 60, 90),
    "across 09:00": (FROM_PARIS, "2027-03-25T08:59+01:00/09:01+01:00", 1, 1.5),
    "the second before 09:00": (FROM_PARIS, "2027-03-25T08:59:59+01:00/09:00:00+01:00", 1 / 60, 0.025),
    "the second from 09:00": (FROM_PARIS, "2027-03-25T09:00:00+01:00/09:00:01+01:00", 0, 0),
    "the working day itself": (FROM_PARIS, "2027-03-25T09:00+01:00/17:00+01:00", 0, 0),
    "the second before 17:00": (FROM_PARIS, "2027-03-25T16:59:59+01:00/17:00:00+01:00", 0, 0),
    "the second from 17:00": (FROM_PARIS, "2027-03-25T17:00:00+01:00/17:00:01+01:00", 1 / 60, 0.025),
    "across 17:00": (FROM_PARIS, "2027-03-25T16:30+01:00/18:00+01:00", 60, 90),
    "across the whole working day": (FROM_PARIS, "2027-03-25T08:00+01:00/18:00+01:00", 120, 180),  # 1 h and 1 h
    # --- across midnight and weekends
    "Thu 23:00 to Fri 01:00": (FROM_PARIS, "2027-03-25T23:00+01:00/2027-03-26T01:00+01:00", 120, 180),
    "Fri 23:30 to Sat 00:30": (FROM_PARIS, "2027-03-19T23:30+01:00/2027-03-20T00:30+01:00", 60, 90),
    "Sat 12:00 to 14:00": (FROM_PARIS, "2027-03-20T12:00+01:00/14:00+01:00", 120, 180),
    # Sun 1 h, Mon 00:00 to 09:00
    "Sun 23:00 to Mon 09:30": (FROM_PARIS, "2027-03-21T23:00+01:00/2027-03-22T09:30+01:00", 600, 900),
    # Fri 17:00 to 24:00 7 h, 48 h, Mon 9 h
    "a weekend, Fri 16:00 to Mon 10:00": (FROM_PARIS, "2027-03-19T16:00+01:00/2027-03-22T10:00+01:00", 3840, 5760),
    # Wed 17:00 to 24:00 7 h, Thu 9 h, Thu 17:00 to 18:00 1 h
    "30 h from Wed 12:00": (FROM_PARIS, "2027-03-24T12:00+01:00/2027-03-25T18:00+01:00", 1020, 1530),
    "30 h of a weekend": (FROM_PARIS, "2027-03-20T06:00+01:00/2027-03-21T12:00+01:00", 1800, 2700),
    "29 February": (FROM_PARIS, "2028-02-29T08:00+01:00/09:30+01:00", 60, 90),
    # --- clocks go forward and back: a length is that of the instants
    "Paris Sun 01:30 to 03:30, forward": (FROM_PARIS, "2027-03-28T01:30+01:00/03:30+02:00", 60, 90),
    "Paris Sun 02:30 to 02:30, back": (FROM_PARIS, "2027-10-31T02:30+02:00/02:30+01:00", 60, 90),
    "Paris, the Sunday of 23 h": (FROM_PARIS, "2027-03-28T00:00+01:00/2027-03-29T00:00+02:00", 1380, 2070),
    "Paris, the Sunday of 25 h": (FROM_PARIS, "2027-10-31T00:00+02:00/2027-11-01T00:00+01:00", 1500, 2250),
    # 64 h of a weekend less one, and one more
    "Paris weekend forward": (FROM_PARIS, "2027-03-26T17:00+01:00/2027-03-29T09:00+02:00", 3780, 5670),
    "Paris weekend back": (FROM_PARIS, "2027-10-29T17:00+02:00/2027-11-01T09:00+01:00", 3900, 5850),
    "Paris Mon 08:00 to 10:00, the day after": (FROM_PARIS, "2027-03-29T08:00+02:00/10:00+02:00", 60, 90),
    "Pacific Sun 01:30 to 03:30, forward": (FROM_PACIFIC, "2027-03-14T01:30-08:00/03:30-07:00", 60, 90),
    "Pacific Sun 01:30 to 01:30, back": (FROM_PACIFIC, "2027-11-07T01:30-07:00/01:30-08:00", 60, 90),
    "Pacific weekend forward": (FROM_PACIFIC, "2027-03-12T17:00-08:00/2027-03-15T09:00-07:00", 3780, 5670),
    "Pacific weekend back": (FROM_PACIFIC, "2027-11-05T17:00-07:00/2027-11-08T09:00-08:00", 3900, 5850),
    "Pacific Mon 07:30 to 09:30, the day after": (FROM_PACIFIC, "2027-03-15T07:30-07:00/09:30-07:00", 90, 135),
    "Santiago, midnight skipped": (FROM_SANTIAGO, "2027-09-04T23:30-04:00/2027-09-05T01:30-03:00", 60, 90),
    "Santiago, 23:00 twice": (FROM_SANTIAGO, "2027-04-03T23:00-03:00/2027-04-04T00:00-04:00", 120, 180),
    "Santiago weekend forward": (FROM_SANTIAGO, "2027-09-03T17:00-04:00/2027-09-06T09:00-03:00", 3780, 5670),
    "Santiago weekend back": (FROM_SANTIAGO, "2027-04-02T17:00-03:00/2027-04-05T09:00-04:00", 3900, 5850),
    "Lord Howe, half an hour forward": (
        lives("Australia/Lord_Howe"), "2027-10-03T01:30+10:30/03:00+11:00", 60, 90,
    ),
    # Thu 29 Dec 17:00 to 24:00 7 h; Friday never was; Sat 10 h
    "Apia without its 30 December 2011": (
        lives("Pacific/Apia"), "2011-12-29T16:00-10:00/2011-12-31T10:00+14:00", 1020, 1530,
    ),
    # --- Phoenix has no summer time
    "Phoenix Mon 08:00 to 10:00 in March": (lives(PHOENIX), "2027-03-15T08:00-07:00/10:00-07:00", 60, 90),
    "Phoenix Sun 01:00 to 02:00 in November": (lives(PHOENIX), "2027-11-07T01:00-07:00/02:00-07:00", 60, 90),
    "Phoenix weekend in March": (lives(PHOENIX), "2027-03-12T17:00-07:00/2027-03-15T09:00-07:00", 3840, 5760),
    "Pacific 08:30 is Phoenix 08:30 in July": (lives(PHOENIX), "2027-07-01T08:30-07:00/09:30-07:00", 30, 45),
    # --- whose zone counts
    "10:00 in Paris is 02:00 in California": (FROM_PACIFIC, "2027-03-25T10:00+01:00/11:00+01:00", 60, 90),
    "10:00 in Paris is 10:00 in Paris": (FROM_PARIS, "2027-03-25T10:00+01:00/11:00+01:00", 0, 0),
    "the evening in Paris, by the own zone": (FROM_PARIS, "2027-03-25T17:00+01:00/19:00+01:00", 120, 180),
    # 09:00 to 11:00 in California, which is still 8 h behind in that week
    "the evening in Paris, by a team in California": (FROM_PACIFIC, "2027-03-25T17:00+01:00/19:00+01:00", 0, 0),
    "a zone of half hours": (lives("Asia/Kolkata"), "2027-03-25T08:30+05:30/09:30+05:30", 30, 45),
    "the same instants in UTC": (lives("Asia/Kolkata"), "2027-03-25T03:00+00:00/04:00+00:00", 30, 45),
    # --- public holidays, observed days included
    "Christmas 2026 in France, a Friday": (FROM_FRANCE, "2026-12-25T10:00+01:00/11:00+01:00", 60, 90),
    "Christmas 2026 without a country": (FROM_PARIS, "2026-12-25T10:00+01:00/11:00+01:00", 0, 0),
    # Thu 17:00 to 24:00 7 h, Fri 24 h
    "Christmas Eve 16:00 until Boxing Day": (FROM_FRANCE, "2026-12-24T16:00+01:00/2026-12-26T00:00+01:00", 1860, 2790),
    "Christmas 2027 in France, a Saturday: Fri is work": (FROM_FRANCE, "2027-12-24T10:00+01:00/11:00+01:00", 0, 0),
    "Christmas 2027 in the US: Fri is observed": (lives(PACIFIC, "US"), "2027-12-24T10:00-08:00/11:00-08:00", 60, 90),
    # Thu 7 h, three days of 24 h, Mon 9 h
    "Christmas 2027 in the US, whole": (
        lives(PACIFIC, "US"), "2027-12-23T17:00-08:00/2027-12-27T09:00-08:00", 5280, 7920,
    ),
    "Christmas 2027 in Britain: Mon is observed": (lives(LONDON, "GB"), "2027-12-27T10:00+00:00/11:00+00:00", 60, 90),
    "Boxing Day 2027 in Britain: Tue is observed": (lives(LONDON, "GB"), "2027-12-28T10:00+00:00/11:00+00:00", 60, 90),
    "in Britain Wed is work again": (lives(LONDON, "GB"), "2027-12-29T10:00+00:00/11:00+00:00", 0, 0),
    "Christmas 2026 in Chile": (lives(SANTIAGO, "CL"), "2026-12-25T10:00-03:00/11:00-03:00", 60, 90),
    "Christmas 2027 in Chile: Mon is work": (lives(SANTIAGO, "CL"), "2027-12-27T10:00-03:00/11:00-03:00", 0, 0),
    "4 July 2027, a Sunday, in the US: Mon": (lives(PACIFIC, "US"), "2027-07-05T12:00-07:00/13:00-07:00", 60, 90),
    "2 January 2027, a Saturday, in Scotland: Mon": (
        lives(LONDON, "GB-SCT"), "2027-01-04T10:00+00:00/11:00+00:00", 60, 90,
    ),
    "which is work in England": (lives(LONDON, "GB-ENG"), "2027-01-04T10:00+00:00/11:00+00:00", 0, 0),
    # 31 December 1 h, 1 January 10 h
    "into the New Year in France": (FROM_FRANCE, "2026-12-31T23:00+01:00/2027-01-01T10:00+01:00", 660, 990),
    # 65 h of a weekend of 25 h Sunday, and All Saints' 09:00 to 10:00
    "clocks back, then All Saints'": (FROM_FRANCE, "2027-10-29T16:00+02:00/2027-11-01T10:00+01:00", 3960, 5940),
    # --- part-time and unusual calendars
    "Mon to Wed: Thu is a day off": (lives(PARIS, days=(1, 2, 3)), "2027-03-25T10:00+01:00/11:00+01:00", 60, 90),
    "mornings: from 12:00 on": (
        lives(PARIS, starts="08:00", ends="12:00"), "2027-03-25T11:00+01:00/13:00+01:00", 60, 90,
    ),
    "nobody's work day": (lives(PARIS, days=()), "2027-03-25T09:00+01:00/17:00+01:00", 480, 720),
    "Sun to Thu: Sun is work": (lives(PARIS, days=(7, 1, 2, 3, 4)), "2027-03-21T10:00+01:00/11:00+01:00", 0, 0),
    "Sun to Thu: Fri is a day off": (lives(PARIS, days=(7, 1, 2, 3, 4)), "2027-03-26T10:00+01:00/11:00+01:00", 60, 90),
    "late shift until 24:00": (EVENINGS, "2027-03-25T23:00+01:00/2027-03-26T00:30+01:00", 30, 45),
    "late shift, Sat begins at 24:00": (EVENINGS, "2027-03-26T22:00+01:00/2027-03-27T00:15+01:00", 15, 22.5),
    "24 h a day: never on a weekday": (ALL_WEEK, "2027-03-25T00:00+01:00/2027-03-27T00:00+01:00", 0, 0),
    "24 h a day: Fri 23:00 to Sat 01:00": (ALL_WEEK, "2027-03-26T23:00+01:00/2027-03-27T01:00+01:00", 60, 90),
    # --- several spans
    "two alarms that overlap": (
        FROM_PARIS, "2027-03-25T02:20+01:00/03:20+01:00 2027-03-25T02:50+01:00/04:20+01:00", 120, 180,
    ),
    "one alarm within another": (
        FROM_PARIS, "2027-03-25T02:20+01:00/04:20+01:00 2027-03-25T02:50+01:00/03:20+01:00", 120, 180,
    ),
    "the same alarm twice": (
        FROM_PARIS, "2027-03-25T02:20+01:00/02:23+01:00 2027-03-25T02:20+01:00/02:23+01:00", 3, 4.5,
    ),
    "one after the other": (
        FROM_PARIS, "2027-03-25T02:00+01:00/02:30+01:00 2027-03-25T02:30+01:00/03:00+01:00", 60, 90,
    ),
    "the later one first": (
        FROM_PARIS, "2027-03-25T03:00+01:00/03:05+01:00 2027-03-25T02:00+01:00/02:10+01:00", 15, 22.5,
    ),
    "two that overlap across 09:00": (
        FROM_PARIS, "2027-03-25T08:30+01:00/09:30+01:00 2027-03-25T08:45+01:00/10:00+01:00", 30, 45,
    ),
    "two nights": (
        FROM_PARIS, "2027-03-25T02:00+01:00/02:45+01:00 2027-03-26T02:00+01:00/02:45+01:00", 90, 135,
    ),
    "two single seconds make three": (
        FROM_PARIS, "2027-03-25T02:00:00+01:00/02:00:01+01:00 2027-03-25T03:00:00+01:00/03:00:01+01:00", 2 / 60, 0.05,
    ),
    "the same instants in two offsets": (
        FROM_PARIS, "2027-03-25T02:00+01:00/03:00+01:00 2027-03-24T18:00-07:00/19:00-07:00", 60, 90,
    ),
}  # fmt: skip


def spans_of(text: str) -> list[tuple[datetime, datetime]]:
    """Read "2027-03-25T02:20+01:00/02:23+01:00": the end is of the same day where it names none."""
    pairs = [one.split("/") for one in text.split()]
    whole = [(start, end if "T" in end else f"{start[:11]}{end}") for start, end in pairs]
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in whole]


@pytest.mark.parametrize(("calendar", "spans", "worked", "earned"), TABLE.values(), ids=TABLE)
def test_each_call_out_earns_what_was_worked_out_by_hand(calendar, spans, worked, earned):
    figures = as_json(earn_together(calendar, spans_of(spans)))
    assert (figures["out_of_hours_minutes"], figures["credit_minutes"]) == (worked, earned)


def test_a_weekend_over_the_change_is_explained_slice_by_slice():
    figures = as_json(earn_together(FROM_FRANCE, spans_of("2027-03-26T16:00+01:00/2027-03-29T10:00+02:00")))
    shown = ("local_date", "kind", "in_hours", "minutes", "credit_minutes")
    assert [tuple(piece[key] for key in shown) for piece in figures["slices"]] == [
        ("2027-03-26", "work", True, 60, 0),  # 16:00 to 17:00
        ("2027-03-26", "evening", False, 420, 630),
        ("2027-03-27", "weekend", False, 1440, 2160),
        ("2027-03-28", "weekend", False, 1380, 2070),  # 23 hours
        ("2027-03-29", "holiday", False, 600, 900),  # Easter Monday, until 10:00
    ]

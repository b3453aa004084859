"""Three people in weekly turns from Monday 1 March 2027, 09:00 in California."""

import csv
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from rotations.changes.models import Absence
from rotations.coverage.quality_queries import TooLong, quality
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Layer, Place, Turns

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
BEFORE = datetime(2027, 2, 1, tzinfo=UTC)  # when schedules were made
H, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = datetime(2027, 3, 22, 16, tzinfo=UTC)  # Ada's: from 09:00 in California
MARCH = {"from": "2027-03-22T16:00:00Z", "to": "2027-04-12T16:00:00Z"}  # a week for each


def weekly(name: str, *people, role: str = "primary", schedule: Schedule | None = None, **about) -> Schedule:
    schedule = schedule or services.create_schedule(name=name, now=BEFORE, **about)
    turns = Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9))
    services.create_rotation(
        schedule=schedule, role=role, name=f"{name} {role}", turns=turns, people=people, now=BEFORE
    )
    return schedule


def test_the_default_split_leaves_nobody_after_midnight_in_the_sample_week(ada, lise):
    """domain.md 4: the week in which clocks disagree, and the night in which Europe's change."""
    triage = services.create_schedule(name="Triage", needs="night", now=BEFORE)
    for name, who, zone in (("west", ada, "America/Los_Angeles"), ("europe", lise, "Europe/Paris")):
        turns = Turns(zone, "week", 1, date(2027, 3, 1), time(12))
        layer = Layer(window=Window.objects.get(name=name))
        services.create_rotation(
            schedule=triage, role="primary", name=name, turns=turns, people=[who], now=BEFORE, layer=layer
        )
    found = quality(start=datetime(2027, 3, 22, 12, tzinfo=UTC), end=datetime(2027, 3, 29, 12, tzinfo=UTC))
    west, europe = found.people
    assert (west.person, west.hours.after_midnight) == (ada, 0 * H)
    assert (europe.person, europe.hours.after_midnight) == (lise, 0 * H)
    assert 54 * H < west.hours.all < 57 * H  # seven nights of 7.7 to 8.1 hours
    assert 31 * H < europe.hours.all < 34 * H  # five of 4.4, two of 5
    assert found.gaps == []
    assert [(one.name, {cell.state for cell in one.cells}) for one in found.skills] == [("Triage", {"covered"})]


def test_a_week_round_the_clock_is_counted_by_kind(schedule, ada):
    found = quality(start=WEEK, end=WEEK + 7 * DAY)
    (one,) = found.people
    assert one.person == ada
    assert (one.hours.all, one.hours.after_midnight, one.hours.weekend) == (168 * H, 49 * H, 48 * H)


def test_public_holidays_are_those_of_the_persons_country(schedule, lise):
    """Whit Monday, 17 May 2027, is one in France and not in California. Lise takes over at 18:00 in Paris."""
    may = quality(start=datetime(2027, 5, 17, 10, tzinfo=UTC), end=datetime(2027, 5, 18, 10, tzinfo=UTC))
    assert {one.person.name: (one.holidays_of, one.hours.holiday) for one in may.people} == {
        "Grace Hopper": ("", 0 * H),
        "Lise Girard": ("FR", 6 * H),
    }
    april = quality(start=datetime(2027, 4, 26, 16, tzinfo=UTC), end=datetime(2027, 5, 3, 16, tzinfo=UTC))
    assert [(one.person, one.holidays_of, one.hours.holiday) for one in april.people] == [(lise, "FR", 24 * H)]  # 1 May


def test_a_shadow_counts_apart(schedule, grace):
    weekly("Learners", grace, role="shadow", schedule=schedule)
    found = {one.person: (one.hours.all, one.shadow) for one in quality(start=WEEK, end=WEEK + 7 * DAY).people}
    assert found[grace] == (0 * H, 168 * H)


def test_one_person_as_primary_of_two_that_need_somebody_is_double_booked(schedule, ada):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    weekly("Experts", ada, needs="night")
    weekly("Nice to have", ada)
    (one,) = quality(start=WEEK, end=WEEK + 7 * DAY).double_booked
    assert one.person == ada
    assert (one.double.tiers, one.double.starts_at, one.double.ends_at) == (
        ("Experts primary", "Triage primary"),
        WEEK,
        WEEK + 7 * DAY,
    )


def test_one_person_as_primary_and_secondary_of_one_schedule_is_double_booked(schedule, ada, grace):
    weekly("Backup", ada, role="secondary", schedule=schedule)
    found = quality(start=WEEK, end=WEEK + 14 * DAY).double_booked
    assert [(one.person, one.double.ends_at) for one in found] == [(ada, WEEK + 7 * DAY)]  # then Grace is primary


def test_who_would_be_on_but_is_absent_is_listed_and_why_is_not(client, schedule, ada, grace):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    Absence.objects.create(
        person=ada,
        kind="sick",
        note="a private matter",
        starts_at=WEEK + DAY,
        ends_at=WEEK + 2 * DAY,
        by=ada,
        created_at=WEEK,
    )
    found = quality(start=WEEK, end=WEEK + 7 * DAY)
    assert [(one.person, one.starts_at, one.ends_at) for one in found.missing] == [(ada, WEEK + DAY, WEEK + 2 * DAY)]
    assert [(one.starts_at, one.ends_at, one.people) for one in found.gaps] == [(WEEK + DAY, WEEK + 2 * DAY, 0)]
    assert found.people[0].hours.all == 144 * H
    client.force_login(grace)
    page = client.get(reverse("quality")).content.decode()
    assert "Would be on call, but is away or has left" in page
    assert "private" not in page
    assert "sick" not in page


def test_more_than_there_may_be_is_a_surplus(ada, grace):
    stewards = weekly("Stewards", ada, at_most=1)
    weekly("More", grace, schedule=stewards)
    (one,) = quality(start=WEEK, end=WEEK + 7 * DAY).surplus
    assert (one.starts_at, one.ends_at, one.people) == (WEEK, WEEK + 7 * DAY, 2)


def test_balance_is_by_weight(ada, grace):
    """Ada has two turns of three: over six weeks four, which is fair."""
    weekly("Triage", Place(ada, 2), Place(grace, 1))
    (one,) = quality(start=WEEK, end=WEEK + 42 * DAY).balances
    assert {share.name: (share.of.weight, share.of.had, share.percent) for share in one.named} == {
        "Ada Moreno": (2, 28 * DAY, 100),
        "Grace Hopper": (1, 14 * DAY, 100),
    }
    assert one.balance.spread == 1.0


def test_more_than_400_days_are_refused():
    with pytest.raises(TooLong, match=r"^That is 401 days\. Choose 400 days at most\.$"):
        quality(start=WEEK, end=WEEK + 401 * DAY)


def test_the_page_draws_and_says_the_same(client, schedule, grace):
    client.force_login(grace)
    page = client.get(reverse("quality"), {"since": "2027-03-22", "until": "2027-04-11"}).content.decode()
    assert "Mon 22 Mar 2027 to Sun 11 Apr 2027" in page
    assert (
        'aria-label="Ada Moreno: 168 h, of it 49 h after midnight, else 0 s on holidays and 34 h on weekends"' in page
    )
    assert "style=" not in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"since": "2027-03-22", "until": "2027-03-21"}, "That is before the first day. Choose a later one."),
        ({"since": "2027-03-22", "until": "2028-04-26"}, "Choose 400 days at most."),
        ({"since": "1066-10-14"}, "Choose a day from 1990 to 2099."),
        ({"until": "9999-12-31"}, "Choose a day from 1990 to 2099."),
        ({"schedule": "x"}, "is not a valid UUID."),
    ],
)
def test_a_wrong_span_is_said_at_its_field(client, schedule, ada, query, says):
    client.force_login(ada)
    assert says in client.get(reverse("quality"), query).content.decode()


def test_the_table_file_is_in_seconds_and_safe_from_formulas(client, schedule, ada):
    ada.name = "=HYPERLINK(1)"
    ada.save()
    client.force_login(ada)
    answer = client.get(reverse("quality"), {"since": "2027-03-23", "until": "2027-04-04", "as": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    mine = [row for row in rows if row["person"].endswith("HYPERLINK(1)")]
    assert [row["person"] for row in mine] == ["'=HYPERLINK(1)"] * 2
    # Tuesday 00:00 to Monday 09:00: six days and nine hours.
    assert [(row["month"], row["on_call_s"], row["after_midnight_s"]) for row in mine] == [
        ("2027-03", "550800", "176400"),
        ("all", "550800", "176400"),
    ]


def test_programs_get_whole_seconds(client, schedule, ada, grace):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    client.force_login(ada)
    answer = client.get("/api/v1/quality/", {**MARCH, "schedule": str(schedule.pk)})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["from"], found["to"]) == ("2027-03-22T16:00:00Z", "2027-04-12T16:00:00Z")
    assert found["people"][0] == {
        "id": str(ada.pk),
        "name": "Ada Moreno",
        "time_zone": "America/Los_Angeles",
        "holidays": "",
        "on_call_s": 604800,
        "after_midnight_s": 176400,
        "weekend_s": 172800,
        "holiday_s": 0,
        "shadow_s": 0,
        "months": [
            {
                "month": "2027-03",
                "on_call_s": 604800,
                "after_midnight_s": 176400,
                "weekend_s": 172800,
                "holiday_s": 0,
            }
        ],
    }
    assert [(one["name"], one["weight"], one["on_call_s"], one["fair_s"]) for one in found["balance"][0]["people"]] == [
        (name, 1, 604800, 604800)
        for name in sorted(
            ["Ada Moreno", "Grace Hopper", "Lise Girard"],
            key=lambda name: next(one["id"] for one in found["people"] if one["name"] == name),
        )
    ]
    assert found["balance"][0]["spread"] == 1.0
    assert found["gaps"] == found["surplus"] == found["missing"] == found["double_booked"] == found["unknown"] == []


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, ["from", "to"]),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, ["to"]),
        ({"from": "2027-01-01T00:00:00Z", "to": "2028-02-06T00:00:00Z"}, ["to"]),  # 401 days
        ({"from": "2027-01-01T00:00:00", "to": "2027-02-06T00:00:00Z"}, ["from"]),
        ({**MARCH, "schedule": "00000000-0000-0000-0000-000000000000"}, ["schedule"]),
        ({**MARCH, "schedule": "\x00"}, ["schedule"]),
    ],
)
def test_a_program_is_told_which_field_is_wrong(client, schedule, ada, query, fields):
    client.force_login(ada)
    answer = client.get("/api/v1/quality/", query)
    assert answer.status_code == 400
    assert list(answer.json()) == fields

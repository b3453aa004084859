"""The timeline over stored and computed shifts. Night of 22 March 2027 at the summit: dark from 23:45 to 09:55 UTC."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from rotations.changes import services as changes
from rotations.changes.models import Absence
from rotations.coverage.models import SignedGap
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Layer, Turns

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
H = timedelta(hours=1)


@pytest.fixture
def show(client, schedule, lise):
    """Ask as Lise, who is in Paris."""
    client.force_login(lise)

    def ask(**query):
        answer = client.get(reverse("timeline"), query)
        assert answer.status_code == 200
        return answer

    return ask


def names(answer) -> list[str]:
    return [bar.name for row in answer.context["timeline"].rows for bar in row.bars]


def test_a_bar_is_a_link_whose_name_says_all(show):
    answer = show()
    assert names(answer) == [
        "Lise Girard, Triage primary, Mon 15 Mar 17:00 to Mon 22 Mar 17:00 CET",
        "Ada Moreno, Triage primary, Mon 22 Mar 17:00 CET to Mon 29 Mar 18:00 CEST, on call now",
    ]
    page = answer.content.decode()
    assert 'aria-label="Ada Moreno, Triage primary, Mon 22 Mar 17:00 CET to Mon 29 Mar 18:00 CEST, on call now"' in page
    assert "style=" not in page  # the content policy would drop it


@pytest.mark.parametrize(
    ("zone", "first", "name"),
    [
        ("mine", "2027-03-21T23:00", "Lise Girard, Triage primary, Mon 15 Mar 17:00 to Mon 22 Mar 17:00 CET"),
        ("utc", "2027-03-22T00:00", "Lise Girard, Triage primary, Mon 15 Mar 16:00 to Mon 22 Mar 16:00 UTC"),
        ("site", "2027-03-22T03:00", "Lise Girard, Triage primary, Mon 15 Mar 13:00 to Mon 22 Mar 13:00 -03"),
    ],
)
def test_the_clock_can_be_switched(show, zone, first, name):
    answer = show(zone=zone)
    assert answer.context["frame"].starts_at == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert names(answer)[0] == name


def test_where_clocks_change_is_said_on_the_clock_that_changes(show):
    assert "Sun 28 Mar: clocks go forward 1 h, the day has 23 h." in show(zone="mine").content.decode()
    assert "Clocks change" not in show(zone="utc").content.decode()


def test_the_night_is_shaded_by_the_sun(show):
    """UTC, 22 to 28 March: the night before ends on the first morning, and the last one begins on the last evening."""
    sky = show(zone="utc").context["timeline"].sky
    assert len(sky.dark) == 8
    x, width = sky.dark[1]
    begins = datetime(2027, 3, 22, tzinfo=UTC) + x / 100 * 168 * H
    assert abs(begins - datetime(2027, 3, 22, 23, 42, tzinfo=UTC)) < timedelta(minutes=4)
    assert 10 * H < width / 100 * 168 * H < 10 * H + timedelta(minutes=25)


def test_the_line_of_now_lies_where_now_is(show):
    assert show(zone="utc").context["timeline"].now_x == round(100 * (27 + 10 / 60) / 168, 4)
    assert show(zone="utc", on="2027-04-05").context["timeline"].now_x is None


def test_before_and_after_lead_to_the_neighbours_and_keep_what_is_chosen(show, schedule):
    ways = show(zone="utc", schedule=schedule.pk, reach="month").context["ways"]
    assert ways["before"] == f"?on=2027-02-28&reach=month&schedule={schedule.pk}&zone=utc"
    assert ways["after"] == f"?on=2027-04-01&reach=month&schedule={schedule.pk}&zone=utc"
    assert ways["today"] == f"?reach=month&schedule={schedule.pk}&zone=utc"


def test_an_override_is_marked(show, schedule, grace):
    start = datetime(2027, 3, 24, 8, tzinfo=UTC)
    changes.override(
        schedule=schedule,
        role="primary",
        person=grace,
        starts_at=start,
        ends_at=start + 2 * H,
        reason="dentist",
        by=grace,
        now=NOW,
    )
    answer = show()
    assert "Grace Hopper, Triage primary, Wed 24 Mar 09:00 to 11:00 CET, override" in names(answer)
    assert '<span class="badge warn">override</span>' in answer.content.decode()


def test_where_somebody_is_needed_and_nobody_is_a_bar_says_nobody(show, schedule, ada):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    away(ada, NOW, NOW + 48 * H)
    assert "Nobody, Triage, Tue 23 Mar 04:10 to Thu 25 Mar 04:10 CET" in names(show())


def test_a_gap_of_the_night_is_only_of_its_observing_minutes(show, schedule, ada):
    Schedule.objects.filter(pk=schedule.pk).update(needs="night")
    away(ada, NOW, NOW + 24 * H)
    gaps = [
        (bar.starts_at, bar.ends_at)
        for row in show().context["timeline"].rows
        for bar in row.bars
        if bar.kind == "nobody"
    ]
    assert len(gaps) == 2
    (start, end), (again, last) = gaps
    assert (start, last) == (NOW, NOW + 24 * H)
    assert datetime(2027, 3, 23, 9, 50, tzinfo=UTC) < end < datetime(2027, 3, 23, 10, tzinfo=UTC)
    assert datetime(2027, 3, 23, 23, 35, tzinfo=UTC) < again < datetime(2027, 3, 23, 23, 50, tzinfo=UTC)


def test_what_is_signed_for_says_by_whom(show, schedule, ada, pilot):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    away(ada, NOW, NOW + 48 * H)
    SignedGap.objects.create(
        schedule=schedule, starts_at=NOW, ends_at=NOW + 24 * H, reason="engineering", by=pilot, at=NOW
    )
    found = [name for name in names(show()) if name.startswith("Nobody")]
    assert found == [
        "Nobody, Triage, Tue 23 Mar 04:10 to Wed 24 Mar 04:10 CET, signed by Petra Pilot",
        "Nobody, Triage, Wed 24 Mar 04:10 to Thu 25 Mar 04:10 CET",
    ]


def test_people_down_show_who_is_absent_and_never_why(show, ada):
    away(ada, NOW, NOW + 24 * H)
    answer = show(down="people")
    assert [row.title for row in answer.context["timeline"].rows] == ["Ada Moreno", "Grace Hopper", "Lise Girard"]
    assert "Ada Moreno, absent, Tue 23 Mar 04:10 to Wed 24 Mar 04:10 CET" in names(answer)
    assert "a private matter" not in answer.content.decode()
    assert "sick" not in answer.content.decode()


def test_shifts_that_overlap_stand_on_lanes_of_their_own(show, schedule, grace):
    turns = Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9))
    west = Layer(window=Window.objects.get(name="west"))
    services.create_rotation(
        schedule=schedule, role="primary", name="Helper", turns=turns, people=[grace], now=NOW, layer=west
    )
    (row,) = show(on="2027-03-31").context["timeline"].rows
    assert {bar.lane for bar in row.bars} == {0, 1}


def test_one_schedule_team_or_person_can_be_chosen(show, schedule, lise, grace):
    services.create_schedule(name="Other", needs="always", now=NOW)
    assert {row.title for row in show().context["timeline"].rows} == {"Other", "Triage"}
    assert {row.title for row in show(schedule=schedule.pk).context["timeline"].rows} == {"Triage"}
    assert names(show(person=lise.pk)) == ["Lise Girard, Triage primary, Mon 15 Mar 17:00 to Mon 22 Mar 17:00 CET"]
    assert [row.title for row in show(down="people", person=grace.pk).context["timeline"].rows] == ["Grace Hopper"]


def test_a_shift_opens_on_the_page_or_alone(client, show):
    answer = show()
    bar = answer.context["timeline"].rows[0].bars[1]
    page = show(shift=str(bar.shift.id)).content.decode()
    assert "1st of 3 in Triage West, week from Mon 22 Mar" in page
    alone = client.get(
        reverse("timeline"), {"shift": bar.shift.id}, headers={"HX-Request": "true", "HX-Target": "shift-details"}
    ).content.decode()
    assert alone.lstrip().startswith('<div id="shift-details"')
    assert "168 h" in alone
    assert "<html" not in alone


def test_a_shift_that_moved_away_is_said_to_be_gone(show):
    page = show(shift="00000000-0000-0000-0000-000000000000").content.decode()
    assert "That shift is not among those shown here." in page


def test_the_part_that_moves_with_time_is_refreshed_alone(client, show):
    page = client.get(
        reverse("timeline"), headers={"HX-Request": "true", "HX-Target": "timeline-frame"}
    ).content.decode()
    assert page.lstrip().startswith('<div id="timeline-frame"')
    assert "Choose a schedule" not in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"on": "yesterday"}, "Enter a valid date."),
        ({"on": "0001-01-01"}, "Choose a day from 1990 to 2099."),
        ({"on": "9999-12-31"}, "Choose a day from 1990 to 2099."),
        ({"reach": "century"}, "century is not one of the available choices."),
        ({"schedule": "x"}, "is not a valid UUID."),
        ({"zone": "moon"}, "moon is not one of the available choices."),
    ],
)
def test_a_wrong_question_is_said_at_its_field_and_this_week_is_shown(show, query, says):
    answer = show(**query)
    assert says in answer.content.decode()
    assert answer.context["frame"].first == date(2027, 3, 22)


def test_the_list_says_the_same_by_days(show, schedule):
    agenda = show().context["timeline"].agenda
    monday, tuesday = agenda[0], agenda[1]
    assert [(one.when, one.bar.shift.person.name) for one in monday.parts] == [
        ("until 17:00", "Lise Girard"),
        ("from 17:00", "Ada Moreno"),
    ]
    assert [one.bar.shift.person.name for one in tuesday.whole] == ["Ada Moreno"]
    assert (monday.today, tuesday.today) == (False, True)
    assert len(monday.dark) == 1
    assert monday.dark[0].startswith("00:4")  # the night of 21 March begins at 23:43 UTC, 00:43 in Paris


def away(person, start, end) -> Absence:
    return Absence.objects.create(
        person=person,
        kind="sick",
        note="a private matter",
        starts_at=start,
        ends_at=end,
        by=person,
        created_at=start,
    )

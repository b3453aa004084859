"""Who has the calendar of their teams has another one from when teams change on, and the past stays what it was."""

from datetime import UTC, datetime, time, timedelta

import pytest

from oncall.people import editing, hours, queries
from oncall.people.models import HoursTerm, Membership, Person, Team, WorkCalendar

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def calendar(name: str, starts: int) -> WorkCalendar:
    return WorkCalendar.objects.create(name=name, work_days=[1, 2, 3, 4, 5], starts=time(starts), ends=time(20))


@pytest.fixture
def noor() -> Person:
    return Person.objects.create_user("noor", name="Noor Haddad", time_zone="Europe/Paris", country="FR")


@pytest.fixture
def boss() -> Person:
    return Person.objects.create_superuser("boss", name="Bo Oss")


@pytest.fixture
def early(noor) -> Team:
    """Noor's team, from 06:00."""
    team = Team.objects.create(name="Early", slug="early", calendar=calendar("From 06", 6))
    Membership.objects.create(person=noor, team=team)
    return team


def starts(person: Person, at: datetime) -> int:
    return queries.hours_at(person, at).calendar.starts.hour


def test_who_joins_a_team_has_its_calendar_from_then_on(noor, boss):
    late = Team(name="Late", slug="late", calendar=calendar("From 12", 12))
    editing.write_team(team=late, members=[noor], by=boss, now=NOW)
    assert [starts(noor, at) for at in (NOW - 90 * DAY, NOW - timedelta(seconds=1), NOW, NOW + DAY)] == [9, 9, 12, 12]


def test_who_leaves_a_team_had_its_calendar_until_then(noor, boss, early):
    editing.write_team(team=early, members=[], by=boss, now=NOW)
    assert [starts(noor, at) for at in (NOW - DAY, NOW)] == [6, 9]


def test_a_team_that_is_given_another_calendar_has_it_from_then_on(noor, boss, early):
    early.calendar = calendar("From 12", 12)
    editing.write_team(team=early, members=[noor], by=boss, now=NOW)
    assert [starts(noor, at) for at in (NOW - DAY, NOW)] == [6, 12]


def test_a_new_name_that_puts_another_team_first_changes_nothing_before_it(noor, boss, early):
    other = Team.objects.create(name="Late", slug="late", calendar=calendar("From 12", 12))
    Membership.objects.create(person=noor, team=other)
    other.name = "A late one"
    editing.write_team(team=other, members=[noor], by=boss, now=NOW)
    assert [starts(noor, at) for at in (NOW - DAY, NOW)] == [6, 12]


def test_who_is_given_other_teams_on_their_own_page_keeps_what_held_before(noor, boss, early):
    late = Team.objects.create(name="Late", slug="late", calendar=calendar("From 12", 12))
    editing.change_person(
        person=noor, by=boss, name=noor.name, email=None, time_zone="Europe/Paris", calendar=None, country="FR",
        subdivision="", teams=[late], now=NOW,
    )  # fmt: skip
    assert [starts(noor, at) for at in (NOW - DAY, NOW)] == [6, 12]


def test_each_of_two_changes_holds_from_its_day(noor, boss, early):
    for number, since in enumerate((NOW, NOW + 30 * DAY), start=1):
        early.calendar = calendar(f"Later {number}", 9 + number)
        editing.write_team(team=early, members=[noor], by=boss, now=since)
    moments = (NOW - DAY, NOW, NOW + 29 * DAY, NOW + 30 * DAY)
    assert [starts(noor, at) for at in moments] == [6, 10, 10, 11]


def test_the_person_still_follows_their_team_and_has_no_calendar_of_their_own(noor, boss, early):
    editing.write_team(team=early, members=[], by=boss, now=NOW)
    hours.apply_due(now=NOW + DAY, limits=None)
    assert Person.objects.get(pk=noor.pk).calendar is None
    kept = HoursTerm.objects.get(person=noor, starts_at=NOW)
    assert (kept.calendar, kept.by, kept.reason) == (None, boss, "The calendar of their teams changed.")


def test_a_stay_with_the_teams_calendar_goes_on_with_the_new_one(noor, boss, early):
    hours.add_term(
        person=noor, starts_at=NOW - DAY, ends_at=NOW + 9 * DAY, time_zone="America/Santiago", calendar=None,
        country="CL", subdivision="", reason="At the summit.", by=boss, now=NOW - 2 * DAY,
    )  # fmt: skip
    editing.write_team(team=early, members=[], by=boss, now=NOW)
    moments = (NOW - 2 * DAY, NOW - timedelta(hours=1), NOW, NOW + 9 * DAY)
    held = [queries.hours_at(noor, at) for at in moments]
    assert [(one.time_zone, one.calendar.starts.hour) for one in held] == [
        ("Europe/Paris", 6),
        ("America/Santiago", 6),
        ("America/Santiago", 9),
        ("Europe/Paris", 9),
    ]


def test_who_has_a_calendar_of_their_own_keeps_it_and_nothing_is_written_down(noor, boss, early):
    Person.objects.filter(pk=noor.pk).update(calendar=calendar("Own", 7))
    editing.write_team(team=early, members=[], by=boss, now=NOW)
    assert starts(Person.objects.get(pk=noor.pk), NOW + DAY) == 7
    assert not HoursTerm.objects.exists()


def test_a_change_that_gives_nobody_other_hours_writes_nothing_down(noor, boss, early):
    editing.write_team(team=Team(name="No calendar", slug="none"), members=[noor], by=boss, now=NOW)
    early.skill = "Everything"
    editing.write_team(team=early, members=[noor], by=boss, now=NOW)
    assert not HoursTerm.objects.exists()


def test_the_house_default_is_called_the_same_when_it_is_written_down(noor, boss):
    before = queries.hours_at(noor, NOW - DAY).calendar
    late = Team(name="Late", slug="late", calendar=calendar("From 12", 12))
    editing.write_team(team=late, members=[noor], by=boss, now=NOW)
    kept = queries.hours_at(noor, NOW - DAY).calendar
    assert (kept.name, kept.in_words) == (before.name, before.in_words) == ("Default", "Mon to Fri 09:00-17:00")


def test_a_calendar_that_somebody_called_default_is_not_taken_for_the_houses(noor, boss):
    calendar("Default", 5)
    late = Team(name="Late", slug="late", calendar=calendar("From 12", 12))
    editing.write_team(team=late, members=[noor], by=boss, now=NOW)
    assert starts(noor, NOW - DAY) == 9


def test_the_screen_of_a_team_keeps_what_held_before(client, noor, boss, early):
    client.force_login(boss)
    said = {"name": "Early", "slug": "early", "skill": "", "wbs": "", "calendar": "", "lead": "", "people": [noor.pk]}
    assert client.post(f"/people/teams/{early.pk}/", said).status_code == 302
    assert starts(noor, NOW - 90 * DAY) == 6
    assert queries.calendar_of(noor).starts == time(9)

"""Hours by date: what held stays what it was, and the person's own fields follow what holds now."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from oncall.people import hours, queries
from oncall.people.models import HoursTerm, Person, WorkCalendar

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def noor() -> Person:
    return Person.objects.create_user("noor", name="Noor Haddad", time_zone="Europe/Paris", country="FR")


@pytest.fixture
def boss() -> Person:
    return Person.objects.create_superuser("boss", name="Bo Oss")


@pytest.fixture
def part_time() -> WorkCalendar:
    return WorkCalendar.objects.create(name="Mon to Wed", work_days=[1, 2, 3], starts=time(9), ends=time(17))


def term(person: Person, by: Person, **given: Any) -> HoursTerm:
    said: dict[str, Any] = {
        "starts_at": NOW + DAY, "ends_at": None, "time_zone": "Europe/Paris", "calendar": None, "country": "FR",
        "subdivision": "", "reason": "",
    }  # fmt: skip
    return hours.add_term(person=person, by=by, now=NOW, **{**said, **given})


def test_without_any_term_the_own_fields_have_always_held(noor):
    assert queries.hours_at(noor, NOW - 400 * DAY).time_zone == "Europe/Paris"


def test_a_change_holds_from_now_on_and_what_held_before_is_kept(noor):
    hours.change(
        person=noor, time_zone="America/Santiago", calendar=None, country="CL", subdivision="", by=noor, now=NOW
    )
    before, after = queries.hours_at(noor, NOW - timedelta(seconds=1)), queries.hours_at(noor, NOW)
    assert (before.time_zone, before.country) == ("Europe/Paris", "FR")
    assert (after.time_zone, after.country) == ("America/Santiago", "CL")
    noor.refresh_from_db()
    assert noor.time_zone == "America/Santiago"


def test_saving_the_same_hours_again_keeps_nothing_new(noor):
    for _ in range(2):
        hours.change(
            person=noor, time_zone="Europe/Paris", calendar=None, country="FR", subdivision="", by=noor, now=NOW
        )
    assert HoursTerm.objects.count() == 1


def test_part_time_from_a_day_on_begins_on_that_day(noor, part_time):
    term(noor, noor, calendar=part_time)
    assert queries.hours_at(noor, NOW + DAY - timedelta(seconds=1)).calendar.work_days == [1, 2, 3, 4, 5]
    assert queries.hours_at(noor, NOW + DAY).calendar == part_time


def test_the_own_fields_follow_when_a_term_begins_and_not_before(noor, part_time):
    term(noor, noor, calendar=part_time)
    hours.apply_due(now=NOW + DAY - timedelta(seconds=1), limits=None)
    noor.refresh_from_db()
    assert noor.calendar is None
    hours.apply_due(now=NOW + DAY, limits=None)
    noor = Person.objects.get(pk=noor.pk)
    assert noor.calendar == part_time


def test_a_stay_wins_over_what_begins_during_it_and_ends_by_itself(noor, part_time):
    term(noor, noor, ends_at=NOW + 10 * DAY, time_zone="America/Santiago", country="CL")
    term(noor, noor, starts_at=NOW + 3 * DAY, calendar=part_time)
    during, after = queries.hours_at(noor, NOW + 5 * DAY), queries.hours_at(noor, NOW + 10 * DAY)
    assert (during.time_zone, during.country) == ("America/Santiago", "CL")
    assert (after.time_zone, after.calendar) == ("Europe/Paris", part_time)
    hours.apply_due(now=NOW + 5 * DAY, limits=None)
    assert Person.objects.get(pk=noor.pk).time_zone == "America/Santiago"
    hours.apply_due(now=NOW + 10 * DAY, limits=None)
    assert Person.objects.get(pk=noor.pk).time_zone == "Europe/Paris"


def test_looking_what_is_due_is_one_query_while_nothing_is(noor, part_time, django_assert_num_queries):
    term(noor, noor, calendar=part_time)
    with django_assert_num_queries(1):
        hours.apply_due(now=NOW, limits=None)


def test_two_stays_do_not_overlap(noor):
    term(noor, noor, ends_at=NOW + 10 * DAY)
    with pytest.raises(hours.TermRefused, match="Another stay lies in that time"):
        term(noor, noor, starts_at=NOW + 9 * DAY, ends_at=NOW + 20 * DAY)


def test_the_database_itself_keeps_stays_apart(noor):
    given = {"person": noor, "time_zone": "UTC", "created_at": NOW}
    HoursTerm.objects.create(starts_at=NOW, ends_at=NOW + 2 * DAY, **given)
    with pytest.raises(IntegrityError, match="one_stay_at_a_time"), transaction.atomic():
        HoursTerm.objects.create(starts_at=NOW + DAY, ends_at=NOW + 3 * DAY, **given)


def test_the_past_is_written_down_by_whoever_configures_only(noor, boss):
    with pytest.raises(hours.TermRefused, match="begins in the past"):
        term(noor, noor, starts_at=NOW - DAY, time_zone="America/Santiago")
    term(noor, boss, starts_at=NOW - DAY, time_zone="America/Santiago")
    assert queries.hours_at(noor, NOW - timedelta(hours=1)).time_zone == "America/Santiago"


def test_a_colleague_does_not_write_down_my_hours(noor):
    other = Person.objects.create_user("other", name="Other")
    with pytest.raises(hours.TermRefused, match="Only Noor Haddad, the pilot and administrators"):
        term(noor, other)


def test_what_has_not_begun_can_be_taken_back_and_a_stay_be_ended(noor, part_time):
    future = term(noor, noor, calendar=part_time)
    hours.withdraw(term=future, by=noor, now=NOW)
    assert queries.hours_at(noor, NOW + 2 * DAY).calendar != part_time
    stay = term(noor, noor, ends_at=NOW + 9 * DAY, time_zone="America/Santiago")
    hours.withdraw(term=stay, by=noor, now=NOW + 5 * DAY)
    assert queries.hours_at(noor, NOW + 4 * DAY).time_zone == "America/Santiago"
    assert queries.hours_at(noor, NOW + 6 * DAY).time_zone == "Europe/Paris"


def test_hours_that_have_begun_are_not_taken_back_by_whose_they_are(noor, part_time):
    begun = term(noor, noor, calendar=part_time)
    with pytest.raises(hours.TermRefused, match="have begun"):
        hours.withdraw(term=begun, by=noor, now=NOW + 2 * DAY)


def test_a_calendar_may_end_at_midnight_and_not_before_it_starts():
    WorkCalendar.objects.create(name="Early night", work_days=[1], starts=time(17), ends=time(0))
    with pytest.raises(IntegrityError, match="calendar_starts_before_it_ends"), transaction.atomic():
        WorkCalendar.objects.create(name="Backwards", work_days=[1], starts=time(17), ends=time(9))


class TestScreens:
    def test_part_time_from_a_day_on_is_written_down_by_its_person(self, client, noor, part_time):
        client.force_login(noor)
        answer = client.post(
            f"/people/{noor.pk}/hours/",
            {
                "first_day": "2098-07-01", "time_zone": "Europe/Paris", "calendar": str(part_time.pk),
                "country": "FR", "subdivision": "", "reason": "60 % from July on",
            },
            follow=True,
        )  # fmt: skip
        shown = answer.content.decode()
        assert "60 % from July on" in shown
        assert HoursTerm.objects.get(calendar=part_time).starts_at == datetime(2098, 6, 30, 22, tzinfo=UTC)

    def test_a_stay_that_ends_before_it_begins_is_refused_with_words(self, client, noor):
        client.force_login(noor)
        said = {"first_day": "2098-07-02", "last_day": "2098-07-01", "time_zone": "Europe/Paris", "country": "FR"}
        answer = client.post(f"/people/{noor.pk}/hours/", said)
        assert answer.status_code == 400
        assert "It would end before it begins" in answer.content.decode()

    @pytest.mark.parametrize("field", ["first_day", "last_day", "time_zone", "calendar", "country", "subdivision"])
    @pytest.mark.parametrize("value", ["\x00", "9" * 400, "0001-01-01", "é"])
    def test_odd_input_is_an_error_and_never_a_500(self, client, noor, field, value):
        client.force_login(noor)
        said = {"first_day": "2098-07-01", "last_day": "2098-07-02", "time_zone": "Europe/Paris", "country": "FR"}
        assert client.post(f"/people/{noor.pk}/hours/", {**said, field: value}).status_code == 400

    def test_a_colleague_sees_no_form_of_mine(self, client, noor):
        client.force_login(Person.objects.create_user("other", name="Other"))
        assert client.get(f"/people/{noor.pk}/hours/").status_code == 403

    def test_a_calendar_is_added_by_who_configures(self, client, noor, boss):
        said = {
            "name": "Chile, early night", "work_days": ["1", "2", "3"], "starts": "15:00", "ends": "00:00",
            "time_zone": "America/Santiago", "country": "CL", "subdivision": "",
        }  # fmt: skip
        client.force_login(noor)
        assert client.post("/people/work-calendars/", said).status_code == 403
        client.force_login(boss)
        shown = client.post("/people/work-calendars/", said, follow=True).content.decode()
        assert "Mon to Wed 15:00-24:00, America/Santiago" in shown

    def test_beside_a_name_stands_on_whose_clock_and_with_whose_holidays_the_hours_are_read(self, client, boss):
        made = WorkCalendar.objects.create(name="Base", work_days=[1], starts=time(9), ends=time(17), country="CL")
        Person.objects.create_user("emi", name="Emi", time_zone="Asia/Tokyo", country="JP", calendar=made)
        Person.objects.create_user("ines", name="Inés", time_zone="America/Santiago", calendar=made)
        client.force_login(boss)
        shown = client.get("/people/work-calendars/").content.decode()
        assert "Emi (Asia/Tokyo, JP)" in shown
        assert "Inés (America/Santiago)" in shown

    def test_a_calendar_that_ends_before_it_starts_is_refused_with_words(self, client, boss):
        client.force_login(boss)
        said = {"name": "X", "work_days": ["1"], "starts": "17:00", "ends": "09:00", "time_zone": "UTC", "country": ""}
        answer = client.post("/people/work-calendars/", said)
        assert answer.status_code == 400
        assert "09:00 is not after 17:00" in answer.content.decode()

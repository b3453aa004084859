"""The list of those who may be asked: who stands on it, what others see of them, and that it pages nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from oncall.paging.models import ContactMethod
from oncall.people import services as people
from oncall.people.models import Team
from rotations.changes.models import Absence
from rotations.coverage import queries as coverage
from rotations.volunteers import queries, services
from rotations.volunteers.models import Volunteer
from tests.rotations.conftest import NOW, person, signed_in

pytestmark = pytest.mark.django_db
NUMBER = "+14155550177"


@pytest.fixture
def facility() -> Team:
    return Team.objects.create(name="Data Facility", slug="data-facility", skill="databases")


def put(who, *, team=None, skill="", note="Evenings.", until=None, now=NOW) -> Volunteer:
    return services.put(person=who, team=team, skill=skill, note=note, until=until, now=now)


def text_of(answer) -> str:
    return answer.content.decode()


def test_one_stands_on_the_list_until_one_takes_oneself_off(ada, facility):
    one = put(ada, team=facility)
    assert queries.mine(ada, now=NOW) == [one]
    services.take_off(volunteer=one, by=ada, now=NOW)

    assert queries.mine(ada, now=NOW) == []


def test_one_stands_on_the_list_until_the_instant_one_gave(ada, facility):
    put(ada, team=facility, until=NOW + timedelta(hours=2))

    listed = [len(queries.mine(ada, now=NOW + timedelta(minutes=minutes))) for minutes in (0, 119, 120)]
    assert listed == [1, 1, 0]


def test_who_has_left_stands_on_no_list(ada, facility):
    put(ada, team=facility)
    ada.is_active = False
    ada.save()

    assert queries.listed(viewer=ada, now=NOW) == []


def test_new_words_replace_the_old_ones_which_stay_on_record(ada):
    put(ada, skill="ISR", note="Evenings.")
    put(ada, skill="isr", note="Mornings.", now=NOW + timedelta(days=1))

    assert [one.note for one in queries.mine(ada, now=NOW + timedelta(days=1))] == ["Mornings."]
    assert Volunteer.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"skill": ""}, "choose one team or one skill"),
        ({"note": " "}, "say when you may be asked"),
        ({"until": NOW}, "past or too far away"),
        ({"until": datetime(2100, 1, 1, tzinfo=UTC)}, "past or too far away"),
    ],
)
def test_what_nobody_could_use_is_refused(ada, change, error):
    with pytest.raises(services.Refused, match=error):
        put(ada, **({"skill": "ISR"} | change))


def test_a_team_and_a_skill_at_once_are_refused_by_the_database_too(ada, facility):
    with pytest.raises(IntegrityError), transaction.atomic():
        Volunteer.objects.create(person=ada, team=facility, skill="ISR", note="x", created_at=NOW)


def test_nobody_but_the_pilot_takes_somebody_else_off(client, ada, grace, pilot, facility):
    one = put(ada, team=facility)
    assert signed_in(client, grace).post(reverse("volunteer_off", args=[one.pk])).status_code == 403
    assert queries.mine(ada, now=NOW) == [one]
    signed_in(client, pilot).post(reverse("volunteer_off", args=[one.pk]))

    assert queries.mine(ada, now=NOW) == []


def test_a_volunteer_is_not_on_call(schedule, pilot, facility):
    schedule.team = facility
    schedule.save()
    put(pilot, team=facility)

    assert [duty.person.name for duty in coverage.on_call(schedule=schedule, at=NOW)] == ["Ada Moreno"]


def test_the_page_puts_one_on_the_list(client, ada, facility):
    signed_in(client, ada)
    client.post(reverse("volunteers"), {"subject": f"team:{facility.pk}", "note": "Text first.", "until": ""})

    assert [(one.team, one.note, one.until) for one in Volunteer.objects.all()] == [(facility, "Text first.", None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "team:6f6e6361-6c6c-4000-8000-706167657321"}, "That is no team and no skill here."),
        ({"subject": "skill:\x00"}, "That is no team and no skill here."),
        ({"subject": ""}, "This field is required."),
        ({"note": "x" * 301}, "at most 300 characters"),
        ({"until": "2020-01-01T00:00"}, "past or too far away"),
        ({"until": "9999-12-31T23:59"}, "Choose an instant from 1990 to 2099."),
    ],
)
def test_a_wrong_entry_is_told_and_nothing_is_lost(client, ada, facility, change, said):
    typed = {"subject": "skill:databases", "note": "Text first.", "until": ""} | change
    answer = signed_in(client, ada).post(reverse("volunteers"), typed)

    assert answer.status_code == 400
    assert said in text_of(answer)
    assert not Volunteer.objects.exists()


def test_others_see_the_number_masked_and_an_administrator_can_press_it(client, ada, grace, facility):
    ContactMethod.objects.create(person=ada, kind="phone", address=NUMBER, created_at=NOW)
    put(ada, team=facility)
    masked = text_of(signed_in(client, grace).get(reverse("volunteers")))
    whole = text_of(signed_in(client, person("root", "Root", is_superuser=True)).get(reverse("volunteers")))

    assert "+14 •••• 0177" in masked
    assert NUMBER not in masked
    assert f'href="tel:{NUMBER}"' in whole


def test_who_is_absent_now_is_shown_as_away_and_not_why(client, ada, grace, facility):
    put(ada, team=facility)
    Absence.objects.create(
        person=ada, kind="sick", starts_at=NOW, ends_at=NOW + timedelta(days=1), note="flu", created_at=NOW, by=ada
    )
    page = text_of(signed_in(client, grace).get(reverse("volunteers")))

    assert "away now" in page
    assert "flu" not in page


def test_a_schedule_shows_who_may_be_asked_for_its_team_and_its_skill(client, schedule, ada, grace, lise, facility):
    schedule.skill = "Databases"
    schedule.save()
    put(ada, skill="databases", note="By skill.")
    put(grace, team=facility, note="By team of that skill.")
    put(lise, skill="ISR", note="Something else.")
    page = text_of(signed_in(client, ada).get(reverse("schedule", args=[schedule.pk])))

    assert "May be asked, no guarantee" in page
    assert ["By skill." in page, "By team of that skill." in page, "Something else." in page] == [True, True, False]


def test_the_page_costs_the_same_for_many(client, ada, facility, django_assert_max_num_queries):
    for n in range(20):
        put(person(f"p{n}", f"P {n}"), team=facility)
    signed_in(client, ada)

    with django_assert_max_num_queries(13):
        assert text_of(client.get(reverse("volunteers"))).count("Evenings.") == 20


@pytest.fixture
def api(client):
    def get(who, query=""):
        _, token = people.create_token(person=who, name="test", now=NOW)
        return client.get(f"/api/v1/volunteers/{query}", headers={"Authorization": f"Token {token}"})

    return get


def test_programs_get_names_and_notes_and_no_numbers(api, ada, grace, facility):
    ContactMethod.objects.create(person=ada, kind="phone", address=NUMBER, created_at=NOW)
    one = put(ada, team=facility)
    answer = api(grace)

    assert answer.json()["results"] == [
        {
            "id": str(one.pk),
            "person": {"id": str(ada.pk), "name": "Ada Moreno", "time_zone": "America/Los_Angeles"},
            "team": "data-facility",
            "skill": "",
            "note": "Evenings.",
            "since": "2027-03-23T03:10:00Z",
            "until": None,
        }
    ]
    assert NUMBER not in text_of(answer)


@pytest.mark.parametrize(
    ("query", "status", "count"),
    [
        ("?team=data-facility", 200, 1),
        ("?team=nobody", 200, 0),
        ("?skill=DATABASES", 200, 1),
        ("?skill=isr", 200, 1),
        ("?team=%00", 400, None),
        ("?skill=%00", 400, None),
        ("?skill=" + "x" * 81, 400, None),
        ("?cursor=%f0%9f%94%ad", 404, None),
    ],
)
def test_programs_ask_by_team_or_skill(api, ada, grace, facility, query, status, count):
    put(ada, team=facility)
    put(grace, skill="ISR")
    answer = api(ada, query)

    assert answer.status_code == status
    if count is not None:
        assert len(answer.json()["results"]) == count

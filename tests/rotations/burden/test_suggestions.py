"""Whom to ask: who could take it, whoever carried least first."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oncall.people.models import Membership, Team
from rotations.burden.suggestions import Suggestion, suggest
from rotations.changes.models import Absence
from rotations.coverage import services as coverage
from rotations.schedule import services
from rotations.schedule.models import Participant, Schedule
from tests.rotations.burden.conftest import at
from tests.rotations.conftest import BEFORE, NOW, person

H, DAY = timedelta(hours=1), timedelta(days=1)
# Ada has it until 29 March, 16:00 UTC; so far she had 2 weeks (of them 11 h of the second), Grace 1, Lise 1.
THURSDAY = at("2027-03-25T20:00")  # 13:00 in California, 21:00 in Paris


def could(schedule, *besides) -> list[Suggestion]:
    """Who could take four hours of Thursday."""
    return suggest(schedule=schedule, role="primary", start=THURSDAY, end=THURSDAY + 4 * H, besides=besides, now=NOW)


def names(found) -> list[str]:
    return [one.person.name for one in found]


def asked(schedule, **about) -> dict[str, str]:
    span = {"starts_at": "2027-03-25T20:00:00Z", "ends_at": "2027-03-26T00:00:00Z"}
    return {"schedule": str(schedule.pk), "role": "primary", **span, **about}


def test_who_carried_least_comes_first_and_who_has_it_does_not_come(schedule, grace, lise, called_out):
    called_out(grace, at("2027-03-18T04:00"), at("2027-03-18T05:00"))
    (first, second) = could(schedule)
    assert (first.person, first.why) == (
        lise,
        ("carried least in 90 days", "free then", "1 h of it after midnight for them"),
    )  # it ends at 01:00 in Paris
    assert (second.person, second.why) == (grace, ("free then",))


def test_half_the_turns_count_as_twice_the_burden(schedule, ada, grace, lise):
    """Grace and Lise have carried a week each; Lise takes two turns a round, so hers is the lighter share."""
    coverage.refresh_due(now=NOW)  # what was stays, whatever the turns become
    Participant.objects.filter(person=lise).update(weight=2)
    assert names(could(schedule)) == ["Lise Girard", "Grace Hopper"]


def test_who_is_absent_resting_or_on_call_elsewhere_is_left_out(schedule, ada, grace, lise, turns):
    Absence.objects.create(
        person=grace, kind="other", starts_at=THURSDAY - H, ends_at=THURSDAY + H, by=grace, created_at=BEFORE
    )
    other = services.create_schedule(name="Experts", tier=2, now=BEFORE)
    services.create_rotation(schedule=other, role="primary", name="Experts", turns=turns, people=[lise], now=BEFORE)
    assert could(schedule) == []


def test_a_duty_elsewhere_that_pages_nobody_keeps_nobody_from_taking_it(schedule, grace, lise, turns):
    other = services.create_schedule(name="Forum", now=BEFORE)
    services.create_rotation(schedule=other, role="primary", name="Forum", turns=turns, people=[lise], now=BEFORE)
    assert sorted(names(could(schedule))) == ["Grace Hopper", "Lise Girard"]


def test_who_has_it_is_left_out_where_nobody_is_paged_too(schedule, ada, grace, lise):
    Schedule.objects.filter(pk=schedule.pk).update(tier=None)
    schedule.refresh_from_db()
    assert names(could(schedule)) == ["Grace Hopper", "Lise Girard"]


def test_nobody_carried_least_of_one(schedule, grace, lise):
    (only,) = could(schedule, lise)
    assert (only.person, only.why) == (grace, ("free then",))


def test_a_member_of_the_team_may_be_asked_and_whoever_is_relieved_is_not(schedule, grace, lise):
    team = Team.objects.create(name="Triage team", slug="triage-team")
    Schedule.objects.filter(pk=schedule.pk).update(team=team)
    schedule.refresh_from_db()
    Membership.objects.create(person=person("mara", "Mara Member"), team=team)
    found = could(schedule, lise)
    assert [(one.person.name, one.weight) for one in found] == [("Mara Member", 0), ("Grace Hopper", 1)]
    assert found[0].why == ("carried least in 90 days", "free then", "in the team, in no order")


@pytest.mark.parametrize("length", [timedelta(), -H, 61 * DAY])
def test_a_span_that_nobody_could_take_is_refused(schedule, length):
    with pytest.raises(ValueError, match=r"^Choose a span that ends after it starts, of 60 days at most\.$"):
        suggest(schedule=schedule, role="primary", start=THURSDAY, end=THURSDAY + length, now=NOW)


def test_the_number_of_queries_does_not_grow_with_people(schedule):
    def many() -> int:
        with CaptureQueriesContext(connection) as seen:
            could(schedule)
        return len(seen)

    few = many()
    rotation = schedule.rotations.get()
    for number in range(5):
        Participant.objects.create(rotation=rotation, person=person(f"p{number}", f"P {number}"), position=3 + number)
    assert many() == few <= 30


def test_a_colleague_sees_the_order_and_no_number(client, schedule, ada):
    client.force_login(ada)
    page = client.get(reverse("burden_suggestions"), asked(schedule)).content.decode()
    assert page.index("Grace Hopper") < page.index("Lise Girard")
    assert "carried least in 90 days" in page
    assert "b-number" not in page


def test_the_pilot_sees_the_numbers(client, schedule, pilot):
    client.force_login(pilot)
    page = client.get(reverse("burden_suggestions"), asked(schedule)).content.decode()
    assert page.count("b-number") == 2
    assert "Put on call" in page


def test_a_part_of_a_form_gets_the_list_alone(client, schedule, ada):
    """As it is typed on Ada's clock, with the names that the form has."""
    client.force_login(ada)
    typed = asked(schedule, starts_at="2027-03-25T13:00", ends_at="2027-03-25T17:00", asker=str(ada.pk))
    headers = {"HX-Request": "true", "HX-Target": "suggestions"}
    part = client.get(reverse("burden_suggestions"), typed, headers=headers).content.decode()
    assert "Grace Hopper" in part
    assert "1 h of it after midnight" in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"ends_at": "2027-03-25T20:00:00Z"}, "It must end after it starts. Choose a later end."),
        ({"ends_at": "2027-06-25T20:00:00Z"}, "Choose 60 days at most."),
        ({"ends_at": "9999-12-31T23:59"}, "is too far away"),
        ({"starts_at": "\x00"}, "Enter a valid date/time."),
        ({"role": "\x00"}, "Select a valid choice."),
        ({"for": "\x00"}, "Null characters are not allowed."),
        ({"starts_at": "", "ends_at": ""}, "Choose when it starts and ends"),
    ],
)
def test_a_wrong_span_is_said_and_shows_nobody(client, schedule, ada, about, says):
    client.force_login(ada)
    answer = client.get(reverse("burden_suggestions"), asked(schedule, **about))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert "free then" not in answer.content.decode()


@pytest.mark.parametrize("wrong", ["", "x", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_a_schedule_that_is_none_is_not_there(client, ada, wrong):
    client.force_login(ada)
    assert client.get(reverse("burden_suggestions"), {"schedule": wrong}).status_code == 404


def test_the_forms_that_ask_somebody_show_whom(client, schedule, ada):
    client.force_login(ada)
    ask = client.get(
        reverse("swap_ask", args=[schedule.pk]), {"from": "2027-03-25T20:00:00Z", "to": "2027-03-26T00:00:00Z"}
    ).content.decode()
    assert f'hx-get="/burden/suggestions/?schedule={schedule.pk}" hx-include="#ask-form"' in ask
    assert "starts_at=2027-03-25T13%3A00%3A00-07%3A00" in ask  # the link without JavaScript
    for page in (reverse("override", args=[schedule.pk]), reverse("schedule", args=[schedule.pk])):
        assert 'hx-include="#override-form"' in client.get(page).content.decode()


def test_a_gap_leads_to_who_could_cover_it_and_that_to_the_filled_in_form(client, schedule, ada, pilot):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    Absence.objects.create(
        person=ada, kind="other", starts_at=THURSDAY, ends_at=THURSDAY + 4 * H, by=ada, created_at=BEFORE
    )
    client.force_login(pilot)
    gaps = client.get(reverse("schedule_gaps", args=[schedule.pk])).content.decode()
    cover = gaps.split('href="/burden/suggestions/', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    found = client.get(f"/burden/suggestions/{cover}").content.decode()
    fill = found.split(f'href="/rotations/{schedule.pk}/overrides/', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    form = client.get(f"/rotations/{schedule.pk}/overrides/{fill}").content.decode()
    assert 'name="starts_at" value="2027-03-25T13:00"' in form
    assert "selected>Grace Hopper" in form

"""Who sees whose burden, on the page and in the API, and what neither says."""

import pytest
from django.urls import reverse

from oncall.people.models import Membership, Team
from tests.rotations.burden.conftest import at

WEEK = {"from": "2027-03-01", "until": "2027-03-08"}
API = "/api/v1/burden/"


def shown(client, who, query=None) -> str:
    client.force_login(who)
    return client.get(reverse("burden"), query or {}).content.decode()


def people(client, who, query=None) -> list[str]:
    client.force_login(who)
    return [row["person"]["name"] for row in client.get(API, query or {}).json()["results"]]


def test_a_person_sees_their_own_and_nobody_elses(client, schedule, ada, grace, lise):
    page = shown(client, ada)
    assert "My burden" in page
    assert "Ada Moreno" in page
    assert "Grace Hopper" not in page
    assert "Lise Girard" not in page
    assert "fair share" not in page  # it would tell what the others carry
    assert people(client, ada) == ["Ada Moreno"]


def test_a_person_gets_nobody_elses_by_asking_for_a_team_or_schedule(client, schedule, ada, manager):
    assert people(client, ada, {"schedule": str(schedule.pk)}) == ["Ada Moreno"]
    assert people(client, ada, {"team": "data-facility"}) == []


def test_the_pilot_sees_everybody(client, schedule, pilot):
    page = shown(client, pilot)
    assert [name in page for name in ("Ada Moreno", "Grace Hopper", "Lise Girard")] == [True] * 3
    assert set(people(client, pilot)) == {"Ada Moreno", "Grace Hopper", "Lise Girard"}


def test_a_manager_sees_their_team(client, schedule, manager):
    page = shown(client, manager)
    assert "Lise Girard" in page
    assert "Ada Moreno" not in page
    assert people(client, manager) == ["Lise Girard"]


def test_an_administrator_sees_everybody(client, schedule, grace):
    grace.is_superuser = True
    grace.save()
    assert len(people(client, grace)) == 3


def test_the_pilot_sees_burden_and_no_leave(client, schedule, pilot, lise, called_out):
    """Three hours of credit stand on Lise's account; the pilot's page says two hours worked and what they weigh."""
    called_out(lise, at("2027-03-18T02:20"), at("2027-03-18T04:20"))
    page = shown(client, pilot)
    assert "2 h × 1.5</td>" in page
    for word in ("credit", "balance", "ledger"):
        assert word not in page.split("<main", 1)[1].lower()
    assert client.get("/api/v1/leave/balances/", {"person": str(lise.pk)}).status_code == 404


def test_a_number_explains_itself(client, schedule, ada):
    """A week of Ada's: 49 x 0.2 + 34 x 0.1 + 85 x 0.05 = 17.45."""
    page = shown(client, ada, WEEK)
    assert (
        'aria-label="Ada Moreno: 17.5, 9.80 on call after midnight, 00:00 to 07:00, '
        '3.40 on call on a weekend, from 07:00, 4.25 on call, other hours"' in page
    )
    assert '<strong class="b-number">17.5</strong>' in page
    assert "<strong>17.45</strong>" in page
    assert 'class="b-night" x="0.0%"' in page
    assert "style=" not in page


def test_the_filters_stand_in_the_address(client, schedule, pilot, ada):
    team = Team.objects.create(name="West", slug="west")
    Membership.objects.create(person=ada, team=team)
    page = shown(client, pilot, {**WEEK, "team": "west", "schedule": str(schedule.pk)})
    assert "Mon 1 Mar 2027 to Mon 8 Mar 2027, West, people of Triage" in page
    assert "Ada Moreno" in page
    assert "Grace Hopper" not in page
    assert f"from=2026-12-23&amp;until=2027-03-22&amp;team=west&amp;schedule={schedule.pk}" in page  # last 90 days


def test_a_fair_share_is_by_weight(client, schedule, pilot):
    """In the first three weeks each had one; the last has the hour by which clocks went forward."""
    client.force_login(pilot)
    span = {"from": "2027-03-01T17:00:00Z", "until": "2027-03-15T16:00:00Z"}
    found = {row["person"]["name"]: (row["weight"], row["share"]) for row in client.get(API, span).json()["results"]}
    assert found["Lise Girard"] == (1, 0.0)
    assert found["Ada Moreno"][1] > 1.4


def test_programs_get_the_number_and_its_parts(client, schedule, ada):
    client.force_login(ada)
    found = client.get(API, {"from": "2027-03-01T17:00:00Z", "until": "2027-03-08T17:00:00Z"}).json()
    assert (found["from"], found["until"]) == ("2027-03-01T17:00:00Z", "2027-03-08T17:00:00Z")
    (row,) = found["results"]
    assert (row["number"], row["weight"], row["share"]) == (17.45, 1, None)
    assert [(part["name"], part["amount_s"], part["pages"], part["product"]) for part in row["parts"]] == [
        ("night", 176400, None, 9.8),
        ("holiday", 0, None, 0.0),
        ("weekend", 122400, None, 3.4),
        ("plain", 306000, None, 4.25),
        ("out_of_hours", 0, None, 0.0),
        ("in_hours", 0, None, 0.0),
        ("asleep", None, 0, 0.0),
    ]


def test_the_last_90_days_are_the_default(client, ada):
    client.force_login(ada)
    found = client.get(API).json()
    assert (found["from"], found["until"]) == ("2026-12-23T03:10:00Z", "2027-03-23T03:10:00Z")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"from": "2027-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}, ["until"]),
        ({"from": "2026-01-01T00:00:00Z", "until": "2027-02-06T00:00:00Z"}, ["until"]),  # 401 days
        ({"from": "2027-01-01T00:00:00"}, ["from"]),
        ({"until": "9999-12-31T23:59:59-14:00"}, ["until"]),
        ({"team": "\x00"}, ["team"]),
        ({"team": "nobody"}, ["team"]),
        ({"schedule": "\x00"}, ["schedule"]),
        ({"schedule": "00000000-0000-0000-0000-000000000000"}, ["schedule"]),
    ],
)
def test_a_program_is_told_which_field_is_wrong(client, ada, query, fields):
    client.force_login(ada)
    answer = client.get(API, query)
    assert (answer.status_code, list(answer.json())) == (400, fields)


@pytest.mark.parametrize(
    "query", [{"until": "1990-01-01T00:00:00Z"}, {"from": "2099-12-31T00:00:00Z"}, {"from": "1990-01-01T00:00:00Z"}]
)
def test_the_edges_of_our_time_are_answered(client, schedule, ada, query):
    client.force_login(ada)
    assert client.get(API, query).status_code == 200


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"from": "2027-03-22", "until": "2027-03-21"}, "That is before the first day. Choose a later one."),
        ({"from": "2026-01-01", "until": "2027-02-05"}, "Choose 400 days at most."),
        ({"from": "1066-10-14"}, "Choose a day from 1990 to 2099."),
        ({"until": "9999-12-31"}, "Choose a day from 1990 to 2099."),
        ({"team": "\x00"}, "Null characters are not allowed."),
        ({"team": "nobody"}, "Select a valid choice."),
        ({"schedule": "x"}, "is not a valid UUID."),
    ],
)
def test_a_wrong_question_is_said_at_its_field(client, schedule, pilot, query, says):
    assert says in shown(client, pilot, query)


def test_the_page_costs_no_more_queries_for_more_people(client, schedule, pilot, django_assert_max_num_queries):
    client.force_login(pilot)
    with django_assert_max_num_queries(25):
        client.get(reverse("burden"))

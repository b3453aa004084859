"""Phones for programs: one's own and one's people's, masked where they must be."""

import pytest

from oncall import clock
from oncall.people import services as people
from oncall.phones import services
from tests.conftest import make_person
from tests.oncall.phones.conftest import NUMBER

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(client):
    def get(person, query=""):
        _, token = people.create_token(person=person, name="test", now=clock.now())
        return client.get(f"/api/v1/phones/{query}", headers={"Authorization": f"Token {token}"})

    return get


def numbers(answer) -> list[str]:
    return [row["number"] for row in answer.json()["results"]]


def test_whose_phone_it_is_and_administrators_see_the_number_and_managers_a_part(get, issued, ada, max_, rosa):
    assert [numbers(get(person)) for person in (ada, rosa, max_)] == [[NUMBER], [NUMBER], ["+33 •••• 5678"]]


def test_others_see_none(get, issued, grace, pilot):
    assert [numbers(get(person)) for person in (grace, pilot)] == [[], []]


def test_one_row_says_who_and_when(get, issued, ada):
    (row,) = get(ada, "?state=issued").json()["results"]

    assert row["person"]["name"] == "Ada Moreno"
    assert row["issued_by"]["name"] == "Max Manager"
    assert (row["device"], row["issued_at"], row["returned_at"]) == ("Nokia 105, no. 12", "2027-03-23T03:10:00Z", None)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?state=nonsense", 400),
        ("?state=%00", 400),
        ("?person=x", 400),
        ("?person=%00", 400),
        ("?person=6f6e6361-6c6c-4000-8000-706167657321", 200),
        ("?limit=99999999999999999999", 200),
        ("?cursor=%f0%9f%94%ad", 404),
    ],
)
def test_odd_questions_are_refused_or_answered(get, issued, ada, query, status):
    assert get(ada, query).status_code == status


def test_many_cost_as_little_as_one(get, issued, rosa, now, django_assert_max_num_queries):
    for n in range(12):
        services.ask(person=make_person(f"P{n} Nobody"), why="Mine is private.", special="", now=now)

    with django_assert_max_num_queries(7):  # the token made and read, the list, what stands around it
        assert len(numbers(get(rosa))) == 13

"""Alarms for other programs: the shapes of docs/api.md, and what is asked wrongly."""

from datetime import timedelta

import pytest

from incidents.alarms import services, work
from incidents.alarms.models import PEOPLE
from oncall import clock
from tests.conftest import NOW

NO_OFFSET = "Say in which zone: end it with Z for UTC or with an offset such as +01:00."
RANGE = "Write an instant between 1990 and 2099."


@pytest.fixture
def alarm(policy):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=NOW)


@pytest.fixture
def as_ada(client, ada):
    clock.travel(NOW + timedelta(minutes=1) - clock.now())
    client.force_login(ada)
    return client


@pytest.mark.parametrize(
    ("since", "error"),
    [
        ("9999-12-31T23:59:59-23:59", "Datetime value out of range."),
        ("0001-01-01T00:00:00+23:59", "Datetime value out of range."),
        ("2100-01-01T00:00:00Z", RANGE),
        ("1989-12-31T23:59:59Z", RANGE),
        ("2027-03-23T03:10:00", NO_OFFSET),
        ("yesterday", "Write an instant such as 2027-03-20T23:45:00Z."),
        ("\x00", "Write an instant such as 2027-03-20T23:45:00Z."),
    ],
)
def test_a_since_that_is_no_instant_of_ours_is_said_at_its_field(as_ada, since, error):
    answer = as_ada.get("/api/v1/alarms/", {"since": since})

    assert answer.status_code == 400
    assert answer.json() == {"since": [error]}


@pytest.mark.parametrize(
    ("since", "titles"),
    [
        ("2027-03-23T03:10:00Z", ["No alerts"]),
        ("2027-03-22T20:10:00-07:00", ["No alerts"]),
        ("2027-03-23T03:10:01Z", []),
        ("", ["No alerts"]),
    ],
)
def test_since_shows_what_fired_at_or_after_it(as_ada, alarm, since, titles):
    answer = as_ada.get("/api/v1/alarms/", {"since": since})

    assert [row["title"] for row in answer.json()["results"]] == titles


def test_instants_are_answered_in_utc_whatever_the_zone_of_who_asks(as_ada, alarm):
    assert as_ada.get(f"/api/v1/alarms/{alarm.pk}/").json()["fired_at"] == "2027-03-23T03:10:00Z"


def test_the_timeline_has_the_shape_of_every_list(as_ada, alarm):
    answer = as_ada.get(f"/api/v1/alarms/{alarm.pk}/timeline/")

    assert answer.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "at": "2027-03-23T03:10:00Z",
                "kind": "fired",
                "person": "",
                "person_id": None,
                "text": "test raised this as SEV-1.",
                "page_id": None,
                "why": "",
                "because": None,
            }
        ],
    }


def test_an_alarm_is_taken_over_from_who_has_it_and_from_nobody_else(as_ada, alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=grace, now=NOW)

    lost = as_ada.post(
        f"/api/v1/alarms/{alarm.pk}/take-over/", {"holder": str(ada.pk)}, content_type="application/json"
    )
    taken = as_ada.post(
        f"/api/v1/alarms/{alarm.pk}/take-over/", {"holder": str(grace.pk)}, content_type="application/json"
    )

    assert lost.status_code == 409
    assert lost.json() == {"detail": ["Grace Okafor took this at 03:10 UTC."]}
    assert (taken.status_code, taken.json()["acknowledged_by"]) == (200, "Ada Moreno")

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from rotations.changes import services as changes
from rotations.coverage.services import refresh_due
from rotations.schedule import services

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
ON_CALL, SCHEDULES = "/api/v1/on-call/", "/api/v1/schedules/"


@pytest.fixture
def api(client, ada):
    client.force_login(ada)
    return client


def test_on_call_has_the_public_shape(api, schedule, ada):
    answer = api.get(ON_CALL, {"at": "2027-03-22T20:10:00-07:00"})
    assert answer.status_code == 200
    assert answer.json() == {
        "at": "2027-03-23T03:10:00Z",
        "schedules": [
            {
                "id": str(schedule.pk),
                "name": "Triage",
                "roles": [
                    {
                        "role": "primary",
                        "people": [
                            {
                                "id": str(ada.pk),
                                "name": "Ada Moreno",
                                "since": "2027-03-22T16:00:00Z",
                                "until": "2027-03-29T16:00:00Z",
                                "why": "1st of 3 in Triage West, week from Mon 22 Mar",
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_without_an_instant_on_call_means_now(api, schedule):
    assert api.get(ON_CALL).json()["at"] == "2027-03-23T03:10:00Z"


def test_one_schedule_can_be_asked_for(api, schedule):
    other = type(schedule).objects.create(name="Other", slug="other")
    answer = api.get(ON_CALL, {"schedule": str(other.pk)}).json()
    assert [one["name"] for one in answer["schedules"]] == ["Other"]


def test_shifts_have_the_public_shape(api, schedule, ada, grace):
    override = changes.override(
        schedule=schedule,
        role="primary",
        person=grace,
        starts_at=datetime(2027, 3, 23, 20, tzinfo=UTC),
        ends_at=datetime(2027, 3, 23, 23, tzinfo=UTC),
        reason="",
        by=grace,
        now=datetime(2027, 3, 23, tzinfo=UTC),
    )
    answer = api.get(
        f"{SCHEDULES}{schedule.pk}/shifts/", {"from": "2027-03-23T20:00:00Z", "to": "2027-03-23T23:00:00Z"}
    )
    (shift,) = answer.json()["shifts"]
    assert uuid.UUID(shift.pop("id")).version == 5
    assert shift == {
        "starts_at": "2027-03-23T20:00:00Z",
        "ends_at": "2027-03-23T23:00:00Z",
        "person": {"id": str(grace.pk), "name": "Grace Hopper"},
        "role": "primary",
        "why": f"override by {override.by.name}",
    }


def test_an_offset_whose_plus_was_not_encoded_is_understood(api, schedule):
    assert api.get(f"{ON_CALL}?at=2027-03-23T04:10:00+01:00").json()["at"] == "2027-03-23T03:10:00Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"at": ""}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2027-03-23T03:10:00"}, "at"),
        ({"at": "2027-02-30T03:10:00Z"}, "at"),
        ({"at": "2027-03-23T03:10:00\x00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"at": "1969-01-01T00:00:00Z"}, "at"),
        ({"schedule": "triage"}, "schedule"),
        ({"schedule": "\x00"}, "schedule"),
    ],
)
def test_a_bad_question_is_told_which_field_is_wrong(api, schedule, query, field):
    answer = api.get(ON_CALL, query)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, ["from", "to"]),
        ({"from": "2027-01-01T00:00:00Z"}, ["to"]),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, ["to"]),
        ({"from": "2027-01-01T00:00:00Z", "to": "2029-01-04T00:00:00Z"}, ["to"]),  # over two years
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}, ["from", "to"]),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z", "as_of": "2027-03-24T00:00:00Z"}, ["as_of"]),
    ],
)
def test_a_span_that_cannot_be_answered_is_refused_at_its_field(api, schedule, query, fields):
    answer = api.get(f"{SCHEDULES}{schedule.pk}/shifts/", query)
    assert answer.status_code == 400
    assert list(answer.json()) == fields


def test_as_of_now_is_accepted(api, schedule):
    query = {"from": "2027-03-23T00:00:00Z", "to": "2029-03-23T00:00:00Z", "as_of": "2027-03-23T03:12:00Z"}
    assert (
        len(api.get(f"{SCHEDULES}{schedule.pk}/shifts/", query).json()["shifts"]) == 105
    )  # weeks from Mon 22 Mar 2027 to Mon 19 Mar 2029


def test_history_is_answered_as_it_was_known(api, schedule, grace):
    refresh_due(now=NOW - timedelta(days=1))
    services.set_participants(rotation=schedule.rotations.get(), people=[grace], now=NOW - timedelta(hours=1))
    refresh_due(now=NOW - timedelta(hours=1))
    query = {"from": "2027-03-23T04:00:00Z", "to": "2027-03-23T05:00:00Z"}
    found = {
        as_of: [
            one["person"]["name"]
            for one in api.get(f"{SCHEDULES}{schedule.pk}/shifts/", query | {"as_of": as_of}).json()["shifts"]
        ]
        for as_of in ("2027-03-23T02:09:59Z", "2027-03-23T02:10:00Z", "2027-01-31T00:00:00Z")
    }
    assert list(found.values()) == [["Ada Moreno"], ["Grace Hopper"], []]


def test_what_is_not_there_is_not_found(api, schedule):
    query = {"from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z"}
    assert api.get(f"{SCHEDULES}{uuid.uuid4()}/shifts/", query).status_code == 404
    assert api.get(ON_CALL, {"schedule": str(uuid.uuid4())}).status_code == 404
    assert api.get(SCHEDULES, {"cursor": "cD0lMDA="}).status_code == 404  # p=%00


def test_schedules_are_listed_by_cursor(api, schedule):
    type(schedule).objects.create(name="Other", slug="other")
    first = api.get(SCHEDULES, {"limit": 1}).json()
    assert [one["name"] for one in first["results"]] == ["Other"]
    second = api.get(first["next"]).json()
    assert [one["name"] for one in second["results"]] == ["Triage"]
    assert second["results"][0]["rotations"][0]["handoff_time"] == "09:00"


def test_nobody_is_answered_without_signing_in(client, schedule):
    for address in (ON_CALL, SCHEDULES, f"{SCHEDULES}{schedule.pk}/shifts/"):
        assert client.get(address).status_code == 401

from datetime import UTC, datetime

import pytest

from rotations.coverage.models import SignedGap
from rotations.schedule import drafts, services
from rotations.schedule.models import Draft, Rotation, Schedule

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
ROTATIONS, DRAFTS = "/api/v1/rotations/", "/api/v1/drafts/"
NOBODY = "6f6e6361-6c6c-4000-8000-706167657321"


@pytest.fixture
def api(client, pilot):
    client.force_login(pilot)
    return client


@pytest.fixture
def one(schedule):
    return schedule.rotations.get()


@pytest.fixture
def new(schedule, grace):
    return {
        "schedule": str(schedule.pk),
        "name": "Second",
        "role": "secondary",
        "first_on": "2027-03-29",
        "handoff_time": "09:00",
        "people": [{"person": str(grace.pk), "weight": 2}],
    }


def send(client, method, path, data):
    return getattr(client, method)(path, data, content_type="application/json")


def test_a_rotation_has_the_public_shape(api, schedule, one, ada, grace, lise):
    assert api.get(f"{ROTATIONS}{one.pk}/").json() == {
        "id": str(one.pk),
        "schedule": str(schedule.pk),
        "role": "primary",
        "level": 0,
        "name": "Triage West",
        "first_on": "2027-03-01",
        "handoff_time": "09:00",
        "time_zone": "America/Los_Angeles",
        "unit": "week",
        "every": 1,
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "window": None,
        "at_once": 1,
        "order": "given",
        "team": None,
        "people": [{"person": str(who.pk), "weight": 1, "name": who.name} for who in (ada, grace, lise)],
        "moved": [],
    }


def test_rotations_are_found_by_schedule_role_and_person(api, schedule, turns, one, ada, grace):
    other = services.create_schedule(name="Other", now=NOW)
    second = services.create_rotation(
        schedule=other, role="secondary", name="Other", turns=turns, people=[grace], now=NOW
    )

    def found(query):
        return [row["id"] for row in api.get(f"{ROTATIONS}?{query}").json()["results"]]

    assert found("") == [str(second.pk), str(one.pk)]
    assert found(f"schedule={schedule.pk}") == [str(one.pk)]
    assert found("role=secondary") == [str(second.pk)]
    assert found(f"person={ada.pk}") == [str(one.pk)]
    assert found(f"person={grace.pk}&schedule={other.pk}") == [str(second.pk)]


@pytest.mark.parametrize("query", ["schedule=7", "role=boss", "person=%00"])
def test_a_filter_that_cannot_be_is_refused_at_its_field(api, schedule, query):
    answer = api.get(f"{ROTATIONS}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.partition("=")[0]])


def test_a_rotation_is_made_and_says_whom_it_changes(api, new, grace):
    answer = send(api, "post", ROTATIONS, new)
    assert answer.status_code == 201
    found = answer.json()
    assert (found["name"], found["gaps"]) == ("Second", [])
    assert [(one["person"], one["first_starts_at"]) for one in found["changes"]] == [
        (str(grace.pk), "2027-03-29T09:00:00Z")
    ]
    assert Rotation.objects.filter(pk=found["id"]).exists()


def test_what_is_got_can_be_sent_back(api, one):
    got = api.get(f"{ROTATIONS}{one.pk}/").json()
    answer = send(api, "patch", f"{ROTATIONS}{one.pk}/", got)
    assert (answer.status_code, answer.json()["changes"]) == (200, [])


def test_a_part_is_changed_and_the_rest_stays(api, one, ada):
    answer = send(api, "patch", f"{ROTATIONS}{one.pk}/", {"every": 2})
    assert (answer.status_code, answer.json()["every"], answer.json()["id"]) == (200, 2, str(one.pk))
    assert [row["name"] for row in answer.json()["people"]] == ["Ada Moreno", "Grace Hopper", "Lise Girard"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"every": 0}, "every"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"people": []}, "people"),
        ({"people": [{"person": NOBODY}]}, "people[0].person"),
        ({"people": [{}]}, "people[0].person"),
        ({"window": "never"}, "window"),
        ({"moved": [{"turn": 0, "at": "2030-01-01T00:00:00Z"}]}, "moved"),
        ({"at_once": 2}, "at_once"),
        ({"schedule": NOBODY}, "schedule"),
        ({"handoff_time": None}, "handoff_time"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_changes_nothing(api, new, one, change, field):
    answer = send(api, "post", ROTATIONS, new | change)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Rotation.objects.get() == one


@pytest.mark.parametrize("data", ["[]", '"x"', "7", "null", "{"])
def test_what_is_no_object_is_refused(api, one, data):
    assert api.post(ROTATIONS, data, content_type="application/json").status_code == 400
    assert api.patch(f"{ROTATIONS}{one.pk}/", data, content_type="application/json").status_code == 400
    assert api.post(DRAFTS, data, content_type="application/json").status_code == 400


def test_a_rotation_does_not_move_to_another_schedule(api, one):
    answer = send(api, "patch", f"{ROTATIONS}{one.pk}/", {"schedule": NOBODY})
    assert (answer.status_code, list(answer.json())) == (400, ["schedule"])


def test_gaps_are_listed_and_not_published_without_a_signature(api, one, schedule):
    Schedule.objects.update(needs="always")
    answer = send(api, "patch", f"{ROTATIONS}{one.pk}/", {"weekdays": [1, 2, 3, 4, 5]})
    assert (answer.status_code, sorted(answer.json())) == (400, ["gaps", "signature"])
    assert answer.json()["gaps"][0] == {
        "starts_at": "2027-03-27T16:00:00Z",
        "ends_at": "2027-03-29T16:00:00Z",
        "people": 0,
    }
    asked = {"weekdays": [1, 2, 3, 4, 5], "signature": "Best effort"}
    assert send(api, "patch", f"{ROTATIONS}{one.pk}/", asked).status_code == 200
    assert SignedGap.objects.count() == 52


def test_a_rotation_is_taken_out(api, one):
    answer = api.delete(f"{ROTATIONS}{one.pk}/")
    assert (answer.status_code, answer.json()["id"], len(answer.json()["changes"])) == (200, str(one.pk), 3)
    assert not Rotation.objects.exists()


def test_the_last_one_where_somebody_is_needed_asks_for_a_signature(api, one):
    Schedule.objects.update(needs="always")
    assert api.delete(f"{ROTATIONS}{one.pk}/").status_code == 400
    assert api.delete(f"{ROTATIONS}{one.pk}/?signature=Closed").status_code == 200


def test_a_schedule_that_a_policy_calls_keeps_its_last_rotation(api, one, schedule):
    from incidents.escalation.models import EscalationPolicy, Step

    Step.objects.create(policy=EscalationPolicy.objects.create(name="Night"), position=0, schedule=schedule)
    assert api.delete(f"{ROTATIONS}{one.pk}/").status_code == 409
    assert Rotation.objects.exists()


def test_others_read_and_do_not_write(client, one, new, ada):
    client.force_login(ada)
    assert client.get(ROTATIONS).status_code == 200
    answers = [
        send(client, "post", ROTATIONS, new),
        send(client, "patch", f"{ROTATIONS}{one.pk}/", {"every": 2}),
        client.delete(f"{ROTATIONS}{one.pk}/"),
        send(client, "post", DRAFTS, {"schedule": new["schedule"], "body": {"rotations": []}}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4


def test_a_draft_is_drawn_read_and_published(api, schedule, one):
    body = {"rotations": [api.get(f"{ROTATIONS}{one.pk}/").json() | {"every": 2}]}
    drawn = send(api, "post", DRAFTS, {"schedule": str(schedule.pk), "body": body})
    assert drawn.status_code == 201
    assert [row["id"] for row in api.get(DRAFTS).json()["results"]] == [drawn.json()["id"]]
    got = api.get(f"{DRAFTS}{drawn.json()['id']}/").json()
    assert (got["stale"], got["body"]["rotations"][0]["every"], len(got["review"]["changes"])) == (False, 2, 3)
    assert Rotation.objects.get().every == 1
    published = send(api, "post", f"{DRAFTS}{got['id']}/publish/", {})
    assert (published.status_code, published.json()["id"]) == (200, str(schedule.pk))
    assert Rotation.objects.get().every == 2
    assert send(api, "post", f"{DRAFTS}{got['id']}/publish/", {}).status_code == 409


def test_a_draft_cannot_name_a_rotation_that_is_not_there(api, schedule, one, new):
    body = {"rotations": [new | {"id": NOBODY}]}
    answer = send(api, "post", DRAFTS, {"schedule": str(schedule.pk), "body": body})
    assert (answer.status_code, list(answer.json())) == (400, ["body.rotations[0].id"])


def test_a_draft_is_refused_by_path_and_discarded(api, schedule, one, new):
    wrong = {"schedule": str(schedule.pk), "body": {"rotations": [new, new | {"name": "Third", "every": 0}]}}
    answer = send(api, "post", DRAFTS, wrong)
    assert (answer.status_code, list(answer.json())) == (400, ["body.rotations[1].every"])
    right = send(api, "post", DRAFTS, {"schedule": str(schedule.pk), "body": {"rotations": [new]}}).json()
    assert api.delete(f"{DRAFTS}{right['id']}/").status_code == 204
    assert drafts.open_draft(schedule) is None
    assert Draft.objects.count() == 1

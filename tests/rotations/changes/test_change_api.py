"""Overrides, absences and swaps for programs: 400 at the field, 403, 404, 409 for a lost race."""

from datetime import timedelta

import pytest

from oncall.people import services as people
from rotations.changes import services
from rotations.changes.models import Absence, Override, Swap
from tests.rotations.changes.conftest import EVENING, NIGHT, accept
from tests.rotations.conftest import NOW

NOBODY = "6f6e6361-6c6c-4000-8000-706167657321"
SPAN = {"starts_at": "2027-03-24T20:00:00Z", "ends_at": "2027-03-24T23:00:00Z"}


@pytest.fixture
def call(client):
    """Ask the API as somebody; answers the status and the body."""

    def call(who, method: str, path: str, body: object = None):
        client.force_login(who)
        kwargs = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(client, method)(f"/api/v1/{path}", **kwargs)
        return answer.status_code, (answer.json() if answer.content else None)

    return call


@pytest.fixture
def override(schedule, grace) -> Override:
    about = {"role": "primary", "starts_at": EVENING, "ends_at": NIGHT, "reason": "dentist", "by": grace, "now": NOW}
    return services.override(schedule=schedule, person=grace, **about)


@pytest.fixture
def absence(grace) -> Absence:
    about = {"kind": "sick", "starts_at": EVENING, "ends_at": NIGHT, "note": "knee", "by": grace, "now": NOW}
    return services.add_absence(person=grace, **about)


# Overrides


def test_an_override_is_made_by_whoever_takes_it(call, schedule, ada, grace):
    body = SPAN | {"schedule": str(schedule.pk), "replaces": str(ada.pk), "reason": "dentist"}
    status, made = call(grace, "post", "overrides/", body)
    assert status == 201
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "schedule": {"id": str(schedule.pk), "name": "Triage"},
        "role": "primary",
        "person": {"id": str(grace.pk), "name": "Grace Hopper"},
        "replaces": {"id": str(ada.pk), "name": "Ada Moreno"},
        **SPAN,
        "effective_from": SPAN["starts_at"],
        "covers_until": SPAN["ends_at"],
        "reason": "dentist",
        "by": {"id": str(grace.pk), "name": "Grace Hopper"},
        "swap": None,
        "created_at": "",
        "cancelled_at": None,
    }


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"schedule": NOBODY}, 400, "schedule"),
        ({"schedule": "x"}, 400, "schedule"),
        ({"role": "boss"}, 400, "role"),
        ({"role": "secondary"}, 400, "role"),
        ({"person": NOBODY}, 400, "person"),
        ({"starts_at": "2027-03-24T20:00:00"}, 400, "starts_at"),
        ({"ends_at": "2027-03-24T19:00:00Z"}, 400, "ends_at"),
        ({"ends_at": "2200-01-01T00:00:00Z"}, 400, "ends_at"),
        ({"starts_at": "2027-03-01T00:00:00Z", "ends_at": "2027-03-02T00:00:00Z"}, 400, "ends_at"),
        ({"reason": "\x00"}, 400, "reason"),
        ({"reason": "x" * 201}, 400, "reason"),
        ({"replaces": "self"}, 400, "replaces"),
        ({"person": "ada"}, 403, "detail"),
    ],
)
def test_a_wrong_override_is_refused_at_its_field_and_changes_nothing(
    call, schedule, ada, grace, change, status, field
):
    ids = {"self": str(grace.pk), "ada": str(ada.pk)}
    change = {name: ids.get(value, value) for name, value in change.items()}
    answer = call(grace, "post", "overrides/", {"schedule": str(schedule.pk)} | SPAN | change)
    assert (answer[0], list(answer[1])) == (status, [field])
    assert not Override.objects.exists()


def test_an_overlap_is_refused_at_the_start(call, schedule, override, lise):
    status, errors = call(lise, "post", "overrides/", SPAN | {"schedule": str(schedule.pk)})
    assert (status, list(errors)) == (400, ["starts_at"])
    assert errors["starts_at"][0].startswith("Grace Hopper already covers Wed 24 Mar 20:00 to 23:00 UTC.")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("schedule={schedule}", 1),
        ("person={person}", 1),
        (f"person={NOBODY}", 0),
        ("from=2027-03-24T22:59:59Z", 1),
        ("from=2027-03-24T23:00:00Z", 0),
        ("to=2027-03-24T20:00:01Z", 1),
        ("to=2027-03-24T20:00:00Z", 0),
        ("standing=true", 1),
        ("standing=false", 0),
    ],
)
def test_overrides_are_filtered(call, override, ada, query, found):
    query = query.format(schedule=override.schedule_id, person=override.person_id)
    status, answer = call(ada, "get", f"overrides/?{query}")
    assert (status, len(answer["results"])) == (200, found)


@pytest.mark.parametrize("query", ["schedule=x", "person=%00", "from=yesterday", "to=9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("rows", ["overrides", "absences", "swaps"])
def test_a_wrong_filter_is_refused_at_its_name(call, ada, rows, query):
    if rows == "absences" and query.startswith("schedule"):
        query = "person=x"
    status, errors = call(ada, "get", f"{rows}/?{query}")
    assert (status, list(errors)) == (400, [query.split("=")[0]])


@pytest.mark.parametrize(("method", "path", "status"), [("delete", "", 204), ("post", "cancel/", 200)])
def test_an_override_is_cancelled_and_twice_is_once(call, override, ada, grace, method, path, status):
    address = f"overrides/{override.pk}/{path}"
    assert call(ada, method, address)[0] == 403
    assert [call(grace, method, address)[0], call(grace, method, address)[0]] == [status, status]
    assert call(ada, "get", f"overrides/{override.pk}/")[1]["cancelled_at"] == "2027-03-23T03:10:00Z"


@pytest.mark.parametrize(
    "address",
    ["overrides/{}/", "overrides/{}/cancel/", "absences/{}/", "absences/{}/cancel/", "swaps/{}/", "swaps/{}/accept/"],
)
def test_what_is_not_there_is_404(call, ada, address):
    method = "post" if address.count("/") == 3 else "get"
    assert call(ada, method, address.format(NOBODY))[0] == 404


# Absences


def test_an_absence_is_entered_by_instants(call, grace):
    status, made = call(grace, "post", "absences/", SPAN | {"kind": "travel", "note": "to Tucson"})
    assert status == 201
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "person": {"id": str(grace.pk), "name": "Grace Hopper"},
        **SPAN,
        "effective_from": SPAN["starts_at"],
        "covers_until": SPAN["ends_at"],
        "kind": "travel",
        "note": "to Tucson",
        "source": "hand",
        "created_at": "",
        "cancelled_at": None,
    }


def test_an_absence_of_whole_days_is_on_the_persons_own_calendar(call, pilot, lise):
    body = {"first_day": "2027-03-27", "last_day": "2027-03-28", "person": str(lise.pk)}
    status, made = call(pilot, "post", "absences/", body)
    assert status == 201  # clocks in Paris go forward on the 28th
    assert (made["starts_at"], made["ends_at"]) == ("2027-03-26T23:00:00Z", "2027-03-28T22:00:00Z")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "starts_at"),
        (SPAN | {"first_day": "2027-03-27"}, 400, "first_day"),
        ({"first_day": "2027-03-27", "last_day": "2027-03-26"}, 400, "last_day"),
        ({"first_day": "2027-13-01"}, 400, "first_day"),
        ({"first_day": "9999-12-31"}, 400, "first_day"),
        ({"starts_at": SPAN["starts_at"]}, 400, "ends_at"),
        ({"starts_at": SPAN["ends_at"], "ends_at": SPAN["starts_at"]}, 400, "ends_at"),
        (SPAN | {"kind": "party"}, 400, "kind"),
        (SPAN | {"note": "\x00"}, 400, "note"),
        (SPAN | {"person": "ada"}, 403, "detail"),
    ],
)
def test_a_wrong_absence_is_refused_at_its_field(call, grace, ada, body, status, field):
    if "person" in body:
        body = body | {"person": str(ada.pk)}
    answer = call(grace, "post", "absences/", body)
    assert (answer[0], field in answer[1]) == (status, True)
    assert not Absence.objects.exists()


def test_others_see_that_somebody_is_absent_and_not_why(call, absence, ada, grace, pilot, manager):
    seen = {who.username: call(who, "get", "absences/")[1]["results"][0] for who in (ada, grace, pilot, manager)}
    whys = {name: (row["kind"], row["note"], row["source"]) for name, row in seen.items()}
    known = ("sick", "knee", "hand")
    assert whys == {"ada": (None, None, None), "grace": known, "petra": known, "max": known}
    assert seen["ada"]["starts_at"] == SPAN["starts_at"]
    assert call(ada, "get", f"absences/{absence.pk}/")[1]["note"] is None


def test_an_absence_is_changed_in_part(call, absence, grace, ada):
    address = f"absences/{absence.pk}/"
    status, changed = call(grace, "patch", address, {"ends_at": "2027-03-25T01:00:00Z"})
    assert (status, changed["ends_at"], changed["note"]) == (200, "2027-03-25T01:00:00Z", "knee")
    assert call(grace, "patch", address, {"ends_at": "2027-03-24T20:00:00Z"}) == (
        400,
        {"ends_at": ["An absence must end after it starts. Choose a later end."]},
    )
    assert call(ada, "patch", address, {"note": "mine"})[0] == 403


@pytest.mark.parametrize(("method", "path", "status"), [("delete", "", 204), ("post", "cancel/", 200)])
def test_an_absence_is_cancelled_and_twice_is_once(call, absence, ada, grace, method, path, status):
    address = f"absences/{absence.pk}/{path}"
    assert call(ada, method, address)[0] == 403
    assert [call(grace, method, address)[0], call(grace, method, address)[0]] == [status, status]
    assert call(grace, "patch", f"absences/{absence.pk}/", {"note": "x"})[0] == 409


# Swaps


def test_a_swap_is_asked_and_accepted(call, schedule, ada, grace):
    status, made = call(ada, "post", "swaps/", SPAN | {"schedule": str(schedule.pk), "to": [str(grace.pk)]})
    assert (status, made["state"], made["to_all"]) == (201, "asked", False)
    assert made["offers"] == [{"person": {"id": str(grace.pk), "name": "Grace Hopper"}, "declined_at": None}]
    status, accepted = call(grace, "post", f"swaps/{made['id']}/accept/")
    assert (status, accepted["state"], accepted["accepted_by"]["name"]) == (200, "accepted", "Grace Hopper")
    answer = call(ada, "get", f"on-call/?at={SPAN['starts_at']}")[1]
    assert answer["schedules"][0]["roles"][0]["people"][0]["name"] == "Grace Hopper"
    assert call(grace, "post", f"swaps/{made['id']}/undo/")[1]["state"] == "undone"


def test_an_exchange_is_asked(call, schedule, ada, grace):
    back = {"return_starts_at": "2027-03-30T20:00:00Z", "return_ends_at": "2027-03-30T23:00:00Z"}
    body = SPAN | back | {"schedule": str(schedule.pk), "to": [str(grace.pk)]}
    status, made = call(ada, "post", "swaps/", body)
    assert (status, {name: made[name] for name in back}) == (201, back)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"asker": "grace"}, 403, "detail"),
        ({"asker": NOBODY}, 400, "asker"),
        ({"to": [NOBODY]}, 400, "to"),
        ({"to": "x"}, 400, "to"),
        ({"to": ["ada"]}, 400, "to"),
        ({"return_starts_at": "2027-03-30T20:00:00Z"}, 400, "return_ends_at"),
        ({"starts_at": "2027-03-29T17:00:00Z", "ends_at": "2027-03-29T18:00:00Z"}, 400, "starts_at"),
        ({"starts_at": "2027-03-23T03:10:00Z"}, 400, "starts_at"),
        ({"ends_at": "2027-03-24T20:00:00Z"}, 400, "ends_at"),
    ],
)
def test_a_wrong_swap_is_refused_at_its_field(call, schedule, ada, grace, change, status, field):
    ids = {"grace": str(grace.pk), "ada": str(ada.pk)}

    def with_ids(value):
        return [ids.get(one, one) for one in value] if isinstance(value, list) else ids.get(value, value)

    body = {"schedule": str(schedule.pk)} | SPAN | {name: with_ids(value) for name, value in change.items()}
    answer = call(ada, "post", "swaps/", body)
    assert (answer[0], list(answer[1])[:1]) == (status, [field])
    assert not Swap.objects.exists()


def test_a_lost_race_is_409_and_says_who_was_first(call, ask, grace, lise):
    swap = ask()
    accept(swap, grace)
    assert call(lise, "post", f"swaps/{swap.pk}/accept/") == (409, {"detail": ["Grace Hopper took this at 03:10 UTC."]})
    assert call(lise, "post", f"swaps/{swap.pk}/decline/")[0] == 409


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        ("accept", {"grace", "lise"}),
        ("decline", {"grace", "lise"}),
        ("withdraw", {"ada", "petra"}),
    ],
)
def test_who_may_do_what_with_an_open_swap(call, ask, ada, grace, lise, pilot, verb, allowed):
    may = set()
    for number, who in enumerate([ada, grace, lise, pilot]):
        day = timedelta(days=number)
        swap = ask(starts_at=EVENING + day, ends_at=NIGHT + day)
        status = call(who, "post", f"swaps/{swap.pk}/{verb}/")[0]
        assert status in {200, 403}
        may |= {who.username} if status == 200 else set()
    assert may == allowed


@pytest.mark.parametrize(
    ("query", "found"), [("state=asked", 1), ("state=accepted", 0), ("asker={ada}", 1), ("person={ada}", 0)]
)
def test_swaps_are_filtered(call, ask, ada, query, found):
    ask()
    status, answer = call(ada, "get", f"swaps/?{query.format(ada=ada.pk)}")
    assert (status, len(answer["results"])) == (200, found)


@pytest.mark.parametrize(("rows", "most"), [("overrides", 3), ("absences", 5), ("swaps", 4)])
def test_a_list_takes_as_many_queries_for_ten_as_for_one(
    client, ask, schedule, ada, grace, django_assert_max_num_queries, rows, most
):
    for day in range(4):
        start, end = EVENING + timedelta(days=day), NIGHT + timedelta(days=day)
        ask(starts_at=start, ends_at=end)
        services.add_absence(person=ada, kind="leave", starts_at=start, ends_at=end, by=ada, now=NOW)
        about = {"role": "primary", "starts_at": start, "ends_at": end, "reason": "", "by": grace, "now": NOW}
        services.override(schedule=schedule, person=grace, replaces=ada, **about)
    client.force_login(grace)
    with django_assert_max_num_queries(most + 2):  # the session and its person
        assert len(client.get(f"/api/v1/{rows}/").json()["results"]) == 4


def test_a_token_that_may_only_read_changes_nothing(client, schedule, grace, ask):
    _, secret = people.create_token(person=grace, name="reader", now=NOW, read_only=True)
    headers = {"Authorization": f"Token {secret}"}
    body = SPAN | {"schedule": str(schedule.pk)}
    assert client.get("/api/v1/swaps/", headers=headers).status_code == 200
    for path in ("overrides/", "absences/", f"swaps/{ask().pk}/accept/"):
        assert client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers).status_code == 403

"""Asking for leave and deciding about it, on screens and in the API; who may."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from rotations.leave import approving, queries, taking
from rotations.leave.models import CallOut, LeaveRequest

NOON = datetime(2027, 3, 26, 12, tzinfo=UTC)
MORNING = {"first_day": "2027-04-01", "last_day": "2027-04-01", "from_time": "09:00", "until_time": "12:00"}


@pytest.fixture(autouse=True)
def _the_day_after(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOON)


@pytest.fixture(autouse=True)
def account(tell, lise, manager):
    """Three hours of leave, approved."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=NOON)
    approving.approve(call_out=CallOut.objects.get(), by=manager, now=NOON)


@pytest.fixture
def asked(lise) -> LeaveRequest:
    start, end = datetime(2027, 4, 1, 7, tzinfo=UTC), datetime(2027, 4, 1, 10, tzinfo=UTC)
    return taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=NOON)


def test_asked_by_days_and_times_on_the_own_clock(client, lise):
    client.force_login(lise)
    answer = client.post("/leave/requests/new/", MORNING | {"note": "Long week-end."})
    made = LeaveRequest.objects.get()
    assert answer.url == reverse("leave_request", args=[made.pk])
    assert (made.starts_at, made.seconds) == (datetime(2027, 4, 1, 7, tzinfo=UTC), 10800)


def test_the_shifts_it_leaves_uncovered_are_shown_before_it_is_asked(client, schedule, lise):
    """Lise is on call from Monday 5 April 16:00 UTC for a week."""
    client.force_login(lise)
    days = MORNING | {"first_day": "2027-04-06", "last_day": "2027-04-06"}
    answer = client.post("/leave/requests/new/", days)
    assert "On call in that time" in answer.content.decode()
    assert not LeaveRequest.objects.exists()
    client.post("/leave/requests/new/", days | {"knows": "on"})
    assert LeaveRequest.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"first_day": "soon"}, "first_day"),
        ({"last_day": "2027-03-31"}, "last_day"),
        ({"last_day": "2027-04-09"}, "last_day"),  # more than there is
        ({"first_day": "2027-03-20", "last_day": "2027-03-20"}, "last_day"),  # over
        ({"until_time": "08:00"}, "last_day"),
        ({"note": "\x00"}, "note"),
        ({"first_day": "0001-01-01"}, "first_day"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(client, lise, typed, field):
    client.force_login(lise)
    answer = client.post("/leave/requests/new/", MORNING | typed)
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert answer.context["form"]["from_time"].value() == "09:00"


def test_a_manager_asks_for_somebody_they_look_after_and_nobody_for_others(client, lise, ada, manager):
    client.force_login(manager)
    client.post("/leave/requests/new/", MORNING | {"person": lise.pk})
    assert LeaveRequest.objects.get().by == manager
    assert client.post("/leave/requests/new/", MORNING | {"person": ada.pk}).status_code == 400
    client.force_login(ada)
    client.post("/leave/requests/new/", MORNING | {"person": lise.pk})  # it is asked for themselves
    assert LeaveRequest.objects.count() == 1


def test_a_manager_approves_on_its_page(client, asked, lise, manager):
    client.force_login(manager)
    assert client.get(reverse("leave_request", args=[asked.pk])).context["may_decide"]
    answer = client.post(reverse("leave_request_approve", args=[asked.pk]), follow=True)
    assert "Approved. It is taken from the account" in answer.content.decode()
    assert queries.balance(lise).taken_s == 10800


def test_a_request_waits_on_the_page_of_approvals(client, asked, manager):
    client.force_login(manager)
    assert list(client.get("/leave/approvals/").context["requests"]) == [asked]


def test_refusing_without_words_is_said_where_the_button_is(client, asked, manager):
    client.force_login(manager)
    answer = client.post(reverse("leave_request_refuse", args=[asked.pk]), {"answer": " "})
    assert answer.status_code == 400
    assert "Say why not. They will read it." in answer.content.decode()


def test_a_request_that_moved_on_is_a_conflict(client, asked, lise, manager):
    taking.withdraw(request=asked, by=lise, now=NOON)
    client.force_login(manager)
    assert client.post(reverse("leave_request_approve", args=[asked.pk])).status_code == 409


def test_the_person_cancels_approved_leave(client, asked, lise, manager):
    taking.approve(request=asked, by=manager, now=NOON)
    client.force_login(lise)
    assert "Cancel the leave: 3 h go back" in client.get(reverse("leave_request", args=[asked.pk])).content.decode()
    client.post(reverse("leave_request_cancel", args=[asked.pk]))
    assert queries.balance(lise).available_s == 10800


PAGES = [
    "leave_request",
    "leave_request_approve",
    "leave_request_refuse",
    "leave_request_withdraw",
    "leave_request_cancel",
]


@pytest.mark.parametrize("name", PAGES)
def test_to_colleagues_and_the_pilot_a_request_is_not_there(client, asked, ada, pilot, name):
    for who in (ada, pilot):
        client.force_login(who)
        call = client.get if name == "leave_request" else client.post
        assert call(reverse(name, args=[asked.pk])).status_code == 404


def test_the_person_does_not_decide_on_screen(client, asked, lise):
    client.force_login(lise)
    assert not client.get(reverse("leave_request", args=[asked.pk])).context["may_decide"]
    assert client.post(reverse("leave_request_approve", args=[asked.pk])).status_code == 400


# --- For programs

URL = "/api/v1/leave/requests/"


def post(client, address: str, **body):
    return client.post(address, body, content_type="application/json")


def test_a_program_asks_by_instants_or_days(client, lise):
    client.force_login(lise)
    answer = post(client, URL, starts_at="2027-04-01T07:00:00Z", ends_at="2027-04-01T09:00:00Z")
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in ("starts_at", "ends_at", "seconds", "state", "slices")} == {
        "starts_at": "2027-04-01T07:00:00Z",
        "ends_at": "2027-04-01T09:00:00Z",
        "seconds": 7200,
        "state": "asked",
        "slices": [
            {
                "starts_at": "2027-04-01T07:00:00Z",
                "ends_at": "2027-04-01T09:00:00Z",
                "local_date": "2027-04-01",
                "seconds": 7200,
            }
        ],
    }
    assert list(post(client, URL, first_day="2027-04-02", last_day="2027-04-02").json()) == ["ends_at"]  # 8 h of 1 h


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["starts_at", "ends_at"]),
        ({"first_day": "2027-04-01"}, ["last_day"]),
        ({"first_day": "2027-04-02", "last_day": "2027-04-01"}, ["last_day"]),
        ({"first_day": "2027-04-01", "last_day": "2027-04-01", "starts_at": "2027-04-01T07:00:00Z"}, ["first_day"]),
        ({"starts_at": 7, "ends_at": []}, ["starts_at", "ends_at"]),
        ({"starts_at": "9999-12-31T23:59:59-14:00", "ends_at": "\x00"}, ["starts_at", "ends_at"]),
        ({"person": "lise", "first_day": "2027-04-01", "last_day": "2027-04-01"}, ["person"]),
        ({"note": "\x00", "first_day": "2027-04-01", "last_day": "2027-04-01"}, ["note"]),
        ({"first_day": "2090-01-01", "last_day": "2099-12-30"}, ["ends_at"]),
    ],
)
def test_a_bad_request_names_its_fields(client, lise, body, fields):
    client.force_login(lise)
    answer = post(client, URL, **body)
    assert (answer.status_code, list(answer.json())) == (400, fields)


def test_the_list_is_ones_own_or_of_whom_one_may_see(client, asked, lise, ada, pilot, manager):
    found = {}
    for who in (lise, ada, manager):
        client.force_login(who)
        found[who.username] = [len(client.get(URL, query).json()["results"]) for query in ({}, {"everybody": "true"})]
    assert found == {"lise": [1, 1], "ada": [0, 0], "max": [0, 1]}
    client.force_login(pilot)
    assert client.get(URL, {"person": str(lise.pk)}).status_code == 404
    assert client.get(f"{URL}{asked.pk}/").status_code == 404
    assert client.get(URL, {"state": "\x00"}).status_code == 400


def test_a_program_decides_with_the_statuses_of_the_api(client, asked, lise, ada, manager):
    client.force_login(ada)
    assert post(client, f"{URL}{asked.pk}/approve/").status_code == 404
    client.force_login(lise)
    assert post(client, f"{URL}{asked.pk}/approve/").status_code == 403
    client.force_login(manager)
    assert post(client, f"{URL}{asked.pk}/refuse/").json() == {"answer": ["This field is required."]}
    assert post(client, f"{URL}{asked.pk}/approve/").json()["state"] == "approved"
    assert post(client, f"{URL}{asked.pk}/refuse/", answer="No.").status_code == 409
    client.force_login(lise)
    assert post(client, f"{URL}{asked.pk}/withdraw/").status_code == 409
    assert post(client, f"{URL}{asked.pk}/cancel/").json()["state"] == "cancelled"

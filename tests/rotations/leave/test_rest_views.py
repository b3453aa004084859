"""Rests on screens and in the API: one's own, those one looks after, and unavailable for everybody else."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from rotations.changes.models import Absence
from rotations.coverage import feed_services
from rotations.leave.models import Rest
from rotations.leave.rest_keeping import waive
from tests.rotations.conftest import signed_in
from tests.rotations.leave.conftest import at
from tests.rotations.leave.resting_cast import (
    NIGHT,
)

pytestmark = pytest.mark.usefixtures("experts")


@pytest.fixture
def clock(monkeypatch):
    """Let the edges read this instant of 25 March."""

    def set_to(text: str) -> datetime:
        monkeypatch.setattr("oncall.clock.now", lambda: at(text))
        return at(text)

    set_to("07:00")
    return set_to


@pytest.fixture
def rest(tell, clock) -> Rest:
    tell(NIGHT)
    return Rest.objects.get()


def page(client, who, name: str, *args, **query) -> str:
    return signed_in(client, who).get(reverse(name, args=args), query).content.decode()


def feed_of(client, person, **about) -> list:
    _, secret = feed_services.create(person=person, now=at("07:00"), **about)
    return Calendar.from_ical(client.get(reverse("feed", args=[secret])).content).walk("VEVENT")


# Whose clock


def test_a_rest_is_shown_on_its_own_clock_wherever_its_person_is_now(client, rest, lise):
    lise.time_zone = "America/Phoenix"
    lise.save()
    for shown in (page(client, lise, "rests"), page(client, lise, "rest_waive", rest.pk)):
        assert "Thu 25 Mar 12:00 CET" in shown
        assert "Paris" in shown


def test_a_reason_with_a_time_says_whose_clock_it_is(client, rest, tell, lise, clock):
    tell("06:10 page B, 06:11 acknowledge B, 07:00 resolve B")
    clock("12:00")
    assert 'called out at 07:10 <span class="muted">(Paris time)</span>' in page(client, lise, "rests")


# Who reads that it is a rest


def test_the_list_has_ones_own_and_those_of_the_teams_one_manages(client, rest, lise, manager, ada, pilot):
    assert "25 Mar 2027" in page(client, lise, "rests")
    assert "Lise Girard" in page(client, manager, "rests")
    for other in (ada, pilot):
        assert "25 Mar 2027" not in page(client, other, "rests")


def test_the_list_is_filtered_by_what_became_of_them_and_by_month(client, rest, lise):
    waive(rest=rest, by=lise, reason="A review.", now=at("06:00"))
    assert "given up: A review." in page(client, lise, "rests", state="broken", month="2027-03")
    assert "given up" not in page(client, lise, "rests", state="honoured")
    assert "given up" not in page(client, lise, "rests", month="2027-02")


@pytest.mark.parametrize(
    "query", [{"month": "soon"}, {"state": "fine"}, {"person": "x"}, {"page": "-1"}, {"month": "\0"}]
)
def test_odd_filters_are_no_error_of_ours(client, rest, lise, query):
    assert signed_in(client, lise).get(reverse("rests"), query).status_code in (200, 400)


def test_a_longer_list_costs_no_more_queries(client, rest, tell, lise):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(client, lise, "rests")
        return len(queries)

    page(client, lise, "rests")
    before = count()
    tell("18:00 page B, 18:01 acknowledge B, 20:00 resolve B")
    assert Rest.objects.count() == 2
    assert count() == before


def test_managers_and_the_person_read_rest_on_the_absence_page_the_pilot_unavailable_and_others_nothing(
    client, rest, lise, manager, ada, pilot
):
    assert "Rest: " in page(client, lise, "absences")
    assert "Rest: " in page(client, manager, "absences")
    shown = page(client, pilot, "absences")
    assert ("Unavailable: " in shown, "Rest: " in shown, "rest after a call-out" in shown) == (True, False, False)
    assert signed_in(client, pilot).get(reverse("absence", args=[rest.absence_id])).status_code == 403
    assert "Rest: " not in page(client, ada, "absences")


@pytest.mark.parametrize(("username", "kind"), [("lise", "rest"), ("max", "rest"), ("petra", None), ("ada", None)])
def test_the_api_tells_why_to_the_same_people(client, rest, lise, manager, ada, pilot, username, kind):
    who = {"lise": lise, "max": manager, "petra": pilot, "ada": ada}[username]
    [found] = signed_in(client, who).get("/api/v1/absences/").json()["results"]
    assert (found["kind"], found["source"], found["person"]["name"]) == (kind, kind, "Lise Girard")


def test_its_absence_is_not_changed_by_hand(client, rest, lise):
    shown = page(client, lise, "absence", rest.absence_id)
    assert "only Lise Girard can give it up, under My leave" in shown
    client.post(reverse("absence_cancel", args=[rest.absence_id]))
    assert Absence.objects.get().cancelled_at is None


# Feeds


def test_the_own_calendar_is_busy_until_noon_on_the_own_clock(client, rest, lise):
    [event] = [one for one in feed_of(client, lise) if "Rest" in str(one["SUMMARY"])]
    assert (str(event["SUMMARY"]), str(event["TRANSP"]), str(event["STATUS"])) == (
        "Rest until 12:00",
        "OPAQUE",
        "CONFIRMED",
    )
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (at("04:20"), at("11:00"))


def test_the_calendar_of_the_schedule_shows_no_rest(client, rest, experts, ada):
    found = feed_of(client, ada, schedule=experts)
    assert [one for one in found if "est until" in str(one["SUMMARY"])] == []


def test_a_rest_given_up_ends_in_the_calendar_and_its_sequence_rises(client, rest, lise):
    waive(rest=rest, by=lise, reason="A review.", now=at("06:00"))
    [event] = [one for one in feed_of(client, lise) if "Rest" in str(one["SUMMARY"])]
    assert (event["DTEND"].dt, event["SEQUENCE"]) == (at("06:00"), 1)


# Giving it up


def test_the_person_gives_it_up_with_a_reason(client, rest, lise):
    answer = signed_in(client, lise).post(reverse("rest_waive", args=[rest.pk]), {"reason": "A review."}, follow=True)
    assert "given up: A review." in answer.content.decode()
    rest.refresh_from_db()
    assert (rest.waived_by, rest.waived_at) == (lise, at("07:00"))


def test_without_a_reason_the_form_says_so(client, rest, lise):
    answer = signed_in(client, lise).post(reverse("rest_waive", args=[rest.pk]), {"reason": " "})
    assert answer.status_code == 400
    assert "This field is required." in answer.content.decode()


@pytest.mark.parametrize("username", ["ada", "petra", "max"])
def test_for_others_it_is_not_there_to_give_up(client, rest, ada, pilot, manager, username):
    who = {"ada": ada, "petra": pilot, "max": manager}[username]
    assert signed_in(client, who).post(reverse("rest_waive", args=[rest.pk]), {"reason": "x"}).status_code == 404
    assert client.post(f"/api/v1/leave/rests/{rest.pk}/waive/", {}).status_code == 404


def test_what_is_over_is_shown_and_cannot_be_given_up(client, rest, lise, clock):
    clock("11:00")
    answer = signed_in(client, lise).post(reverse("rest_waive", args=[rest.pk]), {"reason": "Too late."})
    assert (answer.status_code, "It is over" in answer.content.decode()) == (400, True)


# The API


def test_the_api_lists_ones_own_and_those_one_may_see(client, rest, lise, manager, ada):
    [found] = signed_in(client, lise).get("/api/v1/leave/rests/").json()["results"]
    assert found == {
        "id": str(rest.pk),
        "person": {"id": str(lise.pk), "name": "Lise Girard"},
        "date": "2027-03-25",
        "time_zone": "Europe/Paris",
        "starts_at": "2027-03-25T04:20:00Z",
        "ends_at": "2027-03-25T11:00:00Z",
        "call_out": str(rest.call_out_id),
        "outcome": "pending",
        "why": "",
        "waived_at": None,
    }
    signed_in(client, manager)
    assert client.get("/api/v1/leave/rests/").json()["results"] == []
    assert len(client.get("/api/v1/leave/rests/", {"everybody": "true"}).json()["results"]) == 1
    assert signed_in(client, ada).get("/api/v1/leave/rests/", {"person": str(lise.pk)}).status_code == 404


def test_the_api_filters_by_span(client, rest, lise):
    signed_in(client, lise)
    touching = client.get("/api/v1/leave/rests/", {"from": "2027-03-25T10:59:59Z", "until": "2027-03-25T12:00:00Z"})
    after = client.get("/api/v1/leave/rests/", {"from": "2027-03-25T11:00:00Z"})
    assert [len(one.json()["results"]) for one in (touching, after)] == [1, 0]


def test_the_api_gives_it_up(client, rest, lise):
    signed_in(client, lise)
    address = f"/api/v1/leave/rests/{rest.pk}/waive/"
    assert client.post(address, {"reason": "\0"}, content_type="application/json").status_code == 400
    answer = client.post(address, {"reason": "A review."}, content_type="application/json")
    assert (answer.json()["outcome"], answer.json()["why"]) == ("broken", "given up: A review.")

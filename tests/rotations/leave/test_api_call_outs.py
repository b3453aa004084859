"""Which call-outs, entries and balances programs get, and what they may say about hours."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oncall.people.models import Membership, Person
from rotations.leave import queries, services
from rotations.leave.models import CallOut, LedgerEntry

LISTS = ["/api/v1/leave/entries/", "/api/v1/leave/balances/", "/api/v1/leave/call-outs/"]
CALL_OUTS = "/api/v1/leave/call-outs/"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture
def night(tell) -> CallOut:
    """Lise worked from 03:20 to 05:20 in Paris."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def say(client, lise, monkeypatch):
    """Say something about a call-out as Lise, at nine."""
    monkeypatch.setattr("oncall.clock.now", lambda: at("09:00"))
    client.force_login(lise)

    def say(call_out: CallOut, verb: str, **words: str):
        return client.post(f"{CALL_OUTS}{call_out.pk}/{verb}/", words, content_type="application/json")

    return say


def names(answer) -> list[str]:
    return [row["person"]["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize("address", LISTS)
def test_a_manager_gets_everybody_who_is_theirs_or_a_team(client, tell, lise, ada, manager, night, address):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A", ada)
    client.force_login(manager)
    assert set(names(client.get(address, {"everybody": "true"}))) - {"Max Manager"} == {"Lise Girard"}
    team = manager.role_terms.get().team
    assert names(client.get(address, {"team": str(team.pk)})) == ["Lise Girard"]
    assert client.get(address, {"team": str(uuid.uuid4())}).status_code == 404


@pytest.mark.parametrize("address", LISTS)
def test_everybody_is_oneself_for_a_colleague_and_for_the_pilot(client, ada, pilot, night, address):
    for who in (ada, pilot):
        client.force_login(who)
        assert "Lise Girard" not in names(client.get(address, {"everybody": "true"}))


def test_call_outs_are_found_by_when_they_started(client, lise, tell, night):
    tell("20:00 page B, 20:30 resolve B")
    client.force_login(lise)
    found = client.get(CALL_OUTS, {"from": "2027-03-25T03:00:00Z", "until": "2027-03-25T21:00:00Z"}).json()["results"]
    assert [row["starts_at"] for row in found] == ["2027-03-25T20:00:00Z"]
    found = client.get(CALL_OUTS, {"until": "2027-03-25T20:00:00Z"}).json()["results"]
    assert [row["starts_at"] for row in found] == ["2027-03-25T02:20:00Z"]


def test_entries_are_found_by_kind_and_by_when_they_were_posted(client, lise, night):
    services.remove(call_out=night, by=lise, reason="A drill.", now=at("09:00"))
    client.force_login(lise)
    found = client.get("/api/v1/leave/entries/", {"kind": "adjust"}).json()["results"]
    assert [(row["kind"], row["credit_s"]) for row in found] == [("adjust", -10800)]
    found = client.get("/api/v1/leave/entries/", {"until": "2027-03-25T09:00:00Z"}).json()["results"]
    assert [(row["kind"], row["credit_s"]) for row in found] == [("earn", 10800)]


def test_a_balance_is_what_stood_at_an_instant(client, lise, night):
    client.force_login(lise)
    for instant, credit in (("2027-03-25T04:19:59Z", 0), ("2027-03-25T04:20:00Z", 10800)):
        (row,) = client.get("/api/v1/leave/balances/", {"at": instant}).json()["results"]
        assert row["credit_s"] == credit


@pytest.fixture
def states(tell, lise, manager) -> dict[str, CallOut]:
    """One call-out in each state, an hour apart, by what was said about it."""

    def word(call_out: CallOut, kind: str, stands_s: int | None = None) -> None:
        LedgerEntry.objects.create(
            person=lise,
            call_out=call_out,
            kind=kind,
            stands_s=900 if stands_s is None else stands_s,
            at=at("10:00") + timedelta(seconds=LedgerEntry.objects.count()),
            by=manager if kind in ("approve", "ask_back") else lise,
            reason="Because.",
        )

    for hour in range(8):
        tell(f"0{hour}:00 page A{hour}, 0{hour}:10 resolve A{hour}")
    rows = list(CallOut.objects.order_by("starts_at"))
    found = dict(
        zip(("to_confirm", "confirmed", "asked_back", "disputed", "approved", "changed", "nothing"), rows, strict=False)
    )
    word(found["confirmed"], "confirm")
    word(found["asked_back"], "confirm")
    word(found["asked_back"], "ask_back")
    word(found["disputed"], "dispute")
    word(found["approved"], "confirm")
    word(found["approved"], "approve")
    word(found["changed"], "confirm", 899)
    services.remove(call_out=found["nothing"], by=lise, reason="A drill.", now=at("09:00"))
    word(found["nothing"], "approve", 0)
    return found


@pytest.mark.parametrize("state", ["confirmed", "asked_back", "disputed", "changed", "nothing"])
def test_call_outs_are_found_by_the_state_that_they_say_they_are_in(client, lise, states, state):
    client.force_login(lise)
    (row,) = client.get(CALL_OUTS, {"state": state}).json()["results"]
    assert row["id"] == str(states[state].pk)
    assert row["state"] == ("approved" if state == "nothing" else state)


def test_every_call_out_is_found_by_its_own_state_and_no_other(client, lise, states):
    client.force_login(lise)
    everything = {row["id"]: row["state"] for row in client.get(CALL_OUTS).json()["results"]}
    by_state = {
        row["id"]: state
        for state in ("open", "to_confirm", "confirmed", "asked_back", "disputed", "approved", "changed")
        for row in client.get(CALL_OUTS, {"state": state}).json()["results"]
    }
    assert by_state == everything
    assert sorted(everything.values()).count("to_confirm") == 2


def test_open_and_forgotten_ones_are_found(client, lise, tell):
    tell("00:10 page A, 00:11 acknowledge A")
    services.close_forgotten(now=at("10:00"))
    tell("20:00 page B, 20:01 acknowledge B")
    client.force_login(lise)
    shown = {
        state: [row["starts_at"] for row in client.get(CALL_OUTS, {"state": state}).json()["results"]]
        for state in ("open", "forgotten")
    }
    assert shown == {"open": ["2027-03-25T20:00:00Z"], "forgotten": ["2027-03-25T00:10:00Z"]}


@pytest.mark.parametrize(
    ("address", "query", "field"),
    [
        (CALL_OUTS, {"state": "lost"}, "state"),
        (CALL_OUTS, {"from": "yesterday"}, "from"),
        (CALL_OUTS, {"until": "9999-12-31T23:59:59-14:00"}, "until"),
        (CALL_OUTS, {"everybody": "perhaps"}, "everybody"),
        (CALL_OUTS, {"team": "\x00"}, "team"),
        ("/api/v1/leave/entries/", {"kind": "gift"}, "kind"),
        ("/api/v1/leave/balances/", {"at": "2027-03-25T02:00:00"}, "at"),
    ],
)
def test_a_filter_that_cannot_be_is_told(client, lise, address, query, field):
    client.force_login(lise)
    answer = client.get(address, query)
    assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_however_long_it_is(client, tell, manager, night, address, django_assert_max_num_queries):
    team = manager.role_terms.get().team
    for number in range(6):
        one = Person.objects.create_user(f"p{number}", name=f"Person {number}", time_zone="Europe/Paris")
        Membership.objects.create(person=one, team=team)
        tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A, 05:00 page B, 05:20 resolve B", one)
    client.force_login(manager)
    with django_assert_max_num_queries(9):
        assert len(client.get(address, {"everybody": "true"}).json()["results"]) > 6


def test_one_call_out_comes_with_its_evidence_and_what_was_said(client, lise, night):
    services.correct(
        call_out=night, by=lise, starts_at=at("02:20"), ends_at=at("05:20"), reason="Stayed.", now=at("09:00")
    )
    client.force_login(lise)
    shown = client.get(f"{CALL_OUTS}{night.pk}/").json()
    assert shown["credit_s"] == 16200
    assert [(row["at"], row["kind"], row["text"]) for row in shown["evidence"]] == [
        ("2027-03-25T02:20:00Z", "page", "page A"),
        ("2027-03-25T02:25:00Z", "acknowledge", "acknowledge A"),
        ("2027-03-25T04:20:00Z", "resolve", "resolve A"),
    ]
    (said,) = shown["corrections"]
    assert (said["by"]["name"], said["was_ends_at"], said["ends_at"], said["reason"]) == (
        "Lise Girard",
        "2027-03-25T04:20:00Z",
        "2027-03-25T05:20:00Z",
        "Stayed.",
    )


def test_hours_are_added_and_the_call_out_they_made_is_answered(client, lise, say):
    words = {"starts_at": "2027-03-25T03:20:00+01:00", "ends_at": "2027-03-25T04:20:00+01:00", "reason": "Ada rang."}
    answer = client.post(CALL_OUTS, words, content_type="application/json")
    assert answer.status_code == 201
    assert (answer.json()["starts_at"], answer.json()["credit_s"]) == ("2027-03-25T02:20:00Z", 5400)
    assert queries.balance(lise).credit_s == 5400


def test_hours_are_added_for_whom_one_looks_after_and_for_nobody_else(client, lise, ada, manager, say):
    words = {"starts_at": "2027-03-25T02:20:00Z", "ends_at": "2027-03-25T03:20:00Z", "reason": "Rang."}
    client.force_login(manager)
    answers = [
        client.post(CALL_OUTS, words | {"person": str(who.pk)}, content_type="application/json").status_code
        for who in (lise, ada)
    ]
    assert answers == [201, 404]


def test_a_correction_a_pause_and_a_removal(say, night, lise):
    corrected = say(night, "correct", starts_at="2027-03-25T02:00:00Z", ends_at="2027-03-25T06:00:00Z", reason="Long.")
    assert (corrected.status_code, corrected.json()["credit_s"]) == (200, 21600)
    pause = {"pause_starts_at": "2027-03-25T03:00:00Z", "pause_ends_at": "2027-03-25T05:00:00Z", "reason": "Slept."}
    first = say(night, "split", **pause)
    assert (first.json()["id"], first.json()["ends_at"]) == (str(night.pk), "2027-03-25T03:00:00Z")
    assert say(night, "remove", reason="A drill.").json()["credit_s"] == 0
    assert queries.balance(lise).credit_s == 5400


@pytest.mark.parametrize(
    ("verb", "words", "field"),
    [
        ("correct", {"starts_at": "2027-03-25T02:00:00Z", "ends_at": "2027-03-25T03:00:00Z"}, "reason"),
        ("correct", {"starts_at": "now", "ends_at": "2027-03-25T03:00:00Z", "reason": "x"}, "starts_at"),
        ("correct", {"starts_at": "2027-03-25T03:00:00Z", "ends_at": "2027-03-25T02:00:00Z", "reason": "x"}, "ends_at"),
        (
            "split",
            {"pause_starts_at": "2027-03-25T01:00:00Z", "pause_ends_at": "2027-03-25T03:00:00Z", "reason": "x"},
            "pause_starts_at",
        ),
        ("remove", {"reason": "\x00"}, "reason"),
        ("remove", {"reason": "\ud800"}, "reason"),
        ("remove", {"reason": "x" * 301}, "reason"),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_field(say, night, verb, words, field):
    answer = say(night, verb, **words)
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_one_stands_down_from_ones_own_open_call_out_once(say, tell):
    tell("08:00 page A, 08:01 acknowledge A")
    call_out = CallOut.objects.get()
    assert say(call_out, "stand-down").json()["ends_at"] == "2027-03-25T09:00:00Z"
    again = say(call_out, "stand-down")
    assert (again.status_code, again.json()["detail"]) == (
        409,
        ["This call-out is over already. To change its hours, correct it."],
    )


def test_a_manager_cannot_stand_down_for_somebody(client, say, tell, manager):
    tell("08:00 page A, 08:01 acknowledge A")
    client.force_login(manager)
    answer = say(CallOut.objects.get(), "stand-down")
    assert (answer.status_code, answer.json()["detail"][0][:32]) == (403, "Only Lise Girard can stand down.")

"""Words about call-outs, for programs."""

from datetime import UTC, datetime

import pytest

from rotations.leave import approving
from rotations.leave.models import CallOut, LedgerEntry

NOON = datetime(2027, 3, 26, 12, tzinfo=UTC)


@pytest.fixture
def call_out(tell) -> CallOut:
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def say(client, call_out):
    def say(who, word: str, **body):
        client.force_login(who)
        address = f"/api/v1/leave/call-outs/{call_out.pk}/{word}/"
        return client.post(address, {"stands_s": 10800} | body, content_type="application/json")

    return say


def test_confirmed_and_approved_the_answer_is_the_call_out(say, call_out, lise, manager):
    assert say(lise, "confirm").json()["state"] == "confirmed"
    answer = say(manager, "approve").json()
    assert {name: answer[name] for name in ("id", "state", "posted_s", "approved_s")} == {
        "id": str(call_out.pk),
        "state": "approved",
        "posted_s": 10800,
        "approved_s": 10800,
    }


def test_a_figure_that_moved_is_a_conflict_at_its_field(say, lise):
    answer = say(lise, "confirm", stands_s=9000)
    assert (answer.status_code, list(answer.json())) == (409, ["stands_s"])
    assert not LedgerEntry.objects.words().exists()


def test_approving_unseen_is_not_possible(say, call_out, lise, manager, client):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    client.force_login(manager)
    answer = client.post(f"/api/v1/leave/call-outs/{call_out.pk}/approve/", {}, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["stands_s"])


def test_who_may_not_is_told_so_and_strangers_see_nothing(say, lise, ada, pilot, manager):
    assert say(lise, "approve").status_code == 403
    assert say(manager, "confirm").status_code == 403
    assert [say(who, word, reason="x").status_code for who in (ada, pilot) for word in ("approve", "ask-back")] == [
        404
    ] * 4


def test_asking_back_and_disputing_keep_both_sides_words(say, lise, manager):
    say(manager, "ask-back", reason="Until 05:20?")
    assert say(lise, "confirm").json() == {
        "reason": ["Answer what your manager asked, in a few words, or correct the hours."]
    }
    assert say(lise, "dispute", reason="Until 06:00.").json()["state"] == "disputed"
    said = LedgerEntry.objects.words().order_by("at").values_list("kind", "reason")
    assert list(said) == [("ask_back", "Until 05:20?"), ("dispute", "Until 06:00.")]


@pytest.mark.parametrize(
    "body",
    [
        {"stands_s": "x"},
        {"stands_s": 10**40},
        {"stands_s": []},
        {"reason": "\x00"},
        {"reason": 301 * "x"},
    ],
)
def test_odd_words_are_refused_at_their_field(say, lise, body):
    answer = say(lise, "dispute", **({"reason": "x"} | body))
    assert (answer.status_code, list(answer.json())) == (400, list(body))

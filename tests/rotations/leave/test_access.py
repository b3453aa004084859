"""Who sees whose leave, on screens and in the API."""

import uuid

import pytest
from django.urls import reverse

from rotations.leave.models import CallOut

LISTS = ["/api/v1/leave/entries/", "/api/v1/leave/balances/", "/api/v1/leave/call-outs/"]


@pytest.fixture
def night(tell) -> None:
    """Lise was called for two hours."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.usefixtures("night")
def test_a_list_is_ones_own_unless_another_is_asked_for(client, lise, ada, address):
    client.force_login(lise)
    assert [row["person"]["name"] for row in client.get(address).json()["results"]] == ["Lise Girard"]
    client.force_login(ada)
    assert all(row["person"]["name"] == "Ada Moreno" for row in client.get(address).json()["results"])


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.usefixtures("night")
def test_a_manager_sees_their_team_and_nobody_elses(client, lise, ada, manager, address):
    client.force_login(manager)
    shown = client.get(address, {"person": str(lise.pk)}).json()["results"]
    assert [row["person"]["name"] for row in shown] == ["Lise Girard"]
    assert client.get(address, {"person": str(ada.pk)}).status_code == 404


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.usefixtures("night")
def test_neither_a_colleague_nor_the_pilot_sees_it(client, lise, ada, pilot, address):
    for who in (ada, pilot):
        client.force_login(who)
        assert client.get(address, {"person": str(lise.pk)}).status_code == 404


@pytest.mark.parametrize("address", LISTS)
def test_a_bad_question_is_told_which_field_is_wrong(client, lise, address):
    client.force_login(lise)
    for person in ("lise", "\x00", ""):
        answer = client.get(address, {"person": person})
        assert (answer.status_code, list(answer.json())) == (400, ["person"])
    assert client.get(address, {"person": str(uuid.uuid4())}).status_code == 404


@pytest.mark.usefixtures("night")
def test_a_call_out_page_is_not_there_for_a_colleague(client, lise, ada, manager):
    page = reverse("call_out", args=[CallOut.objects.get().pk])
    answers = []
    for who in (lise, manager, ada):
        client.force_login(who)
        answers.append(client.get(page).status_code)
    assert answers == [200, 200, 404]


@pytest.mark.usefixtures("night")
def test_a_colleague_cannot_correct(client, lise, ada):
    client.force_login(ada)
    words = {"starts_at": "2027-03-25T01:00", "ends_at": "2027-03-25T02:00", "reason": "x"}
    assert client.post(reverse("call_out_correct", args=[CallOut.objects.get().pk]), words).status_code == 404


def test_nobody_is_answered_without_signing_in(client, db):
    assert [client.get(address).status_code for address in LISTS] == [401, 401, 401]
    assert client.get(reverse("leave")).status_code == 302


@pytest.mark.parametrize("page", ["leave", "leave_ledger", "call_outs", "rests"])
@pytest.mark.usefixtures("night")
def test_no_page_passes_ones_own_figures_for_those_of_somebody_hidden(client, lise, ada, manager, page):
    for who, whose in ((ada, lise.pk), (manager, ada.pk), (lise, uuid.uuid4())):
        client.force_login(who)
        assert client.get(reverse(page), {"person": str(whose)}).status_code == 404
    assert client.get(reverse(page), {"person": str(lise.pk)}).status_code == 200

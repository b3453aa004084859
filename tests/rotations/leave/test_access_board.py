"""Whose leave, phones and burden are seen, at every address of these rooms: one that is not classified here fails.

Lise was called, corrected her hours, asked for leave and a phone, and rests. Ada is a colleague, Petra the pilot, Otto
manages another team: for them there is nothing of hers, and whatever they send changes nothing of hers.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from oncall.people.models import Membership, Person, Team
from oncall.phones import services as phones
from oncall.phones.models import Loan, Step
from rotations.leave import approving, services, taking
from rotations.leave.models import CallOut, Correction, Evidence, LeaveRequest, LedgerEntry, Rest
from rotations.leave.spans import Kind
from tests.api.addresses import addresses
from tests.rotations.conftest import NOW, person

ROOMS = ("rotations.leave.", "rotations.reports.", "rotations.burden.", "oncall.phones.")
HERE = {one.name: one for one in addresses() if one.view.__module__.startswith(ROOMS)}
# Of one thing of one person: it is there for them and their managers, and not there for anybody else.
CALL_OUT = {
    "call_out", "call_out_confirm", "call_out_approve", "call_out_ask_back", "call_out_dispute", "call_out_correct",
    "call_out_split", "call_out_remove", "api_leave_call_out", "api_call_out_confirm", "api_call_out_approve",
    "api_call_out_ask_back", "api_call_out_dispute", "api_call_out_correct", "api_call_out_split",
    "api_call_out_remove", "api_call_out_stand_down",
}  # fmt: skip
REQUEST = {
    "leave_request", "leave_request_approve", "leave_request_refuse", "leave_request_withdraw",
    "leave_request_cancel", "leave_request_agree", "leave_request_give_back", "api_leave_request_agree",
    "api_leave_request_give_back", "api_leave_request", "api_leave_request_approve", "api_leave_request_refuse",
    "api_leave_request_withdraw", "api_leave_request_cancel",
}  # fmt: skip
REST = {"rest_waive", "api_leave_rest_waive"}
PHONE = {"phone", "phone_decide", "phone_issue", "phone_lose", "phone_take_back", "phone_withdraw"}
PERSON = {"report_person"}
# One's own, or of those whom one manages; another's name in the question or in what is sent helps nothing.
LISTS = {
    "leave", "leave_ledger", "leave_ask", "rests", "stand_down", "call_outs", "call_out_add", "my_phone",
    "api_leave_entries", "api_leave_balances", "api_leave_call_outs", "api_leave_requests",
    "api_leave_rests", "api_leave_preview", "report_leave", "api_report_leave",
}  # fmt: skip
MANAGERS = {"leave_approvals", "leave_recompute", "phones", "api_phones"}
BURDEN = {"burden", "burden_suggestions", "api_burden"}  # the pilot sees these of everybody
OBJECTS = CALL_OUT | REQUEST | REST | PHONE | PERSON
MARKS = ("moonless", "quicksilver", "saltpetre", "heliotrope")  # of her evidence, correction, request and phone
BODY = {
    "reason": "Because.", "answer": "No.", "words": "No.", "note": "A note.", "text": "A text.", "why": "I want it.",
    "starts_at": "2027-03-20T01:00:00Z", "ends_at": "2027-03-20T02:00:00Z", "pause_starts_at": "2027-03-18T01:20:00Z",
    "pause_ends_at": "2027-03-18T01:40:00Z", "device": "box 9", "number": "+33639980177", "approve": "1",
    "approved": "1", "confirmed": "1",
}  # fmt: skip


def test_every_address_of_these_rooms_is_classified():
    assert set(HERE) == OBJECTS | LISTS | MANAGERS | BURDEN


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def otto(ada) -> Person:
    """Manages the team that Ada is in."""
    found = person("otto", "Otto Other", "Europe/Paris")
    team = Team.objects.create(name="Elsewhere", slug="elsewhere")
    Membership.objects.create(person=ada, team=team)
    found.role_terms.create(role="manager", team=team, starts_at=NOW - timedelta(days=400))
    return found


@pytest.fixture
def life(lise, manager) -> dict[str, str]:
    """What there is of Lise; return the ids that addresses name, by what they are of."""
    acts: list[tuple[Kind, datetime]] = [
        ("page", at(18, 1)),
        ("acknowledge", at(18, 1, 4)),
        ("resolve", at(18, 3)),
    ]
    for kind, when in acts:
        services.record(
            person=lise, at=when, kind=kind, subject="alarm:A:1", text=f"{MARKS[0]} {kind}", url="", now=when
        )
    call_out = CallOut.objects.get(person=lise)
    services.correct(
        call_out=call_out, by=lise, starts_at=at(18, 1), ends_at=at(18, 4), reason=MARKS[1], now=at(18, 20)
    )
    approving.confirm(call_out=call_out, by=lise, now=at(18, 21))
    approving.approve(call_out=call_out, by=manager, now=at(19, 9))
    request = taking.ask(person=lise, by=lise, starts_at=at(30, 7), ends_at=at(30, 9), now=at(20, 9), note=MARKS[2])
    loan = phones.ask(person=lise, why=MARKS[3], special="", now=at(20, 10))
    later: list[tuple[Kind, datetime]] = [("page", at(23, 1)), ("resolve", at(23, 2))]
    for kind, when in later:
        services.record(person=lise, at=when, kind=kind, subject="alarm:B:1", text=f"{MARKS[0]} b", url="", now=when)
    rest = Rest.objects.get(person=lise, ends_at__gt=NOW)
    ids = {"call_out": call_out.pk, "request": request.pk, "rest": rest.pk, "phone": loan.pk, "person": lise.pk}
    return {what: str(pk) for what, pk in ids.items()}


def path_of(name: str, life: dict[str, str]) -> str:
    kinds = ((CALL_OUT, "call_out"), (REQUEST, "request"), (REST, "rest"), (PHONE, "phone"), (PERSON, "person"))
    what = next((life[kind] for names, kind in kinds if name in names), "")
    return HERE[name].path.replace("6f6e6361-6c6c-4000-8000-706167657321", what)


def books(whose: Person) -> list[object]:
    """Everything there is of somebody, as it stands."""
    found: list[object] = [whose.pk]
    for model in (Evidence, CallOut, Correction, LedgerEntry, LeaveRequest, Rest, Loan):
        found += list(model.objects.filter(person=whose).order_by("pk").values())
    return [*found, *Step.objects.filter(loan__person=whose).order_by("pk").values()]


def ask(client, name: str, life: dict[str, str], method: str):
    path = path_of(name, life)
    if method == "get":
        return client.get(path, {"person": life["person"]})
    body = BODY | {"person": life["person"]}
    if name.startswith("api_"):
        return client.post(path, json.dumps(body), content_type="application/json")
    return client.post(f"{path}?person={life['person']}", body)


@pytest.fixture
def strangers(ada, pilot, otto) -> dict[str, Person]:
    """Whom Lise's leave is no business of: a colleague, the pilot, another team's manager."""
    return {"a colleague": ada, "the pilot": pilot, "another team's manager": otto}


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_what_is_anothers_is_not_there(client, life, lise, strangers, name):
    before = books(lise)
    for whose, who in strangers.items():
        client.force_login(who)
        for method in ("get", "post"):
            response = ask(client, name, life, method)

            assert response.status_code in {404, 405}, (whose, method)
            assert not [mark for mark in MARKS if mark in response.content.decode()], (whose, method)
    assert books(lise) == before


@pytest.mark.parametrize("name", sorted(LISTS | MANAGERS | BURDEN))
def test_a_list_says_nothing_of_another_and_changes_nothing_of_theirs(client, life, lise, strangers, name):
    before = books(lise)
    for whose, who in strangers.items():
        client.force_login(who)
        for method in ("get", "post"):
            response = ask(client, name, life, method)

            assert response.status_code < 500, (whose, method)
            said = response.content.decode()
            assert not [mark for mark in MARKS if mark in said], (whose, method)
            if name not in BURDEN and response.status_code == 200:
                assert lise.name not in said, (whose, method)  # nobody is there, or it is as if nobody had been named
    assert books(lise) == before


@pytest.mark.parametrize("who", ["a colleague", "another team's manager"])
@pytest.mark.parametrize("name", ["burden", "api_burden"])
def test_the_burden_of_another_is_the_pilots_and_their_managers_to_see(client, life, lise, strangers, name, who):
    client.force_login(strangers[who])

    assert lise.name not in client.get(path_of(name, life)).content.decode()


@pytest.mark.parametrize("name", sorted(MANAGERS))
@pytest.mark.parametrize("who", ["ada", "pilot"])
def test_what_is_for_managers_is_not_for_others(client, request, life, name, who):
    client.force_login(request.getfixturevalue(who))

    response = client.get(path_of(name, life))

    assert response.status_code in {403, 404} or (name == "api_phones" and response.json()["results"] == [])


@pytest.mark.parametrize(
    "name", ["call_out", "leave_request", "api_leave_call_out", "api_leave_request", "report_person"]
)
@pytest.mark.parametrize("who", ["lise", "manager"])
def test_who_was_called_and_their_manager_find_it(client, request, life, name, who):
    client.force_login(request.getfixturevalue(who))

    assert client.get(path_of(name, life)).status_code == 200


@pytest.mark.parametrize(
    "name", ["api_leave_entries", "api_leave_balances", "api_leave_call_outs", "api_leave_requests"]
)
@pytest.mark.parametrize("who", ["lise", "manager"])
def test_who_was_called_and_their_manager_find_it_in_lists(client, request, life, name, who):
    client.force_login(request.getfixturevalue(who))

    results = client.get(path_of(name, life), {"person": life["person"]}).json()["results"]

    assert {row["person"]["name"] for row in results} == {"Lise Girard"}


def test_the_pilot_sees_the_burden_of_everybody_and_no_balance(client, life, lise, pilot):
    client.force_login(pilot)

    assert lise.name in client.get(HERE["burden"].path).content.decode()
    assert client.get(HERE["api_leave_balances"].path, {"person": life["person"]}).status_code == 404
    assert (
        client.get(
            HERE["report_person"].path.replace("6f6e6361-6c6c-4000-8000-706167657321", life["person"])
        ).status_code
        == 404
    )

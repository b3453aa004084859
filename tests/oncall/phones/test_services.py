"""Who may do what to a phone, what the database refuses, and whom a move tells."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from oncall.paging import contacts
from oncall.paging.models import ContactMethod, Notice
from oncall.people import leaving
from oncall.phones import services, states
from oncall.phones.models import Loan, Step
from tests.conftest import make_person
from tests.oncall.phones.conftest import NUMBER


def told(person) -> list[str]:
    return list(Notice.objects.filter(person=person, key__startswith="phone:").values_list("text", flat=True))


def test_a_request_is_told_to_the_manager_of_the_team(asked, max_):
    assert told(max_) == ["Ada Moreno asks for an on-call phone. Decide under Phones."]


def test_where_nobody_manages_them_administrators_are_told(grace, rosa, now):
    services.ask(person=grace, why="Mine is broken.", special="", now=now)

    assert told(rosa) == ["Grace Okafor asks for an on-call phone. Decide under Phones."]


def test_a_second_request_while_one_is_open_is_refused(ada, asked, now):
    with pytest.raises(services.AlreadyAsked, match="Withdraw that request to make another"):
        services.ask(person=ada, why="Another.", special="", now=now)


def test_a_request_without_a_reason_is_refused(ada, now):
    with pytest.raises(services.WordsMissing, match="say what the phone is for"):
        services.ask(person=ada, why="  ", special="", now=now)


def test_nobody_approves_their_own(rosa, now):
    own = services.ask(person=rosa, why="Mine is private.", special="", now=now)

    with pytest.raises(states.NotTheirs, match="Nobody approves a phone for themselves"):
        services.decide(loan=own, by=rosa, approve=True, words="", now=now)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["decided_by", "issued_by"])
def test_the_database_refuses_ones_own_too(asked, ada, issued, who):
    with pytest.raises(IntegrityError), transaction.atomic():
        Loan.objects.filter(pk=issued.pk).update(**{who: ada})


def test_a_manager_of_another_team_decides_nothing(asked, grace, now):
    with pytest.raises(states.NotTheirs, match="looks after no phone of Ada Moreno"):
        services.decide(loan=asked, by=grace, approve=True, words="", now=now)


def test_a_refusal_needs_words_and_they_reach_the_person(asked, ada, max_, now):
    with pytest.raises(services.WordsMissing, match="say why not"):
        services.decide(loan=asked, by=max_, approve=False, words=" ", now=now)
    services.decide(loan=asked, by=max_, approve=False, words="None is left until May.", now=now)

    assert told(ada) == ["Max Manager has refused your on-call phone: None is left until May."]


def test_of_two_who_decide_the_later_is_told_what_it_is_now(asked, max_, rosa, now):
    services.decide(loan=asked, by=max_, approve=True, words="", now=now)

    with pytest.raises(states.Impossible, match="approved already"):
        services.decide(loan=asked, by=rosa, approve=True, words="", now=now)


def test_after_a_refusal_one_may_ask_again(asked, ada, max_, now):
    services.decide(loan=asked, by=max_, approve=False, words="Not now.", now=now)
    again = services.ask(person=ada, why="Still private.", special="", now=now)

    assert again.state == "requested"


def test_every_step_is_kept_with_who_and_when(issued, ada, max_, now):
    services.take_back(loan=issued, by=max_, words="Scratched.", confirmed=False, now=now + timedelta(days=9))

    assert [(step.state, step.by, step.words) for step in issued.steps.all()] == [
        ("requested", ada, "Mine is private."),
        ("approved", max_, ""),
        ("issued", max_, "Nokia 105, no. 12"),
        ("returned", max_, "Scratched."),
    ]


@pytest.mark.parametrize("statement", ["UPDATE phones_step SET words = ''", "DELETE FROM phones_step"])
def test_steps_are_never_edited(asked, statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("number", ["call me", "+33 6 12", "0612345678"])
def test_a_number_that_cannot_be_called_is_not_issued(approved, max_, now, number):
    with pytest.raises(contacts.BadNumber):
        services.issue(loan=approved, by=max_, device="Nokia", number=number, now=now)

    approved.refresh_from_db()
    assert approved.state == "approved"


def test_a_number_is_with_one_person_at_a_time(issued, grace, max_, rosa, team, now):
    ContactMethod.objects.filter(address=NUMBER).delete()
    other = services.ask(person=grace, why="Mine too.", special="", now=now)
    services.decide(loan=other, by=rosa, approve=True, words="", now=now)

    with pytest.raises(services.NumberTaken, match="is issued to somebody already"):
        services.issue(loan=other, by=rosa, device="Nokia", number=NUMBER, now=now)


def test_a_number_that_rings_somebody_else_is_not_issued(approved, max_, grace, now):
    with pytest.raises(services.NumberTaken, match="among the contacts of Grace Okafor"):
        services.issue(loan=approved, by=max_, device="Nokia", number="+14155550102", now=now)


def test_a_number_that_we_call_from_is_not_issued(approved, max_, settings, now):
    settings.PAGING_NUMBERS = ["+16502530000"]

    with pytest.raises(services.NumberTaken, match="one that we call from"):
        services.issue(loan=approved, by=max_, device="Nokia", number="+1 650 253 0000", now=now)


def test_the_number_goes_to_the_next_once_it_is_back(issued, grace, rosa, now):
    services.take_back(loan=issued, by=rosa, words="", confirmed=False, now=now)
    other = services.ask(person=grace, why="My turn.", special="", now=now)
    services.decide(loan=other, by=rosa, approve=True, words="", now=now)
    services.issue(loan=other, by=rosa, device="Nokia", number=NUMBER, now=now)

    assert list(ContactMethod.objects.filter(address=NUMBER).values_list("person__name", flat=True)) == ["Grace Okafor"]


def test_only_whoever_asked_withdraws(asked, max_, ada, now):
    with pytest.raises(states.NotTheirs, match="Refuse it instead"):
        services.withdraw(loan=asked, by=max_, now=now)
    services.withdraw(loan=asked, by=ada, now=now)

    assert Step.objects.filter(loan=asked, state="withdrawn", by=ada).exists()


def test_nobody_leaves_with_a_phone(issued, ada, rosa, now):
    with pytest.raises(leaving.StillNeeded, match=r"the on-call phone Nokia 105, no\. 12, which must be taken back"):
        leaving.deactivate(person=ada, by=rosa, now=now)


def test_a_person_of_no_team_has_their_phone_from_a_manager_of_everybody(grace, rosa, now):
    boss = make_person("Bo Boss", "+14155550106")
    boss.role_terms.create(role="manager", starts_at=now - timedelta(days=1))
    loan = services.ask(person=grace, why="Mine is private.", special="", now=now)
    services.decide(loan=loan, by=boss, approve=True, words="", now=now)

    assert Loan.objects.get(pk=loan.pk).decided_by == boss

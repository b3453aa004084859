"""What waits too long ends: an offer of command without an answer, the role of somebody who has left."""

from datetime import timedelta

import pytest

from incidents.command import assigning, lapsing, offering, queries
from incidents.command.offering import Answered
from oncall.paging.models import Notice
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked(declared, ada, grace, now):
    """Ada has command and asks Grace to take it."""
    incident = declared(severity=2)
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    return offering.offer(incident=incident, to=grace, by=ada, now=now)


@pytest.fixture
def look(in_force):
    return lambda at: lapsing.keep(now=at, limits=in_force)


def test_who_does_not_answer_is_reminded_once(asked, look, grace, now):
    for minutes in (2, 3, 4, 9):
        look(now + minutes * MINUTE)

    texts = [notice.text for notice in Notice.objects.filter(person=grace)]
    assert len([text for text in texts if text.startswith("You are asked to take command of incident 1")]) == 1


def test_after_ten_minutes_the_offer_lapses_and_command_stays(asked, look, ada, grace, now):
    look(now + 10 * MINUTE)

    assert queries.open_offer(asked.incident) is None
    assert queries.command_of(asked.incident).person == ada
    assert lines(asked.incident, "role")[-1] == (
        "Grace Okafor has not answered for 10 min: the offer of command lapsed. Command stays with Ada Moreno."
    )
    with pytest.raises(Answered):
        offering.answer(offer=asked, by=grace, accept=True, now=now + 11 * MINUTE)


def test_whoever_asked_while_nobody_had_command_hears_that_the_offer_lapsed(declared, look, grace, mae, now):
    offering.offer(incident=declared(), to=mae, by=grace, now=now)

    look(now + 10 * MINUTE)

    (notice,) = Notice.objects.filter(person=grace)
    assert notice.text.startswith("Mae Castillo has not answered for 10 min: nobody has command of incident 1")


def test_and_hears_a_no(declared, grace, mae, now):
    offer = offering.offer(incident=declared(), to=mae, by=grace, now=now)

    offering.answer(offer=offer, by=mae, accept=False, now=now + MINUTE)

    (notice,) = Notice.objects.filter(person=grace)
    assert notice.text.startswith("Mae Castillo does not take command of incident 1")


def test_whose_account_is_closed_has_no_role_and_a_commander_is_called_for(asked, look, ada, now):
    ada.is_active = False
    ada.save()

    look(now + MINUTE)

    assert queries.command_of(asked.incident) is None
    assert list(queries.without_commander()) == [asked.incident]
    assert lines(asked.incident, "role")[-1] == "Ada Moreno is not here any more, and so not incident commander."


def test_nothing_waiting_is_two_queries(asked, look, now, django_assert_num_queries):
    with django_assert_num_queries(2):
        look(now + MINUTE)

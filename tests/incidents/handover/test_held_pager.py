"""Until the note is accepted the outgoing person holds the pager too (domain.md 5.10): when they are called."""

from datetime import timedelta

import pytest

from incidents.alarms import engine
from incidents.handover import services as handover
from oncall.limits import queries as limits
from oncall.limits.services import set_limit
from oncall.paging import services as paging
from oncall.paging.models import Page
from rotations.changes import services as changes
from tests.conftest import make_policy
from tests.incidents.handover.conftest import BOUNDARY, MADE, called, fire, keep, minutes, ringing, run

pytestmark = pytest.mark.django_db
FIRED = BOUNDARY + minutes(10)


def test_where_the_incoming_person_cannot_be_reached_the_outgoing_is_called_at_once(triage, handoff, grace):
    grace.contact_methods.all().delete()

    fire(make_policy("P", triage), at=FIRED)

    assert called() == [("ada", FIRED)]


def test_where_no_way_gets_through_to_the_incoming_person_the_outgoing_is_called_at_once(policy, handoff, grace):
    fire(policy, at=FIRED)
    found = FIRED + timedelta(seconds=3)
    page = Page.objects.get(person=grace)
    paging.end(page=page, state=Page.State.UNREACHABLE, why="No way got through.", now=found)

    engine.hasten(now=found, limits=limits.at(found))
    run(found)

    assert called() == [("grace", FIRED), ("ada", found)]


def test_where_neither_can_be_reached_the_policy_goes_on_at_once(policy, handoff, ada, grace):
    ada.contact_methods.all().delete()
    grace.contact_methods.all().delete()

    fire(policy, at=FIRED)

    assert called() == [("lise", FIRED)]


def test_before_the_boundary_nobody_is_called_instead(policy, handoff, grace):
    """The step fired before it: then the policy goes on, and the outgoing person gets nothing new."""
    fire(policy, at=BOUNDARY - minutes(1))
    run(BOUNDARY)
    found = BOUNDARY + timedelta(seconds=3)
    page = Page.objects.get(person=grace)
    paging.end(page=page, state=Page.State.UNREACHABLE, why="No way got through.", now=found)

    engine.hasten(now=found, limits=limits.at(found))
    run(found)

    assert [name for name, _ in called()] == ["ada", "grace", "lise"]


@pytest.mark.parametrize("wait_s", [0, 30, 60])
def test_a_minute_longer_than_its_step_is_carried_into_the_next(triage, lise, handoff, wait_s):
    fire(make_policy("P", triage, lise, wait_s=wait_s), at=FIRED)

    for second in (0, 30, 59):
        run(FIRED + timedelta(seconds=second))
    assert "ada" not in ringing()
    run(FIRED + minutes(1))

    lises = ("lise", FIRED + timedelta(seconds=wait_s))
    assert sorted(called()) == [("ada", FIRED + minutes(1)), ("grace", FIRED), lises]


def test_accepting_the_note_stops_also_a_call_that_was_carried_into_the_next_step(triage, lise, handoff, grace):
    fire(make_policy("P", triage, lise, wait_s=60), at=FIRED)
    run(FIRED + minutes(1))
    run(FIRED + minutes(1))
    assert ringing() == {"ada", "grace", "lise"}

    handover.accept(handoff=handoff, by=grace, now=FIRED + minutes(1.5))
    run(FIRED + minutes(1.5))

    assert ringing() == {"grace", "lise"}


def test_without_a_minute_the_outgoing_person_is_called_with_the_step(policy, handoff):
    set_limit(name="handover_outgoing_after_s", value=0, effective_from=MADE)

    fire(policy, at=FIRED)

    assert sorted(called()) == [("ada", FIRED), ("grace", FIRED)]


def test_a_step_that_comes_again_gives_the_incoming_person_their_minute_again(triage, handoff, ada):
    fire(make_policy("P", triage, triage, wait_s=300), at=FIRED)
    run(FIRED + minutes(1))
    page = Page.objects.get(person=ada)
    paging.end(page=page, state=Page.State.UNANSWERED, why="Nobody answered.", now=FIRED + minutes(4))
    run(FIRED + minutes(5))
    run(FIRED + minutes(5.5))

    run(FIRED + minutes(6))

    assert [at for name, at in called() if name == "ada"] == [FIRED + minutes(1), FIRED + minutes(6)]


def test_where_the_incoming_person_is_not_on_call_nobody_holds_their_pager(policy, triage, handoff, grace, lise):
    taken = BOUNDARY + minutes(5)
    changes.take(schedule=triage, role="primary", from_person=grace, by=lise, until=BOUNDARY + minutes(90), now=taken)
    fire(policy, at=FIRED)

    run(FIRED + minutes(1))

    assert called() == [("lise", FIRED)]


def test_an_outgoing_person_who_is_absent_is_not_called(policy, handoff, ada):
    changes.add_absence(person=ada, kind="leave", starts_at=BOUNDARY, ends_at=BOUNDARY + minutes(300), by=ada, now=MADE)
    fire(policy, at=FIRED)

    run(FIRED + minutes(1))

    assert called() == [("grace", FIRED)]


def test_an_outgoing_person_whose_absence_begins_is_called_no_more(policy, handoff, ada):
    rests = FIRED + minutes(2)
    changes.add_absence(person=ada, kind="rest", starts_at=rests, ends_at=rests + minutes(300), by=ada, now=MADE)
    fire(policy, at=FIRED)
    run(FIRED + minutes(1))
    assert ringing() == {"ada", "grace"}

    run(rests)

    assert ringing() == {"grace"}


def test_a_person_named_in_the_policy_is_called_also_when_absent(ada, lise):
    changes.add_absence(
        person=lise, kind="leave", starts_at=BOUNDARY, ends_at=BOUNDARY + minutes(300), by=lise, now=MADE
    )

    fire(make_policy("P", lise, ada), at=FIRED)

    assert called() == [("lise", FIRED)]


def test_a_lead_who_is_told_only_after_an_hour_and_a_half_is_told_then(policy, handoff):
    set_limit(name="handover_lead_told_after_s", value=5400, effective_from=MADE)

    keep(BOUNDARY + minutes(90))

    handoff.refresh_from_db()
    assert handoff.lead_told_at == BOUNDARY + minutes(90)

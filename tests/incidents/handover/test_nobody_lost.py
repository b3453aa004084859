"""Who is on call changes at the worst moment, and still somebody is called."""

from datetime import date, time, timedelta

import pytest

from incidents.alarms import engine, turnover
from incidents.alarms.models import Alarm
from incidents.handover import services as handover
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import Page
from rotations.changes import services as changes
from rotations.coverage.models import Handoff
from rotations.coverage.services import refresh_due
from rotations.schedule import services as schedules
from rotations.schedule.services import Turns
from tests.conftest import make_policy
from tests.incidents.handover.conftest import BOUNDARY, MADE, called, fire, minutes, ringing, run

pytestmark = pytest.mark.django_db
FIRED = BOUNDARY - minutes(300)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.fixture
def both_on_call(ada, grace):
    """Ada and Grace are on call side by side."""
    schedule = schedules.create_schedule(name="Two", now=MADE)
    turns = Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9))
    for person in (ada, grace):
        schedules.create_rotation(
            schedule=schedule, role="primary", name=person.name, turns=turns, people=[person], now=MADE
        )
    refresh_due(now=BOUNDARY - timedelta(days=2))
    schedule.refresh_from_db()
    return schedule


def take(triage, *, ada, grace, at):
    changes.take(schedule=triage, role="primary", from_person=ada, by=grace, until=BOUNDARY, now=at)


def test_who_takes_the_pager_is_called_also_when_the_press_was_written_down_after_the_step(policy, triage, ada, grace):
    fire(policy, at=FIRED)
    take(triage, ada=ada, grace=grace, at=FIRED - seconds(0.2))

    run(FIRED + seconds(1))

    assert ringing() == {"ada", "grace"}  # Ada until the note is accepted


def test_accepting_the_note_of_such_a_press_leaves_the_new_holder_called(triage, ada, grace, lise):
    fire(make_policy("P", triage, lise, wait_s=900), at=FIRED)
    take(triage, ada=ada, grace=grace, at=FIRED - seconds(0.2))
    run(FIRED + seconds(1))

    handover.accept(handoff=Handoff.objects.get(incoming=grace), by=grace, now=FIRED + seconds(30))
    run(FIRED + seconds(30))

    assert ringing() == {"grace"}


@pytest.mark.parametrize("noted", [False, True])
def test_a_press_while_the_step_is_taken_is_followed_at_once(policy, triage, ada, grace, monkeypatch, noted):
    """It is written down between asking whom to call and noting when to look again, so no edition tells of it."""
    mark = turnover.mark

    def taken_meanwhile(alarm, **others):
        take(triage, ada=ada, grace=grace, at=FIRED)
        if noted:  # then Ada holds the pager too, until the note is accepted
            handover.follow(now=FIRED, limits=limits.at(FIRED))
        monkeypatch.setattr(turnover, "mark", mark)
        mark(alarm, **others)

    monkeypatch.setattr(turnover, "mark", taken_meanwhile)
    fire(policy, at=FIRED)

    assert ringing() == ({"ada", "grace"} if noted else {"grace"})


def test_who_cannot_be_reached_is_named_once_for_a_step_however_often_it_is_looked_at(both_on_call, grace):
    grace.contact_methods.all().delete()
    alarm = fire(make_policy("P", both_on_call), at=FIRED)
    Alarm.objects.update(cover_due=FIRED + minutes(1))

    run(FIRED + minutes(1))

    assert alarm.log.filter(text__startswith="No telephone number and no mail address for Grace").count() == 1


def test_the_last_one_called_goes_off_and_the_policy_goes_on_at_once(both_on_call, ada, grace, lise):
    fire(make_policy("P", both_on_call, lise, wait_s=900), at=FIRED)
    page = Page.objects.get(person=grace)
    paging.end(page=page, state=Page.State.UNREACHABLE, why="No way got through.", now=FIRED + seconds(30))
    engine.hasten(now=FIRED + seconds(31), limits=limits.at(FIRED))  # Ada still rings: it waits for her

    away = FIRED + seconds(60)
    changes.add_absence(person=ada, kind="sick", starts_at=away, ends_at=BOUNDARY, by=ada, now=away)
    run(FIRED + seconds(61))

    assert ringing() == {"lise"}


def test_a_page_that_rings_for_another_alarm_alone_holds_no_policy_up(both_on_call, ada, grace, lise):
    alarm = fire(make_policy("P", both_on_call, lise, wait_s=900), at=FIRED)
    fire(make_policy("Q", ada, wait_s=900), at=FIRED + seconds(5), key="of Ada")
    page = Page.objects.get(person=grace)
    paging.end(page=page, state=Page.State.UNREACHABLE, why="No way got through.", now=FIRED + seconds(30))
    engine.hasten(now=FIRED + seconds(31), limits=limits.at(FIRED))

    away = FIRED + seconds(60)
    changes.add_absence(person=ada, kind="sick", starts_at=away, ends_at=BOUNDARY, by=ada, now=away)
    run(FIRED + seconds(61))

    assert ringing() == {"ada", "lise"}
    assert alarm.links.get(page__person=ada).released


def test_a_boundary_a_hair_before_the_next_step_is_looked_at_first(policy, handoff):
    fire(policy, at=BOUNDARY - minutes(5) + seconds(0.05))

    run(BOUNDARY + seconds(0.1))

    assert ringing() == {"grace", "lise"}


def test_after_an_outage_over_a_boundary_and_a_step_both_are_called(policy, handoff):
    fire(policy, at=BOUNDARY - seconds(30))

    run(BOUNDARY + minutes(20))

    assert ringing() == {"grace", "lise"}


def test_a_look_that_breaks_never_holds_up_the_step_after_it(policy, handoff, monkeypatch):
    fire(policy, at=BOUNDARY - minutes(5) + seconds(0.05))

    def breaks(alarm, **others):
        raise ZeroDivisionError("in a look")

    monkeypatch.setattr(turnover, "look", breaks)
    engine.escalate_due(now=BOUNDARY + seconds(0.1), limits=limits.at(BOUNDARY))

    assert [name for name, _ in called()] == ["ada", "lise"]


def test_who_comes_on_call_with_a_page_that_calls_no_more_is_called_anew(triage, grace):
    """Grace was called by name before; all her ways have been tried, and only the waiting goes on."""
    fired = BOUNDARY - minutes(12)
    fire(make_policy("P", grace, triage, wait_s=600), at=fired)
    page = Page.objects.get(person=grace)
    Page.objects.filter(pk=page.pk).update(next_rung=len(page.ladder))
    run(fired + minutes(10))

    run(BOUNDARY)

    assert called() == [("grace", fired), ("ada", fired + minutes(10)), ("grace", BOUNDARY)]


def test_who_was_called_by_an_earlier_step_for_the_same_schedule_rings_no_more(triage):
    fired = BOUNDARY - minutes(2)
    fire(make_policy("P", triage, triage, triage, wait_s=60), at=fired)
    run(fired + minutes(1))

    run(BOUNDARY)  # the third step fires at the boundary itself

    assert ringing() == {"grace"}


def test_who_was_called_by_an_earlier_step_and_goes_off_within_the_next_rings_no_more(triage):
    fired = BOUNDARY - minutes(3)
    fire(make_policy("P", triage, triage, wait_s=120), at=fired)
    run(fired + minutes(2))

    run(BOUNDARY)

    assert ringing() == {"grace"}


def test_who_was_joined_by_a_later_step_is_not_called_anew_by_a_look(triage, ada, pilot):
    """Their page has ended meanwhile; the present step has called them all the same."""
    fire(make_policy("P", triage, triage, wait_s=120), at=FIRED)
    run(FIRED + minutes(2))
    page = Page.objects.get(person=ada)
    paging.end(page=page, state=Page.State.UNANSWERED, why="Nobody answered.", now=FIRED + minutes(3))
    Alarm.objects.update(cover_due=FIRED + minutes(3.5))

    run(FIRED + minutes(3.5))

    assert called() == [("ada", FIRED)]

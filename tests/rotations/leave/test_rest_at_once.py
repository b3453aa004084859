"""Rests of several people at the same moment, while schedules are being changed: nobody waits for each other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from rotations.changes.models import Absence, Swap
from rotations.leave import services as leave
from rotations.leave.models import Rest
from rotations.leave.rest_keeping import waive
from rotations.schedule.models import Schedule
from tests.rotations.leave.conftest import at
from tests.rotations.leave.resting_cast import NIGHT, kept, make

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def all_at_once(*acts) -> list[object]:
    def run(act) -> object:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_alarms_resolved_at_once_by_people_of_the_same_two_schedules_both_send_to_rest(tell, lise, ada, grace):
    """Each transaction sends two people to rest, whose schedules it meets in the other order."""
    make("One", lise, grace)
    make("Two", ada, lise)
    for person in (lise, ada, grace):
        tell("02:20 page A, 02:25 acknowledge A", person=person)
    both = Barrier(2)

    def resolve(people, subject) -> None:
        both.wait()
        with transaction.atomic():
            leave.lock(people=people)
            for person in people:
                tell(f"04:20 {subject} A", person=person)

    all_at_once(lambda: resolve([lise, ada], "resolve"), lambda: resolve([grace], "resolve"))
    while kept(at("04:21")):
        pass
    assert Rest.objects.filter(withdrawn_at=None, next_due=None).count() == 3
    assert Absence.objects.standing().count() == 3


def test_while_a_schedule_is_being_stored_nobody_waits_and_the_absence_comes_with_the_loop(tell, lise, ada):
    made = make("Data Facility", lise, ada)
    tell("02:20 page A, 02:25 acknowledge A")
    locked, resolved = Event(), Event()

    def store() -> None:
        with transaction.atomic():
            Schedule.objects.select_for_update(no_key=True).get(pk=made.pk)
            locked.set()
            resolved.wait(60)

    def resolve() -> None:
        locked.wait(60)
        tell("04:20 resolve A")  # would wait for ever if it waited for the schedule
        resolved.set()

    all_at_once(store, resolve)
    assert (Rest.objects.count(), Absence.objects.count()) == (1, 0)
    assert kept(at("04:21")) == 1
    assert Absence.objects.standing().count() == 1


def test_looking_after_a_rest_twice_at_once_while_it_is_given_up_leaves_one_truth(tell, lise, ada):
    make("Data Facility", lise, ada)
    tell(NIGHT)
    rest = Rest.objects.get()
    all_at_once(
        lambda: kept(at("04:21")),
        lambda: kept(at("04:21")),
        lambda: waive(rest=rest, by=lise, reason="A review.", now=at("04:21")),
        lambda: leave.settle(person=lise, now=at("04:21")),
    )
    while kept(at("04:25")):
        pass
    assert not Absence.objects.standing().exists()
    assert not Swap.objects.open().exists()
    assert Rest.objects.get().waived_by == lise

"""Of two who accept at the same moment one has it and the other is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from rotations.changes import refusals, services, swaps
from rotations.changes.models import Override, Swap
from tests.rotations.changes.conftest import EVENING, NIGHT, accept
from tests.rotations.conftest import NOW


def all_at_once(*acts) -> list[object]:
    """Do these at the same moment, and return what each answered or raised."""

    def run(act) -> object:
        try:
            return act()
        except refusals.Refused as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_who_accept_at_once_one_has_it_and_the_other_is_told_who(ask, grace, lise):
    """F48"""
    swap = ask()
    answers = all_at_once(lambda: accept(swap, grace), lambda: accept(swap, lise))
    (won,) = [one for one in answers if isinstance(one, Swap)]
    (lost,) = [one for one in answers if isinstance(one, refusals.Answered)]
    assert str(lost) == f"{won.accepted_by.name} took this at 03:10 UTC."
    assert list(Override.objects.values_list("person", flat=True)) == [won.accepted_by_id]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_accepted_and_withdrawn_at_once_is_one_of_the_two(ask, ada, grace):
    swap = ask()
    answers = all_at_once(lambda: accept(swap, grace), lambda: swaps.withdraw(swap=swap, by=ada, now=NOW))
    assert sum(isinstance(one, refusals.Answered) for one in answers) == 1
    swap.refresh_from_db()
    assert (swap.state, Override.objects.count()) in {("accepted", 1), ("withdrawn", 0)}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_pager_is_taken_by_one_of_two(schedule, ada, grace, lise):
    about = {"schedule": schedule, "role": "primary", "from_person": ada, "until": NIGHT, "now": NOW}
    answers = all_at_once(lambda: services.take(**about, by=grace), lambda: services.take(**about, by=lise))
    assert sum(isinstance(one, refusals.Answered) for one in answers) == 1
    assert Override.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_absences_of_one_person_at_once_are_one(schedule, ada):
    about = {"person": ada, "kind": "leave", "starts_at": EVENING, "ends_at": NIGHT, "by": ada, "now": NOW}
    answers = all_at_once(*[lambda: services.add_absence(**about)] * 2)
    assert sum(isinstance(one, refusals.Overlap) for one in answers) == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_absence_and_an_override_at_once_do_not_wait_for_each_other_for_ever(schedule, ada, grace):
    about: dict[str, Any] = {"starts_at": EVENING, "ends_at": NIGHT, "now": NOW}
    answers = all_at_once(
        lambda: services.add_absence(person=ada, kind="leave", by=ada, **about),
        lambda: services.override(schedule=schedule, role="primary", person=grace, reason="", by=grace, **about),
        lambda: services.add_absence(
            person=grace, kind="leave", by=grace, starts_at=NIGHT, ends_at=NIGHT + timedelta(hours=1), now=NOW
        ),
    )
    assert not [one for one in answers if isinstance(one, Exception)]

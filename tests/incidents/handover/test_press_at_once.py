"""Somebody presses "take the pager" while the step fires: the press has read the time, and is not committed yet."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connections, transaction

from oncall.paging.models import Page
from rotations.changes import services as changes
from tests.incidents.handover.conftest import BOUNDARY, fire, minutes, ringing, run

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PRESSED = BOUNDARY - minutes(300)
FIRED = PRESSED + timedelta(milliseconds=200)


def test_a_press_that_commits_just_after_the_step_is_followed(policy, triage, ada, grace):
    pressed, stepped = Event(), Event()

    def press():
        try:
            with transaction.atomic():
                changes.take(schedule=triage, role="primary", from_person=ada, by=grace, until=BOUNDARY, now=PRESSED)
                pressed.set()
                assert stepped.wait(30)
        finally:
            connections.close_all()

    presses = Thread(target=press)
    presses.start()
    assert pressed.wait(30)
    fire(policy, at=FIRED)
    assert ringing() == {"ada"}
    stepped.set()
    presses.join(30)

    run(FIRED + timedelta(seconds=1))

    assert Page.objects.calling().filter(person=grace).exists()

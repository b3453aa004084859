"""Two loops find the same boundary at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from incidents.alarms import engine
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.coverage import handing
from rotations.coverage.models import Handoff
from tests.incidents.handover.conftest import BOUNDARY, fire, minutes

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def both(verb):
    """Let two loops do it at once; return what each says."""
    start = Barrier(2, timeout=30)

    def loop():
        try:
            in_force = limits.at(BOUNDARY)
            start.wait()
            return verb(in_force)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as loops:
        return [one.result() for one in [loops.submit(loop), loops.submit(loop)]]


def test_two_loops_at_once_make_one_handoff(triage):
    made = both(lambda in_force: handing.open_due(now=BOUNDARY, limits=in_force))

    assert sum(made) == 1
    assert Handoff.objects.count() == 1


def test_two_loops_at_once_page_the_incoming_person_once(policy):
    fire(policy, at=BOUNDARY - minutes(2))

    both(lambda in_force: engine.escalate_due(now=BOUNDARY, limits=in_force))

    assert sorted(Page.objects.values_list("person__username", flat=True)) == ["ada", "grace"]

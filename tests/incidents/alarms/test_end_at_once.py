"""Two transactions at the same moment; in a file of its own, because such tests empty the tables behind them."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE
from oncall.limits import queries as limits
from oncall.paging.models import Page
from tests.conftest import NOW

LATER = NOW + timedelta(minutes=1)


def fire(policy, key, now=NOW):
    firing = services.Firing(title=key, severity=2, source_id=PEOPLE, source="test", key=key)
    alarm = services.fire(firing=firing, policy=policy, now=now)
    engine.escalate_due(now=now, limits=limits.at(now))
    return alarm


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_shared_page_ends_when_both_its_alarms_end_at_the_same_moment(policy, ada):
    """One is resolved while the other is acknowledged: each waits for the page before asking who still needs it."""
    alarm, other = fire(policy, "a"), fire(policy, "b", now=NOW + timedelta(seconds=10))
    first_is_in = threading.Event()
    second_may_end = threading.Event()

    def resolve_first():
        with transaction.atomic():
            services.resolve(alarm=alarm, now=LATER)
            first_is_in.set()
            second_may_end.wait(1)
        connection.close()

    thread = threading.Thread(target=resolve_first)
    thread.start()
    first_is_in.wait(10)
    work.acknowledge(alarm=other, by=ada, now=LATER)
    second_may_end.set()
    thread.join()

    assert Page.objects.get().state != "calling"

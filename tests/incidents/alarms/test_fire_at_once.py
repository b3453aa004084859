"""Two senders say the same at the same moment."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import Queue

import pytest
from django.db import connection, connections, transaction

from incidents.alarms import services
from incidents.alarms.models import PEOPLE, Alarm
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LATER = NOW + timedelta(minutes=16)  # too late to reopen


def fire(policy, now):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=now)


def wait_until_blocked(pid: int) -> None:
    """Return once that connection waits for ours. It has no other way to go, so this ends."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)


@pytest.mark.parametrize("resolved_before", [False, True])
def test_two_who_fire_one_key_at_once_raise_one_alarm_that_counts_both(policy, resolved_before):
    if resolved_before:
        services.resolve(alarm=fire(policy, NOW), now=NOW)
    pids: Queue[int] = Queue()

    def other() -> Alarm:
        try:
            connection.ensure_connection()
            pids.put(connection.connection.info.backend_pid)
            return fire(policy, LATER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as aside:
        with transaction.atomic():
            mine = fire(policy, LATER)
            theirs = aside.submit(other)
            wait_until_blocked(pids.get())
        assert theirs.result().pk == mine.pk

    assert Alarm.objects.open().get().count == 2


def test_a_key_longer_than_its_column_is_still_one_alarm_when_it_gets_worse(policy):
    def say(severity: int) -> Alarm:
        firing = services.Firing(title="Dome", severity=severity, source_id=PEOPLE, source="test", key="k" * 201)
        return services.fire(firing=firing, policy=policy, now=NOW)

    first, again = say(3), say(1)

    assert first.pk == again.pk
    assert (again.cycle, again.severity, again.count) == (2, 1, 2)

"""Two who do the same at the same moment, in two connections: one wins, the other is told, nobody waits in vain."""

import time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from django.db import connection, connections, transaction

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, LogEntry
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging import services as paging
from oncall.paging.models import Page
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PATIENCE_MS = 3000  # of a claim that ought not to wait for anybody


def raised(policy, key="k"):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key=key)
    return services.fire(firing=firing, policy=policy, now=NOW)


def wait_until_blocked(pid):
    """Return once that connection waits for ours. It has no other way to go, so this ends."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)


def beside(act, pids=None):
    """Do it in another connection, which is gone afterwards; one that waits for a lock there gives up."""

    def done():
        try:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {0 if pids else PATIENCE_MS}")
            if pids:
                pids.put(connection.connection.info.backend_pid)
            return act()
        finally:
            connections.close_all()

    return done


@pytest.mark.parametrize("first", ["acknowledges", "resolves"])
def test_who_presses_while_another_press_is_being_written_is_told_about_it(policy, ada, grace, first):
    """F41: the row is read anew after the wait, and so is who has it."""
    alarm, pids = raised(policy), Queue[int]()
    verb = {"acknowledges": work.acknowledge, "resolves": services.resolve}[first]
    told = {"acknowledges": work.AlreadyAcknowledged, "resolves": services.AlreadyResolved}[first]
    with ThreadPoolExecutor(1) as aside:
        with transaction.atomic():
            verb(alarm=alarm, by=ada, now=NOW)
            second = aside.submit(beside(lambda: work.acknowledge(alarm=alarm, by=grace, now=NOW), pids))
            wait_until_blocked(pids.get())
        with pytest.raises(told):
            second.result()

    alarm.refresh_from_db()
    acknowledged = LogEntry.objects.filter(alarm=alarm, kind="acknowledged")
    assert [line.person.username for line in acknowledged] == (["ada"] if first == "acknowledges" else [])


def test_a_page_that_another_loop_is_taking_is_passed_over_and_the_next_is_taken(ada):
    """Whoever comes takes what nobody has (docs/paging.md 0)."""
    edsger = make_person("Edsger Lang", "+14155550105")
    for person in (ada, edsger):
        paging.page(
            key=f"test:{person.pk}", person=person, severity=1, title="Fault", text="", url="", answer_path="/", now=NOW
        )

    def claim():
        return [attempt.page_id for attempt, _ in claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=10)]

    with ThreadPoolExecutor(1) as aside, transaction.atomic():
        held = Page.objects.select_for_update().get(person=ada)
        taken = aside.submit(beside(claim)).result()
        assert taken == [Page.objects.exclude(pk=held.pk).get().pk]


def test_an_alarm_that_another_loop_is_stepping_is_passed_over_and_the_next_takes_its_step(policy, ada):
    first, second = raised(policy, key="first"), raised(policy, key="second")

    def step():
        return engine.escalate_due(now=NOW, limits=limits.at(NOW))

    with ThreadPoolExecutor(1) as aside, transaction.atomic():
        type(first).objects.select_for_update().get(pk=first.pk)
        assert aside.submit(beside(step)).result() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.stepped_at, second.stepped_at) == (None, NOW)

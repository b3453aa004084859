"""Two people press at the same moment."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import Queue

import pytest
from django.db import connection, connections, transaction

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE, Alarm
from incidents.command import assigning, queries, services, watch
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import COMMAND, Incident, IncidentAlarm
from oncall.limits import queries as limits
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def both(mine, theirs):
    """Do `mine`, and while it is not committed let `theirs` begin. Returns what each returned, or raised."""
    pids: Queue[int] = Queue()

    def other():
        try:
            connection.ensure_connection()
            pids.put(connection.connection.info.backend_pid)
            return theirs()
        except services.Refused as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as aside:
        with transaction.atomic():
            first = mine()
            waiting = aside.submit(other)
            pid = pids.get()
            with connection.cursor() as cursor:
                while not waiting.done():
                    cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
                    if cursor.fetchone()[0]:
                        break
                    time.sleep(0.01)
        return first, waiting.result()


@pytest.fixture
def alarm(policy):
    firing = alarms.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    return alarms.fire(firing=firing, policy=policy, now=NOW)


def test_two_who_declare_over_one_alarm_declare_one_incident(alarm, ada, grace):
    mine, theirs = both(
        lambda: services.declare(title="One", severity=2, by=ada, alarms=[alarm], now=NOW),
        lambda: services.declare(title="Two", severity=2, by=grace, alarms=[alarm], now=NOW),
    )

    assert mine == theirs
    assert Incident.objects.count() == 1


def test_two_who_declare_over_nothing_get_two_numbers(ada, grace):
    mine, theirs = both(
        lambda: services.declare(title="One", severity=3, by=ada, now=NOW),
        lambda: services.declare(title="Two", severity=3, by=grace, now=NOW),
    )

    assert (mine.number, theirs.number) == (1, 2)


def test_of_two_who_take_command_one_has_it(ada, grace):
    incident = services.declare(title="One", severity=2, by=ada, now=NOW)

    _, theirs = both(
        lambda: assigning.take(incident=incident, role="commander", by=ada, now=NOW),
        lambda: assigning.take(incident=incident, role="commander", by=grace, now=NOW),
    )

    assert isinstance(theirs, services.Refused)
    assert [one.person for one in queries.roles_now(incident)] == [ada]


def test_of_two_incidents_that_take_an_alarm_one_has_it(alarm, ada, grace):
    one, two = (services.declare(title=title, severity=3, by=ada, now=NOW) for title in ("One", "Two"))

    _, theirs = both(
        lambda: services.attach(incident=one, alarm=alarm, by=ada, now=NOW),
        lambda: services.attach(incident=two, alarm=alarm, by=grace, now=NOW),
    )

    assert isinstance(theirs, services.Refused)
    assert IncidentAlarm.objects.get(alarm=alarm).incident == one


def test_two_who_write_at_once_leave_no_hole(ada, grace):
    incident = services.declare(title="One", severity=3, by=ada, now=NOW)

    both(
        lambda: services.say(incident=incident, kind="note", text="a", by=ada, now=NOW),
        lambda: services.say(incident=incident, kind="note", text="b", by=grace, now=NOW),
    )

    assert [(row.nth, row.text) for row in incident.entries.filter(kind="note")] == [(2, "a"), (3, "b")]


def test_two_loops_call_for_one_commander_once(policy, ada):
    services.declare(title="One", severity=2, by=ada, now=NOW)
    later, in_force = NOW + timedelta(minutes=2), limits.at(NOW)

    both(
        lambda: watch.keep(now=later, limits=in_force),
        lambda: watch.keep(now=later, limits=in_force),
    )

    assert Alarm.objects.filter(source_id=COMMAND).count() == 1


def test_two_merged_into_each_other_at_once_end_as_one(ada, grace):
    one, two = (services.declare(title=title, severity=3, by=ada, now=NOW) for title in ("One", "Two"))

    def second():
        try:
            return services.move(incident=two, move="merge", into=one, by=grace, now=NOW)
        except NotAllowed as error:
            return error

    _, theirs = both(lambda: services.move(incident=one, move="merge", into=two, by=ada, now=NOW), second)

    assert isinstance(theirs, NotAllowed)
    assert list(Incident.objects.live()) == [two]

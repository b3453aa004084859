"""States that must not exist are refused by PostgreSQL itself, whoever writes: raw SQL, past every service."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from incidents.alarms import engine, services, snoozing, work
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from oncall.limits import queries as limits
from oncall.paging.models import Attempt, Callback, Page
from tests.conftest import NOW
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def alarm(policy):
    """Firing, with a page whose text is with the provider and one report of it."""
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    made = services.fire(firing=firing, policy=policy, now=NOW)
    page_out()
    attempt = Attempt.objects.get()
    Callback.objects.create(attempt=attempt, sid=attempt.sid, status="sent", received_at=NOW)
    return made


def refused(sql, *values) -> str:
    """Return the words with which the database refuses it."""
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return str(error.value)


FIRING = {
    "an alarm in no known state": ("state = 'gone'", "alarm_acknowledged_has_holder"),
    "a severity of 0": ("severity = 0", "alarm_severity_1_to_5"),
    "a severity of 6": ("severity = 6", "alarm_severity_1_to_5"),
    "open without a due time": ("next_due = NULL", "alarm_open_has_next_due"),
    "open and resolved at an instant": ("resolved_at = fired_at", "alarm_open_has_next_due"),
    "resolved with a due time": ("state = 'resolved', resolved_at = fired_at", "alarm_open_has_next_due"),
    "resolved at no instant": ("state = 'resolved', next_due = NULL", "alarm_open_has_next_due"),
    "acknowledged by nobody": ("state = 'acknowledged', acknowledged_at = fired_at", "alarm_acknowledged_has_holder"),
    "firing and with somebody": (
        "acknowledged_at = fired_at, acknowledged_by_id = (SELECT id FROM people_person LIMIT 1)",
        "alarm_acknowledged_has_holder",
    ),
    "firing and snoozed": ("snoozed_until = next_due", "alarm_snoozed_is_acknowledged_until_then"),
    "cycle 0": ("cycle = 0", "alarm_cycle_is_a_change"),
    "more cycles than changes": ("cycle = version + 1", "alarm_cycle_is_a_change"),
    "a count of nothing": ("count = 0", "alarm_cycle_is_a_change"),
    "a look at who is on call for no schedule": (
        "cover_edition = NULL, cover_due = fired_at",
        "alarm_watches_cover_while_firing",
    ),
}


@pytest.mark.parametrize(("change", "name"), FIRING.values(), ids=list(FIRING))
def test_a_firing_alarm_cannot_become(alarm, change, name):
    assert f'"{name}"' in refused(f"UPDATE alarms_alarm SET {change}")


ACKNOWLEDGED = {
    "snoozed until another instant than it is due": (
        "snoozed_until = next_due + interval '1 hour'",
        "alarm_snoozed_is_acknowledged_until_then",
    ),
    "watching who is on call": ("cover_edition = 1", "alarm_watches_cover_while_firing"),
    "with nobody": ("acknowledged_by_id = NULL", "alarm_acknowledged_has_holder"),
    "resolved before it was acknowledged": (
        "state = 'resolved', next_due = NULL, resolved_at = acknowledged_at - interval '1 second'",
        "alarm_acknowledged_before_resolved",
    ),
}


@pytest.mark.parametrize(("change", "name"), ACKNOWLEDGED.values(), ids=list(ACKNOWLEDGED))
def test_an_acknowledged_alarm_cannot_become(alarm, ada, change, name):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    assert f'"{name}"' in refused(f"UPDATE alarms_alarm SET {change}")


def test_two_alarms_are_not_open_under_one_key(alarm):
    copy = Alarm.objects.get()
    copy.pk = uuid.uuid4()

    with pytest.raises(IntegrityError, match="one_open_alarm_per_key"), transaction.atomic():
        copy.save(force_insert=True)


@pytest.mark.parametrize(
    ("change", "name"),
    [("step = -4", "link_step_known"), ("cycle = 0", "link_of_a_cycle"), ("edition = 0", "link_of_a_cycle")],
)
def test_a_page_is_linked_for_something(alarm, change, name):
    assert f'"{name}"' in refused(f"UPDATE alarms_alarmpage SET {change}")


def test_a_page_is_linked_once_to_a_cycle(alarm):
    sql = (
        "INSERT INTO alarms_alarmpage"
        " (alarm_id, cycle, step, page_id, why, because, linked_at, edition, released, hastened)"
        " SELECT alarm_id, cycle, step, page_id, why, because, linked_at, edition, released, hastened"
        " FROM alarms_alarmpage"
    )

    assert "one_link_each" in refused(sql)


@pytest.mark.parametrize("sql", ["UPDATE alarms_logentry SET text = 'nothing happened'", "DELETE FROM alarms_logentry"])
def test_what_happened_is_never_changed_or_removed(alarm, sql):
    assert "alarms_logentry is append-only" in refused(sql)


@pytest.mark.parametrize("sql", ["UPDATE paging_callback SET status = 'delivered'", "DELETE FROM paging_callback"])
def test_what_a_provider_reported_is_never_changed_or_removed(alarm, sql):
    assert "paging_callback is append-only" in refused(sql)


def test_a_change_of_state_has_one_line(alarm, ada):
    """I7: of two who acknowledge one cycle, one line carries the version."""
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    sql = (
        "INSERT INTO alarms_logentry (alarm_id, cycle, version, at, kind, person_id, text)"
        " SELECT alarm_id, cycle, version, at, kind, person_id, 'me too' FROM alarms_logentry WHERE version = 2"
    )

    assert "one_line_per_version" in refused(sql)


def test_each_change_of_state_is_the_next_version_and_has_its_line(alarm, ada, grace):
    """I7, over everything that can happen to an alarm."""
    later = NOW + timedelta(minutes=1)
    work.acknowledge(alarm=alarm, by=ada, now=later)
    work.acknowledge(alarm=alarm, by=ada, now=later)  # renewed: no change
    work.join(alarm=alarm, by=grace, now=later)  # no change
    work.take_over(alarm=alarm, by=grace, now=later)
    snoozing.snooze(alarm=alarm, by=grace, until=later + timedelta(minutes=5), now=later)
    engine.escalate_due(now=later + timedelta(minutes=5), limits=limits.at(NOW))  # the snooze is over
    work.reassign(alarm=alarm, to=ada, by=grace, now=later + timedelta(minutes=6))
    work.escalate(alarm=alarm, by=ada, now=later + timedelta(minutes=7))
    work.acknowledge(alarm=alarm, by=ada, now=later + timedelta(minutes=8))
    engine.escalate_due(now=later + timedelta(hours=2), limits=limits.at(NOW))  # lapsed
    services.resolve(alarm=alarm, now=later + timedelta(hours=3))

    kinds = list(LogEntry.objects.filter(version__isnull=False).order_by("version").values_list("version", "kind"))
    assert kinds == [
        (1, "fired"), (2, "acknowledged"), (3, "reassigned"), (4, "snoozed"), (5, "woke"), (6, "reassigned"),
        (7, "escalated"), (8, "acknowledged"), (9, "lapsed"), (10, "resolved"),
    ]  # fmt: skip
    assert Alarm.objects.get().version == 10


PAGES = {
    "in no known state": ("state = 'gone', next_due = NULL, ended_at = created_at", "page_state_known"),
    "calling without a due time": ("next_due = NULL", "page_calling_has_next_due"),
    "ended with a due time": ("state = 'answered', ended_at = created_at", "page_calling_has_next_due"),
    "a severity of 9": ("severity = 9", "page_severity_1_to_5"),
}


@pytest.mark.parametrize(("change", "name"), PAGES.values(), ids=list(PAGES))
def test_a_page_cannot_become(alarm, change, name):
    assert f'"{name}"' in refused(f"UPDATE paging_page SET {change}")


ATTEMPTS = {
    "accepted without the provider's id": ("sid = ''", "attempt_accepted_has_sid"),
    "finished and still looked at": ("state = 'finished'", "attempt_settled_or_looked_at"),
    "unsettled and never looked at": ("look_at = NULL", "attempt_settled_or_looked_at"),
    "of nothing": ("page_id = NULL", "attempt_of_page_or_notice"),
}


@pytest.mark.parametrize(("change", "name"), ATTEMPTS.values(), ids=list(ATTEMPTS))
def test_an_attempt_cannot_become(alarm, change, name):
    assert f'"{name}"' in refused(f"UPDATE paging_attempt SET {change}")


def test_a_page_and_its_code_are_there_once(alarm):
    page = Page.objects.get()
    page.pk = uuid.uuid4()
    page.key = "another"

    with pytest.raises(IntegrityError, match="one_reference_per_person"), transaction.atomic():
        page.save(force_insert=True)

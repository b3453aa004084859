"""An alarm of low urgency at night: its person sleeps, the log says why, and the policy goes on to the next."""

from datetime import UTC, datetime, time, timedelta

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from oncall.limits import queries as limits
from oncall.paging import contacts
from oncall.paging.models import Page
from tests.conftest import make_policy

pytestmark = pytest.mark.django_db
THREE = datetime(2027, 1, 16, 11, 0, tzinfo=UTC)  # 03:00 in California
SEVEN = datetime(2027, 1, 16, 15, 0, tzinfo=UTC)


@pytest.fixture
def alarm(ada, grace) -> Alarm:
    contacts.set_quiet_hours(person=ada, starts=time(22), ends=time(7))
    return fire(3, make_policy("Night", ada, grace, wait_s=300, is_default=True))


def fire(severity: int, policy, at: datetime = THREE) -> Alarm:
    firing = services.Firing(title="Disk", severity=severity, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=at)


def step(at: datetime) -> None:
    engine.escalate_due(now=at, limits=limits.at(at))


def test_the_log_says_until_when_the_page_is_quiet(alarm):
    step(THREE)
    assert LogEntry.objects.get(kind=LogEntry.Kind.PAGED).text == (
        "Paging Ada Moreno: named in the policy. "
        "Low urgency in quiet hours: calls and texts wait until 07:00 in Los Angeles."
    )


def test_the_policy_goes_on_while_somebody_sleeps(alarm):
    step(THREE)
    step(THREE + timedelta(minutes=5))
    due = dict(Page.objects.values_list("person__username", "next_due"))
    assert due == {"ada": SEVEN, "grace": THREE + timedelta(minutes=5)}


def test_an_alarm_that_gets_worse_wakes_who_slept(alarm):
    step(THREE)
    fire(1, alarm.policy, at=THREE + timedelta(minutes=1))
    step(THREE + timedelta(minutes=1))
    [page] = Page.objects.calling()
    assert (page.person.username, page.urgency, page.next_due) == ("ada", "high", THREE + timedelta(minutes=1))

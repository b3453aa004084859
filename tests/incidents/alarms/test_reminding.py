"""Whoever has an alarm is reminded before it calls everybody anew, and keeps it by one press or one text."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, reminding, services, snoozing, work
from incidents.alarms.models import PEOPLE
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.paging.models import Notice, Page
from tests.conftest import NOW
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def remind(now):
    return reminding.remind_due(now=now, limits=limits.at(now))


@pytest.fixture
def alarm(policy, ada):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    made = services.fire(firing=firing, policy=policy, now=NOW)
    page_out()
    work.acknowledge(alarm=made, by=ada, now=NOW)
    return made


def test_ten_minutes_before_the_lapse_the_holder_is_told_once(alarm, ada):
    assert [remind(after(49)), remind(after(50)), remind(after(51))] == [0, 1, 0]

    notice = Notice.objects.get()
    code = Page.objects.get().reference
    assert notice.person == ada
    assert notice.text.startswith(f"You have “No alerts”. In 10 min it calls everybody anew. Reply {code} A to keep it")
    assert alarm.path in notice.text


def test_who_renews_it_is_reminded_of_the_next_lapse(alarm, ada):
    remind(after(50))
    work.acknowledge(alarm=alarm, by=ada, now=after(55))

    assert [remind(after(60)), remind(after(105))] == [0, 1]


def test_without_a_text_of_its_own_only_the_address_is_given(policy, grace):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    work.acknowledge(alarm=alarm, by=grace, now=NOW)
    remind(after(50))

    assert "Press there to keep it: " in Notice.objects.get().text


def test_a_snooze_is_not_reminded_of(alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=after(30), now=after(1))

    assert remind(after(25)) == 0


def test_what_fires_reminds_nobody(alarm, ada):
    work.escalate(alarm=alarm, by=ada, now=after(1))

    assert remind(after(1)) == 0


def test_a_short_acknowledgement_is_reminded_of_half_way(alarm, ada):
    Limit.objects.filter(name="acknowledgement_lapse_s").update(value=600)
    work.acknowledge(alarm=alarm, by=ada, now=after(1))

    assert [remind(after(5)), remind(after(6))] == [0, 1]


def test_without_news_it_lapses_all_the_same(alarm):
    remind(after(50))
    engine.escalate_due(now=after(60), limits=limits.at(NOW))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle) == ("firing", 2)

"""What happens to an alarm is told to webhooks, in the transaction in which it happens."""

from datetime import timedelta

import pytest
from django.db import transaction

from incidents.alarms import engine, services, work
from incidents.alarms.announcing import announce
from incidents.alarms.models import ITSELF, PEOPLE
from oncall.limits import queries as limits
from oncall.outside import services as webhooks
from oncall.outside.models import Delivery, Event, Posting
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhook(pilot):
    return webhooks.add(name="x", url="https://hooks.example.org/x", events=Event.values, by=pilot, now=NOW)[0]


@pytest.fixture
def alarm(webhook, policy):
    return fire(policy)


def fire(policy, now=NOW):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=now)


def heard() -> list[str]:
    return [one.event for one in Delivery.objects.order_by("created_at")]


def test_it_hears_what_happens_in_order(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(seconds=1))
    work.escalate(alarm=alarm, by=ada, now=NOW + timedelta(seconds=2))
    services.resolve(alarm=alarm, by=grace, now=NOW + timedelta(seconds=3))

    assert heard() == ["alarm.fired", "alarm.acknowledged", "alarm.escalated", "alarm.resolved"]


def test_the_first_step_is_no_escalation_and_the_second_is(alarm):
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    assert heard() == ["alarm.fired"]

    later = NOW + timedelta(minutes=5)
    engine.escalate_due(now=later, limits=limits.at(later))

    assert heard() == ["alarm.fired", "alarm.escalated"]


def test_it_says_how_the_alarm_stands_and_who_has_it(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(seconds=1))

    data = Delivery.objects.get(event="alarm.acknowledged").payload["data"]
    assert (data["title"], data["state"], data["acknowledged_by"]) == ("No alerts", "acknowledged", "Ada Moreno")
    assert "+14155550101" not in str(data)


def test_an_alarm_that_comes_back_fires_anew(alarm, policy):
    services.resolve(alarm=alarm, now=NOW + timedelta(seconds=1))
    fire(policy, now=NOW + timedelta(seconds=2))

    assert heard() == ["alarm.fired", "alarm.resolved", "alarm.fired"]
    assert [one.payload["data"]["cycle"] for one in Delivery.objects.order_by("created_at")] == [1, 1, 2]


def test_a_note_is_nobody_elses_business(alarm, ada):
    work.note(alarm=alarm, by=ada, text="The disk of db-3.", now=NOW)

    assert heard() == ["alarm.fired"]


def test_what_did_not_happen_is_not_told(alarm, ada):
    with pytest.raises(RuntimeError), transaction.atomic():
        work.acknowledge(alarm=alarm, by=ada, now=NOW)
        raise RuntimeError

    assert heard() == ["alarm.fired"]


def test_with_no_webhook_nothing_is_written(policy):
    fire(policy)

    assert not Delivery.objects.exists()


def test_without_webhooks_an_alarm_costs_one_statement_more(policy, django_assert_num_queries):
    alarm = fire(policy)
    entry = alarm.log.get()

    with django_assert_num_queries(1):
        announce(alarm, entry)


@pytest.mark.parametrize("key", ["webhook:7", "posting:C0ALARMS"])
def test_an_alarm_about_webhooks_or_channels_goes_by_none_of_them(webhook, policy, settings, key):
    settings.SLACK, settings.SLACK_CHANNEL = True, "C0ALARMS"
    firing = services.Firing(title="Not told", severity=3, source_id=ITSELF, source="oncall itself", key=key)

    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    services.resolve(alarm=alarm, now=NOW + timedelta(seconds=1))

    assert (heard(), Posting.objects.count()) == ([], 0)


def test_a_source_may_call_its_own_things_webhook_and_is_told_of(webhook, policy):
    firing = services.Firing(title="Theirs", severity=3, source_id=PEOPLE, source="test", key="webhook:7")

    services.fire(firing=firing, policy=policy, now=NOW)

    assert heard() == ["alarm.fired"]

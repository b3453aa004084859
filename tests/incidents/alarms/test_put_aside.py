"""Troubles of our own that a human has resolved, and those that only their owner need hear of."""

from datetime import timedelta

import pytest

from incidents.alarms import services, watch
from incidents.alarms.models import Alarm
from oncall.paging import services as paging
from oncall.paging.models import ContactMethod, Notice
from oncall.troubles import services as troubles
from tests.conftest import NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def seen(kind: str, at) -> str:
    """The trouble is seen, and the loop looks; return how its newest alarm stands."""
    troubles.raise_trouble(kind=kind, key="it", text="It does not work.", now=at)
    watch.watch(now=at)
    return Alarm.objects.latest("fired_at").state


@pytest.mark.parametrize(
    ("kind", "after", "state"),
    [
        ("webhook", 3 * HOUR, "resolved"),
        ("webhook", 4 * HOUR, "firing"),
        ("account", 14 * MINUTE, "resolved"),
        ("account", 15 * MINUTE, "firing"),
        ("rejected", 14 * MINUTE, "resolved"),
        ("rejected", 15 * MINUTE, "firing"),
        ("quiet", 15 * MINUTE, "firing"),
        ("latency", 15 * MINUTE, "firing"),
    ],
)
def test_what_a_human_resolved_is_put_aside_however_often_it_is_seen(policy, ada, kind, after, state):
    seen(kind, NOW)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW + MINUTE)

    assert seen(kind, NOW + 2 * MINUTE) == "resolved"
    assert seen(kind, NOW + MINUTE + after) == state


def test_a_trouble_that_was_over_and_came_back_is_another(policy, ada):
    seen("webhook", NOW)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW + MINUTE)
    troubles.clear_trouble(kind="webhook", key="it", now=NOW + 2 * MINUTE)

    assert seen("webhook", NOW + 3 * MINUTE) == "firing"


@pytest.mark.parametrize(("proved", "alarms", "told"), [(NOW, 0, 1), (None, 1, 0)])
def test_a_lost_mail_address_is_for_its_owner_alone_where_another_proved_way_is_left(policy, ada, proved, alarms, told):
    ContactMethod.objects.filter(person=ada).update(verified_at=proved)
    mail = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    paging.disable_contact(contact=mail, reason="The mailbox is gone.", now=NOW)

    watch.watch(now=NOW)
    watch.watch(now=NOW + MINUTE)

    assert (Alarm.objects.count(), Notice.objects.filter(key__startswith="contact:").count()) == (alarms, told)

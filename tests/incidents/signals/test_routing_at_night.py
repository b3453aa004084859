"""Only Real Time calls at night (R30): the rest is held until its owner's working hours, and called then, once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents.alarms import holding
from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE, Alarm, Held, Silence
from incidents.signals import route_services, services
from incidents.signals.models import Source
from incidents.signals.routes import Route
from oncall.catalogue.models import Product
from oncall.catalogue.services import import_table
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MORNING = datetime(2027, 3, 23, 16, tzinfo=UTC)  # 09:00 in California; NOW is 20:10 the evening before


@pytest.fixture
def source(policy):
    import_table(text="path,tier\nDM,operational\nDM/AP,real_time\nDM/Forum,\n", now=NOW)
    return services.create_source(name="Scripts", kind="json", policy=policy, severity=3, now=NOW)[0]


def send(source: Source, *, now: datetime = NOW, **said) -> list[Alarm]:
    body = json.dumps({"title": "It is slow", "key": "k", "severity": 2} | said).encode()
    receipt = services.receive(source=Source.objects.get(pk=source.pk), body=body, now=now)
    return list(Alarm.objects.filter(pk__in=receipt.alarms))


def test_what_can_wait_calls_nobody_at_night_and_once_in_the_morning(source):
    assert send(source, product="DM/Forum") == []
    send(source, product="DM/Forum", now=NOW + timedelta(minutes=5))
    held = Held.objects.get()
    assert (held.why, held.until, held.count) == ("waits_for_hours", MORNING, 2)
    assert held.text == "Operational tier: waits for working hours (Monday to Friday 09:00-17:00 Pacific)."

    holding.release_due(now=MORNING - timedelta(seconds=1))
    assert Alarm.objects.count() == 0
    holding.release_due(now=MORNING)
    holding.release_due(now=MORNING + timedelta(seconds=1))

    assert Alarm.objects.get().product == "DM/Forum"


def test_what_is_over_before_the_morning_never_calls(source):
    send(source, product="DM/Forum")
    send(source, product="DM/Forum", status="resolved", now=NOW + timedelta(hours=1))

    holding.release_due(now=MORNING)

    assert Alarm.objects.count() == 0


@pytest.mark.parametrize("product", ["DM/AP", "", "Nobody knows this"])
def test_real_time_and_what_nobody_placed_calls_at_once(source, product):
    assert [alarm.product for alarm in send(source, product=product)] == [product]


def test_what_can_wait_calls_at_once_in_working_hours(source):
    assert len(send(source, product="DM/Forum", now=MORNING + timedelta(hours=1))) == 1


def test_a_route_lets_one_thing_of_a_product_call_at_night(source):
    urgent = [{"label": "title", "op": "=~", "value": "*security*"}]
    route_services.save_route(route=Route(source=source, name="Security", matchers=urgent, tier="real_time"))

    assert send(source, product="DM/Forum", key="a") == []
    assert len(send(source, product="DM/Forum", key="b", title="A security hole")) == 1


def test_a_route_gives_the_alarm_its_product_severity_stage_and_playbook(source):
    product = Product.objects.get(path="DM/AP")
    route_services.save_route(
        route=Route(source=source, name="All", product=product, severity=1, stage="broker", playbook="P4")
    )

    (alarm,) = send(source)

    assert (alarm.product, alarm.severity, alarm.stage, alarm.playbook) == ("DM/AP", 1, "broker", "P4")


def test_what_a_person_raises_never_waits(source, policy):
    firing = alarms.Firing(title="Help", severity=4, source_id=PEOPLE, source="Ada", product="DM/Forum")

    assert alarms.fire(firing=firing, policy=policy, now=NOW).state == Alarm.State.FIRING


def test_what_a_silence_held_by_day_and_ends_at_night_waits_for_the_morning(source, pilot):
    day = NOW - timedelta(hours=5)  # 15:10 in California
    silence = Silence.objects.create(
        matchers=[{"field": "source", "value": "Scripts"}], reason="moving disks", by=pilot, created_at=day,
        starts_at=day, ends_at=NOW,
    )  # fmt: skip
    silence.occurrences.create(starts_at=day, ends_at=NOW)
    send(source, product="DM/Forum", now=day + timedelta(minutes=1))
    assert Held.objects.get().why == "silenced"

    holding.release_due(now=NOW)

    held = Held.objects.held().get()
    assert (held.state, held.why, held.until) == ("held", "waits_for_hours", MORNING)
    holding.release_due(now=MORNING)
    assert Alarm.objects.get().product == "DM/Forum"


def test_what_its_route_calls_real_time_is_released_at_night(source, pilot):
    route_services.save_route(route=Route(source=source, name="All", tier="real_time"))
    day = NOW - timedelta(hours=5)
    silence = Silence.objects.create(
        matchers=[{"field": "source", "value": "Scripts"}], reason="moving disks", by=pilot, created_at=day,
        starts_at=day, ends_at=NOW,
    )  # fmt: skip
    silence.occurrences.create(starts_at=day, ends_at=NOW)
    send(source, product="DM/Forum", now=day + timedelta(minutes=1))

    holding.release_due(now=NOW)

    assert Alarm.objects.get().product == "DM/Forum"

"""The ordinary signal in one statement: what it writes, what it leaves to the long way, and that the two agree."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from incidents.alarms import opening, services
from incidents.alarms.models import Alarm, LogEntry
from incidents.escalation import queries as policies
from incidents.signals import ordinary
from incidents.signals import services as signals
from incidents.signals.models import Signal, Source
from incidents.signals.payloads.items import Item
from oncall import rows
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LEFT_OUT = {"id", "source_id", "key"}
DOME = Item(
    firing=True, key="k", title="Dome", severity=2, description="It's 100 % shut", labels={"a": "1"},
    link="https://example.org/", product="Dome",
)  # fmt: skip


@pytest.fixture
def source(policy):
    made, _ = signals.create_source(name="s", kind=Source.Kind.JSON, policy=policy, severity=3, now=NOW)
    return made


def take(source, item=DOME, now=NOW):
    return ordinary.take(item=item, source=source, body=b'{"title": "Dome"}', heard_outside=False, now=now)


def all_but(row, names):
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in names}


def test_it_writes_the_rows_of_the_long_way(source, policy):
    short = Alarm.objects.get(pk=take(source))
    elsewhere = replace(ordinary.firing_of(DOME, source=source), source_id=uuid4())
    opened = services.hear(firing=elsewhere, policy_id=policy.pk, now=NOW)
    assert opened is not None
    long = Alarm.objects.get(pk=opened)

    assert all_but(short, LEFT_OUT) == all_but(long, LEFT_OUT)
    lines = [all_but(LogEntry.objects.get(alarm=alarm), {"id", "alarm"}) for alarm in (short, long)]
    assert lines[0] == lines[1]


def test_the_signal_is_kept_as_it_came(source):
    take(source)

    kept = Signal.objects.get()
    assert (kept.body, kept.accepted, kept.rejected, kept.received_at) == ('{"title": "Dome"}', 1, 0, NOW)


def test_a_repeat_counts_and_keeps_its_signal(source):
    first, second = take(source), take(source, now=NOW + timedelta(seconds=9))

    alarm = Alarm.objects.get()
    assert first == second == alarm.pk
    assert (alarm.count, alarm.last_signal_at) == (2, NOW + timedelta(seconds=9))
    assert Signal.objects.count() == 2


@pytest.mark.parametrize("state", ["worse", "resolved"])
def test_what_is_not_ordinary_is_left_and_nothing_is_written(source, state):
    alarm = Alarm.objects.get(pk=take(source))
    if state == "resolved":
        services.resolve(alarm=alarm, now=NOW)
    worse = Item(firing=True, key="k", title="Dome", severity=1)

    assert take(source, worse) is None
    assert Signal.objects.count() == 1
    assert Alarm.objects.get().count == 1


def test_the_first_of_a_source_and_product_in_a_while_leads(source):
    first = take(source)
    second = take(source, Item(firing=True, key="other", title="Mirror", severity=2, product="Dome"))

    assert Alarm.objects.get(pk=first).leads
    assert not Alarm.objects.get(pk=second).leads


def test_after_something_odd_its_source_goes_the_long_way_for_a_moment(source, monkeypatch):
    alarm = Alarm.objects.get(pk=take(source))
    services.resolve(alarm=alarm, now=NOW)
    assert take(source) is None

    assert take(source, Item(firing=True, key="new", title="Mirror")) is None
    monkeypatch.setattr(ordinary, "monotonic", lambda: 1e12)
    assert take(source, Item(firing=True, key="new", title="Mirror")) is not None


def test_where_its_policy_goes_at_this_moment_nothing_is_written_and_the_long_way_decides(source, monkeypatch):
    def refuses(sql, values):
        raise IntegrityError("policy")

    plan = policies.snapshot(source.policy_id)
    assert plan is not None
    monkeypatch.setattr(rows, "ask", refuses)
    along = opening.Along(ordinary._kept(), {})

    assert opening.take(
        firing=ordinary.firing_of(DOME, source=source), policy_id=plan[0], plan=plan[1], along=along,
        heard_outside=False, now=NOW,
    ) is None  # fmt: skip


def test_of_a_storm_the_loops_are_woken_once_in_a_while_and_a_repeat_wakes_nobody(source, monkeypatch):
    monkeypatch.setattr(opening, "_woke", -1.0)
    monkeypatch.setattr(opening, "WAKE_EVERY_S", 3600)
    monkeypatch.setattr("incidents.alarms.opening.time.monotonic", lambda: 3599.5)

    assert opening._wakes()
    take(source)
    assert not opening._wakes()
    monkeypatch.setattr(opening, "_woke", -1.0)
    take(source)
    assert opening._wakes()

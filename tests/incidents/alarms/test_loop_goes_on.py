"""What breaks in the loop: one alarm, all steps, or all sending. The rest goes on."""

from datetime import timedelta

import pytest
from django.db import InterfaceError

from incidents.alarms import engine, services, snoozing
from incidents.alarms.loop import Loop
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.limits import queries as limits
from oncall.troubles import services as troubles
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)


def fire(policy, key, *, now=NOW):
    firing = services.Firing(title=key, severity=2, source_id=PEOPLE, source="test", key=key)
    return services.fire(firing=firing, policy=policy, now=now)


def breaks(*_, **__):
    raise ValueError("broken")


@pytest.fixture
def sent(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return []


@pytest.fixture
def loop(monkeypatch, sent):
    made = Loop(name="tried", threads=1)
    monkeypatch.setattr(made.sender, "send_due", lambda now, limits, due_by: sent.append(now) or 0)
    yield made
    made.close()


def test_a_snoozed_alarm_that_breaks_when_it_wakes_comes_again_and_holds_up_no_other(policy, ada, monkeypatch):
    until = NOW + timedelta(minutes=30)
    x = snoozing.snooze(alarm=fire(policy, "X"), by=ada, until=until, now=NOW)
    y = fire(policy, "Y", now=until)
    monkeypatch.setattr(engine, "restart", breaks)

    engine.escalate_due(now=until, limits=limits.at(until))

    x.refresh_from_db()
    y.refresh_from_db()
    assert (x.next_due, x.snoozed_until) == (until + 5 * S, until + 5 * S)
    assert y.stepped_at == until


def test_an_alarm_that_cannot_even_be_put_off_holds_up_no_other(policy, ada, monkeypatch):
    until = NOW + timedelta(minutes=30)
    snoozing.snooze(alarm=fire(policy, "X"), by=ada, until=until, now=NOW)
    y = fire(policy, "Y", now=until)
    monkeypatch.setattr(engine, "restart", breaks)
    monkeypatch.setattr(troubles, "raise_trouble", breaks)

    engine.escalate_due(now=until, limits=limits.at(until))

    y.refresh_from_db()
    assert y.stepped_at == until


def test_what_is_due_is_sent_although_no_step_can_be_taken(policy, loop, sent, monkeypatch):
    fire(policy, "X")
    monkeypatch.setattr(engine, "escalate_due", breaks)

    loop.turn()

    assert sent == [NOW]


def test_steps_are_taken_although_nothing_can_be_sent(policy, loop, monkeypatch):
    x = fire(policy, "X")
    monkeypatch.setattr(loop.sender, "send_due", breaks)

    loop.turn()

    x.refresh_from_db()
    assert x.stepped_at == NOW


def test_where_the_connection_is_gone_the_loop_ends_and_is_made_anew(policy, loop, monkeypatch):
    fire(policy, "X")

    def gone(**_):
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(engine, "escalate_due", gone)

    with pytest.raises(InterfaceError):
        loop.turn()

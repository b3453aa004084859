"""Nobody is taken off call by their rest while an alarm is theirs, or may in a moment be. domain.md 5.8; row R33."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from incidents.alarms import services, snoozing, work
from incidents.alarms.models import PEOPLE, Alarm
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.coverage.queries import on_call
from rotations.leave.models import Rest
from rotations.leave.rest_keeping import keep
from rotations.schedule.services import Turns, create_rotation, create_schedule
from tests.conftest import NOW, make_person, make_policy
from tests.incidents.alarms.test_evidence import page_out

BEFORE = datetime(2027, 2, 1, tzinfo=UTC)
M = timedelta(minutes=1)


@pytest.fixture
def lise(db):
    return make_person("Lise Girard", "+33611111111", zone="Europe/Paris", country="FR")


@pytest.fixture
def experts(lise):
    made = create_schedule(name="Data Facility", now=BEFORE, tier=2)
    turns = Turns("Europe/Paris", "week", 1, date(2027, 3, 22), time(9))
    create_rotation(schedule=made, role="primary", name="Experts", turns=turns, people=[lise], now=BEFORE)
    return made


@pytest.fixture
def policy(experts):
    return make_policy("Experts", experts)  # nobody else


def fire(policy, now, *, key="k", severity=2) -> Alarm:
    about = services.Firing(title=f"Alarm {key}", severity=severity, source_id=PEOPLE, source="test", key=key)
    services.fire(firing=about, policy=policy, now=now)
    turn(now)
    return Alarm.objects.get(key=key)


def turn(now) -> None:
    """What the loop does at that instant."""
    page_out(now=now)
    while keep(now=now, limits=limits.at(now)):
        pass


def pages() -> list[tuple[str, datetime]]:
    return [(page.person.username, page.created_at) for page in Page.objects.order_by("created_at")]


def on(schedule, when) -> list[str]:
    return [one.person.username for one in on_call(schedule=schedule, at=when)]


def test_an_acknowledgement_that_lapses_calls_its_holder_anew_and_who_answers_is_not_at_rest(lise, experts, policy):
    alarm = fire(policy, NOW)
    work.acknowledge(alarm=alarm, by=lise, now=NOW + M)
    turn(NOW + 61 * M)
    assert pages() == [("lise", NOW), ("lise", NOW + 61 * M)]
    turn(NOW + 62 * M)  # the minute has passed, and she is being called
    assert on(experts, NOW + 62 * M) == ["lise"]
    work.acknowledge(alarm=alarm, by=lise, now=NOW + 63 * M)
    turn(NOW + 65 * M)
    assert on(experts, NOW + 65 * M) == ["lise"]


def test_an_alarm_that_gets_worse_calls_its_holder_anew(lise, experts, policy):
    alarm = fire(policy, NOW)
    work.acknowledge(alarm=alarm, by=lise, now=NOW + M)
    fire(policy, NOW + 40 * M, severity=1)
    assert pages() == [("lise", NOW), ("lise", NOW + 40 * M)]
    assert on(experts, NOW + 40 * M) == ["lise"]


def test_who_resolves_one_while_another_calls_them_is_on_call_until_that_is_over(lise, experts, policy):
    first = fire(policy, NOW)
    second = fire(policy, NOW + 3 * M, key="other")
    work.acknowledge(alarm=first, by=lise, now=NOW + 4 * M)
    services.resolve(alarm=first, by=lise, now=NOW + 5 * M)
    turn(NOW + 5 * M)
    assert on(experts, NOW + 5 * M) == ["lise"]
    work.acknowledge(alarm=second, by=lise, now=NOW + 6 * M)
    services.resolve(alarm=second, by=lise, now=NOW + 20 * M)
    turn(NOW + 21 * M)
    assert on(experts, NOW + 21 * M) == []
    assert Rest.objects.get().starts_at == NOW + 20 * M


def test_whoever_snoozed_it_is_called_when_it_fires_again(lise, experts, policy):
    alarm = fire(policy, NOW)
    work.acknowledge(alarm=alarm, by=lise, now=NOW + M)
    snoozing.snooze(alarm=alarm, by=lise, until=NOW + 32 * M, now=NOW + 2 * M)
    for minute in (3, 10, 32):
        turn(NOW + minute * M)
    assert pages() == [("lise", NOW), ("lise", NOW + 32 * M)]

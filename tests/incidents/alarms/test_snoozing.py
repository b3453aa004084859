"""An alarm that can wait: put off until an instant, then it fires again and says so."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services, snoozing, work
from incidents.alarms.models import PEOPLE, Alarm
from incidents.handover.gather import Asked, lines
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.leave.models import CallOut
from rotations.schedule.models import Schedule
from tests.conftest import NOW
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db
AT_FIVE = NOW + timedelta(hours=2)


def fire(policy, severity=2):
    firing = services.Firing(title="No alerts", severity=severity, source_id=PEOPLE, source="test", key="k")
    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    page_out()
    return alarm


@pytest.fixture
def alarm(policy):
    return fire(policy)


def run(now):
    engine.escalate_due(now=now, limits=limits.at(now))


def said(alarm, kind):
    return [entry.text for entry in alarm.log.filter(kind=kind)]


def test_a_snooze_of_a_firing_alarm_acknowledges_it_for_who_presses(alarm, ada):
    snoozed = snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)

    assert (snoozed.state, snoozed.acknowledged_by, snoozed.next_due) == ("acknowledged", ada, AT_FIVE)


def test_the_log_says_until_when_and_by_whom(alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)

    assert said(alarm, "snoozed") == ["Ada Moreno snoozes it until 23 Mar 05:10 UTC. Then it fires again."]


def test_nobody_is_called_while_it_is_snoozed(alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    run(AT_FIVE - timedelta(seconds=1))

    assert not Page.objects.calling().exists()


def test_at_its_end_it_fires_again_as_the_next_cycle_and_says_so(alarm, ada):
    """F49: what was kept quiet until an instant fires at that instant."""
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    run(AT_FIVE)

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle, alarm.snoozed_until) == ("firing", 2, None)
    assert said(alarm, "woke") == ["The snooze of Ada Moreno until 05:10 UTC is over: the policy starts again."]
    assert Page.objects.calling().get().person == ada


def test_what_somebody_else_has_is_theirs_to_snooze(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    with pytest.raises(work.AlreadyAcknowledged, match="Ada Moreno took this at 03:10 UTC"):
        snoozing.snooze(alarm=alarm, by=grace, until=AT_FIVE, now=NOW)


@pytest.mark.parametrize(
    ("severity", "minutes", "words"),
    [
        (2, 24 * 60 + 1, "A SEV-2 alarm can be snoozed for 24 h at most"),
        (1, 31, "A SEV-1 alarm can be snoozed for 30 min at most"),
        (2, 0, "22 Mar 20:10 in Los Angeles is past"),
        (2, -5, "22 Mar 20:05 in Los Angeles is past"),
    ],
)
def test_a_snooze_has_a_longest_and_is_still_to_come(policy, ada, severity, minutes, words):
    alarm = fire(policy, severity)

    with pytest.raises(snoozing.SnoozeRefused, match=words):
        snoozing.snooze(alarm=alarm, by=ada, until=NOW + timedelta(minutes=minutes), now=NOW)
    assert Alarm.objects.get().state == "firing"


def test_a_day_is_not_too_long(alarm, ada):
    until = NOW + timedelta(days=1)

    assert snoozing.snooze(alarm=alarm, by=ada, until=until, now=NOW).next_due == until


def test_a_note_does_not_end_the_snooze_earlier_or_later(alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    work.note(alarm=alarm, by=ada, text="The vendor comes at five.", now=NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert alarm.next_due == AT_FIVE


def test_who_takes_it_again_ends_the_snooze(alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    taken = work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(minutes=10))

    assert (taken.snoozed_until, taken.next_due) == (None, NOW + timedelta(minutes=70))


def test_escalating_a_snoozed_alarm_calls_the_next_step_now(alarm, ada, grace):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    work.escalate(alarm=alarm, by=grace, now=NOW + timedelta(minutes=1))
    run(NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.snoozed_until) == ("firing", None)
    assert Page.objects.calling().get().person == grace


def test_a_worse_signal_ends_the_snooze(alarm, ada, policy):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    worse = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=worse, policy=policy, now=NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.snoozed_until) == ("firing", None)


def test_a_repeat_leaves_the_snooze_alone(alarm, ada, policy):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    same = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=same, policy=policy, now=NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.snoozed_until, alarm.count) == ("acknowledged", AT_FIVE, 2)


def test_a_snooze_ends_the_call_out_and_the_next_page_begins_another(alarm, ada):
    """Domain 5.7: nobody earns for the hours in which they let it wait."""
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(minutes=2))
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW + timedelta(minutes=10))
    run(AT_FIVE)
    page_out(AT_FIVE)
    work.acknowledge(alarm=alarm, by=ada, now=AT_FIVE + timedelta(minutes=1))
    services.resolve(alarm=alarm, by=ada, now=AT_FIVE + timedelta(minutes=20))

    spans = [(one.starts_at, one.ends_at) for one in CallOut.objects.order_by("starts_at")]
    assert spans == [(NOW, NOW + timedelta(minutes=10)), (AT_FIVE, AT_FIVE + timedelta(minutes=20))]


@pytest.fixture
def as_ada(client, ada):
    clock.travel(NOW - clock.now())
    client.force_login(ada)
    return client


def test_the_screens_and_the_note_say_until_when_and_by_whom(as_ada, alarm, ada):
    snoozing.snooze(alarm=alarm, by=ada, until=AT_FIVE, now=NOW)
    note = lines(Asked(Schedule.objects.get(slug="triage"), "primary", NOW, NOW))

    for path in (alarm.path, "/alarms/", "/"):
        text = as_ada.get(path).content.decode()
        assert "Snoozed until <time" in text
        assert "by Ada Moreno" in text
    assert "SEV-2 No alerts: snoozed by Ada Moreno until 23 Mar 05:10 UTC" in [line.text for line in note]


def test_the_button_snoozes_for_so_many_minutes(as_ada, alarm):
    as_ada.post(f"{alarm.path}snooze/", {"minutes": "60", "cycle": "1"})

    alarm.refresh_from_db()
    assert timedelta(minutes=60) <= alarm.snoozed_until - NOW < timedelta(minutes=61)


def test_the_button_snoozes_until_a_time_of_the_reader(as_ada, alarm):
    as_ada.post(f"{alarm.path}snooze/", {"minutes": "15", "until": "2027-03-22T22:10"})  # in Los Angeles

    alarm.refresh_from_db()
    assert alarm.snoozed_until == AT_FIVE


def test_the_button_without_a_time_asks_for_one(as_ada, alarm):
    response = as_ada.post(f"{alarm.path}snooze/", {})

    assert response.status_code == 400
    assert "Say for how long, or until when." in response.content.decode()


def test_the_api_snoozes_until_an_instant(as_ada, alarm):
    answer = as_ada.post(
        f"/api/v1/alarms/{alarm.pk}/snooze/", {"until": "2027-03-23T06:10:00+01:00"}, content_type="application/json"
    )

    assert answer.json()["snoozed_until"] == answer.json()["next_due"] == "2027-03-23T05:10:00Z"


@pytest.mark.parametrize(
    "body", [{}, {"until": "2027-03-23T05:10:00Z", "minutes": 5}, {"minutes": 0}, {"minutes": 1441}]
)
def test_the_api_wants_one_time_that_is_not_too_long(as_ada, alarm, body):
    answer = as_ada.post(f"/api/v1/alarms/{alarm.pk}/snooze/", body, content_type="application/json")

    assert answer.status_code == 400
    assert set(answer.json()) <= {"until", "minutes"}


def test_the_api_refuses_to_snooze_what_somebody_else_has(as_ada, alarm, grace):
    work.acknowledge(alarm=alarm, by=grace, now=NOW)
    answer = as_ada.post(f"/api/v1/alarms/{alarm.pk}/snooze/", {"minutes": 5}, content_type="application/json")

    assert (answer.status_code, "Grace Okafor took this" in str(answer.json())) == (409, True)


def test_a_refused_snooze_keeps_what_was_typed_and_speaks_of_the_readers_clock(as_ada, alarm):
    answer = as_ada.post(f"{alarm.path}snooze/", {"minutes": "", "until": "2027-03-22T19:10"})

    page = answer.content.decode()
    assert 'value="2027-03-22T19:10"' in page
    assert "22 Mar 19:10 in Los Angeles is past." in page

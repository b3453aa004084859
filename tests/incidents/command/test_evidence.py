"""Roles are evidence for the ledger: only a page makes work in an incident a call-out."""

from datetime import timedelta

import pytest

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import AlarmPage
from incidents.command import assigning, calling, offering, services
from incidents.command.evidence import subject
from oncall.paging import services as paging
from oncall.paging.models import Attempt
from rotations.leave import services as leave
from rotations.leave.models import CallOut, Evidence
from rotations.leave.spans import Kind

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def paged(now):
    """Somebody is paged for an alarm, and the provider takes it at once."""

    def page(alarm, person, at=now):
        row = paging.page(
            key=f"{alarm.pk}:{person.pk}", person=person, severity=2, title="t", text="t", url="", answer_path="/x/",
            now=at,
        )  # fmt: skip
        AlarmPage.objects.create(alarm=alarm, cycle=alarm.cycle, step=0, page=row, why="", linked_at=at)
        Attempt.objects.create(
            page=row, n=1, channel="sms", address="+14155550101", body="t", state="accepted", sid=f"SM{row.pk}"[:40],
            started_at=at, accepted_at=at, look_at=at,
        )  # fmt: skip
        return row

    return page


def kinds(incident, person) -> list[str]:
    rows = Evidence.objects.filter(person=person, subject=subject(incident)).order_by("at", "created_at")
    return [row.kind for row in rows]


def spans(person) -> list[tuple]:
    return [(one.starts_at, one.ends_at) for one in CallOut.objects.live().filter(person=person)]


def test_a_role_alone_is_no_call_out(declared, grace, now):
    incident = declared(severity=2)

    assigning.take(incident=incident, role="scribe", by=grace, now=now)

    assert kinds(incident, grace) == ["role"]
    assert spans(grace) == []


def test_a_role_of_whoever_was_paged_is_work_from_the_page_on(declared, fired, paged, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])

    assigning.take(incident=incident, role="commander", by=grace, now=now + 4 * MINUTE)

    assert kinds(incident, grace) == ["page", "role"]
    assert spans(grace) == [(now, None)]


def test_when_the_incident_is_over_so_is_everybodys_work(declared, fired, paged, ada, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])
    assigning.take(incident=incident, role="commander", by=grace, now=now + 4 * MINUTE)

    services.move(incident=incident, move="resolve", by=ada, now=now + 90 * MINUTE)

    assert spans(grace) == [(now, now + 90 * MINUTE)]


def test_whoever_leaves_their_last_role_stands_down(declared, fired, paged, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])
    for role in ("commander", "scribe"):
        assigning.take(incident=incident, role=role, by=grace, now=now + 4 * MINUTE)

    assigning.release(incident=incident, role="scribe", by=grace, now=now + 20 * MINUTE)
    assert spans(grace) == [(now, None)]
    assigning.release(incident=incident, role="commander", by=grace, now=now + 30 * MINUTE)

    assert spans(grace) == [(now, now + 30 * MINUTE)]
    assert kinds(incident, grace)[-1] == "stand_down"


def test_whoever_hands_command_over_is_done(declared, fired, paged, ada, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])
    assigning.take(incident=incident, role="commander", by=grace, now=now + 4 * MINUTE)
    offer = offering.offer(incident=incident, to=ada, by=grace, now=now + 170 * MINUTE)

    offering.answer(offer=offer, by=ada, accept=True, now=now + 180 * MINUTE)

    assert spans(grace) == [(now, now + 180 * MINUTE)]
    assert kinds(incident, grace)[-1] == "hand_over"


def test_a_note_of_whoever_was_paged_is_work_too(declared, fired, paged, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])

    services.say(incident=incident, kind="note", text="I look.", by=grace, now=now + 2 * MINUTE)

    assert kinds(incident, grace) == ["page", "note"]
    assert spans(grace) == [(now, None)]


def test_the_ledger_which_keeps_what_it_has_never_quotes_an_incident(declared, policy, ada, grace, now):
    """It may be restricted later (R43)."""
    incident, secret = declared(severity=3), "The password is hunter2."
    services.say(incident=incident, kind="note", text=secret, by=ada, now=now + MINUTE / 2)
    services.set_severity(incident=incident, severity=2, by=ada, why=secret, now=now + MINUTE)
    calling.call_in_expert(incident=incident, person=grace, by=ada, why=secret, now=now + 2 * MINUTE)
    services.move(incident=incident, move="identify", by=ada, why=secret, now=now + 3 * MINUTE)

    assert [row.text for row in Evidence.objects.filter(person=ada).order_by("at")][-4:] == [
        "Wrote in incident 1.",
        "Said that incident 1 is SEV-2.",
        "Called somebody into incident 1.",
        "Said that incident 1 is identified.",
    ]


def test_a_note_of_somebody_else_is_none(declared, fired, grace, now):
    services.say(incident=declared(alarms=[fired()]), kind="note", text="Good luck.", by=grace, now=now)

    assert spans(grace) == []


def test_a_note_about_what_is_over_is_no_work(declared, fired, paged, ada, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])
    services.move(incident=incident, move="resolve", by=ada, now=now + 5 * MINUTE)

    services.say(incident=incident, kind="note", text="Well done.", by=grace, now=now + 300 * MINUTE)

    assert kinds(incident, grace) == []


@pytest.fixture
def resolved(declared, fired, paged, grace, now):
    """Grace was paged for its alarm, answered, and resolved that after ten minutes: the incident goes on."""
    alarm = fired()
    paged(alarm, grace)
    work.acknowledge(alarm=alarm, by=grace, now=now + MINUTE)
    alarms.resolve(alarm=alarm, by=grace, now=now + 10 * MINUTE)
    return declared(alarms=[alarm])


def test_a_note_long_after_they_stood_down_from_the_alarm_is_no_work(resolved, grace, now):
    services.say(incident=resolved, kind="note", text="For the review.", by=grace, now=now + 1440 * MINUTE)

    assert kinds(resolved, grace) == ["note"]
    assert spans(grace) == [(now, now + 10 * MINUTE)]


def test_whoever_is_back_at_it_soon_after_the_alarm_works_from_then_on(resolved, grace, now):
    services.say(incident=resolved, kind="note", text="Still not right.", by=grace, now=now + 50 * MINUTE)
    services.say(incident=resolved, kind="note", text="Now it is.", by=grace, now=now + 55 * MINUTE)

    leave.stand_down(person=grace, now=now + 60 * MINUTE)

    assert kinds(resolved, grace) == ["called", "note", "note", "stand_down"]
    assert sorted(spans(grace)) == [(now, now + 10 * MINUTE), (now + 50 * MINUTE, now + 60 * MINUTE)]


def test_whoever_stood_down_from_the_incident_too_is_not_called_back_by_a_note(resolved, grace, now):
    assigning.take(incident=resolved, role="commander", by=grace, now=now + 15 * MINUTE)
    assigning.release(incident=resolved, role="commander", by=grace, now=now + 20 * MINUTE)

    services.say(incident=resolved, kind="note", text="Good night.", by=grace, now=now + 25 * MINUTE)

    assert sorted(spans(grace)) == [(now, now + 10 * MINUTE), (now + 15 * MINUTE, now + 20 * MINUTE)]


def test_whoever_answered_without_a_page_is_not_called_back_by_a_note(declared, fired, grace, now):
    alarm = fired()
    work.acknowledge(alarm=alarm, by=grace, now=now + MINUTE)
    alarms.resolve(alarm=alarm, by=grace, now=now + 10 * MINUTE)

    services.say(incident=declared(alarms=[alarm]), kind="note", text="Hm.", by=grace, now=now + 15 * MINUTE)

    assert spans(grace) == [(now + MINUTE, now + 10 * MINUTE)]


def test_a_resolve_that_was_undone_ends_nobodys_call(declared, fired, paged, ada, grace, now):
    """She was paged and answers in the incident alone; the alarm's undone resolve is no stand-down of hers."""
    alarm = fired()
    paged(alarm, grace)
    ended: dict[Kind, timedelta] = {"over": 10 * MINUTE, "undone": 12 * MINUTE}
    for kind, after in ended.items():
        at = now + after
        leave.record(person=grace, at=at, kind=kind, subject=alarm.subject, text="", url="", now=at)

    services.say(incident=declared(alarms=[alarm]), kind="note", text="I look.", by=grace, now=now + 20 * MINUTE)

    assert spans(grace) == [(now, None)]


def test_a_page_that_nobody_answered_counts_from_the_first_act_for_eight_hours(declared, fired, paged, grace, now):
    alarm = fired()
    paged(alarm, grace)
    incident = declared(alarms=[alarm])

    services.say(incident=incident, kind="note", text="Awake now.", by=grace, now=now + 479 * MINUTE)

    assert spans(grace) == [(now + 479 * MINUTE, None)]


def test_a_page_that_is_older_calls_nobody(declared, fired, paged, grace, now):
    alarm = fired()
    paged(alarm, grace)

    services.say(incident=declared(alarms=[alarm]), kind="note", text="Ah.", by=grace, now=now + 480 * MINUTE)

    assert spans(grace) == []

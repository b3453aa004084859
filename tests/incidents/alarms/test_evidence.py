"""What whoever works on an alarm leaves behind for their leave, whatever way they do it in (domain.md 5.7)."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, replies, services, snoozing, undoing, work
from incidents.alarms.models import PEOPLE
from incidents.alarms.replies import Verb
from oncall.limits import queries as limits
from oncall.paging import claims, outbox
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import Attempt
from rotations.leave import queries
from rotations.leave.models import CallOut, Evidence, LedgerEntry
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def page_out(now=NOW) -> list[Attempt]:
    """Take the steps that are due and hand every claimed attempt to the provider, which accepts it."""
    in_force = limits.at(now)
    engine.escalate_due(now=now, limits=in_force)
    attempts = [attempt for attempt, _ in claims.claim_pages(now=now, limits=in_force, at_most=10)]
    for attempt in attempts:
        assert attempt.lease_token is not None
        outcome = Outcome(Verdict.ACCEPTED, sid=f"SM{attempt.pk.hex}", status="queued")
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=outcome, now=now, limits=in_force
        )
    return attempts


@pytest.fixture
def attempt(policy) -> Attempt:
    """Ada is paged at NOW, and the provider has it."""
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=NOW)
    (attempt,) = page_out()
    return attempt


@pytest.fixture
def alarm(attempt):
    assert attempt.page is not None
    return attempt.page.links.get().alarm


def left_by(person) -> list[tuple[str, timedelta]]:
    """Return the kinds of evidence of `person`, and how long after NOW each was."""
    rows = Evidence.objects.filter(person=person).order_by("at", "created_at")
    return [(row.kind, row.at - NOW) for row in rows]


@pytest.mark.parametrize(
    ("verb", "kind"), [(Verb.ACKNOWLEDGE, "acknowledge"), (Verb.ESCALATE, "hand_over"), (Verb.RESOLVE, "resolve")]
)
def test_an_answer_to_a_page_is_an_act_after_the_page(attempt, ada, verb, kind):
    assert attempt.page is not None
    replies.answer(page=attempt.page, attempt=attempt, verb=verb, now=NOW + MINUTE)
    assert left_by(ada) == [("page", timedelta()), (kind, MINUTE)]


ACTS = {
    "acknowledge": lambda alarm, ada, grace, at: work.acknowledge(alarm=alarm, by=ada, now=at),
    "acknowledge joined": lambda alarm, ada, grace, at: work.join(alarm=alarm, by=ada, now=at),
    "note": lambda alarm, ada, grace, at: work.note(alarm=alarm, by=ada, text="Looking.", now=at),
    "note called in": lambda alarm, ada, grace, at: work.call_in(alarm=alarm, person=grace, by=ada, now=at),
    "hand_over": lambda alarm, ada, grace, at: work.reassign(alarm=alarm, to=grace, by=ada, now=at),
    "hand_over escalated": lambda alarm, ada, grace, at: work.escalate(alarm=alarm, by=ada, now=at),
    "stand_down": lambda alarm, ada, grace, at: work.stand_down(alarm=alarm, by=ada, now=at),
    "snoozed": lambda alarm, ada, grace, at: snoozing.snooze(alarm=alarm, by=ada, until=at + 30 * MINUTE, now=at),
    "resolve": lambda alarm, ada, grace, at: services.resolve(alarm=alarm, by=ada, now=at),
}


@pytest.mark.parametrize(("name", "act"), ACTS.items(), ids=ACTS)
def test_each_act_on_a_screen_is_written_down(alarm, ada, grace, name, act):
    act(alarm, ada, grace, NOW + MINUTE)
    found = left_by(ada)
    assert found[0] == ("page", timedelta())
    assert found[-1] == (name.split()[0], MINUTE)


def test_whoever_is_called_in_and_cannot_come_was_called_out_until_they_said_so(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + MINUTE)
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW + 2 * MINUTE)
    (attempt,) = page_out(now=NOW + 2 * MINUTE)
    assert attempt.page is not None
    replies.answer(page=attempt.page, attempt=attempt, verb=Verb.ESCALATE, now=NOW + 5 * MINUTE)
    assert left_by(grace) == [("page", 2 * MINUTE), ("hand_over", 5 * MINUTE)]
    assert LedgerEntry.objects.get(person=grace).credit_s == 270  # three minutes of an evening in California


def test_who_calls_for_help_is_heard_of(alarm, ada, grace):
    """Eight hours without an act would end their call-out."""
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW + 40 * MINUTE)
    assert CallOut.objects.get(person=ada).lapses_at == NOW + timedelta(hours=8, minutes=40)


def test_an_acknowledgement_that_lapses_is_written_down_for_whoever_had_it(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + MINUTE)
    page_out(now=NOW + 61 * MINUTE)
    assert ("lapsed", 61 * MINUTE) in left_by(ada)


def test_whoever_takes_it_again_soon_after_it_lapsed_was_at_it_all_along(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + MINUTE)
    engine.escalate_due(now=NOW + 61 * MINUTE, limits=limits.at(NOW))  # it lapses
    page_out(now=NOW + 62 * MINUTE)  # Ada is paged anew
    work.acknowledge(alarm=alarm, by=ada, now=NOW + 63 * MINUTE)
    services.resolve(alarm=alarm, by=ada, now=NOW + 120 * MINUTE)
    assert [kind for kind, _ in left_by(ada)] == ["page", "acknowledge", "lapsed", "page", "acknowledge", "resolve"]
    call_out = CallOut.objects.live().get(person=ada)
    assert (call_out.starts_at, call_out.ends_at, call_out.forgotten) == (NOW, NOW + 120 * MINUTE, False)


def test_a_resolve_that_is_undone_is_written_down_for_everybody_it_stood_down(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + MINUTE)
    services.resolve(alarm=alarm, by=grace, now=NOW + 2 * MINUTE)
    undoing.undo_resolve(alarm=alarm, by=grace, now=NOW + 3 * MINUTE)
    assert left_by(ada)[-2:] == [("over", 2 * MINUTE), ("undone", 3 * MINUTE)]


def test_taking_an_alarm_over_ends_the_work_of_whoever_had_it(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW + MINUTE)
    work.take_over(alarm=alarm, by=grace, now=NOW + 2 * MINUTE)
    assert left_by(ada)[-1] == ("over", 2 * MINUTE)
    assert left_by(grace) == [("acknowledge", 2 * MINUTE)]


def test_a_volunteer_whom_no_rota_names_earns_for_the_alarm_they_took(alarm):
    nils = make_person("Nils Holm", zone="Europe/Stockholm", country="SE")  # 04:10 there
    work.acknowledge(alarm=alarm, by=nils, now=NOW)
    services.resolve(alarm=alarm, by=nils, now=NOW + timedelta(hours=2))
    assert queries.balance(nils).credit_s == 10800
    assert LedgerEntry.objects.get(person=nils).call_out == CallOut.objects.get(person=nils)


def test_a_volunteer_who_joins_earns_beside_whoever_has_the_alarm(alarm, ada):
    nils = make_person("Nils Holm", zone="Europe/Stockholm", country="SE")
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.join(alarm=alarm, by=nils, now=NOW + MINUTE)
    work.stand_down(alarm=alarm, by=nils, now=NOW + 31 * MINUTE)
    assert queries.balance(nils).credit_s == 2700


@pytest.mark.parametrize(("minutes", "kinds"), [(479, ["page", "note"]), (480, ["note"])])
def test_a_note_answers_a_page_of_less_than_eight_hours_ago(alarm, ada, minutes, kinds):
    work.note(alarm=alarm, by=ada, text="I look.", now=NOW + minutes * MINUTE)
    assert [kind for kind, _ in left_by(ada)] == kinds
    assert CallOut.objects.filter(person=ada).count() == len(kinds) - 1

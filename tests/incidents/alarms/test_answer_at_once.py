"""Two who answer at the same moment; in a file of its own, because such tests empty the tables behind them."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from incidents.alarms import engine, pages, replies, services, snoozing, undoing, work
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from incidents.alarms.replies import Verb
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import Attempt, Page
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LATER = NOW + timedelta(minutes=5)
TIMES = 8  # races one after the other: each is another alarm
REFUSALS = (work.AlreadyAcknowledged, work.AlreadyEscalated, services.AlreadyResolved, undoing.UndoRefused)


def fire(policy, key):
    firing = services.Firing(title=key, severity=2, source_id=PEOPLE, source="test", key=key)
    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    return alarm


def race(*acts) -> list[Exception | None]:
    """Let these go off at once, each on a connection of its own; return what each was refused with."""
    barrier = threading.Barrier(len(acts))
    answers: list[Exception | None] = [None] * len(acts)

    def run(nth, act):
        try:
            barrier.wait(30)
            act()
        except REFUSALS as error:
            answers[nth] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def made_after(alarm, kind):
    """Return the pages of that cycle which were made after its line of this kind."""
    line = LogEntry.objects.get(alarm=alarm, kind=kind)
    calls = LogEntry.objects.filter(alarm=alarm, kind=LogEntry.Kind.PAGED, cycle=line.cycle)
    return calls.filter(pk__gt=line.pk).count()


def test_of_two_who_acknowledge_at_once_one_wins_and_the_other_hears_who(policy, ada, grace):
    """F41."""
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        answers = race(
            lambda alarm=alarm: work.acknowledge(alarm=alarm, by=ada, now=LATER),
            lambda alarm=alarm: work.acknowledge(alarm=alarm, by=grace, now=LATER),
        )

        holder = Alarm.objects.get(pk=alarm.pk).acknowledged_by
        (lost,) = [error for error in answers if error]
        assert f"{holder.name} took this" in str(lost)
        assert LogEntry.objects.filter(alarm=alarm, kind="acknowledged").count() == 1


def test_an_acknowledgement_and_a_step_at_once_leave_no_page_behind(policy, ada):
    """F41: either the step was first and its page ends, or it is not taken at all."""
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        race(
            lambda alarm=alarm: work.acknowledge(alarm=alarm, by=ada, now=LATER),
            lambda: engine.escalate_due(now=LATER, limits=limits.at(NOW)),
        )

        assert not Page.objects.calling().filter(links__alarm=alarm).exists()
        assert made_after(alarm, "acknowledged") == 0


def test_an_acknowledgement_and_a_resolve_at_once_leave_it_resolved(policy, ada, grace):
    """F41."""
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        answers = race(
            lambda alarm=alarm: work.acknowledge(alarm=alarm, by=ada, now=LATER),
            lambda alarm=alarm: services.resolve(alarm=alarm, by=grace, now=LATER),
        )

        after = Alarm.objects.get(pk=alarm.pk)
        assert (after.state, after.version) == ("resolved", 2 if answers[0] else 3)
        assert not Page.objects.calling().filter(links__alarm=alarm).exists()


def test_two_who_escalate_as_of_the_same_moment_call_one_step(policy, ada, grace, pilot):
    """F41: the step is taken between, or after both; it is one."""
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        at = NOW + timedelta(minutes=1)

        def press_and_step(by, alarm=alarm, at=at):
            work.escalate(alarm=alarm, by=by, now=at, as_of=NOW)
            engine.escalate_due(now=at, limits=limits.at(NOW))

        race(lambda press=press_and_step: press(ada), lambda press=press_and_step: press(grace))
        engine.escalate_due(now=at, limits=limits.at(NOW))

        assert LogEntry.objects.filter(alarm=alarm, kind="step").count() == 2


def test_an_undo_and_a_new_signal_at_once_leave_one_open_alarm(policy, ada):
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        services.resolve(alarm=alarm, by=ada, now=LATER)
        firing = services.Firing(title=f"k{nth}", severity=2, source_id=PEOPLE, source="test", key=f"k{nth}")
        race(
            lambda alarm=alarm: undoing.undo_resolve(alarm=alarm, by=ada, now=LATER),
            lambda firing=firing: services.fire(firing=firing, policy=policy, now=LATER),
        )

        assert Alarm.objects.open().filter(key=f"k{nth}").count() == 1


def test_a_snooze_and_a_resolve_at_once_leave_no_snooze_behind(policy, ada, grace):
    for nth in range(TIMES):
        alarm = fire(policy, f"k{nth}")
        race(
            lambda alarm=alarm: snoozing.snooze(alarm=alarm, by=ada, until=LATER + timedelta(hours=1), now=LATER),
            lambda alarm=alarm: services.resolve(alarm=alarm, by=grace, now=LATER),
        )

        after = Alarm.objects.get(pk=alarm.pk)
        assert (after.state, after.snoozed_until) == ("resolved", None)


def test_each_version_has_its_line_after_all_of_this(policy, ada, grace):
    """I7."""
    alarm = fire(policy, "k")
    race(
        lambda: work.acknowledge(alarm=alarm, by=ada, now=LATER),
        lambda: work.acknowledge(alarm=alarm, by=grace, now=LATER),
        lambda: work.escalate(alarm=alarm, by=grace, now=LATER),
        lambda: engine.escalate_due(now=LATER, limits=limits.at(NOW)),
        lambda: services.resolve(alarm=alarm, by=ada, now=LATER),
    )

    versions = LogEntry.objects.filter(alarm=alarm, version__isnull=False).order_by("version")
    assert list(versions.values_list("version", flat=True)) == list(range(1, Alarm.objects.get().version + 1))


def test_two_answers_to_pages_that_share_other_people_s_pages_do_not_wait_for_each_other(policy, monkeypatch):
    """Ann's page is about 1 and 2, Ben's about 3 and 4; Hal is called for 1 and 4, Joe for 2 and 3."""
    ann, ben, hal, joe = (make_person(n, f"+1415555018{i}") for i, n in enumerate(["Ann", "Ben", "Hal", "Joe"]))
    alarms = {}
    for nth, who in ((1, ann), (2, ann), (3, ben), (4, ben)):
        alarms[nth] = fire(make_policy(f"p{nth}", who), f"k{nth}")
    for nth, who in ((1, hal), (4, hal), (2, joe), (3, joe)):
        with transaction.atomic():
            alarm = Alarm.objects.select_for_update().get(pk=alarms[nth].pk)
            pages.call(alarm=alarm, person=who, step=0, why="called", now=NOW, limits=limits.at(NOW))
    for _ in range(2):
        claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=10)
    both = threading.Barrier(2, timeout=3)
    first = threading.local()
    real = pages.end_needless

    def slow(**kwargs):
        real(**kwargs)
        if not hasattr(first, "done"):
            first.done = True
            with suppress(threading.BrokenBarrierError):
                both.wait()

    monkeypatch.setattr(work, "end_needless", slow)
    broken = []

    def answer(person):
        attempt = Attempt.objects.select_related("page__person").filter(page__person=person).order_by("n").last()
        assert attempt is not None
        assert attempt.page is not None
        Attempt.objects.filter(pk=attempt.pk).update(told_edition=2)
        attempt.refresh_from_db()
        try:
            replies.answer(page=attempt.page, attempt=attempt, verb=Verb.ACKNOWLEDGE, now=NOW)
        except OperationalError as error:
            broken.append(error)

    race(lambda: answer(ann), lambda: answer(ben))

    assert not broken
    assert set(Alarm.objects.values_list("state", flat=True)) == {"acknowledged"}

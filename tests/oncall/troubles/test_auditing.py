"""The auditor: what two audits in a row find broken is one SEV-1 alarm, which clears itself."""

import itertools
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.alarms import watch
from incidents.alarms.models import ITSELF, Alarm
from oncall import clock
from oncall.paging.models import Page
from oncall.troubles import auditing
from oncall.troubles import services as troubles
from oncall.troubles.invariants import Gravity, Invariant, ask, every
from oncall.troubles.models import Audit, EngineModule, Epoch, Heartbeat, Trouble
from tests.conftest import NOW

LATER = NOW + timedelta(seconds=30)


def late_page(person, *, since=timedelta(minutes=5), nth=1) -> Page:
    return Page.objects.create(
        pk=f"00000000-0000-4000-9000-{nth:012d}",
        key=f"late {nth}",
        person=person,
        urgency="high",
        severity=2,
        reference=f"{nth:04d}",
        title="Dome drive stalls",
        answer_path="/hooks/twilio/voice/",
        ladder=[],
        next_due=NOW - since,
        created_at=NOW - since,
    )


def keep_on(*, limits):
    """Audit now and half a minute later, with the loops at work."""
    for at in (NOW, LATER):
        for module in ("engine", "sender"):
            troubles.beat(name=module, now=at)
        auditing.audit(now=at, limits=limits)


def ids(row: Audit, *, sure: bool | None = None) -> list[str]:
    return [one["id"] for one in row.broken if sure is None or one["sure"] is sure]


def open_troubles() -> list[tuple[str, str]]:
    return list(Trouble.objects.open().order_by("kind", "key").values_list("kind", "key"))


def test_nothing_is_broken_where_the_engine_has_just_worked(works, in_force):
    row = auditing.audit(now=NOW, limits=in_force)

    assert (row.broken, row.asked > 15) == ([], True)


def test_an_engine_that_finished_no_cycle_for_a_minute_is_broken(works, in_force):
    """F6."""
    Heartbeat.objects.filter(name="engine").update(at=NOW - timedelta(seconds=61))

    row = auditing.audit(now=NOW, limits=in_force)

    assert [(one["id"], one["rows"]) for one in row.broken] == [("I13", ["engine"])]


def test_what_one_audit_alone_sees_is_no_trouble_yet(works, in_force, ada):
    late_page(ada)

    row = auditing.audit(now=NOW, limits=in_force)

    assert (ids(row), ids(row, sure=True), open_troubles()) == (["I3"], [], [])


def test_what_two_audits_in_a_row_see_is_one_trouble_with_the_rows(in_force, ada):
    page = late_page(ada)

    keep_on(limits=in_force)

    assert open_troubles() == [("invariant", "pager")]
    assert f"I3 “A calling page is not late by a minute” (1, such as {page.pk})." in Trouble.objects.open().get().text


def test_two_rows_that_are_late_one_after_the_other_are_no_trouble(works, in_force, ada):
    first = late_page(ada, nth=1)
    auditing.audit(now=NOW, limits=in_force)
    first.delete()
    late_page(ada, nth=2)

    row = auditing.audit(now=LATER, limits=in_force)

    assert (ids(row, sure=False), open_troubles()) == (["I3"], [])


def test_a_broken_invariant_is_one_sev_1_alarm_however_many_are_broken(in_force, ada, policy):
    late_page(ada)
    EngineModule.objects.filter(name="sender").update(version=7)

    keep_on(limits=in_force)
    watch.watch(now=LATER)
    watch.watch(now=LATER + timedelta(seconds=1))

    assert [(alarm.severity, alarm.key) for alarm in Alarm.objects.filter(source_id=ITSELF)] == [(1, "invariant:pager")]


def test_the_alarm_ends_when_the_audit_finds_nothing_any_more(in_force, ada, policy):
    page = late_page(ada)
    keep_on(limits=in_force)
    watch.watch(now=LATER)
    page.delete()

    at = LATER + timedelta(seconds=30)
    auditing.audit(now=at, limits=in_force)
    watch.watch(now=at)

    assert (open_troubles(), Alarm.objects.get(source_id=ITSELF).state) == ([], "resolved")


def test_celery_that_stands_still_is_noticed_within_six_minutes_and_wakes_nobody(in_force, policy):
    """F7: beat is dead. Pages go by the pulse alone meanwhile, so it is no SEV-1."""
    troubles.beat(name="celery", now=NOW - timedelta(minutes=5, seconds=1))

    keep_on(limits=in_force)
    watch.watch(now=LATER)

    assert open_troubles() == [("loop", "celery")]
    assert Alarm.objects.get(source_id=ITSELF).severity == 3


def test_a_pulse_that_stands_still_is_noticed_by_celery(in_force):
    """F7, the other way round."""
    troubles.beat(name="pulse", now=NOW - timedelta(minutes=5, seconds=1))

    keep_on(limits=in_force)

    assert open_troubles() == [("loop", "pulse")]


def test_a_loop_that_never_ran_here_is_not_missed(in_force):
    keep_on(limits=in_force)

    assert open_troubles() == []


def test_a_loop_that_works_again_ends_its_trouble(in_force):
    troubles.beat(name="celery", now=NOW - timedelta(minutes=6))
    keep_on(limits=in_force)
    troubles.beat(name="celery", now=LATER)

    auditing.audit(now=LATER + timedelta(seconds=30), limits=in_force)

    assert open_troubles() == []


@pytest.mark.parametrize(
    ("seen", "audits"),
    [
        ([(0, 0)], [0]),
        ([(0, 0), (1, 1), (29, 29), (30, 30), (31, 31)], [0, 30]),
        ([(0, 0), (600, 1), (604, 5), (605, 6)], [0, 6]),  # the clock jumps by ten minutes: five seconds to catch up
        ([(0, 0), (600, 1), (1200, 4), (1204, 8), (1205, 9)], [0, 9]),  # and again before they are over
        ([(0, 0), (-600, 1), (-596, 5), (-595, 6)], [0, 6]),
        ([(0, 0), (180, 180)], [0, 180]),  # the database was away
    ],
)
def test_it_audits_each_half_minute_and_lets_the_loop_catch_up_after_a_jump_of_the_clock(seen, audits):
    """F21: pairs of what the clock says and how much time has passed, in seconds."""
    pace = auditing.Pace()

    found = [passed for clock, passed in seen if pace.comes(now=NOW + timedelta(seconds=clock), passed=passed)]

    assert found == audits


def test_two_loops_that_come_at_once_make_one_audit(works, in_force, monkeypatch):
    auditing.keep(now=NOW, limits=in_force)
    monkeypatch.setattr(auditing, "pace", auditing.Pace())  # another process
    auditing.keep(now=NOW + timedelta(seconds=5), limits=in_force)

    assert Audit.objects.count() == 1


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=61), NOW + timedelta(seconds=6)])
def test_a_sign_of_life_that_is_old_or_from_the_future_is_none(works, in_force, at):
    Heartbeat.objects.filter(name="sender").update(at=at)

    assert auditing.modules_silent(NOW, in_force) == ["sender"]


def test_rows_of_modules_that_are_gone_hide_nothing(in_force):
    EngineModule.objects.all().delete()

    assert auditing.modules_silent(NOW, in_force) == ["engine", "sender"]
    assert auditing.modules_unknown(NOW, in_force) == ["auditor", "engine", "sender"]


def test_a_database_without_an_epoch_is_broken(works, in_force):
    Epoch.objects.all().delete()

    assert ids(auditing.audit(now=NOW, limits=in_force)) == ["W3"]


@pytest.mark.parametrize(("age", "missed"), [(301, ["canary"]), (299, [])])
def test_a_canary_that_never_landed_is_missed_after_five_minutes(works, in_force, age, missed):
    """W2."""
    Audit.objects.create(at=NOW - timedelta(seconds=age), duration_ms=1, asked=9)

    assert auditing.canary_silent(NOW, in_force) == missed


def test_results_are_kept_for_a_week(works, in_force):
    for days in (8, 6):
        Audit.objects.create(at=NOW - timedelta(days=days), duration_ms=3, asked=9)

    auditing.audit(now=NOW, limits=in_force)

    assert [NOW - row.at for row in Audit.objects.all()] == [timedelta(), timedelta(days=6)]


def test_one_question_that_cannot_be_asked_is_broken_and_keeps_no_other_from_being_asked(works, in_force, ada):
    page = late_page(ada)

    def wrong(now, limits):
        return Page.objects.extra(where=["no_such_column = 1"]).values_list("pk", flat=True)

    found = ask([Invariant("X", "Broken itself", wrong), *every()], now=NOW, limits=in_force)

    assert [(one.id, one.text, one.rows) for one in found] == [
        ("X", "Broken itself (cannot be asked: ProgrammingError)", []),
        ("I3", "A calling page is not late by a minute", [str(page.pk)]),
    ]


def test_every_invariant_has_a_name_of_its_own():
    names = [one.id for one in every()]

    assert sorted(names) == sorted(set(names))


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def printed(*args) -> list[str]:
    out = StringIO()
    call_command("audit", *args, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_says_one_line_for_each_invariant_that_holds(works, at_now, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # it asks no broker

    lines = printed()

    assert len(lines) == len(every())
    assert all(line.startswith("ok ") for line in lines)


def test_the_command_prints_broken_rows_and_ends_with_1(works, at_now, ada):
    page = late_page(ada)
    out = StringIO()

    with pytest.raises(CommandError) as error:
        call_command("audit", stdout=out)

    after = list(itertools.dropwhile(lambda line: "BROKEN" not in line, out.getvalue().splitlines()))
    assert [line.split() for line in after[:2]] == [
        ["BROKEN", "I3", "A", "calling", "page", "is", "not", "late", "by", "a", "minute"],
        [str(page.pk)],
    ]
    assert error.value.returncode == 1


def test_the_command_tells_advice_and_ends_with_0(works, at_now):
    troubles.beat(name="celery", now=NOW - timedelta(hours=1))

    lines = printed()

    assert [line.split()[:2] for line in lines if not line.startswith("ok")] == [["advice", "F7"], ["celery"]]


def test_the_command_takes_advice_as_broken_when_it_is_strict(works, at_now):
    troubles.beat(name="celery", now=NOW - timedelta(hours=1))

    with pytest.raises(CommandError, match="1 broken"):
        printed("--strict")


def test_only_what_endangers_pages_is_of_the_pager():
    advice = [one.id for one in every() if one.gravity == Gravity.ADVICE]

    assert advice == ["F7", "I15", "I11 ahead", "I12", "I19", "F7 ways in", "I18"]

"""One use of a playbook: what its steps came to is added and never changed, and it ends in one way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from oncall.people.models import Team
from oncall.work.models import WorkItem
from playbooks.library import services as library
from playbooks.library.models import Playbook
from playbooks.runs import panels, queries, services
from playbooks.runs.models import Run, StepOutcome
from playbooks.runs.services import Subject

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SOURCE = """\
---
title: Disk full
---
## 1. Is it the archive?
minutes: 2

- yes: 2
- no: p1

## 2. Empty the cache

## 3. Ask for a disk
"""
ALARM = Subject(id="alarm:1", about="disk.full: /archive", url="/alarms/1/", key="disk", title="disk.full: /archive")


@pytest.fixture
def playbook(now):
    return library.create(slug="disk", source=SOURCE, by=None, now=now)


@pytest.fixture
def run(playbook, ada, now):
    return services.start(playbook=playbook, subject=ALARM, by=ada, now=now)[0]


@pytest.fixture
def tick(run, ada):
    def say(step, outcome, at, by=ada, **about):
        return services.tick(run=run, step=step, outcome=outcome, by=by, now=at, **about)[0]

    return say


def test_whoever_follows_it_about_the_same_is_joined(run, playbook, grace, now):
    joined, is_new = services.start(playbook=playbook, subject=ALARM, by=grace, now=now + MINUTE)

    assert (joined.pk, is_new, joined.started_by_id) == (run.pk, False, run.started_by_id)


def test_a_run_keeps_to_the_revision_it_began_with(run, playbook, ada, now):
    source = SOURCE.replace("Is it the archive?", "Which disk is it?")
    library.revise(playbook=playbook, source=source, seen=1, by=ada, now=now)

    run = Run.objects.get(pk=run.pk)
    assert queries.sheet_of(run).steps[0].title == "Is it the archive?"


def test_minutes_are_by_the_clock_since_the_step_before(tick, now):
    assert tick(1, "yes", now + 2 * MINUTE).minutes == 2
    assert tick(2, "done", now + 7 * MINUTE).minutes == 5
    assert tick(2, "solved", now + 9 * MINUTE).minutes == 5  # corrected: it took as long as before
    assert tick(2, "solved", now + 9 * MINUTE, minutes=4).minutes == 4


def test_a_correction_of_an_earlier_step_does_not_restart_the_clock(tick, now):
    tick(1, "yes", now + MINUTE)
    tick(1, "yes", now + 10 * MINUTE, minutes=3)

    assert tick(2, "done", now + 11 * MINUTE).minutes == 10


def test_of_two_presses_at_once_the_later_one_is_not_before_the_first(run, tick, ada, now):
    tick(1, "yes", now + 2 * MINUTE)
    assert tick(2, "done", now + MINUTE).at == now + 2 * MINUTE

    assert services.end(run=run, how="failed", by=ada, now=now)[0].ended_at == now + 2 * MINUTE


def test_an_answer_that_folds_the_solving_step_away_takes_the_mark_and_gives_it_back(run, tick, now):
    marks = []
    for minute, (step, outcome) in enumerate([(1, "yes"), (2, "solved"), (1, "no"), (3, "skipped"), (1, "yes")]):
        tick(step, outcome, now + minute * MINUTE)
        marks.append(Run.objects.get(pk=run.pk).solved_step)

    assert marks == [None, 2, None, None, 2]


def test_a_playbook_that_was_followed_already_is_linked_when_another_leads_to_it(run, playbook, ada, now):
    p1, p2 = Playbook.objects.get(slug="p1"), Playbook.objects.get(slug="p2")
    services.start(playbook=p1, subject=ALARM, by=ada, now=now)
    child, _ = services.start(playbook=p1, subject=ALARM, by=ada, now=now, parent=run)
    assert child.parent == run

    grandchild, _ = services.start(playbook=p2, subject=ALARM, by=ada, now=now, parent=child)
    circle, _ = services.start(playbook=playbook, subject=ALARM, by=ada, now=now, parent=grandchild)
    assert (circle.pk, circle.parent_id) == (run.pk, None)


@pytest.mark.parametrize(
    ("how", "minutes", "words"),
    [
        ("failed", 15, "without success, and stays so"),
        ("solved", 1, "solved, and stays so"),
        ("left", 1, "left, and stays so"),
    ],
)
def test_an_end_that_is_old_or_solved_it_stays(run, ada, now, how, minutes, words):
    services.end(run=run, how=how, by=ada, now=now)
    with pytest.raises(services.Refused, match=words):
        services.reopen(run=run, by=ada, now=now + minutes * MINUTE)


def test_what_was_begun_anew_is_gone_on_with_there(run, playbook, ada, now):
    services.end(run=run, how="failed", by=ada, now=now)
    services.start(playbook=playbook, subject=ALARM, by=ada, now=now)
    with pytest.raises(services.Refused, match="Somebody has begun it anew since"):
        services.reopen(run=run, by=ada, now=now)


def test_a_run_that_began_with_the_press_tells_nothing_of_its_first_step(tick, now):
    assert tick(1, "yes", now).minutes is None


def test_who_presses_over_what_another_said_meanwhile_is_told_and_writes_nothing(run, tick, grace, now):
    tick(1, "yes", now + MINUTE, seen=0)
    with pytest.raises(
        services.Overtaken, match=r"^Ada Moreno said “yes” to step 1 at 03:11 UTC; yours, “no”, is not written\."
    ):
        tick(1, "no", now + MINUTE, by=grace, seen=0)

    assert run.outcomes.count() == 1
    assert tick(1, "no", now + 2 * MINUTE, by=grace, seen=1).nth == 2


def test_the_same_said_twice_is_once(run, tick, grace, now):
    tick(1, "yes", now + MINUTE, seen=0)
    tick(1, "yes", now + MINUTE, by=grace, seen=0)

    assert run.outcomes.count() == 1


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"step": 4, "outcome": "done"}, "step", "There is no step 4. Name one from 1 to 3."),
        ({"step": 2, "outcome": "yes"}, "outcome", "Step 2 cannot come to “yes”. Choose one of done, solved"),
        ({"step": 2, "outcome": "done", "minutes": 1441}, "minutes", "“1441” is no time for a step."),
    ],
)
def test_what_a_step_cannot_come_to_is_refused(run, ada, now, said, field, words):
    with pytest.raises(services.Refused, match=words) as refused:
        services.tick(run=run, by=ada, now=now, **said)
    assert refused.value.field == field


def test_an_outcome_is_never_changed_or_removed(tick, now):
    row = tick(1, "yes", now)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        StepOutcome.objects.filter(pk=row.pk).update(outcome="no")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        StepOutcome.objects.filter(pk=row.pk).delete()
    StepOutcome.objects.filter(pk=row.pk).update(outcome="yes")  # a restore writes rows as they are


def test_the_step_that_is_marked_solved_it(run, tick, ada, now):
    tick(2, "solved", now)
    tick(2, "no_help", now + MINUTE)
    tick(3, "solved", now + 2 * MINUTE)

    ended, _ = services.end(run=run, how="solved", by=ada, now=now + 3 * MINUTE)

    assert (ended.end, ended.solved_step, ended.ended_at) == ("solved", 3, now + 3 * MINUTE)
    with pytest.raises(services.Refused, match="It ended at 03:13 UTC, solved"):
        tick(1, "yes", now + 4 * MINUTE)


def test_what_was_missing_becomes_a_thing_to_do_for_the_owner(run, playbook, ada, now):
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Playbook.objects.update(owner_team=team)
    services.end(run=run, how="failed", by=ada, now=now)
    assert WorkItem.objects.count() == 0

    said = services.say_missing(run=run, text=" How to mount it.\x00 ", by=ada, now=now)

    item = WorkItem.objects.get()
    assert (item.team, item.title) == (team, "Improve the playbook “Disk full”")
    assert item.text == "Ada Moreno followed it without success. Missing was: How to mount it."
    assert said.asks is False
    assert "How to mount it." in panels.of_playbook(playbook, person=ada, now=now)


def test_what_was_missing_in_a_restricted_incident_stays_in_the_run(playbook, ada, now):
    secret = Subject(id="incident:1", about="Incident 1", url="/incidents/1/", restricted=True)
    run, _ = services.start(playbook=playbook, subject=secret, by=ada, now=now)
    services.end(run=run, how="failed", by=ada, now=now, missing="the stolen key")

    assert WorkItem.objects.count() == 0
    assert "stolen" not in panels.of_playbook(playbook, person=ada, now=now)


def test_of_two_ends_the_first_stands_and_one_that_was_left_may_be_ended(run, ada, grace, now):
    services.end(run=run, how="left", by=None, now=now)
    services.end(run=run, how="failed", by=ada, now=now + MINUTE)
    with pytest.raises(services.Overtaken, match="Ada Moreno ended it at 03:10 UTC already: without success"):
        services.end(run=run, how="solved", by=grace, now=now + 2 * MINUTE)


@pytest.fixture
def used(playbook, ada, now):
    """Followed twice for alarms, solved by step 2 once, and practised once."""
    for nth, (subject, how, outcome) in enumerate(
        [(ALARM, "solved", "solved"), (ALARM, "failed", "no_help"), (Subject(), "solved", "solved")]
    ):
        at = now + nth * 10 * MINUTE
        run, _ = services.start(playbook=playbook, subject=subject, by=ada, now=at)
        services.tick(run=run, step=2, outcome=outcome, by=ada, now=at + (4 + nth) * MINUTE)
        services.end(run=run, how=how, by=ada, now=at + 5 * MINUTE)
    return playbook


def test_steps_say_how_often_they_solved_it_and_practice_proves_nothing(used, now):
    one = queries.statistics(used)["empty the cache"]

    assert (one.taken, one.solved, one.no_help, one.minutes) == (2, 1, 1, 4.5)
    assert queries.use_of(used) == queries.Use(2, 1, now + 20 * MINUTE)


@pytest.mark.parametrize(
    "alike",
    [
        {"key": "disk", "title": "other", "product": ""},
        {"key": "other", "title": "disk.full: /scratch", "product": ""},
    ],
)
def test_what_solved_such_alarms_is_suggested_with_its_numbers(used, now, alike):
    other = Playbook.objects.get(slug="p1")
    found = queries.suggestions(**alike, candidates=[other], now=now + 60 * MINUTE)

    best = next(one for one in found if one.playbook == used)
    assert (best.runs, best.solved, best.step, best.step_number, best.step_solved) == (
        2, 1, "Empty the cache", 2, 1,
    )  # fmt: skip
    assert [one.playbook.slug for one in found if not one.runs] == ["p1"]


def test_nothing_is_suggested_for_an_alarm_unlike_any(used, now):
    assert queries.suggestions(key="x", title="", product="", candidates=[], now=now + 60 * MINUTE) == []


@pytest.mark.parametrize(("days", "words"), [(181, None), (183, "not run since 23 Mar 2027")])
def test_a_playbook_that_nobody_followed_for_six_months_says_so(run, playbook, now, days, words):
    assert queries.marks([playbook], now=now + timedelta(days=days)).get(playbook.pk) == words


def test_one_that_was_never_run_says_so_once_it_is_old(playbook, now):
    assert queries.marks([playbook], now=now + timedelta(days=183)) == {playbook.pk: "never run"}
    assert queries.marks([playbook], now=now) == {}


def test_a_panel_asks_as_much_for_many_runs_as_for_one(used, ada, now, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        assert "solved it 1 time" in panels.of_playbook(used, person=ada, now=now + 60 * MINUTE)


ASKS = """\
---
title: Disk slow
---
## 1. Empty the cache

## 2. Is it fast again?

- yes: end, Solved
- no: end, handed on
"""


@pytest.mark.parametrize(("answer", "end", "step", "solved"), [("yes", "solved", 1, 1), ("no", "written", None, 0)])
def test_an_end_that_the_playbook_calls_solved_counts_as_solved_by_the_step_before_the_look(
    ada, now, answer, end, step, solved
):
    playbook = library.create(slug="slow", source=ASKS, by=None, now=now)
    run, _ = services.start(playbook=playbook, subject=ALARM, by=ada, now=now)
    for number, outcome in ((1, "done"), (2, answer)):
        services.tick(run=run, step=number, outcome=outcome, by=ada, now=now)
    for changed in (True, False):
        run, is_new = services.end(run=run, how="written", by=ada, now=now)
        assert (run.end, run.solved_step, is_new) == (end, step, changed)

    assert queries.use_of(playbook).solved == solved


def test_where_there_are_very_many_the_newest_runs_count(playbook, ada, now, monkeypatch):
    monkeypatch.setattr(queries, "MOST_COUNTED", 1)
    for day, outcome in enumerate(("no_help", "no_help", "done", "no_help")):
        at = now + timedelta(days=(3, 1, 4, 2)[day])
        one, _ = services.start(playbook=playbook, subject=replace(ALARM, id=f"alarm:{day}"), by=ada, now=at)
        services.tick(run=one, step=2, outcome=outcome, by=ada, now=at)

    assert [one.no_help for one in queries.statistics(playbook).values()] == [0]

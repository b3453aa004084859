"""What is done in a run goes where it belongs: the alarm's log, the incident's timeline, the ledger."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.command import editing, timeline
from incidents.command import services as command
from incidents.command.models import Entry
from incidents.following import board, panels, queries, services, watch
from oncall.limits import queries as limits
from oncall.paging.models import Notice
from oncall.work.models import WorkItem
from playbooks.library.models import Playbook
from playbooks.runs import queries as runs
from playbooks.runs.models import Run
from rotations.leave.models import CallOut, Evidence
from tests.incidents.following.conftest import logged

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def declared(ada, now):
    def declare(**about):
        said = {"title": "No alerts", "severity": 3, "by": ada, "now": now}
        return command.declare(**(said | about))

    return declare


def test_each_step_is_a_line_of_the_alarms_log(run, alarm, ada, grace, now):
    services.tick(run=run, step=1, outcome="yes", by=ada, now=now + 2 * MINUTE)
    services.tick(run=run, step=1, outcome="no", by=grace, now=now + 3 * MINUTE)

    assert logged(alarm) == [
        "Ada Moreno follows “Disk full”, revision 1.",
        "Ada Moreno: “Disk full”, step 1. Is it the archive? yes, 2 min.",
        "Grace Okafor: “Disk full”, step 1. Is it the archive? no, 2 min (corrected).",
    ]


def test_the_lines_of_an_alarm_stand_in_its_incidents_timeline_among_the_steps(run, alarm, ada, declared, now):
    incident = declared(alarms=[alarm])
    services.tick(run=run, step=2, outcome="done", by=ada, now=now + 2 * MINUTE)

    shown = [line.text for line in timeline.lines(incident, groups=["steps"])]

    assert shown[-1] == "Ada Moreno: “Disk full”, step 2. Empty the cache done, 2 min."


def test_in_an_incident_without_alarms_each_step_is_its_own_line(playbook, ada, declared, now):
    incident = declared()
    run, _ = services.start(playbook=playbook, incident=incident, by=ada, now=now)
    services.tick(run=run, step=2, outcome="no_help", by=ada, now=now + MINUTE)

    rows = incident.entries.filter(kind=Entry.Kind.STEP).order_by("nth")
    assert [(row.text, row.url) for row in rows] == [
        ("Ada Moreno follows “Disk full”, revision 1.", run.path),
        ("Ada Moreno: “Disk full”, step 2. Empty the cache did not help, 1 min.", run.path),
    ]


def test_a_step_is_evidence_as_a_note_is_and_nobody_unpaged_is_called_out_by_it(run, alarm, grace, now):
    services.tick(run=run, step=2, outcome="done", by=grace, now=now + MINUTE)

    assert list(Evidence.objects.filter(person=grace).values_list("kind", "text")) == [
        ("step", "Followed “Disk full”.")
    ]
    assert not CallOut.objects.filter(person=grace).exists()


def test_a_step_by_whoever_has_the_alarm_renews_it(run, alarm, ada, now):
    work.acknowledge(alarm=alarm, by=ada, now=now)
    services.tick(run=run, step=2, outcome="done", by=ada, now=now + 30 * MINUTE)

    alarm.refresh_from_db()
    assert alarm.next_due == now + 90 * MINUTE  # acknowledgement_lapse_s: 1 h


@pytest.fixture
def led(run, ada, now):
    """The first step said no, which leads to p1."""
    services.tick(run=run, step=1, outcome="no", by=ada, now=now)
    return services.start(playbook=_p1(), alarm=run.tie.alarm, by=ada, now=now, parent=run)[0]


def _p1():
    return Playbook.objects.get(slug="p1")


def test_what_led_to_a_run_that_solved_it_ends_with_it_and_the_log_says_so(run, led, alarm, ada, now):
    services.end(run=led, how="solved", by=ada, now=now + MINUTE)

    run.refresh_from_db()
    assert (run.end, run.ended_at) == ("solved", now + MINUTE)
    assert logged(alarm)[-1] == f"Ada Moreno ended “Disk full”: “{led.playbook.title}”, to which it led, solved it."


@pytest.mark.parametrize(
    ("how", "words"), [("failed", "did not help:"), ("left", "was left:"), ("written", "ended as it says:")]
)
def test_what_led_to_a_run_that_did_not_help_goes_on_with_its_next_step(run, led, ada, now, how, words):
    services.end(run=led, how=how, by=ada, now=now + MINUTE)

    run.refresh_from_db()
    shown = board.standing(run, person=ada, now=now + MINUTE)
    head = render_to_string("following/head.html", shown)
    assert (run.end, shown["next"], [one.state for one in shown["parts"]]) == ("", 2, ["done", "open", "open"])
    assert words in head
    assert "go on with step 2" in head
    services.tick(run=run, step=2, outcome="solved", by=ada, now=now + 2 * MINUTE)


def test_an_end_that_was_a_wrong_press_is_taken_back_with_what_was_missing(run, alarm, ada, grace, now):
    services.end(run=run, how="failed", by=ada, now=now, missing="a ladder")
    services.reopen(run=run, by=grace, now=now + 14 * MINUTE)

    run.refresh_from_db()
    assert (run.end, run.ended_at, run.missing) == ("", None, "")
    assert WorkItem.objects.get().outcome == "Grace Okafor goes on with the run."
    assert logged(alarm)[-1] == "Grace Okafor goes on with “Disk full”: its end was a wrong press."
    services.end(run=run, how="solved", by=grace, now=now + 15 * MINUTE)


def test_what_was_missing_leaves_the_work_item_as_soon_as_the_incident_is_restricted(playbook, ada, declared, now):
    incident = declared()
    run, _ = services.start(playbook=playbook, incident=incident, by=ada, now=now)
    services.end(run=run, how="failed", by=ada, now=now, missing="the key hunter2")
    editing.restrict(incident=incident, by=ada, now=now + MINUTE)

    assert "hunter2" not in WorkItem.objects.get().text
    assert runs.lacking(playbook) == []
    editing.open_up(incident=incident, by=ada, now=now + 2 * MINUTE, why="published")
    assert WorkItem.objects.get().text == "Ada Moreno followed it without success. Missing was: the key hunter2"
    assert [one.missing for one in runs.lacking(playbook)] == ["the key hunter2"]


def test_what_was_missing_in_a_restricted_incident_goes_to_the_owner_once_it_is_opened(playbook, ada, declared, now):
    incident = declared(restricted=True)
    run, _ = services.start(playbook=playbook, incident=incident, by=ada, now=now)
    services.end(run=run, how="failed", by=ada, now=now, missing="a ladder")

    assert WorkItem.objects.count() == 0
    editing.open_up(incident=incident, by=ada, now=now + MINUTE, why="published")

    assert WorkItem.objects.get().text == "Ada Moreno followed it without success. Missing was: a ladder"


def test_what_is_written_about_an_alarm_of_a_restricted_incident_is_for_whom_that_is(
    run, playbook, alarm, ada, grace, declared, now
):
    declared(restricted=True, alarms=[alarm])
    services.end(run=run, how="failed", by=ada, now=now + MINUTE, missing="the key hunter2")

    assert queries.visible(ada).filter(pk=run.pk).exists()
    assert not queries.visible(grace).filter(pk=run.pk).exists()
    assert WorkItem.objects.count() == 0
    assert runs.lacking(playbook) == []
    assert "Disk full" not in panels.of_alarm(alarm, person=grace, now=now + MINUTE).split("Try these")[0]
    assert "Disk full" in panels.of_alarm(alarm, person=ada, now=now + MINUTE)


def test_a_run_is_as_restricted_as_the_incident_that_its_alarm_becomes_part_of(
    run, playbook, alarm, ada, grace, declared, now
):
    services.end(run=run, how="failed", by=ada, now=now, missing="the key hunter2")
    incident = declared(alarms=[alarm])
    assert queries.visible(grace).filter(pk=run.pk).exists()

    editing.restrict(incident=incident, by=ada, now=now + MINUTE)
    assert not queries.visible(grace).filter(pk=run.pk).exists()
    assert "hunter2" not in WorkItem.objects.get().text
    assert runs.lacking(playbook) == []
    editing.open_up(incident=incident, by=ada, now=now + 2 * MINUTE, why="published")
    assert queries.visible(grace).filter(pk=run.pk).exists()
    assert "hunter2" in WorkItem.objects.get().text


def test_a_run_whose_alarm_comes_into_a_restricted_incident_follows_within_half_a_minute(
    run, playbook, alarm, ada, declared, now
):
    services.end(run=run, how="failed", by=ada, now=now, missing="the key hunter2")
    declared(restricted=True, alarms=[alarm])

    watch.keep(now=now + MINUTE, limits=limits.at(now))
    assert "hunter2" not in WorkItem.objects.get().text
    alarm.incident_links.update(unlinked_at=now)
    watch.keep(now=now + MINUTE, limits=limits.at(now))
    assert "hunter2" in WorkItem.objects.get().text


def test_a_run_that_begins_for_an_alarm_of_a_restricted_incident_is_restricted(playbook, alarm, ada, declared, now):
    declared(restricted=True, alarms=[alarm])

    assert services.start(playbook=playbook, alarm=alarm, by=ada, now=now)[0].restricted


def test_an_end_that_the_playbook_calls_solved_is_offered_once_and_ends_what_led_to_it(run, alarm, ada, now):
    p6 = Playbook.objects.get(slug="p6")
    child, _ = services.start(playbook=p6, alarm=alarm, by=ada, now=now, parent=run)
    for step in (1, 2, 3, 7):
        services.tick(run=child, step=step, outcome="yes", by=ada, now=now)
    assert board.standing(child, person=ada, now=now)["ends"] == []

    services.end(run=child, how="written", by=ada, now=now)

    run.refresh_from_db()
    assert run.end == "solved"
    assert (runs.use_of(p6).solved, Run.objects.get(pk=child.pk).solved_step) == (1, 3)


@pytest.mark.parametrize(("outcome", "end"), [("solved", "solved"), ("done", "")])
def test_a_resolved_alarm_ends_its_run_if_a_step_was_marked_to_have_solved_it(run, alarm, ada, now, outcome, end):
    services.tick(run=run, step=2, outcome=outcome, by=ada, now=now)
    alarms.resolve(alarm=alarm, by=ada, now=now + MINUTE)

    watch.keep(now=now + 2 * MINUTE, limits=limits.at(now))

    run.refresh_from_db()
    assert (run.end, run.ended_by) == (end, None)


@pytest.mark.parametrize(("hours", "end"), [(3, ""), (4, "left")])
def test_a_run_that_everybody_left_is_closed_and_asks_what_was_missing(run, ada, grace, now, hours, end):
    services.tick(run=run, step=1, outcome="yes", by=grace, now=now)

    watch.keep(now=now + timedelta(hours=hours), limits=limits.at(now))
    watch.keep(now=now + timedelta(hours=hours), limits=limits.at(now))

    run.refresh_from_db()
    assert (run.end, run.asks) == (end, bool(end))
    told = Notice.objects.filter(key=f"run-left:{run.pk}")
    assert [one.person for one in told] == ([grace] if end else [])


def test_a_run_and_the_one_it_led_to_are_left_together_and_asked_about_once(run, led, now):
    for _ in range(2):
        watch.keep(now=now + timedelta(hours=4), limits=limits.at(now))

    assert set(Run.objects.values_list("end", flat=True)) == {"left"}
    assert list(Notice.objects.values_list("key", flat=True)) == [f"run-left:{led.pk}"]


def test_a_run_is_not_left_while_the_one_it_led_to_is_followed(run, ada, now):
    led = services.start(playbook=_p1(), alarm=run.tie.alarm, by=ada, now=now, parent=run)[0]
    later = now + timedelta(hours=3)
    services.tick(run=led, step=1, outcome="skipped", by=ada, now=later)

    assert watch.keep(now=now + timedelta(hours=5), limits=limits.at(now)) == 0


def test_where_nothing_is_due_the_chore_asks_three_times(run, now, django_assert_num_queries):
    in_force = limits.at(now)
    with django_assert_num_queries(3):
        watch.keep(now=now, limits=in_force)


def test_a_run_in_a_restricted_incident_is_seen_by_those_it_names(playbook, ada, grace, declared, now):
    incident = declared(restricted=True, title="Stolen key")
    run, _ = services.start(playbook=playbook, incident=incident, by=ada, now=now)

    assert queries.visible(ada).filter(pk=run.pk).exists()
    assert not queries.visible(grace).filter(pk=run.pk).exists()
    assert (run.about, run.restricted) == ("Incident 1", True)


def test_two_about_the_same_share_a_run_and_two_alarms_do_not(run, playbook, alarm, grace, declared, now):
    shared, _ = services.start(playbook=playbook, alarm=alarm, by=grace, now=now)
    other, _ = services.start(playbook=playbook, incident=declared(), by=grace, now=now)

    assert shared.pk == run.pk
    assert other.pk != run.pk
    assert Run.objects.count() == 2


def test_an_alarm_shows_who_follows_what_and_what_solved_its_like(run, alarm, ada, policy, now):
    services.tick(run=run, step=2, outcome="solved", by=ada, now=now + 3 * MINUTE)
    services.end(run=run, how="solved", by=ada, now=now + 4 * MINUTE)
    firing = alarms.Firing(
        title="Slow", severity=2, source_id=alarm.source_id, source="G", key="two", product=alarm.product
    )
    again = alarms.fire(firing=firing, policy=policy, now=now)

    shown = panels.of_alarm(again, person=ada, now=now + 5 * MINUTE)

    assert "solved 1 of 1 such alarm" in shown
    assert "mostly by step 2, Empty the cache (1 time, 3 min)" in shown


def test_the_panel_of_an_alarm_is_cheap(run, alarm, ada, now, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        assert "Go on with Disk full" in panels.of_alarm(alarm, person=ada, now=now)

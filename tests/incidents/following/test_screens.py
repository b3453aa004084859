"""Screens of a run without JavaScript: one press each, and what is refused stands beside its button."""

from datetime import timedelta

import pytest

from incidents.alarms.models import AlarmPage
from incidents.following import services
from playbooks.library.models import Playbook
from playbooks.runs.models import Run

pytestmark = pytest.mark.django_db


def start(alarm) -> str:
    return f"/alarms/{alarm.pk}/playbooks/disk/"


def test_an_alarm_opens_its_playbook_with_buttons_that_begin_the_run(as_ada, alarm, playbook):
    body = as_ada.get(f"/alarms/{alarm.pk}/").content.decode()

    assert f'action="{start(alarm)}"' in body
    assert "Follow it, step by step" in body


def test_one_press_on_a_step_begins_the_run_and_ticks_it(as_ada, alarm, playbook, ada):
    response = as_ada.post(start(alarm), {"step": "1", "outcome": "yes", "revision": "1"})

    run = Run.objects.get()
    assert response.headers["Location"] == f"{run.path}#step-2"
    assert (run.revision.n, run.subject, run.started_by) == (1, alarm.subject, ada)
    assert [(one.step, one.outcome) for one in run.outcomes.all()] == [(1, "yes")]


def test_a_press_on_a_page_that_is_out_of_date_begins_the_run_and_ticks_nothing(as_ada, alarm, playbook):
    response = as_ada.post(start(alarm), {"step": "1", "outcome": "yes", "revision": "7"}, follow=True)

    assert Run.objects.get().outcomes.count() == 0
    assert "Disk full reads otherwise in this run" in response.content.decode()


def test_what_does_not_apply_folds_away_and_a_correction_brings_it_back(as_ada, run):
    as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "no", "seen": "0"})
    assert as_ada.get(run.path).content.decode().count("Does not apply now") == 2

    as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "yes", "seen": "1"})
    assert "Does not apply now" not in as_ada.get(run.path).content.decode()


def test_an_answer_that_leads_to_another_playbook_begins_it_in_the_same_press(as_ada, run, alarm):
    response = as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "no", "seen": "0"})

    child = Run.objects.get(parent=run)
    assert response.headers["Location"] == child.path
    assert (child.playbook.slug, child.subject) == ("p1", alarm.subject)


def test_an_answer_that_leads_back_to_what_led_here_goes_on_there_with_the_next_step(as_ada, run, alarm):
    as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "no", "seen": "0"})
    child = Run.objects.get(parent=run)
    services.tick(run=child, step=1, outcome="no", by=run.started_by, now=child.touched_at)
    grandchild = Run.objects.create(
        playbook=child.playbook, revision=child.revision, parent=child, subject="x", started_at=child.started_at,
        started_by=run.started_by, touched_at=child.touched_at,
    )  # fmt: skip

    back = services.lead_back(run=grandchild, slug="disk", by=run.started_by, now=child.touched_at)

    assert back == run
    assert set(Run.objects.exclude(pk=run.pk).values_list("end", flat=True)) == {"written"}
    assert 'id="step-2"' in as_ada.get(run.path).content.decode().split("run-next")[1]


def test_where_an_incident_is_declared_already_the_answer_that_declares_goes_on(as_ada, ada, alarm, now):
    from incidents.command import services as command

    p1 = Playbook.objects.get(slug="p1")
    run, _ = services.start(playbook=p1, alarm=alarm, by=ada, now=now)
    for step, outcome in ((1, "yes"), (2, "done"), (3, "no"), (4, "no")):
        services.tick(run=run, step=step, outcome=outcome, by=ada, now=now)
    said = {"step": "5", "outcome": "yes"}
    declares = as_ada.post(f"{run.path}tick/", said).headers["Location"]
    command.declare(title="Link down", severity=3, by=ada, now=now, alarms=[alarm])

    assert declares == f"/incidents/declare/?alarm={alarm.pk}"
    assert as_ada.post(f"{run.path}tick/", said).headers["Location"] == f"{run.path}#step-6"


def test_declare_goes_to_declaring_with_the_alarm_chosen(as_ada, run, alarm):
    as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "yes"})
    as_ada.post(f"{run.path}tick/", {"step": "2", "outcome": "done"})
    response = as_ada.post(f"{run.path}tick/", {"step": "3", "outcome": "no"})

    assert response.headers["Location"] == f"/incidents/declare/?alarm={alarm.pk}"


def test_a_lost_race_is_said_beside_the_step(as_ada, run, grace, now):
    services.tick(run=run, step=1, outcome="yes", by=grace, now=now)
    response = as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "no", "seen": "0"}, follow=True)

    step = response.content.decode().split('id="step-1"')[1].split('id="step-2"')[0]
    assert "Grace Okafor said “yes” to step 1 at 03:10 UTC; yours, “no”, is not written." in step


def test_minutes_that_are_none_are_said_beside_the_step_and_stay(as_ada, run, ada, now):
    services.tick(run=run, step=1, outcome="yes", by=ada, now=now)
    typed = {"step": "1", "outcome": "yes", "seen": "1", "minutes": "a few"}
    response = as_ada.post(f"{run.path}tick/", typed, follow=True)

    step = response.content.decode().split('id="step-1"')[1].split('id="step-2"')[0]
    assert "“a few” is no time for a step." in step
    assert 'value="a few"' in step


def test_nobody_on_call_offers_the_escalation(as_ada, run, alarm):
    as_ada.post(f"{run.path}tick/", {"step": "1", "outcome": "yes"})
    response = as_ada.post(f"{run.path}page/", {"step": "2"}, follow=True)

    step = response.content.decode().split('id="step-2"')[1].split('id="step-3"')[0]
    assert "No schedule is for “Data Facility”" in step
    assert f'action="/alarms/{alarm.pk}/escalate/"' in step


@pytest.mark.parametrize(
    ("press", "said", "place"),
    [
        ("page", {"step": "2"}, "step-2"),
        ("tick", {"step": "2", "outcome": "yes"}, "step-2"),
        ("tick", {"step": "77", "outcome": "yes"}, "run-end"),
        ("end", {"how": "solved", "step": "3"}, "run-end"),
        ("end", {"how": "failed", "missing": "x" * 4001}, "run-end"),
    ],
)
def test_what_is_refused_leads_back_to_its_button_and_is_said_there_once(as_ada, run, press, said, place):
    response = as_ada.post(f"{run.path}{press}/", said)
    assert response.headers["Location"] == f"{run.path}#{place}"

    shown = as_ada.get(run.path).content.decode()
    assert 'role="alert"' in shown.split(f'id="{place}"')[1].split("</section>")[0].split('id="step-3"')[0]
    assert 'role="alert"' not in as_ada.get(run.path).content.decode()


def test_a_wrong_press_on_the_end_is_taken_back_by_a_press_and_the_words_stay(as_ada, run):
    as_ada.post(f"{run.path}end/", {"how": "failed", "missing": "a ladder"})
    assert f'action="{run.path}reopen/"' in as_ada.get(run.path).content.decode()
    response = as_ada.post(f"{run.path}reopen/", follow=True)

    assert ">a ladder</textarea>" in response.content.decode()
    assert f'action="{run.path}reopen/"' not in response.content.decode()


def test_the_step_says_whom_it_called(as_ada, run, facility):
    as_ada.post(f"{run.path}page/", {"step": "2"})

    page = AlarmPage.objects.get(step=-1) if AlarmPage.objects.filter(step=-1).exists() else AlarmPage.objects.get()
    assert f"Mae Castillo: calling (code {page.page.reference})" in as_ada.get(run.path).content.decode()


def test_a_run_without_success_asks_what_was_missing(as_ada, run):
    as_ada.post(f"{run.path}end/", {"how": "failed"})
    assert "What was missing?" in as_ada.get(run.path).content.decode()

    as_ada.post(f"{run.path}end/", {"missing": "How to mount it."})
    assert "Missing was: How to mount it." in as_ada.get(run.path).content.decode()
    assert "How to mount it." in as_ada.get("/playbooks/disk/").content.decode()


def test_the_news_are_the_parts_that_the_page_lacks(as_ada, run, grace, now):
    page = as_ada.get(f"{run.path}news/").content.decode()
    versions = [one.split('"')[0] for one in page.split('name="version" value="')[1:]]
    assert len(versions) == 5  # head, three steps, end
    assert "card" not in as_ada.get(f"{run.path}news/", {"version": versions}).content.decode()

    services.tick(run=run, step=2, outcome="done", by=grace, now=now)

    fresh = as_ada.get(f"{run.path}news/", {"version": versions}).content.decode()
    assert ('id="step-2"' in fresh, 'id="step-3"' in fresh, 'hx-swap-oob="true"' in fresh) == (True, False, True)


def test_who_may_not_see_what_is_done_about_an_alarm_begins_nothing_for_it(client, run, alarm, grace, ada, now):
    from incidents.command import services as command

    command.declare(title="Stolen key", severity=3, by=ada, now=now, restricted=True, alarms=[alarm])
    client.force_login(grace)
    response = client.post(start(alarm), follow=True)

    assert response.redirect_chain == [(alarm.path, 302)]
    assert "What is done about this alarm is not for everybody." in response.content.decode()
    assert client.get(run.path).status_code == 404


def test_a_step_has_a_button_for_each_skill_it_pages(as_ada, alarm, ada, now):
    run, _ = services.start(playbook=Playbook.objects.get(slug="p1"), alarm=alarm, by=ada, now=now)
    page = as_ada.get(run.path).content.decode()

    assert [f"Page {skill}</button>" in page for skill in ("Data Facility", "Chile DevOps")] == [True, True]


def test_a_run_that_may_not_be_seen_is_not_there(client, run, grace, ada, playbook, now):
    from incidents.command import services as command

    secret = command.declare(title="Stolen key", severity=3, by=ada, now=now, restricted=True)
    hidden, _ = services.start(playbook=playbook, incident=secret, by=ada, now=now)
    client.force_login(grace)
    for path in (hidden.path, f"{hidden.path}news/", f"/api/v1/runs/{hidden.pk}/", f"/incidents/{secret.number}/runs/"):
        assert client.get(path).status_code == 404
    assert client.post(f"{hidden.path}tick/", {"step": "1", "outcome": "yes"}).status_code == 404


def test_the_list_marks_playbooks_that_nobody_followed_for_long(as_ada, run, now):
    Run.objects.update(started_at=now - timedelta(days=200))

    row = as_ada.get("/playbooks/", {"q": "disk full"}).content.decode()
    assert "not run since 04 Sep 2026" in row
    assert "Nobody has followed it since" in as_ada.get("/playbooks/disk/").content.decode()


def test_practice_is_about_nothing(as_ada, playbook):
    assert "This is practice" in as_ada.get("/playbooks/disk/practise/").content.decode()
    as_ada.post("/playbooks/disk/practise/", {"step": "1", "outcome": "no"})

    assert set(Run.objects.values_list("playbook__slug", "subject")) == {("disk", ""), ("p1", "")}


def test_a_page_of_a_run_asks_as_much_for_many_outcomes_as_for_few(
    as_ada, run, ada, now, django_assert_max_num_queries
):
    for nth in range(12):
        services.tick(run=run, step=2, outcome=("done", "no_help")[nth % 2], by=ada, now=now)
    with django_assert_max_num_queries(20):
        as_ada.get(f"{run.path}news/")

"""Each page says why this person, why now: on screen, by link, in the API, in the mail, by key 8 and by text."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, AlarmPage
from incidents.escalation.models import EscalationPolicy, Step
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import Notice, Page
from oncall.people.models import Team
from rotations.changes.models import Override
from tests.conftest import NOW, make_person, make_policy
from tests.incidents.alarms.test_answers import _account, call, code, key, post, said, sms, start, texted  # noqa: F401

pytestmark = pytest.mark.django_db
SHIFT = "Mon 1 Mar 09:00 to Mon 28 Feb 09:00 (your time)"  # 52 weeks


@pytest.fixture
def alarm(policy):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=NOW)


def run(now=NOW):
    engine.escalate_due(now=now, limits=limits.at(now))


def because(person) -> dict:
    return AlarmPage.objects.get(page__person=person).because


def test_a_page_keeps_its_policy_step_round_schedule_and_shift(alarm, ada):
    run()

    kept = because(ada)
    assert {name: kept[name] for name in ("how", "policy", "step", "of", "round", "rounds", "role", "cycle")} == {
        "how": "step", "policy": "Prompt Processing", "step": 1, "of": 2, "round": 1, "rounds": 1, "role": "primary",
        "cycle": 1,
    }  # fmt: skip
    assert kept["schedule"]["name"] == "Triage"
    assert kept["shift"]["from"] == "2027-03-01T17:00:00+00:00"


def test_the_second_step_says_that_it_is_the_second(alarm, grace):
    run()
    run(NOW + timedelta(minutes=5))

    assert (because(grace)["step"], because(grace)["of"]) == (2, 2)


def test_the_second_round_says_so(ada):
    policy = make_policy("One", ada, rounds=2, is_default=True)
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=NOW)
    run()
    Page.objects.update(state="unanswered", next_due=None, ended_at=NOW)
    run(NOW + timedelta(minutes=5))

    last = AlarmPage.objects.order_by("linked_at").last()
    assert (last.because["round"], last.because["rounds"], last.because["target"]) == (2, 2, "person")


def test_who_stands_in_is_told_for_whom_and_who_arranged_it(alarm, ada, grace, pilot):
    schedule = alarm.policy.steps.get(position=0).schedule
    Override.objects.create(
        schedule=schedule, person=grace, replaces=ada, starts_at=NOW - timedelta(hours=1), by=pilot, reason="dentist",
        ends_at=NOW + timedelta(hours=1), created_at=NOW - timedelta(days=1),
    )  # fmt: skip
    run()

    kept = because(grace)
    assert {name: kept["instead"][name] for name in ("kind", "of", "by", "reason")} == {
        "kind": "override", "of": "Ada Moreno", "by": "Petra Pilot", "reason": "dentist",
    }  # fmt: skip


def test_a_team_is_why_for_its_members(ada):
    team = Team.objects.create(name="Data Facility", slug="df")
    team.members.add(ada)
    policy = EscalationPolicy.objects.create(name="All", rounds=1)
    Step.objects.create(policy=policy, position=0, team=team)
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=NOW)
    run()

    assert because(ada)["team"] == "Data Facility"


def test_the_reason_stays_what_it_was_when_the_policy_is_edited(alarm, ada):
    run()
    alarm.policy.steps.all().delete()
    alarm.policy.delete()

    assert because(ada)["policy"] == "Prompt Processing"


def test_who_is_called_in_is_told_by_whom(alarm, ada, grace):
    run()
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW)

    kept = because(grace)
    assert (kept["how"], kept["by"], kept["reason"]) == ("called in", "Ada Moreno", "Ada Moreno asks for your help")


def test_the_mail_says_it_in_words(alarm, ada):
    run()

    words = f"you are on call for Triage, {SHIFT}: 1st of 1 in Triage, 52 weeks from Mon 1 Mar. "
    assert f"You are called because: {words}Step 1 of 2 of the policy Prompt Processing." in Page.objects.get().text


@pytest.fixture
def as_grace(client, grace):
    clock.travel(NOW - clock.now())
    client.force_login(grace)
    return client


def test_everybody_signed_in_may_read_why(as_grace, alarm):
    run()
    page = Page.objects.get()
    text = as_grace.get(f"/pages/{page.pk}/why/").content.decode()

    assert "Why Ada Moreno?" in text
    assert f"you are on call for Triage, {SHIFT}" in text
    assert "Step</dt><dd>1 of 2" in text
    assert "<li>SMS at once" in text
    assert "<li>Call after 1 min" in text


def test_the_alarm_s_page_leads_there(as_grace, alarm):
    run()
    page = Page.objects.get()

    assert as_grace.get(alarm.path).content.decode().count(f'href="/pages/{page.pk}/why/"') == 2


def test_a_test_page_has_no_alarm_behind_it(as_grace, grace):
    as_grace.post("/me/page/")
    page = Page.objects.get()

    assert "This is a test page." in as_grace.get(f"/pages/{page.pk}/why/").content.decode()


def test_the_api_s_timeline_carries_it(as_grace, alarm):
    run()
    lines = as_grace.get(f"/api/v1/alarms/{alarm.pk}/timeline/").json()["results"]

    (paged,) = [line for line in lines if line["kind"] == "paged"]
    assert paged["because"]["step"] == 1
    assert paged["why"].startswith("you are on call for Triage")
    assert {line["why"] for line in lines if line["kind"] != "paged"} == {""}


def test_key_8_says_why_and_asks_again(post, call):  # noqa: F811
    start(post, call)
    text = said(key(post, call, "8"))

    assert text.startswith("You are called because you are on call for Triage, Mon 1 Mar 09:00 to")
    assert "Severity 1. No alerts. Press 4 to acknowledge." in text


def test_the_menu_names_key_8(post, call):  # noqa: F811
    assert "Press 8 to hear why you are called." in said(start(post, call))


@pytest.mark.parametrize("body", ["{} W", "{}w", "why {}"])
def test_a_text_with_code_and_w_is_answered_with_why_and_does_nothing_else(post, texted, alarm, body):  # noqa: F811
    sms(post, body.format(code()))

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert Notice.objects.get().text.startswith(f"{code()}: You are called because you are on call for Triage, ")


def test_of_several_alarms_the_worst_is_explained_and_the_rest_are_counted(post, alarm):  # noqa: F811
    from incidents.alarms import explain

    firing = services.Firing(title="Disk", severity=2, source_id=PEOPLE, source="test", key="j")
    services.fire(firing=firing, policy=None, now=NOW)
    run()

    assert explain.spoken(Page.objects.get()).endswith("The page is about 2 alarms; this is the worst.")


def test_the_last_resort_says_why_it_is_called(pilot):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    policy = make_policy("Nobody", make_person("Nora Nophone"))
    services.fire(firing=firing, policy=policy, now=NOW)
    run()

    assert because(pilot)["how"] == "last resort"
    assert claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=1)


def test_a_reason_that_cannot_be_found_keeps_nobody_from_being_called(alarm, ada):
    type(ada).objects.filter(pk=ada.pk).update(time_zone="Mars/Olympus")
    run()

    assert Page.objects.get().person == ada
    assert because(ada) == {}
    assert AlarmPage.objects.get().why.startswith("on call for Triage: 1st of 1 in Triage")

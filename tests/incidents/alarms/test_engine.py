"""The engine on a real database: each step at its time, to whoever is on call then, and never silence."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services, watch, work
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from incidents.escalation.queries import who_is_called
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import NotificationRule, Page
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble
from tests.conftest import NOW, make_person, make_policy, make_schedule

pytestmark = pytest.mark.django_db


def fire(policy, *, key="k", title="No alerts for images", severity=2, now=NOW):
    firing = services.Firing(title=title, severity=severity, source_id=PEOPLE, source="test", key=key)
    return services.fire(firing=firing, policy=policy, now=now)


def run(now):
    return engine.escalate_due(now=now, limits=limits.at(now))


def called():
    return list(Page.objects.order_by("created_at").values_list("person__username", flat=True))


def test_the_first_step_calls_who_is_on_call_at_once(policy):
    alarm = fire(policy)

    run(NOW)

    assert called() == ["ada"]
    alarm.refresh_from_db()
    assert alarm.next_due == NOW + timedelta(seconds=300)


def test_the_second_step_comes_after_its_wait_and_not_before(policy):
    fire(policy)
    run(NOW)

    run(NOW + timedelta(seconds=299))
    assert called() == ["ada"]

    run(NOW + timedelta(seconds=300))
    assert called() == ["ada", "grace"]


def test_an_outage_costs_one_step_not_all_that_were_missed(policy):
    fire(policy)
    run(NOW)

    run(NOW + timedelta(hours=2))

    assert called() == ["ada", "grace"]
    assert Alarm.objects.get().next_due == NOW + timedelta(hours=2, seconds=300)


def test_past_the_end_the_last_step_repeats_every_quarter_of_an_hour(policy):
    fire(policy)
    for minutes in (0, 5, 10):
        run(NOW + timedelta(minutes=minutes))

    assert LogEntry.objects.filter(kind="end").count() == 1
    assert Alarm.objects.get().next_due == NOW + timedelta(minutes=25)


def test_a_step_that_reaches_nobody_moves_on_at_once_and_says_so(ada, grace):
    policy = make_policy("P", make_schedule("Empty"), make_schedule("Tier 2", grace))
    fire(policy)

    run(NOW)

    assert called() == ["grace"]
    assert "Step 1 reaches nobody. Going on at once." in LogEntry.objects.values_list("text", flat=True)


def test_somebody_without_a_number_is_passed_over_and_named(grace):
    policy = make_policy("P", make_person("Nora Nophone"), grace)
    fire(policy)

    run(NOW)

    assert called() == ["grace"]
    assert Trouble.objects.get(kind="unreachable").text.startswith("No telephone number and no mail address for Nora")


def test_a_policy_that_reaches_nobody_calls_the_pilot(pilot):
    fire(make_policy("P", make_schedule("Empty")))

    run(NOW)

    assert called() == ["petra"]


def test_nobody_at_all_is_a_trouble_and_is_tried_again(db):
    fire(make_policy("P", make_schedule("Empty")))

    run(NOW)

    assert Trouble.objects.filter(kind="nobody").exists()
    assert Alarm.objects.get().next_due == NOW + timedelta(seconds=60)


def test_no_policy_at_all_still_calls_the_last_resort(pilot):
    fire(None)

    run(NOW)

    assert called() == ["petra"]


def test_two_alarms_within_a_minute_share_a_page(policy):
    fire(policy, key="a", title="First")
    run(NOW)
    fire(policy, key="b", title="Second", now=NOW + timedelta(seconds=40))
    run(NOW + timedelta(seconds=40))

    page = Page.objects.get()
    assert page.title == "2 alarms open: First"
    assert page.links.count() == 2


def test_two_alarms_more_than_a_minute_apart_are_two_pages(policy):
    fire(policy, key="a")
    run(NOW)
    fire(policy, key="b", now=NOW + timedelta(seconds=61))
    run(NOW + timedelta(seconds=61))

    assert Page.objects.count() == 2


def test_a_person_is_not_called_twice_at_once_for_one_alarm(ada):
    policy = make_policy("P", ada, ada, wait_s=120)
    fire(policy)
    run(NOW)
    claimed = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    run(NOW + timedelta(seconds=120))

    assert len(claimed) == 1
    assert Page.objects.count() == 1


def test_a_repeat_only_counts(policy):
    fire(policy)
    again = fire(policy, now=NOW + timedelta(minutes=1))

    assert (again.count, again.cycle) == (2, 1)
    assert Alarm.objects.count() == 1


def test_a_repeat_at_a_higher_severity_restarts_the_policy(policy, ada):
    alarm = fire(policy, severity=3)
    run(NOW)
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(minutes=1))

    worse = fire(policy, severity=1, now=NOW + timedelta(minutes=2))

    assert (worse.state, worse.cycle, worse.severity) == ("firing", 2, 1)
    assert worse.next_due == NOW + timedelta(minutes=2)


def test_a_key_resolved_less_than_15_minutes_ago_reopens_its_alarm(policy):
    alarm = fire(policy)
    services.resolve(alarm=alarm, now=NOW)

    again = fire(policy, now=NOW + timedelta(minutes=14, seconds=59))

    assert (again.pk, again.cycle, again.state) == (alarm.pk, 2, "firing")


def test_a_key_resolved_15_minutes_ago_is_a_new_alarm(policy):
    alarm = fire(policy)
    services.resolve(alarm=alarm, now=NOW)

    again = fire(policy, now=NOW + timedelta(minutes=15))

    assert again.pk != alarm.pk


def test_an_acknowledgement_lapses_into_a_new_cycle(policy, ada):
    alarm = fire(policy)
    run(NOW)
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    run(NOW + timedelta(seconds=3600))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle) == ("firing", 2)
    assert called() == ["ada", "ada"]


def test_a_policy_that_cannot_be_read_calls_the_last_resort_and_holds_nobody_up(policy, pilot):
    broken = fire(policy, key="broken", severity=1)
    Alarm.objects.filter(pk=broken.pk).update(plan={"name": "nonsense"})
    fire(policy, key="sound")

    run(NOW)

    assert sorted(called()) == ["ada", "petra"]
    assert Trouble.objects.filter(kind="engine", key=str(broken.pk)).exists()


def test_a_target_that_breaks_when_it_is_asked_reaches_nobody_and_the_next_step_comes(policy, monkeypatch):
    def ask(targets, *, now):
        if targets[0].name == "Triage":
            raise ValueError("year 10000 is out of range")
        return who_is_called(targets, now=now)

    monkeypatch.setattr(engine, "who_is_called", ask)
    fire(policy)
    run(NOW)

    assert called() == ["grace"]
    assert "Triage cannot be asked" in Trouble.objects.get(kind="engine").text


def test_an_unreachable_pilot_does_not_end_the_last_resort(db):
    make_person("Petra Pilot").role_terms.create(role="pilot", starts_at=NOW - timedelta(days=1))
    make_person("Mona Manager", "+14155550107").role_terms.create(role="manager", starts_at=NOW - timedelta(days=1))
    fire(make_policy("P", make_schedule("Empty")))

    run(NOW)

    assert called() == ["mona"]


def unreachable(now):
    Page.objects.calling().update(state="unreachable", next_due=None, ended_at=now, ended_why="Refused.")


def test_a_last_resort_nobody_gets_through_to_goes_on_to_the_next_group(pilot):
    make_person("Mona Manager", "+14155550107").role_terms.create(role="manager", starts_at=NOW - timedelta(days=1))
    fire(make_policy("P", make_schedule("Empty")))
    run(NOW)
    unreachable(NOW)

    engine.hasten(now=NOW + timedelta(seconds=1), limits=limits.at(NOW))

    assert called() == ["petra", "mona"]


def test_a_provider_that_refuses_everybody_is_not_asked_in_a_circle(policy, pilot):
    """Ten minutes of refusals, looked at each second: both steps, then the last resort, then once a minute."""
    fire(policy)
    for second in range(600):
        now = NOW + timedelta(seconds=second)
        run(now)
        unreachable(now)
        engine.hasten(now=now, limits=limits.at(now))

    assert 10 <= Page.objects.count() <= 40


def test_pages_of_the_cycle_before_end_when_it_gets_worse(policy):
    fire(policy, severity=3)
    run(NOW)
    fire(policy, severity=1, now=NOW + timedelta(minutes=1))

    assert Page.objects.get().ended_why == "The alarm began anew."


def test_an_alarm_of_ours_that_somebody_resolved_stays_resolved_until_the_trouble_is_seen_again(policy):
    troubles.raise_trouble(kind="provider", key="sms", text="The provider refuses us.", now=NOW)
    watch.watch(now=NOW)
    services.resolve(alarm=Alarm.objects.get(), now=NOW + timedelta(seconds=1))

    watch.watch(now=NOW + timedelta(seconds=2))
    assert Alarm.objects.get().state == "resolved"

    troubles.raise_trouble(kind="provider", key="sms", text="The provider refuses us.", now=NOW + timedelta(seconds=3))
    watch.watch(now=NOW + timedelta(seconds=4))
    assert Alarm.objects.get().state == "firing"


def test_what_nobody_gets_through_to_moves_on_at_once(policy):
    fire(policy)
    run(NOW)
    page = Page.objects.get()
    Page.objects.filter(pk=page.pk).update(
        state="unreachable", next_due=None, ended_at=NOW, ended_why="No way got through."
    )

    engine.hasten(now=NOW + timedelta(seconds=3), limits=limits.at(NOW))
    run(NOW + timedelta(seconds=3))

    assert called() == ["ada", "grace"]


def test_who_is_only_called_by_voice_is_called_again_for_what_joins(ada):
    """One call, at once, is all her rules say; a second alarm 10 s later must still reach her ears."""
    contact = ada.contact_methods.get()
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=0, channel="voice", contact=contact)
    policy = make_policy("P", ada)
    fire(policy, key="a", title="First")
    run(NOW)
    claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    fire(policy, key="b", title="Second", now=NOW + timedelta(seconds=10))
    run(NOW + timedelta(seconds=10))

    later = NOW + timedelta(seconds=60)
    ((attempt, _),) = claims.claim_pages(now=later, limits=limits.at(later), at_most=5)
    assert (attempt.channel, attempt.page.title) == ("voice", "2 alarms open: First")


def test_a_page_about_thirty_alarms_names_the_worst_and_counts_the_rest(policy):
    for n in range(30):
        fire(policy, key=str(n), title=f"Alarm {n}", severity=1 if n == 29 else 2)
    run(NOW)

    page = Page.objects.get()
    assert page.title == "30 alarms open: Alarm 29"
    assert page.text.endswith("and 10 more")

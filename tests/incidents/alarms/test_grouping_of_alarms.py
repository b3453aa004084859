"""Alarms that belong together call once: by stage, product or label, and in a storm of one source."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from incidents.alarms import engine, holding, services, storming, work
from incidents.alarms.held import STORM
from incidents.alarms.models import Alarm, GroupRule, Held, LogEntry
from incidents.alarms.silence_forms import GroupRuleForm
from incidents.signals import services as sources
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.paging.models import Page
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db
MACHINE = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def hear(key, *, severity=3, now=NOW, source_id=MACHINE, policy=None, **fields):
    firing = services.Firing(f"About {key}", severity, source_id, "Prometheus", key=key, **fields)
    return services.hear(firing=firing, policy_id=policy.pk if policy else None, now=now)


def over(key, *, now=NOW, source_id=MACHINE):
    return holding.hear_over(source_id=source_id, key=key, now=now)


def keep(now):
    storming.watch(now=now, limits=limits.at(now))
    holding.keep(now=now, limits=limits.at(now))


def held():
    return sorted(Held.objects.held().values_list("key", flat=True))


def open_keys():
    return sorted(Alarm.objects.open().values_list("key", flat=True))


# --- Groups -----------------------------------------------------------------------------------------------------------


def test_a_child_of_an_open_alarm_of_its_stage_is_held_under_it(policy):
    parent = hear("parent", stage="ap_pipe")

    assert hear("child", stage="ap_pipe", now=NOW + 5 * MINUTE - SECOND) is None
    row = Held.objects.get()
    assert (row.why, row.parent_id, row.until) == ("grouped", parent, NOW + 65 * MINUTE - SECOND)
    assert row.text == "Belongs to “About parent” by stage ap_pipe."


def test_of_alarms_that_began_at_once_the_worst_stands_for_the_others(policy):
    hear("bad", stage="ap_pipe", severity=3)
    worst = hear("worse", stage="ap_pipe", severity=2)

    assert hear("child", stage="ap_pipe", severity=3, now=NOW + MINUTE) is None
    assert Held.objects.get(key="child").parent_id == worst


def test_it_may_come_from_another_source(policy):
    hear("parent", stage="ap_pipe")

    assert hear("child", stage="ap_pipe", source_id=OTHER) is None


def test_after_five_minutes_it_calls_by_itself(policy):
    hear("parent", stage="ap_pipe")

    assert hear("late", stage="ap_pipe", now=NOW + 5 * MINUTE) is not None


def test_another_stage_calls_by_itself(policy):
    hear("parent", stage="ap_pipe")

    assert hear("other", stage="isr") is not None


def test_without_a_stage_nothing_goes_together(policy):
    hear("a")

    assert hear("b") is not None


def test_what_is_worse_than_its_parent_calls_at_once(policy):
    hear("parent", stage="ap_pipe", severity=3)

    assert hear("worse", stage="ap_pipe", severity=2) is not None


def test_a_child_that_gets_worse_than_its_parent_calls_at_once(policy):
    hear("parent", stage="ap_pipe", severity=3)
    hear("child", stage="ap_pipe", severity=3)
    alarm = hear("child", stage="ap_pipe", severity=1)

    assert Held.objects.get().alarm_id == alarm


def test_it_is_held_also_while_somebody_has_the_parent(policy, ada):
    parent = Alarm.objects.get(pk=hear("parent", stage="ap_pipe"))
    work.acknowledge(alarm=parent, by=ada, now=NOW)

    assert hear("child", stage="ap_pipe", now=NOW + MINUTE) is None


def test_a_child_that_still_fires_when_its_parent_is_over_calls(policy):
    hear("parent", stage="ap_pipe")
    hear("child", stage="ap_pipe")
    over("parent", now=NOW + 10 * MINUTE)
    keep(NOW + 10 * MINUTE)

    assert open_keys() == ["child"]


def test_a_repeat_of_a_child_stays_under_its_open_parent(policy, ada):
    parent = Alarm.objects.get(pk=hear("parent", stage="ap_pipe"))
    work.acknowledge(alarm=parent, by=ada, now=NOW)
    hear("child", stage="ap_pipe", now=NOW + MINUTE)

    assert hear("child", stage="ap_pipe", now=NOW + 20 * MINUTE) is None


def test_a_child_calls_once_when_it_has_been_held_for_an_hour(policy, ada):
    parent = hear("parent", stage="ap_pipe")
    hear("child", stage="ap_pipe", now=NOW + MINUTE)
    hear("second", stage="ap_pipe", now=NOW + 60 * MINUTE, source_id=OTHER)
    keep(NOW + 61 * MINUTE - SECOND)
    assert Held.objects.get(key="child").state == "held"

    keep(NOW + 61 * MINUTE)
    keep(NOW + 62 * MINUTE)
    assert Alarm.objects.filter(key="child").values_list("cycle", "count").get() == (1, 1)
    assert Alarm.objects.get(pk=parent).state == "firing"


def test_a_repeat_after_an_hour_calls_before_the_chore_comes(policy):
    hear("parent", stage="ap_pipe")
    hear("child", stage="ap_pipe", now=NOW + MINUTE)

    assert hear("child", stage="ap_pipe", now=NOW + 61 * MINUTE) is not None


def test_what_calls_others_than_the_alarm_of_its_stage_calls_them(policy, dba):
    hear("parent", stage="ap_pipe", policy=policy)

    assert hear("apdb", stage="ap_pipe", policy=dba, now=NOW + MINUTE) is not None


def test_of_several_children_one_calls_for_all(policy):
    for key in ("parent", "a", "b", "c"):
        hear(key, stage="ap_pipe")
    over("parent", now=NOW + 10 * MINUTE)
    keep(NOW + 10 * MINUTE)
    keep(NOW + 10 * MINUTE + SECOND)

    assert len(open_keys()) == 1
    assert len(held()) == 2


def test_a_child_that_is_over_first_never_calls(policy):
    hear("parent", stage="ap_pipe")
    hear("child", stage="ap_pipe")
    over("child", now=NOW + MINUTE)
    over("parent", now=NOW + 10 * MINUTE)
    keep(NOW + 10 * MINUTE)

    assert open_keys() == []


def test_a_source_may_go_together_by_product(policy):
    GroupRule.objects.create(source_id=MACHINE, by="product", window_s=60)
    hear("a", product="Data/APDB")

    assert hear("b", product="Data/APDB", now=NOW + 59 * SECOND) is None
    assert hear("c", product="Data/Butler", now=NOW + 59 * SECOND) is not None
    assert hear("d", product="Data/APDB", now=NOW + 60 * SECOND) is not None


def test_a_source_may_go_together_by_a_label(policy):
    GroupRule.objects.create(source_id=MACHINE, by="label", label="node")
    hear("a", labels={"node": "n1"})

    assert hear("b", labels={"node": "n1"}) is None
    assert hear("c", labels={"node": "n2"}) is not None
    assert hear("d") is not None


def test_a_source_may_call_for_each(policy):
    GroupRule.objects.create(source_id=MACHINE, by="none")
    hear("a", stage="isr")

    assert hear("b", stage="isr") is not None


def test_the_parents_page_shows_what_is_held_under_it(policy, ada, client):
    parent = hear("parent", stage="isr")
    hear("child", stage="isr")
    client.force_login(ada)

    assert "About child" in client.get(f"/alarms/{parent}/").content.decode()


# --- Storms -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_a_minute(db):
    Limit.objects.filter(name="storm_alarms_per_min").update(value=3)
    limits.forget()


@pytest.fixture
def storm(three_a_minute, policy):
    """Four alarms in a minute are one too many; what comes after them is held."""
    for key in "abcd":
        hear(key, policy=policy)
    keep(NOW + SECOND)
    return Alarm.objects.get(key=STORM)


def test_as_many_as_may_come_are_no_storm(three_a_minute, policy):
    for key in "abc":
        hear(key)
    keep(NOW + SECOND)

    assert open_keys() == ["a", "b", "c"]


def test_a_storm_is_one_alarm_by_the_policy_of_what_came(storm, policy):
    assert (storm.title, storm.source_id, storm.policy, storm.severity) == (
        "Storm of Prometheus: more than 3 new alarms in a minute", MACHINE, policy, 3,
    )  # fmt: skip


def test_further_keys_are_rows_under_it(storm):
    hear("e", now=NOW + 2 * SECOND)
    hear("f", now=NOW + 2 * SECOND)

    assert held() == ["e", "f"]
    assert set(Held.objects.values_list("parent", flat=True)) == {storm.pk}


def test_its_title_counts_them(storm):
    hear("e", now=NOW + 2 * SECOND)
    hear("f", now=NOW + 2 * SECOND)
    keep(NOW + 3 * SECOND)

    storm.refresh_from_db()
    assert storm.title == "Storm of Prometheus: 2 more"


def test_another_source_is_not_touched(storm):
    assert hear("other", source_id=OTHER, now=NOW + 2 * SECOND) is not None


def test_an_open_alarm_of_the_source_counts_as_ever(storm):
    hear("a", now=NOW + 2 * SECOND)

    assert Alarm.objects.get(key="a").count == 2


def test_a_storm_is_as_bad_as_the_worst_of_its_minute(three_a_minute, policy):
    for key, severity in (("a", 4), ("b", 2), ("c", 5), ("d", 5)):
        hear(key, severity=severity, policy=policy)
    keep(NOW + SECOND)

    assert Alarm.objects.get(key=STORM).severity == 2


def test_what_is_worse_than_its_storm_calls_by_itself(storm, ada):
    work.acknowledge(alarm=storm, by=ada, now=NOW + SECOND)
    alarm = hear("e", severity=1, now=NOW + 2 * SECOND)
    engine.escalate_due(now=NOW + 2 * SECOND, limits=limits.at(NOW))

    assert ada.pages.filter(links__alarm=alarm).count() == 1


def test_where_as_many_as_a_storm_are_worse_it_begins_anew_as_bad(storm, ada):
    work.acknowledge(alarm=storm, by=ada, now=NOW + SECOND)
    for key in "efgh":
        hear(key, severity=2, now=NOW + 2 * SECOND)
    keep(NOW + 3 * SECOND)

    storm.refresh_from_db()
    assert (storm.severity, storm.state, storm.cycle) == (2, "firing", 2)
    assert hear("i", severity=2, now=NOW + 4 * SECOND) is None


@pytest.fixture
def dba(policy):
    return make_policy("DBA", make_person("Zoe Other", "+15550009999"))


@pytest.mark.parametrize("severity", [1, 3])
def test_what_calls_others_than_its_storm_calls_them(storm, dba, severity):
    alarm = hear("apdb", severity=severity, policy=dba, now=NOW + 2 * SECOND)
    keep(NOW + 3 * SECOND)
    engine.escalate_due(now=NOW + 4 * SECOND, limits=limits.at(NOW))

    assert list(Page.objects.filter(links__alarm=alarm).values_list("person__name", flat=True)) == ["Zoe Other"]


def test_a_storm_calls_whom_most_of_it_calls(three_a_minute, policy, dba):
    for key in "abcd":
        hear(key, policy=policy)
    hear("last", policy=dba, now=NOW + SECOND / 2)
    keep(NOW + SECOND)

    assert Alarm.objects.get(key=STORM).policy == policy


def test_alarms_for_different_people_are_no_storm_together(three_a_minute, policy, dba):
    for key in "abcd":
        hear(key, policy=policy if key in "ab" else dba)
    keep(NOW + SECOND)

    assert open_keys() == ["a", "b", "c", "d"]


def test_what_a_storm_takes_over_is_only_what_calls_the_same_people(three_a_minute, policy, dba):
    for key in "abcdef":
        firing = services.Firing(f"About {key}", 3, MACHINE, "Prometheus", key=key)
        mine = dba if key == "f" else policy
        holding.hold(firing=firing, reason=Held.Why.WAITS, text="waits", until=NOW, policy_id=mine.pk, now=NOW - MINUTE)
    holding.release_due(now=NOW, at_most=4)
    Held.objects.held().filter(key="e").update(until=NOW - SECOND)
    keep(NOW + SECOND)
    keep(NOW + 2 * SECOND)

    assert Alarm.objects.open().filter(policy=dba).count() == 1


def test_what_comes_back_counts_as_new(three_a_minute, policy):
    Limit.objects.filter(name="storm_alarms_per_min").update(value=4)
    limits.forget()
    for key in "abcd":
        hear(key)
        over(key, now=NOW + 2 * MINUTE)
    Limit.objects.filter(name="storm_alarms_per_min").update(value=3)
    limits.forget()
    for key in "abcd":
        hear(key, now=NOW + 3 * MINUTE)
    keep(NOW + 3 * MINUTE + SECOND)

    assert Alarm.objects.filter(key=STORM).exists()


def test_a_repeat_of_what_a_past_storm_holds_stays_under_it(storm, policy):
    hear("e", policy=policy, now=NOW + 2 * SECOND)
    keep(NOW + 6 * MINUTE)

    assert hear("e", policy=policy, now=NOW + 7 * MINUTE) is None


def test_a_sender_does_not_end_a_storm(storm):
    source, _ = sources.create_source(name="any", kind="json", policy=None, severity=3, now=NOW)
    Alarm.objects.filter(pk=storm.pk).update(source_id=source.pk)
    for key in ("oncall:storm", STORM):
        body = json.dumps({"key": key, "title": "x", "status": "resolved"}).encode()
        sources.receive(source=source, body=body, now=NOW + MINUTE)

    storm.refresh_from_db()
    assert storm.state == "firing"


def test_one_source_that_breaks_keeps_no_other_from_its_storm(three_a_minute, policy, monkeypatch):
    for source_id in (MACHINE, OTHER):
        for key in "abcd":
            hear(key, source_id=source_id, policy=policy)
    usual = services.hear

    def fails(*, firing, **more):
        if firing.source_id == MACHINE:
            raise RuntimeError("odd")
        return usual(firing=firing, **more)

    monkeypatch.setattr(services, "hear", fails)
    storming.watch(now=NOW + SECOND, limits=limits.at(NOW))

    assert [alarm.source_id for alarm in Alarm.objects.filter(key=STORM)] == [OTHER]


def test_whoever_sets_how_alarms_go_together_leaves_the_storm_be(storm, pilot, client, monkeypatch):
    """It began between the reading of the form and its writing."""
    read = GroupRule.objects.get()
    read.storm = None
    usual = GroupRuleForm.full_clean

    def slow(form):
        form.instance = read
        usual(form)

    monkeypatch.setattr(GroupRuleForm, "full_clean", slow)
    clock.travel(NOW - clock.now())
    client.force_login(pilot)
    answer = client.post(f"/grouping/{MACHINE}/", {"by": "none", "label": "", "window_s": "300"})

    rule = GroupRule.objects.get()
    assert (answer.status_code, rule.by, rule.storm) == (302, "none", storm)


def test_a_storm_is_counted_without_reading_all_of_it(storm, monkeypatch):
    monkeypatch.setattr(storming, "COUNTED", 2)
    for key in "efg":
        hear(key, now=NOW + 2 * SECOND)
    keep(NOW + 3 * SECOND)
    storm.refresh_from_db()
    assert storm.title == "Storm of Prometheus: more than 3 new alarms in a minute"

    storming.settle(now=NOW + 4 * SECOND, limits=limits.at(NOW))
    storm.refresh_from_db()
    assert storm.title == "Storm of Prometheus: 3 more"


def test_five_minutes_without_a_new_key_end_it(storm):
    hear("e", now=NOW + 2 * SECOND)
    keep(NOW + 2 * SECOND + 5 * MINUTE)

    assert hear("f", now=NOW + 3 * SECOND + 5 * MINUTE) is not None
    assert held() == ["e"]


def test_it_resolves_when_all_under_it_is_over(storm):
    hear("e", now=NOW + 2 * SECOND)
    over("e", now=NOW + 3 * SECOND)
    storming.settle(now=NOW + 6 * MINUTE, limits=limits.at(NOW))

    storm.refresh_from_db()
    assert storm.state == "resolved"


def test_a_storm_that_is_dealt_with_leaves_no_rule(storm):
    storming.settle(now=NOW + 6 * MINUTE, limits=limits.at(NOW))
    storming.settle(now=NOW + 7 * MINUTE, limits=limits.at(NOW))

    assert not GroupRule.objects.exists()


def test_whoever_resolves_a_storm_ends_all_of_it(storm, ada):
    hear("e", now=NOW + 2 * SECOND)
    services.resolve(alarm=storm, by=ada, now=NOW + MINUTE)
    keep(NOW + MINUTE)

    row = Held.objects.get()
    assert (row.state, row.ended_why) == ("over", "Ada Moreno resolved the storm it was part of.")


def test_what_came_after_they_last_saw_the_storm_calls_all_the_same(three_a_minute, policy, ada):
    for key in "abcd":
        hear(key, severity=1, policy=policy)
    keep(NOW + SECOND)
    storm = Alarm.objects.get(key=STORM)
    hear("seen", severity=1, now=NOW + 2 * SECOND)
    work.acknowledge(alarm=storm, by=ada, now=NOW + 3 * SECOND)
    hear("unseen", severity=1, now=NOW + 4 * SECOND)
    hear("low", severity=3, now=NOW + 4 * SECOND)
    services.resolve(alarm=storm, by=ada, now=NOW + 5 * SECOND)
    keep(NOW + 6 * SECOND)

    assert dict(Held.objects.values_list("key", "state")) == {"seen": "over", "unseen": "released", "low": "over"}


def test_a_storm_pages_a_person_once(storm, ada):
    """Alarms and storm share one page of hers."""
    hear("e", now=NOW + 2 * SECOND)
    engine.escalate_due(now=NOW + 2 * SECOND, limits=limits.at(NOW))

    assert ada.pages.count() == 1


def test_what_a_storm_held_before_it_was_known_joins_it_as_a_whole(three_a_minute, policy):
    """A silence ends over ten keys: four call, and that is a storm; the rest is held under it, not released later."""
    for nth in range(10):
        firing = services.Firing(f"About {nth}", 3, MACHINE, "Prometheus", key=str(nth))
        holding.hold(firing=firing, reason=Held.Why.WAITS, text="waits", until=NOW, now=NOW - MINUTE)
    holding.release_due(now=NOW, at_most=4)
    keep(NOW + SECOND)

    assert len(held()) == 6
    assert not Held.objects.due(NOW + SECOND).exists()
    assert LogEntry.objects.filter(kind="held").count() == 4

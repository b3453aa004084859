"""The rules asked of the database: what they say becomes alarms, or a line of the ledger of what was not sent."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from incidents.alarms import services as alarms
from incidents.alarms.models import LATENCY, Alarm, Held
from incidents.latency import gathering, ingest, rule_changes, watch
from incidents.latency.auditing import rules_unasked
from incidents.latency.models import Rule, RuleWatch, SurveyBlock, Visit
from incidents.latency.recording import BEAT, DELIVERY, NEXT_VISIT, VISIT, shifted
from incidents.latency.rehearsal import looks, rehearse
from incidents.signals import heartbeats
from incidents.signals.heartbeats_models import Heartbeat
from oncall.limits import queries as limits
from oncall.troubles.models import Trouble
from tests.incidents.latency import recorded
from tests.incidents.latency.recorded import at
from tests.incidents.latency.seeded import NUMBERS, TERMS, night_of

pytestmark = pytest.mark.django_db
TAKE = {VISIT: ingest.take_visits, DELIVERY: ingest.take_deliveries, NEXT_VISIT: ingest.take_next_visits}
FIVE = timedelta(seconds=5)


@pytest.fixture
def in_force(policy):
    SurveyBlock.objects.create(
        code="BLOCK-T454", alerts_expected=False, first_seen_at=recorded.START, settled_at=recorded.START
    )
    return limits.at(recorded.START)


@pytest.fixture
def secret(db):
    row = Heartbeat(name="Summit", every_s=30, grace_s=60, watches_observing=True)
    return heartbeats.create(heartbeat=row, now=recorded.START)


def play(records, in_force, *, secret="", until=None):
    """Hand in records when they arrive and ask the rules each five seconds; return what changed."""
    changes = []
    for now, arrived in looks(records, every=FIVE):
        if until is not None and now > until:
            break
        for kind, take in TAKE.items():
            items = [one.body for one in arrived if one.kind == kind]
            if items:
                assert not take(items=items, now=arrived[-1].at, limits=in_force).rejected
        for one in arrived:
            if one.kind == BEAT and secret:
                said = heartbeats.Beat(dome_open=one.body.get("dome_open"))
                heartbeats.beat(token=secret, beat=said, now=one.at)
        looked = watch.ask(now=now, limits=in_force)
        assert looked is not None
        changes += [(one.kind, one.what, one.at, one.standing.severity) for one in looked.changes]
    return changes


def some(visits, *, beats=True):
    """The records of these visits as they arrive, and the heartbeats around them."""
    start, end = at(37 * visits[0] - 120), at(37 * visits[-1] + 300)
    records = recorded.night(visits)
    return [one for one in records if start <= one.at <= end and (beats or one.kind != BEAT)]


def test_the_rows_are_the_numbers_that_tests_of_arithmetic_take():
    assert [gathering.terms_of(rule) for rule in Rule.objects.at(recorded.START)] == sorted(TERMS, key=lambda x: x.kind)
    assert gathering.numbers_of(limits.at(recorded.START)) == NUMBERS


@pytest.mark.parametrize("visits", [range(290, 345), range(680, 740), range(840, 880)], ids=["crash", "cut", "next"])
def test_the_database_and_a_rehearsal_change_at_the_same_looks(in_force, secret, visits):
    records = some(visits)
    rehearsed = rehearse(records, terms=TERMS, numbers=NUMBERS, night_of=night_of, expected=recorded.EXPECTED)
    expected = []
    for one in rehearsed.alarms:
        first, *worse = one.severities
        expected.append((first[0], one.kind, "begins", first[1]))
        expected += [(when, one.kind, "worse", severity) for when, severity in worse]
        expected += [(one.resolved_at, one.kind, "over", one.severities[-1][1])] if one.resolved_at else []

    changes = play(records, in_force, secret=secret)

    assert sorted((when, kind, what, severity) for kind, what, when, severity in changes) == sorted(expected)
    assert len(changes) >= 3


def test_images_without_alerts_page_get_worse_and_are_over(in_force):
    play(some(range(290, 336), beats=False), in_force, until=at(12_430))

    alarm = Alarm.objects.get(source_id=LATENCY)
    assert (alarm.key, alarm.severity, alarm.stage, alarm.state) == ("alerts.none", 1, "single_frame", "resolved")
    assert alarm.title.startswith("Images are taken and no alerts go out since 01:55 UTC: ")
    assert (alarm.playbook, alarm.labels["day_obs"]) == ("Router: no alerts", "20270620")
    kinds = list(alarm.log.values_list("kind", flat=True))
    assert [kind for kind in kinds if kind in ("fired", "worse", "resolved")] == ["fired", "worse", "resolved"]


def test_a_rule_in_shadow_pages_nobody_and_its_line_says_so(in_force, pilot):
    change(pilot, "alerts.none", mode="shadow")

    play(some(range(290, 336), beats=False), in_force, until=at(12_430))

    assert not Alarm.objects.filter(source_id=LATENCY).exists()
    held = Held.objects.get(source_id=LATENCY)
    assert (held.why, held.state, held.ended_why) == ("shadow", "over", "5 visits in a row were in time.")


def test_a_waived_rule_calls_when_the_waiver_ends_and_it_still_fires(in_force, pilot):
    until = at(37 * 300 + 600)
    rule = Rule.objects.at(recorded.START).get(kind="alerts.none")
    rule_changes.waive(rule=rule, until=until, why="New release", by=pilot, now=recorded.START)
    records = some(range(290, 345), beats=False)

    play(records, in_force, until=until - FIVE)
    held = Held.objects.get(source_id=LATENCY)
    assert (held.why, held.until, held.text) == ("waived", until, "Petra Pilot waived it: New release")
    assert not Alarm.objects.filter(source_id=LATENCY).exists()

    assert watch.ask(now=until, limits=in_force)
    assert Alarm.objects.get(source_id=LATENCY).state == "firing"
    held.refresh_from_db()
    assert held.state == "released"


def change(person, kind, **fields):
    rule = Rule.objects.at(recorded.START).get(kind=kind)
    rule_changes.change(rule=rule, changes=fields, why="A test", by=person, now=recorded.START)


def test_one_resolved_by_hand_while_it_lasts_calls_again_after_a_quarter_of_an_hour(in_force, ada):
    records = some(range(440, 450), beats=False)
    for n in range(450, 500):
        withheld = recorded.delivery(n, after_s=75, stage="ap_pipe", ended="complete")
        records += [recorded.next_visit(n), recorded.visit(n), withheld]
    play(records, in_force, until=at(16_980))
    alarms.resolve(alarm=Alarm.objects.get(source_id=LATENCY), now=at(16_980), by=ada)

    play([one for one in records if one.at > at(16_980)], in_force, until=at(17_875))
    assert not Alarm.objects.open().exists()
    assert watch.ask(now=at(17_880), limits=in_force)

    assert Alarm.objects.open().get().key == "alerts.withheld"


def test_old_nights_that_are_handed_in_now_fire_nothing(in_force):
    by_day = at(16 * 3600)
    items = [one.body for one in recorded.night(range(300, 330)) if one.kind == VISIT]
    ingest.take_visits(items=items, now=by_day, limits=in_force)
    next_night = at(24 * 3600 + 3600)
    for seconds in range(0, 1200, 5):
        watch.ask(now=next_night + timedelta(seconds=seconds), limits=in_force)

    assert Visit.objects.count() == 30
    assert not Alarm.objects.filter(source_id=LATENCY).exists()
    assert not Held.objects.filter(source_id=LATENCY).exists()


def test_who_was_away_for_minutes_lets_what_was_kept_come_in_first(in_force):
    play(some(range(280, 290), beats=False), in_force, until=at(37 * 289 + 10))
    back = at(37 * 289 + 900)
    assert watch.ask(now=back, limits=in_force)
    kept = [one for one in recorded.night(range(289, 314)) if one.kind in (VISIT, DELIVERY) and one.at < back]
    for kind in (VISIT, DELIVERY):  # the night of a crash, handed in as if all had gone well
        bodies = [one.body for one in kept if one.kind == VISIT]
        if kind == DELIVERY:
            ids = [body["visit_id"] - recorded.FIRST_ID for body in bodies]
            bodies = [recorded.delivery(n, after_s=62, sent=10_000, within=9_900).body for n in ids]
        TAKE[kind](items=bodies, now=back + FIVE, limits=in_force)
    for seconds in range(5, 180, 5):
        watch.ask(now=back + timedelta(seconds=seconds), limits=in_force)

    assert not Alarm.objects.filter(source_id=LATENCY).exists()


def test_what_breaks_is_a_trouble_until_it_works_again(in_force, monkeypatch):
    def breaks(*args, **kwargs):
        raise ValueError("x")

    monkeypatch.setattr(watch, "step", breaks)
    watch.keep(now=recorded.START, limits=in_force)
    trouble = Trouble.objects.get(kind="latency", key="rules")
    assert trouble.text == "The latency rules cannot be asked: ValueError. No alarm comes from them; watch by eye."

    monkeypatch.undo()
    watch.keep(now=recorded.START + FIVE, limits=in_force)
    trouble.refresh_from_db()
    assert trouble.until == recorded.START + FIVE


def test_rules_that_nobody_asked_for_a_minute_break_an_invariant(in_force):
    watch.ask(now=recorded.START, limits=in_force)

    assert list(rules_unasked(at(60), in_force)) == []
    assert list(rules_unasked(at(61), in_force)) == [1]


def test_rules_that_were_never_asked_matter_once_there_is_a_visit(in_force):
    assert list(rules_unasked(at(0), in_force)) == []
    ingest.take_visits(items=[recorded.visit(0).body], now=at(3), limits=in_force)
    assert list(rules_unasked(at(3), in_force)) == [1]


def test_asked_within_five_seconds_it_passes_by_in_one_query(in_force, django_assert_num_queries):
    watch.keep(now=recorded.START, limits=in_force)
    with django_assert_num_queries(3):  # with the savepoint around it
        watch.keep(now=recorded.START + timedelta(seconds=4), limits=in_force)


def test_a_look_by_night_takes_few_queries_whatever_the_night_holds(in_force, secret, django_assert_max_num_queries):
    play(some(range(40)), in_force, secret=secret)
    now = at(37 * 39 + 400)
    with django_assert_max_num_queries(13):
        assert watch.ask(now=now, limits=in_force)


def test_a_rule_that_was_in_force_is_never_edited(in_force):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Rule.objects.filter(kind="alerts.none").update(window_s=1)


def test_who_read_an_older_version_of_a_rule_changes_nothing(in_force, pilot):
    read = Rule.objects.at(recorded.START).get(kind="alerts.none")
    change(pilot, "alerts.none", window_s=240)

    with pytest.raises(rule_changes.BadChange, match="Petra Pilot changed this rule at 22:50 UTC"):
        rule_changes.change(rule=read, changes={"window_s": 200}, why="x", by=pilot, now=at(1))


def test_a_rule_that_is_switched_off_while_it_stands_ends_its_alarm(in_force, pilot):
    play(some(range(290, 336), beats=False), in_force, until=at(11_430))
    assert Alarm.objects.open().get(source_id=LATENCY).key == "alerts.none"
    rule = Rule.objects.at(at(11_430)).get(kind="alerts.none")
    rule_changes.change(rule=rule, changes={"mode": "off"}, why="Broken", by=pilot, now=at(11_431))

    watch.ask(now=at(11_435), limits=in_force)

    assert not Alarm.objects.open().filter(source_id=LATENCY).exists()


def test_an_alarm_that_nobody_ended_by_the_next_night_is_over_after_five_good_visits(in_force):
    play(some(range(290, 330), beats=False), in_force, until=at(11_430))
    next_night = timedelta(days=1)
    records = [shifted(one, next_night) for n in range(10) for one in recorded.of_visit(n)]
    play(records, in_force, until=at(37 * 5) + next_night)
    assert Alarm.objects.open().filter(key="alerts.none").exists()

    RuleWatch.objects.update(looked_at=None)
    play(records, in_force, until=at(37 * 8) + next_night)
    assert not Alarm.objects.open().filter(key="alerts.none").exists()


def test_a_night_with_three_times_the_alerts_of_the_median_night_is_a_flood_once(in_force):
    for days in (1, 2, 3):  # nights of 10,000, 10,000 and 10,000 alerts for a visit
        earlier = [shifted(one, -days * timedelta(days=1)) for n in range(3) for one in recorded.of_visit(n)]
        for kind, take in TAKE.items():
            take(items=[one.body for one in earlier if one.kind == kind], now=at(0), limits=in_force)
    records = [recorded.visit(n) for n in range(32)]
    records += [recorded.delivery(n, after_s=62, sent=31_000, within=31_000) for n in range(32)]

    changes = play(records, in_force, until=at(37 * 31 + 62))

    # at the delivery of the twentieth visit; then five more good ones
    assert [(kind, what, when) for kind, what, when, _ in changes] == [
        ("alerts.flood", "begins", at(765)),
        ("alerts.flood", "over", at(990)),
    ]

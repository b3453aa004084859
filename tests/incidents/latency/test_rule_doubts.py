"""What may be told and is not so: nights handed in ahead, clocks that are off, others' images; rules that break."""

from datetime import timedelta

import pytest

from incidents.alarms import holding, services
from incidents.alarms.models import LATENCY, Alarm, Held
from incidents.latency import burning, rule_changes, rule_queries, watch
from incidents.latency.models import Rule, RuleWatch
from incidents.latency.recording import DELIVERY, NEXT_VISIT, VISIT, Record, shifted, written
from incidents.latency.rehearsal import looks, rehearse
from incidents.signals import heartbeats
from oncall.limits import queries as limits
from oncall.troubles.models import Trouble
from tests.incidents.latency import recorded
from tests.incidents.latency.nights import night as night_of_verdicts
from tests.incidents.latency.recorded import at
from tests.incidents.latency.seeded import NUMBERS, TERMS, night_of
from tests.incidents.latency.test_watch import FIVE, TAKE, change, in_force, play, secret, some

__all__ = ["in_force", "secret"]  # fixtures
pytestmark = pytest.mark.django_db
LONG_BEFORE = recorded.START - timedelta(days=6)


def put(in_force, kind, now, **body):
    assert not TAKE[kind](items=[body], now=now, limits=in_force).rejected


def handed_in_ahead(in_force, visits, kinds=(VISIT, DELIVERY, NEXT_VISIT)):
    for n in visits:
        for one in recorded.of_visit(n):
            if one.kind in kinds:
                put(in_force, one.kind, LONG_BEFORE, **one.body)


def visit(n, end, **fields):
    return recorded.visit(n).body | {"end_readout": written(end)} | fields


def tonight(in_force, now):
    return rule_queries.said(now=now, limits=in_force).tonight()


def opened():
    alarms = Alarm.objects.filter(source_id=LATENCY).order_by("fired_at", "key")
    return [(one.key, round((one.fired_at - recorded.START).total_seconds())) for one in alarms]


def says(kind):
    return RuleWatch.objects.get().said["rules"][kind]


def test_a_night_that_was_handed_in_ahead_is_never_green(in_force):
    handed_in_ahead(in_force, range(20))
    states = set()
    for seconds in range(600, 720, 20):
        watch.ask(now=at(seconds), limits=in_force)
        states.add(tonight(in_force, at(seconds)).state)

    assert states == {"unknown"}
    assert tonight(in_force, at(700)).data_at is None
    assert opened() == []


def test_a_night_that_was_handed_in_ahead_hides_nothing_of_the_real_one(in_force):
    handed_in_ahead(in_force, range(290, 315), kinds=(VISIT,))

    play(some(range(290, 315), beats=False), in_force, until=at(11_425))

    assert opened() == [("alerts.none", 11_425)]


def test_images_that_were_handed_in_ahead_are_not_late(in_force):
    for n in range(12):
        put(in_force, VISIT, LONG_BEFORE, **visit(50_000 + n, at(37 * n + 18)))

    play(some(range(12), beats=False), in_force, until=at(37 * 12))

    assert opened() == []
    assert tonight(in_force, at(37 * 12)).state == "sending"


@pytest.mark.parametrize("ahead", [timedelta(hours=11), timedelta(minutes=9)])
def test_a_visit_of_a_clock_that_is_ahead_delays_no_alarm(in_force, ahead):
    put(in_force, VISIT, at(299 * 37), **visit(99_000, at(299 * 37) + ahead))
    sent = recorded.delivery(299, after_s=3, sent=10, within=10, first_s=1, last_s=2).body
    put(in_force, DELIVERY, at(299 * 37 + 2), **sent | {"visit_id": recorded.FIRST_ID + 99_000})

    play(some(range(296, 315), beats=False), in_force, until=at(11_425))

    assert opened() == [("alerts.none", 11_425)]


def test_a_delivery_whose_last_instant_is_wrong_delays_no_alarm(in_force):
    records = some(range(290, 315), beats=False)
    wrong = recorded.delivery(299, after_s=62, sent=10_000, within=9_900, last_s=300 * 86_400).body
    records.append(Record(DELIVERY, at(299 * 37 + 62), wrong))

    play(records, in_force, until=at(11_425))

    assert opened() == [("alerts.none", 11_425)]  # 5 min after the report of the last alert, not after its instant


def test_a_next_visit_of_the_future_blinds_no_rule_and_loses_no_link(in_force):
    far = {"group_id": "far", "instrument": "LSSTCam", "survey_block": "B"}
    put(in_force, NEXT_VISIT, at(-8 * 86_400), **far, announced_at=written(at(900)))
    records = some(range(5), beats=False)
    for n in range(8):
        announced = at(37 * 4 + 40 + 30 * n)
        body = far | {"group_id": f"next {n}", "announced_at": written(announced)}
        records.append(Record(NEXT_VISIT, announced + timedelta(seconds=1), body))

    play(records, in_force, until=at(37 * 4 + 250))

    assert opened() == []
    assert says("nextvisit.none")["why"] == "A nextVisit last came at 20 Jun 22:56:09 UTC."


def test_another_telescope_s_image_neither_closes_the_dome_nor_greys_the_night(in_force):
    records = some(range(12), beats=False)
    other = {"instrument": "LATISS", "survey_block": "BLOCK-AUX", "dome_open": False, "on_sky": False}
    for n in range(12):
        records.append(Record(VISIT, at(37 * n + 23), visit(90_000 + n, at(37 * n + 20), **other)))

    play(records, in_force, until=at(37 * 11 + 30))

    assert tonight(in_force, at(37 * 11 + 30)).state == "sending"


def test_the_link_is_lost_though_another_telescope_s_dome_was_closed(in_force):
    records = some(range(5), beats=False)
    other = {"instrument": "LATISS", "survey_block": "BLOCK-AUX", "dome_open": False, "on_sky": False}
    records.append(Record(VISIT, at(153), visit(90_000, at(150), **other)))
    play(records, in_force, until=at(160))
    for seconds in range(165, 360, 15):
        watch.ask(now=at(seconds), limits=in_force)

    assert opened() == [("heartbeat.lost", 345)]  # 3 min after its record


def test_a_checkout_before_sunset_pages_nobody_after_it(in_force, secret):
    night, _ = night_of(recorded.START)
    assert night is not None
    sunset, records = night[0], []
    for n in range(20):
        end = sunset - timedelta(seconds=180 + 37 * n)
        records.append(Record(VISIT, end + timedelta(seconds=3), visit(90_000 + n, end, survey_block="BLOCK-CHECKOUT")))

    play(records, in_force, secret=secret, until=sunset + timedelta(minutes=9))

    assert opened() == []


def test_a_lost_link_is_over_by_day_when_the_summit_is_heard_again(in_force, secret):
    play([one for one in some(range(690, 700)) if one.at <= at(recorded.CUT_S)], in_force, secret=secret)
    for seconds in range(recorded.CUT_S + 60, recorded.CUT_S + 400, 60):
        watch.ask(now=at(seconds), limits=in_force)
    assert Alarm.objects.open().get(source_id=LATENCY).key == "heartbeat.lost"

    by_day = 14 * 3600
    watch.ask(now=at(by_day), limits=in_force)
    heartbeats.beat(token=secret, beat=heartbeats.Beat(dome_open=False), now=at(by_day + 10))
    watch.ask(now=at(by_day + 15), limits=in_force)

    assert not Alarm.objects.open().filter(source_id=LATENCY).exists()


def test_a_clock_that_is_ten_minutes_slow_loses_no_link_and_is_named(in_force):
    slow = timedelta(minutes=-10)
    records = [Record(one.kind, one.at, shifted(one, slow).body) for one in some(range(20, 40), beats=False)]

    play(records, in_force, until=at(37 * 39))

    assert opened() == []
    said = tonight(in_force, at(37 * 39))
    assert said.state == "sending"
    assert said.text.endswith("The summit's clock seems to be 10 min slow: have it set.")
    assert said.data_at > at(37 * 38)


def test_images_without_alerts_are_found_by_a_clock_that_is_ten_minutes_ahead(in_force):
    ahead = timedelta(minutes=10)
    records = [Record(one.kind, one.at, shifted(one, ahead).body) for one in some(range(290, 315), beats=False)]

    play(records, in_force, until=at(11_500))

    assert [kind for kind, _ in opened()] == ["alerts.none"]


def test_a_rehearsal_leaves_out_what_was_told_ahead_as_the_real_thing_does():
    records = some(range(290, 315), beats=False)
    early = [Record(one.kind, at(9_500), one.body) for one in records if one.kind == VISIT]

    rehearsed = rehearse(
        early + records, terms=TERMS, numbers=NUMBERS, night_of=night_of, expected=recorded.EXPECTED
    ).alarms

    assert (rehearsed[0].kind, rehearsed[0].fired_at) == ("alerts.none", at(11_425))


def test_a_rule_whose_alarm_cannot_be_opened_keeps_no_other_back(in_force, monkeypatch):
    hear = services.hear

    def breaks(*, firing, **said):
        if firing.key == "nextvisit.none":
            raise RuntimeError("x")
        return hear(firing=firing, **said)

    monkeypatch.setattr(services, "hear", breaks)
    for now, arrived in looks(some(range(845, 862), beats=False), every=FIVE):
        if now > at(31_780):
            break
        for kind, take in TAKE.items():
            take(items=[one.body for one in arrived if one.kind == kind], now=now, limits=in_force)
        watch.keep(now=now, limits=in_force)

    assert [kind for kind, _ in opened()] == ["alerts.none"]
    trouble = Trouble.objects.open().get(kind="latency")
    assert (trouble.key, trouble.text) == (
        "nextvisit.none",
        "The alarm of nextvisit.none cannot be told: RuntimeError. It is tried again; watch it by eye.",
    )

    monkeypatch.undo()
    watch.keep(now=at(31_785), limits=in_force)
    assert Held.objects.get(source_id=LATENCY).key == "nextvisit.none"  # part of what is open by now
    assert not Trouble.objects.open().filter(kind="latency").exists()


def test_an_end_that_cannot_be_told_is_told_later(in_force, monkeypatch):
    play(some(range(296, 336), beats=False), in_force, until=at(12_415))
    monkeypatch.setattr(holding, "hear_over", lambda **said: 1 / 0)
    records = [one for one in some(range(334, 336), beats=False) if at(12_415) < one.at <= at(12_420)]
    for kind, take in TAKE.items():
        take(items=[one.body for one in records if one.kind == kind], now=at(12_420), limits=in_force)
    watch.keep(now=at(12_420), limits=in_force)
    assert Alarm.objects.open().get(source_id=LATENCY).key == "alerts.none"

    monkeypatch.undo()
    watch.keep(now=at(12_425), limits=in_force)
    assert not Alarm.objects.open().filter(source_id=LATENCY).exists()


def waived(pilot):
    rule = Rule.objects.at(recorded.START).get(kind="alerts.none")
    until = recorded.START + timedelta(hours=23)
    return rule_changes.waive(rule=rule, until=until, why="Release", by=pilot, now=recorded.START)


def test_a_waiver_by_one_person_hides_what_becomes_sev_1_for_half_an_hour_only(in_force, pilot):
    waived(pilot)

    play(some(range(296, 328), beats=False), in_force, until=at(12_020))
    assert opened() == []
    assert Held.objects.get(source_id=LATENCY).why == "waived"

    assert watch.ask(now=at(12_025), limits=in_force)
    assert opened() == [("alerts.none", 12_025)]
    assert Alarm.objects.get(source_id=LATENCY).severity == 1


def test_a_waiver_that_a_second_person_agreed_to_hides_sev_1_as_well(in_force, pilot, ada):
    rule = waived(pilot)
    with pytest.raises(rule_changes.BadChange, match="Another than who waived it must agree"):
        rule_changes.agree(rule=rule, by=pilot, now=at(1))
    rule_changes.agree(rule=rule, by=ada, now=at(1))

    play(some(range(296, 328), beats=False), in_force, until=at(12_030))

    assert opened() == []
    assert Held.objects.get(source_id=LATENCY).severity == 1


def test_rules_that_call_nobody_are_named_beside_the_state(in_force, pilot):
    waived(pilot)
    change(pilot, "alerts.late", mode="shadow")
    change(pilot, "alerts.flood", mode="off")
    watch.ask(now=at(60), limits=in_force)

    assert set(tonight(in_force, at(60)).unwatched) == {
        "alerts.none is waived until 21 Jun 21:50 UTC, SEV-1 for 30 min at most",
        "alerts.late is in shadow",
        "alerts.flood is off",
    }


def test_a_closed_dome_is_not_known_of_when_its_heartbeat_is_silent(in_force, secret):
    heartbeats.beat(token=secret, beat=heartbeats.Beat(dome_open=False), now=at(500))
    watch.ask(now=at(610), limits=in_force)
    assert tonight(in_force, at(610)).state == "not_expected"

    watch.ask(now=at(625), limits=in_force)
    said = tonight(in_force, at(625))
    assert (said.state, said.text) == ("unknown", "Nothing was heard since 22:58:20 UTC. The dome was closed then.")


def test_what_is_grey_names_the_alarm_that_stands(in_force, secret):
    play(some(range(296, 312)), in_force, secret=secret, until=at(11_500))
    for seconds in range(11_520, 11_900, 20):
        heartbeats.beat(token=secret, beat=heartbeats.Beat(dome_open=True), now=at(seconds))
        watch.ask(now=at(seconds), limits=in_force)
    heartbeats.beat(token=secret, beat=heartbeats.Beat(dome_open=False), now=at(13_000))
    watch.ask(now=at(13_000), limits=in_force)

    said = tonight(in_force, at(13_000))
    assert said.state == "not_expected"
    assert said.text.startswith("The dome is closed. alerts.none still stands, SEV-2: Images are taken and no alerts")


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_a_budget_burns_as_quietly_as_late_alerts(in_force, pilot, mode):
    change(pilot, "alerts.late", mode=mode)
    now = at(3 * 3600)
    night_of_verdicts("d" * 97, begin=now - 97 * timedelta(seconds=37), day_obs=20270620)

    burning.keep(now=now, limits=limits.at(now))

    assert not Alarm.objects.exists()
    assert list(Held.objects.values_list("key", "why")) == ([("budget.burn", "shadow")] if mode == "shadow" else [])

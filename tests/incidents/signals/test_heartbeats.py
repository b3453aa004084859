"""Who calls every so often is well; who stops is missed, once; what is paused, closed or judged elsewhere is not."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm
from incidents.signals import heartbeats
from incidents.signals.heartbeats import Beat
from incidents.signals.heartbeats_models import Heartbeat
from incidents.signals.heartbeats_views import state_of
from oncall.limits import queries as limits
from oncall.people.models import Site
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.incidents.signals.beating import after, hear, make, open_titles, watch

pytestmark = pytest.mark.django_db


def test_a_beat_too_late_raises_its_alarm(policy):
    hear(make())

    watch(90)

    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity, alarm.source) == ("monitor is not heard", 2, "monitor")


def test_a_beat_within_its_grace_is_not_missed(policy):
    hear(make())

    watch(89.9)

    assert open_titles() == []


@pytest.mark.parametrize("watches", [False, True])
def test_who_was_never_heard_calls_nobody_and_is_said_after_an_hour(policy, watches):
    make(watches_observing=watches)

    watch(3599)
    assert not Trouble.objects.exists()
    watch(3600)

    assert open_titles() == []
    assert state_of(Heartbeat.objects.get(), NOW).badge == "unknown"
    assert Trouble.objects.open().get().text == (
        "monitor was never heard since it was made. Set its sender up, or close it: nobody would miss it."
    )


def test_who_calls_once_a_day_has_three_periods_before_it_is_said(policy):
    make(every_s=86400, grace_s=0)

    watch(3 * 86400 - 1)
    assert not Trouble.objects.exists()
    watch(3 * 86400)
    assert Trouble.objects.open().get().kind == "never_heard"


def test_the_first_beat_ends_what_was_said_of_it(policy):
    secret = make()
    watch(3600)

    hear(secret, 3700)

    assert not Trouble.objects.open().exists()


def test_one_that_breaks_keeps_no_other_from_being_missed(policy, monkeypatch):
    hear(make())
    hear(make(name="other"), 1)
    fire = heartbeats._fire

    def breaks(row, *, now):
        if row.name == "monitor":
            raise RuntimeError("a mistake of ours")
        fire(row, now=now)

    monkeypatch.setattr(heartbeats, "_fire", breaks)
    watch(91)

    assert open_titles() == ["other is not heard"]
    assert Heartbeat.objects.get(name="monitor").due_at == after(91 + 60)
    assert Trouble.objects.open().get().text.startswith("A heartbeat could not be judged: RuntimeError")


def change(at: float, **fields) -> None:
    row = Heartbeat.objects.get()
    for name, value in fields.items():
        setattr(row, name, value)
    heartbeats.change(heartbeat=row, now=after(at))


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ({"is_enabled": False}, {"is_enabled": True}),
        ({"watches_observing": True}, {"watches_observing": False}),
    ],
)
def test_one_that_was_missing_is_missed_again_once_it_is_waited_for_again(policy, away, back):
    hear(make())
    watch(90)
    change(100, **away)
    assert open_titles() == []
    change(200, **back)

    watch(289)
    assert open_titles() == []
    watch(290)
    assert open_titles() == ["monitor is not heard"]


def test_a_missing_heartbeat_is_one_alarm(policy):
    hear(make())
    watch(90)

    watch(91)
    watch(1000)

    assert Alarm.objects.get().count == 1


def test_being_heard_again_resolves_it(policy):
    secret = make()
    hear(secret)
    watch(90)

    hear(secret, 100)

    assert Alarm.objects.get().state == "resolved"
    assert Heartbeat.objects.get().due_at == after(190)


def test_resolved_by_hand_and_missing_still_it_calls_again_after_four_hours(policy, ada):
    hear(make())
    watch(90)
    alarms.resolve(alarm=Alarm.objects.get(), by=ada, now=after(100))

    watch(90 + 4 * 3600 - 1)
    assert open_titles() == []
    watch(90 + 4 * 3600)
    assert open_titles() == ["monitor is not heard"]


def test_a_beat_that_fails_calls_at_once(policy):
    hear(make(), failing=True, text="disk full")

    assert open_titles() == ["monitor says that something fails: disk full"]


def test_a_beat_that_is_well_ends_the_failure(policy):
    secret = make()
    hear(secret, failing=True)

    hear(secret, 60)

    assert open_titles() == []


def test_who_fails_and_then_stops_is_still_one_alarm(policy):
    hear(make(), failing=True)

    watch(90)

    assert Alarm.objects.get().count == 2


def test_a_pause_is_not_missed_and_gives_one_period_after_it(policy, ada):
    secret = make()
    hear(secret)
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(3600), why="mains work", by=ada, now=after(10))

    watch(3600 + 89)
    assert open_titles() == []
    watch(3600 + 90)
    assert open_titles() == ["monitor is not heard"]


def test_a_pause_ends_the_alarm(policy, ada):
    hear(make())
    watch(90)

    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(3600), why="mains work", by=ada, now=after(100))

    assert open_titles() == []


def test_what_fails_in_a_pause_and_after_it_calls_when_the_pause_ends(policy, ada):
    secret = make()
    hear(secret)
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(600), why="mains work", by=ada, now=after(10))
    hear(secret, 590, failing=True)
    assert open_titles() == []

    watch(600)

    assert open_titles() == ["monitor says that something fails"]


def test_one_that_watches_and_fails_in_a_pause_calls_when_the_pause_ends(policy, ada):
    secret = make(watches_observing=True)
    hear(secret)
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(600), why="mains work", by=ada, now=after(10))
    hear(secret, 590, failing=True)

    watch(599)
    assert open_titles() == []
    watch(600)
    assert open_titles() == ["monitor says that something fails"]


def test_one_that_watches_and_failed_before_a_pause_has_a_moment_after_it(policy, ada):
    secret = make(watches_observing=True)
    hear(secret, failing=True)
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(600), why="mains work", by=ada, now=after(10))

    watch(689)
    assert open_titles() == []
    watch(690)
    assert open_titles() == ["monitor says that something fails"]


@pytest.mark.parametrize(("lasts", "why"), [(3600, "  "), (0, "x"), (31 * 86400, "x")])
def test_a_pause_wants_a_reason_and_an_end(ada, lasts, why):
    make()

    with pytest.raises(heartbeats.BadPause):
        heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(lasts), why=why, by=ada, now=NOW)

    assert Heartbeat.objects.get().paused_until is None


def test_resuming_waits_for_the_next_beat(policy, ada):
    secret = make()
    hear(secret)
    row = heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(3600), why="x", by=ada, now=after(10))

    heartbeats.resume(heartbeat=row, now=after(300))

    assert Heartbeat.objects.get().due_at == after(390)


def test_one_that_watches_the_observing_is_never_due_here(policy):
    hear(make(watches_observing=True))

    watch(100_000)

    assert open_titles() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Heartbeat.objects.update(due_at=NOW)


def test_one_that_watches_the_observing_may_still_say_that_it_fails(policy):
    hear(make(watches_observing=True), failing=True)

    assert open_titles() == ["monitor says that something fails"]


def test_one_for_the_night_waits_until_it_is_dark(policy):
    """20 March 2027: it gets dark at 23:45 UTC at the summit."""
    assert Site.objects.filter(observing=True, latitude__range=(-30.3, -30.2)).exists()
    noon = NOW.replace(day=20, hour=15, minute=0)
    secret = make(at_night_only=True)
    heartbeats.beat(token=secret, beat=Beat(), now=noon)
    dark = noon.replace(hour=23, minute=45)

    heartbeats.watch(now=noon + timedelta(minutes=5), limits=limits.at(noon))
    assert open_titles() == []
    due = Heartbeat.objects.get().due_at
    assert due is not None
    assert abs(due - (dark + timedelta(seconds=90))) <= timedelta(minutes=2)

    heartbeats.watch(now=due, limits=limits.at(due))
    assert open_titles() == ["monitor is not heard"]


def test_a_beat_writes_one_row(policy):
    secret = make()
    hear(secret)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        hear(secret, 60)

    writes = [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert len(writes) == 1


def test_the_chore_asks_once_when_nothing_is_due(policy):
    hear(make())

    with CaptureQueriesContext(connection) as queries:
        heartbeats.watch(now=after(1), limits=None)  # type: ignore[arg-type]  # not asked for when nothing is due

    assert len(queries) == 1


# What others ask ---------------------------------------------------------------------------------------------------

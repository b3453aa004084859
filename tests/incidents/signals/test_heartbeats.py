"""Who calls every so often is well; who stops is missed, once; what is paused, closed or judged elsewhere is not."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm
from incidents.signals import heartbeats, heartbeats_beats
from incidents.signals.heartbeats import Beat
from incidents.signals.heartbeats_models import Heartbeat, HeartbeatSpan
from incidents.signals.heartbeats_views import state_of
from oncall import clock
from oncall.limits import queries as limits
from oncall.people.models import Site
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_now():
    """The clock stands at NOW, in which the pilot's term lies."""
    clock.travel(NOW - clock.now())


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def make(**fields) -> str:
    """A heartbeat that calls every minute and may be half a minute late; returns its secret."""
    row = Heartbeat(**({"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 2} | fields))
    return heartbeats.create(heartbeat=row, now=NOW)


def hear(secret: str, at: float = 0, **said) -> None:
    assert heartbeats.beat(token=secret, beat=Beat(**said), now=after(at)) is not None


def watch(at: float) -> None:
    heartbeats.watch(now=after(at), limits=limits.at(after(at)))


def open_titles() -> list[str]:
    return list(Alarm.objects.open().values_list("title", flat=True))


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


def test_a_break_closes_a_stretch_and_begins_another():
    secret = make(watches_observing=True)
    for at in (0, 60, 120, 600, 660):
        hear(secret, at)

    span = HeartbeatSpan.objects.get()
    assert (span.started_at, span.last_at, span.counts_until) == (NOW, after(120), after(210))
    assert Heartbeat.objects.get().heard_since == after(600)


@pytest.mark.parametrize(
    ("starts", "ends", "heard"),
    [
        (0, 120, True),
        (0, 209, True),  # the last beat stands for one period and its grace
        (0, 210, False),
        (-1, 60, False),  # before the first
        (300, 400, False),
        (200, 620, False),  # across the break
        (600, 700, True),
        (600, 751, False),  # nothing came after 660
    ],
)
def test_listening_in_the_past_can_be_asked(starts, ends, heard):
    secret = make(watches_observing=True)
    for at in (0, 60, 120, 600, 660):
        hear(secret, at)

    assert heartbeats.heard_between(after(starts), after(ends)) is heard


def test_two_watchers_stand_in_for_each_other():
    first, second = make(watches_observing=True), make(name="other", watches_observing=True)
    for at in (0, 60, 120):
        hear(first, at)
    for at in (180, 240, 300):
        hear(second, at)

    assert heartbeats.heard_between(after(0), after(300)) is True


def test_a_heartbeat_that_does_not_watch_says_nothing_about_listening():
    hear(make())

    assert heartbeats.heard_between(NOW, NOW) is False
    assert heartbeats.last_watching_beat(NOW) is None


def test_the_last_watching_beat_is_the_newest_of_all():
    hear(make(watches_observing=True), 0)
    hear(make(name="other", watches_observing=True), 30)

    assert heartbeats.last_watching_beat(after(40)) == after(30)


def test_the_last_watching_beat_as_of_an_earlier_instant():
    secret = make(watches_observing=True)
    for at in (0, 60, 600):
        hear(secret, at)

    assert heartbeats.last_watching_beat(after(300)) == after(60)
    assert heartbeats.last_watching_beat(after(-1)) is None


def test_a_paused_watcher_is_not_waited_for(ada):
    hear(make(watches_observing=True))
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(600), why="x", by=ada, now=after(1))

    assert heartbeats.last_watching_beat(after(2)) is None
    assert heartbeats.last_watching_beat(after(600)) == NOW


def test_what_was_said_of_the_dome_holds_for_its_night():
    secret = make()
    hear(secret, 0, dome_open=False)
    hear(secret, 60)

    assert heartbeats.dome_said(after(120)) is False
    assert heartbeats.dome_said(NOW.replace(hour=12)) is None  # another night begins at noon UTC


# The address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_any_call_is_a_beat(client, method):
    secret = make()

    response = getattr(client, method)(f"/beats/{secret}/")

    assert response.status_code == 200
    assert Heartbeat.objects.get().last_beat_at is not None


def test_an_unknown_address_is_no_beat(client):
    assert client.post("/beats/nonsense/").status_code == 404


def test_a_closed_heartbeat_has_no_address(client):
    secret = make(is_enabled=False)

    assert client.get(f"/beats/{secret}/").status_code == 404


def test_fail_at_the_end_of_the_address_fails(client, policy):
    client.get(f"/beats/{make()}/fail/")

    assert open_titles() == ["monitor says that something fails"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"\xff\xfe", "body"),
        (b"[1]", "body"),
        (b'{"status": "perhaps"}', "status"),
        (b'{"status": {"a": 1}}', "status"),
        (b'{"dome_open": "yes"}', "dome_open"),
        (b'{"text": 7}', "text"),
        (b"x" * 70_000, "body"),
        (b"[" * 50_000, "body"),
        (b"x" * 1_200_000, "body"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_beat_counts(client, body, field):
    secret = make()

    response = client.post(f"/beats/{secret}/", body, content_type="application/json")

    assert response.status_code == 200
    assert list(response.json()["ignored"]) == [field]
    assert Heartbeat.objects.get().last_beat_at is not None


@pytest.mark.parametrize(
    "body",
    [
        b"status=fail", b"state=FAILED&text=x", b"fail", b"FAIL: disk full", b'"fail"', b'{"status": false}', b"false",
        b'{"status": "FAILURE!"}', b'{"state": "fail"}', b'[{"status": "ok"}, {"status": "fail"}]', b'["down"]',
    ],
)  # fmt: skip
def test_who_fails_may_say_so_otherwise(body):
    said, ignored = heartbeats_beats.read(body)

    assert (said.failing, ignored) == (True, {})


@pytest.mark.parametrize("body", [b"", b"ok", b'{"status": "OK"}', b"status=up", b'{"status": true}', b'{"text": "x"}'])
def test_who_is_well_may_say_so_otherwise(body):
    assert heartbeats_beats.read(body)[0].failing is False


@pytest.mark.parametrize(
    "body",
    [b'{"status": "warning"}', b'{"status": "degraded"}', b'{"status": 1}', b"backup done", b"[1]", None, b'{"a', b"7"],
)
def test_what_nobody_understands_is_said(body):
    said, ignored = heartbeats_beats.read(body)

    assert said.failing is None
    assert ignored


@pytest.mark.parametrize("failing", [True, False])
def test_what_nobody_understands_leaves_it_as_it_was(policy, failing):
    secret = make()
    hear(secret, failing=failing)

    hear(secret, 60, failing=None)

    assert Heartbeat.objects.get().failing is failing
    assert Alarm.objects.open().count() == (1 if failing else 0)


def test_a_missing_one_that_says_what_nobody_understands_is_heard(policy):
    secret = make()
    hear(secret)
    watch(90)

    hear(secret, 100, failing=None)

    assert open_titles() == []


@pytest.mark.parametrize("how", ["multipart", "query"])
def test_a_form_or_a_query_says_it_too(client, policy, how):
    path = f"/beats/{make()}/"

    answer = client.post(path, {"status": "fail"}) if how == "multipart" else client.get(f"{path}?status=fail")

    assert answer.json()["failing"] is True


def test_a_body_may_say_more(client, policy):
    secret = make()
    body = {"status": "fail", "text": "link down", "dome_open": False}

    response = client.post(f"/beats/{secret}", json.dumps(body), content_type="application/json")

    assert response.json() == {"heard": "monitor", "failing": True}
    row = Heartbeat.objects.get()
    assert (row.failing, row.said, row.dome_open) == (True, "link down", False)


# The screens -------------------------------------------------------------------------------------------------------


def test_a_new_heartbeat_shows_its_address_once(client, at_now, pilot):
    client.force_login(pilot)
    fields = {"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 3, "watches_observing": "on"}

    made = client.post("/heartbeats/new/", fields)

    assert made.status_code == 201
    assert "/beats/" in made.content.decode()
    row = Heartbeat.objects.get()
    assert row.watches_observing
    assert row.token_digest not in client.get(f"/heartbeats/{row.pk}/").content.decode()
    assert 'class="secret"' not in client.get(f"/heartbeats/{row.pk}/").content.decode()


def test_only_who_configures_changes_heartbeats(client, at_now, ada):
    make()
    client.force_login(ada)
    row = Heartbeat.objects.get()

    assert client.get("/heartbeats/").status_code == 200
    assert client.post(f"/heartbeats/{row.pk}/pause/", {"lasts": 3600, "why": "x"}).status_code == 403
    assert client.get(f"/heartbeats/{row.pk}/edit/").status_code == 403
    assert client.post(f"/heartbeats/{row.pk}/renew/").status_code == 403


def test_pausing_without_a_reason_says_so_at_the_field(client, at_now, pilot):
    make()
    client.force_login(pilot)
    row = Heartbeat.objects.get()

    response = client.post(f"/heartbeats/{row.pk}/pause/", {"lasts": 3600, "why": ""})

    assert response.status_code == 400
    assert "errorlist" in response.content.decode()


def test_a_renewed_address_ends_the_old_one(client, at_now, pilot):
    old = make()
    client.force_login(pilot)

    client.post(f"/heartbeats/{Heartbeat.objects.get().pk}/renew/")

    assert client.get(f"/beats/{old}/").status_code == 404


def test_closing_a_heartbeat_ends_its_alarm(client, at_now, pilot, policy):
    hear(make())
    watch(90)
    client.force_login(pilot)
    fields = {"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 3}

    client.post(f"/heartbeats/{Heartbeat.objects.get().pk}/edit/", fields)

    assert open_titles() == []
    assert Heartbeat.objects.get().due_at is None


def test_the_list_asks_the_same_however_many_there_are(client, at_now, pilot, django_assert_max_num_queries):
    for number in range(12):
        make(name=f"monitor {number}")
    client.force_login(pilot)

    with django_assert_max_num_queries(6):
        client.get("/heartbeats/")

"""What is held calls nobody, is never lost, and is released once."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from incidents.alarms import admission, holding, services, silences
from incidents.alarms.auditing_held import INVARIANTS
from incidents.alarms.models import PEOPLE, Alarm, Held, LogEntry
from incidents.alarms.silencing import Matcher
from oncall.limits import queries as limits
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MACHINE = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
MINUTE = timedelta(minutes=1)
AT_FOUR = NOW + timedelta(minutes=50)


def says(key="k", severity=3, *, source_id=MACHINE, title="Disk full", **fields):
    return services.Firing(title=title, severity=severity, source_id=source_id, source="Prometheus", key=key, **fields)


def hear(now=NOW, *, policy=None, **fields):
    return services.hear(firing=says(**fields), policy_id=policy.pk if policy else None, now=now)


def silence(by, *, now=NOW, starts_at=NOW, ends_at=AT_FOUR, field="source", value="Prometheus", **fields):
    wanted = silences.Wanted([Matcher(field, value)], "Disks are changed", starts_at, ends_at, **fields)
    return silences.create(wanted=wanted, by=by, now=now)


def keep(now):
    holding.keep(now=now, limits=limits.at(now))


@pytest.fixture
def quiet(pilot, policy):
    return silence(pilot)


def broken(now):
    return {one.id for one in INVARIANTS if list(one.broken(now, limits.at(now)))}


def test_what_is_silenced_opens_no_alarm(quiet):
    assert hear() is None
    assert not Alarm.objects.exists()


def test_what_is_silenced_is_a_row_that_says_why(quiet):
    hear()

    row = Held.objects.get()
    assert (row.why, row.state, row.until, row.silence, row.title) == (
        "silenced", "held", AT_FOUR, quiet, "Disk full",
    )  # fmt: skip
    assert row.text == "Petra Pilot's silence until 23 Mar 04:00 UTC: Disks are changed"


def test_repeats_of_what_is_held_count_in_one_row(quiet):
    for second in range(3):
        hear(now=NOW + timedelta(seconds=second))

    assert [(row.count, row.last_at) for row in Held.objects.all()] == [(3, NOW + timedelta(seconds=2))]


def test_without_a_key_each_is_a_row_of_its_own(quiet):
    hear(key="")
    hear(key="")

    assert Held.objects.count() == 2


def test_what_does_not_fit_calls(quiet):
    assert services.hear(firing=services.Firing("Down", 3, OTHER, "Grafana", key="k"), policy_id=None, now=NOW)


def test_what_people_raise_is_never_held(quiet, ada):
    alarm = services.raise_by_hand(title="No alerts", severity=2, by=ada, policy=None, now=NOW)
    named = services.Firing("No alerts", 3, PEOPLE, "Prometheus", key="by hand")

    assert alarm.state == "firing"
    assert services.hear(firing=named, policy_id=None, now=NOW) is not None


def test_what_is_open_when_a_silence_begins_goes_on(policy, pilot):
    before = hear(now=NOW - MINUTE)
    silence(pilot)

    assert hear() == before
    assert Alarm.objects.get().count == 2


def test_what_comes_back_within_a_silence_is_held(policy, pilot):
    alarm = Alarm.objects.get(pk=hear(now=NOW - 2 * MINUTE))
    services.resolve(alarm=alarm, now=NOW - MINUTE)
    silence(pilot)

    assert hear() is None
    assert Alarm.objects.get().state == "resolved"


def test_what_still_fires_at_the_end_calls_once(quiet):
    hear()
    keep(AT_FOUR)
    keep(AT_FOUR + MINUTE)

    alarm, row = Alarm.objects.get(), Held.objects.get()
    assert (alarm.state, alarm.fired_at, alarm.key) == ("firing", AT_FOUR, "k")
    assert (row.state, row.alarm) == ("released", alarm)


def test_the_log_says_that_it_was_held_and_by_what(quiet):
    hear()
    hear()
    keep(AT_FOUR)

    assert LogEntry.objects.get(kind="held").text == (
        "Held since 23 Mar 03:10 UTC, 2 times, until now. "
        "Petra Pilot's silence until 23 Mar 04:00 UTC: Disks are changed"
    )


def test_what_is_released_says_all_that_its_source_said(quiet, policy):
    hear(policy=policy, description="Full", labels={"node": "n1"}, link="https://x/", stage="isr", playbook="P2")
    keep(AT_FOUR)

    alarm = Alarm.objects.get()
    assert (alarm.description, alarm.labels, alarm.link, alarm.stage, alarm.playbook, alarm.policy) == (
        "Full", {"node": "n1"}, "https://x/", "isr", "P2", policy,
    )  # fmt: skip


def test_what_is_over_before_the_end_never_calls(quiet):
    hear()
    holding.hear_over(source_id=MACHINE, key="k", now=NOW + MINUTE)
    keep(AT_FOUR)

    row = Held.objects.get()
    assert (row.state, row.ended_at, row.ended_why) == ("over", NOW + MINUTE, "Its source says that it is over.")
    assert not Alarm.objects.exists()


def test_what_flaps_within_a_silence_is_one_row(quiet):
    for nth in range(3):
        hear(now=NOW + nth * MINUTE)
        holding.hear_over(source_id=MACHINE, key="k", now=NOW + nth * MINUTE)

    assert [(row.state, row.count) for row in Held.objects.all()] == [("over", 3)]


def test_a_silence_ended_early_lets_go_at_once(quiet, ada):
    hear()
    silences.end(silence=quiet, by=ada, now=NOW + MINUTE)
    keep(NOW + MINUTE)

    assert Alarm.objects.get().fired_at == NOW + MINUTE


def test_what_a_second_silence_covers_stays_held(quiet, pilot):
    hear()
    longer = silence(pilot, ends_at=AT_FOUR + MINUTE)
    keep(AT_FOUR)

    row = Held.objects.held().get()
    assert (row.silence, row.until, row.first_at) == (longer, AT_FOUR + MINUTE, NOW)
    assert not Alarm.objects.exists()


def test_what_each_silence_held_stays_to_be_read(quiet, pilot):
    hear()
    silence(pilot, ends_at=AT_FOUR + MINUTE)
    keep(AT_FOUR)

    row = Held.objects.get(silence=quiet)
    assert (row.state, row.text, row.ended_why) == (
        "over",
        "Petra Pilot's silence until 23 Mar 04:00 UTC: Disks are changed",
        "Held further: Petra Pilot's silence until 23 Mar 04:01 UTC: Disks are changed",
    )


def test_a_repeat_that_something_else_holds_is_a_row_of_its_own(quiet, pilot):
    hear()
    longer = silence(pilot, ends_at=AT_FOUR + MINUTE)
    hear(now=NOW + MINUTE)

    assert list(Held.objects.order_by("last_at").values_list("state", "silence")) == [
        ("over", quiet.pk), ("held", longer.pk),
    ]  # fmt: skip


def test_what_is_held_beyond_the_end_of_its_silence_calls(quiet, pilot):
    """A signal was being judged while somebody ended it, and was written down after that."""
    judged = admission.judge(says(), policy_id=None, ground=admission.SILENCES, now=NOW)
    assert judged is not None
    silences.end(silence=quiet, by=pilot, now=NOW + MINUTE)
    admission.keep(says(), judged, policy_id=None, now=NOW + MINUTE)
    keep(NOW + MINUTE + timedelta(seconds=1))

    assert Held.objects.get().state == "released"
    assert Alarm.objects.get().state == "firing"


def held_beside_its_open_alarm(*, key="k", until=NOW + MINUTE):
    alarm = hear(key=key)
    holding.hold(firing=says(key), reason=Held.Why.SILENCED, text="t", until=until, now=NOW)
    return alarm


def test_what_is_held_beside_its_open_alarm_is_released_once(policy):
    alarm = held_beside_its_open_alarm()
    for second in range(3):
        holding.release_due(now=NOW + MINUTE + timedelta(seconds=second))

    row = Held.objects.get()
    assert (row.state, row.alarm_id, Alarm.objects.get().count) == ("released", alarm, 2)


def test_what_was_held_beside_it_does_not_open_again_what_a_person_resolved(policy, ada):
    held_beside_its_open_alarm()
    holding.release_due(now=NOW + MINUTE)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW + 2 * MINUTE)
    holding.release_due(now=NOW + 3 * MINUTE)

    assert Alarm.objects.get().state == "resolved"


def test_a_repeat_of_an_open_alarm_ends_what_is_held_beside_it(policy):
    alarm = held_beside_its_open_alarm(until=AT_FOUR)

    assert hear(now=NOW + MINUTE) == alarm
    assert Held.objects.get().state == "released"


def test_the_worst_is_released_first(policy):
    for key, severity in (("a", 3), ("b", 1), ("c", 2)):
        holding.hold(firing=says(key, severity), reason=Held.Why.WAITS, text="t", until=NOW, now=NOW - MINUTE)
    holding.release_due(now=NOW, at_most=1)

    assert Alarm.objects.get().key == "b"


@pytest.mark.parametrize("error", [RuntimeError("odd"), OperationalError("locked")])
def test_rows_that_break_stand_before_no_other(policy, monkeypatch, error):
    for key, since in (("a", NOW - MINUTE), ("b", NOW - MINUTE), ("c", NOW)):
        holding.hold(firing=says(key), reason=Held.Why.WAITS, text="t", until=since, now=NOW - MINUTE)
    usual = services.hear

    def fails(*, firing, **more):
        if firing.key != "c":
            raise error
        return usual(firing=firing, **more)

    monkeypatch.setattr(services, "hear", fails)
    for second in range(2):
        holding.release_due(now=NOW + timedelta(seconds=second), at_most=2)

    assert Alarm.objects.get().key == "c"


def test_a_signal_after_the_end_calls_before_the_chore_comes(quiet):
    hear()
    alarm = hear(now=AT_FOUR)
    keep(AT_FOUR)

    assert Held.objects.get().alarm_id == alarm
    assert Alarm.objects.get().count == 1


def test_what_gets_worse_than_a_silence_may_hide_calls(quiet):
    hear(severity=2)
    alarm = hear(severity=1, now=NOW + MINUTE)

    assert alarm is not None
    assert Held.objects.get().alarm_id == alarm


def test_what_waits_for_hours_calls_when_they_begin(policy):
    assert hear(hold_until=AT_FOUR, hold_why="Operational: waits for 09:00 in Lyon") is None
    keep(AT_FOUR)

    row = Held.objects.get()
    assert (row.why, row.text, row.state) == ("waits_for_hours", "Operational: waits for 09:00 in Lyon", "released")
    assert Alarm.objects.get().fired_at == AT_FOUR


def test_a_repeat_of_an_open_alarm_does_not_wait_for_hours(policy):
    alarm = hear(severity=3)

    assert hear(severity=2, hold_until=AT_FOUR, hold_why="waits") == alarm
    assert not Held.objects.exists()


def test_what_is_in_shadow_never_calls_by_itself(policy):
    holding.hold(firing=says(), reason=Held.Why.SHADOW, text="In shadow: it would have fired.", now=NOW)
    keep(NOW + timedelta(days=30))

    assert Held.objects.get().state == "held"
    assert not Alarm.objects.exists()


def test_a_shadow_that_may_call_now_is_released_by_its_next_signal(policy):
    holding.hold(firing=says(), reason=Held.Why.SHADOW, text="In shadow: it would have fired.", now=NOW)
    alarm = hear(now=NOW + MINUTE)

    assert Held.objects.get().alarm_id == alarm


def test_one_that_cannot_be_released_is_put_off_and_holds_up_no_other(quiet, monkeypatch):
    hear(key="a")
    hear(key="b")
    usual = services.hear

    def fails(*, firing, **more):
        if firing.key == "a":
            raise RuntimeError("odd")
        return usual(firing=firing, **more)

    monkeypatch.setattr(services, "hear", fails)
    keep(AT_FOUR)

    assert list(Alarm.objects.values_list("key", flat=True)) == ["b"]
    assert Held.objects.get(key="a").until == AT_FOUR + timedelta(seconds=5)


def test_a_held_row_past_its_time_is_an_invariant_broken(quiet):
    hear()

    assert broken(AT_FOUR + timedelta(seconds=59)) == set()
    assert broken(AT_FOUR + timedelta(seconds=61)) == {"I16"}


def test_what_holds_beside_its_open_alarm_is_an_invariant_broken(quiet):
    hear()
    services.hear(firing=says(), policy_id=None, now=NOW + MINUTE, admitted=True)
    Held.objects.update(state="held", alarm=None, ended_at=None)

    assert broken(NOW + 3 * MINUTE) == {"I17"}


def test_where_nothing_holds_a_new_alarm_asks_about_it_along_with_everything_else(policy, pilot):
    """One statement counts repeats, and asks whether anything might hold it; nothing else is asked."""
    silence(pilot, starts_at=NOW + timedelta(days=1), ends_at=NOW + timedelta(days=1, hours=1))
    with CaptureQueriesContext(connection) as asked:
        hear()

    about = [one["sql"] for one in asked if "alarms_held" in one["sql"] or "alarms_occurrence" in one["sql"]]
    assert len(about) == 1

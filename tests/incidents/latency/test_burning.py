"""A fast burn pages once, beside no other alarm of the same outage; a slow burn is work for the day."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.alarms import services as alarms
from incidents.alarms.models import LATENCY, Alarm
from incidents.latency import burning
from incidents.latency.models import Visit
from oncall.limits import queries as limits
from oncall.people.models import Person, Team
from oncall.work import services as work
from oncall.work.models import WorkItem
from tests.incidents.latency.nights import night

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 6, 21, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _policy(policy):
    """Somebody is called."""


def keep(now: datetime = NOW) -> None:
    burning.keep(now=now, limits=limits.at(now))


def burnt() -> list[tuple[str, int, str]]:
    return list(Alarm.objects.filter(key="budget.burn").values_list("state", "severity", "title"))


def an_hour_of(letter: str, until: datetime = NOW) -> None:
    """97 visits in the hour before `until`, each 37 s."""
    night(letter * 97, begin=until - 97 * timedelta(seconds=37), day_obs=20270620)


def another_alarm(severity: int = 2, key: str = "alerts.none", now: datetime = NOW - HOUR) -> Alarm:
    firing = alarms.Firing(title="Images and no alerts", severity=severity, source_id=LATENCY, source="x", key=key)
    return alarms.fire(firing=firing, policy=None, now=now)


def test_an_hour_of_late_visits_pages():
    an_hour_of("d")

    keep()

    assert burnt() == [("firing", 2, "The budget burns fast: 97 visits not in time in the last 60 min")]
    assert Alarm.objects.get().source_id == LATENCY


def test_visits_that_sent_nothing_at_the_alarm_limit_burn_as_well():
    an_hour_of("p")

    keep()

    assert burnt() == [("firing", 2, "The budget burns fast: 94 visits not in time in the last 60 min")]


def test_59_of_them_do_not_page_and_60_do():
    night("g" * 37 + "d" * 59, begin=NOW - 96 * timedelta(seconds=37), day_obs=20270620)
    keep()
    assert burnt() == []

    Visit.objects.filter(visit_id=2027062000001).update(verdict="delayed")
    keep()
    assert len(burnt()) == 1


def test_twice_is_one_alarm():
    an_hour_of("d")

    keep()
    keep()

    assert [alarm.count for alarm in Alarm.objects.all()] == [1]


def test_old_data_does_not_page():
    an_hour_of("f", until=NOW - timedelta(days=4))

    keep()

    assert burnt() == []
    assert not WorkItem.objects.exists()


def test_what_is_yet_to_come_does_not_page():
    an_hour_of("d", until=NOW + timedelta(hours=3))

    keep()

    assert burnt() == []


def test_an_open_alarm_of_the_same_outage_is_told_once_and_nobody_is_called_twice():
    an_hour_of("d")
    other = another_alarm()

    keep()
    keep()

    assert burnt() == []
    (text,) = other.log.filter(kind="held").values_list("text", flat=True)
    assert text == (
        "The budget burns fast: 97 visits not in time in the last 60 min, 1.6 % of the year's 2 %, "
        "and it goes on at 50 times the pace that the year bears."
    )


def test_just_after_that_alarm_is_over_the_last_minutes_call_nobody():
    an_hour_of("d")
    alarms.resolve(alarm=another_alarm(), now=NOW - timedelta(minutes=4))

    keep()

    assert burnt() == []


def test_five_minutes_after_that_alarm_was_resolved_it_pages_if_it_still_burns():
    an_hour_of("d")
    alarms.resolve(alarm=another_alarm(), now=NOW - timedelta(minutes=5))

    keep()

    assert len(burnt()) == 1


def test_a_lesser_alarm_does_not_stand_for_it():
    an_hour_of("d")
    another_alarm(severity=3, key="alerts.flood")

    keep()

    assert len(burnt()) == 1


def test_it_is_over_when_visits_are_in_time_again():
    an_hour_of("d")
    keep()
    night("g" * 9, begin=NOW + timedelta(seconds=37), day_obs=20270621)

    keep(NOW + timedelta(minutes=6))

    assert [state for state, *_ in burnt()] == ["resolved"]


def test_the_end_of_the_night_alone_does_not_end_it_at_once():
    an_hour_of("d")
    keep()

    keep(NOW + timedelta(minutes=20))
    assert [state for state, *_ in burnt()] == ["firing"]

    keep(NOW + timedelta(minutes=30))  # 48 are left in the hour
    assert [state for state, *_ in burnt()] == ["resolved"]


def test_who_resolved_it_is_not_called_again_for_an_hour(ada):
    an_hour_of("d")
    keep()
    alarms.resolve(alarm=Alarm.objects.get(), now=NOW, by=ada)

    keep(NOW + timedelta(seconds=30))

    assert [state for state, *_ in burnt()] == ["resolved"]


def test_a_slow_burn_is_work_for_the_team_of_the_pilot():
    team = Team.objects.create(name="Campaign Management", slug="campaign-management")
    night("g" * 900 + "d" * 60, begin=NOW - timedelta(hours=40), day_obs=20270619)
    night("g" * 900 + "d" * 60, begin=NOW - timedelta(hours=20), day_obs=20270620)

    keep()
    keep()

    assert [(one.key, one.title, one.team, one.count) for one in WorkItem.objects.order_by("key")] == [
        ("budget.slow.delayed_1", "The 1 % (delayed) budget burns: 4.0 % of the year in 3 days", team, 1),
        ("budget.slow.late_2", "The 2 % (not in time) budget burns: 2.0 % of the year in 3 days", team, 1),
    ]
    assert burnt() == []


def test_visits_that_failed_a_day_ago_are_work_today():
    night("g" * 900 + "f" * 6, begin=NOW - timedelta(hours=36), day_obs=20270619)

    keep()

    assert [one.key for one in WorkItem.objects.all()] == ["budget.slow.failed_01"]


def test_slow_work_is_closed_by_itself_when_the_days_are_over():
    night("g" * 900 + "f" * 6, begin=NOW - timedelta(hours=36), day_obs=20270619)
    keep()

    keep(NOW + timedelta(days=4))

    assert [(one.state, one.done_by) for one in WorkItem.objects.all()] == [("done", None)]


def three_bad_nights(failed: int, **said: timedelta) -> None:
    night("g" * 900 + "f" * failed, begin=NOW - timedelta(hours=36), day_obs=20270619, **said)


def work_closed_by(person: Person | None, now: datetime = NOW) -> None:
    work.close_item(item=WorkItem.objects.open().get(), by=person, outcome="Known: storage", now=now)


def test_slow_work_that_a_human_closed_stays_closed_while_it_burns_no_worse(ada):
    three_bad_nights(failed=6)
    keep()
    work_closed_by(ada)

    keep(NOW + timedelta(seconds=30))

    assert [(one.state, one.outcome) for one in WorkItem.objects.all()] == [("done", "Known: storage")]


def test_slow_work_comes_back_when_so_much_more_is_lost_that_it_alone_would_burn(ada):
    three_bad_nights(failed=6)
    keep()
    work_closed_by(ada)
    night("g" * 900 + "f" * 5, begin=NOW - timedelta(hours=23), day_obs=20270620)  # 5 are 1.7 % of the year's 300

    keep(NOW + timedelta(hours=12))
    assert WorkItem.objects.open().count() == 0

    night("f", begin=NOW - timedelta(hours=13), day_obs=20270621)  # the 6th makes it 2 %
    keep(NOW + timedelta(hours=12))
    assert [one.key for one in WorkItem.objects.open()] == ["budget.slow.failed_01"]


def test_slow_work_comes_back_when_visits_are_told_of_that_nobody_knew_when_it_was_closed(ada):
    three_bad_nights(failed=6)
    keep()
    work_closed_by(ada)
    cut = NOW - timedelta(hours=30)
    night("f" * 6, begin=cut, day_obs=20270620, heard_after=timedelta(hours=31))

    keep(NOW + timedelta(hours=1, minutes=10))

    assert [one.key for one in WorkItem.objects.open()] == ["budget.slow.failed_01"]


def test_slow_work_comes_back_when_it_still_burns_after_the_long_window(ada):
    three_bad_nights(failed=6)
    keep()
    work_closed_by(ada)
    again = NOW + timedelta(days=3)
    night("g" * 900 + "f" * 6, begin=again - timedelta(hours=36), day_obs=20270622)

    keep(again - timedelta(seconds=1))
    assert WorkItem.objects.open().count() == 0

    keep(again)
    assert [one.key for one in WorkItem.objects.open()] == ["budget.slow.failed_01"]


def test_slow_work_that_closed_itself_comes_back_as_soon_as_it_burns_again():
    three_bad_nights(failed=6)
    keep()
    work_closed_by(None)

    keep(NOW + timedelta(seconds=30))

    assert [one.state for one in WorkItem.objects.order_by("opened_at")] == ["done", "open"]


def test_a_quiet_day_costs_few_queries(django_assert_max_num_queries):
    now_limits = limits.at(NOW)

    with django_assert_max_num_queries(4):
        burning.keep(now=NOW, limits=now_limits)

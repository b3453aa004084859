"""A source that cannot make up its mind is believed only after a while of silence."""

from datetime import timedelta
from uuid import UUID

import pytest

from incidents.alarms import holding, services, work
from incidents.alarms.models import ITSELF, Alarm
from oncall.limits import queries as limits
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MACHINE = UUID("11111111-1111-4111-8111-111111111111")
MINUTE = timedelta(minutes=1)


def fire(minute, source_id=MACHINE):
    firing = services.Firing(title="Flaps", severity=2, source_id=source_id, source="Kapacitor", key="k")
    return services.hear(firing=firing, policy_id=None, now=NOW + minute * MINUTE, admitted=source_id == ITSELF)


def over(minute, source_id=MACHINE):
    holding.hear_over(source_id=source_id, key="k", now=NOW + minute * MINUTE)


def keep(minute):
    now = NOW + minute * MINUTE
    holding.keep(now=now, limits=limits.at(now))


@pytest.fixture
def flapping(policy):
    """Opened at minutes 0, 2 and 4, over at 1, 3 and 5: taken back twice."""
    for minute in (0, 2, 4):
        fire(minute)
        over(minute + 1)
    return Alarm.objects.get()


def test_one_reopening_is_believed(policy):
    for minute in (0, 2):
        fire(minute)
        over(minute + 1)

    assert Alarm.objects.get().state == "resolved"


def test_after_the_second_reopening_over_is_not_believed(flapping):
    assert (flapping.state, flapping.cycle, flapping.over_due) == ("firing", 3, NOW + 10 * MINUTE)


def test_the_log_says_so_once(flapping):
    fire(6)
    over(7)

    assert [line.text for line in flapping.log.filter(kind="flapping")] == [
        (
            "Kapacitor flaps: it says again that this is over. That is believed after 5 min without a firing, "
            "and nobody is called anew before."
        )
    ]


def test_what_comes_meanwhile_counts_and_begins_no_cycle(flapping):
    fire(6)

    flapping.refresh_from_db()
    assert (flapping.cycle, flapping.count, flapping.over_due) == (3, 4, None)


def test_a_firing_takes_back_that_it_is_over(flapping):
    fire(9)
    keep(10)

    assert Alarm.objects.get().state == "firing"


def test_five_quiet_minutes_are_believed(flapping):
    keep(10)

    flapping.refresh_from_db()
    assert (flapping.state, flapping.resolved_at, flapping.flapping_since) == ("resolved", NOW + 10 * MINUTE, None)
    assert flapping.log.get(kind="resolved", cycle=3).text == (
        "Kapacitor resolved it. It said so at 03:15 UTC, and has been quiet since."
    )


def test_it_is_not_believed_a_moment_too_soon(flapping):
    keep(9.9)

    assert Alarm.objects.get().state == "firing"


def test_over_said_again_does_not_begin_the_wait_anew(flapping):
    over(8)
    keep(10)

    assert Alarm.objects.get().state == "resolved"


def test_a_firing_after_the_calm_calls_again(flapping):
    keep(10)
    fire(40)

    assert Alarm.objects.open().get().log.filter(kind="fired").exists()


def test_a_person_is_believed_at_once(flapping, ada):
    services.resolve(alarm=flapping, by=ada, now=NOW + 6 * MINUTE)

    flapping.refresh_from_db()
    assert (flapping.state, flapping.over_due, flapping.flapping_since) == ("resolved", None, None)


def test_whoever_has_it_keeps_it(flapping, ada):
    work.acknowledge(alarm=flapping, by=ada, now=NOW + 6 * MINUTE)
    fire(7)
    over(8)

    flapping.refresh_from_db()
    assert (flapping.state, flapping.acknowledged_by) == ("acknowledged", ada)


def test_reopenings_of_long_ago_do_not_count(policy):
    """Back at minutes 2 and 14, over again 15 min and 6 s after the first."""
    for fired, ended in ((0, 1), (2, 3), (14, 17.1)):
        fire(fired)
        over(ended)

    assert Alarm.objects.get().state == "resolved"


def test_this_system_is_believed_about_itself(policy):
    for minute in (0, 2, 4):
        fire(minute, ITSELF)
        over(minute + 1, ITSELF)

    assert Alarm.objects.get().state == "resolved"


def test_the_list_and_its_page_say_that_it_flaps(flapping, ada, client):
    client.force_login(ada)

    assert "flapping</span>" in client.get("/alarms/").content.decode()
    assert "says that it is over, which is believed" in client.get(flapping.path).content.decode()

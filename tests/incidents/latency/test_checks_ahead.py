"""When the checks before observing are due: 10:00 in California whatever the clocks do, and an hour before sunset."""

from datetime import UTC, date, datetime

import pytest

from incidents.latency import checks_ahead
from oncall.limits import queries as limits
from oncall.limits.services import set_limit
from oncall.people.models import Site
from playbooks.readiness.models import Night

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 13, 13, 0, tzinfo=UTC)
MONDAY = datetime(2027, 3, 16, 0, tzinfo=UTC)  # 17:00 of the 15th in California


def keep(now: datetime = NOW) -> None:
    checks_ahead.keep(now=now, limits=limits.at(now))


def test_ten_in_california_stays_ten_when_clocks_change_there_on_the_14th():
    keep()

    assert list(Night.objects.order_by("day_obs").values_list("day_obs", "morning_due", "close_of_work")) == [
        (date(2027, 3, 13), datetime(2027, 3, 13, 18, tzinfo=UTC), MONDAY),  # a Saturday
        (date(2027, 3, 14), datetime(2027, 3, 14, 17, tzinfo=UTC), MONDAY),
        (date(2027, 3, 15), datetime(2027, 3, 15, 17, tzinfo=UTC), MONDAY),
    ]


def test_on_a_public_holiday_work_closes_on_the_next_working_day():
    christmas = date(2026, 12, 25)  # a Friday

    checks_ahead.plan([christmas], now=NOW, limits=limits.at(NOW))

    assert Night.objects.get().close_of_work == datetime(2026, 12, 29, 1, tzinfo=UTC)


def test_the_second_run_is_due_an_hour_before_the_sun_sets():
    keep()

    night = Night.objects.get(day_obs=date(2027, 3, 13))
    assert (night.sunset, night.evening_due) == (
        datetime(2027, 3, 13, 23, 3, tzinfo=UTC),
        datetime(2027, 3, 13, 22, 3, tzinfo=UTC),
    )


def test_a_changed_limit_plans_anew_and_else_it_is_two_queries(django_assert_num_queries):
    keep()
    in_force = limits.at(NOW)
    with django_assert_num_queries(2):
        checks_ahead.keep(now=NOW, limits=in_force)

    set_limit(name="readiness_before_sunset_s", value=5400, effective_from=NOW, source="Test")
    keep()

    assert Night.objects.get(day_obs=date(2027, 3, 13)).evening_due == datetime(2027, 3, 13, 21, 33, tzinfo=UTC)


def test_where_no_site_observes_nothing_is_planned():
    Site.objects.update(observing=False)

    keep()

    assert not Night.objects.exists()

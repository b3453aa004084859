"""Work items: one open for each key, due in a named calendar, done once."""

from datetime import UTC, datetime, time, timedelta

import pytest

from oncall.people.models import Team, WorkCalendar
from oncall.work import services
from oncall.work.models import WorkItem
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    lyon = WorkCalendar.objects.create(
        name="Lyon", time_zone="Europe/Paris", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17), country="FR"
    )
    return Team.objects.create(name="Data Facility", slug="df", calendar=lyon)


def opened(team=None, *, key="budget.slow:late_2", title="The 2 % burn", now=NOW, **said):
    return services.open_item(key=key, title=title, text="", url="/nights/", team=team, now=now, **said)


def test_it_is_due_at_the_end_of_the_teams_next_working_day(team):
    item = opened(team)  # Tuesday 04:10 in Lyon

    assert item.due_at == datetime(2027, 3, 23, 16, 0, tzinfo=UTC)
    assert item.calendar == "Lyon"


def test_a_public_holiday_of_the_team_is_skipped(team):
    item = opened(team, now=datetime(2027, 3, 26, 12, 0, tzinfo=UTC))  # Friday before Easter

    assert item.due_at == datetime(2027, 3, 30, 15, 0, tzinfo=UTC)


def test_nobodys_work_is_due_by_the_default_calendar():
    item = opened(None)  # Monday 20:10 in California

    assert item.due_at == datetime(2027, 3, 24, 0, 0, tzinfo=UTC)
    assert item.calendar == "Default, Mon-Fri 09:00-17:00"


def test_the_same_key_while_open_is_the_same_item_with_new_words(team):
    first = opened(team)

    second = opened(None, title="The 2 % burn faster", now=NOW + timedelta(hours=1))

    assert second.pk == first.pk
    assert (second.title, second.count, second.team, second.due_at) == ("The 2 % burn faster", 2, team, first.due_at)


def test_after_it_is_done_the_same_key_is_a_new_item():
    first = opened()
    services.close_item(key=first.key, now=NOW)

    assert opened().pk != first.pk


def test_without_a_key_each_is_its_own():
    assert opened(key="").pk != opened(key="").pk


def test_it_is_done_once_and_says_who_was_first(ada, grace):
    item = opened()
    services.close_item(item=item, by=ada, outcome="Rolled back.", now=NOW)

    with pytest.raises(services.AlreadyDone, match=r"Ada Moreno closed “The 2 % burn” on 23 Mar 2027 at 03:10 UTC\."):
        services.close_item(item=item, by=grace, now=NOW + timedelta(minutes=1))


def test_closing_a_key_that_is_not_open_does_nothing():
    assert services.close_item(key="budget.slow:late_2", now=NOW) is None
    assert services.close_item(key="", now=NOW) is None


def test_closing_without_a_key_leaves_items_without_one_alone():
    item = opened(key="")

    services.close_item(key="", now=NOW)

    item.refresh_from_db()
    assert item.state == WorkItem.State.OPEN


def test_another_team_brings_its_calendar(team):
    item = opened(None)

    changed = services.change(id=item.pk, now=NOW, team=team, due=NOW + timedelta(days=2), ticket="DM-12345")

    assert (changed.team, changed.calendar, changed.ticket) == (team, "Lyon", "DM-12345")


def test_what_is_done_is_not_changed():
    item = opened()
    services.close_item(item=item, now=NOW)

    with pytest.raises(services.AlreadyDone, match="Open a new one"):
        services.change(id=item.pk, now=NOW, team=None, due=NOW, ticket="")

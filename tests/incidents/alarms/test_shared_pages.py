"""A page about several alarms: what it says, and how it goes on when it is about fewer, or is called anew."""

from datetime import UTC, datetime, time, timedelta

import pytest

from incidents.alarms import engine, services, snoozing, work
from incidents.alarms.models import HANDED_OVER, PEOPLE
from oncall.limits import queries as limits
from oncall.paging import claims, contacts
from oncall.paging.models import ContactMethod, Page
from tests.conftest import NOW, make_policy
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)
THREE = datetime(2027, 1, 16, 2, 0, tzinfo=UTC)  # 03:00 in Paris
SEVEN = datetime(2027, 1, 16, 6, 0, tzinfo=UTC)  # 07:00 in Paris


def fire(title, policy, *, severity=2, now=NOW):
    firing = services.Firing(title=title, severity=severity, source_id=PEOPLE, source="test", key=title)
    return services.fire(firing=firing, policy=policy, now=now)


def leaves(now):
    return [attempt.channel for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


@pytest.fixture
def policy(ada):
    return make_policy("P", ada, wait_s=3600)


@pytest.fixture
def asleep(ada):
    """Ada sleeps in Paris from 22 to 7."""
    ada.time_zone = "Europe/Paris"
    ada.save()
    contacts.set_quiet_hours(person=ada, starts=time(22), ends=time(7))


def test_what_somebody_has_is_not_counted_any_more(policy, grace):
    x, _ = fire("X", policy), fire("Y", policy)
    page_out()
    work.acknowledge(alarm=x, by=grace, now=NOW + 10 * S)

    assert Page.objects.get().title == "Y"


def test_what_somebody_put_off_is_not_counted_any_more(policy, grace):
    x, _ = fire("X", policy), fire("Y", policy)
    page_out()
    snoozing.snooze(alarm=x, by=grace, until=NOW + timedelta(hours=1), now=NOW + 10 * S)

    assert Page.objects.get().title == "Y"


def test_a_page_is_as_bad_as_what_is_left_of_it(policy, grace):
    x, _ = fire("X", policy, severity=1), fire("Y", policy, severity=2)
    page_out()
    services.resolve(alarm=x, by=grace, now=NOW + 10 * S)

    page = Page.objects.get()
    assert (page.title, page.severity, page.urgency) == ("Y", 2, "high")


def test_low_urgency_that_is_left_alone_on_an_urgent_page_waits_for_the_morning(policy, grace, asleep):
    x, _ = fire("X", policy, severity=1, now=THREE), fire("Y", policy, severity=4, now=THREE)
    page_out(THREE)
    work.acknowledge(alarm=x, by=grace, now=THREE + 10 * S)

    page = Page.objects.get()
    assert (page.state, page.severity, page.urgency, page.quiet_until) == ("calling", 4, "low", SEVEN)
    assert leaves(SEVEN - S) == []
    assert leaves(SEVEN) == ["sms"]
    assert leaves(SEVEN + 60 * S) == ["voice"]


def test_low_urgency_that_is_left_alone_by_day_begins_its_own_rules(policy, grace):
    x, _ = fire("X", policy, severity=1), fire("Y", policy, severity=4)
    page_out()
    work.acknowledge(alarm=x, by=grace, now=NOW + 90 * S)

    assert leaves(NOW + 90 * S) == ["sms"]
    assert leaves(NOW + 149 * S) == []
    assert leaves(NOW + 150 * S) == ["voice"]


def test_what_joins_a_page_that_waits_for_the_morning_does_not_put_it_off(policy, ada, asleep):
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=THREE)
    fire("X", policy, severity=3, now=THREE)
    page_out(THREE)
    later = THREE + timedelta(hours=3)
    fire("Y", policy, severity=3, now=later)
    engine.escalate_due(now=later, limits=limits.at(later))

    assert Page.objects.count() == 1
    assert leaves(later) == ["email"]
    assert leaves(SEVEN - S) == []
    assert leaves(SEVEN) == ["sms"]


def test_what_joins_hours_later_wakes_nobody_whose_text_came_before_their_quiet_hours(policy, ada, asleep):
    before = datetime(2027, 1, 15, 20, 59, 30, tzinfo=UTC)  # 21:59:30 in Paris
    fire("X", policy, severity=3, now=before)
    engine.escalate_due(now=before, limits=limits.at(before))
    assert leaves(before) == ["sms"]
    fire("Y", policy, severity=3, now=THREE)
    engine.escalate_due(now=THREE, limits=limits.at(THREE))

    assert Page.objects.count() == 1
    assert leaves(THREE) == []
    assert leaves(SEVEN) == ["voice"]


def test_a_page_that_is_called_anew_is_about_all_that_it_was_about(ada):
    fire("X", make_policy("PX", ada, wait_s=400, rounds=3))
    fire("Y", make_policy("PY", ada, wait_s=3600), severity=1)
    for seconds in (0, 60, 120, 180, 240):
        page_out(NOW + seconds * S)

    page_out(NOW + 401 * S)

    first, new = Page.objects.order_by("created_at")
    assert (first.state, new.title, new.severity) == ("unanswered", "2 alarms open: Y", 1)
    assert set(new.links.values_list("alarm__title", flat=True)) == {"X", "Y"}


def test_a_page_that_is_called_anew_leaves_out_what_somebody_has(ada, grace):
    fire("X", make_policy("PX", ada, wait_s=400, rounds=3))
    y = fire("Y", make_policy("PY", ada, wait_s=3600))
    for seconds in (0, 60, 120, 180, 240):
        page_out(NOW + seconds * S)
    work.acknowledge(alarm=y, by=grace, now=NOW + 300 * S)

    page_out(NOW + 401 * S)

    assert list(Page.objects.calling().values_list("title", flat=True)) == ["X"]


def test_who_is_handed_an_alarm_while_a_shared_page_calls_them_is_called_for_it(policy, ada, grace):
    x, _ = fire("X", policy), fire("Y", policy)
    page_out()
    work.acknowledge(alarm=x, by=grace, now=NOW + 5 * S)

    page = work.reassign(alarm=x, to=ada, by=grace, now=NOW + 20 * S)

    link = page.links.get(alarm=x)
    assert (link.step, link.why) == (HANDED_OVER, "Grace Okafor hands this over to you")
    page.refresh_from_db()
    assert page.title == "2 alarms open: X"
    assert page.edition == 3

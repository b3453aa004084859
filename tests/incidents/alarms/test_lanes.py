"""Who goes first when much happens at once, and what is said when several alarms wait for one number."""

from datetime import timedelta
from uuid import UUID

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import Alarm
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)
STORMY, QUIET = UUID(int=7), UUID(int=8)


def fire(title, *, source=STORMY, severity=2, policy=None, now=NOW, product=""):
    firing = services.Firing(title=title, severity=severity, source_id=source, source="s", key=title, product=product)
    return services.fire(firing=firing, policy=policy, now=now)


def step(now=NOW, at_most=50):
    return engine.escalate_due(now=now, limits=limits.at(now), at_most=at_most)


def claim(now=NOW, at_most=10):
    return [attempt for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=at_most)]


def test_the_first_alarm_of_another_source_leaves_next_in_a_storm_of_300(db):
    """F35"""
    storm = [make_person(f"P{n}", f"+1415555{n:04}") for n in range(40)]
    policies = [make_policy(f"policy {n}", person) for n, person in enumerate(storm)]
    for n in range(300):
        fire(f"storm {n}", policy=policies[n % 40])
    step(at_most=4)
    claim(at_most=4)
    other = make_person("Other", "+14155559999")
    fire("Something else", source=QUIET, policy=make_policy("other", other), now=NOW + S)

    step(NOW + S, at_most=1)

    assert [attempt.page.person for attempt in claim(NOW + S, at_most=1)] == [other]


def test_another_service_of_the_same_source_counts_as_another_source(ada, grace):
    fire("a", policy=make_policy("a", ada), product="Prompt Processing")
    fire("b", policy=make_policy("b", grace), product="Alert stream")

    assert list(Alarm.objects.order_by("title").values_list("leads", flat=True)) == [True, True]


def test_a_source_leads_again_after_a_quarter_of_an_hour_of_silence(ada):
    policy = make_policy("a", ada)
    for title, minutes in (("a", 0), ("b", 14), ("c", 30)):
        fire(title, policy=policy, now=NOW + timedelta(minutes=minutes))

    assert list(Alarm.objects.order_by("title").values_list("leads", flat=True)) == [True, False, True]


def test_urgency_goes_before_the_first_of_a_source(ada, grace):
    fire("low", policy=make_policy("a", ada), severity=3, source=QUIET)
    fire("one", policy=make_policy("b", grace))
    fire("two", policy=make_policy("c", make_person("P", "+14155559999")))

    step()

    assert [attempt.page.title for attempt in claim()] == ["one", "two", "low"]


# --- One number, several alarms ---------------------------------------------------------------------------------------


@pytest.fixture
def texts_only(ada):
    ContactMethod.objects.filter(person=ada, kind="email").delete()
    contact = ContactMethod.objects.get(person=ada)
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=0, channel="sms", contact=contact)
    return make_policy("texts", ada)


def test_what_comes_while_a_page_waits_for_its_number_joins_it_and_one_text_counts_them(texts_only, ada):
    first = fire("first", severity=4, policy=texts_only)
    step()
    claim()
    services.resolve(alarm=first, now=NOW + 5 * S)
    fire("held", severity=4, policy=texts_only, now=NOW + 10 * S)
    step(NOW + 10 * S)
    assert claim(NOW + 10 * S) == []
    for n in range(6):
        fire(f"more {n}", severity=5, policy=texts_only, now=NOW + (20 + n) * S)
        step(NOW + (20 + n) * S)
    fire("worse", severity=3, policy=texts_only, now=NOW + 40 * S)
    step(NOW + 40 * S)

    assert claim(NOW + 59 * S) == []
    (text,) = claim(NOW + 60 * S)
    assert "SEV3 8 alarms open: worse" in text.body
    assert len(text.body) <= 160
    assert claim(NOW + 120 * S) == []


def test_what_joins_a_held_page_long_after_it_began_joins_it_all_the_same(texts_only, ada):
    for n in range(5):
        one = fire(f"k{n}", severity=4, policy=texts_only, now=NOW + n * 100 * S)
        step(NOW + n * 100 * S)
        claim(NOW + n * 100 * S)
        services.resolve(alarm=one, now=NOW + (n * 100 + 1) * S)
    fire("sixth", severity=4, policy=texts_only, now=NOW + 500 * S)
    step(NOW + 500 * S)
    claim(NOW + 500 * S)
    fire("seventh", severity=4, policy=texts_only, now=NOW + 800 * S)
    step(NOW + 800 * S)

    assert [attempt.page.title for attempt in claim(NOW + 900 * S)] == ["2 alarms open: sixth"]


def test_an_urgent_alarm_does_not_join_a_page_that_waits(texts_only, ada):
    first = fire("first", severity=4, policy=texts_only)
    step()
    claim()
    services.resolve(alarm=first, now=NOW + 5 * S)
    fire("held", severity=4, policy=texts_only, now=NOW + 10 * S)
    step(NOW + 10 * S)
    claim(NOW + 10 * S)
    fire("urgent", severity=1, policy=texts_only, now=NOW + 20 * S)
    step(NOW + 20 * S)

    assert [attempt.page.title for attempt in claim(NOW + 20 * S)] == ["urgent"]


def test_what_is_over_by_then_is_not_counted(texts_only, ada):
    alarms = [fire(f"k{n}", severity=4, policy=texts_only) for n in range(3)]
    step()
    services.resolve(alarm=alarms[0], now=NOW)

    assert [attempt.page.title for attempt in claim()] == ["2 alarms open: k1"]


def test_with_one_left_it_is_called_by_its_own_title(texts_only, ada):
    alarms = [fire(f"k{n}", severity=4, policy=texts_only) for n in range(2)]
    step()
    services.resolve(alarm=alarms[1], now=NOW)

    assert Page.objects.get().title == "k0"

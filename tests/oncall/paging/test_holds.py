"""Pages and notices that must wait for their number: visible, in order, nothing skipped, nothing urgent held."""

from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.limits import services as limit_services
from oncall.paging import claims, holds, services
from oncall.paging.lanes import Room
from oncall.paging.models import Attempt, ContactMethod, Notice, NotificationRule, Page
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _texts_and_calls_alone(ada, grace):
    ContactMethod.objects.filter(kind="email").delete()


def rules(person, *ways, urgency="high"):
    contact = ContactMethod.objects.get(person=person, kind="phone")
    for delay_s, channel in ways:
        NotificationRule.objects.create(
            person=person, urgency=urgency, delay_s=delay_s, channel=channel, contact=contact
        )


def page(person, *, severity=2, key="", now=NOW, leads=False):
    return services.page(
        key=key or f"{person.username}{now}{severity}", person=person, severity=severity, title="Fault", text="",
        url="", answer_path="/hooks/twilio/voice/", leads=leads, now=now,
    )  # fmt: skip


def claim(now=NOW, at_most=10, room=None):
    found = claims.claim_pages(now=now, limits=limits.at(now), at_most=at_most, room=room)
    return [(attempt.page.person.username, attempt.channel) for attempt, _ in found]


def claim_notices(now=NOW, at_most=10):
    found = claims.claim_notices(now=now, limits=limits.at(now), at_most=at_most)
    return [attempt.body for attempt, _ in found]


def answered(one, now):
    services.answer(page=one, attempt=None, why="yes", now=now)


# --- One number -------------------------------------------------------------------------------------------------------


def test_the_first_text_of_every_urgent_page_goes_at_once_however_many_went_before(ada):
    for nth in range(8):
        now = NOW + nth * 5 * S
        one = page(ada, key=f"k{nth}", now=now)

        assert claim(now) == [("ada", "sms")]
        answered(one, now)


def test_a_repeat_of_an_urgent_page_waits_for_a_minute_since_the_last_and_no_longer(ada):
    rules(ada, (0, "voice"), (20, "voice"), (70, "voice"))
    one = page(ada)

    assert claim() == [("ada", "voice")]
    assert claim(NOW + 20 * S) == []
    one.refresh_from_db()
    assert (one.held_until, one.held_why) == (NOW + 60 * S, "one call a minute to this number")
    assert claim(NOW + 60 * S) == [("ada", "voice")]
    one.refresh_from_db()
    assert (one.held_until, one.held_why) == (None, "")


def test_a_heavy_sleeper_is_called_again_and_again_for_an_hour(ada):
    rules(ada, *((minute * 60, "voice") for minute in range(60)))
    page(ada)

    assert [claim(NOW + minute * 60 * S) for minute in range(60)] == [[("ada", "voice")]] * 60


def test_the_sixth_text_of_low_urgency_in_a_quarter_of_an_hour_waits(ada):
    rules(ada, (0, "sms"))
    for nth in range(5):
        now = NOW + nth * 120 * S
        one = page(ada, severity=4, key=f"k{nth}", now=now)
        assert claim(now) == [("ada", "sms")]
        answered(one, now)
    now = NOW + 600 * S
    sixth = page(ada, severity=4, key="sixth", now=now)

    assert claim(now) == []
    sixth.refresh_from_db()
    assert (sixth.held_until, sixth.held_why) == (NOW + 900 * S, "5 texts in 15 minutes to this number")
    assert claim(NOW + 899 * S) == []
    assert claim(NOW + 900 * S) == [("ada", "sms")]


def test_while_a_text_waits_the_call_comes_at_its_own_time_and_the_text_after_it(ada):
    rules(ada, (0, "sms"), (30, "voice"))
    first = page(ada, severity=4, key="first")
    claim()
    answered(first, NOW + 1 * S)
    second = page(ada, severity=4, key="second", now=NOW + 10 * S)

    assert claim(NOW + 10 * S) == []
    assert claim(NOW + 39 * S) == []
    assert claim(NOW + 40 * S) == [("ada", "voice")]
    second.refresh_from_db()
    assert second.held_until == NOW + 60 * S
    assert claim(NOW + 60 * S) == [("ada", "sms")]


def test_mail_does_not_wait_behind_a_text_that_does(ada):
    mail = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    rules(ada, (0, "sms"))
    first = page(ada, severity=4, key="first")
    claim()
    answered(first, NOW)
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=0, channel="email", contact=mail)
    page(ada, severity=4, key="second", now=NOW + 5 * S)

    assert claim(NOW + 5 * S) == [("ada", "email")]
    assert claim(NOW + 60 * S) == [("ada", "sms")]


def test_a_notice_never_holds_a_page_nor_a_page_of_low_urgency_an_urgent_one(ada):
    services.notice(key="n", person=ada, text="Your shift changed.", now=NOW)
    assert claim_notices() == ["Your shift changed."]
    page(ada, severity=4, key="low")
    assert claim() == [("ada", "sms")]
    page(ada, severity=1, key="high")

    assert claim() == [("ada", "sms")]


def test_what_the_provider_refused_does_not_count(ada):
    rules(ada, (0, "sms"))
    page(ada, severity=4, key="first")
    claim()
    Attempt.objects.update(state="refused", look_at=None, ended_at=NOW)
    page(ada, severity=4, key="second", now=NOW + 5 * S)

    assert claim(NOW + 5 * S) == [("ada", "sms")]


def test_another_number_of_the_same_person_has_a_bucket_of_its_own(ada):
    other = ContactMethod.objects.create(person=ada, kind="phone", address="+14155550199", created_at=NOW)
    rules_of = ContactMethod.objects.get(address="+14155550101")
    for contact in (rules_of, other):
        NotificationRule.objects.create(person=ada, urgency="high", delay_s=0, channel="sms", contact=contact)
    page(ada, severity=4)

    assert claim() == [("ada", "sms")]
    assert claim() == [("ada", "sms")]


def test_a_second_notice_within_a_minute_waits_and_says_so(ada):
    services.notice(key="a", person=ada, text="one", now=NOW)
    services.notice(key="b", person=ada, text="two", now=NOW)

    assert claim_notices() == ["one"]
    waiting = Notice.objects.get(key="b")
    assert (waiting.next_due, waiting.held_why) == (NOW + 60 * S, "one text a minute to this number")
    assert claim_notices(NOW + 60 * S) == ["two"]


def test_replies_and_codes_go_before_other_notices_and_do_not_wait(ada):
    services.notice(key="a", person=ada, text="one", now=NOW)
    for nth in range(3):
        services.notice(key=f"r{nth}", person=ada, text=f"reply {nth}", lane="reply", now=NOW + S)

    assert claim_notices(NOW + S, at_most=3) == ["reply 0", "reply 1", "reply 2"]


def test_a_page_that_ends_waits_for_nothing_any_more(ada):
    rules(ada, (0, "voice"), (20, "voice"))
    one = page(ada)
    claim()
    claim(NOW + 20 * S)
    answered(one, NOW + 30 * S)

    one.refresh_from_db()
    assert (one.held_until, one.held_why) == (None, "")


# --- The order of pages -----------------------------------------------------------------------------------------------


def test_pages_go_by_urgency_then_first_of_a_source_then_severity_then_least_lately_paged(db):
    people = [make_person(f"P{n}", f"+1415555100{n}") for n in range(6)]
    page(people[0], severity=3, leads=True)
    page(people[1], severity=2)
    earlier = page(people[2], severity=1, now=NOW - 3600 * S, key="earlier")
    answered(earlier, NOW - 3600 * S)
    page(people[2], severity=1)
    page(people[3], severity=1)
    page(people[4], severity=2, leads=True)
    page(people[5], severity=3)

    assert [name for name, _ in claim()] == ["p4", "p3", "p2", "p1", "p0", "p5"]


def test_pages_by_a_way_without_free_threads_stay_due_and_hold_up_no_other(ada, grace):
    rules(ada, (0, "sms"))
    mail = ContactMethod.objects.create(person=grace, kind="email", address="g@example.org", created_at=NOW)
    NotificationRule.objects.create(person=grace, urgency="high", delay_s=0, channel="email", contact=mail)
    page(ada, severity=1)
    page(grace, severity=2)
    full = Room(threads=4, flying=[("sms", "high")] * 3)

    assert claim(at_most=1, room=full) == [("grace", "email")]
    assert claim(at_most=1) == [("ada", "sms")]


# --- The sender's own rate --------------------------------------------------------------------------------------------


def test_a_sender_that_takes_one_text_a_second_sends_the_worst_first_and_the_rest_in_turn(db):
    limit_services.set_limit(name="sender_sms_per_s", value=1, effective_from=NOW - 3600 * S)
    people = [make_person(f"P{n}", f"+1415555100{n}", zone="UTC") for n in range(3)]
    for nth, (person, severity) in enumerate(zip(people, (2, 1, 2), strict=True)):
        page(person, severity=severity, now=NOW - (3 - nth) * S)

    assert claim() == [("p1", "sms")]
    assert set(Page.objects.filter(held_until__isnull=False).values_list("held_why", flat=True)) == {
        "one text a second from our sender"
    }
    assert claim(NOW + 1 * S) == [("p0", "sms")]
    assert claim(NOW + 2 * S) == [("p2", "sms")]


def test_without_a_rate_everything_goes_at_once(db):
    for n in range(5):
        page(make_person(f"P{n}", f"+1415555100{n}"), severity=2)

    assert len(claim()) == 5


# --- Asked afterwards -------------------------------------------------------------------------------------------------


def breaches(now):
    return [(one.lane, one.bound) for one in holds.throttle_breaches(now=now, limits=limits.at(now))]


def test_what_the_throttle_let_through_is_no_breach(ada):
    for nth in range(3):
        one = page(ada, key=f"k{nth}", now=NOW + nth * S)
        claim(NOW + nth * S)
        answered(one, NOW + nth * S)

    assert breaches(NOW + 10 * S) == []


def test_a_second_text_of_low_urgency_within_the_minute_is_a_breach(ada):
    page(ada, severity=4)
    claim()
    sent = Attempt.objects.get()
    Attempt.objects.create(
        page=sent.page, n=2, channel="sms", lane="low", address=sent.address, body="", started_at=NOW + 30 * S,
        look_at=NOW + 60 * S,
    )  # fmt: skip

    assert breaches(NOW + 40 * S) == [("low", "one text a minute to this number")]
    assert breaches(NOW + 400 * S) == []


# --- Statements -------------------------------------------------------------------------------------------------------


def test_a_claim_of_ten_pages_takes_no_more_statements_than_one_of_two(db, django_assert_max_num_queries):
    for n in range(12):
        page(make_person(f"P{n}", f"+141555510{n:02}"))
    in_force = limits.at(NOW)
    with django_assert_max_num_queries(10) as of_two:
        claims.claim_pages(now=NOW, limits=in_force, at_most=2)
    with django_assert_max_num_queries(len(of_two)):
        claims.claim_pages(now=NOW, limits=in_force, at_most=10)

    assert Attempt.objects.count() == 12

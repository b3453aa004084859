"""Attempts on a real database: written first, recorded once, looked up when nobody knows, and always ended."""

import uuid
from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, outbox, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.models import Attempt, Callback, ContactMethod, NotificationRule, Page
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SID = "SM" + "1" * 32


@pytest.fixture
def page(ada):
    return services.page(
        key="test:1",
        person=ada,
        severity=1,
        title="Fault",
        text="",
        url="",
        answer_path="/hooks/twilio/voice/",
        now=NOW,
    )


def claim(now=NOW):
    return [attempt for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


def record(attempt, outcome, now=NOW, lease=None):
    return outbox.record_outcome(
        attempt_id=attempt.pk, lease=lease or attempt.lease_token, outcome=outcome, now=now, limits=limits.at(now)
    )


def report(attempt, status, rank, sid=SID, now=NOW, code=""):
    outbox.apply_report(
        attempt_id=attempt.pk,
        report=Report(sid, status, rank, code=code),
        now=now,
        limits=limits.at(now),
        callback=True,
    )
    attempt.refresh_from_db()


def look(now, found=None, failed=False):
    for attempt, _ in claims.claim_unsettled(now=now, limits=limits.at(now), at_most=10):
        assert attempt.lease_token is not None
        outbox.record_lookup(
            attempt_id=attempt.pk, lease=attempt.lease_token, found=found, failed=failed, now=now, limits=limits.at(now)
        )


ACCEPTED = Outcome(Verdict.ACCEPTED, sid=SID, status="queued")
LOST = Outcome(Verdict.UNKNOWN, code="ReadTimeout")


def test_doing_it_twice_makes_one_page(page, ada):
    again = services.page(
        key="test:1", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW + timedelta(hours=1)
    )

    assert again == page
    assert Page.objects.count() == 1


def test_without_rules_it_is_a_text_at_once_a_call_after_1_and_again_after_3_minutes(page):
    phone = [rung for rung in page.ladder if rung["channel"] != "email"]

    assert [(rung["after"], rung["channel"]) for rung in phone] == [(0, "sms"), (60, "voice"), (180, "voice")]


def test_own_rules_come_before_the_default(ada):
    contact = ContactMethod.objects.get(person=ada)
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=30, channel="voice", contact=contact)

    ladder = services.ladder_for(person=ada, urgency="high", now=NOW)

    assert [(rung.after, rung.channel) for rung in ladder] == [(30, "voice")]


def test_an_attempt_is_written_before_the_request(page):
    (attempt,) = claim()

    assert Attempt.objects.get().state == "intent"
    assert attempt.look_at == NOW + timedelta(seconds=30)


def test_what_one_has_claimed_nobody_else_claims(page):
    assert len(claim()) == 1
    assert claim() == []


def test_the_next_rung_is_due_after_its_delay_and_not_before(page):
    claim()

    assert claim(NOW + timedelta(seconds=59)) == []
    assert [attempt.channel for attempt in claim(NOW + timedelta(seconds=60))] == ["voice"]


def test_an_accepted_attempt_keeps_its_sid_and_is_polled_after_a_minute(page):
    (attempt,) = claim()
    record(attempt, ACCEPTED)

    attempt.refresh_from_db()
    assert (attempt.state, attempt.sid) == ("accepted", SID)
    assert attempt.look_at == NOW + timedelta(seconds=60)


def test_a_stranger_s_lease_changes_nothing(page):
    (attempt,) = claim()

    assert record(attempt, ACCEPTED, lease=uuid.uuid4()) is False
    attempt.refresh_from_db()
    assert attempt.state == "intent"


def test_a_callback_before_our_own_answer_binds_the_sid(page):
    (attempt,) = claim()
    report(attempt, "sent", 30)
    record(attempt, Outcome(Verdict.UNKNOWN, code="ReadTimeout"))

    attempt.refresh_from_db()
    assert (attempt.state, attempt.sid, attempt.status) == ("accepted", SID, "sent")


def test_reordered_and_repeated_callbacks_end_in_the_same_state(page):
    (attempt,) = claim()
    record(attempt, ACCEPTED)
    for status, rank in (("delivered", 90), ("sent", 30), ("delivered", 90), ("sending", 20)):
        report(attempt, status, rank)

    assert (attempt.status, attempt.state) == ("delivered", "finished")
    assert Callback.objects.count() == 3


def test_delivered_is_not_an_answer(page):
    (attempt,) = claim()
    record(attempt, ACCEPTED)
    report(attempt, "delivered", 90)

    page.refresh_from_db()
    assert page.state == "calling"


def test_a_lost_answer_is_looked_up_and_adopted_when_it_is_there(page):
    (attempt,) = claim()
    record(attempt, LOST)

    look(NOW + timedelta(seconds=10), found=Report(SID, "sent", 30))

    attempt.refresh_from_db()
    assert (attempt.state, attempt.sid) == ("accepted", SID)
    assert claim(NOW + timedelta(seconds=10)) == []


def test_a_lost_answer_that_is_not_there_is_sent_again(page):
    (attempt,) = claim()
    record(attempt, LOST)

    later = NOW + timedelta(seconds=10)
    look(later)

    attempt.refresh_from_db()
    assert attempt.state == "lost"
    (again,) = claim(later)
    assert (again.channel, again.tries) == ("sms", 2)


def test_a_lookup_that_fails_waits_and_then_sends_anyway(page):
    (attempt,) = claim()
    record(attempt, LOST)

    look(NOW + timedelta(seconds=10), failed=True)
    look(NOW + timedelta(seconds=29), failed=True)
    attempt.refresh_from_db()
    assert attempt.state == "unknown"

    look(NOW + timedelta(seconds=31), failed=True)
    attempt.refresh_from_db()
    assert attempt.state == "lost"


def test_one_lookup_that_fails_long_after_the_request_sends_nothing_again(page):
    """F2: whoever takes up what a killed sender left comes after its lease, which is longer than the patience."""
    (attempt,) = claim()

    look(NOW + timedelta(seconds=31), failed=True)
    attempt.refresh_from_db()
    assert attempt.state == "unknown"

    look(NOW + timedelta(seconds=33), found=Report(SID, "sent", 30))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.sid) == ("accepted", SID)


def test_after_three_sends_the_next_way_comes_at_once(page):
    now = NOW
    for _ in range(3):
        (attempt,) = claim(now)
        assert attempt.channel == "sms"
        record(attempt, LOST, now=now)
        now += timedelta(seconds=10)
        look(now)

    (attempt,) = claim(now)
    assert attempt.channel == "voice"


def test_who_died_between_claim_and_send_is_looked_up_when_the_lease_ends(page):
    claim()

    look(NOW + timedelta(seconds=29))
    assert Attempt.objects.get().state == "intent"

    look(NOW + timedelta(seconds=30))
    assert Attempt.objects.get().state == "lost"


def test_refused_for_the_number_disables_it_and_lets_the_alarm_go_on_at_once(page, ada):
    (attempt,) = claim()
    assert attempt.channel == "sms"
    record(attempt, Outcome(Verdict.REFUSED, code="21610", text="opted out", dead_address="Its owner sent STOP."))

    assert ContactMethod.objects.get(kind="phone", person=ada).disabled_reason == "Its owner sent STOP."
    assert Trouble.objects.filter(kind="contact").exists()
    assert claim() == []
    page.refresh_from_db()
    assert page.state == "unreachable"


def test_told_to_wait_the_same_way_comes_again(page):
    (attempt,) = claim()
    record(attempt, Outcome(Verdict.REFUSED, code="20429", retry_after=timedelta(seconds=2)))

    assert claim(NOW + timedelta(seconds=1)) == []
    assert [one.channel for one in claim(NOW + timedelta(seconds=2))] == ["sms"]


def test_a_provider_that_refuses_us_is_a_trouble(page):
    (attempt,) = claim()
    record(attempt, Outcome(Verdict.REFUSED, code="20003", text="Authenticate", misconfigured=True))

    assert "20003" in Trouble.objects.get(kind="provider").text


def test_busy_rings_again_after_half_a_minute_once(page):
    claim()
    now = NOW + timedelta(seconds=60)
    (call,) = claim(now)
    record(call, Outcome(Verdict.ACCEPTED, sid="CA1"), now=now)
    report(call, "busy", 90, sid="CA1", now=now)

    assert claim(now + timedelta(seconds=29)) == []
    assert [one.channel for one in claim(now + timedelta(seconds=30))] == ["voice"]


def test_when_no_way_got_through_the_page_is_unreachable(ada):
    page = services.page(key="t", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    for _ in range(6):
        for attempt in claim():
            record(attempt, Outcome(Verdict.REFUSED, code="21211", text="not a number"))

    page.refresh_from_db()
    assert page.state == "unreachable"
    assert "not a number" in page.ended_why


def test_a_page_nobody_answers_ends_unanswered(page):
    now = NOW
    for seconds in (0, 60, 120, 300):
        now += timedelta(seconds=seconds)
        for attempt in claim(now):
            record(attempt, Outcome(Verdict.ACCEPTED, sid=f"SM{attempt.n}"), now=now)

    page.refresh_from_db()
    assert page.state == "unanswered"


def test_a_text_that_stays_at_sent_is_asked_about_at_60_120_and_300_seconds_and_then_expires_unconfirmed(page):
    """F30: every callback lost."""
    (attempt,) = claim()
    record(attempt, ACCEPTED)
    asked = []
    for seconds in (59, 60, 119, 120, 299, 300):
        now = NOW + timedelta(seconds=seconds)
        asked += [seconds] * Attempt.objects.filter(look_at__lte=now).count()
        look(now, found=Report(SID, "sent", 30))

    attempt.refresh_from_db()
    assert asked == [60, 120, 300]
    assert (attempt.state, attempt.status, attempt.error_code) == ("finished", "sent", "expired")
    page.refresh_from_db()
    assert page.state == "calling"


def test_where_nobody_can_be_asked_a_text_ends_after_ten_minutes(page):
    """F30, I3."""
    (attempt,) = claim()
    record(attempt, ACCEPTED)
    for seconds in range(30, 600, 30):
        look(NOW + timedelta(seconds=seconds), failed=True)
    attempt.refresh_from_db()
    assert attempt.state == "accepted"

    look(NOW + timedelta(seconds=600), failed=True)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.error_code) == ("finished", "expired")


def test_a_last_word_that_comes_after_that_is_still_the_last_word(page):
    """F31: ten minutes late."""
    (attempt,) = claim()
    record(attempt, ACCEPTED)
    for seconds in (60, 120, 300):
        look(NOW + timedelta(seconds=seconds), found=Report(SID, "sent", 30))
    report(attempt, "delivered", 90, now=NOW + timedelta(seconds=600))

    assert (attempt.state, attempt.status, attempt.error_code) == ("finished", "delivered", "")


def test_a_callback_of_an_attempt_that_was_given_up_as_lost_says_that_it_was_there_all_the_same(page):
    (attempt,) = claim()
    look(NOW + timedelta(seconds=30))
    report(attempt, "delivered", 90)

    assert (attempt.state, attempt.sid, attempt.status) == ("finished", SID, "delivered")
    assert Callback.objects.count() == 1


def test_an_answer_confirms_the_number(page, ada):
    (attempt,) = claim()
    services.answer(page=page, attempt=attempt, why="4", now=NOW)

    assert ContactMethod.objects.get(pk=attempt.contact_id).confirmed_at == NOW
    page.refresh_from_db()
    assert (page.state, page.next_due) == ("answered", None)


def test_a_number_that_is_removed_while_it_is_being_called_is_passed_over_and_holds_nobody_up(page, ada, grace):
    other = services.page(key="o", person=grace, severity=2, title="x", text="", url="", answer_path="/", now=NOW)
    Page.objects.filter(pk=other.pk).update(next_due=NOW + timedelta(seconds=60))
    claim()
    ContactMethod.objects.filter(person=ada).delete()

    assert [attempt.page.person for attempt in claim(NOW + timedelta(seconds=60))] == [grace]
    page.refresh_from_db()
    assert page.state == "unreachable"


def test_a_page_that_breaks_is_put_off_and_the_others_go_out(page, grace):
    services.page(key="o", person=grace, severity=2, title="x", text="", url="", answer_path="/", now=NOW)
    Page.objects.filter(pk=page.pk).update(ladder=[{"nonsense": 1, "contact": "x"}])

    assert [attempt.page.person for attempt in claim()] == [grace]
    assert Trouble.objects.filter(kind="page", key=str(page.pk)).exists()


def test_a_closed_account_is_not_rung_any_more(page, ada):
    claim()
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)

    assert claim(NOW + timedelta(seconds=60)) == []
    page.refresh_from_db()
    assert page.ended_why == "The account of Ada Moreno is closed."


def test_a_lookup_that_finds_an_earlier_text_with_the_same_words_has_found_nothing(ada):
    contact = ContactMethod.objects.get(person=ada)
    for delay_s in (0, 120):
        NotificationRule.objects.create(person=ada, urgency="high", delay_s=delay_s, channel="sms", contact=contact)
    services.page(key="t", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    (first,) = claim()
    record(first, ACCEPTED)
    report(first, "delivered", 90)
    later = NOW + timedelta(seconds=120)
    (second,) = claim(later)
    record(second, LOST, now=later)

    look(later + timedelta(seconds=10), found=Report(SID, "delivered", 90))

    second.refresh_from_db()
    assert second.state == "lost"
    assert [attempt.tries for attempt in claim(later + timedelta(seconds=10))] == [2]


def test_a_landline_is_called_instead_of_texted(page, ada):
    (attempt,) = claim()
    record(attempt, Outcome(Verdict.REFUSED, code="21614", text="not a mobile", no_texts=True))

    contact = ContactMethod.objects.get(person=ada)
    assert contact.disabled_at is None
    ladder = services.ladder_for(person=ada, urgency="high", now=NOW)
    assert {rung.channel for rung in ladder} == {"voice"}

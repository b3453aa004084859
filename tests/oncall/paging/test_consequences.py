"""What each code does to a real page, its number and us: as an answer to the request, and in a report afterwards."""

import logging
from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, health, outbox, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.codes import BY_CODE, Then, row_of
from oncall.paging.models import Attempt, Breaker, ContactMethod, Notice, NotificationRule, Page
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SID = "SM" + "1" * 32
THEIRS = [*sorted(code for code in BY_CODE if code.isdigit()), "99999"]  # and one that nobody knows


@pytest.fixture
def second(settings):
    """There is a second account."""
    settings.TWILIO_SECOND_ACCOUNT_SID = "AC" + "2" * 32


@pytest.fixture
def phone(ada):
    contact = ContactMethod.objects.get(person=ada)
    for delay_s, channel in ((0, "sms"), (60, "voice"), (180, "sms")):
        NotificationRule.objects.create(person=ada, urgency="high", delay_s=delay_s, channel=channel, contact=contact)
    return contact


def begin(person, *, key="test:1", severity=1, now=NOW):
    return services.page(
        key=key, person=person, severity=severity, title="Fault", text="", url="", answer_path="/x/", now=now
    )


@pytest.fixture
def page(ada, phone):
    return begin(ada)


def seconds(count):
    return timedelta(seconds=count)


def claim(now=NOW):
    return [attempt for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


def orders(now=NOW):
    return [order for _, order in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


def refuse(attempt, code, *, now=NOW, status=400, retry_after=None):
    row = row_of(code, status=status)
    outcome = Outcome(Verdict.REFUSED, code=code, text="they said no", row=row, retry_after=retry_after)
    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=outcome, now=now, limits=limits.at(now)
    )
    attempt.refresh_from_db()


def report(attempt, status, code="", *, now=NOW, sid=SID, rank=90):
    outbox.apply_report(
        attempt_id=attempt.pk,
        report=Report(sid, status, rank, code=code),
        now=now,
        limits=limits.at(now),
        callback=True,
    )
    attempt.refresh_from_db()


def coming(now):
    """The channel and provider of what goes out now."""
    return [(attempt.channel, attempt.provider) for attempt in claim(now)]


@pytest.mark.parametrize("code", [code for code in THEIRS if row_of(code).number.value.startswith("kept")])
def test_after_a_refusal_something_is_tried_within_three_seconds_whatever_the_code(page, code):
    """F29: no code leads to no further step."""
    (attempt,) = claim()
    refuse(attempt, code)

    own_time = 60 if row_of(code).opens_breaker else 3  # of the next way, which is through the same account
    assert len(claim(NOW + seconds(own_time))) == 1


@pytest.mark.parametrize("code", THEIRS)
def test_after_a_text_that_failed_the_call_comes_at_once_whatever_the_code(page, phone, code):
    """F29: as above, for a code that comes in a report."""
    (attempt,) = claim()
    report(attempt, "undelivered", code)
    phone.refresh_from_db()

    page.refresh_from_db()
    if phone.disabled_at is None:
        assert len(claim(NOW + seconds(60 if row_of(code).opens_breaker else 3))) == 1
    else:  # it was their only number: whoever asked for the page must look for somebody else
        claim(NOW + seconds(3))
        page.refresh_from_db()
        assert page.state == Page.State.UNREACHABLE


@pytest.mark.parametrize("code", [code for code in THEIRS if row_of(code).then is Then.OTHER_PROVIDER])
def test_what_another_provider_may_be_able_to_do_goes_there_at_once(second, page, code):
    """F28, F55: the same way, the other provider, no waiting."""
    (attempt,) = claim()
    assert attempt.provider == "twilio"
    refuse(attempt, code)

    assert coming(NOW) == [("sms", "second")]


def test_where_both_providers_refuse_the_next_way_comes_at_once(second, page):
    (attempt,) = claim()
    refuse(attempt, "21408")
    (attempt,) = claim()
    refuse(attempt, "21408")

    assert [channel for channel, _ in coming(NOW)] == ["voice"]


def test_a_number_that_is_gone_is_taken_out_of_use_and_its_owner_told_by_mail(page, phone):
    (attempt,) = claim()
    refuse(attempt, "21211")

    phone.refresh_from_db()
    assert phone.disabled_reason == "they said no"
    notice = Notice.objects.get()
    assert (notice.channel, notice.address) == ("email", "ada@example.org")
    assert Trouble.objects.filter(kind="contact", key=str(phone.pk)).exists()


def test_a_landline_is_called_from_now_on(page, phone):
    (attempt,) = claim()
    report(attempt, "undelivered", "30006")

    phone.refresh_from_db()
    assert phone.no_texts_since == NOW
    assert phone.disabled_at is None


def test_a_telephone_that_is_off_is_called_at_once_and_texted_once_more_after_a_minute(page):
    (attempt,) = claim()
    report(attempt, "undelivered", "30003")

    assert coming(NOW) == [("voice", "twilio")]
    assert coming(NOW + seconds(59)) == []
    (again,) = claim(NOW + seconds(60))
    assert again.channel == "sms"

    report(again, "undelivered", "30003", now=NOW + seconds(61), sid="SM2")
    page.refresh_from_db()
    assert [rung["channel"] for rung in page.ladder] == ["sms", "voice", "sms", "sms"]  # it is not put in again


def test_words_that_were_filtered_are_never_texted_there_again_but_called(page):
    """30007: without another provider the later text becomes a call."""
    (attempt,) = claim()
    report(attempt, "undelivered", "30007")

    page.refresh_from_db()
    assert [rung["channel"] for rung in page.ladder] == ["sms", "voice", "voice"]


def test_words_that_were_filtered_go_by_the_other_provider_now_and_later(second, page):
    (attempt,) = claim()
    report(attempt, "undelivered", "30007")

    page.refresh_from_db()
    texts = [rung for rung in page.ladder[1:] if rung["channel"] == "sms"]
    assert [rung["avoid"] for rung in texts] == [["twilio"], ["twilio"]]


def test_two_filtered_texts_within_an_hour_are_a_trouble(ada, grace, phone):
    for n, person in enumerate((ada, grace)):
        begin(person, key=f"t{n}", now=NOW + timedelta(minutes=59 * n))
        attempt = next(one for one in claim(NOW + timedelta(minutes=59 * n)) if one.page.person == person)
        report(attempt, "undelivered", "30007", now=NOW + timedelta(minutes=59 * n), sid=f"SM{n}")
        assert Trouble.objects.filter(kind="provider", key="twilio:30007").exists() == bool(n)


def test_a_telephone_nobody_knows_is_suspect_at_the_second_time_in_a_day(ada, phone):
    begin(ada)
    (attempt,) = claim()
    report(attempt, "undelivered", "30005")
    phone.refresh_from_db()
    assert phone.suspect_since is None

    later = NOW + timedelta(hours=23)
    begin(ada, key="t2", now=later)
    attempt = next(one for one in claim(later) if one.page.key == "t2")
    report(attempt, "undelivered", "30005", now=later, sid="SM2")

    phone.refresh_from_db()
    assert phone.suspect_since == later
    assert phone.disabled_at is None
    assert Trouble.objects.filter(kind="suspect", key=str(phone.pk)).exists()
    assert "Verify it anew" in Notice.objects.get().text


def test_a_refused_callback_address_is_left_out_and_the_same_text_goes_at_once(page):
    (order,) = orders()
    assert order.callbacks
    attempt = Attempt.objects.get()
    refuse(attempt, "21609")

    (order,) = orders()
    assert (order.channel, order.callbacks) == ("sms", False)
    assert Trouble.objects.filter(kind="provider", key="twilio:21609").exists()

    refuse(Attempt.objects.latest("n"), "21609")
    assert [one.channel for one in orders()] == ["voice"]


def test_a_full_queue_holds_low_urgency_back_and_nothing_else(ada, grace, phone):
    """21611, 30001: stop low severities."""
    begin(ada)
    (attempt,) = claim()
    refuse(attempt, "21611")
    low = begin(grace, key="low", severity=4)

    assert [one.page.person for one in claim(NOW + seconds(1))] == [ada]
    low.refresh_from_db()
    assert (low.held_until, low.held_why) == (NOW + seconds(60), "the provider's queue for our number is full")
    went = [one.channel for _ in range(2) for one in claim(NOW + seconds(60)) if one.page_id == low.pk]
    assert sorted(went) == ["sms", "voice"]  # the call's own time has come too


def test_with_another_provider_a_full_queue_holds_nobody(second, ada, grace, phone):
    begin(ada)
    (attempt,) = claim()
    refuse(attempt, "30001")
    begin(grace, key="low", severity=4)

    assert {one.provider for one in claim(NOW + seconds(1))} == {"second"}


def test_after_the_provider_s_loop_guard_nothing_is_replied_for_a_minute(ada, phone):
    """14107."""
    services.notice(key="r1", person=ada, text="Hello", now=NOW, channel="sms", address=phone.address, lane="reply")
    ((attempt, _),) = claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=5)
    report(attempt, "failed", "14107")
    services.notice(key="r2", person=ada, text="Hello", now=NOW, channel="sms", address=phone.address, lane="reply")

    def replies(later):
        return len(claims.claim_notices(now=NOW + seconds(later), limits=limits.at(NOW), at_most=5))

    assert [replies(later) for later in (1, 59, 60)] == [0, 0, 1]


def test_credentials_that_are_refused_are_a_trouble_of_our_account_and_open_the_breaker(page):
    """F28: SEV-1 for us, and the next way for the page."""
    (attempt,) = claim()
    refuse(attempt, "20003", status=401)

    assert "20003" in Trouble.objects.get(kind="account", key="twilio").text
    assert Breaker.objects.get(pk="twilio").opened_at == NOW


def test_an_account_that_is_suspended_opens_the_breaker_also_when_a_report_says_so(page):
    """F55: credit exhausted."""
    (attempt,) = claim()
    report(attempt, "failed", "30002")

    assert Breaker.objects.get(pk="twilio").opened_at == NOW
    assert Trouble.objects.filter(kind="account", key="twilio").exists()


def test_a_code_nobody_knows_is_logged_as_an_error(page, caplog):
    (attempt,) = claim()
    with caplog.at_level(logging.ERROR):
        refuse(attempt, "99999")

    assert "code 99999 is in no list of ours" in caplog.text


def test_what_was_told_to_wait_waits_then_goes_elsewhere(second, page):
    """F25: 429 without a time: 1 s, 2 s (20 % more or less), then the other provider."""
    now = NOW
    for longest in (1.2, 2.4):
        (attempt,) = claim(now)
        assert attempt.provider == "twilio"
        refuse(attempt, "20429", status=429, now=now)
        page.refresh_from_db()
        assert seconds(longest * 0.8 / 1.2) <= page.next_due - now <= seconds(longest)
        now = page.next_due
    (attempt,) = claim(now)
    refuse(attempt, "20429", status=429, now=now)

    assert coming(now) == [("sms", "second")]


def test_asked_to_wait_longer_than_15_seconds_the_page_goes_on(page):
    """F25: without another provider the next way comes at once."""
    (attempt,) = claim()
    refuse(attempt, "20429", status=429, retry_after=seconds(16))

    assert [channel for channel, _ in coming(NOW)] == ["voice"]


def test_a_provider_that_cannot_be_reached_is_tried_once_more_and_then_the_next_way(page):
    """F27: surely not accepted."""
    (attempt,) = claim()
    refuse(attempt, "connection")
    assert coming(NOW) == []
    (attempt,) = claim(NOW + seconds(1))
    assert (attempt.channel, attempt.tries) == ("sms", 2)
    refuse(attempt, "connection", now=NOW + seconds(1))

    assert [channel for channel, _ in coming(NOW + seconds(1))] == ["voice"]
    assert Trouble.objects.filter(kind="provider", key="twilio:connection").exists()


def test_a_provider_that_cannot_be_reached_is_left_for_the_other_at_once(second, page):
    """F27."""
    (attempt,) = claim()
    refuse(attempt, "tls")

    assert coming(NOW) == [("sms", "second")]


def test_a_lost_text_goes_by_the_other_provider(second, page):
    """F24: unknown, looked for, not there: then the other provider within 30 s."""
    (attempt,) = claim()
    unknown = Outcome(Verdict.UNKNOWN, code="20500", row=row_of("20500", status=500))
    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=unknown, now=NOW, limits=limits.at(NOW)
    )
    later = NOW + seconds(10)
    ((attempt, order),) = claims.claim_unsettled(now=later, limits=limits.at(NOW), at_most=5)
    assert attempt.lease_token is not None
    assert order.provider == "twilio"  # the one that was asked is asked
    outbox.record_lookup(
        attempt_id=attempt.pk, lease=attempt.lease_token, found=None, failed=False, now=later, limits=limits.at(NOW)
    )

    assert coming(later) == [("sms", "second")]


def account_suspended():
    said = Outcome(Verdict.REFUSED, code="30002", row=row_of("30002"))
    health.note(provider="twilio", outcome=said, now=NOW, limits=limits.at(NOW), reported=True)


def test_a_breaker_that_a_report_opened_is_not_closed_by_what_is_only_accepted(db):
    account_suspended()
    accepted = Outcome(Verdict.ACCEPTED, sid="SM1", status="queued")
    health.note(provider="twilio", outcome=accepted, now=NOW + timedelta(seconds=1), limits=limits.at(NOW))

    assert Breaker.objects.get().opened_at == NOW


@pytest.mark.parametrize(("status", "opened_at"), [("delivered", None), ("sent", None), ("queued", NOW)])
def test_a_breaker_that_a_report_opened_is_closed_by_what_is_reported_to_have_gone(page, status, opened_at):
    account_suspended()
    (attempt,) = claim()
    later = NOW + timedelta(seconds=20)
    Attempt.objects.filter(pk=attempt.pk).update(provider="twilio", status=status, started_at=later)
    health.keep(now=later, limits=limits.at(NOW))

    assert Breaker.objects.get().opened_at == opened_at
    assert Trouble.objects.open().filter(key="twilio").exists() == (opened_at is not None)

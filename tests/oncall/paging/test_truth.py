"""Delivered is not answered: how much is proven of an attempt, and that only a human stops the calling."""

import uuid
from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, outbox, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.paging.truth import Truth, in_words, stops_calling, truth
from tests.conftest import NOW

CHANNELS = {"sms": "phone", "voice": "phone", "email": "email", "slack": "slack", "push": "push"}
ADDRESSES = {"phone": "+14155550101", "email": "ada@example.org", "slack": "U0ADA", "push": "d1" * 32}


@pytest.mark.parametrize(
    ("channel", "status", "proven"),
    [
        ("sms", "queued", "accepted"),
        ("sms", "sent", "sent"),
        ("sms", "delivered", "delivered"),
        ("sms", "read", "delivered"),
        ("sms", "undelivered", "not on its way"),
        ("voice", "queued", "accepted"),
        ("voice", "ringing", "sent"),
        ("voice", "no-answer", "sent"),
        ("voice", "in-progress", "delivered"),
        ("voice", "completed", "delivered"),
        ("voice", "failed", "not on its way"),
        ("email", "accepted", "accepted"),
        ("email", "delivered", "accepted"),
        ("slack", "sent", "sent"),
        ("push", "accepted", "accepted"),
        ("push", "delivered", "delivered"),
        ("null", "delivered", "accepted"),
        ("sms", "a-word-of-next-year", "accepted"),
    ],
)
def test_a_providers_word_proves_so_much_and_no_more(channel, status, proven):
    assert in_words(truth(channel=channel, accepted=True, status=status, answered=False)) == proven


def test_what_no_provider_took_is_not_on_its_way():
    assert truth(channel="sms", accepted=False, status="queued", answered=False) is Truth.NOTHING


def test_an_answer_proves_it_all_even_where_the_provider_reports_a_failure():
    assert truth(channel="sms", accepted=True, status="undelivered", answered=True) is Truth.CONFIRMED


def test_the_ladder_rises():
    assert Truth.NOTHING < Truth.ACCEPTED < Truth.SENT < Truth.DELIVERED < Truth.CONFIRMED


def test_only_the_top_of_it_stops_calling():
    assert [one.name for one in Truth if stops_calling(one)] == ["CONFIRMED"]


@pytest.fixture
def page_by(ada):
    """A page that tries one channel now and again after a minute, the first attempt being with its provider."""

    def begin(channel):
        kind = CHANNELS[channel]
        contact, _ = ContactMethod.objects.get_or_create(
            person=ada, kind=kind, address=ADDRESSES[kind], defaults={"created_at": NOW}
        )
        for delay_s in (0, 60):
            NotificationRule.objects.create(person=ada, delay_s=delay_s, channel=channel, contact=contact)
        page = services.page(
            key=f"truth:{channel}", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW
        )
        (attempt,) = claim(NOW)
        sid = f"{channel}-{uuid.uuid4().hex[:20]}"
        accepted = Outcome(Verdict.ACCEPTED, sid=sid, status="accepted")
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=NOW, limits=limits.at(NOW)
        )
        attempt.refresh_from_db()
        return page, attempt

    return begin


def claim(now):
    return [attempt for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


@pytest.mark.django_db
@pytest.mark.parametrize("channel", CHANNELS)
def test_delivered_goes_on_calling(page_by, channel):
    page, attempt = page_by(channel)
    delivered = Report(attempt.sid, "completed" if channel == "voice" else "delivered", 90)
    outbox.apply_report(attempt_id=attempt.pk, report=delivered, now=NOW, limits=limits.at(NOW), callback=True)

    again = claim(NOW + timedelta(seconds=61))

    page.refresh_from_db()
    assert page.state == "calling"
    assert [one.n for one in again] == [2]


@pytest.mark.django_db
@pytest.mark.parametrize("channel", CHANNELS)
def test_confirmed_by_a_human_ends_it(page_by, channel):
    page, attempt = page_by(channel)

    services.answer(page=page, attempt=attempt, why="Ada answered.", now=NOW)

    page.refresh_from_db()
    attempt.refresh_from_db()
    known = truth(channel=channel, accepted=True, status=attempt.status, answered=attempt.answered_at is not None)
    assert stops_calling(known)
    assert page.state == "answered"
    assert claim(NOW + timedelta(seconds=61)) == []

"""Pages in quiet hours: what waits, what does not, and that nothing brings the noise forward."""

from datetime import UTC, datetime, time, timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, contacts, outbox, services
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import ContactMethod, Page

pytestmark = pytest.mark.django_db
THREE = datetime(2027, 1, 16, 2, 0, tzinfo=UTC)  # 03:00 in Paris
SEVEN = datetime(2027, 1, 16, 6, 0, tzinfo=UTC)  # 07:00 in Paris


@pytest.fixture(autouse=True)
def _sleeps(ada):
    """Ada sleeps in Paris from 22 to 7."""
    ada.time_zone = "Europe/Paris"
    ada.save()
    contacts.set_quiet_hours(person=ada, starts=time(22), ends=time(7))


@pytest.fixture
def mailbox(ada) -> ContactMethod:
    return ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=THREE)


def page(ada, *, severity: int, at: datetime = THREE) -> Page:
    return services.page(
        key=f"t{severity}", person=ada, severity=severity, title="Disk is filling up", text="It is at 91 %.", url="",
        answer_path="/x/", now=at,
    )  # fmt: skip


def leaves(at: datetime) -> list[str]:
    return [attempt.channel for attempt, _ in claims.claim_pages(now=at, limits=limits.at(at), at_most=10)]


@pytest.mark.parametrize("severity", [1, 2])
def test_high_urgency_never_waits(ada, severity):
    assert page(ada, severity=severity).quiet_until is None
    assert leaves(THREE) == ["sms"]


@pytest.mark.parametrize("severity", [3, 4, 5])
def test_low_urgency_waits_until_morning_where_nothing_is_quiet(ada, severity):
    made = page(ada, severity=severity)
    assert (made.quiet_until, made.next_due, made.state) == (SEVEN, SEVEN, "calling")
    assert leaves(SEVEN - timedelta(seconds=1)) == []
    assert leaves(SEVEN) == ["sms"]


def test_mail_goes_at_once_and_the_text_in_the_morning(ada, mailbox):
    page(ada, severity=3)
    assert leaves(THREE) == ["email"]
    assert leaves(SEVEN - timedelta(seconds=1)) == []
    assert leaves(SEVEN) == ["sms"]


def test_a_mail_that_fails_brings_no_noise_forward(ada, mailbox):
    page(ada, severity=3)
    [(attempt, _)] = claims.claim_pages(now=THREE, limits=limits.at(THREE), at_most=10)
    assert attempt.lease_token is not None
    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=Outcome(Verdict.REFUSED, text="no such box"),
        now=THREE, limits=limits.at(THREE),
    )  # fmt: skip
    assert leaves(THREE + timedelta(minutes=1)) == []
    assert Page.objects.get().next_due == SEVEN
    assert leaves(SEVEN) == ["sms"]


def test_what_joins_a_waiting_page_rings_nobody_at_night(ada):
    made = page(ada, severity=3)
    services.retell(page=made, severity=3, title="2 alarms", text="", now=THREE + timedelta(seconds=30))
    assert leaves(THREE + timedelta(minutes=2)) == []
    assert leaves(SEVEN) == ["sms"]


def test_the_page_says_why_it_is_quiet(ada):
    assert page(ada, severity=3).text == (
        "It is at 91 %.\n\nLow urgency in quiet hours: calls and texts wait until 07:00 in Paris."
    )


def test_by_day_low_urgency_rings_at_once(ada):
    assert page(ada, severity=3, at=SEVEN).quiet_until is None
    assert leaves(SEVEN) == ["sms"]


def test_a_page_whose_first_rule_waits_begins_with_that_wait(ada):
    contact = ada.contact_methods.get()
    contacts.set_rules(person=ada, urgency="high", rules=[contacts.Rule(300, "voice", contact)])
    page(ada, severity=1)
    assert leaves(THREE + timedelta(seconds=299)) == []
    assert leaves(THREE + timedelta(seconds=300)) == ["voice"]

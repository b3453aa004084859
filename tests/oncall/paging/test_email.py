"""Pages by mail through a real mail server of our own, which says no in every way that servers do."""

import smtplib
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.supervisor import free_port
from oncall.limits import queries as limits
from oncall.paging import claims, outbox, services
from oncall.paging.channels import Order, Outcome, Verdict
from oncall.paging.email import Mail, classify
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.postoffice import post_office

ATTEMPT = uuid.UUID("00000000-0000-4000-8000-00000000a11e")


@pytest.fixture
def office(settings):
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    with post_office(settings) as taking:
        yield taking


def order(**changes) -> Order:
    usual = Order(
        attempt_id=ATTEMPT,
        channel="email",
        address="ada@example.org",
        subject="[SEV-1] No alerts",
        body="SEV-1 No alerts",
        reference="KZQT",
        answer_path="/",
        started_at=NOW,
        valid_for=timedelta(minutes=5),
        ring_for=timedelta(),
        talk_for=timedelta(),
    )
    return replace(usual, **changes)


def test_the_servers_yes_is_accepted_and_nothing_more(office):
    outcome = Mail().send(order())

    assert (outcome.verdict, outcome.status) == (Verdict.ACCEPTED, "accepted")
    assert outcome.sid == "mail-0000000000004000800000000000a11e"
    assert b"Message-ID: <00000000-0000-4000-8000-00000000a11e@oncall>" in office.taken[0]


@pytest.mark.django_db
def test_a_mail_that_was_taken_is_written_down_as_taken(office, ada):
    contact = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    NotificationRule.objects.create(person=ada, delay_s=0, channel="email", contact=contact)
    services.page(key="x", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    ((attempt, made),) = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    assert attempt.lease_token is not None

    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=Mail().send(made), now=NOW, limits=limits.at(NOW)
    )

    attempt.refresh_from_db()
    assert (attempt.state, attempt.status) == ("finished", "accepted")


def test_a_page_carries_the_link_that_answers_it(office):
    Mail().send(order())

    assert b"https://oncall.example.org/answer/0000000000004000800000000000a11e." in office.taken[0]


def test_a_notice_carries_none(office):
    Mail().send(order(reference=""))

    assert b"/answer/" not in office.taken[0]


@pytest.mark.parametrize(
    ("said", "dead", "retried", "ours"),
    [
        ("550 5.1.1 no such user", True, False, False),
        ("550 no such user here", True, False, False),
        ("551 user not local", True, False, False),
        ("550 5.2.1 mailbox disabled", True, False, False),
        ("552 5.2.2 mailbox full", False, False, False),
        ("550 5.7.1 relaying denied", False, False, True),
        ("451 4.7.1 grey-listed, come later", False, True, False),
    ],
)
def test_what_a_no_at_the_recipient_means(office, said, dead, retried, ours):
    office.to_recipient = said

    outcome = Mail().send(order())

    assert outcome.verdict is Verdict.REFUSED
    assert (bool(outcome.dead_address), outcome.retry_after is not None, outcome.misconfigured) == (dead, retried, ours)


def test_a_sender_that_is_refused_is_our_own_fault(office):
    office.to_sender = "550 5.7.1 you may not send from there"

    outcome = Mail().send(order())

    assert (outcome.verdict, outcome.misconfigured, outcome.dead_address) == (Verdict.REFUSED, True, "")


def test_a_no_after_the_text_is_a_no(office):
    office.to_data = "554 5.6.0 not like this"

    assert Mail().send(order()).verdict is Verdict.REFUSED


def test_a_line_cut_after_the_text_leaves_it_unknown(office):
    office.to_data = "hang up"

    assert Mail().send(order()).verdict is Verdict.UNKNOWN


def test_without_a_connection_it_is_surely_not_taken(office, settings):
    settings.EMAIL_PORT = free_port()

    outcome = Mail().send(order())

    assert (outcome.verdict, outcome.code, outcome.retry_after) == (
        Verdict.REFUSED, "connection", timedelta(seconds=1),
    )  # fmt: skip


def test_an_address_with_a_line_break_smuggles_no_header(office):
    outcome = Mail().send(order(address="ada@example.org\nBcc: all@example.org"))

    assert outcome.verdict is Verdict.REFUSED
    assert office.taken == []


def test_a_login_that_is_refused_is_our_own_fault():
    outcome = classify(smtplib.SMTPSenderRefused(535, b"5.7.8 no", "oncall"), address="ada@example.org")

    assert outcome.misconfigured


@pytest.mark.django_db
def test_a_dead_address_is_taken_out_of_use_and_said_aloud(ada):
    contact = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    NotificationRule.objects.create(person=ada, delay_s=0, channel="email", contact=contact)
    services.page(key="x", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    ((attempt, _),) = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    assert attempt.lease_token is not None
    dead = Outcome(Verdict.REFUSED, code="550", text="no such user", dead_address="Its mail server says: 550")

    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=dead, now=NOW, limits=limits.at(NOW)
    )

    contact.refresh_from_db()
    assert contact.disabled_at == NOW
    assert Trouble.objects.get(kind="contact").key == str(contact.pk)

"""Mails to addresses outside: each once, tried again while nothing was taken, never twice where nobody knows."""

from datetime import timedelta

import pytest

from deploy.supervisor import free_port
from oncall import clock
from oncall.limits import queries as limits
from oncall.outside import mail_out, mailings
from oncall.outside.mailing_models import Mailing
from tests.postoffice import post_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(settings):
    with post_office(settings) as taking:
        yield taking


@pytest.fixture
def waiting(now):
    clock.travel(now - clock.now())
    enqueue(now)
    return Mailing.objects.get()


def enqueue(now, subject="Alerts are late"):
    mailings.enqueue(
        about="update:1", addresses=["alerts@example.org"], subject=subject, body="Since 02:10 UTC.\n", thread="one",
        now=now,
    )  # fmt: skip


def pass_time(minutes):
    clock.travel(clock.offset + timedelta(minutes=minutes))


def outcome(row) -> tuple[str, int]:
    row.refresh_from_db()
    return row.state, row.tries


def test_a_mail_is_handed_over_once(office, waiting, now):
    enqueue(now)
    mail_out.hand_over_due()
    mail_out.hand_over_due()

    assert outcome(waiting) == ("sent", 1)
    assert len(office.taken) == 1
    for line in (
        b"Subject: Alerts are late",
        b"To: alerts@example.org",
        b"References: <one@oncall>",
        b"Since 02:10 UTC.",
    ):
        assert line in office.taken[0]


def test_what_is_refused_for_now_is_tried_again(office, waiting):
    office.to_recipient = "450 come again"
    mail_out.hand_over_due()
    assert outcome(waiting) == ("waiting", 1)
    assert waiting.error_text == "Its mail server says: 450 come again"

    office.to_recipient = ""
    pass_time(2)
    mail_out.hand_over_due()

    assert outcome(waiting) == ("sent", 2)


def test_what_is_refused_for_good_is_given_up_at_once(office, waiting):
    office.to_recipient = "550 nobody here"

    mail_out.hand_over_due()

    assert outcome(waiting) == ("given_up", 1)
    assert waiting.error_text == "Its mail server says: 550 nobody here"


def test_without_a_mail_server_it_is_given_up_after_six_tries(settings, waiting):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()

    for _ in range(7):
        mail_out.hand_over_due()
        pass_time(16)

    assert outcome(waiting) == ("given_up", 6)
    assert waiting.error_text.startswith("Our mail server cannot be reached:")


def test_where_the_server_broke_off_it_is_not_sent_again_by_itself(office, waiting):
    office.to_data = "hang up"
    mail_out.hand_over_due()
    assert outcome(waiting) == ("unsure", 1)

    office.to_data = ""
    pass_time(60)
    mail_out.hand_over_due()
    assert office.taken == []
    assert mailings.send_again(mailing=waiting, now=clock.now())
    mail_out.hand_over_due()

    assert (outcome(waiting), len(office.taken)) == (("sent", 1), 1)


def test_one_whose_sender_died_is_not_sent_again_by_itself(office, waiting):
    now = clock.now()
    mailings.claim(now=now, limits=limits.at(now))
    pass_time(60)

    mail_out.hand_over_due()

    assert (outcome(waiting)[0], office.taken) == ("unsure", [])


def test_a_subject_that_would_add_a_header_is_given_up(office, db, now):
    clock.travel(now - clock.now())
    enqueue(now, "Hello\nBcc: all@example.org")

    mail_out.hand_over_due()

    assert (outcome(Mailing.objects.get())[0], office.taken) == ("given_up", [])

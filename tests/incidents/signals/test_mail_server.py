"""Mails through a real SMTP conversation: 250 once it is kept, 451 to come again, 550 for nobody, 552 for too much."""

import smtplib
import socket
from email.message import EmailMessage

import pytest
from django.db import OperationalError

from deploy.supervisor import free_port
from incidents.alarms.models import Alarm
from incidents.signals import mail_server, mails, services
from incidents.signals.models import Rejection, Signal, Source
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def inbox(policy, settings):
    """A source of mails under our domain, and the port that takes them; returns (port, address)."""
    settings.MAIL_IN_DOMAIN = "alarms.example.org"
    _, secret = services.create_source(name="nagios", kind="mail", policy=policy, severity=3, now=NOW)
    server = mail_server.MailServer(host="127.0.0.1", port=free_port())
    server.start()
    yield server.port, mails.address(secret)
    server.stop()


def send(inbox, subject="CRITICAL: Disk full", *, to="", body="df says 100 %", **headers):
    port, address = inbox
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "nagios@example.org"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        return smtp.sendmail("nagios@example.org", [to or address], message.as_bytes())


def code_of(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> int:
    return next(iter(error.recipients.values()))[0] if hasattr(error, "recipients") else error.smtp_code


def test_a_mail_is_kept_and_raises_an_alarm(inbox):
    send(inbox)

    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity, alarm.source) == ("CRITICAL: Disk full", 1, "nagios")
    assert Signal.objects.get().accepted == 1


def test_the_mail_that_says_it_is_over_resolves(inbox):
    send(inbox)
    send(inbox, "RECOVERED: Disk full")

    assert Alarm.objects.get().state == "resolved"


@pytest.mark.parametrize("change", [str.upper, lambda address: f"alarms+{address}"])
def test_an_address_in_capitals_or_behind_a_plus_is_the_same(inbox, change):
    send(inbox, to=change(inbox[1]))

    assert Alarm.objects.count() == 1


@pytest.mark.parametrize("to", ["nobody@alarms.example.org", "nobody", "@alarms.example.org"])
def test_an_unknown_address_is_refused_for_good(inbox, to):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(inbox, to=to)

    assert 500 <= code_of(caught.value) < 600


def test_another_domain_is_refused(inbox):
    secret = inbox[1].partition("@")[0]

    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(inbox, to=f"{secret}@elsewhere.example.org")

    assert code_of(caught.value) == 550


def test_the_address_of_another_kind_takes_no_mail(inbox, policy):
    _, secret = services.create_source(name="am", kind="json", policy=policy, severity=3, now=NOW)

    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(inbox, to=f"{secret}@alarms.example.org")

    assert code_of(caught.value) == 550


def broken(*args, **kwargs):
    raise OperationalError("the database is away")


def test_while_the_database_is_away_the_sender_is_to_come_again(inbox, monkeypatch):
    monkeypatch.setattr(mails, "source_at", broken)

    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(inbox)

    assert code_of(caught.value) == 451


@pytest.mark.parametrize("error", [OperationalError("gone"), RuntimeError("a mistake of ours")])
def test_what_is_not_committed_is_not_taken(inbox, monkeypatch, error):
    def keep_then_break(**kwargs):
        services.receive(**kwargs)
        raise error

    monkeypatch.setattr(mails, "receive", keep_then_break)

    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(inbox)

    assert caught.value.smtp_code == 451
    assert (Signal.objects.count(), Alarm.objects.count()) == (0, 0)


def test_a_mail_sent_again_after_a_lost_answer_is_the_same_alarm(inbox):
    send(inbox)
    send(inbox)

    assert Alarm.objects.get().count == 2


def test_a_mail_that_is_too_large_is_refused_and_said(inbox, monkeypatch):
    monkeypatch.setattr(mails, "LARGEST", 20_000)
    server = mail_server.MailServer(host="127.0.0.1", port=free_port())
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as smtp, pytest.raises(smtplib.SMTPDataError) as caught:
            smtp.sendmail("a@example.org", [inbox[1]], b"Subject: x\r\n\r\n" + b"y\r\n" * 10_000, ["SIZE=40000"])
    finally:
        server.stop()

    assert caught.value.smtp_code == 552
    assert Rejection.objects.get().errors["body"][0].startswith("Larger than")
    assert Trouble.objects.filter(kind="rejected", until__isnull=True).count() == 1


def test_how_large_a_mail_may_be_is_not_told_before(inbox):
    with smtplib.SMTP("127.0.0.1", inbox[0], timeout=10) as smtp:
        smtp.ehlo()

        assert "size" not in smtp.esmtp_features


def test_a_line_that_is_too_long_is_refused_and_said(inbox):
    port, address = inbox
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp, pytest.raises(smtplib.SMTPDataError) as caught:
        smtp.sendmail("a@example.org", [address], b"Subject: x\r\n\r\n" + b"y" * 1_100_000)

    assert caught.value.smtp_code == 500
    assert Rejection.objects.get().errors["body"][0].startswith("A line is longer than 1024 KiB.")
    assert Trouble.objects.filter(kind="rejected", until__isnull=True).count() == 1


def test_what_cannot_be_said_as_refused_is_to_come_again(inbox, monkeypatch):
    monkeypatch.setattr(mails, "keep_too_large", broken)
    port, address = inbox
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp, pytest.raises(smtplib.SMTPDataError) as caught:
        smtp.sendmail("a@example.org", [address], b"Subject: x\r\n\r\n" + b"y" * 1_100_000)

    assert caught.value.smtp_code == 451


@pytest.mark.parametrize("to", [b"\xff\xfe@alarms.example.org", "é@alarms.example.org".encode()])
def test_an_address_of_other_letters_is_refused_for_good(inbox, to):
    with socket.create_connection(("127.0.0.1", inbox[0]), timeout=10) as line:
        answers = line.makefile("rb")
        for said in (b"HELO x", b"MAIL FROM:<a@b>", b"RCPT TO:<" + to + b">"):
            line.sendall(said + b"\r\n")
        codes = [answers.readline()[:3] for _ in range(4)]

    assert codes[:3] == [b"220", b"250", b"250"]
    assert codes[3][:1] == b"5"


def test_the_server_says_whether_it_is_there(inbox):
    server = mail_server.MailServer(host="127.0.0.1", port=free_port())

    assert server.answers() is False
    server.start()
    assert server.answers() is True
    server.stop()


def test_a_long_line_is_no_reason_to_refuse(inbox):
    port, address = inbox
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("a@example.org", [address], b"Subject: x\r\n\r\n" + b"y" * 200_000)

    assert Alarm.objects.get().title == "x"


def test_an_automatic_reply_is_kept_and_calls_nobody(inbox):
    send(inbox, "Re: Disk full", Auto_Submitted="auto-replied")

    assert Alarm.objects.count() == 0
    rejection = Rejection.objects.get()
    assert (rejection.errors, rejection.settled_at is None) == ({"mail": ["It is an automatic reply."]}, False)
    assert Trouble.objects.count() == 0


def test_an_empty_mail_is_kept_and_said(inbox):
    send(inbox, "", body="")

    assert Alarm.objects.count() == 0
    assert Rejection.objects.get().settled_at is None
    assert Trouble.objects.get(until__isnull=True).kind == "rejected"


def test_a_closed_source_takes_no_mail(inbox):
    Source.objects.update(is_enabled=False)

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(inbox)

"""An edge: the thread that hands mails to the mail server. Behind every page: those by mail have their own threads."""

import smtplib
from datetime import datetime

from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from oncall import clock
from oncall.limits import queries as limits_now
from oncall.limits.queries import Limits
from oncall.outside import mailings
from oncall.outside.lane import Lane
from oncall.outside.mailings import Claimed, Handed

LANE = Lane("mails", at_most=1)
AT_ONCE = 20  # mails of one piece of work


def send_due(*, now: datetime, limits: Limits) -> None:
    """Each second: if mails wait, hand them over, beside the loop."""
    if mailings.anything_due(now=now):
        LANE.start(hand_over_due)


def hand_over_due() -> int:
    """Hand over what is due, one after the other; returns how many."""
    for count in range(AT_ONCE):
        now = clock.now()
        claimed = mailings.claim(now=now, limits=limits_now.at(now))
        if claimed is None:
            return count
        handed, now = hand_over(claimed), clock.now()
        mailings.record(claimed=claimed, handed=handed, now=now, limits=limits_now.at(now))
    return AT_ONCE


def hand_over(claimed: Claimed) -> Handed:
    """Give one mail to the mail server, and say how it went. What it refuses in words it has not taken; silence after
    our last word may be a yes.
    """
    headers = {"Message-ID": f"<{claimed.id}@oncall>", "Auto-Submitted": "auto-generated"}
    if claimed.thread:
        headers |= {"In-Reply-To": f"<{claimed.thread}@oncall>", "References": f"<{claimed.thread}@oncall>"}
    try:
        message = EmailMessage(claimed.subject, claimed.body, to=[claimed.address], headers=headers)
        message.message()  # what cannot be written is found before anybody is connected to
    except ValueError as error:
        return Handed("refused", f"It cannot be written as a mail: {error}")
    connection = mail.get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:  # no mail can have been taken without a connection
        return Handed("later", f"Our mail server cannot be reached: {_words(error)}")
    try:
        connection.send_messages([message])
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return classify(error)
    finally:
        _hang_up(connection)
    return Handed("taken")


def classify(error: Exception) -> Handed:
    """Say what a mail server's answer means: 4xx may be taken later, 5xx never."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _answered(code, said)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _answered(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError | smtplib.SMTPHeloError):
        return Handed("later", f"Our mail server does not do what we ask: {_words(error)}")
    return Handed("unsure", f"The mail server broke off: {_words(error)}")


def _answered(code: int, said: bytes | str) -> Handed:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    words = f"Its mail server says: {code} {' '.join(text.split())}"[:300]
    return Handed("later" if code < 500 else "refused", words)


def _words(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        pass  # the mail is with the server, or is not; saying good bye does not change it

"""Pages by mail. A mail server's yes is a handover, never an answer: only a press on the linked page is."""

import re
import smtplib
from datetime import timedelta

from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from oncall.paging.answer_links import answer_url
from oncall.paging.channels import LookupFailed, Order, Outcome, Report, Verdict

END = 90
NOT_CONNECTED = timedelta(seconds=1)
BUSY = timedelta(seconds=60)  # a server that says “later” (4xx, grey-listing) means minutes
ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")  # RFC 3463
NOT_THE_ADDRESS = frozenset({"2.2", "2.3"})  # 5.x.y: the mailbox is full, the message too large


class Mail:
    """One page as one mail, over Django's mail settings. The attempt's id is its Message-ID."""

    def send(self, order: Order) -> Outcome:
        sid = f"mail-{order.attempt_id.hex}"  # as long as the row has room for
        body = f"{order.body}{_answer_here(order)}"
        headers = {"Message-ID": f"<{order.attempt_id}@oncall>", "Auto-Submitted": "auto-generated"}
        try:
            message = EmailMessage(order.subject, body, to=[order.address], headers=headers)
            message.message()  # what cannot be written is found before anybody is connected to
        except ValueError as error:
            return Outcome(Verdict.REFUSED, code="unwritable", text=str(error)[:300])
        connection = mail.get_connection()
        try:
            connection.open()
        except smtplib.SMTPAuthenticationError as error:
            return _refused_all(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:  # no mail can have been taken without a connection
            return Outcome(Verdict.REFUSED, code="connection", text=str(error)[:300], retry_after=NOT_CONNECTED)
        try:
            connection.send_messages([message])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return classify(error, address=order.address)
        finally:
            _hang_up(connection)
        return Outcome(Verdict.ACCEPTED, sid=sid, status="accepted")

    def find(self, order: Order) -> Report | None:
        """A mail server cannot be asked; a second copy is better than none."""
        return None

    def poll(self, sid: str) -> Report:
        """Nothing more is ever known of a mail that was handed over."""
        if not sid:
            raise LookupFailed("A mail without a Message-ID cannot be asked about.")
        return Report(sid=sid, status="accepted", rank=END)


def _answer_here(order: Order) -> str:
    """The link that answers, on a line of its own; a notice has nothing to answer."""
    if not order.reference:
        return ""
    return f"\n\nAnswer here, without signing in (for you alone, for a day):\n{answer_url(order.attempt_id)}\n"


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        pass  # the mail is with the server, or is not; saying good bye does not change it


def classify(error: Exception, *, address: str) -> Outcome:
    """Say what a mail server's answer means. What it refuses in words it has not taken; silence may be a yes."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = error.recipients.get(address) or next(iter(error.recipients.values()))
        return _refused_recipient(code, said)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _refused_all(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError | smtplib.SMTPHeloError):
        return Outcome(Verdict.REFUSED, code=type(error).__name__, text=str(error)[:300], misconfigured=True)
    if isinstance(error, smtplib.SMTPDataError):
        text = _words(error.smtp_error)
        wait = BUSY if error.smtp_code < 500 else None
        return Outcome(Verdict.REFUSED, code=str(error.smtp_code), text=text, retry_after=wait)
    return Outcome(Verdict.UNKNOWN, code=type(error).__name__, text=str(error)[:300])


def _refused_recipient(code: int, said: bytes | str) -> Outcome:
    """5xx at RCPT: the address is dead, unless the server says that it is something else (RFC 3463)."""
    text = _words(said)
    if code < 500:
        return Outcome(Verdict.REFUSED, code=str(code), text=text, retry_after=BUSY)
    found = ENHANCED.match(text)
    subject = found[2] if found else ""
    if subject in {"3", "4", "5", "6", "7"}:  # its system, the way there, the protocol, its policy: not this address
        return Outcome(Verdict.REFUSED, code=str(code), text=text, misconfigured=True)
    full = found is not None and f"{found[2]}.{found[3]}" in NOT_THE_ADDRESS
    dead = "" if full or code == 552 else f"Its mail server says: {code} {text[:150]}"  # 552: full
    return Outcome(Verdict.REFUSED, code=str(code), text=text, dead_address=dead)


def _refused_all(code: int, said: bytes | str) -> Outcome:
    """It refuses us, not somebody's address: nobody gets mail until that is mended."""
    later = code < 500
    return Outcome(
        Verdict.REFUSED,
        code=str(code),
        text=_words(said),
        misconfigured=not later,
        retry_after=BUSY if later else None,
    )


def _words(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:300]

"""Pages by mail. A mail server's yes is a handover, never an answer: only a press on the linked page is."""

import smtplib

from django.core.mail import EmailMessage

from oncall.paging.channels import LookupFailed, Order, Outcome, Report, Verdict

END = 90


class Mail:
    """One page as one mail, over Django's mail settings. The attempt's id is its Message-ID."""

    def send(self, order: Order) -> Outcome:
        sid = f"<{order.attempt_id}@oncall>"
        message = EmailMessage(order.subject, order.body, to=[order.address], headers={"Message-ID": sid})
        try:
            message.send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPAuthenticationError, ConnectionRefusedError) as error:
            return Outcome(Verdict.REFUSED, code=type(error).__name__, text=str(error)[:300])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return Outcome(Verdict.UNKNOWN, code=type(error).__name__, text=str(error)[:300])
        return Outcome(Verdict.ACCEPTED, sid=sid, status="sent")

    def find(self, order: Order) -> Report | None:
        """A mail server cannot be asked; a second copy is better than none."""
        return None

    def poll(self, sid: str) -> Report:
        """Nothing more is ever known of a mail that was handed over."""
        if not sid:
            raise LookupFailed("A mail without a Message-ID cannot be asked about.")
        return Report(sid=sid, status="sent", rank=END)

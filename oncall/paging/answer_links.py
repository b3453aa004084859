"""Links by which one person answers one page without signing in: signed, bound to their purpose, good for a day.

A link names an attempt, so what it may answer is what that attempt told. Its age is counted from the attempt's own row,
by the database's clock. Who knows a link may answer that page, and nothing else. Source: security.md S7, S8.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

from oncall.limits import queries as limits
from oncall.paging.models import Attempt
from oncall.people.models import Person

ANSWER_PATH = "/answer/"  # where incidents/alarms/links.py listens
RECEIPT_PATH = "/hooks/push/"  # where a browser says that it showed a page
ANSWER, RECEIPT = "oncall.paging.answer", "oncall.paging.receipt"  # what a token is good for

LONGEST = timedelta(days=1)  # security.md S8, whatever the limit says


class BadLink(Exception):
    """It is no link of ours, or was made for something else. The message is fit to show."""


class OldLink(BadLink):
    """It was good once. The message is fit to show."""


def answer_url(attempt_id: UUID) -> str:
    """Return the address at which this attempt's page can be answered."""
    return f"{settings.PUBLIC_BASE_URL}{ANSWER_PATH}{_sign(attempt_id, ANSWER)}/"


def receipt_url(attempt_id: UUID) -> str:
    """Return the address at which a browser says that it showed this attempt. It answers nothing."""
    return f"{settings.PUBLIC_BASE_URL}{RECEIPT_PATH}{_sign(attempt_id, RECEIPT)}/"


def _sign(attempt_id: UUID, purpose: str) -> str:
    return signing.Signer(salt=purpose, sep=".").sign(attempt_id.hex)


def attempt_of(token: str, *, purpose: str, now: datetime) -> Attempt:
    """Return the attempt that a link names: of a page, or, where only its arrival is told, also of a notice.

    :raises OldLink: if it is older than `answer_link_valid_s`, of which a day is the most.
    :raises BadLink: if it was not made here for this purpose, its page is gone, the person's account is closed, or the
        number or address it went to is theirs no longer or out of use.
    """
    try:
        attempt_id = UUID(signing.Signer(salt=purpose, sep=".").unsign(token))
    except (signing.BadSignature, ValueError):
        raise BadLink("This is no link of ours, or a part of it is missing. Use the whole link, or sign in.") from None
    known = Attempt.objects.select_related("page__person", "notice__person", "contact")
    attempt = known.filter(pk=attempt_id).first()
    if attempt is None or (purpose == ANSWER and attempt.page is None):
        raise BadLink("The page that this link answers is gone. Sign in to see what is open.")
    if now - attempt.started_at > min(LONGEST, limits.at(now).span("answer_link_valid_s")):
        raise OldLink("This link has expired. Sign in to see what is open, and answer there.")
    _refuse_if_not_theirs(attempt)
    return attempt


def _refuse_if_not_theirs(attempt: Attempt) -> None:
    """Whoever holds a link that went to a lost mailbox or browser, or to somebody who has left, answers nothing.

    :raises BadLink: then.
    """
    if not owner_of(attempt).is_active:
        raise BadLink("The account that this link was sent to is closed. It answers nothing any more.")
    if attempt.page is None:
        return
    contact = attempt.contact
    if contact is None:
        raise BadLink("The address that this link was sent to was removed. Sign in to see what is open.")
    if contact.disabled_at is not None:
        raise BadLink("The address that this link was sent to is out of use. Sign in to see what is open.")


def owner_of(attempt: Attempt) -> Person:
    """Return whom it went to."""
    about = attempt.page or attempt.notice
    assert about is not None
    return about.person

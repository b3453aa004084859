"""Count tries, and refuse more than so many an hour (security.md S13)."""

from datetime import UTC, datetime, timedelta

from oncall.people.models import CountedTry

SPAN = timedelta(hours=1)
SIGN_INS_PER_ACCOUNT = 10  # S13
SIGN_INS_PER_ADDRESS = 20  # S13
RESETS_PER_ACCOUNT = 5  # own choice: a mailbox is not flooded
RESETS_PER_ADDRESS = 20  # as sign-ins


class TooManyTries(Exception):
    """The limit of the hour is used up. The message is fit to show and the same whether or not the account exists."""


def count_try(*, kind: str, subject: str, at_most: int, now: datetime) -> CountedTry:
    """Count one try of `subject` within the hour before `now`, and return it so that a success can be forgiven.

    It is written before it is judged: of tries made at the same moment none slips through. A refused try is not kept,
    so that whoever goes on knocking does not keep the owner out for longer.

    :raises TooManyTries: if it is more than `at_most` in an hour.
    """
    subject = subject.strip().lower()[:254]
    same = CountedTry.objects.filter(kind=kind, subject=subject)
    same.filter(at__lte=now - SPAN).delete()
    one = CountedTry.objects.create(kind=kind, subject=subject, at=now)
    if same.count() > at_most:
        one.delete()
        oldest = same.order_by("at").first()
        free_at = ((oldest.at if oldest else now) + SPAN).astimezone(UTC)
        raise TooManyTries(f"Too many tries in the last hour. Try again after {free_at:%H:%M} UTC.")
    return one


def forgive(*tries: CountedTry) -> None:
    """Take back tries that succeeded: only failures count."""
    CountedTry.objects.filter(pk__in=[one.pk for one in tries]).delete()


def forget(*, kind: str, subject: str) -> None:
    """Begin anew for `subject`: it has proved who it is in another way."""
    CountedTry.objects.filter(kind=kind, subject=subject.strip().lower()[:254]).delete()

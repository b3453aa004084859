"""Verbs about the addresses under which calendar programs read shifts: make one, withdraw it, find it by its secret."""

import secrets
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction

from oncall.people.models import Person, Team
from oncall.people.services import digest
from rotations.changes.models import CountedRead
from rotations.coverage.models import FeedToken
from rotations.schedule.models import Schedule

TOKEN_PREFIX = "cal_"
MOST_FEEDS = 20  # of one person, in use; own choice: more are forgotten ones
LONGEST_ALARM_MINUTES = 14 * 24 * 60
HOUR = timedelta(hours=1)
READS_AN_HOUR = 60  # of one address (S18); own choice: several programs of one owner, each every few minutes


class FeedRefused(Exception):
    """Why a calendar address cannot be made. The message is fit to show; `field` says where."""

    field = "__all__"


class TooManyFeeds(FeedRefused):
    """The person has as many as there may be."""


class TooManyReads(Exception):
    """The address has been read as often as may be in an hour. The message is fit to show."""

    def __init__(self, *, free_in: timedelta) -> None:
        self.seconds = max(1, ceil(free_in / timedelta(seconds=1)))
        super().__init__(f"This calendar was read {READS_AN_HOUR} times in the last hour. Ask less often.")


class BadAlarm(FeedRefused):
    """The calendar cannot ring so long before."""

    field = "alarm_minutes"


@transaction.atomic
def create(
    *,
    person: Person,
    now: datetime,
    schedule: Schedule | None = None,
    team: Team | None = None,
    alarm_minutes: int | None = None,
) -> tuple[FeedToken, str]:
    """Make an address for the shifts of `schedule`, of `team`, or else of `person`; return it with its secret.

    The secret is never shown again. `alarm_minutes`: how long before a shift the calendar rings; None: never.

    :raises FeedRefused: one of the above.
    """
    if schedule is not None and team is not None:
        raise ValueError("A calendar is of a schedule or of a team, not of both.")
    if alarm_minutes is not None and not 0 <= alarm_minutes <= LONGEST_ALARM_MINUTES:
        raise BadAlarm("A calendar rings 14 days before a shift at the earliest. Choose a shorter time.")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once must not both take the last place
    if FeedToken.objects.filter(person=person, revoked_at__isnull=True).count() >= MOST_FEEDS:
        raise TooManyFeeds(f"You have {MOST_FEEDS} calendar addresses, which is the most. Withdraw one first.")
    kind = FeedToken.Kind.SCHEDULE if schedule else FeedToken.Kind.TEAM if team else FeedToken.Kind.PERSONAL
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = FeedToken.objects.create(
        person=person,
        kind=kind,
        schedule=schedule,
        team=team,
        digest=digest(secret),
        hint=secret[:8],
        alarm_minutes=alarm_minutes,
        created_at=now,
    )
    return token, secret


@transaction.atomic
def revoke(*, token: FeedToken, now: datetime) -> None:
    """Withdraw an address for ever. Doing it twice changes nothing."""
    FeedToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
    CountedRead.objects.filter(address=token.pk).delete()


def use(*, secret: str, now: datetime) -> FeedToken | None:
    """Return the address that `secret` opens, noting the use at most once a minute, or nothing.

    An address of somebody who has left opens nothing.

    :raises TooManyReads: if it was read too often in the hour before `now`.
    """
    token = (
        FeedToken.objects.select_related("person", "schedule", "team")
        .filter(digest=digest(secret), revoked_at__isnull=True, person__is_active=True)
        .first()
    )
    if token:
        _count_read(token, now)
    if token and (token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1)):
        FeedToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _count_read(token: FeedToken, now: datetime) -> None:
    """Count one read. It is written before it is judged, and not kept if refused, as in oncall/people/throttle.py."""
    same = CountedRead.objects.filter(address=token.pk)
    same.filter(at__lte=now - HOUR).delete()
    one = CountedRead.objects.create(address=token.pk, at=now)
    if same.count() > READS_AN_HOUR:
        one.delete()
        oldest = same.order_by("at").first()
        raise TooManyReads(free_in=(oldest.at if oldest else now) + HOUR - now)

"""A version of a service went into use: the verb of deployments (domain.md 3.2)."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from oncall.limits import queries as limits
from oncall.people.models import Person
from playbooks.readiness.models import Deployment
from playbooks.readiness.queries import SKEW
from playbooks.readiness.services import Refused, settle_reported


@transaction.atomic
def report(
    *, service: str, version: str, by: Person, now: datetime, at: datetime | None = None, who: str = "", link: str = ""
) -> tuple[Deployment, bool]:
    """Keep a deployment, and look at the nights for which results came: a pass of before says nothing of it. Returns
    it, and whether it is new: the same service, version and instant is the same one.

    Of one service, each comes later than the one reported before it, by a microsecond at least: which version is in
    use is never left to chance, also when one request brings several.

    `at`: an aware instant; without one, now, and the same said again within `readiness_repeat_s` is the same one.
    `who`: in the sender's words; without one, the name of `by`.

    :raises Refused: if it lies in the future.
    """
    if at is not None and at > now + SKEW:
        raise Refused(
            "at", f"{at:%Y-%m-%d %H:%M} UTC is in the future. Report a deployment when it was made, or leave this out."
        )
    with connection.cursor() as cursor:  # two who report it at once come one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"deployment:{service}"])
    last = Deployment.objects.filter(service=service).order_by("-received_at", "-id").first()
    came = _after(last, now)
    known = _known(last, service=service, version=version, by=by, came=came, at=at, who=who or by.name, link=link)
    if known:
        return known, False
    row = Deployment.objects.create(
        service=service, version=version, at=at or came, who=who or by.name, link=link, by=by, received_at=came
    )
    settle_reported(now=now)
    return row, True


def _after(last: Deployment | None, now: datetime) -> datetime:
    """Return `now`, or just after the last one was received where the clock has not gone on since."""
    if last is None or not timedelta() <= last.received_at - now < SKEW:
        return now
    return last.received_at + timedelta(microseconds=1)


def _known(
    last: Deployment | None,
    *,
    service: str,
    version: str,
    by: Person,
    came: datetime,
    at: datetime | None,
    who: str,
    link: str,
) -> Deployment | None:
    """Return the deployment that this says again, if it does."""
    same = Deployment.objects.filter(service=service, version=version, at=at or came).first()
    if same or at is not None:
        return same
    if last is None or (last.version, last.by_id, last.who, last.link) != (version, by.pk, who, link):
        return None
    return last if timedelta() <= came - last.received_at < limits.at(came).span("readiness_repeat_s") else None

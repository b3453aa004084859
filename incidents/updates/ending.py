"""Questions about incidents that are over: whether those outside were told so, and whether the public page still waits.

One that was merged goes on as another, and what is said of that one holds for it too; but a restricted one is not
looked at, lest the public learn of it (R43).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.updates.models import Stage, Update

SENT = Update.State.SENT


def goes_on_as(incident: Incident) -> Incident:
    """Return what it was merged into, in the end; one that was not is itself."""
    last = incident
    while last.merged_into is not None and not last.merged_into.restricted:
        last = last.merged_into
    return last


def untold(incident: Incident) -> bool:
    """Say whether it is over, and somebody was told of it and not that it is over: the public page, or by mail."""
    if incident.state in LIVE or incident.restricted or not _unanswered().filter(incident=incident).exists():
        return False
    return not _told_as_another(incident)


def all_untold(*, since: datetime) -> list[Incident]:
    """Return all of which that is so, and of which somebody was told since then. One query where there is none."""
    told = _unanswered().filter(sent_at__gte=since).values("incident")
    over = Incident.objects.filter(restricted=False, pk__in=told).exclude(state__in=LIVE)
    return [one for one in over.select_related("merged_into") if not _told_as_another(one)]


def _unanswered() -> QuerySet[Update]:
    """Return the messages that say it is not over, and have none after them that reached as far and says it is."""
    after = Update.objects.filter(
        Q(to_page=True) | Q(to_page=OuterRef("to_page")),
        incident=OuterRef("incident"),
        state=SENT,
        stage=Stage.RESOLVED,
        sent_at__gte=OuterRef("sent_at"),
    )
    return Update.objects.filter(~Exists(after), state=SENT).exclude(stage=Stage.RESOLVED)


def _told_as_another(incident: Incident) -> bool:
    """Say whether those outside hear of it as another incident: one that is live, or of which they were told."""
    other = goes_on_as(incident)
    if other.pk == incident.pk:
        return False
    return other.state in LIVE or other.updates.filter(state=SENT).exists()


def past(incidents: Iterable[UUID], *, stages: Mapping[UUID, str], wait: timedelta, now: datetime) -> set[UUID]:
    """Return which of these, whose last public message says that they are not over, are past all the same.

    That is so when the one they were merged into was told to be over (`stages`: of each incident's last public
    message), and `wait` after the end: whoever forgets the last message does not leave the page red for good.
    """
    over = Incident.objects.filter(pk__in=list(incidents)).exclude(state__in=LIVE).select_related("merged_into")
    last = {one.pk: goes_on_as(one) for one in over}
    last = {pk: other for pk, other in last.items() if other.state not in LIVE}
    if not last:
        return set()
    moved = Entry.objects.filter(incident__in=last.values(), kind=Entry.Kind.STATE).order_by()
    ended = dict(moved.values_list("incident").annotate(Max("at")))
    return {
        pk
        for pk, other in last.items()
        if (other.pk != pk and stages.get(other.pk) == Stage.RESOLVED) or ended.get(other.pk, now) + wait <= now
    }

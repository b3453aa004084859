"""Verbs on a handover note: keep it up to date, accept it, write into it. Handoffs themselves are made below."""

from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from incidents.alarms import turnover
from incidents.handover import queries
from oncall.limits import queries as limits_at
from oncall.limits.queries import Limits
from oncall.paging.wake import wake
from oncall.people.models import Person
from rotations.coverage import handing
from rotations.coverage.models import Handoff

AT_ONCE = 20  # notes gathered in one go


def follow(*, now: datetime, limits: Limits) -> None:
    """Each second: make handoffs where somebody has just taken the pager."""
    handing.open_changed(now=now, limits=limits)


def keep(*, now: datetime, limits: Limits) -> None:
    """Each half minute: make the handoffs that come up, gather their notes, tell who must know."""
    handing.open_due(now=now, limits=limits)
    refresh(now=now, limits=limits)
    handing.ask_to_accept(now=now, address=address)
    handing.tell_leads(now=now, limits=limits, address=address)


def refresh(*, now: datetime, limits: Limits, at_most: int = AT_ONCE) -> int:
    """Gather anew the notes that nobody has accepted, so that the last one is what was known then. Returns how many
    changed.
    """
    lead, lasts = limits.span("handover_note_lead_s"), limits.span("handover_outgoing_for_s")
    rows = Handoff.objects.filter(accepted_at__isnull=True, at__gt=now - lasts, at__lte=now + lead)
    changed = 0
    for row in rows.select_related("schedule").order_by("at")[:at_most]:
        lines = [line.as_json() for line in queries.gathered(row, now=now)]
        if lines != row.lines:
            handing.keep_lines(handoff=row, lines=lines)
            changed += 1
    return changed


@transaction.atomic
def accept(*, handoff: Handoff, by: Person, now: datetime) -> Handoff:
    """Accept the note as it stands: the outgoing person is called no more.

    :raises handing.NotYours: if `by` is not the incoming person.
    """
    if handoff.accepted_at is not None:
        return handing.accept(handoff=handoff, by=by, lines=handoff.lines, now=now)
    lines = queries.lines_of(handoff, now=now, limits=limits_at.at(now))
    accepted = handing.accept(handoff=handoff, by=by, lines=[line.as_json() for line in lines], now=now)
    turnover.look_again(schedule=accepted.schedule_id, now=now)
    wake()
    return accepted


def address(handoff: Handoff) -> str:
    """Return where the note is read, for messages."""
    return urljoin(settings.PUBLIC_BASE_URL, reverse("handoff", args=[handoff.pk]))

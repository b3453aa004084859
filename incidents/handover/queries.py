"""Questions about handover notes: what one says, which wait for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from incidents.handover import gather
from incidents.handover.gather import Asked, Line, line_from_json
from oncall.limits.queries import Limits
from oncall.people.models import Person
from rotations.coverage.models import Handoff

REMIND_FOR = timedelta(hours=24)  # a note nobody accepted is shown to its person for so long


def handoffs() -> QuerySet[Handoff]:
    """Every handoff, newest first. Everybody signed in may read the notes: whoever is called at night needs them."""
    return Handoff.objects.select_related("schedule", "incoming", "outgoing", "accepted_by").order_by(
        "-at", "schedule__name", "role", "id"
    )


def is_live(handoff: Handoff, *, now: datetime, limits: Limits) -> bool:
    """Say whether its note still follows what is open: until it is accepted, and no longer than both hold the pager."""
    return handoff.accepted_at is None and now < handoff.at + limits.span("handover_outgoing_for_s")


def lines_of(handoff: Handoff, *, now: datetime, limits: Limits) -> list[Line]:
    """Return what the note says: gathered now as long as it follows, else as it was kept."""
    if is_live(handoff, now=now, limits=limits):
        return gathered(handoff, now=now)
    return [line_from_json(row) for row in handoff.lines]


def gathered(handoff: Handoff, *, now: datetime) -> list[Line]:
    return gather.lines(Asked(handoff.schedule, handoff.role, handoff.at, now))


@dataclass(frozen=True)
class Waiting:
    """What waits for one person: notes to accept, and notes to write their words into."""

    to_accept: Sequence[Handoff]
    to_write: Sequence[Handoff]


def waiting_for(person: Person, *, now: datetime, limits: Limits) -> Waiting:
    """Return the notes that wait for `person`, soonest first. One query."""
    lead = limits.span("handover_note_lead_s")
    mine = Q(incoming=person, at__gt=now - REMIND_FOR)
    written = Q(outgoing=person, at__gt=now - limits.span("handover_outgoing_for_s"))
    rows = Handoff.objects.filter(mine | written, accepted_at__isnull=True, at__lte=now + lead)
    found = list(rows.select_related("schedule", "incoming", "outgoing").order_by("at", "schedule__name", "role"))
    return Waiting(
        [one for one in found if one.incoming_id == person.pk],
        [one for one in found if one.outgoing_id == person.pk and one.incoming_id != person.pk],
    )

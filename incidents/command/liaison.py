"""Who speaks to the community: while nobody is chosen for it, the support steward on duty, whoever that is by now.

Whom a person gave the role, or who took it, keeps it when shifts change; who has it by this rule hands it on to the
next on duty. Who left it, or was let go, is not given it again by rule. Source: domain.md 3.1 (roles).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from incidents.command import assigning, queries
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident, RoleAssignment
from incidents.command.roles import Role
from incidents.command.writing import Refused, lock
from oncall.limits.queries import Limits
from oncall.people.models import Person
from rotations.coverage.queries import OnDuty

ROLE: Role = "external_liaison"


def steward(incident: Incident, *, now: datetime) -> Person | None:
    """Return the support steward on duty, where a major incident has nobody yet who speaks to the community.

    Nobody where it is restricted.
    """
    if not _wants(incident) or incident.assignments.filter(role=ROLE, ends_at__isnull=True).exists():
        return None
    return next((duty.person for duty in queries.on_duty(queries.STEWARD_SKILL, now=now)), None)


def give(incident: Incident, person: Person | None, *, now: datetime) -> bool:
    """Give them that role, unless they may not have it beside another. Their leave is locked."""
    if person is None:
        return False
    try:
        assigning.by_rule(incident=incident, role=ROLE, person=person, now=now, why="On call for support.")
    except Refused:
        return False
    return True


def keep(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Every half minute: let the steward on duty speak for major incidents for which nobody was chosen. Returns for how
    many. One query where there is none.
    """
    chosen = RoleAssignment.objects.filter(role=ROLE, ends_at__isnull=True, by__isnull=False)
    wanting = Incident.objects.live().filter(severity__lte=2, restricted=False)
    wanting = wanting.exclude(pk__in=chosen.values("incident"))
    found = list(wanting.order_by("number")[:at_most])
    duties = queries.on_duty(queries.STEWARD_SKILL, now=now) if found else []
    return sum(_pass_on(incident, duties, now=now) for incident in found) if duties else 0


@transaction.atomic
def _pass_on(incident: Incident, duties: Sequence[OnDuty], *, now: datetime) -> bool:
    current = lock(incident)
    held = current.assignments.filter(role=ROLE, ends_at__isnull=True).first()
    on_duty = {duty.person.pk for duty in duties}
    if not _wants(current) or (held is not None and (held.by_id is not None or held.person_id in on_duty)):
        return False
    left = None if held else _left(current)
    return any(give(current, duty.person, now=now) for duty in duties if str(duty.person.pk) != left)


def _left(current: Incident) -> object:
    """Return the id of who left the role last, so that nobody has it."""
    last = current.entries.filter(kind=Entry.Kind.ROLE, said__role=ROLE).order_by("-nth").first()
    return last.said.get("was") if last and last.said.get("is") is None else None


def _wants(incident: Incident) -> bool:
    return incident.is_major and not incident.restricted and incident.state in LIVE

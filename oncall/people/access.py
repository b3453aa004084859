"""Who may do what, as plain predicates. Views ask these; nothing else decides.

The first cut keeps to what a small team needs at night: everybody signed in may read the rota, raise and work an alarm;
configuration is the pilot's and the administrators'; leave is seen by its owner and by managers. Access in
depth comes later.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from oncall.people.models import Person, RoleTerm, Team


def is_pilot(person: Person, *, now: datetime) -> bool:
    return RoleTerm.objects.at(now).filter(person=person, role=RoleTerm.Role.PILOT).exists()


def may_configure(person: Person, *, now: datetime) -> bool:
    """Policies, rotations, sources, people: the pilot's and the administrators' (R27)."""
    return person.is_superuser or is_pilot(person, now=now)


def may_name_managers(person: Person) -> bool:
    """Managers see the leave of others, and the pilot does not (R34): so administrators alone say who is one."""
    return person.is_superuser


def teams_managed_by(person: Person, *, now: datetime) -> QuerySet[Team]:
    """The teams whose members' leave `person` sees, for being their manager; none for a manager of everybody."""
    terms = RoleTerm.objects.at(now).filter(person=person, role=RoleTerm.Role.MANAGER)
    return Team.objects.filter(pk__in=terms.values("team"))


def may_tell_others(person: Person) -> bool:
    """Webhooks send what happens here to other systems: the administrators' alone."""
    return person.is_superuser


def may_edit_contacts(actor: Person, *, owner_id: UUID) -> bool:
    """A person's own numbers and rules are their own; an administrator may help."""
    return actor.is_superuser or actor.pk == owner_id


def may_see_numbers(actor: Person, *, owner_id: UUID) -> bool:
    """Phone numbers are shown whole to their owner and to administrators, masked to others (security.md S14)."""
    return may_edit_contacts(actor, owner_id=owner_id)


def people_whose_leave_is_visible(actor: Person, *, now: datetime) -> QuerySet[Person]:
    """One's own; a manager's teams; everybody's for an administrator or a manager of everybody."""
    people: QuerySet[Person] = Person.objects.all()
    if actor.is_superuser:
        return people
    terms = RoleTerm.objects.at(now).filter(person=actor, role=RoleTerm.Role.MANAGER)
    if terms.filter(team__isnull=True).exists():
        return people
    return people.filter(Q(pk=actor.pk) | Q(memberships__team__in=terms.values("team"))).distinct()


def people_whose_burden_is_visible(actor: Person, *, now: datetime) -> QuerySet[Person]:
    """One's own; everybody's for the pilot, who spreads it; else those whose leave they may see (R19, R42)."""
    return Person.objects.all() if is_pilot(actor, now=now) else people_whose_leave_is_visible(actor, now=now)


def may_correct_leave(actor: Person, *, owner_id: UUID, now: datetime) -> bool:
    """The person called may correct the own hours with a reason, and so may their manager."""
    return people_whose_leave_is_visible(actor, now=now).filter(pk=owner_id).exists()


def may_recompute_leave(actor: Person, *, now: datetime) -> bool:
    """Past credit under a changed rule: the administrators' and the managers' of everybody, not the pilot's."""
    if actor.is_superuser:
        return True
    terms = RoleTerm.objects.at(now).filter(person=actor, role=RoleTerm.Role.MANAGER, team__isnull=True)
    return terms.exists()


def may_approve_leave(actor: Person, *, owner_id: UUID, now: datetime) -> bool:
    """A manager of the person, or an administrator; nobody their own."""
    return actor.pk != owner_id and may_correct_leave(actor, owner_id=owner_id, now=now)


def may_issue_phones(actor: Person, *, owner_id: UUID, now: datetime) -> bool:
    """Managers issue on-call phones to their people, administrators to everybody; nobody to themselves (R35)."""
    return actor.pk != owner_id and people_whose_leave_is_visible(actor, now=now).filter(pk=owner_id).exists()


def looks_after_others(actor: Person, *, now: datetime) -> bool:
    """Say whether `actor` manages somebody: a manager of a team with others in it, of everybody, an administrator."""
    return people_whose_leave_is_visible(actor, now=now).exclude(pk=actor.pk).exists()


def may_edit_playbook(actor: Person, *, owner_team_id: UUID | None, now: datetime) -> bool:
    """The members of the team that owns it, the pilot, administrators. `owner_team_id`: None where no team owns it."""
    if owner_team_id is not None and actor.memberships.filter(team=owner_team_id).exists():
        return True
    return may_configure(actor, now=now)


def may_keep_messages(actor: Person, *, is_steward: bool, now: datetime) -> bool:
    """Templates and audiences of messages to the community: stewards', the pilot's, the administrators'. `is_steward`:
    they take turns as one, which rooms above know.
    """
    return is_steward or may_configure(actor, now=now)


def may_waive_check(actor: Person, *, owner_team_id: UUID | None, now: datetime) -> bool:
    """Let a red check be red for a while: its owner team, who knows what it is about; the pilot; administrators."""
    return may_edit_playbook(actor, owner_team_id=owner_team_id, now=now)

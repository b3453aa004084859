"""Verbs of roles: take one, give one, leave one. Each is dated, a line of the timeline, and evidence for the ledger.

Command is taken while nobody has it, or passes with an explicit yes (offering.py); it is never given to somebody
unasked, nor taken from whoever has it; where two incidents become one, a commander goes on. Source: domain.md 3.1.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Greatest

from incidents.command import evidence, queries
from incidents.command.labels import label
from incidents.command.lifecycle import LIVE, WORDS
from incidents.command.models import Entry, Incident, RoleAssignment
from incidents.command.roles import ROLES, Role, combining
from incidents.command.writing import Refused, because, lock, state_of, write
from oncall.paging import services as paging
from oncall.people import access
from oncall.people.models import Person

LONGEST_WHY = 200
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Assigned:
    """Who has the role now, and what was said against it: shown to whoever pressed, and written down."""

    assignment: RoleAssignment
    warnings: tuple[str, ...] = ()


def take(*, incident: Incident, role: Role, by: Person, now: datetime, why: str = "") -> Assigned:
    """Take a role oneself. Twice is once. One that is not command passes from whoever has it, who is told.

    Whoever is absent or resting, or new to command, is warned and may all the same: they know why they are here.

    :raises Refused: naming the field: the incident is over, somebody else has command, or roles may not be combined.
    """
    return _give(incident, role, by, by=by, now=now, why=why)


def assign(*, incident: Incident, role: Role, person: Person, by: Person, now: datetime, why: str = "") -> Assigned:
    """Give a role to somebody, who is told. Twice is once. Nobody absent or resting is given one.

    :raises Refused: as above; also if it is command, which is offered instead, or they are not here.
    """
    if person.pk != by.pk and role == "commander":
        raise Refused("role", f"Command passes with an explicit yes. Offer it to {person.name}.")
    return _give(incident, role, person, by=by, now=now, why=why)


def by_rule(
    *, incident: Incident, role: Role, person: Person, now: datetime, why: str, called: bool = False
) -> Assigned:
    """Give a role to whom a rule finds: on call for it, or (`called`) who answered the call for a commander, and has
    no other role then where two are not allowed.

    :raises Refused: as above.
    """
    return _give(incident, role, person, by=None, now=now, why=why, called=called)


@transaction.atomic
def release(
    *, incident: Incident, role: Role, by: Person, now: datetime, person: Person | None = None, why: str = ""
) -> Incident:
    """Leave a role, or (`person`) let somebody leave theirs. Twice is once. Nobody else has it then.

    Command is left by whoever has it; in their place by the deputy, the pilot or an administrator, who say why.

    :raises Refused: naming the field.
    """
    current, whose = lock(incident), person or by
    held = current.assignments.filter(role=role, person=whose, ends_at__isnull=True).select_related("person").first()
    if held is None:
        return current
    why = _why(why)
    if whose.pk != by.pk and role == "commander":
        if "deputy" not in queries.roles_of(current, by) and not access.may_configure(by, now=now):
            raise Refused("role", f"{whose.name} has command. The deputy, the pilot or an administrator may end that.")
        if not why:
            raise Refused("why", f"Say why {whose.name} does not have command any more, such as: does not answer.")
    evidence.lock([whose])
    who = f"{by.name} left" if whose.pk == by.pk else f"{by.name} let {whose.name} leave"
    end(current, held, handed_over=False, now=now)
    text = because(f"{who} the role: {_name(role)}.", why)
    write(current, Entry.Kind.ROLE, text, now=now, person=by, said={"role": role, "was": str(whose.pk), "is": None})
    if whose.pk != by.pk:
        _tell(current, whose, f"You are {_name(role)} no more", now=now, key=f"left:{held.pk}")
    if role == "commander":
        for deputy in current.assignments.filter(role="deputy", ends_at__isnull=True).exclude(person=by):
            said = "Nobody has command: you stand by for it. Take it"
            _tell(current, deputy.person, said, now=now, key=f"gap:{held.pk}")
    return current


def everyone_leaves(current: Incident, *, now: datetime) -> None:
    """The incident, which is locked, is over: so are its roles and what was offered, and everybody stands down."""
    current.assignments.filter(ends_at__isnull=True).update(ends_at=_or_began(now))
    current.command_offers.filter(answered_at__isnull=True).update(answered_at=now)
    people = evidence.engaged(current)
    evidence.lock(people)
    for person in people:
        evidence.over(current, person, now=now)


def holders(incident: Incident) -> list[Person]:
    """Return who has a role in it now."""
    has = incident.assignments.filter(ends_at__isnull=True)
    return list(Person.objects.filter(pk__in=has.values("person")).order_by("pk"))


def end(current: Incident, held: RoleAssignment, *, handed_over: bool, now: datetime) -> None:
    """End an assignment of a locked incident; whoever has no role left stands down. What they offered is taken back."""
    held.ends_at = max(now, held.starts_at)
    held.save(update_fields=["ends_at"])
    if held.role == "commander":
        current.command_offers.filter(answered_at__isnull=True).update(answered_at=now)
    if not queries.roles_of(current, held.person):
        evidence.left(current, held.person, handed_over=handed_over, now=now)


def check(current: Incident, role: Role, person: Person, *, itself: bool, now: datetime) -> list[str]:
    """Return what speaks against giving a role to somebody, in words fit to show. `itself`: they take it themselves.

    :raises Refused: if it may not be.
    """
    if current.state not in LIVE:
        raise Refused("role", f"{current} is {WORDS[state_of(current)]}: nobody has a role in it. Reopen it first.")
    if not person.is_active:
        raise Refused("person", f"{person.name} has left. Choose somebody else.")
    said = []
    has = [one for one in queries.roles_of(current, person) if one != role]
    if role == "commander":
        has = [one for one in has if one != "deputy"]  # who stands by for it steps up, and is deputy no more
    verdict = combining(role, has, severity=current.severity)
    others = ", ".join(_name(one) for one in has)
    if verdict == "blocked":
        raise Refused(
            "role",
            f"{person.name} is {others} already, and at SEV-1 nobody has two roles. Leave that one first, or ask"
            " somebody else.",
        )
    if verdict == "warned":
        said.append(f"{person.name} is {others} as well: at SEV-2 find somebody else for one of the two.")
    away = queries.absence_now(person, now=now)
    if away is not None:
        until = f"{'resting' if away.kind == 'rest' else 'absent'} until {away.covers_until:%d %b %H:%M} UTC"
        if not itself:
            raise Refused("person", f"{person.name} is {until}. Choose somebody else.")
        said.append(f"{person.name} is {until}: find somebody else soon.")
    if role == "commander" and queries.in_training(person):
        said.append(f"{person.name} is in no rotation of incident commanders yet: let somebody trained stand by.")
    return said


def begin(
    current: Incident, role: Role, person: Person, *, by: Person | None, now: datetime, why: str = ""
) -> RoleAssignment:
    """Let somebody have a role of a locked incident from `now`, or from when it was left; nobody else has it then."""
    if role == "commander":
        _step_up(current, person, now=now)
    had = current.assignments.filter(role=role).aggregate(began=Max("starts_at"), left=Max("ends_at"))
    starts_at = max(now, had["left"] or now)  # presses that cross come in another order than their instants
    if role != "expert" and starts_at == had["began"]:  # left as soon as it began: who has it now had it last
        starts_at += MOMENT
    row = RoleAssignment.objects.create(
        incident=current, role=role, person=person, starts_at=starts_at, by=by, why=why[:LONGEST_WHY]
    )
    evidence.took(current, person, role, now=now)
    return row


def _step_up(current: Incident, person: Person, *, now: datetime) -> None:
    """A deputy who has command is deputy no more; their work goes on."""
    if current.assignments.filter(role="deputy", person=person, ends_at__isnull=True).update(ends_at=_or_began(now)):
        text = f"{person.name} steps up from {_name('deputy')}: nobody stands by now."
        write(current, Entry.Kind.ROLE, text, now=now, said={"role": "deputy", "was": str(person.pk), "is": None})


def _make_room(current: Incident, person: Person, *, now: datetime) -> None:
    """Whoever answered the call for a commander of a SEV-1 has command, and leaves whatever else they had.

    To answer is to choose: refused, they would believe to have command, and nobody would.
    """
    if current.severity != 1 or queries.command_of(current) is not None:
        return
    others = current.assignments.filter(person=person, ends_at__isnull=True).exclude(role__in=("commander", "deputy"))
    for held in others:
        held.ends_at = max(now, held.starts_at)
        held.save(update_fields=["ends_at"])
        text = f"{person.name} answered the call for a commander and is {_name(held.role)} no more: SEV-1."
        said = {"role": held.role, "was": str(person.pk), "is": None}
        write(current, Entry.Kind.ROLE, text, now=now, said=said)


def _or_began(now: datetime) -> Greatest:
    """Return `now`, or when an assignment began if that is later: `now` is read before the incident is locked, and a
    press that waited for another comes after it with an earlier instant.
    """
    return Greatest(F("starts_at"), Value(now))


@transaction.atomic
def _give(
    incident: Incident,
    role: Role,
    person: Person,
    *,
    by: Person | None,
    now: datetime,
    why: str,
    called: bool = False,
) -> Assigned:
    if role not in ROLES:
        raise Refused("role", f"“{str(role)[:40]}” is no role. Choose one of: {', '.join(ROLES)}.")
    current, why = lock(incident), _why(why)
    held = current.assignments.filter(role=role, ends_at__isnull=True).select_related("person")
    mine = held.filter(person=person).first()
    if mine is not None:
        return Assigned(mine)
    other = held.first() if role != "expert" else None
    if other is not None and role == "commander":
        raise Refused("role", f"{other.person.name} has command since {other.starts_at:%H:%M} UTC. Ask them for it.")
    itself = by is None or person.pk == by.pk
    if called and current.state in LIVE:
        _make_room(current, person, now=now)
    said = check(current, role, person, itself=itself, now=now)
    evidence.lock([person, *([other.person] if other else [])])
    if other is not None:
        end(current, other, handed_over=True, now=now)
        _tell(current, other.person, f"{person.name} is {_name(role)} now", now=now, key=f"left:{other.pk}")
    if role == "commander":
        current.command_offers.filter(answered_at__isnull=True).update(answered_at=now)
    row = begin(current, role, person, by=by, now=now, why=why)
    text = f"{person.name} is {_name(role)}" + (f", named by {by.name}." if by and not itself else ".")
    if other is not None:
        text += f" Before: {other.person.name}."
    write(
        current, Entry.Kind.ROLE, because(because(text, why), " ".join(said)), now=now, person=by,
        said={"role": role, "was": str(other.person_id) if other else None, "is": str(person.pk), "warnings": said},
    )  # fmt: skip
    if by is None or not itself:
        _tell(current, person, f"You are {_name(role)}", now=now, key=f"role:{row.pk}")
    return Assigned(row, tuple(said))


def title_of(incident: Incident) -> str:
    """Return how it is called where others may read along: a restricted one by its number alone."""
    return f"incident {incident.number}" + ("" if incident.restricted else f" ({incident.title[:80]})")


def address(incident: Incident) -> str:
    return urljoin(settings.PUBLIC_BASE_URL, incident.path)


def _tell(incident: Incident, person: Person, text: str, *, now: datetime, key: str) -> None:
    said = f"{text} in {title_of(incident)}, SEV-{incident.severity}. {address(incident)}"
    paging.notice(key=f"incident:{key}", person=person, text=said, now=now)


def _name(role: str) -> str:
    words = label(role)
    return words if words[:2].isupper() else words[0].lower() + words[1:]  # an abbreviation stays one


def _why(text: str) -> str:
    """
    :raises Refused: if it is too long to keep.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST_WHY:
        raise Refused("why", f"That is over {LONGEST_WHY} characters. Say it shorter, and the rest in a note.")
    return text

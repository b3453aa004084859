"""What the screen of an incident shows: how it stands, what may be pressed, and its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from incidents.alarms.forms import SEVERITIES
from incidents.alarms.models import Alarm
from incidents.command import formatting, queries, returning, timeline
from incidents.command.export import TYPED
from incidents.command.forms import may_be_pressed
from incidents.command.labels import all_labels, label
from incidents.command.lifecycle import BADGES, LIVE
from incidents.command.models import Incident, RoleAssignment
from incidents.command.roles import ROLES
from incidents.command.timeline import Line
from incidents.command.writing import state_of
from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.schedule.models import Schedule

MOVE_WORDS = {
    "investigate": "The cause is not known after all",
    "identify": "The cause is known",
    "mitigate": "The effect has stopped",
    "resolve": "It is over: resolve",
    "close": "Close it",
    "reopen": "It is back: reopen",
    "false_alarm": "It was a false alarm",
    "merge": "Merge it",
}
SHOWN = 200  # lines of a long timeline; all of it is one press away


@dataclass(frozen=True)
class Shown:
    """A line and its text as HTML, in which nothing is the writer's but words (formatting.py)."""

    line: Line
    html: str


def shown(lines: Sequence[Line]) -> list[Shown]:
    """Return lines with their HTML, in one query for all the names that they mention."""
    asked: set[str] = set()
    for line in lines:
        if line.kind in TYPED:
            asked |= formatting.mentions(line.text)
    people = Person.objects.active().filter(username__in=asked) if asked else Person.objects.none()
    names = set(people.values_list("username", flat=True)) if asked else set()
    return [Shown(line, formatting.as_html(line.text, names=names) if line.kind in TYPED else "") for line in lines]


def standing(incident: Incident, *, person: Person, now: datetime) -> dict[str, Any]:
    """Return how it stands: roles, alarms, ticks, clocks, and what may be pressed by `person`."""
    roles = queries.roles_now(incident)
    order = list(ROLES)
    roles.sort(key=lambda one: (order.index(one.role), one.starts_at))  # type: ignore[arg-type]  # has a constraint
    command = next((one for one in roles if one.role == "commander"), None)
    mine = {one.role for one in roles if one.person_id == person.pk}
    live = incident.state in LIVE
    taken = {one.role for one in roles if one.role != "expert"}
    return {
        "incident": incident,
        "now": now,
        "person": person,
        "live": live,
        "state_word": incident.state.replace("_", " "),
        "badge": BADGES[state_of(incident)],
        "roles": [(label(one.role), one) for one in roles],
        "command": command,
        "command_due": _command_due(command, now=now),
        "offer": queries.open_offer(incident),
        "mine": [(role, label(role)) for role in order if role in mine],
        "free": [(role, label(role)) for role in order if live and role not in mine | taken and role != "commander"],
        "combined": [(one, [label(each.role).lower() for each in many]) for one, many in queries.combined(incident)],
        "returned": returning.returned(incident),
        "ticks": queries.four_ticks(incident),
        "alarms": list(queries.alarms_of(incident).select_related("acknowledged_by")),
        "moves": [(move, MOVE_WORDS[move]) for move in may_be_pressed(incident) if move != "merge"],
        "may_merge": "merge" in may_be_pressed(incident),
        "severities": SEVERITIES,
    }


def choices(incident: Incident, *, person: Person) -> dict[str, Any]:
    """Return what the presses choose from: people, skills, other incidents, alarms that are open and free."""
    if incident.state not in LIVE:
        return {"people": [], "skills": [], "others": [], "open_alarms": []}
    others = Incident.objects.visible_to(person).live().filter(restricted=incident.restricted).exclude(pk=incident.pk)
    held = Q(incident_links__unlinked_at__isnull=True, incident_links__isnull=False)
    free = Alarm.objects.open().visible_to(person).exclude(pk__in=Alarm.objects.filter(held).values("pk"))
    skills = Schedule.objects.exclude(skill="").order_by("skill").values_list("skill", flat=True).distinct()
    return {
        "people": list(Person.objects.active().exclude(pk=person.pk)),
        "skills": list(skills),
        "others": list(others[:50]),
        "open_alarms": list(free.order_by("severity", "fired_at")[:50]),
        "all_roles": [(role, words) for role, words in all_labels().items() if role != "commander"],
    }


def _command_due(command: RoleAssignment | None, *, now: datetime) -> dict[str, Any] | None:
    """Return when command is due to pass (domain.md 3.1: after 3 h, a limit), and whether that is behind us."""
    if command is None:
        return None
    due = command.starts_at + limits.at(now).span("commander_due_s")
    return {"at": due, "over": now >= due}


def groups_from(values: Sequence[str]) -> list[str]:
    """Return which groups of lines a URL asks for; what is no group counts for nothing."""
    return [value for value in values if value in timeline.GROUPS]

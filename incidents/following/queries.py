"""Questions about runs and what they are about: who may see which, which follow an alarm, whom a step called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from incidents.alarms.models import Alarm, LogEntry
from incidents.command import queries as command
from incidents.command.models import Incident, IncidentAlarm, RoleAssignment
from incidents.following.models import SkillCall
from oncall.paging.models import Page
from oncall.people.models import Person
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import parse
from playbooks.library.queries import Shelf
from playbooks.runs import queries as runs
from playbooks.runs.models import Run
from playbooks.runs.queries import Suggestion
from rotations.schedule.models import Schedule

NAME = "alertname"  # the label in which Prometheus says which rule it was
SUGGESTED = 3


def visible(person: Person) -> QuerySet[Run]:
    """Return the runs that `person` may see: practice, and those about an alarm or incident that they may see (R43)."""
    alarms = Alarm.objects.visible_to(person).exclude(pk__in=hidden(person).values("alarm"))
    incidents = Incident.objects.visible_to(person)
    seen = Q(tie__isnull=True) | Q(tie__alarm__in=alarms.values("pk")) | Q(tie__incident__in=incidents.values("pk"))
    return Run.objects.filter(seen).select_related(
        "playbook", "revision", "started_by", "ended_by", "parent__playbook", "tie__alarm", "tie__incident"
    )


def secret_links() -> QuerySet[IncidentAlarm]:
    """Return what makes an alarm part of a restricted incident; what was taken out of it was about something else."""
    return IncidentAlarm.objects.filter(Q(unlinked_at__isnull=True) | Q(calls=True), incident__restricted=True)


def hidden(person: Person) -> QuerySet[IncidentAlarm]:
    """Return what makes alarms part of incidents that `person` may not see."""
    return secret_links().exclude(incident__in=Incident.objects.visible_to(person))


def secret() -> QuerySet[Run]:
    """Return the runs about a restricted incident, or about an alarm that is part of one."""
    return Run.objects.filter(Q(tie__incident__restricted=True) | Q(tie__alarm__in=secret_links().values("alarm")))


def of_alarm(alarm: Alarm, *, person: Person) -> QuerySet[Run]:
    """Return the runs about an alarm that `person` may see, the open ones first, then the newest."""
    rows = visible(person).filter(tie__alarm=alarm)
    return rows.order_by("-ended_at", "-started_at")


def of_incident(incident: Incident) -> QuerySet[Run]:
    """Return the runs about an incident or one of its alarms, the open ones first, then the newest."""
    alarms = incident.alarm_links.filter(unlinked_at__isnull=True).values("alarm")
    rows = Run.objects.filter(Q(tie__incident=incident) | Q(tie__alarm__in=alarms))
    return rows.select_related("playbook", "started_by").order_by("-ended_at", "-started_at")


def incident_about(run: Run, *, person: Person) -> Incident | None:
    """Return the incident that a run is about, or the live one that its alarm is part of, if `person` may see it."""
    tie = getattr(run, "tie", None)
    if tie is None:
        return None
    found = tie.incident or command.incident_of([tie.alarm])
    return Incident.objects.visible_to(person).filter(pk=found.pk).first() if found else None


def suggested(alarm: Alarm, *, own: Playbook | None, now: datetime) -> list[Suggestion]:
    """Return what to try for an alarm, by how often it solved such alarms: nothing where its own playbook stands alone.

    Candidates are the playbooks that name the alarm or its product, and whatever solved its like before.
    """
    shelf = Shelf()
    name = alarm.labels.get(NAME, "")
    words = {one.casefold() for one in (alarm.product, alarm.product.rpartition("/")[2]) if one}
    candidates = [row for row in shelf.rows if words & {one.casefold() for one in row.products}]
    first = shelf.of_alarm(
        playbook=alarm.playbook, key=alarm.key, title=alarm.title, names=[name] if isinstance(name, str) else []
    )
    candidates = list(dict.fromkeys([*([first] if first else []), *candidates]))
    found = runs.suggestions(key=alarm.key, title=alarm.title, product=alarm.product, candidates=candidates, now=now)
    if own is not None and all(one.playbook == own for one in found):
        return []
    return found[:SUGGESTED]


@dataclass(frozen=True)
class Called:
    """Whom a step called, and how that stands, in words."""

    call: SkillCall
    words: str


def calls_of(run: Run) -> dict[int, list[Called]]:
    """Return whom each step called, by its number. Two queries, or four."""
    calls = list(run.calls.select_related("alarm__acknowledged_by", "by"))
    wanted = [pk for call in calls for pk in call.pages]
    pages = {page.pk: page for page in Page.objects.filter(pk__in=wanted).select_related("person")} if wanted else {}
    answers = _answers([call for call in calls if not call.pages and _is_over(call)])
    found: dict[int, list[Called]] = {}
    for call in calls:
        made = [pages[pk] for pk in call.pages if pk in pages]
        found.setdefault(call.step, []).append(Called(call, answers.get(call.pk) or _words(call, made)))
    return found


def _is_over(call: SkillCall) -> bool:
    return call.alarm.state == Alarm.State.RESOLVED or call.alarm.cycle != call.cycle


def _answers(calls: Sequence[SkillCall]) -> dict[int, str]:
    """Return who answered calls into an incident that are over, and whether they have joined. Two queries, or none."""
    if not calls:
        return {}
    alarms = [call.alarm_id for call in calls]
    lines = LogEntry.objects.filter(alarm__in=alarms, kind=LogEntry.Kind.ACKNOWLEDGED, person__isnull=False)
    said = {(line.alarm_id, line.cycle): line.person for line in lines.select_related("person").order_by("at", "id")}
    experts = RoleAssignment.objects.filter(role="expert", incident__alarm_links__alarm__in=alarms)
    joined = set(experts.values_list("incident__alarm_links__alarm", "person"))
    words = {}
    for call in calls:
        who = said.get((call.alarm_id, call.cycle))
        if who is None:
            words[call.pk] = "Nobody answered, and the call is over"
        else:
            into = "has joined the incident" if (call.alarm_id, who.pk) in joined else "answered, and has not joined"
            words[call.pk] = f"{who.name} {into}"
    return words


def _words(call: SkillCall, pages: Sequence[Page]) -> str:
    if pages:
        return "; ".join(f"{page.person.name}: {page.get_state_display()} (code {page.reference})" for page in pages)
    alarm = call.alarm
    if alarm.state == Alarm.State.ACKNOWLEDGED and alarm.acknowledged_by:
        return f"{alarm.acknowledged_by.name} comes"
    return "calling"


def unknown_skills(skills: Collection[str]) -> frozenset[str]:
    """Return those of `skills` that no schedule has, so that nobody can be paged for them. One query, or none."""
    if not skills:
        return frozenset()
    known = {one.strip().casefold() for one in Schedule.objects.values_list("skill", flat=True)}
    return frozenset(one for one in skills if one.casefold() not in known)


def marks(playbooks: Collection[Playbook], *, now: datetime) -> Mapping[UUID, str]:
    """Return words about playbooks that page a skill which no schedule has, by their ids. Two queries."""
    newest = Revision.objects.newest().filter(playbook__in=[one.pk for one in playbooks])
    wanted = {row.playbook_id: parse(row.source).pages for row in newest}
    unknown = unknown_skills({one for skills in wanted.values() for one in skills})
    lacks = {pk: [one for one in skills if one in unknown] for pk, skills in wanted.items()}
    return {pk: f"pages nobody: no schedule is for {', '.join(names)}" for pk, names in lacks.items() if names}

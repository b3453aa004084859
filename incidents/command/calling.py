"""Call somebody into an incident: everything that pages is an alarm, and this one is linked to it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.alarms import announcing
from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE, Alarm
from incidents.command import evidence, queries
from incidents.command.assigning import title_of
from incidents.command.lifecycle import LIVE, WORDS
from incidents.command.models import Entry, Incident, IncidentAlarm
from incidents.command.writing import Refused, because, lock, state_of, write
from incidents.escalation.decision import StepPlan, Target, plan_as_json
from incidents.escalation.models import name_of_schedule
from oncall.limits import queries as limits
from oncall.outside.models import Posting
from oncall.people.models import Person
from rotations.coverage import queries as coverage
from rotations.schedule.models import Schedule

LONGEST_WHY = 1000
CALLED = "You are called into this incident. Acknowledge, and you are an expert of it."
ROUNDS = 12  # own choice: of a call for a commander
AND_YOU_HAVE = ": acknowledge, and you have"  # how the title of a call for a commander ends


@transaction.atomic
def call_in_expert(
    *,
    incident: Incident,
    by: Person,
    now: datetime,
    skill: str = "",
    schedule: Schedule | None = None,
    person: Person | None = None,
    why: str = "",
) -> Alarm:
    """Page whoever is on call for a skill, or for one schedule, or one person; who acknowledges is an expert of it.

    Returns the alarm that calls them. Twice while it is open is once. Nobody absent or resting is called by name.

    :raises Refused: naming the field: the incident is over, not one of the three is named, or nobody is there.
    """
    current = lock(incident)
    if current.state not in LIVE:
        raise Refused(
            "incident", f"{current} is {WORDS[state_of(current)]}: nobody is called into it. Reopen it first."
        )
    if bool(skill.strip()) + (schedule is not None) + (person is not None) != 1:
        raise Refused("skill", "Say whom to call: a skill, or a schedule, or a person.")
    if len(why) > LONGEST_WHY:
        raise Refused("why", f"That is over {LONGEST_WHY} characters. Say it shorter, and the rest in a note.")
    name, key, targets = _whom(skill.strip(), schedule, person, now=now)
    firing = alarms.Firing(
        title=f"Expert wanted ({name}): {title_of(current)}",
        severity=current.severity,
        source_id=PEOPLE,
        source=by.name,
        key=f"expert:{current.pk}:{key}"[:200],
        description=because(CALLED, "" if current.restricted else why),  # everybody reads an alarm (R43)
        link=current.path,
        product="" if current.restricted else current.product,
        plan=_plan(f"expert: {name}", targets, wait_s=float(limits.at(now).number("reassign_wait_s"))),
    )
    alarm = alarms.fire(firing=firing, policy=None, now=now, by=by)
    text = because(f"{by.name} calls in {name}.", why)
    if link(current, alarm, by=by, now=now):
        write(current, Entry.Kind.ALARM, text, now=now, person=by, url=alarm.path)
    evidence.acted(current, by, kind="note", text=f"Called somebody into incident {current.number}.", now=now)
    return alarm


def link(incident: Incident, alarm: Alarm, *, by: Person | None, now: datetime) -> bool:
    """Say that an alarm calls somebody into an incident; nothing where it says so already. The incident is locked."""
    known = incident.alarm_links.filter(alarm=alarm, unlinked_at__isnull=True)
    if known.exists():
        return False
    IncidentAlarm.objects.create(
        incident=incident, alarm=alarm, linked_at=now, by=by, calls=True, severity=alarm.severity
    )
    return True


def unname(incident: Incident, *, now: datetime) -> None:
    """Let calls into an incident, which is locked and restricted from now on, say its number alone: everybody reads an
    alarm, and its message in Slack's channel of all alarms says the same (R43). Also those that are over.
    """
    calls = incident.alarm_links.filter(calls=True).values("alarm")
    for alarm in Alarm.objects.select_for_update(of=("self",)).filter(pk__in=calls).order_by("pk"):
        alarm.title, alarm.product = _without_title(alarm.title, incident), ""
        if alarm.source_id == PEOPLE:  # behind its first words stood why
            alarm.description = CALLED
        alarm.save(update_fields=["title", "description", "product"])
        if Posting.objects.filter(key=f"alarm:{alarm.pk}").exists():
            announcing.show_in_slack(alarm, "Its incident is restricted now.", now=now)


def _without_title(text: str, incident: Incident) -> str:
    """Return the title of a call without that of its incident, whatever it was when the call was made."""
    begin, named, _ = text.partition(f"incident {incident.number} (")
    if not named:
        return text
    return f"{begin}incident {incident.number}" + (AND_YOU_HAVE if text.endswith(AND_YOU_HAVE) else "")


def commander_plan(incident: Incident, *, wait_s: float, standby_s: float) -> dict[str, Any] | None:
    """Return a plan that calls who is on call as incident commander, again and again; nothing if there is no such
    schedule: then the default policy is meant. Past its rounds it begins again (watch.py). Whoever stands by as deputy
    is called first, and alone for `standby_s` seconds: they know what is going on. A round takes `wait_s` seconds with
    a deputy as without.
    """
    targets = [_target(schedule) for schedule in queries.schedules_for(queries.COMMANDER_SKILL)]
    if not targets:
        return None
    deputy = incident.assignments.filter(role="deputy", ends_at__isnull=True).select_related("person").first()
    if deputy is None:
        steps = [StepPlan(tuple(targets), wait_s)]
    else:
        alone = StepPlan((Target("person", str(deputy.person_id), deputy.person.name),), standby_s)
        steps = [alone, StepPlan(tuple(targets), max(wait_s - standby_s, standby_s))]
    return plan_as_json("incident commander", steps, ROUNDS)


def _whom(
    skill: str, schedule: Schedule | None, person: Person | None, *, now: datetime
) -> tuple[str, str, list[Target]]:
    """Return how they are called in words and in a key, and the targets.

    :raises Refused: if nobody is there.
    """
    if person is not None:
        away = queries.absence_now(person, now=now)
        if not person.is_active or away is not None:
            until = f"absent until {away.covers_until:%d %b %H:%M} UTC" if away else "not here any more"
            raise Refused("person", f"{person.name} is {until}. Call whoever is on call for the skill.")
        return person.name, str(person.pk), [Target("person", str(person.pk), person.name)]
    field = "schedule" if schedule else "skill"
    many = [schedule] if schedule else queries.schedules_for(skill)
    if not many:
        raise Refused("skill", f"No schedule is for “{skill[:80]}”. Choose a skill that a schedule has, or a person.")
    name = schedule.name if schedule else many[0].skill
    if not any(coverage.on_call(schedule=one, at=now) for one in many):
        raise Refused(field, f"Nobody is on call for {name} now. Choose a person.")
    return name, str(schedule.pk) if schedule else skill.lower(), [_target(one) for one in many]


def _target(schedule: Schedule) -> Target:
    return Target("schedule", str(schedule.pk), name_of_schedule(schedule.name, "primary"))


def _plan(name: str, targets: list[Target], *, wait_s: float) -> dict[str, Any]:
    return plan_as_json(name, [StepPlan(tuple(targets), wait_s)], 3)

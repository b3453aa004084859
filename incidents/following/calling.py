"""“Page Data Facility”, as a button in a step: whoever is on call for the skill is called about this alarm (R21)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from incidents.alarms import work
from incidents.alarms.models import CALLED_IN, Alarm, AlarmPage
from incidents.alarms.pages import wait_for_turn
from incidents.alarms.services import AlreadyResolved
from incidents.command import queries as command
from incidents.command.calling import call_in_expert
from incidents.command.models import Incident
from incidents.command.writing import Refused as IncidentRefused
from incidents.following import queries
from incidents.following.models import SkillCall
from oncall.paging.models import Page
from oncall.paging.services import Unreachable
from oncall.people.models import Person
from playbooks.runs import queries as runs
from playbooks.runs.models import Run
from playbooks.runs.services import Refused


class NobodyToCall(Exception):
    """Nobody can be called for the skill. The message says why and what to do, and is fit to show."""


@transaction.atomic
def page_skill(*, run: Run, step: int, by: Person, now: datetime, skill: str = "") -> SkillCall:
    """Page whoever is on call for the skill that a step names; `skill`: which, where it names several. Pressed twice
    they are paged once.

    In a live incident they are called into it, as an expert; else about the alarm, whose holder keeps it.

    :raises Refused: if the run is over or about nothing, or the step does not page that skill, or nobody.
    :raises NobodyToCall: if nobody is on call for the skill, or can be reached, or all is over.
    """
    over = Run.objects.filter(pk=run.pk, ended_at__isnull=False).first()
    if over is not None and over.ended_at is not None:
        words = f"It ended at {over.ended_at:%H:%M} UTC, {over.get_end_display()}: nobody is paged from it."
        raise Refused("run", f"{words} Start another run.")
    sheet = runs.sheet_of(run)
    skill = _named(sheet.steps[step - 1].pages if 1 <= step <= len(sheet.steps) else (), skill, step=step)
    incident = queries.incident_about(run, person=by)
    tie = getattr(run, "tie", None)
    if incident is not None:
        return _into_incident(run, incident, step=step, skill=skill, by=by, now=now)
    if tie is None or tie.alarm is None:
        raise Refused("step", "This is practice: nobody is paged. Start the playbook from an alarm or an incident.")
    return _about_alarm(run, tie.alarm, step=step, skill=skill, by=by, now=now)


def _named(skills: Sequence[str], wanted: str, *, step: int) -> str:
    """
    :raises Refused: if a step that pages these `skills` does not page the `wanted` one, or several and none is named.
    """
    if not skills:
        raise Refused("step", f"Step {step} pages nobody. Choose one that names a skill.")
    found = [one for one in skills if one.casefold() == wanted.strip().casefold()] if wanted.strip() else skills
    if len(found) != 1:
        raise Refused("skill", f"“{wanted[:80]}” is not paged from step {step}. Name one of {', '.join(skills)}.")
    return found[0]


def _into_incident(run: Run, incident: Incident, *, step: int, skill: str, by: Person, now: datetime) -> SkillCall:
    why = f"Step {step} of the playbook “{run.playbook.title}” asks for you."
    people = [duty.person for duty in command.on_duty(skill, now=now)]
    experts = incident.assignments.filter(role="expert", ends_at__isnull=True, person__in=people)
    inside = {*experts.values_list("person_id", flat=True), by.pk}
    others = [one for one in people if one.pk not in inside]
    if people and not others:
        there = next((one.name for one in people if one.pk != by.pk), "")
        is_on_call = f"{there} is on call for {skill[:80]} and in the incident already."
        words = is_on_call if there else f"You are on call for {skill[:80]} yourself."
        raise NobodyToCall(f"{words} Call somebody else into it if you need more help.")
    try:
        if len(others) == len(people):
            alarms = [call_in_expert(incident=incident, skill=skill, by=by, now=now, why=why)]
        else:  # of several on call for it some are there
            alarms = [call_in_expert(incident=incident, person=one, by=by, now=now, why=why) for one in others]
    except IncidentRefused as error:
        raise NobodyToCall(str(error)) from error
    calls = []
    for alarm in alarms:
        known = run.calls.filter(step=step, skill=skill, alarm=alarm, cycle=alarm.cycle).first()
        calls.append(known or _keep(run, alarm, step=step, skill=skill, pages=[], by=by, now=now))
    return calls[-1]


def _about_alarm(run: Run, alarm: Alarm, *, step: int, skill: str, by: Person, now: datetime) -> SkillCall:
    try:
        alarm = work.lock(alarm, cycle=None)
    except AlreadyResolved as error:
        raise NobodyToCall(str(error)) from error
    if not command.schedules_for(skill):
        raise NobodyToCall(f"No schedule is for “{skill[:80]}”, so nobody can be called for it. Escalate the alarm.")
    people = [duty.person for duty in command.on_duty(skill, now=now)]
    if not people:
        raise NobodyToCall(f"Nobody is on call for {skill[:80]} now. Escalate the alarm.")
    others = sorted((one for one in people if one.pk != by.pk), key=lambda one: one.pk)
    if not others:
        raise NobodyToCall(f"You are on call for {skill[:80]} yourself. Escalate the alarm if you need help.")
    wait_for_turn(others)
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, step=CALLED_IN, page__person__in=others)
    coming = links.filter(page__state__in=[Page.State.CALLING, Page.State.ANSWERED]).select_related("page")
    pages = {link.page.person_id: link.page for link in coming}
    unreached, called = [], False
    for person in others:
        if person.pk in pages or person.pk == alarm.acknowledged_by_id:
            continue
        try:
            with transaction.atomic():
                pages[person.pk] = work.call_in(alarm=alarm, person=person, by=by, now=now)
            called = True
        except Unreachable as error:
            unreached.append(str(error))
    if not pages:
        reason = " ".join(unreached) or f"{others[0].name} is on call for {skill[:80]} and has the alarm already."
        raise NobodyToCall(f"{reason} Escalate the alarm if you need more help.")
    known = run.calls.filter(step=step, skill=skill, alarm=alarm, cycle=alarm.cycle).last()
    if known is not None and not called:
        return known
    return _keep(run, alarm, step=step, skill=skill, pages=list(pages.values()), by=by, now=now)


def _keep(run: Run, alarm: Alarm, *, step: int, skill: str, pages: list[Page], by: Person, now: datetime) -> SkillCall:
    run.touched_at = max(run.touched_at, now)
    Run.objects.filter(pk=run.pk, touched_at__lt=now).update(touched_at=now)
    return SkillCall.objects.create(
        run=run, step=step, skill=skill, alarm=alarm, cycle=alarm.cycle, pages=[one.pk for one in pages], by=by, at=now
    )

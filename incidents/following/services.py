"""Verbs about runs that are about something: each step goes into the alarm's log, or the incident's timeline (R20).

Locks are taken in the house's order: the incident or the alarm, then the run, then leave. A line in the log of an alarm
appears in its incident's timeline by itself.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from incidents.alarms import evidence
from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm, LogEntry
from incidents.command import evidence as incident_evidence
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.command.writing import lock, write
from incidents.following import queries
from incidents.following.models import Tie
from oncall.limits import queries as limits
from oncall.people.models import Person
from playbooks.library.models import Playbook
from playbooks.runs import services as runs
from playbooks.runs.models import Run, StepOutcome
from playbooks.runs.services import Overtaken as Overtaken  # noqa: PLC0414  # who presses takes it from here
from playbooks.runs.services import Refused as Refused  # noqa: PLC0414  # as above
from playbooks.runs.services import Subject


@transaction.atomic
def start(
    *,
    playbook: Playbook,
    by: Person,
    now: datetime,
    alarm: Alarm | None = None,
    incident: Incident | None = None,
    parent: Run | None = None,
) -> tuple[Run, bool]:
    """Begin to follow a playbook for an alarm or an incident, or join whoever does; for neither, practise it.

    Returns the run, and whether it is new.

    :raises Refused: if the playbook is out of use.
    """
    alarm, incident = _hold(alarm, incident)
    run, is_new = runs.start(playbook=playbook, subject=_subject(alarm, incident), by=by, now=now, parent=parent)
    if is_new and (alarm or incident):
        Tie.objects.create(run=run, alarm=alarm, incident=incident)
        _say(run, alarm, incident, f"{by.name} follows “{playbook.title}”, revision {run.revision.n}.", by=by, now=now)
    return run, is_new


@transaction.atomic
def tick(
    *,
    run: Run,
    step: int,
    outcome: str,
    by: Person,
    now: datetime,
    seen: int | None = None,
    minutes: int | None = None,
) -> StepOutcome:
    """Say what a step came to, or correct it. See `playbooks.runs.services.tick`.

    :raises Refused: naming the field.
    :raises Overtaken: if somebody else has said something else since `seen`.
    """
    alarm, incident = _held_by(run)
    corrected = run.outcomes.filter(step=step).exists()
    row, is_new = runs.tick(run=run, step=step, outcome=outcome, by=by, now=now, seen=seen, minutes=minutes)
    if is_new:
        took = "" if row.minutes is None else f", {row.minutes} min"
        again = " (corrected)" if corrected else ""
        text = f"{by.name}: “{run.playbook.title}”, step {step}. {row.title} {row.get_outcome_display()}{took}{again}."
        _say(run, alarm, incident, text, by=by, now=now)
    return row


@transaction.atomic
def end(*, run: Run, how: str, by: Person | None, now: datetime, step: int | None = None, missing: str = "") -> Run:
    """End a run. See `playbooks.runs.services.end`. `by`: None where nobody pressed.

    One that solved it ends whatever led to it; after any other end it goes on there.

    :raises Refused: naming the field.
    :raises Overtaken: if somebody else has ended it otherwise.
    """
    alarm, incident = _held_by(run)
    mind(run, now=now)
    run, changed = runs.end(run=run, how=how, by=by, now=now, step=step, missing=missing)
    if not changed:
        return run
    _say(run, alarm, incident, _ended_words(run, by=by), by=by, now=now)
    above = run.parent if run.end == "solved" else None
    while above is not None and (above.ended_at is None or above.end == "left"):
        above, _ = runs.end(run=above, how="solved", by=by, now=now)
        _say(above, alarm, incident, _ended_words(above, by=by, through=run), by=by, now=now)
        above = above.parent
    return run


@transaction.atomic
def lead_back(*, run: Run, slug: str, by: Person, now: datetime) -> Run | None:
    """Go back to the playbook `slug` where it led to this one and is open: all below it ends as written, so that it
    goes on with its next step. Returns its run, None where it did not lead here.

    :raises Overtaken: if somebody else has ended one of them otherwise.
    """
    below, above = [run], run.parent
    while above is not None and above.playbook.slug != slug:
        below.append(above)
        above = above.parent
    if above is None or above.ended_at is not None:
        return None
    for one in below:
        end(run=one, how="written", by=by, now=now)
    return above


@transaction.atomic
def reopen(*, run: Run, by: Person, now: datetime) -> Run:
    """Go on with a run whose end was a wrong press. See `playbooks.runs.services.reopen`.

    :raises Refused: naming the field.
    """
    alarm, incident = _held_by(run)
    run, changed = runs.reopen(run=run, by=by, now=now)
    if changed:
        text = f"{by.name} goes on with “{run.playbook.title}”: its end was a wrong press."
        _say(run, alarm, incident, text, by=by, now=now)
    return run


def follow_restriction(incident: Incident, *, now: datetime) -> None:
    """Let what is written in the runs about an incident, or one of its alarms, be for as many as it is (R43). It is
    locked.
    """
    alarms = incident.alarm_links.values("alarm")
    for run in Run.objects.filter(Q(tie__incident=incident) | Q(tie__alarm__in=alarms)):
        mind(run, now=now)


def mind(run: Run, *, now: datetime) -> None:
    """Let what is written in a run be for as many as what it is about. Twice is once."""
    runs.restrict(run=run, restricted=queries.secret().filter(pk=run.pk).exists(), now=now)


@transaction.atomic
def say_missing(*, run: Run, text: str, by: Person, now: datetime) -> Run:
    """Say what a playbook lacked that did not help. It goes to its owner, not into the timeline.

    :raises Refused: naming the field.
    """
    _held_by(run)
    mind(run, now=now)
    return runs.say_missing(run=run, text=text, by=by, now=now)


def _ended_words(run: Run, *, by: Person | None, through: Run | None = None) -> str:
    who = f"{by.name} ended" if by else "Ended:"
    how = run.get_end_display()
    if through is not None:
        how = f"“{through.playbook.title}”, to which it led, solved it"
    elif run.end == "solved" and run.solved_step:
        how = f"step {run.solved_step} solved it"
    return f"{who} “{run.playbook.title}”: {how}."


def _held_by(run: Run) -> tuple[Alarm | None, Incident | None]:
    tie = Tie.objects.filter(run=run).select_related("alarm", "incident").first()
    return _hold(tie.alarm, tie.incident) if tie else (None, None)


def _hold(alarm: Alarm | None, incident: Incident | None) -> tuple[Alarm | None, Incident | None]:
    """Lock what a run is about, and return it as it is now."""
    if incident is not None:
        return None, lock(incident)
    if alarm is not None:  # without a join: after a wait what was joined would be as it was before
        return Alarm.objects.select_for_update().get(pk=alarm.pk), None
    return None, None


def _subject(alarm: Alarm | None, incident: Incident | None) -> Subject:
    if alarm is not None:
        return Subject(
            id=alarm.subject, about=alarm.title, url=alarm.path, key=alarm.key, title=alarm.title,
            product=alarm.product, restricted=queries.secret_links().filter(alarm=alarm).exists(),
        )  # fmt: skip
    if incident is not None:  # its title may be for few
        about = f"Incident {incident.number}" if incident.restricted else str(incident)
        return Subject(
            id=incident_evidence.subject(incident), about=about, url=incident.path, restricted=incident.restricted,
            product="" if incident.restricted else incident.product,
        )  # fmt: skip
    return Subject()


def _say(
    run: Run, alarm: Alarm | None, incident: Incident | None, text: str, *, by: Person | None, now: datetime
) -> None:
    """Write a line where it belongs, and that `by` is at work: while it is open, as a note does (domain.md 5.7)."""
    if incident is not None:
        write(incident, Entry.Kind.STEP, text, now=now, person=by, url=run.path)
        if by is not None and incident.state in LIVE:
            did = f"Followed a playbook for incident {incident.number}."  # which one may be nobody's business one day
            incident_evidence.acted(incident, by, kind="step", text=did, now=now)
    if alarm is None:
        return
    alarms.write(alarm, LogEntry.Kind.PLAYBOOK, text, now=now, person=by)
    if by is None or alarm.state == Alarm.State.RESOLVED:
        return
    if alarm.acknowledged_by_id == by.pk and not alarm.snoozed_until:  # news from whoever has it
        alarm.next_due = now + limits.at(now).span("acknowledgement_lapse_s")
        alarm.save(update_fields=["next_due"])
    evidence.acted(alarm=alarm, person=by, kind="step", text=f"Followed “{run.playbook.title}”.", now=now)

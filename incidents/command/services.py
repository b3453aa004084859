"""Declare an incident and say what becomes of it. Every change is a line of its timeline, in the same transaction.

An incident is locked before alarms, and both before leave (docs/architecture.md: locks are taken in one order).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from incidents.alarms.models import Alarm
from incidents.command import assigning, evidence, liaison, queries, returning, worsening
from incidents.command.lifecycle import LIVE, WORDS, Facts, Move, NotAllowed, after
from incidents.command.models import Entry, Incident, IncidentAlarm, Member, Picture
from incidents.command.writing import LONGEST_TEXT, because, check_version, state_of, turned
from incidents.command.writing import Moved as Moved  # noqa: PLC0414  # who presses takes it from here
from incidents.command.writing import Refused as Refused  # noqa: PLC0414
from incidents.command.writing import lock as lock  # noqa: PLC0414
from incidents.command.writing import write as write  # noqa: PLC0414
from oncall.people.models import Person

TWICE = timedelta(minutes=2)  # own choice: of two presses of the same person about the same
LONGEST_TITLE, LONGEST_SUMMARY = 200, 4000
SAYABLE = (Entry.Kind.NOTE, Entry.Kind.FINDING, Entry.Kind.ACTION, Entry.Kind.FIXED, Entry.Kind.CORRECTION)


@transaction.atomic
def declare(
    *,
    title: str,
    severity: int,
    by: Person | None,
    now: datetime,
    alarms: Iterable[Alarm] = (),
    summary: str = "",
    product: str = "",
    impact_starts_at: datetime | None = None,
    restricted: bool = False,
    rule: str = "",
    same_within: timedelta | None = None,
) -> Incident:
    """Declare an incident over some alarms or none. `by` None: a rule did, which `rule` names.

    Severity is at least as bad as the worst alarm's. Where an alarm is part of a live incident, that one is returned
    instead, so that two presses, or a press and a rule, declare once; the other alarms join it, it is as bad as the
    worst of it all from then on, and what was said otherwise is a note of it; where that one is open to all and this is
    to be restricted, that is refused. A major one that is not restricted has the support steward on duty as its
    external liaison, if there is one. `same_within`: of what is about no alarm, the same title by the same person
    within so short a time is the same press and incident.

    :raises Refused: naming the field.
    """
    many = sorted(alarms, key=lambda alarm: alarm.pk)
    title = " ".join(title.split())[:LONGEST_TITLE] or (many[0].title[:LONGEST_TITLE] if many else "")
    if not title:
        raise Refused("title", "Say in a few words what is wrong, such as: no alerts since 02:10.")
    if not 1 <= severity <= 5:
        raise Refused("severity", f"{severity} is no severity. Choose 1 (worst) to 5.")
    if impact_starts_at is not None and impact_starts_at > now:
        raise Refused("impact_starts_at", "The impact cannot begin in the future. Write when it began, or nothing.")
    _one_at_a_time()
    there = _worked_on(many, restricted=restricted, by=by, now=now)
    if there is None and same_within and not many:
        there = _same_press(title, restricted=restricted, by=by, since=now - same_within)
    if there is not None:
        if by is not None:
            usual = {there.title, *(alarm.title[:LONGEST_TITLE] for alarm in many)}
            return _said_too(there, "" if title in usual else title, summary, severity, by=by, now=now)
        return there
    severity = min([severity, *(alarm.severity for alarm in many)])
    incident = Incident.objects.create(
        number=(Incident.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        title=title,
        summary=summary.strip()[:LONGEST_SUMMARY],
        severity=severity,
        product=product or next((alarm.product for alarm in many if alarm.product), ""),
        declared_at=now,
        declared_by=by,
        impact_starts_at=impact_starts_at or min((alarm.fired_at for alarm in many), default=None),
        restricted=restricted,
    )
    who = by.name if by else f"The rule “{rule}”"
    write(incident, Entry.Kind.DECLARED, f"{who} declared it, SEV-{severity}.", now=now, person=by)
    if incident.impact_starts_at is not None:
        write(incident, Entry.Kind.IMPACT, "The impact began.", at=incident.impact_starts_at, now=now, person=by)
    for alarm in many:
        _attach(incident, alarm, by=by, now=now)
    steward = liaison.steward(incident, now=now)
    evidence.lock([one for one in (by, steward) if one is not None])
    if by is not None:
        evidence.acted(incident, by, kind="note", text=f"Declared incident {incident.number}.", now=now)
    liaison.give(incident, steward, now=now)
    return incident


@transaction.atomic
def attach(*, incident: Incident, alarm: Alarm, by: Person | None, now: datetime) -> Incident:
    """Let an alarm be part of a live incident, which is as bad as it from then on. Doing it twice changes nothing. `by`
    None: a rule did.

    :raises Refused: if the incident is over, or the alarm is part of another one.
    """
    current = lock(incident)
    if current.state not in LIVE:
        raise Refused("alarm", f"{current} is {WORDS[state_of(current)]}. Reopen it, or declare another.")
    _attach(current, alarm, by=by, now=now)
    return current


@transaction.atomic
def detach(*, incident: Incident, alarm: Alarm, by: Person, now: datetime) -> Incident:
    """Take an alarm out again: it was about something else. Doing it twice changes nothing."""
    current = lock(incident)
    if current.alarm_links.filter(alarm=alarm, calls=False, unlinked_at__isnull=True).update(unlinked_at=now):
        write(current, Entry.Kind.ALARM, f"{by.name} took “{alarm.title}” out.", now=now, person=by, url=alarm.path)
    return current


@transaction.atomic
def set_severity(
    *, incident: Incident, severity: int, by: Person, now: datetime, why: str = "", version: int | None = None
) -> Incident:
    """Say how bad it is; it may rise at any time, and its history is kept. Roles that may not be combined any more are
    named (queries.combined), and left to whoever has them.

    :raises Refused: if it is no severity, or the incident is closed.
    """
    if not 1 <= severity <= 5:
        raise Refused("severity", f"{severity} is no severity. Choose 1 (worst) to 5.")
    current = lock(incident, version=version)
    if current.severity == severity:
        return current
    if current.state in ("closed", "merged"):
        raise Refused("severity", f"{current} is {WORDS[state_of(current)]}; its severity stays. Reopen it first.")
    text = because(f"{by.name}: SEV-{current.severity} is now SEV-{severity}.", why)
    worsening.put(current, severity, text, by=by, now=now)
    steward = liaison.steward(current, now=now)
    evidence.lock([by, *([steward] if steward else [])])
    if current.state in LIVE:
        did = f"Said that incident {current.number} is SEV-{severity}."
        evidence.acted(current, by, kind="note", text=did, now=now)
    liaison.give(current, steward, now=now)
    return current


@transaction.atomic
def move(
    *,
    incident: Incident,
    move: Move,
    by: Person,
    now: datetime,
    why: str = "",
    into: Incident | None = None,
    version: int | None = None,
    review_done: bool = False,
) -> Incident:
    """Press `move`; lifecycle.py alone says what is allowed. `into`: of a merge, the incident that goes on: as bad as
    the worse of the two, and with the commander of this one, if it has none.

    :raises NotAllowed: in words; nothing has changed then.
    :raises Refused: if a merge does not say into what.
    :raises Moved: as above.
    """
    if move == "merge" and into is None:
        raise Refused("into", "Say into which incident it is merged.")
    if into is not None and move != "merge":
        raise Refused("into", f"Only “merge” takes another incident, not “{move}”. Leave it out.")
    if into is not None and into.pk == incident.pk:
        raise Refused("into", "An incident cannot be merged into itself. Choose another one.")
    both = [one for one in (incident, into) if one is not None]
    locked = Incident.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in both]).order_by("pk")
    rows = {one.pk: one for one in locked}
    current, primary = rows[incident.pk], rows[into.pk] if into else None
    check_version(current, version)
    if primary is not None and primary.restricted != current.restricted:
        raise Refused("into", "A restricted incident is merged only with another restricted one, lest it be read.")
    facts = Facts(current.severity, review_done, primary is None or primary.state in LIVE)
    was, before = state_of(current), current.merged_into
    back = returning.returned(current) if move == "reopen" else []  # asked while it is over
    current.state = after(was, move, facts)
    current.version += 1
    current.merged_into = primary if move == "merge" else None
    at = turned(current, Entry.Kind.STATE, now=now)
    current.resolved_at = at if move == "resolve" else None if current.state in LIVE else current.resolved_at
    current.closed_at = at if move == "close" else None
    current.reopened += move == "reopen"
    current.save()
    other = (
        f" (incident {primary.number})" if primary else ""
    )  # lines name others by number: they may be restricted later
    if before is not None:
        other = f", apart from incident {before.number}, which keeps the alarms"
    text = because(f"{by.name}: {SAID[move]}{other}.", why)
    said = {"was": was, "is": current.state}
    write(current, Entry.Kind.STATE, text, at=at, now=now, person=by, said=said, url=primary.path if primary else "")
    for alarm in back:
        _attach(current, alarm, by=by, now=now)
    if primary is not None:
        _take_alarms(current, primary, by=by, now=now)
        text_there = f"Incident {current.number} was merged into this one."
        write(primary, Entry.Kind.LINK, text_there, now=now, person=by, url=current.path)
        worsening.rise(primary, current.severity, f"as bad as incident {current.number} was.", by=by, now=now)
    steward = liaison.steward(current, now=now) if move == "reopen" else None
    command = queries.command_of(current) if primary and queries.command_of(primary) is None else None
    goes_on = [one for one in (steward, command.person if command else None) if one is not None]
    evidence.lock([by, *evidence.engaged(current), *goes_on])
    if was in LIVE or current.state in LIVE:
        did = f"Said that incident {current.number} is {WORDS[state_of(current)]}."
        evidence.acted(current, by, kind="note", text=did, now=now)
    if was in LIVE and current.state not in LIVE:
        assigning.everyone_leaves(current, now=now)
    if primary is not None and command is not None:
        _go_on(primary, command.person, number=current.number, now=now)
    liaison.give(current, steward, now=now)
    return current


SAID: dict[Move, str] = {
    "investigate": "still looking for the cause",
    "identify": "the cause is known",
    "mitigate": "the effect has stopped; we watch",
    "resolve": "it is over",
    "close": "closed",
    "reopen": "it is back, opened again",
    "false_alarm": "it was a false alarm",
    "merge": "it is the same as another",
}


@transaction.atomic
def say(
    *,
    incident: Incident,
    kind: str,
    text: str,
    by: Person,
    now: datetime,
    at: datetime | None = None,
    url: str = "",
    corrects: Entry | None = None,
    picture: Picture | None = None,
    key: str = "",
) -> Entry:
    """Write a line as in a chat room: a note, a finding, an action, what fixed it, or what corrects another line.

    `at`: when it happened, where that was earlier. `key`: of the press, so that one made twice writes once. What is
    over can be written about too; whoever writes then is not at work in it.

    :raises Refused: naming the field.
    """
    if kind not in SAYABLE:
        raise Refused("kind", f"Choose one of: {', '.join(SAYABLE)}.")
    if not text.strip() and picture is None:
        raise Refused("text", "The line is empty. Write what you saw or did.")
    if len(text) > LONGEST_TEXT:
        raise Refused("text", f"That is over {LONGEST_TEXT} characters. Put it into a file and write where it is.")
    if at is not None and at > now:
        raise Refused("at", "That lies in the future. Write when it happened, or leave it out for now.")
    if (corrects is not None) != (kind == Entry.Kind.CORRECTION):
        raise Refused("corrects", "A correction names the line that it corrects, and nothing else does.")
    current = lock(incident)
    if corrects is not None and corrects.incident_id != current.pk:
        raise Refused("corrects", "That line is not of this incident. Choose one of its own.")
    once = f"said:{by.pk}:{key}" if key else ""
    entry = write(
        current, kind, text.strip(), at=at, now=now, person=by, url=url, corrects=corrects, picture=picture, key=once
    )
    if current.state in LIVE:
        evidence.acted(current, by, kind="note", text=f"Wrote in incident {current.number}.", now=now)
    return entry


@transaction.atomic
def name_person(*, incident: Incident, person: Person, by: Person, now: datetime, why: str = "") -> Member:
    """Let somebody see a restricted incident (R43). Twice is once."""
    current = lock(incident)
    row, created = Member.objects.get_or_create(incident=current, person=person, defaults={"by": by, "at": now})
    if created:
        text = because(f"{by.name} let {person.name} see it.", why)
        write(current, Entry.Kind.NOTE, text, now=now, person=by)
    return row


def may(incident: Incident) -> list[Move]:
    """Return what can be pressed now, as far as the table alone says."""
    moves: list[Move] = []
    for move in SAID:
        try:
            after(state_of(incident), move, Facts(incident.severity, review_done=True))
        except NotAllowed:
            continue
        moves.append(move)
    return moves


def _worked_on(alarms: list[Alarm], *, restricted: bool, by: Person | None, now: datetime) -> Incident | None:
    """Return the live incident that one of these alarms is part of, locked and about all of them; None: no such.

    :raises Refused: if it is not theirs to see, or is open to all where it is to be restricted.
    """
    known = queries.incident_of(alarms)
    if known is None:
        return None
    if by is not None and not Incident.objects.visible_to(by).filter(pk=known.pk).exists():
        raise Refused("alarms", "One of these alarms is worked on already, by people whom its incident names.")
    incident = lock(known)
    if incident.state not in LIVE:  # it has ended just now: then this is another one
        return None
    if restricted and not incident.restricted:
        raise Refused("restricted", f"It is worked on already, for everybody to read: {incident}. Restrict that one.")
    for alarm in alarms:
        _attach(incident, alarm, by=by, now=now)
    return incident


def _said_too(incident: Incident, title: str, summary: str, severity: int, *, by: Person, now: datetime) -> Incident:
    """Keep what somebody said who declared it when it was there already: a title and a summary as a note, and that it
    is worse.
    """
    current = lock(incident)
    worsening.rise(current, severity, f"{by.name} declared it once more.", by=by, now=now)
    summary = "" if summary.strip() == current.summary else summary.strip()[:LONGEST_SUMMARY]
    said = " ".join(part for part in (f"{title}." if title else "", summary) if part)
    if said:
        text = f"Declared once more: {said}"
        key = f"declared:{sha256(text.encode()).hexdigest()[:40]}"  # pressed twice it is one line
        say(incident=current, kind=Entry.Kind.NOTE, text=text, by=by, now=now, key=key)
    return current


def _same_press(title: str, *, restricted: bool, by: Person | None, since: datetime) -> Incident | None:
    """Return what the same person declared by the same title so lately that it is the same press."""
    mine = Incident.objects.live().filter(declared_by=by, title=title, restricted=restricted, declared_at__gt=since)
    return mine.order_by("-number").first() if by is not None else None


def _attach(incident: Incident, alarm: Alarm, *, by: Person | None, now: datetime, known: int | None = None) -> None:
    """`known`: how bad the alarm was known to be by the incident that it comes from, which says for it; None: by none.

    :raises Refused: if it is part of another incident that is live.
    """
    held = IncidentAlarm.objects.filter(alarm=alarm, unlinked_at__isnull=True).select_related("incident").first()
    if held is not None and held.incident_id == incident.pk:
        worsening.hear(incident, held, alarm, now=now)
        return
    if held is not None:
        if held.incident.state in LIVE:
            part = "another incident" if held.incident.restricted else str(held.incident)
            raise Refused("alarm", f"“{alarm.title}” is part of {part}. Merge the two, or take it out there.")
        IncidentAlarm.objects.filter(pk=held.pk).update(unlinked_at=now)  # it came back after that one was over
    try:
        with transaction.atomic():
            IncidentAlarm.objects.create(
                incident=incident, alarm=alarm, linked_at=now, by=by, severity=known or alarm.severity
            )
    except IntegrityError:
        raise Refused("alarm", f"“{alarm.title}” was put into another incident just now. Look again.") from None
    text = f"Alarm “{alarm.title}”, SEV-{alarm.severity}, firing since {alarm.fired_at:%H:%M} UTC."
    write(incident, Entry.Kind.ALARM, text, now=now, person=by, url=alarm.path)
    if held is not None and not held.calls:
        was = held.incident
        text = f"It was part of incident {was.number} before, which is {WORDS[state_of(was)]}."
        write(incident, Entry.Kind.LINK, text, now=now, person=by, url=was.path)
    if known is None:
        worsening.join(incident, alarm, by=by, now=now)


def _take_alarms(given: Incident, taker: Incident, *, by: Person, now: datetime) -> None:
    for link in given.alarm_links.filter(unlinked_at__isnull=True, calls=False).select_related("alarm"):
        IncidentAlarm.objects.filter(pk=link.pk).update(unlinked_at=now)
        _attach(taker, link.alarm, by=by, now=now, known=link.severity)


def _go_on(taker: Incident, commander: Person, *, number: int, now: datetime) -> None:
    """Who had command of the incident that was merged has it of the one that goes on, unless they may not beside
    another role there: then somebody is called, as for every major incident without a commander.
    """
    try:
        why = f"had command of incident {number}, merged into this one"
        assigning.by_rule(incident=taker, role="commander", person=commander, now=now, why=why)
    except Refused:
        return


def _one_at_a_time() -> None:
    """Numbers have no holes, and two presses declare once: held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('incident', 0))")

"""Write down who worked when, for the ledger below: leave is computed from this and nothing else (domain.md 5.7)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from incidents.alarms.models import ACTS, Alarm, LogEntry
from incidents.alarms.pages import pages_of
from oncall.paging import queries as paging
from oncall.people.models import Person
from rotations.leave import services as leave
from rotations.leave.models import Evidence
from rotations.leave.spans import ENDINGS, UNDOABLE, Kind

MOMENT = timedelta(microseconds=1)
EVER = datetime.min.replace(tzinfo=UTC)


def acted(*, alarm: Alarm, person: Person, kind: Kind, text: str, now: datetime) -> None:
    """Somebody did something about this alarm.

    Their call-out began with the first page that the provider accepted for it since they last stood down from it; one
    that is too old to be answered calls nobody.
    """
    after = max(leave.called_since(now=now), last_ended_at([alarm.subject], person) or EVER)
    paged_at = paging.first_accepted_at(pages_of(alarm, person=person), after=after)
    if paged_at is not None:
        _record(alarm, person, "page", f"Paged for “{alarm.title}”.", at=min(paged_at, now), now=now)
    _record(alarm, person, kind, text, at=now, now=now)


def last_ended_at(subjects: Iterable[str], person: Person) -> datetime | None:
    """Return when this person's work on any of them last ended; an ending by a resolve that was undone is none."""
    rows = Evidence.objects.filter(person=person, subject__in=list(subjects), kind__in=[*ENDINGS, "undone"])
    of_each: dict[str, list[Evidence]] = {}
    for row in rows:
        of_each.setdefault(row.subject, []).append(row)
    return max((at for own in of_each.values() if (at := _last_ending(own))), default=None)


def _last_ending(rows: Iterable[Evidence]) -> datetime | None:
    undone = False
    for row in sorted(rows, key=lambda row: (row.at, row.kind == "undone"), reverse=True):
        if row.kind == "undone":
            undone = True
        elif not (undone and row.kind in UNDOABLE):
            return row.at
        else:
            undone = False
    return None


def resumed(*, alarm: Alarm, by: Person, resolved_at: datetime, now: datetime) -> list[Person]:
    """The resolve of that instant is undone, so it ended nobody's work: everybody it stood down is at it still.

    Evidence is never taken away; one more row says that the ending before it did not happen. Returns them, in the order
    of their ids.
    """
    endings = Evidence.objects.filter(subject=alarm.subject, at=resolved_at, kind__in=UNDOABLE)
    people = list(Person.objects.filter(pk__in=endings.values("person")).order_by("pk"))
    for person in people:
        _record(alarm, person, "undone", f"{by.name} undid the resolve of “{alarm.title}”.", at=now, now=now)
    return people


def relieve(*, alarm: Alarm, by: Person, now: datetime) -> None:
    """`by` takes the alarm out of its holder's hands: the holder's work on it ends here. Nothing if it is their own."""
    holder = alarm.acknowledged_by
    if holder is not None and holder.pk != by.pk:
        _record(alarm, holder, "over", f"{by.name} took “{alarm.title}” out of their hands.", at=now, now=now)


def let_go(*, alarm: Alarm, now: datetime) -> None:
    """The alarm leaves its holder's hands without an act of theirs (it lapsed, or got worse): their work on it counts
    as forgotten, until they act again. Where they snoozed it, that is over. Nothing where nobody has it.
    """
    holder = alarm.acknowledged_by
    if alarm.state != Alarm.State.ACKNOWLEDGED or holder is None:
        return
    if alarm.snoozed_until is not None:
        just_before = now - MOMENT  # the page that comes now begins another call-out
        _record(alarm, holder, "over", f"“{alarm.title}” is put off no longer.", at=just_before, now=now)
    else:
        _record(alarm, holder, "lapsed", f"“{alarm.title}” is with them no more.", at=now, now=now)


def _record(alarm: Alarm, person: Person, kind: Kind, text: str, *, at: datetime, now: datetime) -> None:
    leave.record(person=person, at=at, kind=kind, subject=alarm.subject, text=text, url=alarm.path, now=now)


def engaged(alarm: Alarm) -> list[Person]:
    """Return everybody who ever did something about it, in any cycle, in the order of their ids."""
    log = LogEntry.objects.filter(alarm=alarm, kind__in=ACTS, person__isnull=False)
    return list(Person.objects.filter(pk__in=log.values("person")).order_by("pk"))


def lock_leave(alarms: Iterable[Alarm], *also: Person) -> None:
    """Hold the leave of everybody these alarms may concern, and of `also`, before any of it is written."""
    alarms = list(alarms)
    log = LogEntry.objects.filter(alarm__in=alarms, kind__in=ACTS, person__isnull=False)
    holders = [alarm.acknowledged_by_id for alarm in alarms if alarm.acknowledged_by_id]
    concerned = Person.objects.filter(Q(pk__in=log.values("person")) | Q(pk__in=holders))
    leave.lock(people=[*concerned, *also])


def everyone_stands_down(*, alarm: Alarm, by: Person | None, now: datetime) -> None:
    """It is resolved: the work of everybody engaged in it ends here, as far as this alarm goes.

    People are taken in the order of their ids, so that two alarms resolved at once never wait for each other.
    """
    others = f"“{alarm.title}” was resolved by {by.name if by else alarm.source}."
    people = {person.pk: person for person in engaged(alarm)} | ({by.pk: by} if by else {})
    for key in sorted(people):
        if by is not None and key == by.pk:
            acted(alarm=alarm, person=by, kind="resolve", text=f"Resolved “{alarm.title}”.", now=now)
        else:
            _record(alarm, people[key], "over", others, at=now, now=now)

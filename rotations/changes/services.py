"""Put somebody else on call for a span, take the pager, be absent, and take that back.

Each verb ends in `schedule.services.touch`: coverage then knows that what it has stored is not all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from oncall.paging import services as paging
from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person
from rotations.changes import covers, queries
from rotations.changes.models import Absence, AbsenceFeed, Override
from rotations.changes.refusals import (
    Answered,
    CannotCover,
    InThePast,
    NotAllowed,
    Overlap,
)
from rotations.changes.words import Span, own_words, span_words
from rotations.schedule.models import Schedule
from rotations.schedule.services import touch


@transaction.atomic
def override(
    *,
    schedule: Schedule,
    role: str,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Person,
    now: datetime,
    replaces: Person | None = None,
    held: Sequence[Span] | None = None,
    displaced: Sequence[Person] = (),
) -> Override:
    """Let `person` be on call in `role` for `[starts_at, ends_at)`: alone, or for what `replaces` would have in it.

    It may have begun a while ago, but not be over; it works from `now` on. `held`: what `replaces` would have in it;
    None: nobody asked coverage. `displaced`: who would be on call in it, and is told.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(schedule)
    covers.check_span(starts_at, ends_at, what="An override")
    if ends_at <= now:
        raise InThePast("That span is over, and who was on call in it cannot be changed. Choose a later end.")
    covers.check_role(schedule, role)
    if not queries.may_override(by, person=person, now=now):
        raise NotAllowed("You may take a span yourself. To put somebody else on call, ask the pilot or a manager.")
    if replaces and replaces.pk == person.pk:
        raise CannotCover(f"{person.name} cannot cover for themselves. Choose somebody else.", field="replaces")
    works_from = max(starts_at, now)
    covers.check_available(person, works_from, ends_at)
    if replaces:
        covers.check_has_something(replaces, schedule, role, works_from, ends_at, held=held)
    covers.check_free(schedule, role, starts_at, ends_at, replaces=replaces)
    made = covers.put(
        Override(
            schedule=schedule,
            role=role,
            person=person,
            replaces=replaces,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            by=by,
            created_at=now,
        )
    )
    touch(schedules=[schedule], now=now)
    _tell_of_cover(made, displaced, now)
    return made


@transaction.atomic
def cancel(*, override: Override, by: Person, now: datetime) -> Override:
    """Take an override back from `now` on; what it covered until now stays. Doing it twice changes nothing.

    Whoever is relieved, or on call again, is told; of an override of the role alone coverage knows who that is.

    :raises NotAllowed: if `by` neither takes it, made it, nor may arrange.
    :raises InThePast: if it is over.
    :raises Answered: if somebody else has taken it over since.
    """
    covers.lock(override.schedule)
    current = (
        Override.objects.select_for_update(of=("self",))
        .select_related("schedule", "person", "replaces")
        .get(pk=override.pk)
    )
    if current.cancelled_at:
        return current
    if not queries.may_cancel(by, override=current, now=now):
        raise NotAllowed("Only who takes this override, who made it, the pilot or a manager may cancel it. Ask them.")
    if current.swap_id:
        raise NotAllowed("It belongs to a swap. Undo the swap: then both have their own again.")
    if current.ends_at <= now:
        raise InThePast("This override is over, and who was on call in it cannot be changed.")
    covers.check_not_passed_on(current, now=now)
    current.cancelled_at = now
    current.save(update_fields=["cancelled_at"])
    touch(schedules=[current.schedule], now=now)
    if current.person_id != by.pk:
        when = own_words(max(current.starts_at, now), current.ends_at, zone=current.person.zone)
        text = f"You no longer cover {current.schedule.name} {when}: {by.name} cancelled that."
        paging.notice(key=f"override {current.pk} cancelled", person=current.person, text=text, now=now)
    if current.replaces and covers.is_there(current.replaces, max(current.starts_at, now), current.ends_at):
        tell_on_again(override=current, people=[current.replaces], by=by, now=now)
    return current


def tell_on_again(*, override: Override, people: Iterable[Person], by: Person, now: datetime) -> None:
    """Tell those who are on call again since `override` was cancelled, but not whoever did it themselves."""
    for person in people:
        if person.pk == by.pk:
            continue
        when = own_words(max(override.starts_at, now), override.ends_at, zone=person.zone)
        text = (
            f"Your turns of {override.schedule.name} {when} are yours again: {override.person.name} no longer covers."
        )
        paging.notice(
            key=f"override {override.pk} on again {person.pk}",
            person=person,
            text=f"{text} Cancelled by {by.name}.",
            now=now,
        )


@transaction.atomic
def take(
    *, schedule: Schedule, role: str, from_person: Person, by: Person, until: datetime, now: datetime
) -> list[Override]:
    """Take the pager from a busy colleague in one press: `by` has what they would have from `now` until `until`.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(schedule)
    if until <= now:
        raise InThePast(f"The shift of {from_person.name} is over. Look again who is on call.", field="until")
    covers.check_span(now, until, what="A cover", field="until")
    covers.check_role(schedule, role)
    if from_person.pk == by.pk:
        raise CannotCover("You have the pager already.", field="from_person")
    covers.check_available(by, now, until)
    covers.check_has_something(from_person, schedule, role, now, until)
    made = covers.hand_over(
        schedule=schedule,
        role=role,
        giver=from_person,
        taker=by,
        start=now,
        end=until,
        reason="took the pager",
        by=by,
        now=now,
    )
    if not any(one.starts_at <= now for one in made):
        other = (
            Override.objects.active().filter(schedule=schedule, role=role).touching(now, until).exclude(person=by)
            .select_related("person").order_by("starts_at").first()
        )  # fmt: skip
        has = other.person.name if other else "Somebody else"
        raise Answered(f"{has} has the pager already, not {from_person.name}. Look again who is on call.")
    touch(schedules=[schedule], now=now)
    text = f"{by.name} took the pager of {schedule.name} from you until"
    ends = f"{until.astimezone(from_person.zone):%a %H:%M} (your time)"
    paging.notice(key=f"took {made[0].pk}", person=from_person, text=f"{text} {ends}.", now=now)
    return made


def _tell_of_cover(override: Override, displaced: Sequence[Person], now: datetime) -> None:
    """Tell whoever takes it and whoever is relieved, if it was not themselves who asked."""
    for person in {one.pk: one for one in (override.person, override.replaces, *displaced) if one}.values():
        if person.pk == override.by_id:
            continue
        when = own_words(override.starts_at, override.ends_at, zone=person.zone)
        who = "You are" if person.pk == override.person_id else f"{override.person.name} is, instead of you,"
        text = f"{who} on call for {override.schedule.name} {when}. Arranged by {override.by.name}."
        paging.notice(key=f"override {override.pk} {person.pk}", person=person, text=text, now=now)


@transaction.atomic
def add_absence(
    *,
    person: Person,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    by: Person | None,
    now: datetime,
    note: str = "",
    source: str = Absence.Source.HAND,
    kept_at: str = "",
) -> Absence:
    """Let `person` be unavailable in `[starts_at, ends_at)`, from `now` on. `by` None: computed, nobody typed it.

    `kept_at`: the address of what it follows from; then it is changed and cancelled by whoever names that, alone.

    :raises Refused: saying what stands in the way.
    """
    _check_absence(person, starts_at, ends_at, by, now)
    if source == Absence.Source.HAND:
        _check_no_other(person, starts_at, ends_at)
    made = Absence.objects.create(
        person=person,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        note=note,
        source=source,
        kept_at=kept_at,
        by=by,
        created_at=now,
    )
    touch_for(person, now=now)
    return made


@transaction.atomic
def edit_absence(
    *, absence: Absence, kind: str, starts_at: datetime, ends_at: datetime, note: str, by: Person, now: datetime
) -> Absence:
    """Change an absence that is not over. Once it has begun its start and its kind stay: what was is not changed.

    Whoever was called in it earned by its kind (domain.md 5.8), so another kind is another absence, from now on.

    :raises Refused: saying what stands in the way.
    """
    current = _of_hand(absence, by, now, "changed")
    begun = current.effective_from <= now
    if begun and starts_at != current.starts_at:
        raise InThePast("It has begun, so its start stays. Change its end, or cancel it.", field="starts_at")
    if begun and kind != current.kind:
        what = current.get_kind_display().lower()
        raise InThePast(f"It has begun as {what}, and stays that. End it now, and enter another one.", field="kind")
    _check_absence(current.person, starts_at, ends_at, by, now)
    _check_no_other(current.person, starts_at, ends_at, but=current)
    moved = (starts_at, ends_at) != (current.starts_at, current.ends_at)
    if starts_at < now and not begun:
        current.created_at = now  # what was is not changed: a start put into the past works from now
    current.kind, current.note, current.starts_at, current.ends_at = kind, note, starts_at, ends_at
    current.save(update_fields=["kind", "note", "starts_at", "ends_at", "created_at"])
    if moved:
        touch_for(current.person, now=now)
    return current


@transaction.atomic
def cancel_absence(*, absence: Absence, by: Person, now: datetime, kept_at: str = "") -> Absence:
    """Be available again from `now` on; the absence until now stays. Doing it twice changes nothing.

    `kept_at`: as it was given when it was added, by whoever keeps it.

    :raises Refused: saying what stands in the way.
    """
    if Absence.objects.filter(pk=absence.pk, cancelled_at__isnull=False).exists():
        return Absence.objects.get(pk=absence.pk)
    current = _of_hand(absence, by, now, "cancelled", kept_at=kept_at)
    current.cancelled_at = now
    current.save(update_fields=["cancelled_at"])
    touch_for(current.person, now=now)
    return current


def _of_hand(absence: Absence, by: Person, now: datetime, done: str, *, kept_at: str = "") -> Absence:
    """Lock and return an absence that `by` may change now."""
    current = Absence.objects.select_for_update(of=("self",)).select_related("person").get(pk=absence.pk)
    if not queries.may_record_absence(by, person=current.person, now=now):
        raise NotAllowed(f"Only {current.person.name}, the pilot or a manager may do that. Ask them.")
    if current.source == Absence.Source.REST:
        whose = f"Nobody entered this one, and only {current.person.name} can give it up"
        raise NotAllowed(f"{whose}, under My leave.", field="__all__")
    if current.source == Absence.Source.FEED:
        raise NotAllowed("It comes from a calendar and can only be changed there.", field="__all__")
    if current.kept_at != kept_at:
        raise NotAllowed(
            f"It is leave that was asked for and approved. {current.person.name} or a manager cancels it where that"
            f" was: {current.kept_at}",
            field="__all__",
        )
    if current.cancelled_at:
        raise Answered("This absence is cancelled already. Enter a new one.")
    if current.ends_at <= now:
        raise InThePast(f"This absence is over and cannot be {done}.", field="ends_at")
    return current


def _check_absence(person: Person, start: datetime, end: datetime, by: Person | None, now: datetime) -> None:
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # one at a time, so that an overlap can be named
    covers.check_span(start, end, what="An absence")
    if end <= now:
        raise InThePast("That span is over, and who was on call in it cannot be changed. Choose a later end.")
    if by and not queries.may_record_absence(by, person=person, now=now):
        raise NotAllowed("You may enter your own absence. For somebody else, ask the pilot or a manager.")
    if not person.is_active:
        raise CannotCover(f"{person.name} has left, so they are on call nowhere.")


def _check_no_other(person: Person, start: datetime, end: datetime, *, but: Absence | None = None) -> None:
    others = Absence.objects.standing().filter(person=person, source=Absence.Source.HAND).touching(start, end)
    if but:
        others = others.exclude(pk=but.pk)
    other = others.order_by("starts_at").first()
    if other:
        when = span_words(other.starts_at, other.ends_at)
        raise Overlap(f"{person.name} is absent {when} already. Change or cancel that one, or choose another span.")


@dataclass(frozen=True)
class FeedAbsence:
    """An event of a calendar: `uid` names it there, also one occurrence of several."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str = ""


@transaction.atomic
def replace_feed_absences(
    *, feed: AbsenceFeed, absences: Sequence[FeedAbsence], now: datetime, until: datetime | None = None
) -> bool:
    """Let what stands in a calendar be what stands here, by uid, and say whether who is unavailable changed.

    Only what is not over is taken away, and only what starts before `until`, if that is given: how far the calendar was
    read. Of events with one uid the last counts; those that end before they start, or are over, are passed over. Of an
    event that was over and goes on, or comes again, the row of what was stays, and another says what will be.
    """
    Person.objects.select_for_update(no_key=True).get(pk=feed.person_id)
    events = {event.uid[:300]: event for event in absences if event.uid}
    read = Q(ends_at__gt=now, starts_at__lt=until) if until else Q(ends_at__gt=now)
    rows = Absence.objects.standing().filter(read | Q(uid__in=list(events)), feed=feed)
    known = {row.uid: row for row in rows.select_for_update()}
    new: list[Absence] = []
    stopped: list[Absence] = []
    changed = False
    for uid, event in events.items():
        start, end = max(event.starts_at, EARLIEST), min(event.ends_at, LATEST - timedelta(seconds=1))
        row = known.pop(uid, None)
        if end <= start or end <= now:
            if row and row.ends_at > now:
                stopped.append(row)
            continue
        if row and row.ends_at > now and (row.starts_at == start or (row.effective_from > now and start > now)):
            moved = (row.starts_at, row.ends_at) != (start, end)
            if moved or row.note != event.summary[:300]:
                row.starts_at, row.ends_at, row.note = start, end, event.summary[:300]
                row.save(update_fields=["starts_at", "ends_at", "note"])
            changed |= moved
            continue
        if row:
            stopped.append(row)
        new.append(
            Absence(
                person_id=feed.person_id,
                kind=Absence.Kind.OTHER,
                starts_at=start,
                ends_at=end,
                note=event.summary[:300],
                source=Absence.Source.FEED,
                feed=feed,
                uid=uid,
                created_at=now,
            )
        )
    stopped += known.values()
    Absence.objects.filter(pk__in=[row.pk for row in stopped]).update(cancelled_at=now)
    Absence.objects.bulk_create(new)
    changed |= bool(stopped or new)
    if changed:
        touch_for(feed.person, now=now)
    return changed


def touch_for(person: Person, *, now: datetime) -> None:
    """Touch every schedule in which `person` takes turns or covers."""
    touch(schedules=schedules_of(person, now), now=now)


def hold(person: Person, *, now: datetime) -> None:
    """Wait for all that an absence of `person` changes, before what a page may wait for is locked: their leave."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    theirs = Schedule.objects.filter(pk__in=schedules_of(person, now).values("pk"))
    list(theirs.select_for_update(no_key=True).order_by("pk"))


def schedules_of(person: Person, now: datetime) -> QuerySet[Schedule]:
    """Return every schedule in which `person` takes turns or covers from `now` on."""
    turns = Q(rotations__participants__person=person)
    standing = Override.objects.active().filter(ends_at__gt=now, person=person).values("schedule")
    return Schedule.objects.filter(turns | Q(pk__in=standing)).distinct()

"""When somebody is at work, kept by date: a change never rewrites what held before (R11, domain.md 5.6).

The same where a person has the calendar of their teams, and joins or leaves one, or it is given another.
A person's own fields are what holds now; the terms are the history and what is to come. `apply_due` lets the fields
follow the terms, so that whoever travels is shown the time of where they are.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from oncall.people import access, queries
from oncall.people.instants import EARLIEST
from oncall.people.models import HoursTerm, Person, WorkCalendar

FIELDS = ("time_zone", "calendar_id", "country", "subdivision")


class TermRefused(Exception):
    """Why hours cannot be written down like that. The message is fit to show; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def change(
    *,
    person: Person,
    time_zone: str,
    calendar: WorkCalendar | None,
    country: str,
    subdivision: str,
    by: Person,
    now: datetime,
) -> None:
    """Let these be the hours of `person` from `now` on; what held before is kept. The same again changes nothing.

    During a stay somewhere else they hold when it is over.
    """
    current = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    begin(person=current, now=now)
    said = {
        "time_zone": time_zone,
        "calendar": calendar,
        "country": country.upper(),
        "subdivision": subdivision.upper(),
    }
    last = _lasting(current).filter(starts_at__lte=now).order_by("-starts_at").first()
    assert last is not None  # begun above
    if (last.time_zone, last.calendar, last.country, last.subdivision) != tuple(said.values()):
        _lasting(current).update_or_create(
            person=current, starts_at=now, ends_at=None, withdrawn_at=None,
            defaults={**said, "by": by, "created_at": now},
        )  # fmt: skip
    _follow(current, now)


@transaction.atomic
def add_term(
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime | None,
    time_zone: str,
    calendar: WorkCalendar | None,
    country: str,
    subdivision: str,
    reason: str,
    by: Person,
    now: datetime,
) -> HoursTerm:
    """Write down that `person` works by these hours from `starts_at` until others begin, or for a stay until `ends_at`.

    :raises TermRefused: naming the field: not theirs to say, the past by somebody who may not change it, or a clash.
    """
    configures = access.may_configure(by, now=now)
    if by.pk != person.pk and not configures:
        raise TermRefused("__all__", f"Only {person.name}, the pilot and administrators may write that down. Ask them.")
    if starts_at < now and not configures:
        raise TermRefused(
            "starts_at", "It begins in the past. Choose a later start, or ask the pilot to write it down."
        )
    if ends_at is not None and ends_at <= starts_at:
        raise TermRefused("ends_at", "It would end before it begins. Choose a later end, or none.")
    current = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    begin(person=current, now=now)
    try:
        with transaction.atomic():
            made = HoursTerm.objects.create(
                person=current,
                starts_at=starts_at,
                ends_at=ends_at,
                time_zone=time_zone,
                calendar=calendar,
                country=country.upper(),
                subdivision=subdivision.upper(),
                reason=reason.strip(),
                by=by,
                created_at=now,
            )
    except IntegrityError as error:
        if "one_stay_at_a_time" in str(error):
            raise TermRefused(
                "starts_at", "Another stay lies in that time. Withdraw it first, or choose another."
            ) from None
        if "one_hours_term_each_instant" in str(error):
            raise TermRefused("starts_at", "Other hours begin at that instant. Withdraw them first.") from None
        raise
    _follow(current, now)
    return made


@transaction.atomic
def withdraw(*, term: HoursTerm, by: Person, now: datetime) -> HoursTerm:
    """Take back hours that have not begun, or end a stay at `now`. Twice changes nothing.

    Hours that have begun and have no end are ended by new ones; whoever configures may take back what was written down
    wrongly, but not the first ones.

    :raises TermRefused: if it is not theirs, or not to be taken back.
    """
    current = Person.objects.select_for_update(no_key=True).get(pk=term.person_id)
    term = HoursTerm.objects.get(pk=term.pk)
    if by.pk != term.person_id and not access.may_configure(by, now=now):
        raise TermRefused("__all__", f"Only {current.name}, the pilot and administrators may do that. Ask them.")
    if term.withdrawn_at or (term.ends_at and term.ends_at <= now):
        return term
    may_undo = access.may_configure(by, now=now) and term.starts_at > EARLIEST
    if term.starts_at > now or (term.ends_at is None and may_undo):
        term.withdrawn_at = now
    elif term.ends_at is None:
        raise TermRefused("__all__", "These hours have begun. Write down the new ones, which end them.")
    else:
        term.ends_at = now
        if term.starts_at == now:
            term.withdrawn_at = now
            term.ends_at = None
    term.save(update_fields=["withdrawn_at", "ends_at"])
    _follow(current, now)
    return term


def begin(*, person: Person, now: datetime) -> None:
    """Keep what the person's own fields say as what has held so far, if nothing is kept yet."""
    if _lasting(person).filter(starts_at__lte=now).exists():
        return
    HoursTerm.objects.create(
        person=person, starts_at=EARLIEST, created_at=now, reason="As it was when it was first changed.", **_own(person)
    )


def team_calendars(people: Iterable[UUID]) -> dict[UUID, WorkCalendar | None]:
    """Return what the teams of these people give them, to be asked before teams change; None: nothing.

    They are locked, in order of id, until the transaction ends.
    """
    locked = Person.objects.select_for_update(no_key=True).filter(pk__in=set(people)).order_by("pk")
    return {person.pk: queries.team_calendar(person) for person in locked}


@transaction.atomic
def keep_team_hours(*, before: Mapping[UUID, WorkCalendar | None], by: Person, now: datetime) -> None:
    """After teams changed, write down for whom they give other hours what these were until `now`; no more for others.

    `before` is what `team_calendars` said. Every term of theirs that began before `now` and names no calendar gets the
    one that it meant; a new one, from `now` on, goes on without a calendar, and so follows the teams.
    """
    for person in Person.objects.filter(pk__in=before).order_by("pk"):
        was = before[person.pk]
        if queries.team_calendar(person) == was:
            continue
        if person.calendar_id is None:
            begin(person=person, now=now)
        meant = HoursTerm.objects.filter(
            person=person, calendar__isnull=True, withdrawn_at__isnull=True, starts_at__lt=now
        )
        lasting = _lasting(person).filter(starts_at__lte=now).order_by("-starts_at").first()
        for term in meant:
            goes_on = term == lasting or (term.ends_at is not None and term.ends_at > now)
            ends_at = term.ends_at
            term.calendar = was or _house_row()
            term.ends_at = min(ends_at, now) if ends_at else None
            term.save(update_fields=["calendar", "ends_at"])
            if goes_on:
                HoursTerm.objects.create(
                    person=person,
                    starts_at=now,
                    ends_at=ends_at,
                    time_zone=term.time_zone,
                    country=term.country,
                    subdivision=term.subdivision,
                    reason="The calendar of their teams changed.",
                    by=by,
                    created_at=now,
                )


def _house_row() -> WorkCalendar:
    """Return the house's calendar as a row, for terms to point at."""
    house = queries.house_calendar()
    said = {name: getattr(house, name) for name in ("work_days", "starts", "ends", "country", "subdivision")}
    same = WorkCalendar.objects.filter(name__startswith=house.name, **said).order_by("name").first()
    if same is not None:
        return same
    if WorkCalendar.objects.filter(name=house.name).exists():
        house.name = f"{house.name}, {house.in_words}"  # somebody called other hours so
    house.save()
    return house


def apply_due(*, now: datetime, limits: object) -> None:
    """Let the fields of whoever has terms follow what holds now. One query while nothing begins or ends."""
    for term in HoursTerm.objects.holding(now).distinct("person_id").select_related("person"):
        if any(getattr(term, field) != getattr(term.person, field) for field in FIELDS):
            with transaction.atomic():
                _follow(Person.objects.select_for_update(no_key=True).get(pk=term.person_id), now)


def _follow(person: Person, now: datetime) -> None:
    term = queries.term_at(person, now)
    if term is not None and any(getattr(term, field) != getattr(person, field) for field in FIELDS):
        Person.objects.filter(pk=person.pk).update(**_own(term))


def _own(row: Person | HoursTerm) -> Mapping[str, Any]:
    return {field: getattr(row, field) for field in FIELDS}


def _lasting(person: Person) -> Any:
    return HoursTerm.objects.filter(person=person, ends_at__isnull=True, withdrawn_at__isnull=True)

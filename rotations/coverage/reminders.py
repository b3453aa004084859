"""Tell people before a shift of theirs, when it begins and when it ends: what each of them asked for, once each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse

from oncall.paging import services as paging
from oncall.paging.models import ContactMethod
from oncall.people.models import Person
from rotations.coverage.models import Reminder, ReminderSent, Shift

MOST_REMINDERS = 10  # of one person; own choice
SHORTEST_LEAD, LONGEST_LEAD = 5, 20160  # minutes
TOO_LATE = timedelta(hours=1)  # after an outage nobody wants to hear that a shift began or ended before that
NEEDED = {
    Reminder.Way.SMS: "telephone number that takes texts",
    Reminder.Way.EMAIL: "mail address",
    Reminder.Way.SLACK: "Slack account",
}
SETTLING = timedelta(minutes=5)  # so long we wait for the stored shifts to follow a change


class ReminderRefused(Exception):
    """Why a reminder cannot be. The message is fit to show; `field` says where."""

    field = "__all__"


class BadLead(ReminderRefused):
    """Too soon or too late before a shift."""

    field = "lead_minutes"


class NoWay(ReminderRefused):
    """The person cannot be reached in that way."""

    field = "way"


class TooManyReminders(ReminderRefused):
    """The person has as many as there may be, or this one already."""


@dataclass(frozen=True)
class Due:
    """A reminder that is to be sent about a shift; `at` is when the shift begins, or when it ends."""

    reminder: Reminder
    shift: Shift
    at: datetime


@transaction.atomic
def add(*, person: Person, moment: str, way: str, now: datetime, lead_minutes: int | None = None) -> Reminder:
    """Remind `person` of each shift: `lead_minutes` before it begins, when it begins, or when it ends.

    :raises ReminderRefused: one of the above.
    """
    lead = (lead_minutes or 0) if moment == Reminder.Moment.BEFORE else 0
    if moment == Reminder.Moment.BEFORE and not SHORTEST_LEAD <= lead <= LONGEST_LEAD:
        raise BadLead("Write a number of minutes from 5 to 20160 (14 days).")
    if not _contacts(person, way).exists():
        raise NoWay(f"You have no {NEEDED[Reminder.Way(way)]}. Add one under Me, How I am reached.")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once must not both take the last place
    mine = Reminder.objects.filter(person=person)
    if mine.filter(moment=moment, lead_minutes=lead, way=way).exists():
        raise TooManyReminders("You have this reminder already.")
    if mine.count() >= MOST_REMINDERS:
        raise TooManyReminders(f"You have {MOST_REMINDERS} reminders, which is the most. Remove one first.")
    return Reminder.objects.create(person=person, moment=moment, lead_minutes=lead, way=way, created_at=now)


@transaction.atomic
def remove(*, reminder: Reminder) -> None:
    reminder.delete()


def in_words(reminder: Reminder) -> str:
    """Return, say, "60 minutes before a shift, by text message"."""
    way = reminder.get_way_display().lower()
    if reminder.moment != Reminder.Moment.BEFORE:
        return f"{reminder.get_moment_display()}, by {way}"
    for unit, minutes in (("day", 1440), ("hour", 60), ("minute", 1)):
        count, rest = divmod(reminder.lead_minutes, minutes)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''} before a shift, by {way}"
    return f"before a shift, by {way}"


def send_due(*, now: datetime) -> int:
    """Send what is due; return how many. Safe to run late, twice or in parallel.

    A shift is told of once; one that has moved is told of again; one that is cancelled, or began while nobody sent
    anything, is not.
    """
    return sum(_send(one, now=now) for one in _due(now=now))


@transaction.atomic
def _send(due: Due, *, now: datetime) -> bool:
    reminder, shift = due.reminder, due.shift
    _, created = ReminderSent.objects.get_or_create(
        reminder=reminder, shift_key=shift.key, shift_at=due.at, defaults={"sent_at": now}
    )
    if not created:
        return False
    # Their number may be gone since they asked: then any way is better than silence.
    contact = _contacts(reminder.person, reminder.way).first()
    made = paging.notice(
        key=f"reminder {reminder.pk} {shift.key} {due.at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        person=reminder.person,
        text=_text(due),
        now=now,
        channel=reminder.way if contact else "",
        address=contact.address if contact else "",
    )
    return made is not None


def _contacts(person: Person, way: str) -> QuerySet[ContactMethod]:
    contacts = ContactMethod.objects.usable().filter(person=person).order_by("created_at")
    if way == Reminder.Way.SMS:
        return contacts.filter(kind=ContactMethod.Kind.PHONE, no_texts_since__isnull=True)
    return contacts.filter(kind=ContactMethod.Kind.SLACK if way == Reminder.Way.SLACK else ContactMethod.Kind.EMAIL)


def _text(due: Due) -> str:
    person, shift = due.reminder.person, due.shift
    what = f"{shift.schedule.name} ({shift.role})"
    if due.reminder.moment == Reminder.Moment.END:
        return f"You are off call for {what} since {_clock(shift.ends_at, person)}."
    link = settings.PUBLIC_BASE_URL + reverse("schedule", args=[shift.schedule_id])
    until = f"until {_clock(shift.ends_at, person)}. {link}"
    if due.reminder.moment == Reminder.Moment.START:
        return f"You are on call for {what} now, {until}"
    return f"You will be on call for {what} from {_clock(shift.starts_at, person)} {until}"


def _clock(instant: datetime, person: Person) -> str:
    """Return, say, "Mon 22 Mar 09:00 PDT (16:00 UTC)"."""
    local, utc = instant.astimezone(person.zone), instant.astimezone(UTC)
    words = f"{local:%a} {local.day} {local:%b %H:%M %Z}"
    return words if local.utcoffset() == timedelta() else f"{words} ({utc:%H:%M} UTC)"


def _due(*, now: datetime) -> Iterator[Due]:
    """Find what may be due in three queries; `_send` settles who sends it."""
    reminders = list(Reminder.objects.filter(person__is_active=True).select_related("person"))
    if not reminders:
        return
    longest = timedelta(minutes=max(one.lead_minutes for one in reminders))
    sent = set(
        ReminderSent.objects.filter(reminder__in=reminders, shift_at__gte=now - TOO_LATE).values_list(
            "reminder", "shift_key", "shift_at"
        )
    )
    shifts: dict[object, list[Shift]] = {}
    for shift in _shifts(now - TOO_LATE, now + longest, now=now).filter(
        person__in={one.person_id for one in reminders}
    ):
        shifts.setdefault(shift.person_id, []).append(shift)
    for reminder in reminders:
        for shift in shifts.get(reminder.person_id, []):
            at = shift.ends_at if reminder.moment == Reminder.Moment.END else shift.starts_at
            if _is_due(reminder, shift, at, now=now) and (reminder.pk, shift.key, at) not in sent:
                yield Due(reminder, shift, at)


def _is_due(reminder: Reminder, shift: Shift, at: datetime, *, now: datetime) -> bool:
    if reminder.moment == Reminder.Moment.BEFORE:
        return at - timedelta(minutes=reminder.lead_minutes) <= now < at and not shift.goes_on_from  # type: ignore[attr-defined]
    if not (max(now - TOO_LATE, reminder.created_at) <= at <= now):
        return False
    if reminder.moment == Reminder.Moment.START:
        return now < shift.ends_at and not shift.goes_on_from  # type: ignore[attr-defined]
    return not shift.goes_on_with  # type: ignore[attr-defined]


def _shifts(start: datetime, end: datetime, *, now: datetime) -> QuerySet[Shift]:
    """Return the standing shifts that begin or end in `[start, end]`, with whether the same person has the one before
    and the one after: to whom nothing changes, nothing is said.

    A schedule that has just been changed waits for its shifts to be stored anew, so that nobody is reminded of one
    that has been taken from them a second ago.
    """
    same = Shift.objects.filter(
        known_until__isnull=True, schedule=OuterRef("schedule"), role=OuterRef("role"), person=OuterRef("person")
    )
    unsettled = ~Q(schedule__edition=F("schedule__stored_edition")) & Q(schedule__changed_at__gt=now - SETTLING)
    return (
        Shift.objects.filter(known_until__isnull=True)
        .filter(Q(starts_at__range=(start, end)) | Q(ends_at__range=(start, end)))
        .exclude(unsettled)
        .select_related("schedule")
        .annotate(
            goes_on_from=Exists(same.filter(ends_at=OuterRef("starts_at"))),
            goes_on_with=Exists(same.filter(starts_at=OuterRef("ends_at"))),
        )
    )

"""Verb: put an alarm off until an instant. Whoever has it says that nothing is to be done before then."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from incidents.alarms import work
from incidents.alarms.evidence import acted
from incidents.alarms.models import COVER, HELD, Alarm, LogEntry
from incidents.alarms.pages import end_needless
from incidents.alarms.services import write
from oncall.limits import queries as limits
from oncall.people.models import Person

HOUR = timedelta(hours=1)


class SnoozeRefused(Exception):
    """Why it cannot be put off so long. The message is fit to show."""


@transaction.atomic
def snooze(*, alarm: Alarm, by: Person, until: datetime, now: datetime, cycle: int | None = None) -> Alarm:
    """Put the alarm off: at `until` it fires again as its next cycle, unless somebody takes, resolves or escalates it
    before. Nobody is called meanwhile.

    Whoever has it does this; a firing alarm is acknowledged by it. It ends their work on it until it
    fires again (domain.md 5.7); they are not sent to rest before (5.8), for then it is theirs.

    :raises SnoozeRefused: if `until` is past, or later than a snooze may last.
    :raises work.AlreadyAcknowledged: if somebody else has it: only they know whether it can wait.
    :raises AlreadyResolved: if it is over, or has begun anew since `cycle`.
    """
    most = longest(alarm.severity, now=now)
    if until <= now:
        theirs = f"{until.astimezone(ZoneInfo(by.time_zone)):%d %b %H:%M}"
        place = "UTC" if by.time_zone == "UTC" else f"in {by.time_zone.rpartition('/')[2].replace('_', ' ')}"
        raise SnoozeRefused(f"{theirs} {place} is past. Choose an instant that is to come.")
    if until - now > most:
        at_most = f"{int(most.total_seconds() // 60)} min" if most < timedelta(hours=2) else f"{most // HOUR} h"
        words = f"A SEV-{alarm.severity} alarm can be snoozed for {at_most} at most. Choose a shorter time."
        raise SnoozeRefused(words)
    work.acknowledge(alarm=alarm, by=by, now=now, cycle=cycle)
    alarm = work.lock(alarm, cycle=cycle)
    alarm.snoozed_until = alarm.next_due = until
    alarm.version += 1
    alarm.forget_cover()
    alarm.save(update_fields=[*HELD, "next_due", "version", *COVER])
    text = f"{by.name} snoozes it until {until.astimezone(UTC):%d %b %H:%M} UTC. Then it fires again."
    write(alarm, LogEntry.Kind.SNOOZED, text, now=now, person=by)
    acted(alarm=alarm, person=by, kind="snoozed", text=f"Snoozed “{alarm.title}”.", now=now)
    end_needless(alarm=alarm, by=by, why=f"{by.name} snoozed it.", now=now)
    return alarm


def longest(severity: int, *, now: datetime) -> timedelta:
    """Return how long an alarm of this severity may be snoozed."""
    return limits.at(now).span("snooze_most_sev1_s" if severity == 1 else "snooze_most_s")

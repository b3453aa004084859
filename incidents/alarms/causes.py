"""What it was in the end (R22): said when a person resolves an alarm, or later, and counted by year."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Count, DurationField, ExpressionWrapper, F, Sum
from django.db.models.functions import ExtractYear

from incidents.alarms.models import Alarm, Cause, LogEntry
from incidents.alarms.services import write
from oncall.people.models import Person

SUSTAINED = (Cause.SERVICE, Cause.DATABASE, Cause.NETWORK)  # RTN-046: sustained problems come from these


class NotOver(Exception):
    """It is open: nobody knows yet. The message is fit to show."""


@transaction.atomic
def say(*, alarm: Alarm, cause: str, by: Person, now: datetime) -> Alarm:
    """Say what a resolved alarm was, or say it better. Each saying is a line in its log.

    :raises NotOver: if it is open; whoever resolves it is asked then.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.state != Alarm.State.RESOLVED:
        raise NotOver("It is not over yet. Say what it was when you resolve it.")
    if alarm.cause == cause:
        return alarm
    alarm.cause = cause
    alarm.save(update_fields=["cause"])
    write(alarm, LogEntry.Kind.NOTE, f"Cause: {Cause(cause).label if cause else 'not known'}.", now=now, person=by)
    return alarm


@dataclass(frozen=True)
class Share:
    """Alarms of one cause in one year: how many, and how long they were open, added up."""

    cause: str
    count: int
    lasted: timedelta


@dataclass(frozen=True)
class Year:
    year: int
    shares: list[Share]

    @property
    def count(self) -> int:
        return sum(share.count for share in self.shares)

    @property
    def said(self) -> int:
        return sum(share.count for share in self.shares if share.cause)


def by_year(*, severities: tuple[int, ...] = (1, 2)) -> list[Year]:
    """Return, newest year first (UTC, by when it fired), the resolved alarms of these severities by cause; the last
    share is of those whose cause nobody has said.
    """
    lasted = ExpressionWrapper(F("resolved_at") - F("fired_at"), output_field=DurationField())
    found = (
        Alarm.objects.filter(state=Alarm.State.RESOLVED, severity__in=severities)
        .annotate(year=ExtractYear("fired_at", tzinfo=UTC))
        .order_by()
        .values("year", "cause")
        .annotate(n=Count("pk"), lasted=Sum(lasted))
    )
    by = {(row["year"], row["cause"]): row for row in found}
    years = sorted({year for year, _ in by}, reverse=True)
    return [
        Year(
            year,
            [Share(cause, row["n"], row["lasted"]) for cause in (*Cause.values, "") if (row := by.get((year, cause)))],
        )
        for year in years
    ]

"""Call several people for an alarm, and say aloud what breaks on the way: nobody holds up the others."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import OperationalError, transaction

from incidents.alarms.models import ITSELF, Alarm, LogEntry
from incidents.alarms.pages import call, wait_for_turn
from incidents.alarms.services import write
from incidents.escalation.queries import Called
from oncall.limits.queries import Limits
from oncall.paging.services import Unreachable, say_unreachable
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)


def call_people(
    alarm: Alarm, called: Sequence[Called], *, step: int, now: datetime, limits: Limits, prefix: str = ""
) -> bool:
    """Page each of them for this step. Returns whether anybody can be reached."""
    reached = False
    wait_for_turn(one.person for one in called)
    for one in called:
        try:
            with transaction.atomic():
                page = call(
                    alarm=alarm, person=one.person, step=step, why=one.why, now=now, limits=limits, prefix=prefix
                )
        except Unreachable as error:
            write(alarm, LogEntry.Kind.NOBODY, f"{error} ({one.why})", now=now, person=one.person)
            say_unreachable(person=one.person, error=error, now=now)
            continue
        except OperationalError:
            raise
        except Exception as error:
            log.exception("page to %s for alarm %s", one.person.pk, alarm.pk)
            say_broken(alarm, f"{one.person.name} cannot be paged: {type(error).__name__}: {error}", now=now)
            continue
        reached = True
        text = f"Paging {one.person.name}: {one.why}."
        write(alarm, LogEntry.Kind.PAGED, text, now=now, person=one.person, page=page)
    return reached


def say_broken(alarm: Alarm, text: str, *, now: datetime) -> None:
    """Say aloud that something of this alarm is broken; about an alarm of our own only in its log."""
    write(alarm, LogEntry.Kind.NOBODY, text, now=now)
    if alarm.source_id != ITSELF:
        troubles.raise_trouble(kind="engine", key=str(alarm.pk), text=f"{alarm.title}: {text}", url=alarm.path, now=now)

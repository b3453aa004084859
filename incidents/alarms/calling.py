"""Call several people for an alarm, and say aloud what breaks on the way: nobody holds up the others."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction

from incidents.alarms import explain
from incidents.alarms.models import ITSELF, Alarm, LogEntry
from incidents.alarms.pages import call, wait_for_turn
from incidents.alarms.services import write
from incidents.escalation.queries import Called
from oncall.limits.queries import Limits
from oncall.paging.models import Page
from oncall.paging.services import Unreachable, say_unreachable
from oncall.paging.wording import waits_until
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)


def call_people(
    alarm: Alarm,
    called: Sequence[Called],
    *,
    step: int,
    now: datetime,
    limits: Limits,
    at_round: int | None = None,
    prefix: str = "",
) -> bool:
    """Page each of them for this step. Returns whether anybody can be reached.

    `at_round`: the round in which the step fires now; None: it has fired before.
    """
    reached = False
    wait_for_turn(one.person for one in called)
    for one in called:
        try:
            with transaction.atomic():
                because, why = explained(alarm, one, step=step, at_round=at_round, now=now)
                page = call(
                    alarm=alarm,
                    person=one.person,
                    step=step,
                    why=why,
                    because=because,
                    turn_is_held=True,
                    now=now,
                    limits=limits,
                    prefix=prefix,
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
        write(alarm, LogEntry.Kind.PAGED, said_of(page, one, now=now), now=now, person=one.person, page=page)
    return reached


def said_of(page: Page, called: Called, *, now: datetime) -> str:
    """Return what the log says of a page that begins, or is joined."""
    text = f"Paging {called.person.name}: {called.why}."
    if page.quiet_until is not None and page.quiet_until > now:
        text += " " + waits_until(page.quiet_until, zone=called.person.time_zone)
    return text


def explained(
    alarm: Alarm, called: Called, *, step: int, at_round: int | None, now: datetime
) -> tuple[dict[str, Any], str]:
    """Return why they are called, as data and in words. A reason that cannot be found is no reason not to call."""
    try:
        because = explain.because_of(alarm, called, step=step, at_round=at_round, now=now)
        return because, explain.in_words(because, person=called.person)
    except OperationalError:
        raise
    except Exception:
        log.exception("why %s for alarm %s", called.person.pk, alarm.pk)
        return {}, called.why


def say_broken(alarm: Alarm, text: str, *, now: datetime) -> None:
    """Say aloud that something of this alarm is broken; about an alarm of our own only in its log."""
    write(alarm, LogEntry.Kind.NOBODY, text, now=now)
    if alarm.source_id != ITSELF:
        troubles.raise_trouble(kind="engine", key=str(alarm.pk), text=f"{alarm.title}: {text}", url=alarm.path, now=now)

"""Remind of messages that are overdue or wait for a yes, and say which mails did not arrive. Every half minute."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, transaction

from incidents.command import queries as incidents
from incidents.command.assigning import address, title_of
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.command.writing import lock, write
from incidents.updates import ending, queries, services
from incidents.updates.cadence import Reminders, reminders
from incidents.updates.models import Update
from oncall.limits.queries import Limits
from oncall.outside.mailing_models import Mailing
from oncall.paging import services as paging
from oncall.people import queries as people
from oncall.people.models import Person

log = logging.getLogger(__name__)
AT_ONCE = 50
Told = list[tuple[Person | None, int | None]]  # whom, and how often they were told before


def keep(*, now: datetime, limits: Limits) -> None:
    """Remind of what is overdue: the external liaison at once, the commander `update_remind_s` later, both again every
    `update_every_s`; once it is over, every `update_next_most_s`. Ask whoever has command by now for a yes that waits.

    Four queries where nothing is to be done; safe late, twice and in parallel, for a notice has a key.
    """
    broken: Exception | None = None
    for job in _jobs(now=now, limits=limits):
        try:
            job()
        except InterfaceError:
            raise  # the connection is gone: the loop is made anew
        except Exception as error:
            log.exception("messages that are overdue")
            broken = broken or error
    if broken is not None:
        raise broken


def _jobs(*, now: datetime, limits: Limits) -> Iterator[Callable[[], None]]:
    for incident in Incident.objects.live().filter(severity__lte=2, restricted=False)[:AT_ONCE]:
        yield partial(_look, incident, now=now, limits=limits)
    for incident in ending.all_untold(since=now - timedelta(days=limits.count("status_days")))[:AT_ONCE]:
        yield partial(_look_back, incident, now=now, limits=limits)
    asked = Update.objects.filter(state=Update.State.ASKED, incident__restricted=False, incident__state__in=LIVE)
    for row in asked.select_related("incident", "asked_by")[:AT_ONCE]:
        yield partial(_ask_anew, row, now=now)
    yield partial(_tell_of_failures, now=now)


def _look(incident: Incident, *, now: datetime, limits: Limits) -> None:
    clock = queries.clock_of(incident, now=now, limits=limits)
    if clock is None or not clock.over:
        return
    after, again = limits.span("update_remind_s"), limits.span("update_every_s")
    found = reminders(due_at=clock.due.at, now=now, after=after, again=again)
    roles = {one.role: one.person for one in incidents.roles_now(incident)}
    text = (
        f"A message to the community is overdue since {clock.due.at:%H:%M} UTC about {title_of(incident)}. Write it:"
        f" {address(incident)}updates/"
    )
    told = _whom(found, roles.get("external_liaison"), roles.get("commander"), now=now)
    _remind(incident, told, due_at=clock.due.at, text=text, line="A message to the community is overdue.", now=now)


def _look_back(incident: Incident, *, now: datetime, limits: Limits) -> None:
    """Remind of the last message: when the next one was due, whoever had a role then; after a day the pilot too."""
    clock = queries.clock_by_its_lines(incident, now=now, limits=limits)
    after, again = limits.span("update_remind_s"), limits.span("update_next_most_s")
    found = reminders(due_at=clock.due.at, now=now, after=after, again=again)
    if found.liaison is None:
        return
    text = (
        f"It is over, and the community was last told that it is not: {title_of(incident)}. Tell them:"
        f" {address(incident)}updates/"
    )
    told = _whom(found, _had(incident, "external_liaison"), _had(incident, "commander"), now=now)
    if found.liaison:
        told.append((people.pilot(now=now), found.liaison))
    line = "It is over, and the community was not told so."
    _remind(incident, told, due_at=clock.due.at, text=text, line=line, now=now)


def _had(incident: Incident, role: str) -> Person | None:
    """Return who had a role last, and is still here."""
    held = incident.assignments.filter(role=role, person__is_active=True).select_related("person")
    last = held.order_by("-starts_at").first()
    return last.person if last else None


def _whom(found: Reminders, liaison: Person | None, commander: Person | None, *, now: datetime) -> Told:
    """Return whom it is said to, and the how many-eth time: without a liaison the commander is the first, without both
    the steward on duty, without one the pilot.
    """
    first = liaison or commander or _steward(now=now) or people.pilot(now=now)
    told: Told = [(first, found.liaison)]
    if liaison is not None:
        told.append((commander, found.commander))
    return told


def _remind(incident: Incident, told: Told, *, due_at: datetime, text: str, line: str, now: datetime) -> None:
    due = f"{due_at:%Y-%m-%dT%H:%M:%S}"
    over = "" if incident.state in LIVE else "over:"
    for person, nth in told:
        if person is not None and nth is not None:
            key = f"update:due:{over}{incident.pk}:{due}:{person.pk}:{nth}"
            paging.notice(key=key, person=person, text=text, now=now)
    key = f"update:due:{over}{due}"
    if not incident.entries.filter(key=key).exists():
        _say_overdue(incident, line, since=due_at if not over else now, key=key, now=now)


def _steward(*, now: datetime) -> Person | None:
    return next((duty.person for duty in incidents.on_duty(incidents.STEWARD_SKILL, now=now)), None)


@transaction.atomic
def _say_overdue(incident: Incident, line: str, *, since: datetime, key: str, now: datetime) -> None:
    current = lock(incident)
    write(current, Entry.Kind.NOTE, line, at=since, now=now, key=key)


def _ask_anew(row: Update, *, now: datetime) -> None:
    """Ask whoever has command by now for the yes that a message waits for; their predecessor was asked."""
    commander = queries.whose_yes(row.incident, by=row.asked_by) if row.asked_by else None
    if commander is not None and commander.pk != row.put_to_id:
        services.ask_anew(update=row, now=now)


def _tell_of_failures(*, now: datetime) -> None:
    """Tell whoever sent a message which of its mails failed; once."""
    failed = Mailing.objects.filter(
        state__in=queries.FAILED, told_at__isnull=True, about__startswith="update:", ended_at__lte=now
    )
    by_update: dict[str, list[Mailing]] = {}
    for one in failed.order_by("ended_at")[:AT_ONCE]:
        by_update.setdefault(one.about.partition(":")[2], []).append(one)
    if not by_update:
        return
    for row in Update.objects.filter(pk__in=by_update).select_related("sent_by", "incident"):
        _tell_of(row, by_update[str(row.pk)], now=now)


@transaction.atomic
def _tell_of(row: Update, many: list[Mailing], *, now: datetime) -> None:
    """Tell it; where the incident is restricted by now, a line of its own says it, which only whom it names reads."""
    names = ", ".join(one.address for one in many[:3]) + (f" and {len(many) - 3} more" if len(many) > 3 else "")
    failed_at = max(one.ended_at for one in many if one.ended_at)
    key = f"update:failed:{row.pk}:{many[0].pk}:{failed_at.isoformat()}"
    if row.incident.restricted:
        write(lock(row.incident), Entry.Kind.NOTE, f"“{row.subject[:80]}” did not reach {names}.", now=now, key=key)
    elif row.sent_by is not None:
        text = f"“{row.subject[:80]}” did not reach {names}. Look at it, and send it again:"
        paging.notice(key=key, person=row.sent_by, text=f"{text} {address(row.incident)}updates/", now=now)
    Mailing.objects.filter(pk__in=[one.pk for one in many]).update(told_at=now)

"""Remind people of call-outs to confirm, and managers of what waits for them, one notice for all of it (R34)."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from uuid import UUID

from django.db.models import Max

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Notice
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.leave import accounts
from rotations.leave.accounts import Standing
from rotations.leave.models import CallOut, LeaveRequest, LedgerEntry
from rotations.leave.pace import Pace
from rotations.night.wall import wall_instant

DECENT = range(9, 21)  # hours of the reader's own clock
LOOKED_BACK = timedelta(days=366)  # what is older is on the screens
CONFIRM = "leave confirm"  # how the keys of reminders to confirm begin
pace = Pace(timedelta(minutes=5))


def keep(*, now: datetime, limits: Limits) -> None:
    """Every half minute, and it looks every five: remind whoever is due. Safe late, twice, in parallel."""
    if pace.is_due(now):
        remind(now=now, limits=limits)


def remind(*, now: datetime, limits: Limits) -> None:
    """Remind people of what they have not confirmed for `leave_confirm_remind_s`, again as long after the last
    reminder to them, however much they confirm in between. Managers on Mondays from 09:00 of what has waited for them
    for `leave_approve_remind_s`, and of requests. 0: nobody.
    """
    waiting = _waiting(now)
    if limits.number("leave_confirm_remind_s") > 0:
        _remind_people(waiting, limits.span("leave_confirm_remind_s"), now)
    if limits.number("leave_approve_remind_s") > 0:
        _remind_managers(waiting, limits.span("leave_approve_remind_s"), now)


Waiting = list[tuple[CallOut, Standing, datetime]]  # since when


def _waiting(now: datetime) -> Waiting:
    """Return the closed call-outs of the past year that wait for somebody's word, oldest first.

    Those of people who have left wait for a manager's, confirmed or not.
    """
    rows = CallOut.objects.live().filter(ends_at__gte=now - LOOKED_BACK, ends_at__lte=now)
    call_outs = list(rows.select_related("person").order_by("ends_at", "id"))
    found = accounts.standings(call_outs)
    waits = [one for one in call_outs if found[one.pk].waits_for_person or found[one.pk].waits_for_manager]
    entries = LedgerEntry.objects.filter(call_out__in=[one.pk for one in waits]).order_by()
    last = dict(entries.values_list("call_out").annotate(Max("at")))
    return [(one, found[one.pk], last.get(one.pk, one.ends_at or now)) for one in waits]


def _remind_people(waiting: Waiting, after: timedelta, now: datetime) -> None:
    mine: dict[Person, list[tuple[CallOut, Standing, datetime]]] = defaultdict(list)
    for one in waiting:
        if one[1].waits_for_person and one[0].person.is_active:
            mine[one[0].person].append(one)
    told = _told(list(mine), now)
    for person, found in mine.items():
        oldest, _, since = min(found, key=lambda one: one[2])
        last = max(since, told.get(person.pk, since))
        if now - last < after or now.astimezone(person.zone).hour not in DECENT:
            continue
        many = f"{len(found)} call-outs wait" if len(found) > 1 else "One call-out waits"
        asked = [one for one in found if one[1].state == "asked_back"]
        text = f"{many} for you to confirm or dispute, the oldest of {_day(oldest)}."
        if asked:
            text += f" Your manager asked something about {len(asked)} of them."
        key = f"{CONFIRM} {person.pk} {last:%Y-%m-%dT%H:%M:%S}"  # two who look at the same time say it once
        paging.notice(key=key, person=person, text=f"{text} See My leave.", now=now)


def _told(whom: list[Person], now: datetime) -> dict[UUID, datetime]:
    """Return when each was last reminded to confirm."""
    rows = Notice.objects.filter(person__in=whom, key__startswith=f"{CONFIRM} ", created_at__lte=now).order_by()
    return dict(rows.values_list("person").annotate(Max("created_at")))


def _remind_managers(waiting: Waiting, after: timedelta, now: datetime) -> None:
    due = [one for one in waiting if one[1].is_with_manager(one[0].person) and now - one[2] >= after]
    asked = list(LeaveRequest.objects.filter(state=LeaveRequest.State.ASKED).values_list("person", flat=True))
    everybody = [*people.managers(now=now), *people.administrators()]
    managers = {one.pk: one for one in everybody if _is_due_this_week(one, now)}
    if not managers or not (due or asked):
        return
    answering: dict[UUID, set[UUID]] = defaultdict(set)  # by manager, whose leave they decide about
    for person in {one[0].person for one in due} | set(Person.objects.filter(pk__in=asked)):
        for manager in accounts.managers_of(person, now=now):
            answering[manager.pk].add(person.pk)
    for pk, whose in answering.items():
        if pk not in managers:
            continue
        manager = managers[pk]
        call_outs = [one for one in due if one[0].person_id in whose]
        requests = [person for person in asked if person in whose]
        parts = [_many(len(call_outs), "call-out") + " to approve"] * bool(call_outs)
        parts += [_many(len(requests), "request") + " for leave"] * bool(requests)
        if parts:
            week = now.astimezone(manager.zone).isocalendar()
            key = f"leave approve {manager.pk} {week.year}-{week.week}"
            text = f"Waiting for you: {' and '.join(parts)}. See Leave, Approvals."
            paging.notice(key=key, person=manager, text=text, now=now)


def _is_due_this_week(manager: Person, now: datetime) -> bool:
    """Say whether Monday 09:00 of this week has come on the manager's clock, and the hour is a decent one."""
    local = now.astimezone(manager.zone)
    monday = local.date() - timedelta(days=local.weekday())
    return wall_instant(monday, time(DECENT.start), manager.zone) <= now and local.hour in DECENT


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _day(call_out: CallOut) -> str:
    local = call_out.starts_at.astimezone(call_out.zone)
    return f"{local.day} {local:%b}"

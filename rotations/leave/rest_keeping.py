"""Rests that have changed: coverage is told, cover is offered, people hear of it; and giving a rest up.

Run by the loop every second. Due times live in the rows (`Rest.next_due`), so it is safe to run late, twice or in
parallel. Nothing waits for a schedule while a person's leave is held, because whoever resolves an alarm waits for that:
where one is being stored, the rest comes again a second later. While its person is called or at work, its absence is
put off without a word, and cover that was asked for stays so: they rest again soon. Source: domain.md 5.8.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.urls import reverse

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Page
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.changes import computed, swaps
from rotations.changes.models import Absence, Swap
from rotations.changes.refusals import Refused
from rotations.changes.words import Span, left_of, own_words
from rotations.coverage import needs, swap_services
from rotations.coverage.coverage import union
from rotations.leave import accounts, resting, settlement, taking_time
from rotations.leave.models import LeaveRequest, Rest
from rotations.leave.words import length
from rotations.schedule.models import Schedule

log = logging.getLogger(__name__)
AT_MOST = 5  # rests in one run: no page waits for them
SOON, LATER = timedelta(seconds=1), timedelta(minutes=1)
WHILE_IT_RINGS = timedelta(seconds=5)
COVER_NEEDED = "cover needed"  # why is nobody's business
LONGEST_REASON = 300


class WaiverRefused(Exception):
    """Why a rest cannot be given up. The message is fit to show; `field` says where."""

    def __init__(self, message: str, *, field: str = "__all__") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def waive(*, rest: Rest, by: Person, reason: str, now: datetime) -> Rest:
    """The person gives their own rest up, and says why: they are available from now on. Twice changes nothing.

    It is recorded as broken. Cover that was asked for and not found is asked for no more; what somebody took stays
    theirs.

    :raises WaiverRefused: if it is not theirs, without a reason, over, or no rest any more.
    """
    if by.pk != rest.person_id:
        raise WaiverRefused(f"Only {rest.person.name} can give this rest up. Ask them.")
    settlement.lock(rest.person)
    rest = Rest.objects.select_related("person", "absence").get(pk=rest.pk)
    if rest.waived_at is not None:
        return rest
    if rest.withdrawn_at is not None:
        raise WaiverRefused("The call-out behind this rest was corrected, so there is nothing to give up.")
    if rest.ends_at <= now:
        raise WaiverRefused("This rest is over, and what was cannot be changed.")
    reason = reason.strip()
    if not reason:
        raise WaiverRefused("Write why you give it up. Your manager will read it.", field="reason")
    rest.waived_at, rest.waived_by, rest.waived_why, rest.next_due = now, by, reason[:LONGEST_REASON], now
    rest.save(update_fields=["waived_at", "waived_by", "waived_why", "next_due"])
    _bring_in_step(rest, now)
    return rest


def keep(*, now: datetime, limits: Limits) -> int:
    """Look after the rests that have changed, or whose person is being called; return how many. One query when none."""
    done = 0
    for pk, due in _due(now):
        if due is None:
            Rest.objects.filter(pk=pk, next_due=None).update(next_due=now)
        try:
            done += _keep_one(pk, now)
        except (OperationalError, InterfaceError):
            raise  # the database is away, or two waited for each other: nothing about this rest
        except Exception:
            log.exception("the rest %s", pk)
            Rest.objects.filter(pk=pk, next_due__lte=now).update(next_due=now + LATER)
    return done


def _due(now: datetime) -> list[tuple[UUID, datetime | None]]:
    """Return the rests to look after, each with its due time; None: a page calls its person although they rest."""
    resting_now = Rest.objects.filter(
        next_due=None, starts_at__lte=now, ends_at__gt=now, withdrawn_at=None, waived_at=None
    ).filter(absence__isnull=False, absence__cancelled_at=None)
    called = resting_now.filter(person__in=Page.objects.calling().values("person"))
    changed = Rest.objects.filter(next_due__lte=now)
    wanted = [one.order_by().values_list("pk", "next_due") for one in (changed, called)]
    return list(wanted[0].union(wanted[1]).order_by("next_due")[:AT_MOST])


@transaction.atomic
def _keep_one(pk: UUID, now: datetime) -> bool:
    rest = Rest.objects.select_related("person", "absence").get(pk=pk)
    settlement.lock(rest.person)
    rest.refresh_from_db()
    return rest.next_due is not None and rest.next_due <= now and _bring_in_step(rest, now)


def _bring_in_step(rest: Rest, now: datetime) -> bool:
    """Let coverage, the offers and the people know of a rest; False: a schedule is busy, so it comes again soon."""
    schedules = computed.lock_schedules(person=rest.person, now=now) if rest.ends_at > now else []
    rest.next_due = now + SOON if schedules is None else None
    if schedules is None:
        done = False
    elif rest.ends_at <= now:
        done = True
    else:
        resting.keep_absence(rest=rest, now=now)
        done = _let_know(rest, schedules, now)
        if not done:
            rest.next_due = now + SOON
    rest.save(update_fields=["next_due"])
    return done


def _let_know(rest: Rest, schedules: Sequence[Schedule], now: datetime) -> bool:
    """Ask for cover and tell people, once it is clear whether the person rests; False: a schedule is busy."""
    if rest.waived_at is None and resting.at_work(rest.person, now=now):
        if rest.withdrawn_at:
            rest.next_due = now + LATER  # what they are doing may make it again
        return True  # of one that stands, settlement hears when they have done
    if rest.withdrawn_at or rest.waived_at:
        asked_no_more = _ask_no_more(rest, now)
        if asked_no_more and rest.waived_at is None:
            _tell_of_needless_cover(rest, now)
        if asked_no_more:
            _tell_of_leave_not_charged(rest, now)
        return asked_no_more
    if not resting.in_effect(rest):
        rest.next_due = now + WHILE_IT_RINGS
        return True
    _tell_person(rest, now)
    for schedule, role, span in clashes(rest, schedules, now=now):
        _offer(rest, schedule, role, span, now)
    return True


def clashes(rest: Rest, schedules: Sequence[Schedule], *, now: datetime) -> list[tuple[Schedule, str, Span]]:
    """Return what the person would have on call in what is left of their rest, and nobody has been asked for yet.

    What another absence takes from them anyway is not the rest's to ask for.
    """
    start, end = max(rest.starts_at, now), rest.ends_at
    away = Absence.objects.filter(person=rest.person).exclude(source=Absence.Source.REST).covering(start, end)
    other = [(one.effective_from, one.covers_until) for one in away]
    held: dict[tuple[Schedule, str], list[Span]] = {}
    for one in needs.missing(schedules, start, end):
        if one.person.pk == rest.person_id and one.role in resting.ON_CALL:
            held.setdefault((one.schedule, one.role), []).append((one.starts_at, one.ends_at))
    found = []
    for (schedule, role), spans in held.items():
        asked = Swap.objects.open().filter(schedule=schedule, role=role, asker=rest.person)
        taken = [*other, *asked.filter(ends_at__gt=start, starts_at__lt=end).values_list("starts_at", "ends_at")]
        found += [(schedule, role, left) for span in union(spans) for left in left_of(*span, taken)]
    return found


def _offer(rest: Rest, schedule: Schedule, role: str, span: Span, now: datetime) -> None:
    """Ask all who could take it, on behalf of whoever rests; and tell who arranges it that cover is needed."""
    who, board = rest.person, settings.PUBLIC_BASE_URL + reverse("swaps")
    try:
        swap = swap_services.ask(
            schedule=schedule,
            role=role,
            asker=who,
            starts_at=span[0],
            ends_at=span[1],
            by=who,
            now=now,
            reason=COVER_NEEDED,
            url=board,
        )
    except Refused as error:
        became = f"It could be offered to nobody: {error}"
    else:
        rest.offers.add(swap)
        became = f"Offered to {_many(swap.offers.count())}: {board}"
    for one in _who_arranges(schedule, besides=who, now=now):
        until = f"{rest.ends_at.astimezone(one.zone):%a %H:%M}"
        text = f"{who.name} is unavailable until {until} (your time): {schedule.name} needs cover"
        when = own_words(*span, zone=one.zone)
        paging.notice(
            key=f"rest {rest.pk} pilot {one.pk} {schedule.pk} {role} {span[1]:%Y-%m-%dT%H:%M:%SZ}",
            person=one,
            text=f"{text} {when}. {became}",
            now=now,
        )


def _who_arranges(schedule: Schedule, *, besides: Person, now: datetime) -> list[Person]:
    """Return who sees to cover for `besides`: the pilot; for the pilot the team's lead, else their managers."""
    pilot = people.pilot(now=now)
    if pilot is not None and pilot.pk != besides.pk:
        return [pilot]
    lead = people.lead_of(schedule.team, now=now, besides=besides)
    return [lead] if lead else list(accounts.managers_of(besides, now=now))


def _ask_no_more(rest: Rest, now: datetime) -> bool:
    """Withdraw what is still asked; False: one of these schedules is busy, and nobody waits for it here."""
    asked = list(rest.offers.filter(state=Swap.State.ASKED).select_related("schedule", "asker").order_by("schedule"))
    wanted = {swap.schedule_id for swap in asked}
    free = Schedule.objects.filter(pk__in=wanted).select_for_update(no_key=True, skip_locked=True).order_by("pk")
    if wanted and len(free) < len(wanted):
        return False
    for swap in asked:
        swaps.withdraw(swap=swap, by=rest.person, now=now)
    return True


def _tell_of_needless_cover(rest: Rest, now: datetime) -> None:
    """What somebody took stays theirs until one of them undoes it: they, the person and who arranges it are told."""
    taken = rest.offers.filter(state=Swap.State.ACCEPTED, ends_at__gt=now).select_related("schedule", "accepted_by")
    link = settings.PUBLIC_BASE_URL + reverse("swaps")
    for swap in taken:
        who, taker = rest.person, swap.accepted_by
        assert taker is not None  # a constraint says so of accepted ones
        told = {one.pk: one for one in (taker, who, *_who_arranges(swap.schedule, besides=who, now=now))}
        for one in told.values():
            subject = "You are" if one.pk == who.pk else f"{who.name} is"
            has = "you have" if one.pk == taker.pk else f"{taker.name} has"
            what = f"{swap.schedule.name} {own_words(swap.starts_at, swap.ends_at, zone=one.zone)}"
            paging.notice(
                key=f"rest {rest.pk} off {swap.pk} {one.pk}",
                person=one,
                text=f"{subject} available again, and {has} {what} until the cover is undone: {link}",
                now=now,
            )


def _tell_of_leave_not_charged(rest: Rest, now: datetime) -> None:
    """Approved leave is changed at its request alone: the managers hear that it takes less than it covers by now."""
    ahead = LeaveRequest.objects.filter(person=rest.person, state=LeaveRequest.State.APPROVED, ends_at__gt=now)
    for request in ahead.filter(starts_at__lt=rest.ends_at, ends_at__gt=rest.starts_at).select_related("person"):
        missing_s = taking_time.recharged(request)[0] - taking_time.taken_of(request)
        for manager in accounts.managers_of(rest.person, now=now) if missing_s > 0 else []:
            when = own_words(request.starts_at, request.ends_at, zone=manager.zone)
            paging.notice(
                key=f"rest {rest.pk} leave {request.pk} {manager.pk}",
                person=manager,
                text=f"{rest.person.name} no longer has the morning off within their leave {when}, which was charged"
                f" without it: {length(missing_s)} less. If they take it off, cancel the leave and let them ask anew:"
                f" {settings.PUBLIC_BASE_URL}{reverse('leave_request', args=[request.pk])}",
                now=now,
            )


def _tell_person(rest: Rest, now: datetime) -> None:
    until = rest.ends_at.astimezone(ZoneInfo(rest.time_zone))
    link = settings.PUBLIC_BASE_URL + reverse("leave")
    place = "" if rest.person.time_zone == rest.time_zone else f" in {rest.place}"
    paging.notice(
        key=f"rest {rest.pk} made {rest.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        person=rest.person,
        text=f"After this call-out you rest until {until:%a %H:%M}{place}: no shift, no meeting, no workplace. {link}",
        now=now,
    )


def _many(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"

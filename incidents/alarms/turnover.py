"""Who is on call changes while an alarm waits for its next step: at a boundary, by an override, when somebody is away.

Coverage changes at the boundary, always (domain.md 5.10). For a firing alarm whose present step targets a schedule
whoever comes on call is paged, and whoever goes off is called no more; the policy keeps its own time. An acknowledged
alarm stays with its holder and is offered. When to look is a due column (`Alarm.cover_due`), set when a step fires; a
schedule that changes meanwhile moves it to now (`notice_changes`).
"""

import logging
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef

from incidents.alarms import leads
from incidents.alarms.calling import call_people, say_broken
from incidents.alarms.models import COVER, Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import release, rings, wait_for_turn
from incidents.alarms.services import write
from incidents.escalation import queries as policies
from incidents.escalation.decision import (
    Held,
    Plan,
    Position,
    StepPlan,
    Turn,
    plan_from_json,
    present,
    turn_over,
)
from incidents.escalation.queries import Place, Standing, Waiting
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import ContactMethod, Notice, Page
from rotations.coverage.models import Handoff

log = logging.getLogger(__name__)
LASTS = "handover_outgoing_for_s"
SAID = [LogEntry.Kind.PAGED, LogEntry.Kind.NOBODY]  # with a person: called, or without any way to be


def mark(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Note when to look again at who is on call for the step that has just fired.

    It is at once where somebody must be called or released: who is on call may have changed while the step was taken.
    """
    before = alarm.cover
    alarm.forget_cover()
    try:
        with transaction.atomic() if _asks_schedules(alarm) else nullcontext():
            view = _view(alarm, now=now, limits=limits)
            if view is not None:
                at_once = bool(view.turn.call or view.turn.also or view.leaving)
                _remember(alarm, view, at=now if at_once else None)
    except OperationalError:
        raise
    except Exception as error:  # the step itself has been taken: it must not be undone by what comes after it
        log.exception("cover of alarm %s", alarm.pk)
        say_broken(alarm, f"Nobody can say who is on call next: {type(error).__name__}: {error}", now=now)
    if alarm.cover != before:
        alarm.save(update_fields=COVER)


def look(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Page whoever came on call since the present step, and call no more who went off. The caller holds the alarm."""
    watches = alarm.state == Alarm.State.FIRING and alarm.cover_edition is not None
    view = _view(alarm, now=now, limits=limits) if watches else None
    if view is None:
        alarm.forget_cover()
        alarm.save(update_fields=COVER)
        return
    reached = _call(alarm, view, now=now, limits=limits)
    gone = _release(alarm, view, now=now)
    _remember(alarm, view)
    if view.left_alone:
        text = f"Nobody is on call for {', '.join(target.name for target in view.step.targets)} any more."
        write(alarm, LogEntry.Kind.NOBODY, f"{text} Going on at once.", now=now)
        leads.tell(alarm, step=view.index, why="nobody is on call there any more", now=now)
        _go_on_at_once(alarm, now=now)
    elif (gone or (view.turn.call and not reached)) and not rings(alarm):
        _go_on_at_once(alarm, now=now)  # nobody is called any more: as with a step that reaches nobody
    alarm.save(update_fields=[*COVER, "next_due"])


def call_outgoing(
    alarm: Alarm,
    index: int,
    step: StepPlan,
    *,
    fired_at: datetime,
    now: datetime,
    limits: Limits,
    tried: Collection[str] = (),
) -> bool:
    """Nobody on call can be reached for a step: call who went off and holds the pager still, without their minute.

    Returns whether anybody can be reached. The caller holds the alarm.
    """
    try:
        with transaction.atomic():
            standing = policies.standing(step.targets, now=now, until=now, lasts=limits.span(LASTS))
    except OperationalError:
        raise
    except Exception as error:  # whoever comes next in the policy must be called all the same
        log.exception("outgoing of alarm %s", alarm.pk)
        say_broken(alarm, f"Nobody can say who held the pager: {type(error).__name__}: {error}", now=now)
        return False
    held = {one.outgoing for one in standing.waiting if one.at <= fired_at} - set(standing.on_call) - set(tried)
    wanted = [standing.people[person] for person in sorted(held)]
    return bool(wanted) and call_people(alarm, wanted, step=index, now=now, limits=limits)


def call_outgoing_instead(alarm: Alarm, *, now: datetime, limits: Limits) -> bool:
    """The same for the step that fired last, once no way got through to those it called."""
    found = _present(alarm)
    if found is None or alarm.stepped_at is None:
        return False
    plan, index = found
    links = _links(alarm)
    tried = _Done.of(alarm, links).tried(links)
    return call_outgoing(
        alarm, index, plan.steps[index], fired_at=alarm.stepped_at, now=now, limits=limits, tried=tried
    )


def notice_changes(*, now: datetime) -> int:
    """Make firing alarms due whose schedules have changed since they were looked at. Returns how many.

    Two queries when nothing has, however many alarms fire; one when none does.
    """
    watched = Alarm.objects.filter(state=Alarm.State.FIRING, cover_edition__isnull=False)
    groups = list(watched.order_by().values_list("cover_schedules", "cover_edition").distinct())
    if not groups:
        return 0
    editions = policies.editions({pk for schedules, _ in groups for pk in schedules})
    made = 0
    for schedules, seen in groups:
        if sum(editions.get(pk, 0) for pk in schedules) != seen:
            same = watched.filter(cover_schedules=schedules, cover_edition=seen)
            made += same.exclude(cover_due__lte=now).update(cover_due=now)
    return made


def look_again(*, schedule: UUID, now: datetime) -> int:
    """Make firing alarms of a schedule due: a handover note was accepted. Returns how many."""
    watched = Alarm.objects.filter(state=Alarm.State.FIRING, cover_edition__isnull=False)
    return watched.filter(cover_schedules__contains=[schedule]).exclude(cover_due__lte=now).update(cover_due=now)


def offer(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Offer what the outgoing person has acknowledged to whoever took over, once each. Returns how many offers."""
    lasts = limits.span(LASTS)
    handoffs = Handoff.objects.filter(at__gt=now - lasts, at__lte=now, outgoing__isnull=False).filter(
        Exists(ContactMethod.objects.usable().filter(person=OuterRef("incoming")))
    )  # to whom nothing can be sent, the note shows it
    pairs = list(handoffs.select_related("schedule", "incoming", "outgoing").order_by("at"))
    if not pairs:
        return 0
    held = Alarm.objects.filter(
        state=Alarm.State.ACKNOWLEDGED, acknowledged_by__in={one.outgoing_id for one in pairs}
    ).order_by("pk")
    wanted = {
        f"offer:{handoff.pk}:{alarm.pk}:{alarm.cycle}": (handoff, alarm)
        for alarm in held
        for handoff in pairs
        if alarm.acknowledged_by_id == handoff.outgoing_id and _concerns(alarm, handoff)
    }
    known = set(Notice.objects.filter(key__in=wanted).values_list("key", flat=True)) if wanted else set()
    new = [key for key in wanted if key not in known][:at_most]
    return sum(_offer(key, *wanted[key], now=now) for key in new)


@transaction.atomic
def _offer(key: str, handoff: Handoff, alarm: Alarm, *, now: datetime) -> bool:
    holder = handoff.outgoing
    current = Alarm.objects.select_for_update(skip_locked=True).filter(pk=alarm.pk).first()
    if holder is None or current is None or current.acknowledged_by_id != holder.pk:
        return False
    text = (
        f"{holder.name} is off call and still has “{alarm.title[:100]}”. You may take it over: "
        f"{urljoin(settings.PUBLIC_BASE_URL, alarm.path)}"
    )
    if Notice.objects.filter(key=key).exists():
        return False
    if paging.notice(key=key, person=handoff.incoming, text=text, now=now) is None:
        return False
    to = f"{handoff.incoming.name}, on call for {handoff.schedule.name} now"
    said = f"It stays with {holder.name} and is offered to {to}."
    write(alarm, LogEntry.Kind.HANDOFF, said, now=now)
    return True


def _concerns(alarm: Alarm, handoff: Handoff) -> bool:
    try:
        steps = plan_from_json(alarm.plan).steps
    except (KeyError, TypeError, ValueError):
        return False
    wanted = ("schedule", str(handoff.schedule_id), handoff.role)
    return any((target.kind, target.id, target.role) == wanted for step in steps for target in step.targets)


@dataclass(frozen=True)
class _View:
    """What the present step means now."""

    index: int
    step: StepPlan
    standing: Standing
    turn: Turn
    by: dict[str, int]  # which step each outgoing person is called for; it may be an earlier one
    leaving: list[AlarmPage]  # pages that go on no longer
    left_alone: bool  # it called somebody on call and names nobody else, and now nobody is


def _view(alarm: Alarm, *, now: datetime, limits: Limits) -> _View | None:
    """Return what the step that fired last means; None where there is none, or neither it nor one before asks a
    schedule.
    """
    found = _present(alarm)
    if found is None or not _asks_schedules(alarm):
        return None
    plan, index = found
    step, links = plan.steps[index], _links(alarm)
    done = _Done.of(alarm, links)
    before = {link.step for link in links if 0 <= link.step < len(plan.steps)} - {index}
    asked = {nth: policies.places(plan.steps[nth].targets) for nth in {index, *before}}
    if not any(asked.values()):
        return None
    standing = policies.standing(
        step.targets,
        earlier=[target for nth in sorted(before) for target in plan.steps[nth].targets],
        now=now,
        until=alarm.next_due or now,
        lasts=limits.span(LASTS),
    )
    held, by = [], {}
    for one in standing.waiting:
        called_at = _called_at(alarm, one, links, asked, present=index)
        held.append(Held(one.at, one.outgoing, called_at))
        by[one.outgoing] = next(nth for nth in (index, *sorted(before, reverse=True)) if one.place in asked[nth])
    turn = turn_over(
        now=now,
        on_call=standing.on_call,
        held=held,
        tried=done.tried(links),
        changes_at=standing.changes_at,
        after=limits.span("handover_outgoing_after_s"),
        lasts=limits.span(LASTS),
    )
    others = [target for target in step.targets if target.kind != "schedule"]
    called = any(link.step >= 0 and link.page_id in done.pages for link in links)
    left_alone = bool(asked[index]) and not standing.on_call and not others and called
    leaving = _leaving(plan, links, asked, index, standing, turn, now=now)
    return _View(index, step, standing, turn, by, leaving, left_alone)


def _asks_schedules(alarm: Alarm) -> bool:
    """Say whether any step of the plan does: else who is on call matters to none, and nothing need be looked up."""
    found = _present(alarm)
    return found is not None and any(one.kind == "schedule" for step in found[0].steps for one in step.targets)


def _present(alarm: Alarm) -> tuple[Plan, int] | None:
    """Return the step that fired last in this cycle; None before the first, or where the plan cannot be read."""
    if alarm.stepped_at is None:
        return None
    try:
        plan = plan_from_json(alarm.plan)
    except (KeyError, TypeError, ValueError):
        return None  # the engine says so when it takes the step
    index = present(plan, Position(alarm.step, alarm.round))
    return None if index is None else (plan, index)


def _links(alarm: Alarm) -> list[AlarmPage]:
    """Return the pages of this cycle that are for this alarm still."""
    return list(AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, released=False).select_related("page"))


@dataclass(frozen=True)
class _Done:
    """What the present step has done: the pages it made or joined, the people it found no way to."""

    pages: set[UUID]
    unreached: set[UUID]

    @classmethod
    def of(cls, alarm: Alarm, links: Sequence[AlarmPage]) -> "_Done":
        if alarm.stepped_at is None:
            return cls(set(), set())
        entries = LogEntry.objects.filter(alarm=alarm, cycle=alarm.cycle, at__gte=alarm.stepped_at)
        named = entries.filter(kind__in=SAID, person__isnull=False)
        said: list[tuple[UUID, UUID | None]] = list(named.values_list("person_id", "page_id"))
        made = {link.page_id for link in links if link.linked_at >= alarm.stepped_at}
        return cls(made | {page for _, page in said if page}, {person for person, page in said if page is None})

    def tried(self, links: Sequence[AlarmPage]) -> set[str]:
        """Return the ids of whom the step has called, or found no way to, and of whom an earlier one still calls.

        A page whose rungs are all used calls nobody any more, though it still waits for an answer.
        """
        pages = [link.page for link in links]
        called = {page.person_id for page in pages if page.pk in self.pages or _climbs(page)}
        return {str(person) for person in called | self.unreached}


def _climbs(page: Page) -> bool:
    return page.state == Page.State.CALLING and page.next_rung < len(page.ladder)


def _called_at(
    alarm: Alarm, one: Waiting, links: Sequence[AlarmPage], asked: dict[int, set[Place]], *, present: int
) -> datetime | None:
    """Return when a step first called the incoming person and has not called the outgoing since: a step may be over
    before their minute is.
    """
    paid = [link.linked_at for link in links if str(link.page.person_id) == one.outgoing]
    called = [
        link.linked_at
        for link in links
        if str(link.page.person_id) == one.incoming
        and one.place in asked.get(link.step, ())
        and one.at <= link.linked_at
        and not any(link.linked_at <= instant for instant in paid)
    ]
    if alarm.stepped_at is not None and one.place in asked[present] and one.at <= alarm.stepped_at:
        called.append(alarm.stepped_at)
    return min(called, default=None)


def _leaving(
    plan: Plan,
    links: Sequence[AlarmPage],
    asked: dict[int, set[Place]],
    index: int,
    standing: Standing,
    turn: Turn,
    *,
    now: datetime,
) -> list[AlarmPage]:
    """Return the pages, of this step or an earlier one for the same, to who is off call; none where nobody is on: a
    pager that nobody took over rings on. Of other steps, those to outgoing people whose note has been accepted.
    """
    here, found = asked[index], []
    for link in links:
        person, places = str(link.page.person_id), asked.get(link.step, set())
        settled = any((place, person) in standing.settled for place in places - here)
        handed_over = bool(standing.on_call) and bool(places & here)
        if link.page.state == Page.State.CALLING and person not in turn.keep and (handed_over or settled):
            found.append(link)
    if not found:
        return []
    steps = {index, *(link.step for link in found)}
    named = [target for nth in sorted(steps) for target in plan.steps[nth].targets if target.kind != "schedule"]
    others = {one.person.pk for one in policies.who_is_called(named, now=now)}
    return [link for link in found if link.page.person_id not in others]


def _call(alarm: Alarm, view: _View, *, now: datetime, limits: Limits) -> bool:
    """Call whoever came on, and who holds the pager still. Returns whether anybody can be reached."""
    people, turn = view.standing.people, view.turn
    wait_for_turn(people[person].person for person in (*turn.call, *turn.also))  # all before the first page
    came_on = [people[person] for person in turn.call]
    reached = call_people(alarm, came_on, step=view.index, now=now, limits=limits)
    for person in turn.also:
        reached |= call_people(alarm, [people[person]], step=view.by[person], now=now, limits=limits)
    return reached


def _release(alarm: Alarm, view: _View, *, now: datetime) -> bool:
    """End the pages that go on no longer. Returns whether there were any."""
    if not view.leaving:
        return False
    names = ", ".join(sorted(view.standing.people[person].person.name for person in view.standing.on_call))
    why = f"Handed over at the boundary: {names} is on call now." if names else "The handover note has been accepted."
    gone = release(alarm=alarm, links=view.leaving, why=why, now=now)
    if gone:
        who = ", ".join(person.name for person in gone)
        write(alarm, LogEntry.Kind.HANDOFF, f"Off call by now, and called no more: {who}.", now=now)
    return bool(gone)


def _remember(alarm: Alarm, view: _View, *, at: datetime | None = None) -> None:
    """Look next `at`, else when something changes; when the next step comes first, that one asks anew."""
    standing, due = view.standing, view.turn.look_at
    if not standing.schedules:
        alarm.forget_cover()
        return
    if due is not None and alarm.next_due is not None and due >= alarm.next_due:
        due = None
    alarm.cover_due = at or due
    alarm.cover_schedules, alarm.cover_edition = standing.schedules, standing.edition


def _go_on_at_once(alarm: Alarm, *, now: datetime) -> None:
    alarm.next_due = min(alarm.next_due or now, now)

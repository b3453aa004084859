"""Who is on call changes while an alarm waits for its next step: at a boundary, by an override, when somebody is away.

Coverage changes at the boundary, always (domain.md 5.10). For a firing alarm whose present step targets a schedule
whoever comes on call is paged, and whoever goes off is called no more; the policy keeps its own time. An acknowledged
alarm stays with its holder and is offered. When to look is a due column (`Alarm.cover_due`), set when a step fires; a
schedule that changes meanwhile moves it to now (`notice_changes`).
"""

import logging
from datetime import datetime
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q

from incidents.alarms import queries
from incidents.alarms.calling import call_people, say_broken
from incidents.alarms.models import COVER, Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import release
from incidents.alarms.services import write
from incidents.escalation import queries as policies
from incidents.escalation.decision import Position, StepPlan, Turn, plan_from_json, present, turn_over
from incidents.escalation.queries import Standing
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import ContactMethod, Notice, Page
from oncall.people.models import Person
from rotations.coverage.models import Handoff

log = logging.getLogger(__name__)


def mark(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Note when to look again at who is on call for the step that has just fired."""
    alarm.forget_cover()
    step = _present(alarm)
    if step is not None and any(target.kind == "schedule" for target in step[1].targets):
        try:
            with transaction.atomic():
                standing = _standing(alarm, step[1], now=now, limits=limits)
                turn = _turn(alarm, standing, called=set(), now=now, limits=limits)
                _remember(alarm, standing, turn)
        except OperationalError:
            raise
        except Exception as error:  # the step itself has been taken: it must not be undone by what comes after it
            log.exception("cover of alarm %s", alarm.pk)
            say_broken(alarm, f"Nobody can say who is on call next: {type(error).__name__}: {error}", now=now)
    alarm.save(update_fields=COVER)


def look(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Page whoever came on call since the present step, and call no more who went off. The caller holds the alarm."""
    step = _present(alarm)
    if alarm.state != Alarm.State.FIRING or step is None or alarm.cover_edition is None:
        alarm.forget_cover()
        alarm.save(update_fields=COVER)
        return
    index, plan = step
    standing = _standing(alarm, plan, now=now, limits=limits)
    turn = _turn(alarm, standing, called=_called(alarm), now=now, limits=limits)
    wanted = [standing.people[person] for person in (*turn.call, *turn.also)]
    reached = call_people(alarm, wanted, step=index, now=now, limits=limits)
    gone = _release(alarm, index, plan, standing, turn, now=now)
    if gone:
        names = ", ".join(person.name for person in gone)
        write(alarm, LogEntry.Kind.HANDOFF, f"Off call by now, and called no more: {names}.", now=now)
    _remember(alarm, standing, turn)
    if not standing.on_call and _left_alone(alarm, index, plan):
        text = f"Nobody is on call for {', '.join(target.name for target in plan.targets)} any more. Going on at once."
        write(alarm, LogEntry.Kind.NOBODY, text, now=now)
        alarm.next_due = now
    elif turn.call and not reached and not queries.calling(alarm):
        alarm.next_due = now  # who came on call cannot be reached: a step that reaches nobody goes on at once
    alarm.save(update_fields=[*COVER, "next_due"])


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
    lasts = limits.span("handover_outgoing_for_s")
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


def _present(alarm: Alarm) -> tuple[int, StepPlan] | None:
    """Return the step that fired last in this cycle; None before the first, or where the plan cannot be read."""
    if alarm.stepped_at is None:
        return None
    try:
        plan = plan_from_json(alarm.plan)
    except (KeyError, TypeError, ValueError):
        return None  # the engine says so when it takes the step
    index = present(plan, Position(alarm.step, alarm.round))
    return None if index is None else (index, plan.steps[index])


def _standing(alarm: Alarm, step: StepPlan, *, now: datetime, limits: Limits) -> Standing:
    until = alarm.next_due or now
    return policies.standing(step.targets, now=now, until=until, lasts=limits.span("handover_outgoing_for_s"))


def _turn(alarm: Alarm, standing: Standing, *, called: set[str], now: datetime, limits: Limits) -> Turn:
    return turn_over(
        stepped_at=alarm.stepped_at or now,
        now=now,
        on_call=standing.on_call,
        held=standing.held,
        called=called,
        changes_at=standing.changes_at,
        after=limits.span("handover_outgoing_after_s"),
        lasts=limits.span("handover_outgoing_for_s"),
    )


def _remember(alarm: Alarm, standing: Standing, turn: Turn) -> None:
    """When the next step comes first, that one asks anew."""
    due = turn.look_at
    if due is not None and alarm.next_due is not None and due >= alarm.next_due:
        due = None
    alarm.cover_due, alarm.cover_schedules, alarm.cover_edition = due, standing.schedules, standing.edition


def _called(alarm: Alarm) -> set[str]:
    """Return the ids of whom this step has called, and of whom an earlier one still calls."""
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, released=False)
    since = Q(page__state=Page.State.CALLING) | Q(linked_at__gte=alarm.stepped_at)
    return {str(pk) for pk in links.filter(since).values_list("page__person_id", flat=True)}


def _release(
    alarm: Alarm, index: int, step: StepPlan, standing: Standing, turn: Turn, *, now: datetime
) -> list[Person]:
    """End the pages of the step to who is off call, if somebody is on: a pager that nobody took over rings on."""
    if not standing.on_call:
        return []
    others = policies.who_is_called([target for target in step.targets if target.kind != "schedule"], now=now)
    keep = turn.keep | {str(one.person.pk) for one in others}
    names = ", ".join(sorted({standing.people[duty.person].person.name for duty in standing.on_call}))
    return release(
        alarm=alarm, step=index, keep=keep, why=f"Handed over at the boundary: {names} is on call now.", now=now
    )


def _left_alone(alarm: Alarm, index: int, step: StepPlan) -> bool:
    """Say whether this step called somebody on call and names nobody else, so that now nobody is left for it."""
    if any(target.kind != "schedule" for target in step.targets):
        return False
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, step=index, linked_at__gte=alarm.stepped_at)
    return links.exists()

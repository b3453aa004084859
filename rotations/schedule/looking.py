"""What a rotation that is being typed would do next: its coming turns, and its handoffs for moving one."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from oncall.people.models import Person
from oncall.people.queries import NoObservingSite
from rotations.night import queries as nights
from rotations.night.preview import in_words
from rotations.schedule.handoffs import Plan, shifts_between
from rotations.schedule.models import Rotation
from rotations.schedule.spec import Planned

SHOWN = 10


@dataclass(frozen=True)
class ComingTurn:
    """One turn: who, from when to when; `first_open` is when the layer's window is first open in it."""

    person: Person
    starts_at: datetime
    ends_at: datetime
    here: str  # both ends on the rotation's clock
    first_open: str  # empty: round the clock
    shut: bool  # the window is never open in it


@dataclass(frozen=True)
class ComingHandoff:
    """One handoff: at which turn, when, and when by the rule, if it was moved."""

    turn: int
    at: datetime
    by_rule: datetime | None  # None: it was not moved
    local: datetime  # `at` on the rotation's clock, naive
    here: str  # the same in words
    person: Person | None  # who takes over


def coming_turns(planned: Planned, *, now: datetime) -> list[ComingTurn]:
    """Return the next ten turns, from `now` or the first handoff on.

    :raises ValueError: if a turn reaches beyond the calendar.
    """
    plan = planned.plan()
    people = {str(place.person_id): place.person for place in planned.places}
    start = max(now, plan.handoff(0))
    end = plan.handoff(plan.turn_at(start) + SHOWN + 1)
    spans = _window(planned.rotation, start, end)
    found = []
    for shift in shifts_between(start, end, plan=plan)[:SHOWN]:
        open_ = [span for span in spans or [] if span[0] < shift.ends_at and shift.starts_at < span[1]]
        words = ""
        if open_:
            low, high = max(open_[0][0], shift.starts_at), min(open_[0][1], shift.ends_at)
            words = in_words(low, high, plan.zone)
        found.append(
            ComingTurn(
                people[shift.participant],
                shift.starts_at,
                shift.ends_at,
                span_on(shift.starts_at, shift.ends_at, plan.zone),
                words,
                spans is not None and not open_,
            )
        )
    return found


def coming_handoffs(planned: Planned, *, now: datetime) -> list[ComingHandoff]:
    """Return the next ten handoffs after `now`, moved ones where they are now.

    :raises ValueError: if one lies beyond the calendar.
    """
    plan = planned.plan()
    people = {str(place.person_id): place.person for place in planned.places}
    by_rule = _without_moves(plan)
    turn = plan.turn_at(max(now, plan.handoff(0)))
    first = turn if plan.handoff(turn) > now else turn + 1
    found = []
    for number in range(first, first + SHOWN):
        at = plan.handoff(number)
        taker = plan.pick(number)
        found.append(
            ComingHandoff(
                number,
                at,
                by_rule.handoff(number) if number in plan.moved else None,
                at.astimezone(plan.zone).replace(tzinfo=None),
                on_clock(at, plan.zone),
                people.get(taker.participant) if taker else None,
            )
        )
    return found


def handoff_by_rule(planned: Planned, turn: int) -> datetime:
    """Return when a handoff is when nobody moves it."""
    return _without_moves(planned.plan()).handoff(turn)


def on_clock(instant: datetime, zone: ZoneInfo) -> str:
    """Return, say, "Mon 29 Mar 2027 09:00 PDT"."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M %Z}"


def span_on(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Return, say, "Mon 29 Mar 09:00 to Mon 5 Apr 09:00 PDT"; both zones' letters where clocks change in between."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    letters = "" if first.tzname() == last.tzname() else f" {first:%Z}"
    return f"{first:%a} {first.day} {first:%b %H:%M}{letters} to {last:%a} {last.day} {last:%b %H:%M %Z}"


def _without_moves(plan: Plan) -> Plan:
    return Plan(
        zone=plan.zone,
        unit=plan.unit,
        every=plan.every,
        first_on=plan.first_on,
        handoff_time=plan.handoff_time,
        order=plan.order,
        weekdays=plan.weekdays,
        at_once=plan.at_once,
    )


def _window(rotation: Rotation, start: datetime, end: datetime) -> list[tuple[datetime, datetime]] | None:
    """Return when the layer's window is open in the span; None: round the clock."""
    if rotation.window is None:
        return None
    try:
        return nights.book().spans(rotation.window.name, start, end)
    except NoObservingSite:
        return []

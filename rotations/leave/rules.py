"""The rule by which a call-out earns, as it is kept with the call-out and explained in words.

A kept rule has the hours in force when the call-out began, and under `later` those that begin within it, each with the
instant from which it holds: a stay, a move, part time. Multipliers and other numbers are those of its start throughout.
It also keeps the public holidays of its days, by their names (empty: none), so that a new release of the library that
knows them rates nothing anew; one kept before that was known asks the library. Where the hours are the team's, on
another clock than the person's, `own_zone` is theirs: their midnights, months and mornings off go by it.

Arithmetic is exact. The posted figure rounds once per call-out, half a second to the person (Credit.credit_s).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.people.holidays import Place
from oncall.people.models import Person
from oncall.people.queries import PersonHours, hours_at, hours_edges, team_calendar
from rotations.changes.models import Absence
from rotations.coverage import queries as coverage
from rotations.leave.credit import (
    DAY,
    EVER,
    MIDNIGHT,
    Credit,
    Hours,
    Kind,
    Span,
    Terms,
    credit_in_turn,
    union,
    whole_second,
)
from rotations.leave.words import length
from rotations.schedule.models import Role

VERSION = 1  # of the arithmetic; a change of it posts differences only where somebody asks for them
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PAID_KINDS: tuple[Kind, ...] = ("night", "evening", "weekend", "holiday", "day off")
LIMITS_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)  # before the first limits, these hold
TRIAGE = 1  # the tier whose shifts are waited in (R16)
HOURS = ("calendar", "work_days", "starts", "ends", "time_zone", "country", "subdivision")
ASKED = ("span", "later", "holidays", "on_leave", "own_shifts")  # parts of a rule that are about one call-out

Json = dict[str, Any]


def rule_of(person: Person, *, at: datetime) -> Json:
    """Return the rule in force for `person` at `at`, as JSON: their calendar, their zone, whose holidays, how much.

    Parts that a limit row leaves out are left out, so that an old rule and a new one that say the same are the same.
    Source: domain.md 5.6 (own calendar, own zone; a limit row can switch to the team's), 5.7, R34 (the multiplier).
    """
    return _rule_by(_numbers(at), person, at)


def _rule_by(numbers: Limits, person: Person, at: datetime) -> Json:
    hours = _hours_by(numbers, person, at)
    own_zone = hours_at(person, at).time_zone if numbers.number("out_of_hours_by_team") else hours.time_zone
    return {
        "version": VERSION,
        **_hours_as_json(hours),
        **({"own_zone": own_zone} if own_zone != hours.time_zone else {}),
        "multiplier": _plain(numbers.number("credit_multiplier")),
        **_terms_of(numbers),
    }


def hours_held(person: Person, at: datetime) -> PersonHours:
    """Return the hours that judge what `person` does at `at`: their own, or those of their team where a limit says so.

    Which hours were the team's is known for who has no calendar of their own (hours.keep_team_hours); with the limit
    `out_of_hours_by_team`, others have those of their teams as they are now.
    """
    return _hours_by(_numbers(at), person, at)


def rule_for(person: Person, start: datetime, end: datetime | None, *, known: Json | None = None) -> Json:
    """Return the rule of a call-out from `start` to `end`, None: open, by limits at `start` and hours at each instant.

    Holidays that a `known` rule has of it stay what they were.
    """
    numbers = _numbers(start)
    rule = _rule_by(numbers, person, start)
    edges = hours_edges(person, start, end or start + DAY)
    turns = [(edge, _hours_as_json(_hours_by(numbers, person, edge))) for edge in edges]
    return _about(_in_turn(rule, rule, turns), person, start, end, known=known or {})


def moved(rule: Json, person: Person, start: datetime, end: datetime | None) -> Json:
    """Return the kept rule of a call-out that spans `[start, end)` now: it stays unless the start moved over a change.

    What was known when the call-out was found holds, so that no new calendar or limit rewrites the past by the way;
    where other rules were in force at the new start, it is these. Hours that begin in time that it did not span before
    are asked.
    """
    was = rule.get("span")
    if was == _span_as_json(start, end):
        return rule
    if was and was[0] != _z(start) and rule_of(person, at=start) != rule_of(person, at=datetime.fromisoformat(was[0])):
        return rule_for(person, start, end, known=rule)
    return _about(_stretched(rule, person, start, end), person, start, end, known=rule)


def same(one: Json, other: Json) -> bool:
    """Say whether two kept rules earn the same for any call-out."""
    return {**one, "span": None} == {**other, "span": None}


def _stretched(rule: Json, person: Person, start: datetime, end: datetime | None) -> Json:
    """Return `rule` with its hours as they were known in the span it had, and asked in what `[start, end)` has beside.

    Of one that was open only the hours at its start were known.
    """
    was = _span_of(rule)
    since, until = was or (start, start)
    known = {since: rule}
    for part in rule.get("later", []):
        if since < (begins := datetime.fromisoformat(part["from"])) < until:
            known[begins] = part
    edges = [edge for edge in hours_edges(person, start, end or start + DAY) if not since <= edge < until]
    numbers = _numbers(start) if edges else None
    asked = {edge: _hours_as_json(_hours_by(numbers, person, edge)) for edge in edges if numbers}
    turns = sorted((asked | known).items(), key=lambda turn: turn[0])
    first = next((hours for begins, hours in reversed(turns) if begins <= start), rule)
    return _in_turn(rule, first, [(begins, hours) for begins, hours in turns if start < begins < (end or start + DAY)])


def _in_turn(rule: Json, first: Json, turns: Iterable[tuple[datetime, Json]]) -> Json:
    """Return `rule` with `first` as the hours of its start, and of `turns` those that differ from what they follow."""
    found: Json = {key: value for key, value in rule.items() if key not in ASKED} | _only_hours(first)
    held, later = _only_hours(first), []
    for begins, hours in turns:
        if _only_hours(hours) != held:
            held = _only_hours(hours)
            later.append({"from": _z(begins), **held})
    return found | ({"later": later} if later else {})


def _about(rule: Json, person: Person, start: datetime, end: datetime | None, *, known: Json) -> Json:
    """Return `rule` with its call-out's span, and when the person was on leave, or on an own shift of triage, in it.

    Both as they held at the time: leave that was entered afterwards changes no hours, nor does a later override. Of an
    open call-out a day is asked about; it is asked again when it is closed. Holidays of its days that a `known` rule
    has stay what they were.
    """
    until = end or start + DAY
    kept = {key: value for key, value in rule.items() if key not in ASKED}
    kept["span"] = _span_as_json(start, end)
    kept["holidays"] = _holidays(rule, start, until, known)
    if later := rule.get("later"):
        kept["later"] = [{**part, "holidays": _holidays(part, start, until, known)} for part in later]
    if leave := _spans_as_json(_leave(person, start, until)):
        kept["on_leave"] = leave
    if rule.get("in_own_shift") is False and (shifts := _spans_as_json(_own_shifts(person, start, until))):
        kept["own_shifts"] = shifts
    return kept


def _holidays(part: Json, start: datetime, until: datetime, known: Json) -> dict[str, str]:
    """Return the holiday of each day that `[start, until)` may touch in a part's zone, by date; empty: it is none."""
    first, last = _days(part, start, until)
    names = _place(part).between(first, last)
    days = [first + number * DAY for number in range((last - first).days + 1)]
    found = {day.isoformat(): names.get(day, "") for day in days}
    for other in (known, *known.get("later", [])):
        if other and _place(other) == _place(part):
            found |= {day: name for day, name in other.get("holidays", {}).items() if day in found}
    return found


def earn(rule: Json, start: datetime, end: datetime) -> Credit:
    """Return what `[start, end)` earns under a kept rule; one kept before a part of it was known does without it."""
    return earn_together(rule, [(start, end)])


def earn_together(rule: Json, spans: Iterable[Span]) -> Credit:
    """Return what `spans`, as one call-out, earn under a kept rule: they are a union.

    :raises ValueError: if a span ends before it starts.
    """
    covered = union(spans)
    later = [(datetime.fromisoformat(part["from"]), part) for part in rule.get("later", [])]
    turns = [(since, _hours_of_json(part, rule, covered)) for since, part in [(EVER, rule), *later]]
    return credit_in_turn(covered, turns=turns, terms=terms(rule))


def _hours_of_json(part: Json, rule: Json, covered: Iterable[Span]) -> Hours:
    holidays: dict[date, str] = {}
    for start, end in covered:
        holidays |= _place(part).between(*_days(part, start, end))
    holidays |= {date.fromisoformat(day): name for day, name in part.get("holidays", {}).items()}
    return Hours(
        zone=ZoneInfo(part["time_zone"]),
        work_days=frozenset(part["work_days"]),
        starts=time.fromisoformat(part["starts"]),
        ends=time.fromisoformat(part["ends"]),
        holidays={day: name for day, name in holidays.items() if name},
        off=_spans_of_json(rule.get("on_leave", [])),
    )


def terms(rule: Json) -> Terms:
    multipliers = rule.get("multipliers", {})
    return Terms(
        multiplier=Decimal(rule["multiplier"]),
        by_kind={kind: Decimal(multipliers[kind]) for kind in PAID_KINDS if kind in multipliers},
        minimum_s=rule.get("minimum_s", 0),
        rounding_s=rule.get("rounding_s", 1),
        uncredited=_spans_of_json(rule.get("own_shifts", [])),
    )


def in_words(rule: Json) -> str:
    """Say the rule: "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR)"."""
    parts = [
        f", from {datetime.fromisoformat(part['from']):%Y-%m-%d %H:%M} UTC outside {_hours_words(part)}"
        for part in rule.get("later", [])
    ]
    if parts:
        parts.append(", numbers as when it began")
    return (
        f"{rule['multiplier']} times{_kind_words(rule)} the time outside {_hours_words(rule)}{''.join(parts)}"
        f"{''.join(f', {part}' for part in _more_words(rule))}, rule {rule['version']}"
    )


def _hours_words(part: Json) -> str:
    days = part["work_days"]
    run = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    names = f"{WEEKDAYS[days[0] - 1]} to {WEEKDAYS[days[-1] - 1]}" if run else ", ".join(WEEKDAYS[d - 1] for d in days)
    ends = "24:00" if time.fromisoformat(part["ends"]) == MIDNIGHT else part["ends"][:5]
    return (
        f"{part['calendar']} ({names or 'no days'} {part['starts'][:5]}-{ends} {part['time_zone']},"
        f" {_holiday_words(_place(part))})"
    )


def _numbers(at: datetime) -> Limits:
    return limits.at(max(at, LIMITS_BEGIN))


def _hours_by(numbers: Limits, person: Person, at: datetime) -> PersonHours:
    return (numbers.number("out_of_hours_by_team") and _hours_of_team(person)) or hours_at(person, at)


def _hours_as_json(hours: PersonHours) -> Json:
    return {
        "calendar": hours.calendar.name,
        "work_days": sorted(hours.calendar.work_days),
        "starts": hours.calendar.starts.isoformat("seconds"),
        "ends": hours.calendar.ends.isoformat("seconds"),
        "time_zone": hours.time_zone,
        "country": hours.country,
        "subdivision": hours.subdivision,
    }


def _only_hours(part: Json) -> Json:
    return {key: part[key] for key in HOURS}


def _place(part: Mapping[str, Any]) -> Place:
    return Place(part["country"], part["subdivision"])


def _days(part: Json, start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and last date that `[start, end)` may touch on the part's clock, a day to spare on each side."""
    zone = ZoneInfo(part["time_zone"])
    return (start - DAY).astimezone(zone).date(), (end + DAY).astimezone(zone).date()


def _span_of(rule: Json) -> Span | None:
    """Return the span that a kept rule is about; an open one has no length, an old rule none."""
    if not (was := rule.get("span")):
        return None
    start = datetime.fromisoformat(was[0])
    return start, datetime.fromisoformat(was[1]) if was[1] else start


def _terms_of(numbers: Limits) -> Json:
    found: Json = {}
    own = {kind: numbers.number(f"credit_multiplier_{kind.replace(' ', '_')}") for kind in PAID_KINDS}
    if multipliers := {kind: _plain(value) for kind, value in own.items() if value > 0}:
        found["multipliers"] = multipliers
    if (minimum := numbers.count("credit_minimum_s")) > 0:
        found["minimum_s"] = minimum
    if (rounding := numbers.count("credit_rounding_s")) > 1:
        found["rounding_s"] = rounding
    if not numbers.number("credit_in_own_shift"):
        found["in_own_shift"] = False
    return found


def _hours_of_team(person: Person) -> PersonHours | None:
    """Return the hours of the first of their teams that has a calendar, in its zone; None: none has one."""
    calendar = team_calendar(person)
    if calendar is None:
        return None
    return PersonHours(calendar, calendar.time_zone, calendar.country, calendar.subdivision)


def _leave(person: Person, start: datetime, end: datetime) -> list[Span]:
    """Return the leave that stood when it began or since it was entered, until it was over or cancelled.

    Leave alone: travel and sickness are no hours off, and what a calendar brings may be a meeting.
    """
    rows: QuerySet[Absence] = Absence.objects.filter(
        person=person, kind=Absence.Kind.LEAVE, source=Absence.Source.HAND
    ).covering(start, end)
    return [(max(row.starts_at, row.created_at), min(row.ends_at, row.cancelled_at or row.ends_at)) for row in rows]


def _own_shifts(person: Person, start: datetime, end: datetime) -> list[Span]:
    mine = coverage.held(person=person, start=start, end=end)
    return [(one.starts_at, one.ends_at) for one in mine if one.schedule.tier == TRIAGE and one.role != Role.SHADOW]


def _spans_as_json(spans: Iterable[Span]) -> list[list[str]]:
    return [[_z(start), _z(end)] for start, end in sorted(spans) if start < end]


def _span_as_json(start: datetime, end: datetime | None) -> list[str | None]:
    return [_z(start), _z(end) if end else None]


def _spans_of_json(kept: Iterable[list[str]]) -> list[Span]:
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in kept]


def _z(instant: datetime) -> str:
    return f"{whole_second(instant):%Y-%m-%dT%H:%M:%SZ}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _kind_words(rule: Json) -> str:
    own = [f"{number} for {kind}" for kind, number in rule.get("multipliers", {}).items()]
    return f" ({', '.join(own)})" if own else ""


def _more_words(rule: Json) -> list[str]:
    found = []
    if minimum := rule.get("minimum_s"):
        found.append(f"a call-out counts for {length(minimum)} at least")
    if rounding := rule.get("rounding_s"):
        found.append(f"rounded up to a multiple of {length(rounding)}")
    if rule.get("in_own_shift") is False:
        found.append("own shifts of tier 1 earn nothing")
    if rule.get("on_leave"):
        found.append("leave is a day off")
    return found


def _holiday_words(place: Place) -> str:
    if not place.country:
        return "no public holidays"
    if not place.is_known:
        return f"no public holidays known for {place}"
    if not place.knows_subdivision:
        return f"public holidays {replace(place, subdivision='')}, for {place.subdivision} is not known there"
    return f"public holidays {place}"

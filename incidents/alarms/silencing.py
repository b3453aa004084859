"""PURE. When a silence holds, and what it holds: occurrences of a span that repeats, and whether a firing fits.

Spans are half-open UTC instants. A silence that repeats is kept at local wall time: 22:00 to 02:00 stays so when clocks
change, so that occurrence is an hour longer or shorter. Source: domain.md 5.12; own choices say so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

LONGEST = timedelta(hours=24)  # of an occurrence
FARTHEST = timedelta(days=366)  # from the first occurrence to the last; own choice
ALONE = timedelta(minutes=30)  # for which the pilot alone may hide SEV-1
EVERY = {"daily": 1, "weekly": 7}  # days
FIELDS = ("source", "product", "stage", "title", "severity")  # and label:<name>
LABEL = "label:"

Span = tuple[datetime, datetime]


class BadSpan(ValueError):
    """A span that cannot be kept quiet. `field`: what to mend. The message is fit to show."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class BadMatcher(ValueError):
    """A matcher that says nothing, or too much. The message is fit to show."""


@dataclass(frozen=True)
class Matcher:
    """`field` is one of FIELDS or label:<name>. `value`: * is any text and ? any character; else it is just that.

    A product fits with everything below it in the tree. A severity is one or a span of them: 3, or 3-5.
    """

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field.removeprefix(LABEL)} is {self.value}"


@dataclass(frozen=True)
class Said:
    """What of a firing matchers look at."""

    source: str
    title: str
    severity: int
    product: str = ""
    stage: str = ""
    labels: Mapping[str, str] | None = None


def fits(matchers: Iterable[Matcher], said: Said) -> bool:
    """Say whether all of them fit. None at all fit nothing: a silence of everything is no silence."""
    several = list(matchers)
    return bool(several) and all(_fits(one, said) for one in several)


def _fits(matcher: Matcher, said: Said) -> bool:
    field, value = matcher.field, matcher.value
    if field.startswith(LABEL):
        labels = said.labels or {}
        name = field.removeprefix(LABEL)
        return name in labels and like(value, str(labels[name]))
    if field == "severity":
        return said.severity in severities(value)
    if field == "product":
        return like(value, said.product) or like(f"{value}/*", said.product)
    return like(value, {"source": said.source, "title": said.title, "stage": said.stage}[field])


def severities(value: str) -> range:
    """Return the severities that “3” or “3-5” means.

    :raises BadMatcher: if it means none of 1 to 5.
    """
    first, dash, last = value.partition("-")
    if first in "12345" and len(first) == 1 and (not dash or (last in "12345" and len(last) == 1)):
        found = range(int(first), int(last or first) + 1)
        if found:
            return found
    raise BadMatcher(f"“{value}” is no severity. Write one from 1 to 5, or a span such as 3-5.")


def like(pattern: str, text: str) -> bool:
    """Say whether `text` is what `pattern` says: * is any text, ? any one character, everything else itself.

    The time is at most the product of both lengths, whatever stands in them.
    """
    at, here, star, tried = 0, 0, -1, 0
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            star, tried = here, at
            here += 1
        elif here < len(pattern) and pattern[here] in ("?", text[at]):
            here, at = here + 1, at + 1
        elif star >= 0:
            tried += 1
            here, at = star + 1, tried
        else:
            return False
    return all(char == "*" for char in pattern[here:])


def matcher(field: str, value: str) -> Matcher:
    """Return it checked.

    :raises BadMatcher: if its field is unknown, or its value empty, too long, or no severity.
    """
    field, value = field.strip(), value.strip()
    if field not in FIELDS and not (field.startswith(LABEL) and len(field) > len(LABEL)):
        known = ", ".join(FIELDS)
        raise BadMatcher(f"“{field}” is nothing to match. Take one of {known}, or label:<name>.")
    if "\x00" in field + value or not value:
        raise BadMatcher(f"{field} has no value. Write one, or leave the field out; * stands for any text.")
    if len(field) > 120 or len(value) > 200:
        raise BadMatcher(f"{field[:20]} is too long. Write 200 characters at most; * stands for any text.")
    if field == "severity":
        severities(value)
    return Matcher(field, value)


def check(matchers: Sequence[Matcher]) -> None:
    """Refuse what would hold everything.

    :raises BadMatcher: if nothing narrows it down.
    """
    narrow = [
        one
        for one in matchers
        if one.value.strip("*?") and not (one.field == "severity" and len(severities(one.value)) == 5)
    ]
    if not narrow:
        raise BadMatcher("This would hold every alarm. Name a source, a product, a stage, a title or a label.")
    if len(matchers) > 20:
        raise BadMatcher("At most 20 things can be matched at once. Leave some out.")


def occurrences(
    start: datetime,
    end: datetime,
    *,
    repeats: str,
    until: date | None,
    zone: ZoneInfo,
    free: timedelta,
    instant: Callable[[datetime, ZoneInfo], datetime],
) -> list[Span]:
    """Return the spans of a silence, in order.

    `start` and `end` are the first one's; `repeats` is “daily”, “weekly” or nothing; `until` is the last local day on
    which one begins. `instant` gives the instant of a wall time (rotations.night.wall.instant_of). Each begins and ends
    at the same wall time as the first. Between two of them at least `free` passes, in which everything calls: else
    24 h at most would be for ever.

    :raises BadSpan: if one is empty or longer than 24 h, or too close to the next, or the last is too far away.
    """
    spans: list[Span] = []
    if not repeats:
        spans = [(start, end)]
    else:
        if until is None:
            raise BadSpan("until", "Say until which day it repeats.")
        first, last = (at.astimezone(zone).replace(tzinfo=None, fold=0) for at in (start, end))
        if until < first.date():
            raise BadSpan("until", f"{until} is before the first time. Choose a later day.")
        if until - first.date() > FARTHEST:
            raise BadSpan("until", "It may repeat for a year at most. Choose an earlier day.")
        for nth in range(0, (until - first.date()).days + 1, EVERY[repeats]):
            away = timedelta(days=nth)
            if nth == 0:
                spans.append((start, end))
                continue
            begins, ends = instant(first + away, zone), instant(last + away, zone)
            if begins < ends:  # where clocks skip it there is nothing to hold
                spans.append((begins, ends))
    for one in spans:
        _check_length(one, zone=zone)
    for before, after in pairwise(spans):
        _check_gap(before, after, free=free, zone=zone)
    return spans


def _check_gap(before: Span, after: Span, *, free: timedelta, zone: ZoneInfo) -> None:
    if after[0] - before[1] < free:
        ends, begins = (at.astimezone(zone) for at in (before[1], after[0]))
        raise BadSpan(
            "ends_at",
            f"It would end on {ends:%d %b at %H:%M} and begin again on {begins:%d %b at %H:%M}. At least "
            f"{int(free.total_seconds() // 60)} min between must be free, so that what fires calls. Choose an earlier "
            "end.",
        )


def _check_length(span: Span, *, zone: ZoneInfo) -> None:
    starts_at, ends_at = span
    if ends_at <= starts_at:
        raise BadSpan("ends_at", "It ends before it begins. Choose a later end.")
    if ends_at - starts_at > LONGEST:
        on = starts_at.astimezone(zone)
        raise BadSpan(
            "ends_at", f"On {on:%d %b} it would last longer than 24 h, which is the most. Choose an earlier end."
        )


def first_into_the_night(spans: Iterable[Span], nights: Iterable[Span]) -> Span | None:
    """Return the first of `spans` that has any minute between a sunset and the sunrise after it.

    Own choice: “across sunset” (domain.md 5.12) means any such minute, so that a silence made just after sunset is not
    easier to have than one made just before.
    """
    dark = list(nights)
    return next((one for one in spans if any(one[0] < ends and starts < one[1] for starts, ends in dark)), None)


def are_apart(some: Iterable[Matcher], others: Iterable[Matcher]) -> bool:
    """Say whether nothing can fit both. Where * or ? stands nobody can be sure, and they are not.

    They are apart where both name the same field and mean different values: no product above or below the other's, no
    severity of both.
    """
    theirs = list(others)
    return any(_are_apart(one, other) for one in some for other in theirs if one.field == other.field)


def _are_apart(one: Matcher, other: Matcher) -> bool:
    if one.field == "severity":
        return not set(severities(one.value)) & set(severities(other.value))
    if any(char in one.value + other.value for char in "*?") or one.value == other.value:
        return False
    if one.field == "product":
        return not (one.value.startswith(f"{other.value}/") or other.value.startswith(f"{one.value}/"))
    return True


def sev1_hidden(now: datetime, *, since: datetime | None, until: datetime | None) -> bool:
    """Say whether SEV-1 is hidden at `now`, of what else is."""
    return since is not None and since <= now and (until is None or now < until)

"""When a page made somebody work: from evidence to call-out spans. PURE.

The span of a subject (one cycle of one alarm) starts at its first page to the person if they acted within a limit of
it, else at their first act; it ends at their next resolve, hand-over or stand-down, or when the subject is over.
Without a page only an acknowledgement opens one: a note about somebody else's night is no call-out. A resolve that is
undone never happened: whoever it stood down is at it still, as long as they were when it came. When nothing is heard
for long, the span ends a little after the last act and says that it was forgotten; so it does where the subject
lapsed: it left their hands without an act of theirs. Spans of one person are a union, so alarms that ring together are
one call-out. A correction replaces what stood before it.
Source: domain.md 5.7, rows R32-R34.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from rotations.leave.credit import whole_second

Kind = Literal["page", "acknowledge", "note", "resolve", "hand_over", "stand_down", "over", "undone", "lapsed"]
KINDS: tuple[Kind, ...] = (
    "page", "acknowledge", "note", "resolve", "hand_over", "stand_down", "over", "undone", "lapsed",
)  # fmt: skip
ENDINGS: frozenset[Kind] = frozenset({"resolve", "hand_over", "stand_down", "over", "lapsed"})
UNDOABLE: frozenset[Kind] = frozenset({"resolve", "over"})  # the endings that an undone resolve made


@dataclass(frozen=True)
class Fact:
    """One row of evidence about one person."""

    at: datetime
    kind: Kind
    subject: str


@dataclass(frozen=True)
class Limits:
    """Numbers of domain.md 5.7, as dated limit rows give them."""

    act_within: timedelta  # of the first page, for the page to be the start
    forgotten_after: timedelta  # without an act
    forgotten_cap: timedelta  # of time after the last act, when forgotten


@dataclass(frozen=True)
class Found:
    """A call-out span: half-open, in UTC whole seconds."""

    starts_at: datetime
    ends_at: datetime | None  # None: still open
    forgotten: bool = False  # it ended by the cap, not by an act
    subjects: tuple[str, ...] = ()
    open_subjects: tuple[str, ...] = ()
    lapses_at: datetime | None = None  # when an open subject will count as forgotten; None: nothing is open

    def touches(self, other: "Found") -> bool:
        return (other.ends_at is None or self.starts_at <= other.ends_at) and (
            self.ends_at is None or other.starts_at <= self.ends_at
        )


@dataclass(frozen=True)
class Replacement:
    """A correction: what stood from `was_starts_at` to `was_ends_at` is from now on `starts_at` to `ends_at`."""

    was_starts_at: datetime
    was_ends_at: datetime
    starts_at: datetime
    ends_at: datetime


def find_spans(facts: Iterable[Fact], *, limits: Limits, now: datetime) -> list[Found]:
    """Return one person's call-outs, disjoint and in order, from their evidence in any order."""
    by_subject: dict[str, list[Fact]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.at, KINDS.index(fact.kind))):
        by_subject.setdefault(fact.subject, []).append(fact)
    return _union(found for own in by_subject.values() for found in _spans_of_subject(own, limits, now))


def replace_spans(spans: Iterable[Found], replacements: Iterable[Replacement]) -> list[Found]:
    """Apply corrections, oldest first: each takes away what it replaced and adds what it says.

    Evidence that comes later and reaches outside what was replaced is kept.
    """
    current = list(spans)
    for change in replacements:
        left = [piece for found in current for piece in _cut(found, change.was_starts_at, change.was_ends_at)]
        subjects = {name for found in current if _overlap(found, change) for name in found.subjects}
        current = _union([*left, Found(change.starts_at, change.ends_at, subjects=tuple(sorted(subjects)))])
    return current


@dataclass
class _Subject:
    """What is known of one subject while walking its evidence."""

    name: str
    limits: Limits
    first_page: datetime | None = None
    start: datetime | None = None
    last_act: datetime | None = None
    done: list[Found] = field(default_factory=list)
    before: "_Subject | None" = None  # as it stood when a resolve ended it; None: the last ending was no resolve

    def take(self, fact: Fact) -> None:
        if fact.kind == "undone":
            self.restore()
        self.forget(fact.at)
        if fact.kind == "undone":
            return
        if fact.kind == "lapsed":
            self.before = None
            self.close((self.last_act or fact.at) + self.limits.forgotten_cap, forgotten=True)
            return
        if fact.kind == "page":
            self.first_page = self.first_page or fact.at
            return
        if self.start is None and (fact.kind == "acknowledge" or (self.first_page and fact.kind != "over")):
            paged = self.first_page
            self.start = paged if paged and fact.at - paged <= self.limits.act_within else fact.at
        if self.start and fact.kind != "over":
            self.last_act = fact.at
        if fact.kind in ENDINGS:
            self.before = replace(self, done=list(self.done), before=None) if fact.kind in UNDOABLE else None
            self.cut(fact.at)
            self.close(fact.at, forgotten=False)

    def cut(self, end: datetime) -> None:
        """It is over: the little that was allowed after the last act, when it lapsed, ends too."""
        end = whole_second(end)
        if self.done and self.done[-1].ends_at is not None and self.done[-1].starts_at < end < self.done[-1].ends_at:
            self.done[-1] = replace(self.done[-1], ends_at=end, forgotten=False)

    def restore(self) -> None:
        """Stand as before the last ending, if that was a resolve: it has been undone."""
        if self.before is not None:
            was, self.before = self.before, None
            self.first_page, self.start, self.last_act, self.done = was.first_page, was.start, was.last_act, was.done

    def forget(self, now: datetime) -> None:
        """Close what nobody has touched for too long, as of `now`."""
        if self.start and self.last_act and now - self.last_act >= self.limits.forgotten_after:
            self.close(self.last_act + self.limits.forgotten_cap, forgotten=True)

    def close(self, end: datetime, *, forgotten: bool) -> None:
        if self.start and whole_second(self.start) < whole_second(end):
            self.done.append(Found(whole_second(self.start), whole_second(end), forgotten, (self.name,)))
        self.start = self.last_act = self.first_page = None


def _spans_of_subject(facts: Sequence[Fact], limits: Limits, now: datetime) -> list[Found]:
    subject = _Subject(facts[0].subject, limits)
    for fact in facts:
        subject.take(fact)
    subject.forget(now)
    if subject.start:
        names = (subject.name,)
        lapses_at = (subject.last_act or subject.start) + limits.forgotten_after
        return [*subject.done, Found(whole_second(subject.start), None, False, names, names, lapses_at)]
    return subject.done


def _union(spans: Iterable[Found]) -> list[Found]:
    merged: list[Found] = []
    for found in sorted(spans, key=lambda found: (found.starts_at, found.subjects)):
        if merged and merged[-1].touches(found):
            merged[-1] = _merge(merged[-1], found)
        else:
            merged.append(found)
    return merged


def _merge(one: Found, other: Found) -> Found:
    ends = [one.ends_at, other.ends_at]
    end = None if None in ends else max(found for found in ends if found)
    return Found(
        min(one.starts_at, other.starts_at),
        end,
        end is not None and all(found.forgotten for found in (one, other) if found.ends_at == end),
        tuple(dict.fromkeys((*one.subjects, *other.subjects))),
        tuple(dict.fromkeys((*one.open_subjects, *other.open_subjects))),
        min((found.lapses_at for found in (one, other) if found.lapses_at), default=None),
    )


def _overlap(found: Found, change: Replacement) -> bool:
    return found.starts_at < change.was_ends_at and (found.ends_at is None or change.was_starts_at < found.ends_at)


def _cut(found: Found, start: datetime, end: datetime) -> list[Found]:
    """Return `found` without `[start, end)`: itself, nothing, one piece or two."""
    if end <= found.starts_at or (found.ends_at is not None and found.ends_at <= start):
        return [found]
    pieces = []
    if found.starts_at < start:
        pieces.append(Found(found.starts_at, start, subjects=found.subjects))
    if found.ends_at is None or end < found.ends_at:
        pieces.append(replace(found, starts_at=end))
    return pieces

"""When a page made somebody work: from evidence to call-out spans. PURE.

A stint at a subject (an alarm in whichever cycle, an incident) starts at its first page to the person if they acted
within a limit of it, else at their first act; it ends at their next resolve, hand-over, stand-down or snooze, or when
the subject is over. Without a page only an acknowledgement opens one: a note about somebody else's night is no
call-out. A resolve that is undone never happened: whoever it stood down is at it still, as long as they were when it
came. When nothing is heard for long, the stint ends a little after the last act and says that it was forgotten. An act
after that, their own resolve included, does not lengthen it: a stand-down that is pressed only in the morning must not
earn a night, and its person is asked how long it really was. A stint ends like that too where the subject lapsed: it
left their hands without an act of theirs. But whoever acts on it again within the same limit was at it all along, so
the lapse counts for nothing. `called` is a page of before, for whoever stood down from an alarm and is soon at work in
its incident: between the two they did nothing. Each stint is judged by the limits in force at its start. Stints of one
person are a union, so alarms that ring together are one call-out. A correction replaces what stood before it; one that
replaces nothing adds hours of which there is no evidence, and one that says nothing takes them away. Playbook steps and
roles in an incident are acts as a note is.
Source: domain.md 5.7, rows R32-R34.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from rotations.leave.credit import whole_second

Kind = Literal[
    "page", "called", "acknowledge", "note", "step", "role", "resolve", "hand_over", "stand_down", "snoozed", "over",
    "undone", "lapsed",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "page", "called", "acknowledge", "note", "step", "role", "resolve", "hand_over", "stand_down", "snoozed", "over",
    "undone", "lapsed",
)  # fmt: skip
CALLS: frozenset[Kind] = frozenset({"page", "called"})
ENDINGS: frozenset[Kind] = frozenset({"resolve", "hand_over", "stand_down", "snoozed", "over", "lapsed"})
ACTS: frozenset[Kind] = frozenset(
    {"acknowledge", "note", "step", "role", "resolve", "hand_over", "stand_down", "snoozed"}
)
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

    act_within: timedelta  # of the first page, for the page to be the start; of a lapse, for it to count for nothing
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
    begun: tuple[tuple[datetime, str], ...] = ()  # when each piece of it began, and its subject; "": added by hand

    def touches(self, other: "Found") -> bool:
        return (other.ends_at is None or self.starts_at <= other.ends_at) and (
            self.ends_at is None or other.starts_at <= self.ends_at
        )


@dataclass(frozen=True)
class Replacement:
    """A correction: what stood from `was_starts_at` to `was_ends_at` is from now on `starts_at` to `ends_at`.

    An empty `was` replaces nothing: the hours are added. An empty span says nothing: the hours are taken away.
    """

    was_starts_at: datetime
    was_ends_at: datetime
    starts_at: datetime
    ends_at: datetime


def find_spans(facts: Iterable[Fact], *, limits_at: Callable[[datetime], Limits], now: datetime) -> list[Found]:
    """Return one person's call-outs, disjoint and in order, from their evidence in any order.

    `limits_at` tells the limits in force at an instant. Of each subject all evidence is wanted: a page of long ago may
    say that a note is an answer.
    """
    by_subject: dict[str, list[Fact]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.at, KINDS.index(fact.kind))):
        by_subject.setdefault(fact.subject, []).append(fact)
    return _union(found for own in by_subject.values() for found in _spans_of_subject(own, limits_at, now))


def replace_spans(spans: Iterable[Found], replacements: Iterable[Replacement]) -> list[Found]:
    """Apply corrections, oldest first: each takes away what it replaced and adds what it says.

    Evidence that comes later and reaches outside what was replaced is kept. What a correction says is about whatever
    it replaced, and about the evidence of those hours: what was taken away and put back explains itself again.
    """
    evidence = list(spans)
    current = evidence
    for change in replacements:
        left = [piece for found in current for piece in _cut(found, change.was_starts_at, change.was_ends_at)]
        about = [found for found in current if _overlaps(found, change.was_starts_at, change.was_ends_at)]
        about += [found for found in evidence if _overlaps(found, change.starts_at, change.ends_at)]
        current = _union([*left, *_said(change, about)])
    return current


def _said(change: Replacement, about: Sequence[Found]) -> list[Found]:
    if change.starts_at == change.ends_at:
        return []
    subjects = {name for found in about for name in found.subjects}
    begun = {start for found in about for start in found.begun} or {(change.starts_at, "")}
    return [
        Found(change.starts_at, change.ends_at, subjects=tuple(sorted(subjects)), begun=tuple(sorted(begun))),
    ]


@dataclass
class _Subject:
    """What is known of one subject while walking its evidence."""

    name: str
    limits_at: Callable[[datetime], Limits]
    first_page: datetime | None = None
    start: datetime | None = None
    last_act: datetime | None = None
    done: list[Found] = field(default_factory=list)
    before: "_Subject | None" = None  # as it stood when a resolve ended it; None: the last ending was no resolve
    lapsed: "tuple[datetime, _Subject] | None" = None  # when it lapsed, and as it stood then; None: it has not since

    def take(self, fact: Fact) -> None:
        if fact.kind == "undone":
            self.restore()
        elif fact.kind in ACTS:
            self.resume(fact.at)
        self.forget(fact.at)
        if fact.kind in CALLS:
            self.first_page = self.first_page or fact.at
        elif fact.kind == "lapsed":
            self.lapse(fact.at)
        elif fact.kind != "undone":
            self.work(fact)

    def work(self, fact: Fact) -> None:
        """They acted, or it is over."""
        if self.start is None and (fact.kind == "acknowledge" or (self.first_page and fact.kind != "over")):
            self.start = self.started(fact.at)
        if self.start and fact.kind != "over":
            self.last_act = fact.at
        if fact.kind in ENDINGS:
            self.before = self.copy() if fact.kind in UNDOABLE else None
            self.lapsed = None
            self.cut(fact.at)
            self.close(fact.at, forgotten=False)

    def started(self, act: datetime) -> datetime:
        """Return when the stint began whose first act this is: then, or at its page."""
        paged = self.first_page
        return paged if paged and act - paged <= self.limits_at(paged).act_within else act

    def cut(self, end: datetime) -> None:
        """It is over: the little that was allowed after the last act, when it lapsed, ends too."""
        end = whole_second(end)
        if self.done and self.done[-1].ends_at is not None and self.done[-1].starts_at < end < self.done[-1].ends_at:
            self.done[-1] = replace(self.done[-1], ends_at=end, forgotten=False)

    def restore(self) -> None:
        """Stand as before the last ending, if that was a resolve: it has been undone."""
        if self.before is not None:
            was, self.before = self.before, None
            self.stand(was)

    def lapse(self, at: datetime) -> None:
        """It left their hands: a little after the last act they count as gone, unless they act again soon."""
        self.before = None
        if self.start and self.last_act:
            self.lapsed = (at, self.copy())
            self.close(self.last_act + self.limits_at(self.start).forgotten_cap, forgotten=True)
        self.first_page = None

    def resume(self, act: datetime) -> None:
        """Stand as before the lapse, if that was a short while ago: they are at it still."""
        if self.lapsed is not None:
            (at, was), self.lapsed = self.lapsed, None
            if was.start and act - at <= self.limits_at(was.start).act_within:
                self.stand(was)

    def forget(self, now: datetime) -> None:
        """Close what nobody has touched for too long, as of `now`."""
        if self.start and self.last_act:
            held = self.limits_at(self.start)
            if now - self.last_act >= held.forgotten_after:
                self.close(self.last_act + held.forgotten_cap, forgotten=True)

    def close(self, end: datetime, *, forgotten: bool) -> None:
        if self.start and whole_second(self.start) < whole_second(end):
            start = whole_second(self.start)
            self.done.append(
                Found(start, whole_second(end), forgotten, (self.name,), begun=((start, self.name),)),
            )
        self.start = self.last_act = self.first_page = None

    def copy(self) -> "_Subject":
        return replace(self, done=list(self.done), before=None)

    def stand(self, was: "_Subject") -> None:
        self.first_page, self.start, self.last_act = was.first_page, was.start, was.last_act
        self.done, self.lapsed = was.done, was.lapsed


def _spans_of_subject(facts: Sequence[Fact], limits_at: Callable[[datetime], Limits], now: datetime) -> list[Found]:
    subject = _Subject(facts[0].subject, limits_at)
    for fact in facts:
        subject.take(fact)
    subject.forget(now)
    if subject.start:
        start, names = whole_second(subject.start), (subject.name,)
        lapses_at = (subject.last_act or subject.start) + limits_at(subject.start).forgotten_after
        return [*subject.done, Found(start, None, False, names, names, lapses_at, ((start, subject.name),))]
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
        tuple(sorted({*one.begun, *other.begun})),
    )


def share_time(one: Found, other: Found) -> bool:
    """Say whether they have a second in common."""
    return (other.ends_at is None or one.starts_at < other.ends_at) and (
        one.ends_at is None or other.starts_at < one.ends_at
    )


def _overlaps(found: Found, start: datetime, end: datetime) -> bool:
    """Say whether they share time; an empty span shares none."""
    return start < end and found.starts_at < end and (found.ends_at is None or start < found.ends_at)


def _cut(found: Found, start: datetime, end: datetime) -> list[Found]:
    """Return `found` without `[start, end)`: itself, nothing, one piece or two, each saying how the whole began."""
    if not _overlaps(found, start, end):
        return [found]
    pieces = []
    if found.starts_at < start:
        begun = tuple(one for one in found.begun if one[0] < start) or ((found.starts_at, ""),)
        pieces.append(Found(found.starts_at, start, subjects=found.subjects, begun=begun))
    if found.ends_at is None or end < found.ends_at:
        pieces.append(replace(found, starts_at=end))
    return pieces

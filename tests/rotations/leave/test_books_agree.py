"""Whatever is written down, said, taken away and settled, at whatever instants: the books agree, to the second."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oncall.people.models import Person
from rotations.leave import reconciling, services
from rotations.leave.models import CallOut, Correction, LedgerEntry
from rotations.leave.spans import KINDS, Kind

MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
REACH_S = 35 * 86_400  # how far a settlement looks back by itself
Step = Callable[[Person, datetime], object]


def write(kind: Kind, subject: str, late_s: int) -> Step:
    """Evidence, which may come late."""

    def step(person: Person, now: datetime) -> object:
        at = now - timedelta(seconds=late_s)
        return services.record(person=person, at=at, kind=kind, subject=subject, text="", url="", now=now)

    return step


def night(subject: str, length_s: int) -> Step:
    """A whole stint that ends now."""

    def step(person: Person, now: datetime) -> object:
        write("acknowledge", subject, length_s)(person, now)
        return write("resolve", subject, 0)(person, now)

    return step


def change(verb: Callable[..., object], which: int, **moves: int) -> Step:
    """Something said about the hours of a call-out, each instant so many seconds after its start."""

    def step(person: Person, now: datetime) -> object:
        rows = list(CallOut.objects.live().filter(person=person).order_by("starts_at", "id"))
        if not rows:
            return None
        row = rows[which % len(rows)]
        said = {name: row.starts_at + timedelta(seconds=moved) for name, moved in moves.items()}
        return verb(call_out=row, by=person, reason="So it was.", now=now, **said)

    return step


def add(ago_s: int, length_s: int) -> Step:
    def step(person: Person, now: datetime) -> object:
        start = now - timedelta(seconds=ago_s)
        end = start + timedelta(seconds=length_s)
        return services.add(person=person, by=person, starts_at=start, ends_at=end, reason="Telephoned.", now=now)

    return step


def settle(person: Person, now: datetime) -> object:
    return services.settle(person=person, now=now)


some_hours = st.integers(0, 30).map(lambda quarters: quarters * 900)
which = st.integers(0, 5)
moved = st.one_of(some_hours, some_hours.map(lambda s: -s), st.sampled_from([-40 * 86_400, 20 * 86_400]))
steps = st.one_of(
    st.builds(night, st.sampled_from("AB"), some_hours),
    st.builds(
        write,
        st.sampled_from([*KINDS, "acknowledge", "acknowledge", "resolve"]),
        st.sampled_from("AB"),
        st.sampled_from([0, 0, 0, 5400, 86_400]),
    ),
    st.builds(
        lambda which, start, length: change(services.correct, which, starts_at=start, ends_at=start + length),
        which, moved, some_hours,
    ),
    st.builds(
        lambda which, start, length: change(
            services.split, which, pause_starts_at=start, pause_ends_at=start + length
        ),
        which, some_hours, some_hours,
    ),
    st.builds(lambda which: change(services.remove, which), which),
    st.builds(add, st.one_of(some_hours, st.just(40 * 86_400)), some_hours),
    st.just(settle),
)  # fmt: skip
gaps = st.one_of(some_hours, some_hours.map(lambda s: REACH_S - s), st.sampled_from([0, 86_400, 20 * 86_400]))


def looking_back_inside(person: Person, *, after: datetime) -> list[datetime]:
    """Return when a settlement looks back to just after an instant that a call-out or a correction has; and `after`."""
    named = ("was_starts_at", "was_ends_at", "starts_at", "ends_at")
    edges = {one for row in Correction.objects.filter(person=person).values_list(*named) for one in row}
    edges |= {one for row in CallOut.objects.filter(person=person).values_list("starts_at", "ends_at") for one in row}
    return sorted({after} | {max(after, one + timedelta(seconds=REACH_S + 1)) for one in edges})


@pytest.mark.timeout(900)  # 40 s of computing, of which a busy machine makes minutes
@example(story=[(0, change(services.correct, 0, starts_at=0, ends_at=3600))], last=0)
@example(story=[(75 * 86_400, write("undone", "A", 0))], last=0)  # of a resolve that no usual look back reaches
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(story=st.lists(st.tuples(gaps, steps), min_size=1, max_size=10), last=gaps)
def test_the_ledger_is_what_all_evidence_and_corrections_say_and_settling_again_posts_nothing(lise, story, last):
    with transaction.atomic():
        now = MONDAY
        for gap, step in [(0, night("A", 5 * 3600)), (3600, settle), *story]:
            now += timedelta(seconds=gap)
            with suppress(services.CorrectionRefused), transaction.atomic():
                step(lise, now)
        now += timedelta(seconds=last + 9 * 3600)  # by then nothing is open
        settle(lise, now)
        posted = LedgerEntry.objects.count()
        for later in looking_back_inside(lise, after=now):
            settle(lise, later)
        assert LedgerEntry.objects.count() == posted
        assert reconciling.check(now=now) == []
        connection.check_constraints()  # no two at a time
        transaction.set_rollback(True)

"""Whatever is done to a schedule: stored shifts, rules and lists say the same of every instant."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from oncall.people.models import Person
from rotations.changes import services as changes
from rotations.changes.refusals import Refused
from rotations.coverage import queries
from rotations.coverage.services import refresh_due
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.services import Layer, Place, Turns

BEFORE = datetime(2027, 2, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2027, 2, 2), datetime(2028, 8, 1)).map(lambda instant: instant.replace(tzinfo=UTC))
SPANS = st.tuples(INSTANTS, st.integers(1, 60 * 24 * 20)).map(lambda two: (two[0], two[0] + timedelta(minutes=two[1])))


class RowsAndRulesAgree(TestCase):
    """Resolver = rows = rules at random instants, whatever was done before (issue: done when)."""

    @settings(max_examples=25, phases=[Phase.explicit, Phase.generate])  # each stores a year
    @given(
        st.sampled_from(["hour", "day", "week", "month"]),
        st.integers(1, 40),
        st.integers(1, 3),
        st.booleans(),
        st.lists(SPANS, max_size=3),
        st.lists(SPANS, max_size=2),
        st.lists(INSTANTS, min_size=3, max_size=12),
        st.sampled_from(["America/Los_Angeles", "Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca"]),
    )
    def test_at_random_instants(self, unit, every, at_once, windowed, covers, absences, instants, zone):
        people = [
            Person.objects.create_user(f"p{n}", name=name) for n, name in enumerate(["Zoë", "Ada", "bob", "Émile"])
        ]
        every = every * 24 if unit == "hour" else min(every, 6)
        turns = Turns(zone, unit, every, date(2027, 2, 3), datetime(2027, 1, 1, 1, 30).time(), at_once=at_once)
        schedule = services.create_schedule(name="Any", now=BEFORE)
        window = Window.objects.get(name="west") if windowed else None
        services.create_rotation(
            schedule=schedule,
            role="primary",
            name="Any",
            turns=turns,
            people=people,
            now=BEFORE,
            layer=Layer(window=window),
        )
        services.create_rotation(
            schedule=schedule,
            role="primary",
            name="Above",
            turns=replace(turns, unit="week", every=1, at_once=1, weekdays=(6, 7)),
            people=[Place(people[1], 2), Place(people[2], 1)],
            now=BEFORE,
            layer=Layer(level=1),
        )
        for nth, (start, end) in enumerate(covers):
            try:
                changes.override(
                    schedule=schedule, role="primary", person=people[3], starts_at=start, ends_at=end, reason="",
                    by=people[3], now=BEFORE, replaces=people[1] if nth % 2 else None,
                )  # fmt: skip
            except Refused:
                continue
        for start, end in absences:
            try:
                changes.add_absence(
                    person=people[2], kind="leave", starts_at=start, ends_at=end, note="", by=people[2], now=BEFORE
                )
            except Refused:
                continue
        live = {at: _names(queries.on_call(schedule=schedule, at=at)) for at in instants}
        refresh_due(now=BEFORE)
        listed = queries.shifts(schedule=schedule, start=BEFORE, end=datetime(2028, 9, 1, tzinfo=UTC))
        for at in instants:
            assert _names(queries.on_call(schedule=schedule, at=at)) == live[at]
            assert sorted(one.person.name for one in listed if one.starts_at <= at < one.ends_at) == live[at]


def _names(duties) -> list[str]:
    return sorted(duty.person.name for duty in duties)

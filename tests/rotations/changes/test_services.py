from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from rotations.changes import refusals, services
from rotations.changes.models import Override
from rotations.coverage.queries import on_call

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
EVENING = datetime(2027, 3, 23, 20, tzinfo=UTC)
NIGHT = datetime(2027, 3, 23, 23, tzinfo=UTC)


@pytest.fixture
def take(schedule, grace):
    """Grace takes the evening of 23 March, 20:00 to 23:00 UTC, unless told otherwise."""

    def take(**changes) -> Override:
        words = {
            "schedule": schedule,
            "role": "primary",
            "person": grace,
            "starts_at": EVENING,
            "ends_at": NIGHT,
            "reason": "dentist",
            "by": changes.get("person", grace),
            "now": NOW,
        }
        return services.override(**words | changes)

    return take


def test_whoever_takes_a_span_is_on_call_for_it(take, schedule, grace):
    take()
    assert [duty.person for duty in on_call(schedule=schedule, at=EVENING)] == [grace]


def test_an_overlap_names_the_other_and_says_what_to_do(take, ada):
    take()
    with pytest.raises(refusals.Overlap) as refused:
        take(person=ada, starts_at=NIGHT - timedelta(minutes=1), ends_at=NIGHT + timedelta(hours=1))
    assert str(refused.value) == (
        "Grace Hopper already covers Tue 23 Mar 20:00 to 23:00 UTC. Cancel that first, or choose another span."
    )


def test_an_overlap_over_midnight_names_both_days(take, ada):
    take(ends_at=NIGHT + timedelta(hours=9))
    with pytest.raises(refusals.Overlap, match=r"covers Tue 23 Mar 20:00 to Wed 24 Mar 08:00 UTC\."):
        take(person=ada)


def test_spans_that_meet_do_not_overlap(take, ada):
    take()
    assert take(person=ada, starts_at=NIGHT, ends_at=NIGHT + timedelta(hours=1)).person == ada


def test_the_database_itself_refuses_two_at_once(take, schedule, ada):
    take()
    with pytest.raises(IntegrityError, match="one_override_at_a_time"), transaction.atomic():
        Override.objects.create(
            schedule=schedule, role="primary", person=ada, starts_at=EVENING, ends_at=NIGHT, by=ada, created_at=NOW
        )


@pytest.mark.parametrize(
    ("change", "refusal", "field", "words"),
    [
        ({"ends_at": EVENING}, refusals.EmptySpan, "ends_at", "must end after it starts"),
        (
            {"starts_at": NOW - timedelta(hours=2), "ends_at": NOW},
            refusals.InThePast,
            "ends_at",
            "cannot be changed",
        ),
        ({"role": "secondary"}, refusals.NothingToOverride, "role", "Triage has no secondary rotation"),
    ],
)
def test_what_cannot_be_is_refused_with_a_field_and_changes_nothing(take, change, refusal, field, words):
    with pytest.raises(refusal, match=words) as refused:
        take(**change)
    assert refused.value.field == field
    assert not Override.objects.exists()


def test_somebody_who_left_cannot_cover(take, ada):
    ada.is_active = False
    ada.save()
    with pytest.raises(refusals.CannotCover, match="Ada Moreno has left"):
        take(person=ada)


def test_only_the_pilot_managers_and_administrators_put_somebody_else_on_call(take, pilot, manager, ada, lise):
    with pytest.raises(refusals.NotAllowed, match="You may take a span yourself"):
        take(person=lise, by=ada)
    lise.is_superuser = True
    lise.save()
    for number, who in enumerate([pilot, manager, lise]):
        start = EVENING + timedelta(days=number)
        assert take(by=who, starts_at=start, ends_at=start + timedelta(hours=1)).by == who


def test_a_cancelled_override_gives_the_span_back(take, schedule, grace, ada):
    services.cancel(override=take(), by=grace, now=NOW)
    assert [duty.person for duty in on_call(schedule=schedule, at=EVENING)] == [ada]
    assert take(person=ada).person == ada


def test_what_it_covered_before_it_was_cancelled_stays(take, schedule, grace, ada):
    half_way = EVENING + timedelta(hours=1)
    services.cancel(override=take(), by=grace, now=half_way)
    assert [duty.person for duty in on_call(schedule=schedule, at=half_way - timedelta(seconds=1))] == [grace]
    assert [duty.person for duty in on_call(schedule=schedule, at=half_way)] == [ada]


def test_cancelling_twice_changes_nothing(take, grace):
    services.cancel(override=(made := take()), by=grace, now=NOW)
    again = services.cancel(override=made, by=grace, now=NOW + timedelta(hours=1))
    assert again.cancelled_at == NOW


def test_what_is_over_cannot_be_cancelled(take, grace):
    with pytest.raises(refusals.InThePast, match="is over"):
        services.cancel(override=take(), by=grace, now=NIGHT)


def test_a_stranger_cannot_cancel(take, ada, pilot):
    made = take()
    with pytest.raises(refusals.NotAllowed, match="Ask them"):
        services.cancel(override=made, by=ada, now=NOW)
    assert services.cancel(override=made, by=pilot, now=NOW).cancelled_at == NOW

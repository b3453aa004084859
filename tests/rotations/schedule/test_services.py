from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from rotations.schedule import services
from rotations.schedule.handoffs import shifts_at
from rotations.schedule.models import Participant, Rotation, Schedule

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


def test_a_schedule_gets_an_address_of_its_own_from_its_name(db):
    assert services.create_schedule(name="Night Watch", now=NOW).slug == "night-watch"
    assert services.create_schedule(name="Night-watch", now=NOW).slug == "night-watch-2"
    assert services.create_schedule(name="夜", now=NOW).slug == "schedule"


def test_a_name_is_given_once(schedule):
    with pytest.raises(ValidationError) as refused:
        services.create_schedule(name="Triage", now=NOW)
    assert list(refused.value.message_dict) == ["name"]


def test_people_keep_the_order_they_were_given(schedule, ada, grace, lise):
    rotation = schedule.rotations.get()
    services.set_participants(rotation=rotation, people=[lise, ada, lise], now=NOW)
    assert [place.person for place in Participant.objects.filter(rotation=rotation)] == [lise, ada, lise]


def test_an_order_needs_somebody_and_is_left_as_it_was(schedule, ada, grace, lise):
    with pytest.raises(services.EmptyOrder, match="Choose at least one person"):
        services.set_participants(rotation=schedule.rotations.get(), people=[], now=NOW)
    assert Participant.objects.count() == 3


def test_somebody_who_left_cannot_be_put_in_the_order(schedule, ada):
    ada.is_active = False
    ada.save()
    with pytest.raises(services.LeftInOrder, match="Ada Moreno has left"):
        services.set_participants(rotation=schedule.rotations.get(), people=[ada], now=NOW)


def test_a_role_has_several_rotations_of_different_names(schedule, turns, ada):
    services.create_rotation(schedule=schedule, role="primary", name="Another", turns=turns, people=[ada], now=NOW)
    with pytest.raises(ValidationError, match="has a rotation of that name"):
        services.create_rotation(schedule=schedule, role="shadow", name="Another", turns=turns, people=[ada], now=NOW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"every": 0}, "every"),
        ({"every": 1001}, "every"),
        ({"unit": "fortnight"}, "unit"),
        ({"weekdays": (8,)}, "weekdays"),
        ({"at_once": 2}, "at_once"),
        ({"first_on": date(1989, 12, 31)}, "__all__"),
    ],
)
def test_turns_that_cannot_be_are_refused_at_the_field(schedule, turns, ada, change, field):
    with pytest.raises(ValidationError) as refused:
        services.edit_rotation(
            rotation=schedule.rotations.get(),
            name="Triage West",
            turns=replace(turns, **change),
            people=[ada],
            now=NOW,
        )
    assert field in refused.value.message_dict


def test_an_edit_replaces_rule_and_order_together(schedule, turns, grace):
    new = replace(turns, unit="day", every=2, handoff_time=time(7, 30))
    rotation = services.edit_rotation(
        rotation=schedule.rotations.get(), name="West", turns=new, people=[grace], now=NOW
    )
    plan = rotation.plan()
    assert (plan.unit, plan.every, plan.handoff_time) == ("day", 2, time(7, 30))
    assert plan.order.cycle == (str(grace.pk),)


def test_the_database_itself_refuses_two_rotations_of_one_name(schedule):
    rotation = schedule.rotations.get()
    twin = Rotation(schedule=schedule, name=rotation.name, first_on=rotation.first_on, handoff_time=time(9))
    with pytest.raises(IntegrityError, match="one_rotation_of_a_name"), transaction.atomic():
        Rotation.objects.bulk_create([twin])


def test_the_database_itself_refuses_two_people_in_one_place(schedule, ada):
    Participant.objects.create(rotation=schedule.rotations.get(), person=ada, position=0)
    with pytest.raises(IntegrityError, match="one_person_per_place"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # it is deferred to the end of the transaction


def test_a_person_in_an_order_cannot_be_deleted(schedule, ada):
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        ada.delete()
    assert Schedule.objects.count() == 1


def test_joining_and_leaving_an_alphabetical_order_keeps_who_served(schedule, turns, ada, grace, lise):
    rotation = services.edit_rotation(
        rotation=schedule.rotations.get(),
        name="West",
        turns=replace(turns, order="alphabetical"),
        people=[lise, ada],
        now=NOW,
    )
    later = NOW + timedelta(days=10)
    services.set_participants(rotation=rotation, people=[grace, lise], now=later)
    services.set_participants(rotation=rotation, people=[grace, lise], now=later + timedelta(days=1))
    assert [(one.person, one.joined_at, one.left_at) for one in rotation.participants.order_by("position")] == [
        (ada, None, later),
        (lise, None, None),
        (grace, later, None),
    ]


def test_a_weight_is_kept(schedule, ada, grace):
    people = [services.Place(ada, 2), services.Place(grace)]
    services.set_participants(rotation=schedule.rotations.get(), people=people, now=NOW)
    assert [place.weight for place in Participant.objects.order_by("position")] == [2, 1]


def test_a_handoff_moves_for_one_cycle_and_goes_back(schedule, pilot):
    rotation = schedule.rotations.get()
    services.move_handoff(rotation=rotation, turn=4, at=datetime(2027, 3, 30, 12, tzinfo=UTC), by=pilot, now=NOW)
    plan = Rotation.objects.with_order().get().plan()
    assert (plan.handoff(4), plan.handoff(5)) == (
        datetime(2027, 3, 30, 12, tzinfo=UTC),
        datetime(2027, 4, 5, 16, tzinfo=UTC),
    )
    services.move_handoff(rotation=rotation, turn=4, at=None, by=pilot, now=NOW)
    assert Rotation.objects.with_order().get().plan().handoff(4) == datetime(2027, 3, 29, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("turn", "at", "words"),
    [
        (4, datetime(2027, 4, 5, 16, tzinfo=UTC), "must lie between"),
        (4, datetime(2027, 3, 23, 3, tzinfo=UTC), "in the past"),
        (3, datetime(2027, 3, 25, 3, tzinfo=UTC), "in the past"),
    ],
)
def test_a_handoff_that_cannot_be_moved_there_stays(schedule, pilot, turn, at, words):
    with pytest.raises(ValidationError, match=words):
        services.move_handoff(rotation=schedule.rotations.get(), turn=turn, at=at, by=pilot, now=NOW)


def test_every_change_counts_an_edition_from_its_first_instant(schedule, ada):
    schedule.refresh_from_db()
    before = schedule.edition
    services.set_participants(rotation=schedule.rotations.get(), people=[ada], now=NOW)
    schedule.refresh_from_db()
    assert schedule.edition == before + 1


@pytest.fixture
def two_at_once(schedule, turns, ada, grace, lise):
    """Ada, Grace and Lise, two at a time, in either order."""

    def make(order: str) -> Rotation:
        return services.edit_rotation(
            rotation=schedule.rotations.get(),
            name="West",
            turns=replace(turns, order=order, at_once=2),
            people=[ada, grace, lise],
            now=NOW - timedelta(days=30),
        )

    return make


@pytest.mark.parametrize("order", ["alphabetical", "given"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_order_never_shrinks_below_those_at_once(two_at_once, ada, grace, lise, order, times):
    rotation = two_at_once(order)
    with pytest.raises(ValidationError, match="2 at once need as many people, and this order has 1") as refused:
        services.set_participants(rotation=rotation, people=[ada] * times, now=NOW)
    assert list(refused.value.message_dict) == ["at_once"]
    stay = Participant.objects.filter(rotation=rotation, left_at__isnull=True)
    assert [place.person for place in stay] == [ada, grace, lise]


def test_an_order_that_ran_short_once_still_says_who_served(two_at_once, ada, grace, lise):
    rotation = two_at_once("alphabetical")
    rotation.participants.exclude(person=ada).update(left_at=NOW)
    plan = Rotation.objects.with_order().get(pk=rotation.pk).plan()
    on = {shift.participant for shift in shifts_at(NOW, plan=plan)}
    assert on == {str(ada.pk), str(grace.pk)}  # ab, bc, ca: the fourth week, from 22 March, is ab again

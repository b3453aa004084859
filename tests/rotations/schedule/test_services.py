from dataclasses import replace
from datetime import date, time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from rotations.schedule import services
from rotations.schedule.models import Participant, Rotation, Schedule


def test_a_schedule_gets_an_address_of_its_own_from_its_name(db):
    assert services.create_schedule(name="Night Watch").slug == "night-watch"
    assert services.create_schedule(name="Night-watch").slug == "night-watch-2"
    assert services.create_schedule(name="夜").slug == "schedule"


def test_a_name_is_given_once(schedule):
    with pytest.raises(ValidationError) as refused:
        services.create_schedule(name="Triage")
    assert list(refused.value.message_dict) == ["name"]


def test_people_keep_the_order_they_were_given(schedule, ada, grace, lise):
    rotation = schedule.rotations.get()
    services.set_participants(rotation=rotation, people=[lise, ada, lise])
    assert [place.person for place in Participant.objects.filter(rotation=rotation)] == [lise, ada, lise]


def test_an_order_needs_somebody_and_is_left_as_it_was(schedule, ada, grace, lise):
    with pytest.raises(services.EmptyOrder, match="Choose at least one person"):
        services.set_participants(rotation=schedule.rotations.get(), people=[])
    assert Participant.objects.count() == 3


def test_somebody_who_left_cannot_be_put_in_the_order(schedule, ada):
    ada.is_active = False
    ada.save()
    with pytest.raises(services.LeftInOrder, match="Ada Moreno has left"):
        services.set_participants(rotation=schedule.rotations.get(), people=[ada])


def test_a_role_has_one_rotation(schedule, turns, ada):
    with pytest.raises(ValidationError, match="has a rotation for that role"):
        services.create_rotation(schedule=schedule, role="primary", name="Another", turns=turns, people=[ada])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"every": 0}, "every"),
        ({"every": 53}, "every"),
        ({"unit": "month"}, "unit"),
        ({"first_on": date(1989, 12, 31)}, "__all__"),
    ],
)
def test_turns_that_cannot_be_are_refused_at_the_field(schedule, turns, ada, change, field):
    with pytest.raises(ValidationError) as refused:
        services.edit_rotation(
            rotation=schedule.rotations.get(), name="Triage West", turns=replace(turns, **change), people=[ada]
        )
    assert list(refused.value.message_dict) == [field]


def test_an_edit_replaces_rule_and_order_together(schedule, turns, grace):
    new = replace(turns, unit="day", every=2, handoff_time=time(7, 30))
    rotation = services.edit_rotation(rotation=schedule.rotations.get(), name="West", turns=new, people=[grace])
    plan = rotation.plan()
    assert (plan.days, plan.handoff_time, plan.participants) == (2, time(7, 30), (str(grace.pk),))


def test_the_database_itself_refuses_a_second_rotation_for_a_role(schedule):
    rotation = schedule.rotations.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Rotation.objects.bulk_create(
            [Rotation(schedule=schedule, role="primary", first_on=rotation.first_on, handoff_time=time(9))]
        )


def test_the_database_itself_refuses_two_people_in_one_place(schedule, ada):
    Participant.objects.create(rotation=schedule.rotations.get(), person=ada, position=0)
    with pytest.raises(IntegrityError, match="one_person_per_place"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # it is deferred to the end of the transaction


def test_a_person_in_an_order_cannot_be_deleted(schedule, ada):
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        ada.delete()
    assert Schedule.objects.count() == 1

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest

from oncall.people.models import Membership, Team
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Participant, Rotation
from rotations.schedule.reading import parse, parse_rotation
from rotations.schedule.services import Layer, Turns
from rotations.schedule.spec import BadSpec, PlaceSpec, RotationSpec, as_json, plan_spec, spec_of

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


@pytest.fixture
def rich(schedule, ada, grace, pilot):
    """A second rotation that uses every field."""
    window = Window.objects.create(
        name="office", kind="clock", time_zone="UTC", since=time(9), until=time(17), weekdays=[1], changed_at=NOW
    )
    team = Team.objects.create(name="Stewards", slug="stewards")
    turns = Turns("Europe/Paris", "week", 2, date(2027, 3, 1), time(14), (1, 2, 3), 2)
    rotation = services.create_rotation(
        schedule=schedule,
        role="secondary",
        name="Second",
        turns=turns,
        people=[ada, grace],
        layer=Layer(level=3, window=window, team=team),
        now=NOW,
    )
    services.move_handoff(rotation=rotation, turn=5, at=datetime(2027, 5, 11, 12, tzinfo=UTC), by=pilot, now=NOW)
    return rotation


def as_written(spec: RotationSpec) -> dict:
    return next(one for one in as_json(spec_of_rotation(spec))["rotations"])


def spec_of_rotation(one):
    return replace(spec_of(one.schedule), rotations=tuple(x for x in spec_of(one.schedule).rotations if x.id == one.pk))


def test_a_schedule_is_written_down_whole(rich, ada, grace):
    assert as_written(rich) == {
        "id": str(rich.pk),
        "role": "secondary",
        "level": 3,
        "name": "Second",
        "first_on": "2027-03-01",
        "handoff_time": "14:00",
        "time_zone": "Europe/Paris",
        "unit": "week",
        "every": 2,
        "weekdays": [1, 2, 3],
        "window": "office",
        "at_once": 2,
        "order": "given",
        "team": "stewards",
        "people": [{"person": str(ada.pk), "weight": 1}, {"person": str(grace.pk), "weight": 1}],
        "moved": [{"turn": 5, "at": "2027-05-11T12:00:00Z"}],
    }


def test_what_is_written_is_read_back_the_same(rich):
    spec = spec_of(rich.schedule)
    assert parse(as_json(spec)) == spec


def test_what_is_planned_without_a_change_is_what_is_saved(rich):
    planned = plan_spec(rich.schedule, spec_of(rich.schedule), now=NOW)
    assert {one.rotation.pk: one.plan() for one in planned} == {
        one.pk: one.plan() for one in Rotation.objects.with_order().filter(schedule=rich.schedule)
    }


def test_a_planned_change_saves_nothing(schedule, ada):
    (one,) = spec_of(schedule).rotations
    spec = replace(spec_of(schedule), rotations=(replace(one, every=3, people=(PlaceSpec(ada.pk, 2),)),))
    (planned,) = plan_spec(schedule, spec, now=NOW)
    assert (planned.plan().every, planned.plan().order.cycle) == (3, (str(ada.pk), str(ada.pk)))
    assert (schedule.rotations.get().every, Participant.objects.count()) == (1, 3)


def test_who_joins_an_alphabetical_order_joins_now_and_who_leaves_leaves_now(schedule, turns, ada, grace, lise):
    rotation = services.edit_rotation(
        rotation=schedule.rotations.get(),
        name="West",
        turns=replace(turns, order="alphabetical"),
        people=[ada, grace],
        now=datetime(2027, 3, 1, tzinfo=UTC),
    )
    (one,) = spec_of(schedule).rotations
    spec = replace(spec_of(schedule), rotations=(replace(one, people=(PlaceSpec(grace.pk), PlaceSpec(lise.pk))),))
    (planned,) = plan_spec(schedule, spec, now=NOW)
    assert [(place.person, place.joined_at, place.left_at) for place in planned.places] == [
        (ada, None, NOW),
        (grace, None, None),
        (lise, NOW, None),
    ]
    assert not rotation.participants.filter(left_at__isnull=False).exists()


PERSON = "6f6e6361-6c6c-4000-8000-706167657321"
GOOD = {
    "name": "West",
    "first_on": "2027-03-01",
    "handoff_time": "09:00",
    "people": [{"person": PERSON}],
}


def test_what_is_left_out_has_its_usual_value():
    assert parse_rotation(GOOD) == RotationSpec(
        name="West",
        first_on=date(2027, 3, 1),
        handoff_time=time(9),
        people=(PlaceSpec(UUID("6f6e6361-6c6c-4000-8000-706167657321")),),
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"every": 0}, "rotations[1].every"),
        ({"every": 1001}, "rotations[1].every"),
        ({"every": True}, "rotations[1].every"),
        ({"unit": "fortnight"}, "rotations[1].unit"),
        ({"time_zone": "Mars/Olympus"}, "rotations[1].time_zone"),
        ({"time_zone": []}, "rotations[1].time_zone"),
        ({"time_zone": "localtime"}, "rotations[1].time_zone"),
        ({"first_on": "2027-13-01"}, "rotations[1].first_on"),
        ({"first_on": "1989-12-31"}, "rotations[1].first_on"),
        ({"handoff_time": "24:00"}, "rotations[1].handoff_time"),
        ({"handoff_time": "09:00+01:00"}, "rotations[1].handoff_time"),
        ({"weekdays": [8]}, "rotations[1].weekdays"),
        ({"weekdays": []}, "rotations[1].weekdays"),
        ({"name": "a\x00b"}, "rotations[1].name"),
        ({"name": "a\ud800"}, "rotations[1].name"),
        ({"people": [{"person": "nobody"}]}, "rotations[1].people[0].person"),
        ({"people": [{"person": PERSON, "weight": 21}]}, "rotations[1].people[0].weight"),
        ({"people": "ada"}, "rotations[1].people"),
        ({"moved": [{"turn": 1, "at": "2027-03-01"}]}, "rotations[1].moved[0].at"),
        ({"moved": [{"turn": 10**9, "at": "2027-03-01T00:00:00Z"}]}, "rotations[1].moved[0].turn"),
        ({"level": 10}, "rotations[1].level"),
        ({"at_once": 10}, "rotations[1].at_once"),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(change, path):
    with pytest.raises(BadSpec) as refused:
        parse({"rotations": [GOOD, GOOD | {"name": "East"} | change]})
    assert list(refused.value.errors) == [path]


@pytest.mark.parametrize("data", [None, [], "x", 7, {}, {"rotations": 7}, {"rotations": [7]}])
def test_what_is_no_schedule_at_all_is_refused(data):
    with pytest.raises(BadSpec):
        parse(data)


def test_at_most_is_not_fewer_than_at_least():
    with pytest.raises(BadSpec) as refused:
        parse({"rotations": [], "at_least": 2, "at_most": 1})
    assert refused.value.errors == {"at_most": ["At most cannot be fewer people than at least."]}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"window": "never"}, "window", "There is no window “never”"),
        ({"team": "nobody"}, "team", "There is no team “nobody”"),
        ({"people": ()}, "people", "Nobody is in the order of Triage West"),
        ({"people": (PlaceSpec(UUID(int=7)),)}, "people[0].person", "There is nobody with that id"),
        ({"at_once": 4}, "at_once", "4 at once need as many people, and this order has 3"),
    ],
)
def test_what_only_the_rows_can_tell_is_refused_by_its_path(schedule, change, path, words):
    (one,) = spec_of(schedule).rotations
    with pytest.raises(BadSpec) as refused:
        plan_spec(schedule, replace(spec_of(schedule), rotations=(replace(one, **change),)), now=NOW)
    ((found, (message,)),) = refused.value.errors.items()
    assert found == f"rotations[0].{path}"
    assert words in message


def test_an_alphabetical_order_is_not_drawn_shorter_than_those_at_once(schedule, turns, ada, grace, lise):
    services.edit_rotation(
        rotation=schedule.rotations.get(),
        name="Triage West",
        turns=replace(turns, order="alphabetical", at_once=2),
        people=[ada, grace, lise],
        now=datetime(2027, 3, 1, tzinfo=UTC),
    )
    (one,) = spec_of(schedule).rotations
    alone = replace(spec_of(schedule), rotations=(replace(one, people=(PlaceSpec(ada.pk),)),))
    with pytest.raises(BadSpec) as refused:
        plan_spec(schedule, alone, now=NOW)
    assert refused.value.errors == {
        "rotations[0].at_once": ["2 at once need as many people, and this order has 1. Put more people in it."]
    }


def test_somebody_who_left_can_stay_where_they_are_and_not_be_put_anywhere(schedule, grace):
    grace.is_active = False
    grace.save()
    (one,) = spec_of(schedule).rotations
    assert len(plan_spec(schedule, spec_of(schedule), now=NOW)) == 1
    with pytest.raises(BadSpec, match="Grace Hopper has left and cannot be on call"):
        plan_spec(schedule, replace(spec_of(schedule), rotations=(replace(one, every=2),)), now=NOW)


def test_a_rotation_of_another_schedule_cannot_be_taken(schedule, turns, ada):
    other = services.create_schedule(name="Other", now=NOW)
    taken = services.create_rotation(schedule=other, role="primary", name="O", turns=turns, people=[ada], now=NOW)
    (one,) = spec_of(schedule).rotations
    with pytest.raises(BadSpec) as refused:
        plan_spec(schedule, replace(spec_of(schedule), rotations=(replace(one, id=taken.pk),)), now=NOW)
    assert list(refused.value.errors) == ["rotations[0].id"]


def test_a_moved_handoff_lies_between_its_neighbours(schedule, pilot):
    (one,) = parse({"rotations": as_json(spec_of(schedule))["rotations"]}).rotations
    late = parse_rotation(
        as_json(spec_of(schedule))["rotations"][0] | {"moved": [{"turn": 5, "at": "2027-04-20T00:00:00Z"}]}
    )
    with pytest.raises(BadSpec) as refused:
        plan_spec(schedule, replace(spec_of(schedule), rotations=(replace(one, moved=late.moved),)), now=NOW)
    assert list(refused.value.errors) == ["rotations[0].moved"]


def test_members_of_a_team_are_no_places_until_somebody_draws_them(schedule, ada, grace, lise, manager):
    team = Team.objects.get(slug="data-facility")
    rotation = schedule.rotations.get()
    Rotation.objects.filter(pk=rotation.pk).update(team=team)
    Membership.objects.create(person=grace, team=team)
    assert [place.person for place in spec_of(schedule).rotations[0].people] == [ada.pk, grace.pk, lise.pk]

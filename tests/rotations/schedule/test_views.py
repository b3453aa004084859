from datetime import UTC, datetime

import pytest
from django.urls import reverse

from oncall.people.models import Membership, Team
from rotations.schedule import drafts, services
from rotations.schedule.models import Draft, Rotation, Schedule

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
TURNS = {
    "name": "Night",
    "role": "primary",
    "level": "0",
    "time_zone": "Europe/Paris",
    "unit": "day",
    "every": "1",
    "first_on": "2027-03-01",
    "handoff_time": "08:00",
    "weekdays": ["1", "2", "3", "4", "5", "6", "7"],
    "window": "",
    "at_once": "1",
    "order": "given",
    "team": "",
    "places": "3",
}
ABOUT = {"about-name": "Night", "promise-needs": "nobody", "promise-at_least": "1"}
HTMX = {"HX-Request": "true"}


def prefixed(fields):
    return {f"turns-{key}": value for key, value in fields.items()}


@pytest.fixture
def page(schedule):
    return reverse("rotation_edit", args=[schedule.pk, schedule.rotations.get().pk])


@pytest.fixture
def by_pilot(client, pilot):
    client.force_login(pilot)
    return client


def test_a_new_schedule_is_drawn_and_nobody_is_on_call_by_it(by_pilot, ada, grace):
    asked = ABOUT | prefixed(TURNS | {"place_1": grace.pk, "place_3": ada.pk, "weight_3": "2"})
    answer = by_pilot.post(reverse("schedule_new"), asked)
    schedule = Schedule.objects.get()
    assert answer.url == reverse("schedule_draft", args=[schedule.pk])
    (rotation,) = drafts.drawn(schedule).rotations
    assert [(place.person, place.weight) for place in rotation.people] == [(grace.pk, 1), (ada.pk, 2)]
    assert not Rotation.objects.exists()


def test_a_schedule_without_anybody_is_refused_at_the_first_place_and_not_made(by_pilot):
    answer = by_pilot.post(reverse("schedule_new"), ABOUT | prefixed(TURNS))
    assert answer.status_code == 400
    assert answer.context["form"].errors["place_1"] == ["Nobody is in the order of Night. Choose at least one person."]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"every": "0"}, "every"),
        ({"first_on": "2027-02-30"}, "first_on"),
        ({"first_on": "1989-12-31"}, "first_on"),
        ({"handoff_time": "25:00"}, "handoff_time"),
        ({"name": "a\x00b"}, "name"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["8"]}, "weekdays"),
        ({"at_once": "2"}, "at_once"),
        ({"level": "10"}, "level"),
        ({"weight_1": "21"}, "weight_1"),
        ({"place_2": "6f6e6361-6c6c-4000-8000-706167657321"}, "place_2"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(by_pilot, page, ada, change, field):
    answer = by_pilot.post(page, TURNS | {"place_1": ada.pk} | change)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Draft.objects.exists()


def test_somebody_twice_in_an_alphabetical_order_is_said_at_the_second_place(by_pilot, page, ada, grace):
    twice = {"order": "alphabetical", "place_1": ada.pk, "place_2": grace.pk, "place_3": ada.pk}
    answer = by_pilot.post(page, TURNS | twice)
    assert list(answer.context["form"].errors) == ["place_3"]


def test_only_who_may_configure_sees_the_forms(client, schedule, page, ada):
    client.force_login(ada)
    pages = [
        reverse("schedule_new"),
        reverse("schedule_edit", args=[schedule.pk]),
        reverse("rotation_new", args=[schedule.pk]),
        page,
        f"{page}handoffs/",
    ]
    assert [client.get(one).status_code for one in pages] == [403] * 5
    assert [client.post(f"{page}{verb}/").status_code for verb in ("take-out", "team")] == [403] * 2


def test_an_edited_rotation_is_a_draft_and_is_in_force_as_it_was(by_pilot, schedule, page, ada, lise):
    assert by_pilot.get(page).context["form"]["place_1"].value() == str(ada.pk)
    answer = by_pilot.post(page, TURNS | {"place_1": lise.pk, "place_2": ada.pk})
    assert answer.url == reverse("schedule_draft", args=[schedule.pk])
    (drawn,) = drafts.drawn(schedule).rotations
    assert ([place.person for place in drawn.people], drawn.id) == ([lise.pk, ada.pk], schedule.rotations.get().pk)
    assert schedule.rotations.get().name == "Triage West"


def test_a_drawn_rotation_is_drawn_on(by_pilot, schedule, page, ada):
    by_pilot.post(page, TURNS | {"place_1": ada.pk})
    assert by_pilot.get(page).context["form"].initial["name"] == "Night"


def test_a_second_layer_is_added(by_pilot, schedule, ada):
    by_pilot.post(reverse("rotation_new", args=[schedule.pk]), TURNS | {"role": "secondary", "place_1": ada.pk})
    assert [(one.name, one.role) for one in drafts.drawn(schedule).rotations] == [
        ("Triage West", "primary"),
        ("Night", "secondary"),
    ]


def test_a_rotation_that_is_not_there_is_not_found(by_pilot, schedule):
    nowhere = reverse("rotation_edit", args=[schedule.pk, schedule.pk])
    assert by_pilot.get(nowhere).status_code == 404
    assert by_pilot.get(f"{nowhere}handoffs/").status_code == 404


@pytest.mark.parametrize(
    ("press", "order"),
    [
        ("up-2", ["grace", "ada", "lise", ""]),
        ("down-1", ["grace", "ada", "lise", ""]),
        ("remove-1", ["grace", "lise", ""]),
        ("add", ["ada", "grace", "lise", "", ""]),
        ("up-1", ["ada", "grace", "lise", ""]),
        ("remove-99", ["ada", "grace", "lise", ""]),
        ("down-²", ["ada", "grace", "lise", ""]),
    ],
)
def test_the_order_changes_by_buttons_and_saves_nothing(by_pilot, page, ada, grace, lise, press, order):
    places = {"places": "4", "place_1": ada.pk, "place_2": grace.pk, "place_3": lise.pk}
    answer = by_pilot.post(page, TURNS | places | {"do": press})
    names = {str(one.pk): one.username for one in (ada, grace, lise)} | {"": ""}
    assert answer.status_code == 200
    assert [names[place.value() or ""] for _, place, _ in answer.context["form"].rows] == order
    assert not Draft.objects.exists()


def test_the_next_turns_are_shown_while_typing(by_pilot, page, ada, grace):
    answer = by_pilot.post(page, TURNS | {"place_1": ada.pk, "place_2": grace.pk, "do": "show"}, headers=HTMX)
    rows = [(one.person, one.here, yours) for one, yours in answer.context["turns"]]  # the 22nd turn comes first
    assert len(rows) == 10
    assert rows[0] == (grace, "Mon 22 Mar 08:00 to Tue 23 Mar 08:00 CET", "Mon 22 Mar 00:00 to Tue 23 Mar 00:00 PDT")
    assert b"<html" not in answer.content
    assert b"Tue 23 Mar 08:00" in answer.content


def test_where_clocks_change_both_letters_are_shown(by_pilot, page, ada):
    answer = by_pilot.post(page, TURNS | {"unit": "week", "place_1": ada.pk, "do": "show"}, headers=HTMX)
    assert answer.context["turns"][0][0].here == "Mon 22 Mar 08:00 CET to Mon 29 Mar 08:00 CEST"


def test_what_is_wrong_is_said_while_typing(by_pilot, page, ada):
    answer = by_pilot.post(page, TURNS | {"place_1": ada.pk, "every": "0", "do": "show"}, headers=HTMX)
    assert answer.status_code == 200
    assert b"Each turn lasts" in answer.content
    nobody = by_pilot.post(page, TURNS | {"do": "show"}, headers=HTMX)
    assert b"Nobody is in the order of Night. Choose at least one person." in nobody.content


def test_the_promise_is_drawn_and_the_name_is_saved_at_once(by_pilot, schedule):
    page = reverse("schedule_edit", args=[schedule.pk])
    by_pilot.post(page, {"name": "Tier 1", "description": "Who looks first"})
    answer = by_pilot.post(page, {"promise": "1", "needs": "night", "at_least": "1", "skill": "triage"})
    assert answer.url == reverse("schedule_draft", args=[schedule.pk])
    schedule.refresh_from_db()
    assert (schedule.name, schedule.slug, schedule.needs) == ("Tier 1", "triage", "nobody")
    assert drafts.drawn(schedule).needs == "night"


def test_at_most_fewer_than_at_least_is_said_at_its_field(by_pilot, schedule):
    page = reverse("schedule_edit", args=[schedule.pk])
    answer = by_pilot.post(page, {"promise": "1", "needs": "always", "at_least": "2", "at_most": "1"})
    assert answer.status_code == 400
    assert list(answer.context["promise"].errors) == ["at_most"]


def test_a_rotation_is_taken_out_in_the_draft(by_pilot, schedule, page):
    by_pilot.post(f"{page}take-out/")
    assert drafts.drawn(schedule).rotations == ()
    assert schedule.rotations.count() == 1


def test_a_handoff_is_moved_on_the_clock_of_the_rotation(by_pilot, schedule, page):
    listed = by_pilot.get(f"{page}handoffs/").context["handoffs"]
    assert [(one.turn, one.here, one.person.username) for one, _ in listed[:2]] == [
        (4, "Mon 29 Mar 2027 09:00 PDT", "grace"),
        (5, "Mon 5 Apr 2027 09:00 PDT", "lise"),
    ]
    by_pilot.post(f"{page}handoffs/", {"turn": "4", "on": "2027-03-30", "at": "10:30"})
    assert [(one.turn, one.at) for one in drafts.drawn(schedule).rotations[0].moved] == [
        (4, datetime(2027, 3, 30, 17, 30, tzinfo=UTC))
    ]
    by_pilot.post(f"{page}handoffs/", {"turn": "4", "back": "1"})
    assert drafts.drawn(schedule).rotations[0].moved == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"turn": "4", "on": "2027-04-05", "at": "09:00"}, "must lie between"),
        ({"turn": "4", "on": "2027-03-22", "at": "19:00"}, "is past"),
        ({"turn": "3", "on": "2027-03-24", "at": "09:00"}, "what is past stays"),
        ({"turn": "4", "on": "", "at": ""}, "Write a day and a time"),
        ({"turn": "4", "on": "9999-12-31", "at": "23:00"}, "Write a day and a time"),
        ({"turn": "10000000", "on": "2027-03-30", "at": "09:00"}, "beyond the calendar"),
        ({"turn": "x"}, "Write a day and a time"),
    ],
)
def test_a_handoff_that_cannot_be_moved_says_why(by_pilot, page, asked, words):
    answer = by_pilot.post(f"{page}handoffs/", asked)
    assert answer.status_code == 400
    assert words in answer.context["problem"]
    assert not Draft.objects.exists()


def test_new_turns_forget_what_was_moved(by_pilot, schedule, page, ada):
    by_pilot.post(f"{page}handoffs/", {"turn": "4", "on": "2027-03-30", "at": "10:30"})
    by_pilot.post(page, TURNS | {"place_1": ada.pk})
    assert drafts.drawn(schedule).rotations[0].moved == ()


@pytest.fixture
def stewards(schedule, turns, ada, grace, lise):
    """Two at once in alphabetical order of a team's page, of which Grace has left and Lise is new."""
    team = Team.objects.create(name="Stewards", slug="stewards")
    for person in (ada, lise):
        Membership.objects.create(person=person, team=team)
    from dataclasses import replace

    return services.edit_rotation(
        rotation=schedule.rotations.get(),
        name="Stewards",
        turns=replace(turns, order="alphabetical", every=2, at_once=2),
        people=[ada, grace],
        layer=services.Layer(team=team),
        now=datetime(2027, 3, 1, tzinfo=UTC),
    )


def test_who_joined_and_left_the_team_is_told_apart_and_drawn_by_a_press(by_pilot, stewards, ada, grace, lise):
    (found,) = drafts.out_of_step()
    assert (found.joined, found.left) == ([lise], [grace])
    by_pilot.post(reverse("rotation_team", args=[stewards.schedule_id, stewards.pk]))
    assert [place.person for place in drafts.drawn(stewards.schedule).rotations[0].people] == [ada.pk, lise.pk]
    assert stewards.participants.filter(left_at__isnull=False).count() == 0


def test_people_come_from_the_teams_page_when_it_is_chosen(by_pilot, stewards, page, ada, lise):
    by_pilot.post(page, TURNS | {"team": "stewards", "order": "alphabetical"})
    assert {place.person for place in drafts.drawn(stewards.schedule).rotations[0].people} == {ada.pk, lise.pk}

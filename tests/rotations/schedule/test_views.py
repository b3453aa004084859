import pytest
from django.urls import reverse

from rotations.schedule.models import Participant, Schedule

TURNS = {
    "turns-name": "Night",
    "turns-time_zone": "Europe/Paris",
    "turns-unit": "day",
    "turns-every": "1",
    "turns-first_on": "2027-03-01",
    "turns-handoff_time": "08:00",
}


def test_the_pilot_makes_a_schedule_with_its_rotation(client, pilot, ada, grace):
    client.force_login(pilot)
    answer = client.post(
        reverse("schedule_new"),
        TURNS | {"about-name": "Night", "turns-place_1": grace.pk, "turns-place_3": ada.pk},
    )
    schedule = Schedule.objects.get()
    assert answer.url == reverse("schedule", args=[schedule.pk])
    assert [place.person for place in Participant.objects.all()] == [grace, ada]


def test_a_schedule_without_anybody_is_refused_at_the_first_place_and_not_made(client, pilot):
    client.force_login(pilot)
    answer = client.post(reverse("schedule_new"), TURNS | {"about-name": "Night"})
    assert answer.status_code == 400
    assert answer.context["turns"].errors["place_1"] == ["Nobody is in the order of Night. Choose at least one person."]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"turns-time_zone": "Mars/Olympus"}, "time_zone"),
        ({"turns-every": "0"}, "every"),
        ({"turns-first_on": "2027-02-30"}, "first_on"),
        ({"turns-handoff_time": "25:00"}, "handoff_time"),
        ({"turns-name": "a\x00b"}, "name"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(client, pilot, ada, change, field):
    client.force_login(pilot)
    answer = client.post(reverse("schedule_new"), TURNS | {"about-name": "N", "turns-place_1": ada.pk} | change)
    assert answer.status_code == 400
    assert list(answer.context["turns"].errors) == [field]


def test_only_who_may_configure_sees_the_forms(client, schedule, ada):
    client.force_login(ada)
    pages = [
        reverse("schedule_new"),
        reverse("schedule_edit", args=[schedule.pk]),
        reverse("rotation", args=[schedule.pk, "primary"]),
    ]
    assert [client.get(page).status_code for page in pages] == [403, 403, 403]


def test_the_order_of_a_rotation_is_edited_in_place(client, schedule, pilot, ada, lise):
    client.force_login(pilot)
    page = reverse("rotation", args=[schedule.pk, "primary"])
    shown = client.get(page).context["form"]
    assert shown["place_1"].initial == ada
    answer = client.post(
        page,
        {key.removeprefix("turns-"): value for key, value in TURNS.items()} | {"place_1": lise.pk, "place_2": ada.pk},
    )
    assert answer.status_code == 302
    assert [place.person for place in Participant.objects.all()] == [lise, ada]


def test_a_second_role_is_added_and_an_unknown_one_is_not_found(client, schedule, pilot, ada):
    client.force_login(pilot)
    fields = {key.removeprefix("turns-"): value for key, value in TURNS.items()} | {"place_1": ada.pk}
    assert client.post(reverse("rotation", args=[schedule.pk, "secondary"]), fields).status_code == 302
    assert sorted(schedule.rotations.values_list("role", flat=True)) == ["primary", "secondary"]
    assert client.get(reverse("rotation", args=[schedule.pk, "tertiary"])).status_code == 404


def test_a_schedule_is_renamed_and_keeps_its_slug(client, schedule, pilot):
    client.force_login(pilot)
    client.post(reverse("schedule_edit", args=[schedule.pk]), {"name": "Tier 1", "description": "Who looks first"})
    schedule.refresh_from_db()
    assert (schedule.name, schedule.slug) == ("Tier 1", "triage")

import uuid

from django.urls import reverse

from rotations.schedule.models import Schedule


def test_every_schedule_shows_who_is_on_now_and_next(client, schedule, grace):
    client.force_login(grace)
    page = client.get(reverse("rotations")).content.decode()
    assert "Ada Moreno</strong> until" in page
    assert "Mon 29 Mar 09:00 PDT · 16:00 UTC" in page
    assert "then</span> Grace Hopper from" in page


def test_a_schedule_without_rotations_says_that_nobody_is_on_call(client, ada):
    made = Schedule.objects.create(name="Empty", slug="empty")
    client.force_login(ada)
    assert "No rotation yet, so nobody is on call." in client.get(reverse("rotations")).content.decode()
    assert "No rotation yet, so nobody is on call." in client.get(reverse("schedule", args=[made.pk])).content.decode()


def test_a_schedule_shows_its_order_and_four_weeks_of_shifts(client, schedule, lise):
    client.force_login(lise)
    answer = client.get(reverse("schedule", args=[schedule.pk]))
    assert [shift.person.name for shift in answer.context["shifts"]] == [
        "Ada Moreno",
        "Grace Hopper",
        "Lise Girard",
        "Ada Moreno",
        "Grace Hopper",
    ]
    page = answer.content.decode()
    assert "Handoff at 09:00 America/Los_Angeles, every week from Mon 1 Mar 2027." in page
    assert "Mon 29 Mar 18:00 CEST · 16:00 UTC" in page


def test_only_who_may_configure_is_offered_to_edit(client, schedule, ada, pilot):
    page = reverse("schedule", args=[schedule.pk])
    client.force_login(ada)
    assert "Edit rotation" not in client.get(page).content.decode()
    client.force_login(pilot)
    assert "Edit rotation" in client.get(page).content.decode()


def test_a_turn_of_somebody_who_left_stands_out(client, schedule, ada, grace):
    ada.is_active = False
    ada.save()
    client.force_login(grace)
    page = client.get(reverse("schedule", args=[schedule.pk])).content.decode()
    assert "has left: nobody is on call in this turn" in page
    assert "Nobody</strong>" in page


def test_a_schedule_that_is_not_there_is_not_found(client, ada):
    client.force_login(ada)
    assert client.get(reverse("schedule", args=[uuid.uuid4()])).status_code == 404


def test_a_visitor_is_asked_to_sign_in(client, schedule):
    for page in (reverse("rotations"), reverse("schedule", args=[schedule.pk])):
        assert client.get(page).status_code == 302

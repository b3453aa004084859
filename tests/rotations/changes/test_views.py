from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse

from rotations.changes.models import Override
from tests.rotations.conftest import NOW

SPAN = {"role": "primary", "starts_at": "2027-03-23T13:00", "ends_at": "2027-03-23T16:00", "reason": "dentist"}


def test_a_person_takes_a_span_typed_in_their_own_zone(client, schedule, grace):
    client.force_login(grace)
    answer = client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk})
    assert answer.url == reverse("schedule", args=[schedule.pk])
    made = Override.objects.get()
    assert (f"{made.starts_at:%H:%M}", f"{made.ends_at:%H:%M}") == ("20:00", "23:00")  # 13:00 PDT


def test_an_overlap_is_said_at_the_start_field(client, schedule, grace):
    client.force_login(grace)
    client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk})
    answer = client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk})
    assert answer.status_code == 400
    assert answer.context["form"].errors["starts_at"][0].startswith("Grace Hopper already covers Tue 23 Mar 20:00")


def test_nobody_is_offered_whom_one_may_not_choose(client, schedule, grace, ada):
    client.force_login(grace)
    answer = client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": ada.pk})
    assert list(answer.context["form"].errors) == ["person"]
    assert not Override.objects.exists()


def test_a_wall_time_that_does_not_exist_is_said_at_its_field(client, schedule, grace):
    client.force_login(grace)
    words = SPAN | {"person": grace.pk, "starts_at": "2028-03-12T02:30", "ends_at": "2028-03-12T05:00"}
    answer = client.post(reverse("override", args=[schedule.pk]), words)
    assert list(answer.context["form"].errors) == ["starts_at"]


def test_an_override_is_cancelled_by_a_button(client, schedule, grace):
    client.force_login(grace)
    client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk})
    answer = client.post(reverse("override_cancel", args=[Override.objects.get().pk]), follow=True)
    assert Override.objects.get().cancelled_at is not None
    assert "The override by Grace Hopper is cancelled." in answer.content.decode()


def test_a_stranger_is_told_why_not(client, schedule, grace, ada):
    client.force_login(grace)
    client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk})
    client.force_login(ada)
    answer = client.post(reverse("override_cancel", args=[Override.objects.get().pk]), follow=True)
    assert "may cancel it. Ask them." in answer.content.decode()
    assert Override.objects.get().cancelled_at is None


@pytest.mark.parametrize(
    ("field", "zone", "value"),
    [("ends_at", "America/Los_Angeles", "9999-12-31T23:59"), ("starts_at", "Europe/Paris", "0001-01-01T00:00")],
)
def test_an_instant_beyond_the_years_we_keep_is_said_at_its_field(client, schedule, grace, field, zone, value):
    grace.time_zone = zone
    grace.save()
    client.force_login(grace)
    answer = client.post(reverse("override", args=[schedule.pk]), SPAN | {"person": grace.pk, field: value})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Override.objects.exists()


@pytest.mark.parametrize(
    "span", [{"ends_at": datetime(2100, 1, 1, tzinfo=UTC)}, {"starts_at": datetime(1989, 12, 31, tzinfo=UTC)}]
)
def test_the_database_refuses_an_override_beyond_the_years_we_keep(schedule, grace, span):
    whole = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)} | span
    with pytest.raises(IntegrityError, match="override_bounded"):
        Override.objects.create(schedule=schedule, role="primary", person=grace, by=grace, created_at=NOW, **whole)

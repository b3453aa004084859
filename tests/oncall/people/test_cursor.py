"""A cursor that we did not write is refused, also where reading it would break us."""

from base64 import b64encode

import pytest

from oncall.people.models import Person


@pytest.mark.parametrize("rows", ["swaps", "overrides", "absences", "handoffs", "alarms", "leave/call-outs"])
@pytest.mark.parametrize(
    "position",
    [b"p=0001-01-01", b"p=0001-01-01 00:00:00", b"p=9999-12-31T23:59:59-14:00", b"p=2027-01-01", b"p=x", b"p=\x00"],
)
@pytest.mark.django_db
def test_a_position_at_which_nothing_can_stand_is_no_cursor(client, rows, position):
    ada = Person.objects.create_user("ada", name="Ada Moreno", time_zone="America/Los_Angeles")
    client.force_login(ada)
    answer = client.get(f"/api/v1/{rows}/", {"cursor": b64encode(position).decode()})
    assert (answer.status_code, answer.json()) == (404, {"detail": ["Invalid cursor"]})


@pytest.mark.django_db
def test_a_position_where_something_can_stand_is_a_cursor(client):
    client.force_login(Person.objects.create_user("ada", name="Ada Moreno", time_zone="America/Los_Angeles"))
    for rows, position in (("swaps", b"p=2027-01-01 00:00:00%2B00:00"), ("rotations", b"p=Triage")):
        assert client.get(f"/api/v1/{rows}/", {"cursor": b64encode(position).decode()}).status_code == 200

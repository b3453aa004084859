"""Instants that people type stay in the years that every zone and every reader can show."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from oncall.limits.models import Limit
from oncall.people.forms import RoleForm
from oncall.people.instants import InstantField
from oncall.people.models import Person, RoleTerm

CALIFORNIA, PARIS = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Paris")


def clean(zone: ZoneInfo, text: str) -> datetime | None:
    with timezone.override(zone):
        return InstantField(label="Until").clean(text)


@pytest.mark.parametrize(
    ("zone", "text", "instant"),
    [
        (CALIFORNIA, "2099-12-31T15:59", datetime(2099, 12, 31, 23, 59, tzinfo=UTC)),
        (PARIS, "1990-01-01T01:00", datetime(1990, 1, 1, tzinfo=UTC)),
        (PARIS, "2100-01-01T00:59", datetime(2099, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_the_first_and_the_last_instant_are_those_of_utc(zone, text, instant):
    assert clean(zone, text) == instant


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (CALIFORNIA, "2099-12-31T16:00"),
        (PARIS, "1990-01-01T00:59"),
        (CALIFORNIA, "9999-12-31T23:59"),
        (PARIS, "0001-01-01T00:00"),
    ],
)
def test_beyond_them_the_error_names_the_field_the_value_and_the_range(zone, text):
    words = {"role": "observer", "starts_at": "", "ends_at": text}
    form = RoleForm(words, now=datetime(2027, 3, 23, tzinfo=UTC), by=Person())
    with timezone.override(zone):
        errors = form.errors

    assert errors == {"ends_at": [f"Until: “{text}” is too far away. Choose an instant from 1990 to 2099."]}


FIRST, SECOND = datetime(2027, 10, 31, 0, 20, tzinfo=UTC), datetime(2027, 10, 31, 1, 20, tzinfo=UTC)


class Hours(forms.Form):
    until = InstantField(
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )


@pytest.mark.parametrize(("instant", "text"), [(FIRST, "2027-10-31T02:20+02:00"), (SECOND, "2027-10-31T02:20+01:00")])
def test_an_instant_in_the_hour_that_comes_twice_is_shown_and_read_with_its_offset(instant, text):
    with timezone.override(PARIS):
        shown = str(Hours(initial={"until": instant})["until"])

    assert f'<input type="text" name="until" value="{text}" required' in shown
    assert clean(PARIS, text) == instant


def test_any_other_instant_is_shown_in_the_browsers_picker():
    with timezone.override(PARIS):
        shown = str(Hours(initial={"until": datetime(2027, 3, 25, 2, 20, tzinfo=UTC)})["until"])

    assert '<input type="datetime-local" name="until" value="2027-03-25T03:20:00" step="1"' in shown


def test_a_time_that_comes_twice_is_asked_about_and_the_first_stands_there():
    with timezone.override(PARIS):
        form = Hours({"until": "2027-10-31T02:20"})
        errors, shown = form.errors, str(form["until"])

    words = (
        "Until: 02:20 comes twice on 31 October 2027 in Europe/Paris. Write 2027-10-31T02:20+02:00 for the first time, "
        "2027-10-31T02:20+01:00 for the second."
    )
    assert errors == {"until": [words]}
    assert '<input type="text" name="until" value="2027-10-31T02:20+02:00"' in shown


def test_of_a_time_that_clocks_skip_the_error_says_which_it_would_be():
    with pytest.raises(ValidationError) as refused:
        clean(PARIS, "2027-03-28T02:30")

    words = (
        "Until: 02:30 does not come on 28 March 2027 in Europe/Paris, where clocks are put forward. "
        "Had they not been, it would be 03:30: write that, or another time."
    )
    assert refused.value.messages == [words]


def test_a_role_until_the_year_9999_is_refused_at_its_field_and_breaks_no_page(client, pilot, ada):
    pilot.time_zone = "America/Los_Angeles"
    pilot.save()
    client.force_login(pilot)
    words = {"role": "observer", "starts_at": "2027-03-01T00:00", "ends_at": "9999-12-31T23:59"}
    answer = client.post(reverse("role_give", args=[ada.pk]), words)

    assert answer.status_code == 400
    assert list(answer.context["role_form"].errors) == ["ends_at"]
    assert not ada.role_terms.exists()


def test_a_limit_from_the_year_9999_on_is_refused_at_its_field(client, pilot):
    client.force_login(pilot)
    words = {"value": "240", "source": "a slip", "effective_from": "9999-12-31T23:59"}
    answer = client.post(reverse("limit", args=["reassign_wait_s"]), words)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["effective_from"]


FAR, NEAR = datetime(2100, 1, 1, tzinfo=UTC), datetime(2027, 3, 23, tzinfo=UTC)
LONG_AGO = datetime(1989, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(("starts_at", "ends_at"), [(NEAR, FAR), (FAR, None), (LONG_AGO, NEAR)])
def test_the_database_refuses_a_role_beyond_them(ada, starts_at, ends_at):
    with pytest.raises(IntegrityError, match="role_term_bounded"):
        RoleTerm.objects.create(person=ada, role="observer", starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize("effective_from", [FAR, LONG_AGO])
def test_the_database_refuses_a_limit_beyond_them(db, effective_from):
    with pytest.raises(IntegrityError, match="limit_bounded"):
        Limit.objects.create(name="x", value=1, unit="s", source="a slip", effective_from=effective_from)

"""The numbers of the process on screen, and a new value from an instant on."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from oncall import clock
from oncall.limits import queries
from oncall.limits.models import Limit


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


def test_every_limit_is_listed_with_value_unit_and_source_in_a_few_queries(client, ada, django_assert_max_num_queries):
    client.force_login(ada)
    with django_assert_max_num_queries(8):
        page = client.get(reverse("limits")).content.decode()
    assert "credit_multiplier" in page
    assert '<td class="number">1.5</td>' in page
    assert "RTN-046 6.6.1 (R34)" in page


def test_a_new_value_holds_from_its_instant_and_the_past_stays(as_pilot):
    before = clock.now()
    as_pilot.post(reverse("limit", args=["reassign_wait_s"]), {"value": "240", "source": "night of 3 March"})
    after = clock.now()
    assert queries.at(before).number("reassign_wait_s") == Decimal(300)
    assert queries.at(after).number("reassign_wait_s") == Decimal(240)
    assert Limit.objects.filter(name="reassign_wait_s").first().unit == "s"


def test_a_value_to_come_is_typed_on_the_viewers_clock_and_shown(as_pilot):
    data = {"value": "2", "source": "agreed", "effective_from": "2031-01-01T00:00"}
    page = as_pilot.post(reverse("limit", args=["credit_multiplier"]), data, follow=True).content.decode()
    row = Limit.objects.filter(name="credit_multiplier").first()
    assert f"{row.effective_from:%Y-%m-%d %H:%M}" == "2030-12-31 23:00"  # the pilot lives in Paris
    assert "to come" in page
    assert queries.at(clock.now()).number("credit_multiplier") == Decimal("1.5")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"value": "-1", "source": "x"}, "greater than or equal to 0"),
        ({"value": "many", "source": "x"}, "Enter a number."),
        ({"value": "1", "source": ""}, "This field is required."),
        ({"value": "1", "source": "x", "effective_from": "2021-01-01T00:00"}, "the past stays as it was"),
    ],
)
def test_a_value_that_cannot_be_is_refused(as_pilot, data, error):
    answer = as_pilot.post(reverse("limit", args=["credit_multiplier"]), data)
    assert answer.status_code == 400
    assert error in answer.content.decode()
    assert Limit.objects.filter(name="credit_multiplier").count() == 1


def test_a_limit_is_not_everybodys_to_change(client, ada):
    client.force_login(ada)
    answer = client.post(reverse("limit", args=["credit_multiplier"]), {"value": "9", "source": "me"})
    assert answer.status_code == 403
    assert Limit.objects.filter(name="credit_multiplier").count() == 1


def test_a_limit_that_does_not_exist_is_not_made_up(as_pilot):
    assert as_pilot.get(reverse("limit", args=["moon_phase"])).status_code == 404


def test_a_limit_moves_on_at_its_instant_exactly(db, now):
    Limit.objects.create(name="ring_timeout_s", value=30, unit="s", source="x", effective_from=now)
    assert queries.at(now).count("ring_timeout_s") == 30
    assert queries.at(now - timedelta(microseconds=1)).count("ring_timeout_s") == 25

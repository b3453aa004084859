"""The numbers of the process on screen, and a new value from an instant on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from oncall import clock
from oncall.limits import queries
from oncall.limits.forms import why_not
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
    ],
)
def test_a_value_that_cannot_be_is_refused(as_pilot, data, error):
    answer = as_pilot.post(reverse("limit", args=["credit_multiplier"]), data)
    assert answer.status_code == 400
    assert error in answer.content.decode()
    assert Limit.objects.filter(name="credit_multiplier").count() == 1


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        (
            "visit_in_time_share",
            "98",
            "“98” is out of bounds. This is a share of 1: write a number above 0 and up to 1",
        ),
        ("visit_in_time_share", "1.0001", "“1.0001” is out of bounds."),
        ("visit_in_time_share", "0", "“0” is out of bounds."),
        ("budget_failed_share", "0", "“0” is out of bounds."),
        ("spend_warn_share", "80", "“80” is out of bounds."),
        ("burn_fast_severity", "6", "Write a severity, from 1, the worst, to 5."),
        ("burn_fast_severity", "1.5", "“1.5” is between two severities."),
        ("visit_alerts_at_most", "0", "“0” is too little. With 0 no visit with alerts would count. Write 1 or more."),
        ("visit_failed_after_s", "60", "“60” is too little."),
        ("ring_timeout_s", "9999999999", "“9999999999” is out of bounds. Write 1,000,000,000 or less."),
        ("budget_starts_on", "18990101", "“18990101” is no night. Write YYYYMMDD from 1990 on"),
        ("budget_starts_on", "21000101", "“21000101” is no night."),
        ("budget_starts_on", "20270301.5", "“20270301.5” is no night."),
        ("budget_starts_on", "20270230", "“20270230” is no night."),
    ],
)
def test_a_value_out_of_the_bounds_of_its_limit_is_refused_with_what_to_write(as_pilot, name, value, error):
    answer = as_pilot.post(reverse("limit", args=[name]), {"value": value, "source": "x"})

    assert answer.status_code == 400
    assert error in answer.content.decode()
    assert Limit.objects.filter(name=name).count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("visit_in_time_share", "1"),
        ("visit_in_time_share", "0.95"),
        ("budget_failed_share", "0.0005"),
        ("burn_fast_severity", "1"),
        ("throttle_low_sms_hour", "0"),
        ("budget_starts_on", "20991231"),
    ],
)
def test_a_value_at_its_bounds_is_taken(as_pilot, name, value):
    answer = as_pilot.post(reverse("limit", args=[name]), {"value": value, "source": "x"})

    assert answer.status_code == 302
    assert queries.at(clock.now()).number(name) == Decimal(value)


def test_every_limit_as_it_is_seeded_is_within_its_bounds(db):
    assert {row.name: why_not(row.value, name=row.name, unit=row.unit) for row in Limit.objects.all()} == dict.fromkeys(
        Limit.objects.values_list("name", flat=True), ""
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("visit_in_time_share", "Verdicts that were given stay."),
        ("visit_alerts_at_most", "Verdicts that were given stay."),
        ("budget_late_share", "nights that are past are measured by it as well"),
    ],
)
def test_a_limit_of_visits_says_what_becomes_of_those_that_were(as_pilot, name, words):
    assert words in as_pilot.get(reverse("limit", args=[name])).content.decode()


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


class TestFromThePast:
    def test_no_other_number_begins_in_the_past(self, as_pilot):
        said = {"value": "1", "source": "x", "effective_from": "2021-01-01T00:00"}

        answer = as_pilot.post(reverse("limit", args=["ring_timeout_s"]), said)

        assert answer.status_code == 400
        assert "the past stays as it was" in answer.content.decode()
        assert Limit.objects.filter(name="ring_timeout_s").count() == 1

    def test_a_rule_of_credit_may_begin_in_the_past(self, as_pilot):
        said = {"value": "2", "source": "agreed in July", "effective_from": "2026-07-01T00:00"}

        answer = as_pilot.post(reverse("limit", args=["credit_multiplier"]), said)

        assert answer.status_code == 302
        assert queries.at(datetime(2026, 8, 1, tzinfo=UTC)).number("credit_multiplier") == 2
        assert queries.at(datetime(2026, 6, 1, tzinfo=UTC)).number("credit_multiplier") == Decimal("1.5")

    def test_what_was_before_every_value_has_none(self, as_pilot):
        said = {"value": "2", "source": "x", "effective_from": "2001-07-01T00:00"}

        answer = as_pilot.post(reverse("limit", args=["credit_multiplier"]), said)

        assert "Nothing was in force before that instant" in answer.content.decode()

    def test_a_value_that_was_entered_is_never_written_over(self, as_pilot):
        said = {"value": "2", "source": "agreed", "effective_from": "2026-07-01T00:00"}
        as_pilot.post(reverse("limit", args=["credit_multiplier"]), said)

        answer = as_pilot.post(reverse("limit", args=["credit_multiplier"]), {**said, "value": "3"})

        assert "Another value begins at that instant" in answer.content.decode()
        assert queries.at(datetime(2026, 8, 1, tzinfo=UTC)).number("credit_multiplier") == 2

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("credit_multiplier", "11", "from 0 to 10"),
            ("credit_in_own_shift", "2", "Write 1 for yes or 0 for no"),
            ("out_of_hours_by_team", "0.5", "Write 1 for yes or 0 for no"),
            ("credit_rounding_s", "0", "Write 1 or more"),
            ("burden_over_days", "401", "Write 400 or less"),
        ],
    )
    def test_a_rule_of_leave_has_bounds(self, as_pilot, name, value, error):
        answer = as_pilot.post(reverse("limit", args=[name]), {"value": value, "source": "x"})

        assert answer.status_code == 400
        assert error in answer.content.decode()

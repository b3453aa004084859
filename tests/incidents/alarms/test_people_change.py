"""Who is on call, or has an account, changes while an alarm waits for its next step."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.changes.models import Override
from tests.conftest import NOW, make_policy, make_schedule
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db
STEP_TWO = NOW + timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def fire(policy):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    run(NOW)
    return alarm


def run(now):
    engine.escalate_due(now=now, limits=limits.at(now))


def called():
    return {page.person.username for page in Page.objects.calling().select_related("person")}


def instead(schedule, person, *, starts_at, ends_at, by):
    Override.objects.create(
        schedule=schedule,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        created_at=NOW - timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (STEP_TWO - SECOND, {"ada", "petra"}),
        (STEP_TWO, {"ada", "petra"}),
        (STEP_TWO + SECOND, {"ada", "grace"}),
    ],
)
def test_a_step_calls_who_is_on_when_it_fires_also_by_an_override_that_begins_there(
    ada, grace, pilot, starts_at, expected
):
    """F46."""
    tier_2 = make_schedule("Tier 2", grace)
    instead(tier_2, pilot, starts_at=starts_at, ends_at=STEP_TWO + timedelta(hours=1), by=pilot)
    fire(make_policy("P", ada, tier_2))
    run(STEP_TWO)

    assert called() == expected


@pytest.mark.parametrize(
    ("ends_at", "expected"),
    [(STEP_TWO - SECOND, {"ada", "grace"}), (STEP_TWO, {"ada", "grace"}), (STEP_TWO + SECOND, {"ada", "petra"})],
)
def test_and_by_one_that_ends_there(ada, grace, pilot, ends_at, expected):
    """F46."""
    tier_2 = make_schedule("Tier 2", grace)
    instead(tier_2, pilot, starts_at=NOW - timedelta(hours=1), ends_at=ends_at, by=pilot)
    fire(make_policy("P", ada, tier_2))
    run(STEP_TWO)

    assert called() == expected


def test_an_override_that_begins_during_the_wait_takes_the_page_over(ada, grace, pilot):
    """F46: whoever comes on is called, whoever went off is called no more."""
    triage = make_schedule("Triage", ada)
    at = NOW + timedelta(minutes=2)
    instead(triage, pilot, starts_at=at, ends_at=at + timedelta(hours=1), by=pilot)
    fire(make_policy("P", triage, grace))
    run(at - SECOND)
    assert called() == {"ada"}
    run(at)

    assert called() == {"petra"}


def test_whose_account_was_closed_before_their_step_is_passed_over_at_once(ada, grace, pilot):
    """F43: whatever let it be closed, the alarm does not wait for them."""
    fire(make_policy("P", ada, grace, pilot))
    type(grace).objects.filter(pk=grace.pk).update(is_active=False)
    run(STEP_TWO)

    assert called() == {"ada", "petra"}


def test_whose_account_is_closed_while_they_are_called_is_called_no_more_and_the_next_step_comes(ada, grace):
    """F43."""
    fire(make_policy("P", ada, grace))
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    page_out(NOW + SECOND)
    engine.hasten(now=NOW + SECOND, limits=limits.at(NOW))
    run(NOW + SECOND)

    assert called() == {"grace"}

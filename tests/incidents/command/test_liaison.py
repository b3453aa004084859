"""Who speaks to the community: the steward on duty, whoever that is by now, unless somebody was chosen."""

from datetime import timedelta

import pytest

from incidents.command import assigning, editing, liaison, queries, services
from tests.conftest import make_schedule
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def on_duty():
    """Put these people on duty as stewards, and nobody else."""

    def put(*people):
        from rotations.schedule.models import Schedule

        Schedule.objects.filter(skill="support").update(skill="")
        for person in people:
            schedule = make_schedule(f"Stewards {person.username} {Schedule.objects.count()}", person)
            schedule.skill = "support"
            schedule.save()

    return put


@pytest.fixture
def look(in_force):
    return lambda at: liaison.keep(now=at, limits=in_force)


def speaks(incident) -> list[str]:
    held = [one for one in queries.roles_now(incident) if one.role == "external_liaison"]
    return [one.person.username for one in held]


def test_who_comes_on_duty_later_speaks_then(declared, grace, on_duty, look, now):
    incident = declared(severity=1)
    on_duty(grace)

    assert (look(now + HOUR), look(now + HOUR)) == (1, 0)
    assert speaks(incident) == ["grace"]


def test_who_speaks_by_rule_hands_on_to_the_next_on_duty(declared, grace, mae, on_duty, look, now):
    on_duty(grace)
    incident = declared(severity=1)
    on_duty(mae)

    look(now + HOUR)

    assert speaks(incident) == ["mae"]
    assert lines(incident, "role")[-1].startswith("Mae Castillo is external liaison. Before: Grace Okafor.")


def test_who_speaks_by_rule_goes_on_while_nobody_else_is_on_duty(declared, grace, on_duty, look, now):
    on_duty(grace)
    incident = declared(severity=1)
    on_duty()

    assert look(now + HOUR) == 0
    assert speaks(incident) == ["grace"]


def test_who_took_it_keeps_it_when_shifts_change(declared, ada, mae, on_duty, look, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="external_liaison", by=ada, now=now)
    on_duty(mae)

    assert look(now + HOUR) == 0
    assert speaks(incident) == ["ada"]


def test_who_left_it_is_not_given_it_again_and_the_next_on_duty_is(declared, grace, mae, on_duty, look, now):
    on_duty(grace)
    incident = declared(severity=1)
    assigning.release(incident=incident, role="external_liaison", by=grace, now=now)

    assert look(now + HOUR) == 0
    on_duty(grace, mae)
    look(now + 2 * HOUR)

    assert speaks(incident) == ["mae"]


def test_at_sev_1_a_steward_who_commands_is_passed_over(declared, grace, mae, on_duty, look, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="commander", by=grace, now=now)
    on_duty(grace, mae)

    look(now + HOUR)

    assert speaks(incident) == ["mae"]


@pytest.mark.parametrize("changed", [{"severity": 3}, {"severity": 1, "restricted": True}])
def test_nobody_speaks_for_a_minor_or_restricted_one(declared, grace, on_duty, look, now, changed):
    incident = declared(**changed)
    on_duty(grace)

    assert look(now + HOUR) == 0
    assert speaks(incident) == []


def test_one_that_is_restricted_no_more_has_one_at_once(declared, ada, grace, on_duty, now):
    on_duty(grace)
    incident = declared(severity=1, restricted=True)

    editing.open_up(incident=incident, by=ada, why="It is published.", now=now + HOUR)

    assert speaks(incident) == ["grace"]


def test_reopened_with_nobody_on_duty_it_has_one_when_somebody_is(declared, ada, grace, on_duty, look, now):
    on_duty(grace)
    incident = declared(severity=1)
    on_duty()
    over = services.move(incident=incident, move="resolve", by=ada, now=now + HOUR)
    services.move(incident=over, move="reopen", by=ada, now=now + 2 * HOUR)
    on_duty(grace)

    look(now + 3 * HOUR)

    assert speaks(incident) == ["grace"]


def test_where_everybody_was_chosen_it_is_one_query(declared, ada, look, now, django_assert_num_queries):
    assigning.take(incident=declared(severity=1), role="external_liaison", by=ada, now=now)

    with django_assert_num_queries(1):
        look(now)

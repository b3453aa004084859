"""What every test may use: an instant, people, a schedule with somebody on call, a policy."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings

from incidents.escalation.models import EscalationPolicy, Step
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod
from oncall.people.models import Person
from rotations.schedule.models import Participant, Rotation, Schedule
from tests import databases

# A busy machine is slow; that is no defect of what is tested. The examples are the same in each run: what is found by
# chance is for whoever looks for it (`pytest --hypothesis-profile=search`), not for whoever changes something else.
PATIENT = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", PATIENT)
settings.register_profile("patient", PATIENT, derandomize=True)
settings.load_profile("patient")

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)  # a night of the sample week, 20:10 in California, 04:10 in Lyon


def pytest_configure(config):
    """Files keep their order also where they are handed out to workers: those that empty the database come last."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Tests that commit empty the database behind them, so they have files of their own, which come last."""
    kinds: dict[str, set[bool]] = {}
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is not None:
            kinds.setdefault(item.nodeid.split("::")[0], set()).add(bool(mark.kwargs.get("transaction")))
    mixed = [name for name, found in kinds.items() if len(found) > 1]
    if mixed:
        raise pytest.UsageError(f"Tests with transaction=True stand beside others in {', '.join(mixed)}: move them.")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """Each worker's database is a copy of the run's migrated one."""
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = databases.migrated()


@pytest.fixture
def now() -> datetime:
    return NOW


COUNTING = {"django_assert_num_queries", "django_assert_max_num_queries"}


@pytest.fixture(autouse=True)
def _no_travel(request):
    """Time travelled by one test is over with it, and so are the limits it remembers.

    Where questions are counted they are remembered for a minute: that a busy machine took a second is no question more.
    """
    usual = limits.LATELY
    if COUNTING.intersection(request.fixturenames):
        limits.LATELY = timedelta(minutes=1)
    yield
    limits.LATELY = usual
    clock.offset = timedelta()
    limits.forget()


def make_person(name: str, number: str = "", *, zone: str = "America/Los_Angeles", **fields) -> Person:
    """A person with one telephone number, if one is given."""
    username = name.lower().split()[0]
    person = Person.objects.create_user(username, "a long password", name=name, time_zone=zone, **fields)
    if number:
        ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=NOW - timedelta(days=30))
    return person


@pytest.fixture
def ada(db) -> Person:
    return make_person("Ada Moreno", "+14155550101", email="ada@example.org")


@pytest.fixture
def grace(db) -> Person:
    return make_person("Grace Okafor", "+14155550102", email="grace@example.org")


@pytest.fixture
def pilot(db) -> Person:
    person = make_person("Petra Pilot", "+33155550103", zone="Europe/Paris", email="petra@example.org")
    person.role_terms.create(role="pilot", starts_at=NOW - timedelta(days=100))
    return person


def make_schedule(name: str, *people: Person) -> Schedule:
    """A schedule on which these people take weekly turns from 1 March 2027, the first of them in weeks 1, n+1, ..."""
    schedule = Schedule.objects.create(name=name, slug=name.lower().replace(" ", "-"))
    rotation = Rotation.objects.create(
        schedule=schedule,
        role="primary",
        name=name,
        time_zone="America/Los_Angeles",
        unit="week",
        every=52,
        first_on=date(2027, 3, 1),
        handoff_time=time(9),
    )
    for position, person in enumerate(people):
        Participant.objects.create(rotation=rotation, person=person, position=position)
    return schedule


def make_policy(name: str, *targets, wait_s: int = 300, rounds: int = 1, is_default: bool = False) -> EscalationPolicy:
    """A policy with one step for each target: a schedule or a person."""
    policy = EscalationPolicy.objects.create(name=name, rounds=rounds, is_default=is_default)
    for position, target in enumerate(targets):
        kind = "schedule" if isinstance(target, Schedule) else "person"
        Step.objects.create(policy=policy, position=position, wait_s=wait_s, **{kind: target})
    return policy


@pytest.fixture
def policy(ada, grace) -> EscalationPolicy:
    """Ada is on call for triage; after five minutes Grace, for tier 2; once round."""
    return make_policy(
        "Prompt Processing", make_schedule("Triage", ada), make_schedule("Tier 2", grace), is_default=True
    )

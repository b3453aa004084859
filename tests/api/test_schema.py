"""The schema tells the truth: every address is in it, and whatever it allows is answered as it says, never with a 500.

The requests are made up by schemathesis from the schema itself, against the WSGI application on a real database.
"""

from datetime import timedelta

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from incidents.signals import services as signals
from incidents.signals.models import Source
from oncall import clock
from oncall.people import services as people
from oncall.wsgi import application
from tests.api.addresses import addresses
from tests.conftest import make_person

schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(autouse=True)
def _one_transaction():
    """Keep the test's own connection open across requests, as Django's test client does."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    yield
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


@pytest.fixture
def admin(db):
    return make_person("Root Admin", "+14155550109", is_superuser=True)


@pytest.fixture
def token(admin):
    return people.create_token(person=admin, name="schema", now=clock.now(), life=timedelta(days=1))[1]


@pytest.fixture
def alarm(policy, now):
    firing = alarms.Firing(title="Dome drive stalls", severity=2, source_id=PEOPLE, source="Ada Moreno", key="dome")
    return alarms.fire(firing=firing, policy=policy, now=now)


@pytest.fixture
def secrets(policy, now) -> list[str]:
    """The secret of a source of each kind."""
    return [signals.create_source(name=kind, kind=kind, policy=policy, severity=3, now=now)[1] for kind in Source.Kind]


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_the_schema_allows_is_answered_as_it_says(case, token, alarm, policy, secrets):
    even = len(str(case.path_parameters) + str(case.query) + str(case.body)) % 2 == 0  # half of them about what exists
    if "token" in case.path_parameters:
        case.path_parameters["token"] = secrets[even]
    elif even and case.path.startswith("/api/v1/alarms/{id}"):
        case.path_parameters["id"] = str(alarm.pk)
    elif even and case.path.startswith("/api/v1/schedules/{id}"):
        case.path_parameters["id"] = str(policy.steps.first().schedule_id)

    case.call_and_validate(headers={"Authorization": f"Token {token}"}, checks=CHECKS)


def test_every_address_of_the_api_is_in_the_schema():
    wanted = {one.template for one in addresses() if one.template.startswith("/api/v1/")}
    wanted |= {"/hooks/{token}/", "/beats/{token}/"}

    assert set(schema.raw_schema["paths"]) == wanted


def test_the_generator_has_no_warnings(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))

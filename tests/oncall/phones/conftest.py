"""Ada asks for a phone; Max manages her team, Rosa is an administrator."""

from datetime import timedelta

import pytest

from oncall import clock
from oncall.people.models import Membership, Person, Team
from oncall.phones import services
from oncall.phones.models import Loan
from tests.conftest import NOW, make_person

NUMBER = "+33612345678"


@pytest.fixture(autouse=True)
def _clock_stands_at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def team(ada) -> Team:
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Membership.objects.create(person=ada, team=team)
    return team


@pytest.fixture
def max_(team) -> Person:
    person = make_person("Max Manager", "+14155550104", email="max@example.org")
    person.role_terms.create(role="manager", team=team, starts_at=NOW - timedelta(days=100))
    return person


@pytest.fixture
def rosa(db) -> Person:
    return make_person("Rosa Root", "+14155550105", is_superuser=True)


@pytest.fixture
def asked(ada, max_, now) -> Loan:
    return services.ask(person=ada, why="Mine is private.", special="", now=now)


@pytest.fixture
def approved(asked, max_, now) -> Loan:
    return services.decide(loan=asked, by=max_, approve=True, words="", now=now)


@pytest.fixture
def issued(approved, max_, now) -> Loan:
    return services.issue(loan=approved, by=max_, device="Nokia 105, no. 12", number=NUMBER, now=now).loan

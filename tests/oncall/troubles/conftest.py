"""The auditor asks about a whole site: each test begins with one whose engine and sender have just worked."""

import pytest

from oncall.limits import queries as limits
from oncall.troubles import auditing, guard
from oncall.troubles import services as troubles
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def _young_process(monkeypatch):
    """This process has begun in no epoch yet, and has audited nothing."""
    monkeypatch.setattr(guard, "_epoch", None)
    monkeypatch.setattr(auditing, "pace", auditing.Pace())


@pytest.fixture
def in_force(db):
    return limits.at(NOW)


@pytest.fixture
def works(db):
    """Engine and sender have just finished a cycle."""
    for module in ("engine", "sender"):
        troubles.beat(name=module, now=NOW)

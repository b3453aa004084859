"""These pages are seen in the sample night: the clock starts there and goes on."""

import pytest

from oncall import clock


@pytest.fixture(autouse=True)
def sample_night(request, now, _no_travel):
    """Only where there is a database: the clock is the database's."""
    if {"db", "client"} & set(request.fixturenames):
        request.getfixturevalue("db")
        clock.travel(now - clock.now())

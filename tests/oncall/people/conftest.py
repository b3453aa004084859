"""These pages are seen in the sample night: the clock starts there and goes on."""

import pytest

from oncall import clock


@pytest.fixture(autouse=True)
def sample_night(request, now, _no_travel):
    """Only where there is a database: the clock is the database's."""
    if {"db", "client"} & set(request.fixturenames):
        request.getfixturevalue("db")
        clock.travel(now - clock.now())


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """A slow hash is what guessing deserves; here it would only make the tests slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

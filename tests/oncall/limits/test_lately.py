"""Limits that are asked for many times a second are read once a second."""

from datetime import timedelta

import pytest

from oncall.limits import queries, services
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_within_a_second_they_are_read_once(django_assert_num_queries):
    with django_assert_num_queries(1):
        for milliseconds in (0, 500, 999):
            queries.lately(NOW + timedelta(milliseconds=milliseconds))


def test_a_changed_limit_counts_a_second_later():
    services.set_limit(name="ring_timeout_s", value=20, effective_from=NOW - timedelta(days=1))
    queries.lately(NOW)
    services.set_limit(name="ring_timeout_s", value=30, effective_from=NOW + timedelta(milliseconds=1))

    assert queries.lately(NOW + timedelta(milliseconds=999)).count("ring_timeout_s") == 20
    assert queries.lately(NOW + timedelta(seconds=1)).count("ring_timeout_s") == 30


def test_a_clock_put_back_asks_anew(django_assert_num_queries):
    queries.lately(NOW)
    with django_assert_num_queries(1):
        queries.lately(NOW - timedelta(hours=1))

"""A minute of the chaos run; `make test-long` has longer ones, `make chaos PAGES=3000` any (tests/faults/chaos.py)."""

import pytest

from tests.faults import chaos


@pytest.mark.chaos
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(chaos.Wish(pages=80, minutes=1 / 3, seed=1), id="80"),
        pytest.param(chaos.Wish(pages=250, minutes=1, seed=1), id="250", marks=pytest.mark.long),
        pytest.param(chaos.Wish(pages=3000, minutes=12, seed=2), id="3000", marks=pytest.mark.long),
    ],
)
def test_kills_restarts_and_a_bad_provider_lose_no_page_and_double_none(wish, tmp_path_factory):
    """F3, F13, F24, F25: a kill every 0.4 s, two immediate restarts of the database, one loss of the broker.

    One copy in a thousand would be allowed; of so few pages that is none, but for one that a killed process doubled.
    """
    place = tmp_path_factory.mktemp("chaos")
    for directory in (place, *place.parents[:2]):
        directory.chmod(directory.stat().st_mode | 0o111)  # as root PostgreSQL runs as another account
    with chaos.stage(wish, place) as running:
        report = running.run()
    print(report)
    assert report.problems == []
    assert {*chaos.VICTIMS, "database", "broker"} <= report.kills.keys()
    assert len(report.delivery.extra) <= max(1, report.delivery.pages // 1000), report

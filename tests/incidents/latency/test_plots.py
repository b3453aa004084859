"""Where things stand in the drawings: percent of the width, pixels of a height of 300."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from incidents.latency import plots

BEGIN = datetime(2027, 6, 20, 23, 0, tzinfo=UTC)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@pytest.mark.parametrize(("seconds", "y"), [(10, 272), (0, 272), (-5, 272), (86_400, 20), (10**9, 20)])
def test_heights_stay_inside_the_drawing(seconds, y):
    assert plots.height_of(seconds) == y


def test_equal_ratios_are_equal_steps():
    steps = [plots.height_of(s) for s in (15, 30, 60, 120)]

    assert [round(a - b, 1) for a, b in zip(steps, steps[1:], strict=False)] == pytest.approx(
        [19.3, 19.3, 19.3], abs=0.15
    )


def test_a_night_begins_at_its_first_hour_and_ends_with_its_last_visit():
    found = plots.scatter(
        [
            (BEGIN + timedelta(minutes=30), 10.0, 86_400.0, "delayed"),
            (BEGIN + timedelta(hours=2), None, None, "failed"),
        ],
        outages=[(BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=1, minutes=30), "2 not in time")],
    )

    assert found.dots == [plots.Dot(25.0, 20.0, "delayed"), plots.Dot(100.0, 20.0, "failed")]
    assert found.first == "M25.0 272.0h0"
    assert found.bands == [plots.Band(50.0, 25.0, "2 not in time")]
    assert [(tick.at, tick.words) for tick in found.down] == [(0.0, "23:00"), (50.0, "00:00"), (100.0, "01:00")]
    assert [tick.words for tick in found.across if tick.kind] == ["60 s", "120 s"]


def test_a_night_without_visits_has_nothing_to_draw():
    assert plots.scatter([]) == plots.Scatter()


def test_a_year_is_a_stair_that_ends_where_it_has_come_to():
    points = [(date(2027, 3, 1), Decimal("0.25")), (date(2027, 4, 1), Decimal("0.5"))]

    found = plots.lines([("late_2", "2 %", points)], first=date(2027, 3, 1), end=date(2027, 5, 1), months=MONTHS)

    (line,) = found.lines
    assert line.path == "M0.0 272.0H0.0V209.0H50.82V146.0"
    assert (line.x, line.y) == (50.82, 146.0)
    assert [(tick.at, tick.words) for tick in found.down] == [(0.0, "Mar"), (50.82, "Apr")]
    assert [tick.words for tick in found.across] == ["0 %", "25 %", "50 %", "75 %", "100 %"]


def test_a_limit_that_is_overdrawn_is_drawn_whole():
    points = [(date(2027, 3, 1), Decimal(4))]

    found = plots.lines([("failed_01", "x", points)], first=date(2027, 3, 1), end=date(2027, 5, 1), months=MONTHS)

    assert found.lines[0].y > 20
    assert [tick.words for tick in found.across] == ["0 %", "100 %", "200 %", "300 %", "400 %"]


def test_a_deployment_stands_where_it_was_made_and_one_outside_of_the_drawing_nowhere():
    visits = [
        (BEGIN + timedelta(minutes=30), 10.0, 50.0, "in_time"),
        (BEGIN + timedelta(hours=2), 10.0, 50.0, "in_time"),
    ]
    deployed = [(BEGIN + timedelta(minutes=m), f"pp w{m}") for m in (-1, 30, 121)]

    found = plots.scatter(visits, deployed=deployed)

    assert found.marks == [plots.Tick(25.0, "pp w30", "deployed")]

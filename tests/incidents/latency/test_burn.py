"""How fast a budget burns, over two windows at once; worked out by hand against 2 % of 300,000 visits."""

from decimal import Decimal

import pytest

from incidents.latency.burn import Rule, Window, burns, is_over, rate

LATE = {"limit": Decimal("0.02"), "planned": Decimal(300_000)}
FAST = Rule(share=Decimal("0.01"), rate=Decimal(10))  # 60 visits in an hour, and still one in five


@pytest.mark.parametrize(
    ("window", "limit", "times"),
    [
        (Window(97, 97), "0.02", 50),
        (Window(97, 97), "0.01", 100),
        (Window(97, 97), "0.001", 1000),
        (Window(100, 2), "0.02", 1),
        (Window(100, 0), "0.02", 0),
        (Window(0, 0), "0.02", 0),
    ],
)
def test_a_rate_of_one_is_the_pace_that_the_year_bears(window, limit, times):
    assert rate(window, Decimal(limit)) == times


@pytest.mark.parametrize(
    ("long", "short", "burning"),
    [
        (Window(97, 60), Window(8, 8), True),
        (Window(97, 59), Window(8, 8), False),  # not yet 1 % of the year
        (Window(97, 97), Window(8, 0), False),  # it has stopped
        (Window(97, 97), Window(10, 2), True),  # one in five
        (Window(97, 97), Window(11, 2), False),
        (Window(97, 97), Window(0, 0), False),  # nothing is taken
        (Window(5, 5), Window(5, 5), False),  # the first five of the night
    ],
)
def test_it_burns_when_much_is_gone_and_more_goes(long, short, burning):
    assert burns(long, short, rule=FAST, **LATE) is burning


@pytest.mark.parametrize(
    ("long", "short", "over"),
    [
        (Window(97, 97), Window(8, 8), False),
        (Window(97, 97), Window(8, 0), True),
        (Window(97, 97), Window(0, 0), False),  # nothing taken proves nothing
        (Window(97, 59), Window(0, 0), True),
        (Window(97, 59), Window(8, 8), True),
        (Window(0, 0), Window(0, 0), True),
    ],
)
def test_it_is_over_when_little_is_gone_lately_or_visits_are_well(long, short, over):
    assert is_over(long, short, rule=FAST, **LATE) is over


@pytest.mark.parametrize("rule", [Rule(Decimal(0), Decimal(0)), FAST])
def test_without_a_lost_visit_nothing_burns_whatever_the_numbers(rule):
    assert not burns(Window(97, 0), Window(8, 0), rule=rule, **LATE)

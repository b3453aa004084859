"""The rules and their numbers as they are seeded, for tests of arithmetic; test_rule_rows.py holds them to the rows."""

from datetime import timedelta
from decimal import Decimal

from incidents.latency.facts import FLOOD, LATE, LINK, NEXT_VISIT, NONE, WITHHELD, Numbers, Span, Terms
from rotations.night import sun

NUMBERS = Numbers()
QUARTER = timedelta(minutes=15)
TERMS = [
    Terms(FLOOD, 20, timedelta(minutes=30), 3, alerts=40_000, factor=Decimal(3), stage="ap_pipe"),
    Terms(LATE, 3, timedelta(minutes=30), 2, share=Decimal("0.98"), stage="sent"),
    Terms(NONE, 3, timedelta(minutes=5), 2, worse=1, worse_after=QUARTER),
    Terms(WITHHELD, 3, timedelta(minutes=5), 2),
    Terms(LINK, 1, timedelta(minutes=3), 2, worse=1, worse_after=QUARTER, stage="link"),
    Terms(NEXT_VISIT, 3, timedelta(minutes=3), 2, stage="none"),
]


class Pachon:
    latitude, longitude = -30.2446, -70.7494


def night_of(now) -> tuple[Span | None, Span | None]:
    found = sun.night_at(sun.day_obs(now), Pachon())
    assert found.sunset
    assert found.sunrise
    return (found.sunset, found.sunrise), found.observing

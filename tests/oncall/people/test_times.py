"""Instants on screens: each names its zone, and where it stands alone its day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from oncall.people.templatetags import times, zones

AT = datetime(2026, 11, 17, 7, 5, 9, tzinfo=UTC)  # Mon 16 Nov 23:05 in California, winter; Tue 04:05 in Chile, summer


def words(said) -> str:
    return str(said).partition(">")[2].removesuffix("</time>")


@pytest.mark.parametrize(
    ("zone", "instant", "to_the_second"),
    [
        ("America/Los_Angeles", "Mon 16 Nov 23:05 PST · Tue 07:05 UTC", "Mon 16 Nov 23:05:09 PST · Tue 07:05:09 UTC"),
        ("America/Santiago", "Tue 17 Nov 04:05 UTC−3 · 07:05 UTC", "Tue 17 Nov 04:05:09 UTC−3 · 07:05:09 UTC"),
        ("Asia/Kathmandu", "Tue 17 Nov 12:50 UTC+5:45 · 07:05 UTC", "Tue 17 Nov 12:50:09 UTC+5:45 · 07:05:09 UTC"),
        ("UTC", "Tue 17 Nov 07:05 UTC", "Tue 17 Nov 07:05:09 UTC"),
    ],
)
def test_an_instant_names_its_day_and_its_zone(zone, instant, to_the_second):
    with timezone.override(ZoneInfo(zone)):
        assert (words(times.instant(AT)), words(times.to_the_second(AT))) == (instant, to_the_second)


def test_beside_another_of_its_day_an_instant_leaves_the_day_out():
    with timezone.override(ZoneInfo("America/Los_Angeles")):
        assert words(times.beside(AT, AT.replace(minute=0))) == "23:05 PST · Tue 07:05 UTC"
        assert words(times.beside(AT, AT.replace(hour=8))) == "Mon 16 Nov 23:05 PST · Tue 07:05 UTC"


def test_what_may_be_years_away_names_its_zone_too():
    with timezone.override(ZoneInfo("America/Santiago")):
        assert words(zones.dated(AT)) == "17 Nov 2026 04:05 UTC−3"

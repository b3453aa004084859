"""Ladders in words."""

import pytest

from oncall.paging.ladder import Rung
from oncall.paging.wording import after, in_words


def rung(seconds: float, channel: str, contact: str = "mobile") -> Rung:
    return Rung(after=seconds, channel=channel, contact=contact, address="+14155550101")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "at once"),
        (60, "after 1 minute"),
        (180.0, "after 3 minutes"),
        (90, "after 90 s"),
        (3600, "after 60 minutes"),
    ],
)
def test_a_delay_is_said_in_minutes_where_it_is_whole_minutes(seconds, expected):
    assert after(seconds) == expected


def test_the_same_way_a_second_time_is_again():
    ladder = [rung(0, "sms"), rung(60, "voice"), rung(180, "voice")]
    assert in_words(ladder, names={}) == "SMS at once, call after 1 minute, call again after 3 minutes"


def test_two_numbers_are_told_apart_by_name():
    ladder = [rung(0, "sms"), rung(60, "voice", "home"), rung(60, "email", "box")]
    names = {"mobile": "Mobile", "home": "+56 •••• 5678", "box": "a•••@example.org"}
    assert in_words(ladder, names=names) == (
        "SMS to Mobile at once, call +56 •••• 5678 after 1 minute, e-mail after 1 minute"
    )


def test_no_rung_is_no_words():
    assert in_words([], names={}) == ""

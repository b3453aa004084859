"""Ladders in words."""

from datetime import UTC, datetime

import pytest

from oncall.paging.ladder import Rung
from oncall.paging.rules import Turn
from oncall.paging.wording import after, in_words, overtaken, then_policy, waits_until


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


def test_mail_slack_and_push_are_told_apart_from_numbers():
    ladder = [rung(0, "slack", "s"), rung(0, "push", "p"), rung(0, "sms"), rung(60, "voice")]
    assert in_words(ladder, names={}) == "Slack at once, push at once, SMS at once, call after 1 minute"


def test_the_step_that_waits_the_shortest_says_who_comes_after():
    turns = [Turn("Day", 1, 900, "/"), Turn("Night", 2, 300, "/"), Turn("Both at once", 1, 0, "/")]
    assert then_policy(turns) == "then, 5 minutes after the page began, the policy Night calls the next person"
    assert then_policy([Turn("Both at once", 1, 0, "/")]) == ""


def test_a_rule_overtaken_by_several_steps_names_the_soonest():
    turns = [Turn("Day", 1, 900, "/"), Turn("Night", 2, 300, "/")]
    assert overtaken(1200, turns) == (
        "What comes after 20 minutes may never come: step 2 of the policy Night (and 1 more) calls the next person "
        "after 5 minutes, and when they answer, this page ends. Move it earlier."
    )


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Paris", "wait until 07:00 in Paris."),
        ("America/Argentina/Buenos_Aires", "wait until 03:00 in Buenos Aires."),
        ("UTC", "wait until 06:00 UTC."),
    ],
)
def test_why_a_page_is_quiet_is_said_on_its_persons_clock(zone, words):
    assert waits_until(datetime(2027, 1, 16, 6, tzinfo=UTC), zone=zone).endswith(words)

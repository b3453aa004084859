"""How often one number may be sent something: pure arithmetic on instants."""

from datetime import timedelta

import pytest

from oncall.paging.ladder import Rung
from oncall.paging.lanes import Room
from oncall.paging.throttle import Hold, Window, held, in_words, put_off, set_back, windows
from tests.conftest import NOW

S = timedelta(seconds=1)
LIMITS = {
    "throttle_pause_s": 60,
    "throttle_low_sms_15min": 5,
    "throttle_low_sms_hour": 11,
    "throttle_low_sms_3h": 21,
    "throttle_low_voice_15min": 3,
    "throttle_low_voice_hour": 7,
    "throttle_low_voice_3h": 15,
    "throttle_notice_15min": 5,
    "throttle_notice_hour": 11,
    "throttle_notice_3h": 21,
    "throttle_status_3min": 1,
    "throttle_status_20min": 3,
    "throttle_status_2h": 8,
}


def bounds(lane, channel="sms", first=False):
    found = windows(lane=lane, channel=channel, first=first, number=lambda name: LIMITS[name])
    return [(window.most, int(window.span.total_seconds())) for window in found]


def until(*ago, most=1, span=60):
    hold = held(sent=[NOW - seconds * S for seconds in ago], windows=[Window(most, span * S)], channel="sms", now=NOW)
    return None if hold is None else (hold.until - NOW).total_seconds()


def test_the_first_attempt_of_an_urgent_page_has_no_bound():
    assert bounds("high", "sms", first=True) == bounds("high", "voice", first=True) == []


def test_its_repeats_are_bounded_by_the_pause_alone():
    assert bounds("high", "voice") == [(1, 60)]


@pytest.mark.parametrize(
    ("lane", "channel", "expected"),
    [
        ("low", "sms", [(1, 60), (5, 900), (11, 3600), (21, 10800)]),
        ("low", "voice", [(1, 60), (3, 900), (7, 3600), (15, 10800)]),
        ("notice", "sms", [(1, 60), (5, 900), (11, 3600), (21, 10800)]),
        ("status", "sms", [(1, 180), (3, 1200), (8, 7200)]),
        ("reply", "sms", []),
        ("low", "email", []),
        ("notice", "push", []),
    ],
)
def test_each_class_and_way_has_bounds_of_its_own(lane, channel, expected):
    assert bounds(lane, channel) == expected


def test_the_first_attempt_of_a_page_of_low_urgency_is_bounded_too():
    assert bounds("low", "sms", first=True) == bounds("low", "sms")


def test_a_bound_of_0_is_none():
    found = windows(lane="low", channel="sms", first=False, number=lambda name: 0)

    assert found == []


def test_it_waits_until_the_oldest_that_counts_leaves_the_window():
    assert until(50, 200) == 10
    assert until(100, 400, 800, most=3, span=900) == 100


def test_it_goes_when_exactly_the_span_has_passed():
    assert until(60) is None
    assert until(59) == 1


def test_it_goes_while_fewer_went_than_may():
    assert until(10, 20, most=3, span=900) is None


def test_the_longest_wait_of_all_bounds_holds_and_says_why():
    sent = [NOW - 30 * S, NOW - 200 * S]
    hold = held(sent=sent, windows=[Window(1, 60 * S), Window(2, 900 * S)], channel="voice", now=NOW)

    assert hold == Hold(NOW + 700 * S, "2 calls in 15 minutes to this number")


@pytest.mark.parametrize(
    ("window", "channel", "words"),
    [
        (Window(1, 60 * S), "sms", "one text a minute"),
        (Window(1, 60 * S), "voice", "one call a minute"),
        (Window(11, 3600 * S), "sms", "11 texts an hour"),
        (Window(5, 900 * S), "sms", "5 texts in 15 minutes"),
        (Window(1, 90 * S), "voice", "one call in 90 seconds"),
    ],
)
def test_a_bound_is_said_in_words(window, channel, words):
    assert in_words(window, channel) == words


def ladder(*rungs):
    return [Rung(after, channel, "c", "a") for after, channel in rungs]


def short(rungs):
    return [(rung.after, rung.channel) for rung in rungs]


def test_a_rung_set_back_comes_after_those_that_come_before_its_new_time_and_nothing_is_lost():
    before = ladder((0, "sms"), (60, "voice"), (180, "voice"))

    assert short(set_back(ladder=before, index=0, after=100)) == [(60, "voice"), (100, "sms"), (180, "voice")]


def test_a_rung_set_back_by_little_keeps_its_place():
    before = ladder((0, "sms"), (60, "voice"))

    assert short(set_back(ladder=before, index=0, after=59)) == [(59, "sms"), (60, "voice")]


def test_rungs_put_off_keep_their_distances():
    before = ladder((0, "sms"), (60, "voice"), (180, "voice"))

    assert short(put_off(ladder=before, index=1, seconds=3600)) == [(0, "sms"), (3660, "voice"), (3780, "voice")]


def test_what_was_tried_already_stays_where_it_was():
    before = ladder((0, "sms"), (60, "sms"), (90, "voice"))

    assert short(set_back(ladder=before, index=1, after=400)) == [(0, "sms"), (90, "voice"), (400, "sms")]


# --- Threads ----------------------------------------------------------------------------------------------------------


def test_a_company_that_hangs_never_has_the_last_thread():
    room = Room(threads=4, flying=[("sms", "high"), ("voice", "high"), ("sms", "low")])

    assert room.left("sms", "high") == room.left("voice", "high") == 0
    assert room.left("email", "high") == 1


def test_what_is_not_urgent_leaves_a_thread_of_the_company_for_what_is():
    room = Room(threads=4, flying=[("sms", "low"), ("sms", "notice")])

    assert room.left("sms", "low") == room.left("voice", "notice") == 0
    assert room.left("voice", "high") == 1


def test_what_is_not_urgent_never_has_the_last_free_thread():
    room = Room(threads=4, flying=[("sms", "high"), ("email", "low"), ("email", "low")])

    assert room.free == 1
    assert room.left("push", "low") == 0
    assert room.left("push", "high") == 1


def test_urgent_pages_have_all_threads_but_one_of_the_company():
    assert Room(threads=4).left("sms", "high") == 3
    assert Room(threads=4).left("sms", "low") == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_even_very_few_threads_send_everything(threads):
    assert Room(threads=threads).left("sms", "high") == 1
    assert Room(threads=threads).left("sms", "notice") == 1

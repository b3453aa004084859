"""One person's rungs: in order, spaced as they asked, never early, never a burst."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oncall.paging.ladder import Dial, GiveUp, Rung, add_telling, climb, redial

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
WAIT = timedelta(minutes=5)


def sms(after: float) -> Rung:
    return Rung(after, "sms", "c", "+14155550101")


def call(after: float) -> Rung:
    return Rung(after, "voice", "c", "+14155550101")


USUAL = [sms(0), call(60), call(180)]


def test_a_text_at_once_and_the_call_a_minute_later():
    step = climb(ladder=USUAL, next_rung=0, now=NOW, wait_after_last=WAIT)

    assert step == Dial(0, USUAL[0], NOW + timedelta(seconds=60))


def test_the_second_call_comes_two_minutes_after_the_first():
    step = climb(ladder=USUAL, next_rung=1, now=NOW, wait_after_last=WAIT)

    assert step == Dial(1, USUAL[1], NOW + timedelta(seconds=120))


def test_after_the_last_rung_it_waits_for_an_answer_and_then_gives_up():
    assert climb(ladder=USUAL, next_rung=2, now=NOW, wait_after_last=WAIT) == Dial(2, USUAL[2], NOW + WAIT)
    assert climb(ladder=USUAL, next_rung=3, now=NOW, wait_after_last=WAIT) == GiveUp()


def test_busy_rings_again_once():
    again = redial(ladder=USUAL, index=1, next_rung=2, pause=timedelta(seconds=30))

    assert again is not None
    assert [rung.after for rung in again] == [0, 60, 90, 180]
    assert redial(ladder=again, index=2, next_rung=3, pause=timedelta(seconds=30)) is None


def test_what_joins_is_told_by_one_more_text_where_no_rung_comes_in_time():
    assert add_telling(ladder=[sms(0), call(180)], next_rung=1, after=60) == [sms(0), sms(60), call(180)]
    assert add_telling(ladder=USUAL, next_rung=1, after=60) is None


def test_who_is_only_ever_called_is_called_again_for_what_joins():
    assert add_telling(ladder=[call(0)], next_rung=1, after=60) == [call(0), call(60)]


ladders = st.lists(st.floats(0, 3600), min_size=1, max_size=8).map(lambda waits: [sms(wait) for wait in sorted(waits)])


@given(ladders, st.lists(st.floats(0, 600), min_size=9, max_size=9))
def test_however_late_we_are_the_spacing_is_kept_and_each_rung_comes_once(ladder, delays):
    due, index, dialled = NOW, 0, []
    for late in delays[: len(ladder)]:
        now = due + timedelta(seconds=late)
        step = climb(ladder=ladder, next_rung=index, now=now, wait_after_last=WAIT)
        assert isinstance(step, Dial)
        dialled.append((now, step.rung))
        index, due = step.index + 1, step.next_due
    assert [rung for _, rung in dialled] == ladder
    for (before, one), (after, other) in zip(dialled, dialled[1:], strict=False):
        assert (after - before).total_seconds() >= other.after - one.after - 1e-3
    assert climb(ladder=ladder, next_rung=index, now=due, wait_after_last=WAIT) == GiveUp()

"""One person's rungs: in order, spaced as they asked, never early, never a burst."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oncall.paging.ladder import (
    Course,
    Dial,
    GiveUp,
    Rung,
    add_telling,
    climb,
    hasten,
    insert,
    next_look,
    rung_from_json,
    valid_for,
)

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


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_rung_that_is_put_in_comes_at_its_time_and_the_others_keep_theirs():
    course = insert(
        ladder=USUAL, next_rung=2, next_due=NOW + seconds(180), begun=NOW, rung=call(60), at=NOW + seconds(90)
    )

    assert course == Course([sms(0), call(60), call(90), call(180)], NOW + seconds(90))
    step = climb(ladder=course.ladder, next_rung=2, now=NOW + seconds(90), wait_after_last=WAIT)
    assert step == Dial(2, call(90), NOW + seconds(180))


def test_a_rung_that_is_put_in_late_waits_behind_those_that_come_before_it():
    course = insert(ladder=USUAL, next_rung=1, next_due=NOW + seconds(60), begun=NOW, rung=sms(0), at=NOW + seconds(70))

    assert course == Course([sms(0), call(60), sms(70), call(180)], NOW + seconds(60))


def test_a_rung_that_is_put_in_while_we_are_late_is_counted_from_when_the_next_is_due():
    course = insert(
        ladder=USUAL, next_rung=1, next_due=NOW + seconds(600), begun=NOW, rung=sms(0), at=NOW + seconds(570)
    )

    assert course == Course([sms(0), sms(30), call(60), call(180)], NOW + seconds(570))


def test_a_rung_that_is_put_in_at_the_end_replaces_the_waiting():
    course = insert(
        ladder=USUAL, next_rung=3, next_due=NOW + seconds(480), begun=NOW, rung=call(180), at=NOW + seconds(325)
    )

    assert course == Course([*USUAL, call(325)], NOW + seconds(325))


def hastened(ladder: list[Rung], works=lambda rung: True, next_rung: int = 1) -> Course | None:
    return hasten(
        ladder=ladder, next_rung=next_rung, next_due=NOW + seconds(60), begun=NOW, now=NOW + seconds(5), works=works
    )


def test_the_next_way_comes_at_once_where_one_is_closed():
    assert hastened(USUAL) == Course(USUAL, NOW + seconds(5))


def test_a_way_through_a_provider_that_is_away_keeps_its_time_and_the_next_other_one_comes_at_once():
    """With every provider open, the ladder moves on to other channels at once."""
    mail = Rung(300, "email", "m", "ada@example.org")
    course = hastened([*USUAL, mail], works=lambda rung: rung.channel == "email")

    assert course == Course([sms(0), Rung(5, "email", "m", "ada@example.org"), call(60), call(180)], NOW + seconds(5))


def test_where_every_way_is_away_nothing_is_burnt():
    assert hastened(USUAL, works=lambda rung: False) is None


def test_a_call_held_by_quiet_hours_is_not_brought_forward():
    held = Rung(3600, "voice", "c", "+14155550101", held=True)

    assert hastened([sms(0), held]) is None


def test_a_text_is_valid_until_the_next_way_comes_but_never_longer_than_the_limit():
    most = seconds(300)

    assert valid_for(ladder=USUAL, index=0, most=most) == seconds(60)
    assert valid_for(ladder=[sms(0), call(900)], index=0, most=most) == seconds(300)
    assert valid_for(ladder=[sms(0)], index=0, most=most) == seconds(300)


def test_a_text_is_never_valid_for_less_than_six_seconds():
    assert valid_for(ladder=[sms(0), call(2)], index=0, most=seconds(300)) == seconds(6)


def test_a_mail_at_the_same_moment_does_not_end_a_text():
    mail = Rung(0, "email", "m", "ada@example.org")

    assert valid_for(ladder=[sms(0), mail, call(60)], index=0, most=seconds(300)) == seconds(60)


MARKS = [seconds(60), seconds(120), seconds(300)]


def test_a_silent_attempt_is_asked_about_after_60_120_and_300_seconds_and_has_then_expired():
    def after(age: float) -> timedelta | None:
        return next_look(age=seconds(age), marks=MARKS, failed=False, give_up=seconds(600))

    assert [after(age) for age in (0, 60, 120, 300)] == [seconds(60), seconds(60), seconds(180), None]


def test_where_nobody_can_be_asked_it_expires_after_ten_minutes():
    def after(age: float) -> timedelta | None:
        return next_look(age=seconds(age), marks=MARKS, failed=True, give_up=seconds(600))

    assert [after(age) for age in (300, 599, 600)] == [seconds(60), seconds(60), None]


def test_a_rung_comes_back_from_its_row_as_it_was_and_one_of_an_older_row_too():
    rung = Rung(60, "voice", "c", "+14155550101", redial=True, avoid=("twilio",), waited=3.5, callbacks=False, again=1)

    assert rung_from_json(rung.as_json()) == rung
    assert rung_from_json({"after": 0, "channel": "sms", "contact": "c", "address": "+1"}) == Rung(0, "sms", "c", "+1")


def test_what_joins_is_told_by_one_more_text_where_no_rung_comes_in_time():
    minute = NOW + timedelta(seconds=60)

    def more(ladder: list[Rung], *, due_s: float) -> Course | None:
        return add_telling(ladder=ladder, next_rung=1, next_due=NOW + timedelta(seconds=due_s), begun=NOW, at=minute)

    assert more([sms(0), call(180)], due_s=180) == Course([sms(0), sms(60), call(180)], minute)
    assert more(USUAL, due_s=60) is None


def test_who_is_only_ever_called_is_called_again_for_what_joins():
    minute = NOW + timedelta(seconds=60)
    course = add_telling(ladder=[call(0)], next_rung=1, next_due=NOW + WAIT, begun=NOW, at=minute)
    assert course == Course([call(0), call(60)], minute)


def test_what_joins_hours_later_is_told_then_and_what_waits_keeps_its_time():
    three_hours, morning = NOW + timedelta(hours=3), NOW + timedelta(hours=4)
    mail = replace(sms(0), channel="email")
    course = add_telling(
        ladder=[mail, sms(14400)], next_rung=1, next_due=morning, begun=NOW, at=three_hours, never_by={"sms"}
    )
    assert course == Course([mail, replace(mail, after=10800), sms(14400)], three_hours)


def test_nothing_is_told_by_a_way_that_must_not_be_used():
    morning = NOW + timedelta(hours=4)
    course = add_telling(
        ladder=[sms(0), call(14400)], next_rung=1, next_due=morning, begun=NOW, at=NOW + WAIT, never_by={"sms", "voice"}
    )
    assert course is None


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

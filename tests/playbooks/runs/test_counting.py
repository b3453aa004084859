"""What steps achieved, and what is tried first."""

from datetime import UTC, datetime, timedelta

import pytest

from playbooks.runs.counting import StepCount, Taken, by_promise, count, head_of, minutes_between, promise

AT = datetime(2027, 3, 3, 10, tzinfo=UTC)


def test_a_step_counts_by_its_title_and_not_where_it_was_skipped():
    counts = count(
        [
            Taken("Restart it", "solved", 2, solved=True),
            Taken("restart  it", "done", 9, solved=False),
            Taken("Restart it", "no_help", None, solved=False),
            Taken("Restart it", "skipped", 1, solved=False),
            Taken("Look", "yes", None, solved=False),
        ]
    )

    assert counts == {
        "restart it": StepCount(taken=3, solved=1, no_help=1, minutes=5.5),
        "look": StepCount(taken=1, solved=0, no_help=0, minutes=None),
    }


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(-5, 0), (29, 0), (30, 1), (89, 1), (90, 2), (86400, 1440), (900_000, 1440)]
)
def test_half_a_minute_counts_up(seconds, minutes):
    assert minutes_between(AT, AT + timedelta(seconds=seconds)) == minutes


def test_one_lucky_run_does_not_stand_above_eight_of_ten():
    assert promise(solved=8, runs=10) == 0.75
    assert list(by_promise([("untried", 0, 0), ("lucky", 1, 1), ("proven", 8, 10), ("useless", 0, 5)])) == [
        "proven", "lucky", "untried", "useless",
    ]  # fmt: skip


def test_what_solved_it_now_and_then_stands_above_what_nobody_tried():
    assert list(by_promise([("untried", 0, 0), ("a third", 1, 3), ("less than half", 4, 10)])) == [
        "less than half", "a third", "untried",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "head"), [("nextvisit.none: end of readout", "nextvisit.none"), ("  Disk   full ", "disk full"), ("", "")]
)
def test_alarms_of_one_kind_begin_alike(title, head):
    assert head_of(title) == head

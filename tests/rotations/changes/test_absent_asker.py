"""Whoever cannot be there asks for cover until their span ends, also once it has begun. domain.md 5.8."""

from datetime import timedelta

import pytest

from rotations.changes import refusals, services, swaps
from rotations.changes.models import Override, Swap
from rotations.coverage import swap_queries
from tests.rotations.changes.conftest import EVENING, NIGHT, accept, on
from tests.rotations.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def sick(schedule, ada):
    """Ada, whose week it is, is absent until the end of the evening."""
    return services.add_absence(person=ada, kind="sick", starts_at=NOW, ends_at=NIGHT, by=ada, now=NOW)


def test_a_span_that_has_begun_is_asked_for_from_now_on(ask, sick):
    swap = ask(starts_at=NOW - 3 * HOUR)
    assert (swap.starts_at, swap.ends_at, swap.asker_absent) == (NOW, NIGHT, True)


def test_whoever_is_there_in_some_of_it_may_not(ask, sick):
    with pytest.raises(refusals.InThePast, match="That span has begun"):
        ask(starts_at=NOW - HOUR, ends_at=NIGHT + HOUR)


def test_a_span_that_is_over_is_not_asked_for(ask, sick):
    with pytest.raises(refusals.InThePast, match="That span has begun"):
        ask(starts_at=NOW - 3 * HOUR, ends_at=NOW)


def test_it_is_accepted_after_it_began_and_taken_from_then_on(ask, schedule, sick, grace):
    swap = ask()
    later = EVENING + HOUR
    accept(swap, grace, now=later)
    assert (on(schedule, later - HOUR), on(schedule, later)) == ([], ["grace"])
    assert (Override.objects.get().starts_at, Override.objects.get().ends_at) == (later, NIGHT)


def test_who_was_absent_in_what_is_over_may_take_what_is_left(ask, sick, grace):
    swap = ask()
    services.add_absence(person=grace, kind="leave", starts_at=NOW, ends_at=EVENING + HOUR, by=grace, now=NOW)
    with pytest.raises(refusals.CannotCover, match="Grace Hopper is absent"):
        accept(swap, grace, now=EVENING)
    assert accept(swap, grace, now=EVENING + HOUR).accepted_by == grace


def test_once_it_is_over_nobody_accepts_it_and_it_ends(ask, sick, grace):
    swap = ask()
    with pytest.raises(refusals.Answered, match="The span is over, and who was on call in it cannot be changed"):
        accept(swap, grace, now=NIGHT)
    assert swaps.expire_due(now=NIGHT - HOUR) == 0
    assert swaps.expire_due(now=NIGHT) == 1
    assert Swap.objects.get().state == "expired"


def test_one_of_whoever_is_there_ends_when_it_begins(ask, grace):
    swap = ask()
    assert swap.asker_absent is False
    with pytest.raises(refusals.Answered, match="The span has begun and stays with Ada Moreno"):
        accept(swap, grace, now=EVENING)
    assert swaps.expire_due(now=EVENING) == 1


def test_boards_show_it_until_it_ends(ask, sick, grace):
    ask()
    shown = [len(swap_queries.board(reader=grace, now=at).to_answer) for at in (EVENING, NIGHT - HOUR, NIGHT)]
    assert shown == [1, 1, 0]


def test_the_asker_is_not_told_that_it_is_theirs(ask, sick, ada, mail):
    ask()
    mail()
    swaps.expire_due(now=NIGHT)
    assert mail()["ada"] == "Nobody took Triage Wed 24 Mar 13:00 to 16:00 (your time)."

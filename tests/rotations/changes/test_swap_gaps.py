"""No swap, undone or accepted, leaves fewer on call than there were, or relieves somebody who was not asked."""

from datetime import date, time, timedelta

import pytest

from rotations.changes import refusals, services, swaps
from rotations.coverage import swap_services
from rotations.schedule import services as schedules
from rotations.schedule.services import Turns
from tests.rotations.changes.conftest import EVENING, GRACES, NIGHT, accept, on
from tests.rotations.conftest import BEFORE, NOW

HOUR = timedelta(hours=1)
EXCHANGE = (GRACES, GRACES + 3 * HOUR)


def absent(person, start=EVENING, end=NIGHT):
    return services.add_absence(person=person, kind="sick", starts_at=start, ends_at=end, by=person, now=NOW)


def cover(schedule, person, replaces, by, starts_at=EVENING, ends_at=NIGHT, now=NOW):
    about = {"role": "primary", "starts_at": starts_at, "ends_at": ends_at, "reason": "", "by": by, "now": now}
    return swap_services.override(schedule=schedule, person=person, replaces=replaces, **about)


# Of somebody absent


def test_what_an_absent_asker_would_have_had_is_taken_and_somebody_is_on_call(ask, schedule, ada, grace):
    swap = ask()
    absent(ada)
    accept(swap, grace)
    assert on(schedule, EVENING) == ["grace"]


def test_the_pilot_asks_for_a_colleague_who_is_sick(ask, schedule, ada, grace, pilot):
    absent(ada)
    accept(ask(by=pilot), grace)
    assert on(schedule, EVENING) == ["grace"]


def test_what_an_absent_colleague_has_in_return_is_taken(ask, schedule, ada, grace):
    absent(grace, *EXCHANGE)
    accept(ask(to=[grace], in_return=EXCHANGE), grace)
    assert (on(schedule, EVENING), on(schedule, GRACES)) == (["grace"], ["ada"])


# Undoing


def test_it_is_not_undone_while_the_asker_is_absent(ask, schedule, ada, grace):
    swap = accept(ask(), grace)
    absent(ada)
    with pytest.raises(refusals.CannotCover) as refused:
        swaps.undo(swap=swap, by=grace, now=NOW)
    assert str(refused.value) == (
        "Ada Moreno is absent Wed 24 Mar 20:00 to 23:00 UTC, so nobody would be on call. Ask the pilot or a manager."
    )
    assert on(schedule, EVENING) == ["grace"]


def test_it_is_not_undone_when_the_asker_has_left(ask, schedule, ada, grace):
    swap = accept(ask(), grace)
    ada.is_active = False
    ada.save()
    with pytest.raises(refusals.CannotCover, match="Ada Moreno has left and cannot be on call, so nobody would be"):
        swaps.undo(swap=swap, by=grace, now=NOW)


def test_those_who_may_arrange_undo_it_also_while_the_asker_is_absent(ask, schedule, ada, grace, pilot):
    swap = accept(ask(), grace)
    absent(ada)
    assert swaps.undo(swap=swap, by=pilot, now=NOW).state == "undone"


@pytest.mark.parametrize("who", ["ada", "grace", "petra"])
def test_what_was_passed_on_in_a_swap_is_not_undone_under_whoever_has_it(ask, schedule, ada, grace, lise, pilot, who):
    first = accept(ask(), grace)
    accept(ask(asker=grace, to=[lise]), lise)
    by = {"ada": ada, "grace": grace, "petra": pilot}[who]
    with pytest.raises(refusals.Answered) as refused:
        swaps.undo(swap=first, by=by, now=NOW)
    assert str(refused.value) == (
        "Grace Hopper passed it on: Lise Girard has it Wed 24 Mar 20:00 to 23:00 UTC. "
        "Undo that swap first, or ask Lise Girard to."
    )
    assert on(schedule, EVENING) == ["lise"]


def test_what_was_passed_on_is_undone_one_after_the_other(ask, schedule, ada, grace, lise):
    first, second = accept(ask(), grace), accept(ask(asker=grace, to=[lise]), lise)
    swaps.undo(swap=second, by=grace, now=NOW)
    swaps.undo(swap=first, by=ada, now=NOW)
    assert on(schedule, EVENING) == ["ada"]


def test_an_override_is_not_cancelled_under_whoever_took_it_over(ask, schedule, ada, grace, lise, pilot):
    made = cover(schedule, grace, ada, pilot)
    accept(ask(asker=grace, to=[lise]), lise)
    with pytest.raises(refusals.Answered, match="Undo that swap first, or ask Lise Girard to"):
        services.cancel(override=made, by=grace, now=NOW)
    assert on(schedule, EVENING) == ["lise"]


def test_an_override_is_cancelled_when_what_was_passed_on_of_it_is_over(ask, schedule, ada, grace, lise, pilot):
    made = cover(schedule, grace, ada, pilot, ends_at=NIGHT + HOUR)
    accept(ask(asker=grace, to=[lise]), lise)
    services.cancel(override=made, by=grace, now=NIGHT)
    assert on(schedule, NIGHT) == ["ada"]


# An exchange of which one half has been served


def test_who_owes_the_other_half_does_not_undo_it_alone(ask, schedule, ada, grace):
    swap = accept(ask(to=[grace], in_return=EXCHANGE), grace)
    with pytest.raises(refusals.NotAllowed) as refused:
        swaps.undo(swap=swap, by=ada, now=NIGHT)
    assert str(refused.value) == (
        "Grace Hopper has served in this exchange, and your half is still to come. "
        "Ask Grace, the pilot or a manager to undo it."
    )
    assert on(schedule, GRACES) == ["ada"]


@pytest.mark.parametrize("who", ["grace", "petra"])
def test_who_has_served_and_the_pilot_undo_the_half_that_is_left(ask, schedule, mail, ada, grace, pilot, who):
    swap = accept(ask(to=[grace], in_return=EXCHANGE), grace)
    mail()
    by = {"grace": grace, "petra": pilot}[who]
    swaps.undo(swap=swap, by=by, now=NIGHT)
    assert on(schedule, GRACES) == ["grace"]
    when = "Tue 30 Mar 13:00 to 16:00 (your time)"
    assert mail()["ada"] == f"{by.name} undid the swap: Triage {when} is Grace Hopper's again."


def test_either_undoes_an_exchange_that_has_not_begun_and_both_spans_are_named(ask, mail, ada, grace):
    swap = accept(ask(to=[grace], in_return=EXCHANGE), grace)
    mail()
    swaps.undo(swap=swap, by=ada, now=NOW)
    assert mail() == {
        "grace": "Ada Moreno undid the swap: Triage Wed 24 Mar 13:00 to 16:00 (your time) is Ada Moreno's again, "
        "and Tue 30 Mar 13:00 to 16:00 (your time) is yours again."
    }


# Two on call together


@pytest.fixture
def pair(ada, grace, lise):
    """Two at a time, weekly from Monday 1 March 00:00 UTC: on 24 March Ada and Grace, a week later Grace and Lise."""
    made = schedules.create_schedule(name="Pair", now=BEFORE)
    turns = Turns("UTC", "week", 1, date(2027, 3, 1), time(), at_once=2)
    schedules.create_rotation(
        schedule=made, role="primary", name="Pair", turns=turns, people=[ada, grace, lise], now=BEFORE
    )
    assert sorted(on(made, EVENING)) == ["ada", "grace"]
    return made


def test_it_is_not_offered_to_who_is_on_call_in_that_role_already(ask, pair):
    swap = ask(schedule=pair)
    assert list(swap.offers.values_list("person__username", flat=True)) == ["lise"]


def test_who_is_on_call_in_that_role_already_is_refused_by_name(ask, pair, grace):
    with pytest.raises(refusals.CannotCover) as refused:
        ask(schedule=pair, to=[grace])
    assert refused.value.field == "to"
    assert str(refused.value).startswith("Grace Hopper is on call for Pair (primary) Wed 24 Mar 20:00 to 23:00 UTC")


def test_who_came_to_be_on_call_since_cannot_accept(ask, pair, lise, grace, pilot):
    swap = ask(schedule=pair, to=[lise])
    cover(pair, lise, grace, pilot, ends_at=EVENING + HOUR)
    with pytest.raises(refusals.CannotCover) as refused:
        accept(swap, lise)
    assert str(refused.value) == (
        "Lise Girard is on call for Pair (primary) Wed 24 Mar 20:00 to 21:00 UTC already and would count once. "
        "Choose somebody else, or another span."
    )
    assert sorted(on(pair, EVENING)) == ["ada", "lise"]


def test_one_does_not_take_in_return_what_one_has_already(ask, pair, grace, lise):
    later = EVENING + timedelta(days=7)
    assert sorted(on(pair, later)) == ["grace", "lise"]
    with pytest.raises(refusals.CannotCover, match="Grace Hopper is on call for Pair") as refused:
        ask(schedule=pair, asker=grace, to=[lise], in_return=(later, later + HOUR))
    assert refused.value.field == "return_starts_at"

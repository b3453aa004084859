"""A swap is asked, offered, accepted with consent, undone; empty and overlapping ones are refused with the reason."""

from datetime import timedelta

import pytest

from rotations.changes import refusals, services, swaps
from rotations.changes.models import Override, Swap
from rotations.schedule.models import Schedule
from tests.rotations.changes.conftest import EVENING, GRACES, NIGHT, accept, on
from tests.rotations.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def absent(person, start=EVENING, end=NIGHT):
    return services.add_absence(person=person, kind="leave", starts_at=start, ends_at=end, by=person, now=NOW)


def offered(swap) -> set[str]:
    return set(swap.offers.values_list("person__username", flat=True))


# Asking


def test_it_is_offered_to_all_in_the_order_and_the_team_who_are_here(ask, schedule, manager, grace, lise, pilot):
    schedule.team = manager.role_terms.get().team
    schedule.save()
    manager.memberships.create(team=schedule.team)
    swap = ask()
    assert (swap.state, swap.to_all, offered(swap)) == ("asked", True, {"grace", "lise", "max"})


def test_it_is_not_offered_to_who_is_absent(ask, grace):
    absent(grace)
    assert offered(ask()) == {"lise"}


def test_where_all_are_absent_or_have_left_it_is_refused(ask, grace, lise):
    absent(grace)
    lise.is_active = False
    lise.save()
    with pytest.raises(refusals.NobodyCould, match="Nobody else in Triage could take that span"):
        ask()


def test_it_is_offered_to_those_named(ask, lise):
    swap = ask(to=[lise, lise])
    assert (swap.to_all, offered(swap)) == (False, {"lise"})


def test_an_empty_one_is_refused(ask, schedule, grace):
    with pytest.raises(refusals.NothingHeld) as refused:
        ask(asker=grace)
    assert str(refused.value) == (
        "Grace Hopper is not on call for Triage (primary) at any time Wed 24 Mar 20:00 to 23:00 UTC, "
        "so there is nothing to take over. Choose another span."
    )
    assert not Swap.objects.exists()


def test_overlapping_open_ones_of_one_asker_are_refused(ask):
    first = ask()
    with pytest.raises(refusals.Overlap, match="asks for Wed 24 Mar 20:00 to 23:00 UTC already"):
        ask(starts_at=NIGHT - HOUR, ends_at=NIGHT + HOUR)
    assert ask(starts_at=NIGHT, ends_at=NIGHT + HOUR)
    swaps.withdraw(swap=first, by=first.asker, now=NOW)
    assert ask()


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"ends_at": EVENING}, refusals.EmptySpan, "ends_at"),
        ({"starts_at": NOW}, refusals.InThePast, "starts_at"),
        ({"role": "secondary"}, refusals.NothingToOverride, "role"),
    ],
)
def test_a_span_that_cannot_be_swapped_is_refused_at_its_field(ask, changes, refusal, field):
    with pytest.raises(refusal) as refused:
        ask(**changes)
    assert refused.value.field == field


def test_those_who_may_arrange_ask_for_somebody_who_cannot(ask, ada, grace, pilot, manager):
    with pytest.raises(refusals.NotAllowed):
        ask(by=grace)
    for number, who in enumerate([pilot, manager]):
        assert ask(by=who, starts_at=EVENING + number * DAY, ends_at=NIGHT + number * DAY).asker == ada


def test_it_is_not_offered_to_the_asker_or_to_somebody_absent_by_name(ask, ada, grace):
    with pytest.raises(refusals.CannotCover, match="Ada Moreno asks"):
        ask(to=[ada])
    absent(grace)
    with pytest.raises(refusals.CannotCover, match="Grace Hopper is absent Wed 24 Mar 20:00 to 23:00 UTC") as refused:
        ask(to=[grace])
    assert refused.value.field == "to"


@pytest.mark.parametrize(
    ("to", "back", "words"),
    [
        ([], (GRACES, GRACES + HOUR), "name the people you ask"),
        (["grace"], (GRACES, GRACES), "must end after it starts"),
        (["grace"], (NOW, GRACES), "has begun"),
        (["grace"], (NIGHT - HOUR, GRACES), "overlaps with the one you give away"),
        (["lise"], (GRACES, GRACES + HOUR), "Lise Girard would not be on call at any time Tue 30 Mar 20:00 to 21:00"),
    ],
)
def test_a_span_in_return_that_cannot_be_is_refused(ask, grace, lise, to, back, words):
    people = {"grace": grace, "lise": lise}
    with pytest.raises(refusals.Refused, match=words):
        ask(to=[people[name] for name in to], in_return=back)


# Answering


def test_whoever_accepts_takes_what_the_asker_had_and_no_more(ask, schedule, grace):
    swap = accept(ask(), grace)
    assert (swap.state, swap.accepted_by, swap.accepted_at) == ("accepted", grace, NOW)
    hours = [on(schedule, at) for at in (EVENING - HOUR, EVENING, NIGHT - HOUR, NIGHT)]
    assert hours == [["ada"], ["grace"], ["grace"], ["ada"]]


def test_nothing_changes_until_somebody_consents(ask, schedule):
    before = Schedule.objects.get(pk=schedule.pk).edition
    ask()
    assert on(schedule, EVENING) == ["ada"]
    assert Schedule.objects.get(pk=schedule.pk).edition == before


def test_accepting_twice_changes_nothing(ask, grace):
    accept(swap := ask(), grace)
    accept(swap, grace, now=NOW + HOUR)
    assert Override.objects.get().created_at == NOW


def test_the_second_to_accept_is_told_who_was_first(ask, grace, lise):
    accept(swap := ask(), grace)
    with pytest.raises(refusals.Answered, match=r"Grace Hopper took this at 03:10 UTC\."):
        accept(swap, lise)


def test_only_those_to_whom_it_is_offered_answer(ask, ada, grace, lise, pilot):
    swap = ask(to=[grace])
    for person in (ada, lise, pilot):
        with pytest.raises(refusals.NotAllowed):
            accept(swap, person)
        with pytest.raises(refusals.NotAllowed):
            swaps.decline(swap=swap, by=person, now=NOW)


def test_who_joins_later_may_accept_what_is_offered_to_all(ask, schedule, manager, pilot):
    schedule.team = manager.role_terms.get().team
    schedule.save()
    swap = ask()
    pilot.memberships.create(team=schedule.team)
    assert accept(swap, pilot).accepted_by == pilot


def test_who_became_absent_cannot_accept(ask, grace):
    swap = ask()
    absent(grace)
    with pytest.raises(refusals.CannotCover, match="Grace Hopper is absent"):
        accept(swap, grace)


def test_what_somebody_covers_already_cannot_be_accepted(ask, schedule, ada, grace, lise):
    swap = ask()
    about = {"role": "primary", "starts_at": EVENING, "ends_at": NIGHT, "reason": "", "by": lise, "now": NOW}
    services.override(schedule=schedule, person=lise, replaces=ada, **about)
    with pytest.raises(refusals.NothingHeld, match="Ada Moreno is not on call"):
        accept(swap, grace)
    assert not Override.objects.filter(person=grace).exists()


def test_what_has_begun_cannot_be_accepted(ask, grace):
    with pytest.raises(refusals.Answered, match="The span has begun and stays with Ada Moreno"):
        accept(ask(), grace, now=EVENING)


def test_the_exchange_goes_both_ways(ask, schedule, grace):
    accept(ask(to=[grace], in_return=(GRACES, GRACES + 3 * HOUR)), grace)
    assert [on(schedule, at) for at in (EVENING, NIGHT, GRACES, GRACES + 3 * HOUR)] == [
        ["grace"],
        ["ada"],
        ["ada"],
        ["grace"],
    ]


def test_an_exchange_for_which_one_has_nothing_is_refused_whole(ask, grace, lise):
    swap = ask(to=[grace, lise], in_return=(GRACES, GRACES + HOUR))
    with pytest.raises(refusals.NothingHeld, match="Lise Girard is not on call"):
        accept(swap, lise)
    assert (Swap.objects.get().state, Override.objects.count()) == ("asked", 0)


def test_who_declines_is_no_longer_asked_and_may_think_again(ask, grace):
    swap = swaps.decline(swap=ask(), by=grace, now=NOW)
    assert (swap.state, swap.offers.get(person=grace).declined_at) == ("asked", NOW)
    swaps.decline(swap=swap, by=grace, now=NOW + HOUR)
    assert swap.offers.get(person=grace).declined_at == NOW
    assert accept(swap, grace).accepted_by == grace


def test_the_asker_and_those_who_may_arrange_withdraw(ask, ada, grace, pilot):
    swap = ask()
    with pytest.raises(refusals.NotAllowed, match="Only Ada Moreno"):
        swaps.withdraw(swap=swap, by=grace, now=NOW)
    assert swaps.withdraw(swap=swap, by=pilot, now=NOW).state == "withdrawn"
    assert swaps.withdraw(swap=swap, by=ada, now=NOW + HOUR).ended_at == NOW
    with pytest.raises(refusals.Answered, match="it was withdrawn"):
        accept(swap, grace)


def test_what_is_accepted_is_undone_not_withdrawn(ask, ada, grace):
    accept(swap := ask(), grace)
    with pytest.raises(refusals.Answered, match="Grace Hopper took this"):
        swaps.withdraw(swap=swap, by=ada, now=NOW)


# Undoing


@pytest.mark.parametrize("who", ["ada", "grace", "pilot"])
def test_either_party_and_the_pilot_undo_it(ask, schedule, ada, grace, pilot, who):
    accept(swap := ask(to=[grace], in_return=(GRACES, GRACES + HOUR)), grace)
    by = {"ada": ada, "grace": grace, "pilot": pilot}[who]
    assert swaps.undo(swap=swap, by=by, now=NOW + HOUR).state == "undone"
    assert (on(schedule, EVENING), on(schedule, GRACES)) == (["ada"], ["grace"])
    assert swaps.undo(swap=swap, by=by, now=NOW + DAY).ended_at == NOW + HOUR


def test_a_stranger_does_not_undo_it(ask, grace, lise):
    accept(swap := ask(), grace)
    with pytest.raises(refusals.NotAllowed, match="Only the two who swapped"):
        swaps.undo(swap=swap, by=lise, now=NOW)


def test_once_begun_it_is_undone_from_now_on(ask, schedule, ada, grace):
    accept(swap := ask(), grace)
    swaps.undo(swap=swap, by=ada, now=EVENING + HOUR)
    assert [on(schedule, at) for at in (EVENING, EVENING + HOUR)] == [["grace"], ["ada"]]


def test_what_is_over_is_not_undone(ask, ada, grace):
    accept(swap := ask(), grace)
    with pytest.raises(refusals.InThePast):
        swaps.undo(swap=swap, by=ada, now=NIGHT)


def test_what_nobody_accepted_is_not_undone(ask, ada):
    with pytest.raises(refusals.Answered, match="Withdraw it instead"):
        swaps.undo(swap=ask(), by=ada, now=NOW)


def test_a_cover_of_a_swap_is_not_cancelled_by_itself(ask, grace, pilot):
    accept(ask(), grace)
    with pytest.raises(refusals.NotAllowed, match="Undo the swap"):
        services.cancel(override=Override.objects.get(), by=pilot, now=NOW)


@pytest.fixture
def alone(schedule, ada, lise):
    """Lise has the role alone on 24 March."""
    start = EVENING.replace(hour=0)
    about = {"role": "primary", "starts_at": start, "ends_at": start + DAY, "reason": "", "by": lise, "now": NOW}
    return services.override(schedule=schedule, person=lise, **about)


def test_what_somebody_has_alone_is_swapped_and_given_back(ask, alone, schedule, lise, grace):
    accept(swap := ask(asker=lise), grace)
    hours = (EVENING - HOUR, EVENING, NIGHT)
    assert [on(schedule, at) for at in hours] == [["lise"], ["grace"], ["lise"]]
    swaps.undo(swap=swap, by=lise, now=NOW)
    assert [on(schedule, at) for at in hours] == [["lise"], ["lise"], ["lise"]]


def test_what_was_passed_on_since_is_not_undone(ask, alone, schedule, ada, lise, grace):
    accept(first := ask(asker=lise), grace)
    accept(second := ask(asker=grace), ada)
    with pytest.raises(refusals.Answered, match="passed on"):
        swaps.undo(swap=first, by=lise, now=NOW)
    swaps.undo(swap=second, by=grace, now=NOW)
    assert on(schedule, EVENING) == ["grace"]


def test_what_one_took_in_a_swap_one_may_swap_on(ask, schedule, ada, grace, lise):
    accept(ask(), grace)
    accept(ask(asker=grace), lise)
    assert [on(schedule, at) for at in (EVENING - HOUR, EVENING, NIGHT)] == [["ada"], ["lise"], ["ada"]]

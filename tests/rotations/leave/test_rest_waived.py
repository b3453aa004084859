"""The person themself may give their rest up, and says why; nobody else may."""

import pytest

from rotations.changes import refusals, services
from rotations.changes.models import Absence, Swap
from rotations.coverage import swap_services
from rotations.leave import resting
from rotations.leave import services as leave
from rotations.leave.models import Rest
from rotations.leave.rest_keeping import WaiverRefused, waive
from tests.rotations.leave.conftest import at
from tests.rotations.leave.resting_cast import (
    NIGHT,
    absences,
    kept,
    on,
)


def test_giving_it_up_ends_it_now_withdraws_the_offer_and_is_recorded_as_broken(tell, lise, experts):
    tell(NIGHT)
    kept(at("04:21"))
    waive(rest=Rest.objects.get(), by=lise, reason=" A review at nine. ", now=at("07:00"))
    assert absences() == [(at("04:20"), at("07:00"))]
    assert on(experts, at("07:00")) == ["lise"]
    assert Swap.objects.get().state == "withdrawn"
    [line] = resting.rests_of(lise, at("00:00"), at("23:00"), now=at("07:01"))
    assert (line.outcome.state, line.outcome.why) == ("broken", "given up: A review at nine.")


def test_what_a_colleague_took_stays_theirs(tell, lise, grace, experts):
    tell(NIGHT)
    kept(at("04:21"))
    swap_services.accept(swap=Swap.objects.get(), by=grace, now=at("05:00"))
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=at("07:00"))
    assert on(experts, at("08:00")) == ["grace"]


def test_settling_does_not_make_it_again(tell, lise, experts):
    tell(NIGHT)
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=at("07:00"))
    leave.settle(person=lise, now=at("07:30"))
    kept(at("07:31"))
    assert on(experts, at("08:00")) == ["lise"]


def test_what_comes_after_it_was_given_up_makes_another_rest_and_the_first_stays_given_up(tell, lise, experts):
    tell(NIGHT)
    kept(at("04:21"))
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=at("04:22"))
    tell("05:00 page B, 05:01 acknowledge B, 08:00 resolve B")
    assert on(experts, at("08:00")) == []
    second, first = resting.rests_of(lise, at("00:00"), at("23:00"), now=at("12:00"))
    assert (first.rest.starts_at, first.outcome.why) == (at("04:20"), "given up: A review.")
    assert (second.rest.starts_at, second.outcome.state, second.outcome.why) == (at("08:00"), "honoured", "")


def test_giving_it_up_twice_changes_nothing(tell, lise, experts):
    tell(NIGHT)
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=at("07:00"))
    waive(rest=Rest.objects.get(), by=lise, reason="Another.", now=at("08:00"))
    assert (Rest.objects.get().waived_why, Rest.objects.get().waived_at) == ("A review.", at("07:00"))


@pytest.mark.parametrize("username", ["petra", "max"])
def test_nobody_else_gives_it_up(tell, lise, pilot, manager, experts, username):
    tell(NIGHT)
    other = {"petra": pilot, "max": manager}[username]
    with pytest.raises(WaiverRefused, match=r"^Only Lise Girard can give this rest up\. Ask them\.$"):
        waive(rest=Rest.objects.get(), by=other, reason="We need her.", now=at("07:00"))


def test_it_says_why(tell, lise, experts):
    tell(NIGHT)
    with pytest.raises(WaiverRefused, match="Write why you give it up") as refused:
        waive(rest=Rest.objects.get(), by=lise, reason="  ", now=at("07:00"))
    assert refused.value.field == "reason"


def test_what_is_over_cannot_be_given_up(tell, lise, experts):
    tell(NIGHT)
    with pytest.raises(WaiverRefused, match="This rest is over"):
        waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=at("11:00"))


@pytest.mark.parametrize("username", ["lise", "petra", "max"])
def test_nobody_cancels_its_absence_by_hand(tell, lise, pilot, manager, experts, username):
    tell(NIGHT)
    by = {"lise": lise, "petra": pilot, "max": manager}[username]
    with pytest.raises(refusals.NotAllowed, match="only Lise Girard can give it up, under My leave"):
        services.cancel_absence(absence=Absence.objects.get(), by=by, now=at("07:00"))

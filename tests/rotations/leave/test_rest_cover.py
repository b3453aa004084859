"""Whoever rests is not on call: their shift is offered to colleagues, and nobody is told why. domain.md 5.8."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import RoleTerm, Team
from oncall.troubles.models import Trouble
from rotations.changes import refusals, services, swaps
from rotations.changes.models import Override, Swap
from rotations.coverage import swap_queries, swap_services, watching
from rotations.leave import services as leave
from rotations.leave.models import CallOut, Rest
from rotations.leave.rest_keeping import keep
from rotations.schedule.models import Schedule
from tests.rotations.conftest import BEFORE
from tests.rotations.leave.conftest import at
from tests.rotations.leave.resting_cast import (
    NIGHT,
    kept,
    make,
    on,
)


def told(person) -> list[str]:
    return list(Notice.objects.filter(person=person).order_by("created_at", "key").values_list("text", flat=True))


@pytest.fixture
def mail(lise, ada, grace, pilot):
    for who in (lise, ada, grace, pilot):
        ContactMethod.objects.create(
            person=who, kind="email", address=f"{who.username}@example.org", created_at=BEFORE, verified_at=BEFORE
        )


def test_a_clash_is_offered_to_all_who_could_without_saying_why_and_whoever_accepts_is_on_call(
    tell, lise, ada, grace, experts
):
    tell(NIGHT)
    kept(at("04:21"))
    swap = Swap.objects.get()
    assert (swap.asker, swap.by, swap.reason, swap.to_all) == (lise, lise, "cover needed", True)
    assert (swap.starts_at, swap.ends_at) == (at("04:21"), at("11:00"))
    assert set(swap.offers.values_list("person__username", flat=True)) == {"ada", "grace"}
    swap_services.accept(swap=swap, by=grace, now=at("05:00"))
    assert [on(experts, at(hour)) for hour in ("04:59", "05:00", "10:59", "11:00")] == [
        [],
        ["grace"],
        ["grace"],
        ["lise"],
    ]
    override = Override.objects.get()
    assert (override.person, override.replaces, override.reason) == (grace, lise, "swap: cover needed")


def test_the_pilot_is_told_and_those_who_could_and_the_one_who_rests(tell, lise, ada, pilot, experts, mail, settings):
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    tell(NIGHT)
    kept(at("04:21"))
    board = "https://oncall.example.org/swaps/"
    [to_pilot], [to_ada], [to_lise] = told(pilot), told(ada), told(lise)
    assert to_pilot == (
        "Lise Girard is unavailable until Thu 04:00 (your time): Data Facility needs cover Wed 24 Mar 21:21 to "
        f"Thu 25 Mar 04:00 (your time). Offered to 2 people: {board}"
    )
    assert to_ada == (
        "Lise Girard asks you to take Data Facility, 6 h 39 min, Wed 24 Mar 21:21 to Thu 25 Mar 04:00 (your time). "
        f"{board}"
    )
    assert to_lise == (
        "After this call-out you rest until Thu 12:00: no shift, no meeting, no workplace. https://oncall.example.org/leave/"
    )


@pytest.mark.parametrize("leads", [True, False])
def test_where_the_pilot_rests_the_lead_of_the_team_is_told_else_their_manager(
    tell, lise, ada, manager, experts, mail, leads
):
    ContactMethod.objects.create(
        person=manager, kind="email", address="max@example.org", created_at=BEFORE, verified_at=BEFORE
    )
    RoleTerm.objects.filter(role="pilot").delete()
    lise.role_terms.create(role="pilot", starts_at=BEFORE)
    team = Team.objects.get(slug="data-facility")
    team.lead = manager if leads else lise
    team.save()
    experts.team = team
    experts.save()
    tell(NIGHT)
    kept(at("04:21"))
    [text] = told(manager)
    assert text.startswith("Lise Girard is unavailable until Thu 12:00 (your time): Data Facility needs cover")


def test_where_nobody_could_the_pilot_is_told_that(tell, lise, pilot, mail):
    make("Alone", lise)
    tell(NIGHT)
    kept(at("04:21"))
    [text] = told(pilot)
    assert "It could be offered to nobody: Nobody else in Alone could take that span" in text
    assert not Swap.objects.exists()


def test_looking_after_it_again_asks_and_tells_nothing_more(tell, experts, mail):
    tell(NIGHT)
    assert kept(at("04:21")) == 1
    before = (Swap.objects.count(), Notice.objects.count())
    assert kept(at("04:22")) == 0
    Rest.objects.update(next_due=at("04:23"))
    assert kept(at("04:23")) == 1
    assert (Swap.objects.count(), Notice.objects.count()) == before


def test_nothing_due_costs_one_query(tell, experts):
    tell(NIGHT)
    kept(at("04:21"))
    in_force = limits.at(at("04:30"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        keep(now=at("04:30"), limits=in_force)
    assert len(queries) == 1


def test_an_offer_that_nobody_takes_ends_with_the_rest_and_says_nothing_of_yours(tell, lise, experts, mail):
    tell(NIGHT)
    kept(at("04:21"))
    assert swaps.expire_due(now=at("10:59")) == 0
    assert swaps.expire_due(now=at("11:00")) == 1
    assert Swap.objects.get().state == "expired"
    assert "Nobody took Data Facility Thu 25 Mar 05:21 to 12:00 (your time)." in told(lise)


def test_what_another_absence_takes_anyway_is_not_asked_for(tell, lise, experts):
    about = {"kind": "leave", "starts_at": at("07:00"), "ends_at": at("12:00"), "by": lise, "now": at("01:00")}
    services.add_absence(person=lise, **about)
    tell(NIGHT)
    kept(at("04:21"))
    assert (Swap.objects.get().starts_at, Swap.objects.get().ends_at) == (at("04:21"), at("07:00"))


def test_a_rest_that_is_taken_back_asks_no_more(tell, lise, experts):
    tell(NIGHT)
    kept(at("04:21"))
    leave.remove(call_out=CallOut.objects.get(), by=lise, reason="A test.", now=at("04:30"))
    kept(at("04:31"))
    assert Swap.objects.get().state == "withdrawn"


def test_cover_stays_asked_for_while_they_are_at_work_again_and_nobody_hears_twice(tell, lise, ada, experts, mail):
    tell(NIGHT)
    kept(at("04:21"))
    for begun, done, rested in (("04:30", "04:40", "04:41"), ("05:00", "05:10", "05:11")):
        tell(f"{begun} page {begun}, {begun} acknowledge {begun}")
        kept(at(begun))
        tell(f"{done} resolve {begun}")
        kept(at(rested))
    assert (Swap.objects.count(), Swap.objects.get().state) == (1, "asked")
    assert (len(told(lise)), len(told(ada))) == (1, 1)
    assert on(experts, at("05:11")) == []


def test_where_cover_was_taken_and_the_rest_is_taken_back_all_three_hear_that_it_can_be_undone(
    tell, lise, grace, pilot, experts, mail, settings
):
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    tell(NIGHT)
    kept(at("04:21"))
    swap_services.accept(swap=Swap.objects.get(), by=grace, now=at("04:30"))
    leave.remove(call_out=CallOut.objects.get(), by=lise, reason="A test.", now=at("04:40"))
    kept(at("04:41"))
    link = "https://oncall.example.org/swaps/"
    span = "Data Facility Thu 25 Mar 05:21 to 12:00 (your time)"
    assert told(lise)[-1] == f"You are available again, and Grace Hopper has {span} until the cover is undone: {link}"
    assert told(grace)[-1].startswith("Lise Girard is available again, and you have Data Facility ")
    assert told(pilot)[-1].startswith("Lise Girard is available again, and Grace Hopper has Data Facility ")
    before = Notice.objects.count()
    Rest.objects.update(next_due=at("04:45"))
    kept(at("04:45"))
    assert Notice.objects.count() == before


def test_a_rest_on_a_day_without_a_shift_asks_nobody(tell, schedule, pilot, mail):
    """Of Triage it is Ada's week."""
    tell(NIGHT)
    kept(at("04:21"))
    assert not Swap.objects.exists()
    assert told(pilot) == []


def test_what_it_uncovers_within_a_day_is_a_trouble_until_somebody_accepts(tell, grace, experts):
    Schedule.objects.filter(pk=experts.pk).update(needs="always")
    tell(NIGHT)
    kept(at("04:21"))
    watching.watch_gaps(now=at("04:22"))
    text = "Nobody is on call for Data Facility Thu 25 Mar 04:20 to 11:00 UTC. Find cover, or sign for the gap."
    assert list(Trouble.objects.open().filter(kind="gap").values_list("text", flat=True)) == [text]
    swap_services.accept(swap=Swap.objects.get(), by=grace, now=at("04:25"))
    watching.watch_gaps(now=at("04:26"))
    gaps = Trouble.objects.open().filter(kind="gap").values_list("text", flat=True)
    assert [one for one in gaps if "11:00" in one] == []


# Whoever is asked must be there


def test_who_rests_is_not_asked_and_cannot_take_anything_and_nobody_reads_why(tell, lise, ada, experts, schedule):
    tell(NIGHT)
    span: dict[str, Any] = {"starts_at": at("08:00"), "ends_at": at("10:00")}
    made = swap_services.ask(schedule=schedule, role="primary", asker=ada, by=ada, now=at("05:00"), **span)
    assert set(made.offers.values_list("person__username", flat=True)) == {"grace"}
    expected = "Lise Girard is absent Thu 25 Mar 04:20 to 11:00 UTC. Choose somebody else, or another span."
    take: dict[str, Any] = {"schedule": schedule, "role": "primary", "now": at("05:00")}
    acts = [
        lambda: services.override(person=lise, reason="", by=lise, **take, **span),
        lambda: services.take(from_person=ada, by=lise, until=at("06:00"), **take),
        lambda: swap_services.ask(asker=ada, by=ada, to=[lise], **take, starts_at=at("10:30"), ends_at=at("12:00")),
    ]
    for act in acts:
        with pytest.raises(refusals.CannotCover) as refused:
            act()
        assert str(refused.value) == expected


def test_who_offered_before_and_rests_now_cannot_accept(tell, lise, ada, experts, schedule):
    span: dict[str, Any] = {"starts_at": at("08:00"), "ends_at": at("10:00")}
    swap = swap_services.ask(schedule=schedule, role="primary", asker=ada, by=ada, now=at("01:00"), **span)
    tell(NIGHT)
    with pytest.raises(refusals.CannotCover, match="Lise Girard is absent Thu 25 Mar 04:20 to 11:00 UTC"):
        swap_services.accept(swap=swap, by=lise, now=at("05:00"))


def test_the_board_of_a_colleague_shows_the_offer_though_its_span_has_begun(tell, grace, experts):
    tell(NIGHT)
    kept(at("04:21"))
    [line] = swap_queries.board(reader=grace, now=at("09:00")).to_answer
    assert (line.swap.reason, line.spans) == ("cover needed", [(at("04:21"), at("11:00"))])
    assert swap_queries.board(reader=grace, now=at("11:00")).to_answer == []

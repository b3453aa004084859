"""Handoffs: where they are, whose they are, what becomes of them when the rota changes."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Team
from rotations.changes import services as changes
from rotations.coverage import handing
from rotations.coverage.models import Handoff
from rotations.coverage.queries import CoveredShift
from rotations.coverage.services import refresh_due
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Turns
from tests.rotations.conftest import BEFORE, person

BOUNDARY = datetime(2027, 3, 29, 16, tzinfo=UTC)  # Ada to Grace
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(schedule):
    refresh_due(now=BOUNDARY - 2 * DAY)
    schedule.refresh_from_db()
    return schedule


def open_due(now):
    return handing.open_due(now=now, limits=limits.at(now))


def address(handoff):
    return "https://oncall.example/handoffs/1/"


def give_number(who):
    ContactMethod.objects.create(person=who, kind="phone", address="+14155550101", created_at=BEFORE)


def shift(who, start, end, role="primary"):
    return CoveredShift(Schedule().pk, start, end, who, role, "", Schedule())


def found(shifts, overlap=HOUR):
    many = handing.boundaries(shifts, start=BOUNDARY - HOUR, end=BOUNDARY + HOUR, overlap=overlap)
    return [(one.at, one.incoming.name, one.outgoing.name if one.outgoing else None) for one in many]


def test_who_comes_on_takes_over_from_who_goes_off_at_that_instant(ada, grace):
    shifts = [shift(ada, BOUNDARY - DAY, BOUNDARY), shift(grace, BOUNDARY, BOUNDARY + DAY)]

    assert found(shifts) == [(BOUNDARY, "Grace Hopper", "Ada Moreno")]


def test_a_shift_of_who_was_on_just_before_is_no_handoff(ada):
    assert found([shift(ada, BOUNDARY - DAY, BOUNDARY), shift(ada, BOUNDARY, BOUNDARY + DAY)]) == []


def test_in_an_overlap_the_outgoing_is_who_goes_next(ada, grace, lise):
    shifts = [
        shift(lise, BOUNDARY - DAY, BOUNDARY + 40 * MINUTE),
        shift(ada, BOUNDARY - DAY, BOUNDARY + 30 * MINUTE),
        shift(grace, BOUNDARY, BOUNDARY + DAY),
    ]

    assert found(shifts) == [(BOUNDARY, "Grace Hopper", "Ada Moreno")]


def test_who_stays_on_for_long_goes_off_for_nobody(ada, grace):
    shifts = [shift(ada, BOUNDARY - DAY, BOUNDARY + DAY), shift(grace, BOUNDARY, BOUNDARY + DAY)]

    assert found(shifts) == [(BOUNDARY, "Grace Hopper", None)]


def test_after_a_gap_nobody_is_outgoing(ada, grace):
    shifts = [shift(ada, BOUNDARY - DAY, BOUNDARY - MINUTE), shift(grace, BOUNDARY, BOUNDARY + DAY)]

    assert found(shifts) == [(BOUNDARY, "Grace Hopper", None)]


def test_two_who_come_at_once_relieve_one_each(ada, grace, lise, pilot):
    shifts = [
        shift(ada, BOUNDARY - DAY, BOUNDARY),
        shift(grace, BOUNDARY - DAY, BOUNDARY),
        shift(lise, BOUNDARY, BOUNDARY + DAY),
        shift(pilot, BOUNDARY, BOUNDARY + DAY),
    ]

    assert found(shifts) == [(BOUNDARY, "Lise Girard", "Ada Moreno"), (BOUNDARY, "Petra Pilot", "Grace Hopper")]


def test_another_role_is_another_pager(ada, grace):
    shifts = [shift(ada, BOUNDARY - DAY, BOUNDARY, "secondary"), shift(grace, BOUNDARY, BOUNDARY + DAY)]

    assert found(shifts) == [(BOUNDARY, "Grace Hopper", None)]


@pytest.mark.parametrize(("before", "count"), [(31 * MINUTE, 0), (30 * MINUTE, 1), (-59 * MINUTE, 1), (-HOUR, 0)])
def test_a_handoff_is_made_from_half_an_hour_before_until_an_hour_after(stored, before, count):
    open_due(BOUNDARY - before)

    assert Handoff.objects.count() == count


def test_it_says_who_when_and_from_whom(stored, ada, grace):
    open_due(BOUNDARY - MINUTE)

    row = Handoff.objects.get()
    assert (row.role, row.at, row.incoming, row.outgoing) == ("primary", BOUNDARY, grace, ada)
    assert row.accepted_at is None


def test_it_is_made_once_however_often_it_is_asked(stored):
    assert open_due(BOUNDARY - 2 * MINUTE) == 1
    assert open_due(BOUNDARY - MINUTE) == 0
    assert open_due(BOUNDARY + MINUTE) == 0


def test_before_anything_is_stored_it_is_made_from_the_rules(schedule, grace):
    open_due(BOUNDARY - MINUTE)

    assert Handoff.objects.get().incoming == grace


def test_who_takes_the_pager_has_a_handoff_within_a_second(stored, ada, grace):
    now = BOUNDARY - 2 * HOUR
    changes.take(schedule=stored, role="primary", from_person=ada, by=grace, until=BOUNDARY - HOUR, now=now)

    later = now + timedelta(seconds=1)
    handing.open_changed(now=later, limits=limits.at(later))

    row = Handoff.objects.get()
    assert (row.at, row.incoming, row.outgoing) == (now, grace, ada)


def test_a_second_in_which_nothing_has_changed_costs_one_query(stored, django_assert_num_queries):
    now = BOUNDARY - HOUR
    in_force = limits.at(now)

    with django_assert_num_queries(1):
        handing.open_changed(now=now, limits=in_force)


def test_where_somebody_else_comes_the_handoff_is_theirs_with_the_words(stored, ada, grace, lise, pilot):
    open_due(BOUNDARY - 20 * MINUTE)
    row = Handoff.objects.get()
    handing.write_words(handoff=row, by=ada, words="Clouds from the west.", now=BOUNDARY - 15 * MINUTE)
    changes.override(
        schedule=stored, role="primary", person=lise, starts_at=BOUNDARY, ends_at=BOUNDARY + DAY, reason="", by=pilot,
        now=BOUNDARY - 10 * MINUTE,
    )  # fmt: skip

    open_due(BOUNDARY - 9 * MINUTE)

    again = Handoff.objects.get()
    assert (again.pk, again.incoming, again.words) == (row.pk, lise, "Clouds from the west.")


def test_a_handoff_that_will_not_be_is_taken_away(stored, ada, pilot):
    open_due(BOUNDARY - 20 * MINUTE)
    changes.override(
        schedule=stored, role="primary", person=ada, starts_at=BOUNDARY - HOUR, ends_at=BOUNDARY + DAY, reason="",
        by=pilot, now=BOUNDARY - 10 * MINUTE,
    )  # fmt: skip

    open_due(BOUNDARY - 9 * MINUTE)

    assert not Handoff.objects.exists()


def test_what_has_happened_stays_although_the_rota_changes(stored, grace, lise, pilot):
    open_due(BOUNDARY)
    changes.take(
        schedule=stored, role="primary", from_person=grace, by=lise, until=BOUNDARY + DAY, now=BOUNDARY + 5 * MINUTE
    )

    open_due(BOUNDARY + 6 * MINUTE)

    assert list(Handoff.objects.order_by("at").values_list("incoming__username", "outgoing__username")) == [
        ("grace", "ada"),
        ("lise", "grace"),
    ]


def test_making_a_schedule_hands_nothing_over(ada, turns):
    now = BOUNDARY + DAY
    schedule = services.create_schedule(name="New", now=now)
    services.create_rotation(schedule=schedule, role="primary", name="New", turns=turns, people=[ada], now=now)
    refresh_due(now=now)

    open_due(now + MINUTE)

    assert not Handoff.objects.exists()


def test_the_first_shift_of_a_schedule_that_begins_later_is_a_handoff(ada):
    schedule = services.create_schedule(name="New", now=BEFORE)
    turns = Turns("UTC", "week", 1, BOUNDARY.date(), BOUNDARY.time())
    services.create_rotation(schedule=schedule, role="primary", name="New", turns=turns, people=[ada], now=BEFORE)
    refresh_due(now=BEFORE)

    open_due(BOUNDARY)

    row = Handoff.objects.get()
    assert (row.incoming, row.outgoing) == (ada, None)


def test_a_shadow_has_no_handoff_and_is_told_once(stored, grace, lise):
    give_number(lise)
    turns = Turns("UTC", "week", 1, BOUNDARY.date(), BOUNDARY.time())
    services.create_rotation(schedule=stored, role="shadow", name="Shadow", turns=turns, people=[lise], now=BEFORE)

    open_due(BOUNDARY - MINUTE)
    open_due(BOUNDARY)
    open_due(BOUNDARY + MINUTE)

    assert Handoff.objects.get().incoming == grace
    assert [(one.person, one.text) for one in Notice.objects.all()] == [
        (lise, "You shadow Triage from 16:00 UTC on. You are told, and never paged for it.")
    ]


@pytest.fixture
def handoff(stored):
    open_due(BOUNDARY - 20 * MINUTE)
    return Handoff.objects.get()


def test_only_the_incoming_person_accepts(handoff, ada):
    with pytest.raises(handing.NotYours, match=r"Grace Hopper takes over here, so only they can accept the note\."):
        handing.accept(handoff=handoff, by=ada, lines=[], now=BOUNDARY)


def test_accepting_twice_changes_nothing(handoff, grace):
    handing.accept(handoff=handoff, by=grace, lines=[], now=BOUNDARY + MINUTE)
    handing.accept(handoff=handoff, by=grace, lines=[], now=BOUNDARY + 2 * MINUTE)

    handoff.refresh_from_db()
    assert (handoff.accepted_at, handoff.accepted_by) == (BOUNDARY + MINUTE, grace)


def test_a_note_that_was_accepted_is_written_into_no_more(handoff, ada, grace):
    handing.accept(handoff=handoff, by=grace, lines=[], now=BOUNDARY + MINUTE)

    with pytest.raises(handing.AlreadyAccepted, match=r"Grace Hopper accepted this note at 16:01 UTC\."):
        handing.write_words(handoff=handoff, by=ada, words="Wind.", now=BOUNDARY + 2 * MINUTE)


def test_somebody_not_concerned_does_not_write(handoff, lise):
    with pytest.raises(handing.NotYours, match="Only who goes off"):
        handing.write_words(handoff=handoff, by=lise, words="Wind.", now=BOUNDARY)


def tell(now):
    return handing.tell_leads(now=now, limits=limits.at(now), address=address)


def test_the_lead_is_told_after_a_quarter_of_an_hour_and_once(handoff, stored, lise):
    give_number(lise)
    stored.team = Team.objects.create(name="Tier 1", slug="tier-1", lead=lise)
    stored.save(update_fields=["team"])

    assert tell(BOUNDARY + 15 * MINUTE - timedelta(seconds=1)) == 0
    assert tell(BOUNDARY + 15 * MINUTE) == 1
    assert tell(BOUNDARY + 16 * MINUTE) == 0

    notice = Notice.objects.get()
    assert notice.person == lise
    assert notice.text == (
        "Grace Hopper is on call for Triage since 16:00 UTC and has not accepted the handover note. Call them, or take "
        "the pager: https://oncall.example/handoffs/1/"
    )


def test_without_a_lead_the_pilot_is_told(handoff, pilot):
    give_number(pilot)

    tell(BOUNDARY + 15 * MINUTE)

    assert Notice.objects.get().person == pilot


def test_who_leads_is_not_told_about_themselves(handoff, stored, grace, pilot):
    give_number(pilot)
    stored.team = Team.objects.create(name="Tier 1", slug="tier-1", lead=grace)
    stored.save(update_fields=["team"])

    tell(BOUNDARY + 15 * MINUTE)

    assert Notice.objects.get().person == pilot


def test_nobody_is_told_of_an_accepted_note(handoff, grace, pilot):
    handing.accept(handoff=handoff, by=grace, lines=[], now=BOUNDARY + MINUTE)

    assert tell(BOUNDARY + 15 * MINUTE) == 0


def test_nobody_is_told_where_somebody_else_has_the_pager_by_then(handoff, stored, grace, pilot):
    other = person("nora", "Nora New")
    changes.take(
        schedule=stored, role="primary", from_person=grace, by=other, until=BOUNDARY + DAY, now=BOUNDARY + 5 * MINUTE
    )

    assert tell(BOUNDARY + 15 * MINUTE) == 0


def test_the_incoming_person_is_asked_once_to_accept(handoff, grace):
    give_number(grace)

    assert handing.ask_to_accept(now=BOUNDARY - MINUTE, address=address) == 0
    assert handing.ask_to_accept(now=BOUNDARY, address=address) == 1
    assert handing.ask_to_accept(now=BOUNDARY + MINUTE, address=address) == 0

    assert Notice.objects.get().text == (
        "You take over Triage. Read and accept the handover note: https://oncall.example/handoffs/1/ Until you accept "
        "it, Ada Moreno is called too."
    )

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from oncall.paging.models import ContactMethod, Notice
from oncall.people import leaving as accounts
from rotations.changes import services as changes
from rotations.changes.models import Absence, Override
from rotations.coverage import leaving, publish, queries
from rotations.coverage.models import SignedGap
from rotations.coverage.services import store
from rotations.schedule import services
from rotations.schedule.models import Participant, Schedule
from rotations.schedule.services import Turns
from rotations.schedule.spec import BadSpec, spec_of

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


def order(schedule) -> list[str]:
    return [place.person.username for place in Participant.objects.filter(rotation__schedule=schedule)]


def covers(schedule, person, start: datetime) -> None:
    end = NOW + timedelta(hours=5)
    changes.override(
        schedule=schedule, role="primary", person=person, starts_at=start, ends_at=end, reason="", by=person, now=NOW
    )


def test_a_place_goes_to_whoever_takes_over_where_it_stands(schedule, ada, grace, lise, pilot):
    leaving.hand_over(person=grace, to=pilot, by=pilot, now=NOW)
    assert order(schedule) == ["ada", "petra", "lise"]


def test_without_anybody_the_place_is_gone_and_the_others_stay(schedule, grace, pilot):
    leaving.hand_over(person=grace, to=None, by=pilot, now=NOW)
    assert order(schedule) == ["ada", "lise"]


def test_an_account_is_not_closed_while_it_holds_something(schedule, ada, pilot):
    with pytest.raises(accounts.StillNeeded, match=r"Ada Moreno still holds a place in Triage West\. Hand that over"):
        accounts.deactivate(person=ada, by=pilot, now=NOW)
    leaving.hand_over(person=ada, to=None, by=pilot, now=NOW)
    accounts.deactivate(person=ada, by=pilot, now=NOW)
    ada.refresh_from_db()
    assert not ada.is_active


def test_what_somebody_covers_goes_over_too(schedule, ada, grace, lise, pilot):
    covers(schedule, lise, NOW + timedelta(hours=1))
    with pytest.raises(accounts.StillNeeded, match="cover of Triage until 23 Mar 08:10 UTC"):
        accounts.deactivate(person=lise, by=pilot, now=NOW)
    leaving.hand_over(person=lise, to=grace, by=pilot, now=NOW)
    assert queries.on_call(schedule=schedule, at=NOW + timedelta(hours=2))[0].person == grace
    assert not leaving.what_they_hold(lise, now=NOW)


def test_without_anybody_what_they_cover_is_whoevers_turn_it_is(schedule, grace, lise, pilot):
    """Of the two who are left, the fourth week is the second's."""
    covers(schedule, lise, NOW - timedelta(hours=1))
    later = NOW + timedelta(hours=1)
    leaving.hand_over(person=lise, to=None, by=pilot, now=later)
    assert Override.objects.get().cancelled_at == later
    assert queries.on_call(schedule=schedule, at=later)[0].person == grace


def test_whoever_is_alone_needs_somebody_to_take_over(schedule, ada, pilot):
    services.set_participants(rotation=schedule.rotations.get(), people=[ada], now=NOW)
    with pytest.raises(leaving.CannotHandOver, match="Ada Moreno is alone in the order of Triage West"):
        leaving.hand_over(person=ada, to=None, by=pilot, now=NOW)


def test_gaps_that_come_of_it_are_signed_or_it_does_not_happen(schedule, ada, grace, pilot):
    publish.publish_spec(schedule=schedule, spec=replace(spec_of(schedule), needs="always"), by=pilot, now=NOW)
    grace_left = type(grace).objects.filter(pk=grace.pk)
    grace_left.update(is_active=False)
    with pytest.raises(BadSpec, match="Grace Hopper has left"):
        leaving.hand_over(person=ada, to=None, by=pilot, now=NOW)
    assert order(schedule) == ["ada", "grace", "lise"]


def test_only_the_pilot_and_administrators_hand_over(schedule, ada, grace, lise):
    with pytest.raises(publish.NotAllowed):
        leaving.hand_over(person=ada, to=grace, by=lise, now=NOW)


@pytest.mark.parametrize("who", ["ada", "gone"])
def test_somebody_who_cannot_take_over_is_refused(schedule, ada, grace, pilot, who):
    type(grace).objects.filter(pk=grace.pk).update(is_active=False)
    grace.refresh_from_db()
    with pytest.raises(leaving.CannotHandOver, match="cannot take over"):
        leaving.hand_over(person=ada, to=ada if who == "ada" else grace, by=pilot, now=NOW)


def test_who_holds_nothing_can_go_at_once(db, schedule, pilot, manager):
    accounts.deactivate(person=manager, by=pilot, now=NOW)
    assert Schedule.objects.count() == 1


def test_a_cover_that_goes_over_stays_where_it_lay_among_the_others(schedule, ada, grace, lise, manager, pilot):
    """Grace covers for Ada, and Lise for Grace: whoever takes over from Lise covers for Grace, and so for Ada."""
    span = {"schedule": schedule, "role": "primary", "starts_at": NOW, "ends_at": NOW + timedelta(hours=5)}
    about = {"reason": "", "by": pilot, "now": NOW}
    changes.override(person=grace, replaces=ada, **span, **about)
    changes.override(person=lise, replaces=grace, held=[(NOW, NOW + timedelta(hours=5))], **span, **about)
    leaving.hand_over(person=lise, to=manager, by=pilot, now=NOW)
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=NOW)] == [manager]


def test_a_cover_alone_that_nobody_takes_over_leaves_a_gap_to_sign(schedule, ada, manager, pilot):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    Absence.objects.create(
        person=ada, starts_at=NOW, ends_at=NOW + timedelta(hours=9), by=ada, created_at=NOW - timedelta(days=1)
    )
    SignedGap.objects.create(
        schedule=schedule,
        starts_at=NOW + timedelta(hours=5),
        ends_at=NOW + timedelta(hours=9),
        reason="quiet",
        by=pilot,
        at=NOW,
    )
    covers(schedule, manager, NOW)
    with pytest.raises(publish.UnsignedGaps, match=r"5 h in all, the first Tue 23 Mar 03:10 to 08:10 UTC"):
        leaving.hand_over(person=manager, to=None, by=pilot, now=NOW)


TERM_ENDS = datetime(2027, 4, 12, 16, tzinfo=UTC)  # 09:00 in California
MOMENT = timedelta(seconds=1)


@pytest.fixture
def stewards(ada, grace, lise):
    """Two at every instant, four-week terms, by name. At NOW Grace serves until 29 March and Lise until 12 April."""
    made = services.create_schedule(name="Stewards", needs="always", at_least=2, now=NOW - timedelta(days=50))
    services.create_rotation(
        schedule=made,
        role="primary",
        name="Terms",
        turns=Turns("America/Los_Angeles", "week", 2, date(2027, 3, 1), time(9), at_once=2, order="alphabetical"),
        people=[ada, grace, lise],
        now=NOW - timedelta(days=50),
    )
    store(schedule_id=made.pk, now=NOW - timedelta(days=50))
    return made


def on_call(schedule, at: datetime) -> list[str]:
    return sorted(duty.person.username for duty in queries.on_call(schedule=schedule, at=at))


def test_whoever_takes_over_serves_the_term_that_runs_after_the_account_is_closed(stewards, lise, manager, pilot):
    leaving.hand_over(person=lise, to=manager, by=pilot, now=NOW)
    accounts.deactivate(person=lise, by=pilot, now=NOW)
    assert on_call(stewards, NOW) == ["grace", "max"]
    assert on_call(stewards, TERM_ENDS - MOMENT) == ["ada", "max"]
    assert on_call(stewards, TERM_ENDS) == ["ada", "grace"]


def test_whoever_takes_over_a_term_that_runs_is_told(stewards, lise, manager, pilot):
    ContactMethod.objects.create(person=manager, kind="email", address="max@example.org", created_at=NOW)
    leaving.hand_over(person=lise, to=manager, by=pilot, now=NOW)
    (told,) = [notice.text for notice in Notice.objects.filter(person=manager) if "instead of" in notice.text]
    assert told == (
        "You are on call for Stewards Tue 23 Mar 04:10 to Mon 12 Apr 18:00 (your time), instead of Lise Girard. "
        "Arranged by Petra Pilot."
    )


def test_without_anybody_the_term_that_runs_is_a_gap_to_sign(stewards, lise, pilot):
    with pytest.raises(
        publish.UnsignedGaps,
        match=r"Stewards would have a gap in the coming year, 492 h 50 min in all, the first Tue 23 Mar 03:10 to "
        r"Mon 12 Apr 16:00 UTC\. Cover them, or sign for them with a reason\.",
    ):
        leaving.hand_over(person=lise, to=None, by=pilot, now=NOW)
    assert order(stewards) == ["ada", "grace", "lise"]


def test_a_term_signed_for_is_nobodys_and_the_account_can_be_closed(stewards, lise, pilot):
    leaving.hand_over(person=lise, to=None, by=pilot, now=NOW, signature="one will do")
    accounts.deactivate(person=lise, by=pilot, now=NOW)
    assert on_call(stewards, NOW) == ["grace"]
    gap = SignedGap.objects.get()
    assert (gap.starts_at, gap.ends_at, gap.reason, gap.by) == (NOW, TERM_ENDS, "one will do", pilot)


def test_where_nobody_is_needed_a_term_is_nobodys_without_a_signature(stewards, lise, pilot):
    Schedule.objects.filter(pk=stewards.pk).update(needs="nobody")
    leaving.hand_over(person=lise, to=None, by=pilot, now=NOW)
    assert on_call(stewards, NOW) == ["grace"]
    assert not leaving.what_they_hold(lise, now=NOW)


def test_whoever_is_on_already_cannot_be_the_second_without_a_signature(stewards, grace, lise, pilot):
    with pytest.raises(publish.UnsignedGaps, match="the first Tue 23 Mar 03:10 to Mon 29 Mar 16:00 UTC"):
        leaving.hand_over(person=lise, to=grace, by=pilot, now=NOW)


def test_an_order_of_two_at_once_does_not_lose_its_second(stewards, ada, grace, lise, pilot):
    services.set_participants(rotation=stewards.rotations.get(), people=[grace, lise], now=NOW)
    with pytest.raises(BadSpec, match="2 at once need as many people, and this order has 1"):
        leaving.hand_over(person=lise, to=None, by=pilot, now=NOW, signature="one will do")


def test_an_account_is_not_closed_while_a_shift_stands(stewards, ada, grace, lise, manager, pilot):
    services.set_participants(rotation=stewards.rotations.get(), people=[ada, grace, manager], now=NOW)
    store(schedule_id=stewards.pk, now=NOW)
    with pytest.raises(
        accounts.StillNeeded, match=r"Lise Girard still holds shifts in Stewards until 12 Apr 2027 16:00 UTC\."
    ):
        accounts.deactivate(person=lise, by=pilot, now=NOW)


def test_an_account_whose_shifts_others_cover_can_be_closed(stewards, ada, grace, lise, manager, pilot):
    services.set_participants(rotation=stewards.rotations.get(), people=[ada, grace, manager], now=NOW)
    changes.override(
        schedule=stewards,
        role="primary",
        person=manager,
        replaces=lise,
        starts_at=NOW,
        ends_at=TERM_ENDS,
        reason="",
        by=pilot,
        now=NOW,
    )
    store(schedule_id=stewards.pk, now=NOW)
    accounts.deactivate(person=lise, by=pilot, now=NOW)
    assert on_call(stewards, NOW) == ["grace", "max"]


def test_whoever_takes_over_joins_when_the_term_that_runs_ends(stewards, ada, grace, lise, manager, pilot):
    """Max comes next after Lise by name: from now on, his own term from 29 March would lie within hers."""
    leaving.hand_over(person=lise, to=manager, by=pilot, now=NOW)
    joined = {place.person: place.joined_at for place in Participant.objects.filter(left_at__isnull=True)}
    assert joined == {ada: None, grace: None, manager: TERM_ENDS}


def test_whoever_keeps_their_terms_is_told_nothing(stewards, ada, lise, manager, pilot):
    """Max takes Lise's places in the round, so Ada serves from 29 March and every sixth week as before."""
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    leaving.hand_over(person=lise, to=manager, by=pilot, now=NOW)
    assert not Notice.objects.filter(person=ada).exists()


def test_whoever_serves_no_term_is_followed_from_now_on(stewards, ada, grace, lise, manager, pilot):
    leaving.hand_over(person=ada, to=manager, by=pilot, now=NOW)
    joined = {place.person: place.joined_at for place in Participant.objects.filter(left_at__isnull=True)}
    assert joined == {grace: None, lise: None, manager: NOW}

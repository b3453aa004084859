from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oncall.people import leaving as accounts
from rotations.changes import services as changes
from rotations.changes.models import Override
from rotations.coverage import leaving, publish, queries
from rotations.schedule import services
from rotations.schedule.models import Participant, Schedule
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

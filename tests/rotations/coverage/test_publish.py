"""At NOW it is Ada's week, from Monday 22 March 16:00 UTC; then Grace's and Lise's, in turn."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from oncall.paging.models import ContactMethod, Notice
from rotations.changes.models import Absence
from rotations.coverage import publish, queries
from rotations.coverage.models import Shift, SignedGap
from rotations.coverage.review import review
from rotations.coverage.services import store
from rotations.schedule import drafts
from rotations.schedule.models import Draft, Rotation, Schedule
from rotations.schedule.spec import BadSpec, PlaceSpec, RotationSpec, spec_of

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def spec(schedule):
    return spec_of(schedule)


@pytest.fixture
def drawn(schedule, pilot):
    """Draw the schedule with changes to its one rotation or to what it promises."""

    def draw(promise: dict | None = None, **changes) -> Draft:
        spec = drafts.drawn(schedule)
        rotations = (replace(spec.rotations[0], **changes), *spec.rotations[1:])
        spec = replace(spec, **(promise or {}), rotations=rotations)
        return drafts.save_draft(schedule=schedule, spec=spec, by=pilot, now=NOW)

    return draw


def people(*persons) -> tuple[PlaceSpec, ...]:
    return tuple(PlaceSpec(person.pk) for person in persons)


def test_a_review_says_who_gains_and_who_loses_what(drawn, ada, grace, lise):
    found = review(drawn(people=people(ada, lise, grace)), now=NOW)
    first = {one.person: (one.first, one.first_is_gained) for one in found.changes}
    assert first == {
        grace: ((z("2027-03-29T16:00"), z("2027-04-05T16:00")), False),
        lise: ((z("2027-03-29T16:00"), z("2027-04-05T16:00")), True),
    }
    assert not found.gaps


def test_a_review_changes_nothing(drawn, schedule, ada, grace, lise):
    review(drawn(people=people(ada)), now=NOW)
    assert [one.person for one in queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=14))] == [
        ada,
        grace,
        lise,
    ]


def test_hours_are_counted_in_the_week_in_which_clocks_change(drawn, lise, grace, ada):
    """Until one year from NOW, and Lise's own night: her week from 29 March has 7 nights of 7 h in Paris."""
    found = review(drawn(people=people(lise), first_on=date(2027, 3, 29), unit="month"), now=NOW)
    (load,) = [one for one in found.loads if one.person == lise]
    assert load.after == (NOW + timedelta(days=366)) - z("2027-03-29T16:00")
    assert load.small_hours_after < load.after


def test_what_is_published_is_on_call_and_stored(drawn, schedule, ada, grace, lise, pilot):
    publish.publish(draft=drawn(people=people(ada, lise, grace)), by=pilot, now=NOW)
    assert [one.person for one in queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=14))] == [
        ada,
        lise,
        grace,
    ]
    fresh = Schedule.objects.get(pk=schedule.pk)
    assert queries.is_fresh(fresh)
    assert Draft.objects.get().published_by == pilot


def test_a_shift_that_stays_keeps_its_identity_and_the_rotation_its_id(drawn, schedule, ada, grace, lise, pilot):
    store(schedule_id=schedule.pk, now=NOW)
    before = queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=100))
    publish.publish(draft=drawn(people=people(ada, lise, grace)), by=pilot, now=NOW)
    after = queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=100))
    assert [one.id for one in before] == [one.id for one in after]
    assert Rotation.objects.get().pk == spec_of(schedule).rotations[0].id


def test_each_is_told_what_changes_on_their_own_clock(drawn, pilot, ada, grace, lise):
    for one in (ada, grace, lise):
        ContactMethod.objects.create(person=one, kind="email", address=f"{one.username}@example.org", created_at=NOW)
    publish.publish(draft=drawn(people=people(ada, lise, grace), first_on=date(2027, 3, 1)), by=pilot, now=NOW)
    told = {notice.person: notice.text for notice in Notice.objects.all()}
    assert set(told) == {grace, lise}
    assert "First, you are on call Mon 29 Mar 18:00 to Mon 5 Apr 18:00 CEST. Published by Petra Pilot." in told[lise]
    assert "First, you are no longer on call Mon 29 Mar 09:00 to Mon 5 Apr 09:00 PDT." in told[grace]


def test_only_the_pilot_and_administrators_publish(drawn, ada):
    draft = drawn(every=2)
    with pytest.raises(publish.NotAllowed, match="Only the pilot and administrators"):
        publish.publish(draft=draft, by=ada, now=NOW)
    assert Rotation.objects.get().every == 1


def test_a_draft_of_a_schedule_that_changed_is_refused_until_it_is_drawn_anew(drawn, schedule, pilot, ada, grace, lise):
    draft = drawn(people=people(ada, lise, grace))
    changed = replace(spec_of(schedule), skill="triage")
    publish.publish_spec(schedule=schedule, spec=changed, by=pilot, now=NOW)
    with pytest.raises(publish.ChangedMeanwhile, match="Somebody changed Triage since this draft was drawn"):
        publish.publish(draft=draft, by=pilot, now=NOW)
    publish.publish(draft=drafts.redraw(draft=draft, by=pilot, now=NOW), by=pilot, now=NOW)
    assert Schedule.objects.get(pk=schedule.pk).skill == ""  # as drawn


def test_what_changed_while_one_looked_is_looked_at_again(drawn, schedule, pilot):
    draft = drawn(every=2)
    edition = review(draft, now=NOW).edition
    Schedule.objects.filter(pk=schedule.pk).update(edition=edition + 1)
    with pytest.raises(publish.ChangedMeanwhile, match="changed while you looked"):
        publish.publish(draft=draft, by=pilot, now=NOW, reviewed=edition)


def test_a_draft_is_published_once(drawn, pilot):
    draft = drawn(every=2)
    publish.publish(draft=draft, by=pilot, now=NOW)
    with pytest.raises(drafts.NoLongerOpen, match="was published meanwhile"):
        publish.publish(draft=draft, by=pilot, now=NOW)


WEEKDAYS = {"weekdays": (1, 2, 3, 4, 5)}


def test_an_uncovered_instant_is_not_published_without_a_signature(drawn, schedule, pilot):
    """Its week's days run from 09:00 to 09:00 in California: Saturday 27 March 16:00 UTC to Monday 29 March 16:00."""
    draft = drawn({"needs": "always"}, **WEEKDAYS)
    with pytest.raises(publish.UnsignedGaps, match="the first Sat 27 Mar 16:00 to Mon 29 Mar 16:00 UTC") as refused:
        publish.publish(draft=draft, by=pilot, now=NOW)
    assert len(refused.value.gaps) == 52
    assert (SignedGap.objects.count(), Schedule.objects.get(pk=schedule.pk).needs) == (0, "nobody")


def test_a_signature_is_kept_for_exactly_those_spans(drawn, pilot):
    draft = drawn({"needs": "always"}, **WEEKDAYS)
    publish.publish(draft=draft, by=pilot, now=NOW, signature="Weekends are best effort")
    first = SignedGap.objects.order_by("starts_at")[0]
    assert (first.starts_at, first.ends_at) == (z("2027-03-27T16:00"), z("2027-03-29T16:00"))
    assert (first.by, first.reason, SignedGap.objects.count()) == (pilot, "Weekends are best effort", 52)


def test_what_is_signed_is_not_asked_again(drawn, pilot):
    publish.publish(draft=drawn({"needs": "always"}, **WEEKDAYS), by=pilot, now=NOW, signature="Best effort")
    found = review(drawn({"needs": "always"}, name="West", **WEEKDAYS), now=NOW)
    assert (found.gaps, found.signed) == ([], 52)


def test_a_blank_signature_is_none(drawn, pilot):
    with pytest.raises(publish.UnsignedGaps):
        publish.publish(draft=drawn({"needs": "always"}, **WEEKDAYS), by=pilot, now=NOW, signature="  \t")


def test_at_night_only_observing_minutes_count(drawn):
    """Off on Mondays: the turn from Monday 09:00 to Tuesday 09:00 Pacific has one night of the summit in it."""
    found = review(drawn({"needs": "night"}, weekdays=(2, 3, 4, 5, 6, 7)), now=NOW)
    nights = found.gaps
    assert (nights[0].starts_at, nights[0].ends_at) == (NOW, z("2027-03-23T09:56"))  # the sun passes -12 deg
    assert nights[1].starts_at == z("2027-03-29T23:35")


def test_too_many_are_shown(drawn, ada):
    found = review(drawn({"needs": "always", "at_least": 2, "at_most": 2}, at_once=3), now=NOW)
    assert next((one.starts_at, one.people) for one in found.over) == (NOW, 3)


def test_a_shadow_covers_nothing(drawn):
    assert review(drawn({"needs": "always"}, role="shadow"), now=NOW).gaps[0].people == 0


def test_shifts_in_an_absence_are_shown_and_are_gaps(drawn, grace):
    Absence.objects.create(
        person=grace, starts_at=z("2027-03-30T00:00"), ends_at=z("2027-03-31T00:00"), created_at=NOW, by=grace
    )
    found = review(drawn({"needs": "always"}, name="West"), now=NOW)
    assert [(one.person, one.starts_at, one.ends_at) for one in found.clashes] == [
        (grace, z("2027-03-30T00:00"), z("2027-03-31T00:00"))
    ]
    assert [(gap.starts_at, gap.ends_at) for gap in found.gaps] == [(z("2027-03-30T00:00"), z("2027-03-31T00:00"))]


def test_a_shift_inside_a_rest_is_shown_as_any_other_absence_and_not_why(drawn, ada):
    """R33: publishing flags it; a rest says no more than that somebody is away."""
    about = {"kind": "rest", "source": "rest", "created_at": NOW, "by": None}
    Absence.objects.create(person=ada, starts_at=z("2027-03-25T04:20"), ends_at=z("2027-03-25T11:00"), **about)
    found = review(drawn(name="West"), now=NOW)
    assert [(one.person, one.starts_at, one.ends_at, one.why) for one in found.clashes] == [
        (ada, z("2027-03-25T04:20"), z("2027-03-25T11:00"), "absent")
    ]


def test_a_rotation_is_added_and_another_taken_out(schedule, pilot, lise, ada):
    spec = spec_of(schedule)
    more = RotationSpec(
        name="Second", role="secondary", first_on=date(2027, 4, 1), handoff_time=time(8), people=people(lise)
    )
    draft = drafts.save_draft(schedule=schedule, spec=replace(spec, rotations=(more,)), by=pilot, now=NOW)
    publish.publish(draft=draft, by=pilot, now=NOW)
    assert [(one.name, one.role) for one in Rotation.objects.all()] == [("Second", "secondary")]
    assert queries.on_call(schedule=schedule, at=NOW - timedelta(hours=1))[0].person == ada  # it was so
    assert queries.on_call(schedule=schedule, at=NOW) == []


def test_a_moved_handoff_is_published_and_put_back(drawn, schedule, pilot, ada):
    moved = spec_of(schedule).rotations[0]
    from rotations.schedule.spec import MovedSpec

    publish.publish(draft=drawn(moved=(MovedSpec(4, z("2027-03-30T16:00")),)), by=pilot, now=NOW)
    assert queries.on_call(schedule=schedule, at=z("2027-03-30T15:59"))[0].person == ada
    publish.publish(draft=drawn(moved=()), by=pilot, now=NOW)
    assert spec_of(schedule).rotations[0] == moved


def test_a_schedule_by_which_nobody_ever_was_on_call_can_go(db, pilot):
    from rotations.schedule import services

    empty = services.create_schedule(name="Empty", now=NOW)
    publish.delete_schedule(schedule=empty, by=pilot, now=NOW)
    assert not Schedule.objects.exists()


def test_a_schedule_by_which_somebody_was_on_call_stays(schedule, pilot):
    with pytest.raises(publish.StillInUse, match="Take its rotations out instead"):
        publish.delete_schedule(schedule=schedule, by=pilot, now=NOW)


def test_the_last_rotation_of_a_schedule_that_a_policy_calls_stays(schedule, pilot):
    from incidents.escalation.models import EscalationPolicy, Step

    Step.objects.create(policy=EscalationPolicy.objects.create(name="Night"), position=0, schedule=schedule)
    draft = drafts.save_draft(schedule=schedule, spec=replace(spec_of(schedule), rotations=()), by=pilot, now=NOW)
    with pytest.raises(publish.StillInUse, match="Nobody would be on call for Triage, and it is"):
        publish.publish(draft=draft, by=pilot, now=NOW, signature="gone")
    with pytest.raises(publish.StillInUse, match="Say who is called there instead"):
        publish.delete_schedule(schedule=schedule, by=pilot, now=NOW)


def test_what_cannot_be_published_any_more_says_where(drawn, pilot, grace):
    draft = drawn(every=2)
    grace.is_active = False
    grace.save()
    with pytest.raises(BadSpec) as refused:
        publish.publish(draft=draft, by=pilot, now=NOW)
    assert refused.value.errors == {
        "rotations[0].people[1].person": ["Grace Hopper has left and cannot be on call. Take them out."]
    }


def test_nothing_before_now_changes(drawn, schedule, pilot, ada, lise):
    store(schedule_id=schedule.pk, now=NOW)
    publish.publish(draft=drawn(people=people(lise)), by=pilot, now=NOW)
    assert queries.on_call(schedule=schedule, at=NOW - timedelta(seconds=1))[0].person == ada
    assert queries.on_call(schedule=schedule, at=NOW)[0].person == lise
    known_before = Shift.objects.as_known(NOW - timedelta(seconds=1)).get(starts_at__lte=NOW, ends_at__gt=NOW)
    assert known_before.person == ada


def test_two_stewards_are_on_at_every_instant_through_joining_and_leaving(schedule, pilot, ada, grace, lise, manager):
    """Four-week terms that start every two weeks, by name. Max joins and Ada leaves."""
    one = RotationSpec(
        name="Stewards",
        first_on=date(2027, 3, 1),
        handoff_time=time(14),
        unit="week",
        every=2,
        at_once=2,
        order="alphabetical",
        people=people(ada, grace, lise),
    )
    promise = replace(spec_of(schedule), needs="always", at_least=2, at_most=2, rotations=(one,))
    publish.publish_spec(schedule=schedule, spec=promise, by=pilot, now=z("2027-03-01T14:00"))
    changed = replace(spec_of(schedule).rotations[0], people=people(grace, lise, manager))
    draft = drafts.draw_rotation(schedule=schedule, rotation=changed, by=pilot, now=NOW)
    found = review(draft, now=NOW)
    assert (found.gaps, found.over) == ([], [])
    publish.publish(draft=draft, by=pilot, now=NOW)
    on = [
        sorted(
            duty.person.username for duty in queries.on_call(schedule=schedule, at=z("2027-03-02T00:00") + 14 * DAY * n)
        )
        for n in range(5)
    ]
    assert on == [["ada", "grace"], ["grace", "lise"], ["lise", "max"], ["grace", "max"], ["grace", "lise"]]

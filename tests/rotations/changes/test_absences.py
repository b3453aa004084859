"""Who cannot be on call, from when until when, and who may say so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from rotations.changes import queries, refusals, services
from rotations.changes.models import Absence, AbsenceFeed
from rotations.coverage.queries import on_call
from rotations.schedule.models import Schedule
from tests.rotations.conftest import NOW

WEDNESDAY = datetime(2027, 3, 24, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def away(ada):
    """Ada is on leave on 24 March, unless told otherwise."""

    def away(**changes) -> Absence:
        words = {
            "person": ada,
            "kind": "leave",
            "starts_at": WEDNESDAY,
            "ends_at": WEDNESDAY + DAY,
            "by": changes.get("person", ada),
            "now": NOW,
        }
        return services.add_absence(**words | changes)

    return away


@pytest.fixture
def edit(ada):
    def edit(absence, **changes) -> Absence:
        same = {name: getattr(absence, name) for name in ("kind", "starts_at", "ends_at", "note")}
        return services.edit_absence(absence=absence, **same | {"by": ada, "now": NOW} | changes)

    return edit


def edition(schedule) -> int:
    return Schedule.objects.get(pk=schedule.pk).edition


def on(schedule, at) -> list[str]:
    return [one.person.username for one in on_call(schedule=schedule, at=at)]


def test_who_is_absent_is_not_on_call_and_nobody_falls_into_their_place(schedule, away):
    away()
    instants = (WEDNESDAY - HOUR, WEDNESDAY, WEDNESDAY + DAY - HOUR, WEDNESDAY + DAY)
    assert [on(schedule, at) for at in instants] == [["ada"], [], [], ["ada"]]


def test_an_absence_works_from_its_creation_on(schedule, away):
    made = away(starts_at=NOW - DAY, kind="sick")
    assert made.effective_from == NOW
    assert on(schedule, NOW - HOUR) == ["ada"]
    assert on(schedule, NOW) == []


def test_a_cancelled_absence_has_been_one_until_then(schedule, away, ada):
    noon = WEDNESDAY + 12 * HOUR
    cancelled = services.cancel_absence(absence=away(), by=ada, now=noon)
    assert cancelled.covers_until == noon
    assert [on(schedule, noon - HOUR), on(schedule, noon)] == [[], ["ada"]]
    assert services.cancel_absence(absence=cancelled, by=ada, now=noon + HOUR).cancelled_at == noon


def test_two_by_hand_never_overlap_and_the_other_is_named(away):
    away()
    with pytest.raises(refusals.Overlap) as refused:
        away(starts_at=WEDNESDAY + 12 * HOUR, ends_at=WEDNESDAY + 3 * DAY)
    assert str(refused.value) == (
        "Ada Moreno is absent Wed 24 Mar 00:00 to Thu 25 Mar 00:00 UTC already. "
        "Change or cancel that one, or choose another span."
    )
    assert away(starts_at=WEDNESDAY + DAY, ends_at=WEDNESDAY + 2 * DAY)


def test_two_people_are_absent_at_once(away, grace):
    away()
    assert away(person=grace)


def test_a_rest_may_lie_over_what_is_there(away):
    away()
    assert away(source="rest", kind="rest", by=None).by is None


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"ends_at": WEDNESDAY}, refusals.EmptySpan, "ends_at"),
        ({"starts_at": NOW - DAY, "ends_at": NOW}, refusals.InThePast, "ends_at"),
        ({"ends_at": datetime(2100, 1, 1, tzinfo=UTC)}, refusals.OutOfOurTime, "ends_at"),
    ],
)
def test_a_span_that_cannot_be_is_refused_at_its_field(away, changes, refusal, field):
    with pytest.raises(refusal) as refused:
        away(**changes)
    assert refused.value.field == field
    assert not Absence.objects.exists()


def test_one_enters_ones_own_and_those_who_may_arrange_anybodys(away, grace, ada, pilot, manager):
    with pytest.raises(refusals.NotAllowed, match="ask the pilot or a manager"):
        away(by=grace)
    grace.is_superuser = True
    grace.save()
    for number, who in enumerate([ada, pilot, manager, grace]):
        assert away(by=who, starts_at=WEDNESDAY + number * DAY, ends_at=WEDNESDAY + (number + 1) * DAY)


def test_only_the_schedules_that_it_concerns_are_computed_anew(schedule, away, ada, grace, pilot):
    other = Schedule.objects.create(name="Other", slug="other")
    before = edition(schedule)
    services.cancel_absence(absence=away(), by=ada, now=NOW)
    away(person=pilot)
    assert edition(schedule) == before + 2
    services.override(
        schedule=schedule,
        role="primary",
        person=pilot,
        starts_at=WEDNESDAY + 2 * DAY,
        ends_at=WEDNESDAY + 3 * DAY,
        reason="",
        by=pilot,
        now=NOW,
    )
    away(person=pilot, starts_at=WEDNESDAY + 2 * DAY, ends_at=WEDNESDAY + 3 * DAY)  # who covers, also counts
    assert edition(schedule) == before + 4
    assert edition(other) == 0


def test_an_absence_is_moved_before_it_begins(schedule, away, edit):
    edit(away(), starts_at=WEDNESDAY + DAY, ends_at=WEDNESDAY + 2 * DAY)
    assert on(schedule, WEDNESDAY) == ["ada"]
    assert on(schedule, WEDNESDAY + DAY) == []


def test_a_start_moved_into_the_past_works_from_now_on(schedule, away, edit):
    made = away()
    later = NOW + HOUR
    moved = edit(made, starts_at=NOW - DAY, now=later)
    assert moved.effective_from == later
    assert on(schedule, NOW + HOUR / 2) == ["ada"]


def test_once_begun_the_start_stays_and_the_end_moves(schedule, away, edit):
    made = away()
    noon = WEDNESDAY + 12 * HOUR
    with pytest.raises(refusals.InThePast, match="so its start stays") as refused:
        edit(made, starts_at=WEDNESDAY + HOUR, now=noon)
    assert refused.value.field == "starts_at"
    edit(made, ends_at=WEDNESDAY + 20 * HOUR, now=noon)
    assert [on(schedule, WEDNESDAY), on(schedule, WEDNESDAY + 20 * HOUR)] == [[], ["ada"]]


def test_an_absence_that_is_over_cannot_be_changed(away, edit, ada):
    made = away()
    with pytest.raises(refusals.InThePast, match="cannot be changed"):
        edit(made, ends_at=WEDNESDAY + 9 * DAY, now=WEDNESDAY + DAY)
    with pytest.raises(refusals.InThePast, match="cannot be cancelled"):
        services.cancel_absence(absence=made, by=ada, now=WEDNESDAY + DAY)


def test_an_absence_is_not_moved_onto_another(away, edit):
    away()
    second = away(starts_at=WEDNESDAY + 2 * DAY, ends_at=WEDNESDAY + 3 * DAY)
    with pytest.raises(refusals.Overlap, match="Wed 24 Mar"):
        edit(second, starts_at=WEDNESDAY + 12 * HOUR)


def test_a_stranger_neither_changes_nor_cancels_one(away, edit, grace):
    made = away()
    with pytest.raises(refusals.NotAllowed, match="Only Ada Moreno, the pilot or a manager"):
        edit(made, by=grace)
    with pytest.raises(refusals.NotAllowed):
        services.cancel_absence(absence=made, by=grace, now=NOW)


def test_why_is_seen_by_the_person_and_those_who_may_arrange(away, ada, grace, pilot, manager):
    made = away(note="knee")
    seen = {
        who: queries.may_see_why(who, absence=made, arranges=queries.may_arrange(who, now=NOW))
        for who in (ada, grace, pilot, manager)
    }
    assert seen == {ada: True, grace: False, pilot: True, manager: True}


def test_who_is_absent_is_asked_for_many_at_once(away, ada, grace, lise, django_assert_num_queries):
    made = away()
    away(person=grace, starts_at=WEDNESDAY + DAY, ends_at=WEDNESDAY + 2 * DAY)
    with django_assert_num_queries(1):
        found = queries.absent(people=[ada, grace, lise], start=WEDNESDAY, end=WEDNESDAY + DAY)
    assert found == {ada.pk: [made]}


def test_the_database_itself_refuses_two_by_hand_at_once(away, ada):
    made = away()
    with pytest.raises(IntegrityError, match="one_absence_by_hand_at_a_time"), transaction.atomic():
        Absence.objects.create(person=ada, starts_at=made.starts_at, ends_at=made.ends_at, by=ada, created_at=NOW)


# Absences that come from a calendar


@pytest.fixture
def feed(ada) -> AbsenceFeed:
    return AbsenceFeed.objects.create(person=ada, url="https://example.org/ada.ics", label="My leave", created_at=NOW)


def event(
    uid: str, start: datetime = WEDNESDAY, end: datetime | None = None, summary: str = ""
) -> services.FeedAbsence:
    return services.FeedAbsence(uid, start, end or start + DAY, summary)


def replace(feed, *events, now=NOW, **about) -> bool:
    return services.replace_feed_absences(feed=feed, absences=events, now=now, **about)


def standing(feed) -> list[tuple[str, datetime, datetime]]:
    return list(Absence.objects.standing().filter(feed=feed).values_list("uid", "starts_at", "ends_at"))


def test_what_stands_in_the_calendar_stands_here(feed, schedule, away):
    away()  # by hand, on the same day: unavailability is the union
    assert replace(feed, event("a", summary="Holiday"), event("b", WEDNESDAY + 5 * DAY))
    assert standing(feed) == [
        ("a", WEDNESDAY, WEDNESDAY + DAY),
        ("b", WEDNESDAY + 5 * DAY, WEDNESDAY + 6 * DAY),
    ]
    assert Absence.objects.get(uid="a").note == "Holiday"


def test_the_same_calendar_again_changes_nothing(feed, schedule):
    replace(feed, event("a"))
    before = edition(schedule)
    assert not replace(feed, event("a"))
    assert edition(schedule) == before


def test_a_new_name_of_an_event_is_kept_and_computes_nothing_anew(feed, schedule):
    replace(feed, event("a"))
    before = edition(schedule)
    assert not replace(feed, event("a", summary="Dentist"))
    assert Absence.objects.get().note == "Dentist"
    assert edition(schedule) == before


def test_an_event_that_is_gone_or_moved_is_so_here(feed, schedule):
    replace(feed, event("a"), event("b"))
    assert replace(feed, event("b", WEDNESDAY + DAY))
    assert standing(feed) == [("b", WEDNESDAY + DAY, WEDNESDAY + 2 * DAY)]
    assert on(schedule, WEDNESDAY) == ["ada"]


def test_what_has_begun_and_is_moved_stays_as_it_was_until_now(feed, schedule):
    replace(feed, event("a"))
    noon = WEDNESDAY + 12 * HOUR
    replace(feed, event("a", WEDNESDAY + 13 * HOUR), now=noon)
    hours = [on(schedule, WEDNESDAY + hour * HOUR) for hour in (11, 12, 13)]
    assert hours == [[], ["ada"], []]


def test_what_is_past_or_was_not_read_that_far_stays(feed):
    replace(feed, event("a"), event("far", WEDNESDAY + 300 * DAY))
    later = WEDNESDAY + 2 * DAY
    assert not replace(feed, now=later, until=WEDNESDAY + 200 * DAY)
    assert [uid for uid, _, _ in standing(feed)] == ["a", "far"]


def test_odd_events_are_passed_over(feed):
    replace(
        feed,
        event("backwards", WEDNESDAY, WEDNESDAY - DAY),
        event("over", NOW - DAY, NOW),
        event("for ever", WEDNESDAY, datetime(9999, 1, 1, tzinfo=UTC)),
        event("twice"),
        event("twice", WEDNESDAY + DAY),
    )
    assert standing(feed) == [
        ("for ever", WEDNESDAY, datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("twice", WEDNESDAY + DAY, WEDNESDAY + 2 * DAY),
    ]


def test_what_comes_from_a_calendar_is_changed_only_there(feed, edit, ada):
    replace(feed, event("a"))
    with pytest.raises(refusals.NotAllowed, match="comes from a calendar"):
        services.cancel_absence(absence=Absence.objects.get(), by=ada, now=NOW)

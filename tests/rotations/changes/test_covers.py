"""Instead of one person, taking the pager, who cannot cover; who is told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from oncall.paging.models import ContactMethod, Notice
from rotations.changes import refusals, services
from rotations.changes.models import Absence, Override
from rotations.coverage.queries import on_call, shifts
from rotations.schedule import services as schedules
from rotations.schedule.models import Schedule
from rotations.schedule.services import Turns
from tests.rotations.conftest import NOW

MONDAY = datetime(2027, 3, 29, 16, tzinfo=UTC)  # Ada hands over to Grace, 09:00 in California
WEEK = timedelta(days=7)


@pytest.fixture
def cover(schedule, lise):
    """Lise covers the whole of April, instead of nobody in particular unless told otherwise."""

    def cover(**changes) -> Override:
        words = {
            "schedule": schedule,
            "role": "primary",
            "person": lise,
            "starts_at": datetime(2027, 4, 1, tzinfo=UTC),
            "ends_at": datetime(2027, 5, 1, tzinfo=UTC),
            "reason": "",
            "by": changes.get("person", lise),
            "now": NOW,
        }
        return services.override(**words | changes)

    return cover


def absent(person, start: datetime, end: datetime, **about) -> Absence:
    words = {"person": person, "kind": "leave", "starts_at": start, "ends_at": end, "by": person, "now": NOW}
    return services.add_absence(**words | about)


def test_a_cover_of_several_shifts_keeps_the_gaps_between_them(cover, schedule, ada, grace, lise):
    cover(replaces=ada)
    held = [
        (f"{one.starts_at:%m-%d}", one.person)
        for one in shifts(
            schedule=schedule, start=datetime(2027, 4, 1, tzinfo=UTC), end=datetime(2027, 4, 25, tzinfo=UTC)
        )
    ]
    assert held == [("03-29", grace), ("04-05", lise), ("04-12", lise), ("04-19", grace)]


def test_covers_of_two_people_by_one_may_overlap(cover, schedule, ada, grace, lise):
    cover(replaces=ada)
    cover(replaces=grace)
    assert {one.person for one in shifts(schedule=schedule, start=MONDAY + WEEK, end=MONDAY + 4 * WEEK)} == {lise}


@pytest.mark.parametrize("first", [True, False])
def test_the_role_alone_and_one_person_of_it_never_overlap(cover, ada, grace, first):
    cover(replaces=ada if first else None)
    with pytest.raises(refusals.Overlap, match=r"Lise Girard already covers( for Ada Moreno)? Thu 1 Apr 00:00 to"):
        cover(person=grace, replaces=None if first else ada)


def test_the_database_itself_refuses_the_role_alone_beside_one_person(cover, schedule, ada, grace):
    made = cover(replaces=ada)
    with pytest.raises(IntegrityError, match="one_override_at_a_time"), transaction.atomic():
        Override.objects.create(
            schedule=schedule,
            role="primary",
            person=grace,
            starts_at=made.starts_at,
            ends_at=made.ends_at,
            by=grace,
            created_at=NOW,
        )


def test_nobody_covers_for_themselves(cover, lise):
    with pytest.raises(refusals.CannotCover, match="Lise Girard cannot cover for themselves") as refused:
        cover(replaces=lise)
    assert refused.value.field == "replaces"


def test_a_cover_for_somebody_without_a_turn_in_the_span_is_refused(cover, ada):
    with pytest.raises(refusals.NothingToOverride, match=r"Ada Moreno has no turn in Triage \(primary\)") as refused:
        cover(replaces=ada, starts_at=MONDAY, ends_at=MONDAY + WEEK)
    assert refused.value.field == "replaces"


def test_somebody_who_covers_may_be_covered(cover, schedule, ada, grace, lise):
    cover(replaces=grace, starts_at=MONDAY, ends_at=MONDAY + WEEK)
    cover(person=ada, replaces=lise, starts_at=MONDAY, ends_at=MONDAY + timedelta(days=1))
    assert [duty.person for duty in on_call(schedule=schedule, at=MONDAY)] == [ada]
    assert [duty.person for duty in on_call(schedule=schedule, at=MONDAY + timedelta(days=1))] == [lise]


def test_who_is_absent_cannot_cover_and_the_span_is_named_but_not_why(cover, lise):
    absent(lise, datetime(2027, 4, 10, tzinfo=UTC), datetime(2027, 4, 12, tzinfo=UTC), kind="sick", note="knee")
    with pytest.raises(refusals.CannotCover) as refused:
        cover()
    assert str(refused.value) == (
        "Lise Girard is absent Sat 10 Apr 00:00 to Mon 12 Apr 00:00 UTC. Choose somebody else, or another span."
    )


def test_an_override_works_from_its_creation_on(cover, schedule, ada, lise):
    made = cover(starts_at=NOW - timedelta(hours=2), ends_at=NOW + timedelta(hours=1))
    assert (made.effective_from, made.covers_until) == (NOW, NOW + timedelta(hours=1))
    assert [one.person for one in on_call(schedule=schedule, at=NOW - timedelta(seconds=1))] == [ada]
    assert [one.person for one in on_call(schedule=schedule, at=NOW)] == [lise]


def test_every_override_and_its_end_is_known_to_coverage(cover, schedule, lise):
    before = Schedule.objects.get(pk=schedule.pk).edition
    made = cover()
    assert Schedule.objects.get(pk=schedule.pk).edition == before + 1
    services.cancel(override=made, by=lise, now=NOW)
    assert Schedule.objects.get(pk=schedule.pk).edition == before + 2


def test_who_is_put_on_call_or_relieved_by_somebody_else_is_told_on_their_own_clock(cover, pilot, ada, lise):
    for person in (ada, lise, pilot):
        ContactMethod.objects.create(
            person=person, kind="email", address=f"{person.username}@example.org", created_at=NOW
        )
    start = MONDAY - timedelta(hours=1)  # 08:00 in California, 17:00 in Paris, which is on summer time since Sunday
    cover(replaces=ada, starts_at=start, ends_at=MONDAY, by=pilot)
    assert {notice.person: notice.text for notice in Notice.objects.all()} == {
        ada: "Lise Girard is, instead of you, on call for Triage Mon 29 Mar 08:00 to 09:00 (your time). "
        "Arranged by Petra Pilot.",
        lise: "You are on call for Triage Mon 29 Mar 17:00 to 18:00 (your time). Arranged by Petra Pilot.",
    }


def take(schedule, from_person, by, **changes) -> list[Override]:
    words = {"schedule": schedule, "role": "primary", "from_person": from_person, "by": by, "until": MONDAY, "now": NOW}
    return services.take(**words | changes)


def test_the_pager_is_taken_from_now_until_the_shift_ends(schedule, ada, grace):
    (made,) = take(schedule, ada, grace)
    assert (made.replaces, made.starts_at, made.ends_at, made.reason) == (ada, NOW, MONDAY, "took the pager")
    assert [one.person for one in on_call(schedule=schedule, at=NOW)] == [grace]


def test_who_is_relieved_is_told_until_when(schedule, ada, grace):
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    take(schedule, ada, grace)
    assert Notice.objects.get().text == "Grace Hopper took the pager of Triage from you until Mon 09:00 (your time)."


def test_the_pager_is_taken_from_somebody_who_has_the_role_alone_and_goes_back_to_them(
    cover, schedule, ada, grace, lise
):
    cover(starts_at=NOW, ends_at=NOW + timedelta(hours=8))
    later = NOW + timedelta(hours=1)
    take(schedule, lise, grace, now=later, until=later + timedelta(hours=2))
    at = [on_call(schedule=schedule, at=NOW + timedelta(hours=hour))[0].person for hour in (0, 1, 2, 3, 8)]
    assert at == [lise, grace, grace, lise, ada]


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"until": NOW}, refusals.InThePast, "The shift of Ada Moreno is over. Look again who is on call."),
        ({"by": "ada"}, refusals.CannotCover, "You have the pager already."),
        ({"role": "secondary"}, refusals.NothingToOverride, "Triage has no secondary rotation"),
        ({"from_person": "lise", "by": "grace"}, refusals.NothingToOverride, "Lise Girard has no turn in Triage"),
    ],
)
def test_a_pager_that_cannot_be_taken_is_refused_with_the_reason(schedule, ada, grace, lise, changes, refusal, words):
    people = {"ada": ada, "grace": grace, "lise": lise}
    asked = {"from_person": ada, "by": grace} | {
        name: people.get(value, value) if isinstance(value, str) else value for name, value in changes.items()
    }
    with pytest.raises(refusal, match=words):
        take(schedule, **asked)
    assert not Override.objects.exists()


def test_who_is_absent_or_has_left_cannot_take_the_pager(schedule, ada, grace, lise):
    absent(grace, NOW, NOW + timedelta(hours=1))
    lise.is_active = False
    lise.save()
    for person in (grace, lise):
        with pytest.raises(refusals.CannotCover):
            take(schedule, ada, person)


def test_a_pager_that_somebody_took_already_is_refused_naming_them(schedule, ada, grace, lise):
    take(schedule, ada, grace)
    with pytest.raises(refusals.Answered, match="Grace Hopper has the pager already, not Ada Moreno"):
        take(schedule, ada, lise)


def test_the_pager_is_taken_from_one_of_two_who_are_on_together(ada, grace, lise, pilot):
    turns = Turns("UTC", "week", 1, date(2027, 3, 22), time(0), at_once=2)
    pair = schedules.create_schedule(name="Pair", now=NOW - WEEK)
    schedules.create_rotation(
        schedule=pair, role="primary", name="Pair", turns=turns, people=[ada, grace, lise], now=NOW - WEEK
    )
    take(pair, ada, pilot, until=NOW + timedelta(hours=1))
    assert {one.person for one in on_call(schedule=pair, at=NOW)} == {pilot, grace}

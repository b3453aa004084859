"""The schedule needs somebody always, and Ada's week ends on Monday 29 March 16:00 UTC."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Membership, Team
from oncall.troubles.models import Trouble
from rotations.changes.models import Absence
from rotations.changes.services import touch_for
from rotations.coverage import watching
from rotations.coverage.models import SignedGap
from rotations.schedule.models import Schedule

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def always(schedule):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    return Schedule.objects.get(pk=schedule.pk)


def absent(person, start: datetime, end: datetime) -> Absence:
    made = Absence.objects.create(person=person, starts_at=start, ends_at=end, created_at=NOW, by=person)
    touch_for(person, now=NOW)
    return made


def open_gaps() -> list[str]:
    return list(Trouble.objects.open().filter(kind="gap").order_by("since", "pk").values_list("text", flat=True))


def test_what_is_covered_is_no_gap(always):
    assert watching.uncovered(schedule=always, now=NOW, until=NOW + 365 * DAY) == []


def test_an_absence_within_a_day_is_a_trouble_and_names_the_span(always, ada):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    assert open_gaps() == [
        "Nobody is on call for Triage Tue 23 Mar 20:00 to 23:00 UTC. Find cover, or sign for the gap."
    ]
    assert Trouble.objects.get().url == f"/rotations/{always.pk}/gaps/"


def test_a_gap_that_goes_on_is_one_trouble(always, ada):
    absent(ada, z("2027-03-23T04:00"), z("2027-03-28T04:00"))
    for hours in (0, 1, 2, 30, 60, 100):
        watching.watch_gaps(now=NOW + timedelta(hours=hours))
    assert Trouble.objects.count() == 1
    assert Trouble.objects.get().until is None


def test_a_gap_that_is_covered_is_over(always, ada):
    made = absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    Absence.objects.filter(pk=made.pk).update(cancelled_at=NOW)
    touch_for(ada, now=NOW)
    watching.watch_gaps(now=NOW + timedelta(minutes=1))
    assert open_gaps() == []


def test_a_gap_that_is_past_is_over(always, ada):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    watching.watch_gaps(now=z("2027-03-23T23:00"))
    assert open_gaps() == []


def test_a_signature_ends_the_trouble_at_once(always, ada, pilot):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    watching.sign_gap(schedule=always, starts_at=NOW, ends_at=NOW + DAY, reason="Maintenance", by=pilot, now=NOW)
    signed = SignedGap.objects.get()
    assert (signed.starts_at, signed.ends_at) == (z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    assert open_gaps() == []


def test_a_manager_signs_and_a_member_does_not(always, ada, lise, manager):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    gap = {"schedule": always, "starts_at": NOW, "ends_at": NOW + DAY, "now": NOW}
    with pytest.raises(watching.NotAllowed, match="Only the pilot, managers and administrators sign"):
        watching.sign_gap(**gap, reason="x", by=lise)
    with pytest.raises(watching.NoReason):
        watching.sign_gap(**gap, reason=" ", by=manager)
    assert len(watching.sign_gap(**gap, reason="x", by=manager)) == 1


def test_what_is_covered_cannot_be_signed(always, pilot):
    with pytest.raises(watching.NothingToSign, match="Nobody is missing from Triage then"):
        watching.sign_gap(schedule=always, starts_at=NOW, ends_at=NOW + DAY, reason="x", by=pilot, now=NOW)


def test_only_observing_minutes_are_missed_at_night(always, ada):
    """Sunset side on 23 March: -12 degrees at 23:42 UTC; the absence covers the whole night and the day around it."""
    Schedule.objects.update(needs="night")
    absent(ada, z("2027-03-23T12:00"), z("2027-03-24T12:00"))
    ((gap),) = watching.uncovered(schedule=Schedule.objects.get(), now=NOW, until=NOW + 2 * DAY)
    assert (gap.starts_at, gap.ends_at) == (z("2027-03-23T23:42"), z("2027-03-24T09:57"))


def test_too_few_of_two_are_said_as_such(always):
    Schedule.objects.update(at_least=2)
    watching.watch_gaps(now=NOW)
    assert open_gaps()[0].startswith("Only 1 of 2 are on call for Triage Mon 22 Mar 03:10 to ")


@pytest.fixture
def mail(pilot):
    ContactMethod.objects.create(person=pilot, kind="email", address="petra@example.org", created_at=NOW)


@pytest.mark.usefixtures("mail")
def test_the_pilot_is_told_of_gaps_farther_away_once_a_day(always, ada, pilot):
    absent(ada, z("2027-03-25T20:00"), z("2027-03-25T23:00"))
    for hours in (0, 1, 2):
        watching.watch_gaps(now=NOW + timedelta(hours=hours))
    told = Notice.objects.get()
    assert told.text.startswith("Triage has a gap Thu 25 Mar 13:00 to 16:00 PDT. Find cover, or sign for it.")
    watching.watch_gaps(now=NOW + DAY)
    assert Notice.objects.count() == 2
    assert open_gaps() == []


@pytest.mark.usefixtures("mail")
def test_another_gap_of_the_same_day_is_told_too(always, ada):
    absent(ada, z("2027-03-25T20:00"), z("2027-03-25T23:00"))
    watching.watch_gaps(now=NOW)
    absent(ada, z("2027-03-26T20:00"), z("2027-03-26T23:00"))
    watching.watch_gaps(now=NOW + timedelta(minutes=1))
    last = Notice.objects.order_by("-created_at")[0]
    assert last.text.startswith("Triage has 2 gaps, 6 h in all, the first Thu 25 Mar 13:00")


def test_a_schedule_that_promises_nothing_has_no_gaps(schedule, ada):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    assert open_gaps() == []


def test_a_promise_taken_back_ends_its_trouble(always, ada):
    absent(ada, z("2027-03-23T20:00"), z("2027-03-23T23:00"))
    watching.watch_gaps(now=NOW)
    Schedule.objects.update(needs="nobody")
    watching.watch_gaps(now=NOW)
    assert open_gaps() == []


@pytest.mark.usefixtures("mail")
def test_the_pilot_is_told_once_when_a_teams_page_is_not_the_order_any_more(schedule, ada, grace, lise):
    team = Team.objects.create(name="Stewards", slug="stewards")
    schedule.rotations.update(team=team)
    for person in (ada, grace):
        Membership.objects.create(person=person, team=team)
    watching.watch_teams(now=NOW)
    watching.watch_teams(now=NOW + DAY)
    assert Notice.objects.get().text.startswith("Stewards: Lise Girard left. See what that changes in Triage West: ")


def test_a_pass_over_many_schedules_costs_few_queries(always, turns, grace, django_assert_max_num_queries):
    from rotations.coverage.services import refresh_due
    from rotations.schedule import services

    for number in range(9):
        extra = services.create_schedule(name=f"Extra {number}", needs="always", now=NOW)
        services.create_rotation(schedule=extra, role="primary", name="x", turns=turns, people=[grace], now=NOW)
    refresh_due(now=NOW)
    with django_assert_max_num_queries(12):
        watching.watch_gaps(now=NOW)

"""Who is reminded of what, when, and only once."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Team
from rotations.leave import approving, reminding, taking
from rotations.leave.models import CallOut

CALLED = datetime(2027, 3, 25, 4, 20, tzinfo=UTC)  # Thursday, when Lise was done


@pytest.fixture
def night(tell, lise, manager):
    for person, number in ((lise, "+33155550109"), (manager, "+33155550110")):
        ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=CALLED)
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")


@pytest.fixture
def told():
    def told(*instants: datetime) -> list[tuple[str, str]]:
        for now in instants:
            reminding.remind(now=now, limits=limits.at(now))
        return [(one.person.get_short_name(), one.text) for one in Notice.objects.order_by("created_at") if one.person]

    return told


CONFIRM = "One call-out waits for you to confirm or dispute, the oldest of 25 Mar. See My leave."


@pytest.mark.usefixtures("night")
def test_nobody_is_reminded_before_three_days_are_over(told):
    assert told(CALLED + timedelta(days=2, hours=23, minutes=59)) == []


@pytest.mark.usefixtures("night")
def test_after_three_days_at_a_decent_hour_and_once(told):
    """Three days later it is 06:20 in Paris, and later 09:00."""
    due = CALLED + timedelta(days=3)
    assert told(due) == []
    at_nine = datetime(2027, 3, 28, 7, tzinfo=UTC)
    assert told(at_nine, at_nine, at_nine + timedelta(hours=5)) == [("Lise", CONFIRM)]


@pytest.mark.usefixtures("night")
def test_again_after_three_more_days(told):
    at_nine = datetime(2027, 3, 28, 7, tzinfo=UTC)
    assert told(at_nine, at_nine + timedelta(days=3)) == [("Lise", CONFIRM)] * 2


@pytest.mark.usefixtures("night")
def test_several_are_one_notice(tell, told):
    tell("05:00 page B, 05:01 acknowledge B, 05:20 resolve B")
    ((_, text),) = told(datetime(2027, 3, 29, 7, tzinfo=UTC))
    assert text == "2 call-outs wait for you to confirm or dispute, the oldest of 25 Mar. See My leave."


@pytest.mark.usefixtures("night")
def test_who_was_asked_back_is_told_so(manager, told):
    approving.ask_back(call_out=CallOut.objects.get(), by=manager, reason="Why?", now=CALLED)
    Notice.objects.all().delete()
    ((_, text),) = told(datetime(2027, 3, 29, 7, tzinfo=UTC))
    assert text.endswith("Your manager asked something about 1 of them. See My leave.")


MONDAY = datetime(2027, 4, 5, 7, tzinfo=UTC)  # 09:00 in Paris


@pytest.mark.usefixtures("night")
def test_a_manager_is_told_on_monday_at_nine_and_once_a_week(lise, told):
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=CALLED)
    Notice.objects.all().delete()
    found = told(MONDAY - timedelta(minutes=1), MONDAY, MONDAY + timedelta(hours=3), MONDAY + timedelta(days=2))
    assert found == [("Max", "Waiting for you: 1 call-out to approve. See Leave, Approvals.")]


@pytest.mark.usefixtures("night")
def test_what_was_confirmed_less_than_a_week_ago_is_not_told_yet(lise, told):
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=MONDAY - timedelta(days=6))
    assert told(MONDAY) == []


@pytest.mark.usefixtures("night")
def test_a_request_for_leave_is_told_at_once_on_monday(lise, manager, told):
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=CALLED)
    approving.approve(call_out=CallOut.objects.get(), by=manager, now=CALLED)
    start = MONDAY + timedelta(days=3)
    asked_at = MONDAY - timedelta(hours=1)
    taking.ask(person=lise, by=lise, starts_at=start, ends_at=start + timedelta(hours=1), now=asked_at)
    Notice.objects.all().delete()
    assert told(MONDAY) == [("Max", "Waiting for you: 1 request for leave. See Leave, Approvals.")]


@pytest.mark.usefixtures("night")
def test_a_manager_of_others_hears_nothing(lise, ada, told):
    team = Team.objects.create(name="Observers", slug="observers")
    ada.role_terms.create(role="manager", team=team, starts_at=CALLED)
    ContactMethod.objects.create(person=ada, kind="phone", address="+14155550101", created_at=CALLED)
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=CALLED)
    assert {name for name, _ in told(MONDAY + timedelta(hours=8))} == {"Max"}


@pytest.mark.usefixtures("night")
def test_the_chore_looks_every_five_minutes_only(django_assert_num_queries):
    at_nine = datetime(2027, 3, 28, 7, tzinfo=UTC)
    numbers = limits.at(at_nine)
    reminding.pace.forget()
    reminding.keep(now=at_nine, limits=numbers)
    with django_assert_num_queries(0):
        reminding.keep(now=at_nine + timedelta(minutes=4), limits=numbers)
    assert Notice.objects.count() == 1


@pytest.mark.usefixtures("night")
def test_confirming_some_brings_no_reminder_of_the_others(tell, lise, told):
    """Once reminded, who confirms one after the other hears of the rest three days later and not every five minutes."""
    tell("05:00 page B, 05:01 acknowledge B, 05:20 resolve B")
    tell("06:00 page C, 06:01 acknowledge C, 06:20 resolve C")
    at_nine = datetime(2027, 3, 29, 7, tzinfo=UTC)
    told(at_nine)
    for many, call_out in enumerate(CallOut.objects.order_by("starts_at")[:2], start=1):
        approving.confirm(call_out=call_out, by=lise, now=at_nine + timedelta(minutes=6 * many))
        told(at_nine + timedelta(minutes=6 * many))
    assert Notice.objects.filter(person=lise).count() == 1
    assert len(told(at_nine + timedelta(days=3))) == 2


@pytest.mark.usefixtures("night")
def test_what_a_leaver_never_confirmed_waits_for_their_manager(lise, told):
    lise.is_active = False
    lise.save()
    assert told(MONDAY) == [("Max", "Waiting for you: 1 call-out to approve. See Leave, Approvals.")]

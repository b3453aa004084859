"""Whoever forgot to stand down is asked next day how long it really was."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.limits import queries as limits
from oncall.limits import services as limit_rows
from oncall.paging.models import ContactMethod, Notice
from rotations.leave import approving, forgotten, services
from rotations.leave.models import CallOut

PARIS = ZoneInfo("Europe/Paris")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


def keep(now: datetime) -> int:
    return forgotten.keep(now=now, limits=limits.at(now))


@pytest.fixture
def night(tell, lise, settings) -> CallOut:
    """Lise acknowledged at 01:02 in Paris and did not stand down; since 09:02 that counts as forgotten."""
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    ContactMethod.objects.create(person=lise, kind="email", address="lise@example.org", created_at=at("00:00"))
    tell("00:00 page A, 00:02 acknowledge A")
    services.close_forgotten(now=at("08:02"))
    return CallOut.objects.get()


def test_they_are_asked_at_noon_of_their_own_clock_and_not_before(night):
    assert keep(at("10:59:59")) == 0
    assert keep(at("11:00")) == 1


def test_they_are_told_what_is_counted_and_where_to_say_it(night, lise):
    keep(at("11:00"))
    notice = Notice.objects.get()
    assert notice.person == lise
    assert notice.text == (
        "You did not stand down from your call-out of Thu 25 Mar 01:00. It is counted until 01:32 (Europe/Paris):"
        f" 48 min of leave. Confirm or correct it: https://oncall.example.org/leave/call-outs/{night.pk}/"
    )


def test_they_are_asked_once(night):
    assert [keep(at("11:00")), keep(at("11:00")), keep(at("23:00"))] == [1, 0, 0]
    assert Notice.objects.count() == 1


def test_who_has_corrected_it_is_not_asked(night, lise):
    services.correct(
        call_out=night, by=lise, starts_at=at("00:00"), ends_at=at("03:00"), reason="Until four.", now=at("09:00")
    )
    assert keep(at("11:00")) == 0


def test_who_has_confirmed_it_is_not_asked(night, lise):
    approving.confirm(call_out=night, by=lise, now=at("09:00"))
    assert keep(at("11:00")) == 0
    assert not Notice.objects.exists()


def test_one_that_was_stood_down_from_is_not_asked_about(tell):
    tell("00:00 page A, 00:02 acknowledge A, 00:40 stand_down A")
    assert keep(at("11:00")) == 0


def test_who_resolved_it_only_after_a_silent_night_is_asked_too(tell):
    tell("00:00 page A, 00:02 acknowledge A, 09:00 resolve A")
    call_out = CallOut.objects.get()
    assert (call_out.ends_at, call_out.forgotten) == (at("00:32"), True)
    assert keep(at("11:00")) == 1


def test_what_turns_out_to_be_less_than_a_second_is_not_asked_about(tell, lise):
    tell("00:00:00.1 acknowledge A")
    services.close_forgotten(now=at("08:02"))
    services.record(
        person=lise, at=at("00:00:00.9"), kind="over", subject="alarm:A", text="", url="", now=at("09:00")
    )  # known late
    assert CallOut.objects.get().ends_at == at("00:00")
    assert keep(at("11:00")) == 0


def test_what_became_known_weeks_late_is_not_asked_about(night):
    assert keep(at("11:00") + timedelta(days=14)) == 0


def test_the_hour_is_a_limit(night):
    limit_rows.set_limit(name="call_out_forgotten_ask_at_s", value=9 * 3600, effective_from=at("00:00"))
    assert keep(at("08:10")) == 1  # 09:10 in Paris


def test_it_costs_one_query_when_there_is_nothing_to_ask(lise, django_assert_num_queries):
    in_force = limits.at(at("11:00"))
    with django_assert_num_queries(1):
        forgotten.keep(now=at("11:00"), limits=in_force)


@pytest.mark.parametrize(
    ("ended", "asked"),
    [
        ("2027-03-25T00:32", "2027-03-25T11:00"),  # a night: that noon
        ("2027-03-25T10:59", "2027-03-25T11:00"),
        ("2027-03-25T11:00", "2027-03-26T11:00"),  # noon itself: the next
        ("2027-03-25T21:00", "2027-03-26T11:00"),  # an evening: the next day's
        ("2027-03-27T21:00", "2027-03-28T10:00"),  # clocks go forward in that night
    ],
)
def test_it_is_the_first_noon_after_the_end(ended, asked):
    end = datetime.fromisoformat(ended).replace(tzinfo=UTC)
    assert forgotten.asking_at(end, at=12 * 3600, zone=PARIS) == datetime.fromisoformat(asked).replace(tzinfo=UTC)

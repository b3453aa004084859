"""Which rule a call-out earns by: the one in force when it began."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from oncall.limits.models import Limit
from oncall.people.models import HoursTerm, Person, WorkCalendar
from rotations.changes.models import Absence, AbsenceFeed
from rotations.leave import queries, rules, services
from rotations.leave.models import CallOut, LedgerEntry
from tests.rotations.leave.conftest import at

OLD = {  # as the first version kept it
    "version": 1,
    "calendar": "Default",
    "work_days": [1, 2, 3, 4, 5],
    "starts": "09:00:00",
    "ends": "17:00:00",
    "time_zone": "Europe/Paris",
    "country": "FR",
    "subdivision": "",
    "multiplier": "1.5",
}
DEFAULT = "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR), rule 1"


def limit(name: str, value: float | Decimal, since: datetime = datetime(2027, 1, 1, tzinfo=UTC)) -> None:
    Limit.objects.create(name=name, value=value, unit="", source="test", effective_from=since)


def test_the_default_is_the_seed(lise):
    assert rules.rule_of(lise, at=at("02:00")) == OLD
    assert rules.in_words(OLD) == DEFAULT


def test_an_old_rule_still_earns(db):
    earned = rules.earn(OLD, at("02:20"), at("02:23"))
    assert (earned.out_of_hours_s, earned.credit_s) == (180, 270)


def test_every_limit_is_kept_and_said(lise):
    limit("credit_multiplier_night", 2)
    limit("credit_multiplier_day_off", 1.75)
    limit("credit_minimum_s", 3600)
    limit("credit_rounding_s", 900)
    limit("credit_in_own_shift", 0)
    rule = rules.rule_of(lise, at=at("02:00"))
    assert rule == OLD | {
        "multipliers": {"night": "2", "day off": "1.75"},
        "minimum_s": 3600,
        "rounding_s": 900,
        "in_own_shift": False,
    }
    assert rules.in_words(rule) == (
        "1.5 times (2 for night, 1.75 for day off) the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris,"
        " public holidays FR), a call-out counts for 1 h at least, rounded up to a multiple of 15 min,"
        " own shifts of tier 1 earn nothing, rule 1"
    )


def test_a_kept_rule_earns_by_every_part_of_it(db):
    rule = OLD | {"multipliers": {"night": "2"}, "minimum_s": 1000, "rounding_s": 900}
    earned = rules.earn(rule, at("02:20"), at("02:23"))
    assert (earned.exact_s, earned.credit_s) == (Fraction(2000), 2700)  # 1000 s at 2, up to three quarters of an hour


def test_a_rule_takes_the_limits_of_its_instant(lise):
    limit("credit_multiplier", 2, at("03:00"))
    multipliers = [rules.rule_of(lise, at=at(text))["multiplier"] for text in ("02:59:59", "03:00")]
    assert multipliers == ["1.5", "2"]


def test_before_the_first_limits_these_hold(lise):
    assert rules.rule_of(lise, at=datetime(2015, 1, 1, tzinfo=UTC))["multiplier"] == "1.5"


def test_a_calendar_that_ends_at_midnight_says_24_00(lise):
    lise.calendar = WorkCalendar(name="Late", work_days=[1, 2, 3, 4, 5], starts=time(16), ends=time(0))
    rule = rules.rule_of(lise, at=at("02:00"))
    assert "Late (Mon to Fri 16:00-24:00 Europe/Paris" in rules.in_words(rule)
    assert rules.earn(rule, at("22:30"), at("23:30")).out_of_hours_s == 1800  # from 00:00 to 00:30 in Paris


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("FR", "57"), "public holidays FR-57)"),
        (("FR", "ZZ"), "public holidays FR, for ZZ is not known there)"),
        (("XX", ""), "no public holidays known for XX)"),
        (("", ""), "no public holidays)"),
    ],
)
def test_whose_holidays_count_is_said(place, words):
    rule = OLD | {"country": place[0], "subdivision": place[1]}
    assert words in rules.in_words(rule)


def test_a_place_that_nobody_knows_has_the_holidays_of_what_is_known(db):
    all_saints = datetime(2027, 11, 1, 10, tzinfo=UTC)
    worked = [
        rules.earn(OLD | {"country": country, "subdivision": "ZZ"}, all_saints, all_saints + timedelta(hours=1))
        for country in ("FR", "XX")
    ]
    assert [one.out_of_hours_s for one in worked] == [3600, 0]


# --- what a call-out's own hours ask


def away(lise: Person, starts: str, ends: str, **fields) -> Absence:
    words = {"kind": "leave", "source": "hand", "created_at": at("00:00")} | fields
    if words["source"] == "feed":
        words["feed"] = AbsenceFeed.objects.create(person=lise, url="https://example.org/a.ics", created_at=at("00:00"))
    return Absence.objects.create(person=lise, starts_at=at(starts), ends_at=at(ends), **words)


MORNING = "09:00 page A, 09:05 acknowledge A, 10:00 resolve A"  # 10:00 to 11:00 in Paris, on a Thursday


def test_who_is_called_on_leave_is_out_of_hours(tell, lise):
    away(lise, "08:00", "16:00")
    tell(MORNING)
    entry = LedgerEntry.objects.get()
    assert (entry.out_of_hours_s, entry.credit_s) == (3600, 5400)
    assert (entry.slices[0]["kind"], entry.slices[0]["name"]) == ("day off", "on leave")
    assert entry.rule.endswith("public holidays FR), leave is a day off, rule 1")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "travel"},
        {"source": "feed", "uid": "meeting"},
        {"created_at": at("11:00")},
        {"cancelled_at": at("01:00")},
    ],
    ids=["travel", "from a calendar", "entered afterwards", "cancelled before"],
)
def test_other_absences_leave_hours_of_work_what_they_are(tell, lise, fields):
    away(lise, "08:00", "16:00", **fields)
    tell(MORNING)
    assert not LedgerEntry.objects.exists()


def test_leave_counts_from_when_it_began(tell, lise):
    away(lise, "09:30", "16:00")
    tell(MORNING)
    assert LedgerEntry.objects.get().out_of_hours_s == 1800


@pytest.fixture
def own_shift(schedule, monkeypatch, lise):
    """Lise's own shift of tier 1 until 03:00 on 25 March."""
    from rotations.coverage import queries as coverage

    schedule.tier = 1
    shift = coverage.CoveredShift(schedule.pk, at("00:00"), at("03:00"), lise, "primary", "Triage West", schedule)
    monkeypatch.setattr(coverage, "held", lambda **_: [shift])
    return shift


def test_an_own_shift_earns_by_default(own_shift, tell, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    assert queries.balance(lise).credit_s == 10800


def test_an_own_shift_earns_nothing_where_the_limit_says_so(own_shift, tell, lise):
    limit("credit_in_own_shift", 0)
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    entry = LedgerEntry.objects.get()
    assert (entry.out_of_hours_s, entry.credit_s) == (7200, 5400)  # what is after 03:00
    assert [(piece["name"], piece["multiplier"]) for piece in entry.slices] == [("own shift", 0), ("", 1.5)]


def test_a_shift_of_another_tier_is_none_of_waiting(own_shift, schedule, tell, lise):
    schedule.tier = 2
    limit("credit_in_own_shift", 0)
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    assert queries.balance(lise).credit_s == 10800


# --- when the start moves


def moved(lise, text: str) -> CallOut:
    return services.correct(
        call_out=CallOut.objects.live().get(),
        by=lise,
        starts_at=at(text),
        ends_at=at("04:00"),
        reason="It began then.",
        now=at("12:00"),
    )


def test_a_start_moved_over_a_change_earns_by_the_rule_there(tell, lise):
    limit("credit_multiplier", 2, at("01:30"))
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    assert moved(lise, "01:00").rule["multiplier"] == "1.5"
    assert queries.balance(lise).credit_s == 16200  # 3 h at 1.5 instead of 2 h at 2


def test_earlier_evidence_moves_the_start_over_a_change_too(tell, lise):
    limit("credit_multiplier", 2, at("01:30"))
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A, 01:00 page B, 01:10 acknowledge B, 02:30 resolve B")
    assert CallOut.objects.live().get().rule["multiplier"] == "1.5"


def test_a_start_moved_over_no_change_keeps_the_rule_that_was_known(tell, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    limit("credit_multiplier", 2, datetime(2027, 2, 1, tzinfo=UTC))  # entered afterwards, for the past
    assert moved(lise, "01:00").rule["multiplier"] == "1.5"


def test_a_moved_end_keeps_the_rule_that_was_known(tell, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    HoursTerm.objects.create(
        person=lise, starts_at=at("01:00"), time_zone="Asia/Tokyo", created_at=at("10:00"), reason="Moved."
    )
    assert moved(lise, "02:00").rule["time_zone"] == "Europe/Paris"


def test_a_new_cap_does_not_shorten_what_was_forgotten_before(tell, lise):
    tell("02:00 page A, 02:05 acknowledge A")
    services.close_forgotten(now=at("12:00"))
    before = CallOut.objects.get().ends_at
    limit("call_out_forgotten_cap_s", 60, at("12:30"))
    services.settle(person=lise, now=at("13:00"))
    assert CallOut.objects.get().ends_at == before == at("02:35")


def test_multipliers_have_no_zeros_behind_them(lise):
    limit("credit_multiplier", Decimal("1.2500"))
    assert rules.rule_of(lise, at=at("02:00"))["multiplier"] == "1.25"

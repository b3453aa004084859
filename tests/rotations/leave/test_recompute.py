"""A rule that is entered for the past posts differences where somebody asks for them, and nowhere else."""

from datetime import UTC, datetime, time, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from oncall.limits.models import Limit
from oncall.people import editing
from oncall.people.models import HoursTerm, Team, WorkCalendar
from rotations.leave import queries, reconciling, services
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.recompute import RecomputationRefused, recompute
from rotations.leave.spans import Kind

LATER = datetime(2027, 6, 1, 12, tzinfo=UTC)
NIGHTS = [datetime(2027, month, 10, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]  # 02:00 in Paris, 03:00 in April
MID_FEBRUARY = datetime(2027, 2, 15, tzinfo=UTC)
YEAR = {"since": datetime(2027, 1, 1, tzinfo=UTC), "until": LATER}


@pytest.fixture
def nights(lise):
    """Four call-outs of two hours each, earning 3 h."""
    acts: list[tuple[int, Kind]] = [(0, "page"), (5, "acknowledge"), (120, "resolve")]
    for number, night in enumerate(NIGHTS):
        for after, kind in acts:
            instant = night + timedelta(minutes=after)
            services.record(
                person=lise, at=instant, kind=kind, subject=f"alarm:{number}:1", text="", url="", now=instant
            )
    return list(CallOut.objects.order_by("starts_at"))


@pytest.fixture
def again(lise):
    def again(**changes):
        return recompute(
            **{**YEAR, "by": None, "reason": "The multiplier is 2 since 15 February.", "now": LATER} | changes
        )

    return again


def limit(name: str, value: float, since: datetime) -> None:
    Limit.objects.create(name=name, value=value, unit="h/h", source="test", effective_from=since)


def stay(lise, starts_at: datetime, ends_at: datetime | None, zone: str = "Europe/Paris", **fields) -> HoursTerm:
    return HoursTerm.objects.create(
        person=lise, starts_at=starts_at, ends_at=ends_at, time_zone=zone, created_at=LATER, **fields
    )


def adjustments() -> list[tuple[datetime, int, int]]:
    found = LedgerEntry.objects.filter(kind="adjust").order_by("call_out__starts_at")
    return list(found.values_list("call_out__starts_at", "out_of_hours_s", "credit_s"))


def test_a_limit_changed_in_february_posts_the_difference_from_then_on(nights, again):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again()
    assert adjustments() == [(NIGHTS[2], 0, 3600), (NIGHTS[3], 0, 3600)]  # 4 h instead of 3


def test_each_difference_says_who_why_and_by_which_rule(nights, again, pilot):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again(by=pilot)
    entry = LedgerEntry.objects.filter(kind="adjust").earliest("call_out__starts_at")
    assert (entry.by, entry.reason, entry.at) == (pilot, "The multiplier is 2 since 15 February.", LATER)
    assert entry.rule.startswith("2 times the time outside Default")
    assert [piece["multiplier"] for piece in entry.slices] == [2.0]


def test_what_was_posted_stays_as_it_was(nights, again):
    before = list(LedgerEntry.objects.order_by("at").values())
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again()
    assert list(LedgerEntry.objects.filter(kind="earn").order_by("at").values()) == before


def test_a_second_run_posts_nothing(nights, again):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again()
    assert again() == []
    assert LedgerEntry.objects.count() == 6


def test_a_dry_run_says_the_same_and_writes_nothing(nights, again):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    rules = list(CallOut.objects.values_list("rule", flat=True))
    said = again(dry_run=True, reason="")
    assert [(one.call_out.starts_at, one.out_of_hours_s, one.credit_s) for one in said] == [
        (NIGHTS[2], 0, 3600),
        (NIGHTS[3], 0, 3600),
    ]
    assert (list(CallOut.objects.values_list("rule", flat=True)), adjustments()) == (rules, [])


def test_only_call_outs_that_began_in_the_span_are_asked(nights, again):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again(since=NIGHTS[3], until=NIGHTS[3] + timedelta(seconds=1))
    assert adjustments() == [(NIGHTS[3], 0, 3600)]


def test_only_these_people_are_asked(nights, again, ada):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    assert again(people=[ada]) == []


def test_a_backdated_stay_in_another_zone_posts_the_difference(nights, again, lise):
    stay(lise, datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 20, tzinfo=UTC), "Asia/Tokyo")
    again(reason="In Tokyo in March.")
    # 01:00 to 03:00 UTC on Wednesday 10 March is 10:00 to 12:00 in Tokyo: hours of work
    assert adjustments() == [(NIGHTS[2], -7200, -10800)]


def test_a_backdated_calendar_posts_what_nothing_was_posted_for(lise, tell, again):
    tell("10:00 page A, 10:05 acknowledge A, 11:00 resolve A")  # 11:00 to 12:00 in Paris on a Thursday
    assert not LedgerEntry.objects.exists()
    monday_to_wednesday = WorkCalendar.objects.create(
        name="Part time", work_days=[1, 2, 3], starts=time(9), ends=time(17)
    )
    stay(lise, datetime(2027, 3, 1, tzinfo=UTC), None, calendar=monday_to_wednesday, country="FR")
    again(reason="Part time since March.")
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.out_of_hours_s, entry.credit_s) == ("earn", 3600, 5400)
    assert entry.slices[0]["kind"] == "day off"


def test_afterwards_the_books_agree(nights, again, lise):
    limit("credit_multiplier", 2, MID_FEBRUARY)
    stay(lise, datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 20, tzinfo=UTC), "Asia/Tokyo")
    again()
    assert reconciling.check(now=LATER) == []
    assert queries.balance(lise).credit_s == 10800 + 10800 + 0 + 14400


def test_an_open_call_out_is_left_alone(lise, tell, again):
    tell("02:00 page A, 02:05 acknowledge A")
    limit("credit_multiplier", 2, MID_FEBRUARY)
    assert again(now=datetime(2027, 3, 25, 2, 30, tzinfo=UTC), until=datetime(2027, 3, 26, tzinfo=UTC)) == []


def test_a_corrected_call_out_is_recomputed_with_its_corrected_hours(nights, again, lise):
    night = nights[3]
    services.correct(
        call_out=night,
        by=lise,
        starts_at=night.starts_at,
        ends_at=night.starts_at + timedelta(hours=1),
        reason="An hour.",
        now=LATER,
    )
    limit("credit_multiplier", 2, MID_FEBRUARY)
    again(since=NIGHTS[3])
    assert queries.posted([night.pk]) == {night.pk: (3600, 7200)}


def test_a_team_calendar_counts_where_the_limit_says_so(nights, again, lise):
    chile = WorkCalendar.objects.create(
        name="Chile nights",
        time_zone="America/Santiago",
        work_days=[1, 2, 3, 4, 5, 6, 7],
        starts=time(21),
        ends=time(0),
    )
    team = Team.objects.create(name="Chile", slug="chile", calendar=chile)
    team.members.add(lise)
    limit("out_of_hours_by_team", 1, MID_FEBRUARY)
    again(reason="By the team's calendar.")
    # 10 March 01:00 to 03:00 UTC is 22:00 to 24:00 in Chile; 10 April, an hour more behind: 21:00 to 23:00
    assert adjustments() == [(NIGHTS[2], -7200, -10800), (NIGHTS[3], -7200, -10800)]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"until": YEAR["since"]}, "until", "must be after the start"),
        ({"reason": "  "}, "reason", "Say why"),
        ({"reason": "x" * 301}, "reason", "over 300 characters"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(nights, again, changes, field, words):
    with pytest.raises(RecomputationRefused, match=words) as refused:
        again(**changes)
    assert refused.value.field == field


def told(*args: str) -> str:
    out = StringIO()
    call_command("recompute_leave", *args, stdout=out)
    return out.getvalue()


def test_the_command_says_and_posts_only_when_told_to(nights, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: LATER)
    limit("credit_multiplier", 2, MID_FEBRUARY)
    said = told("--since", "2027-01-01")
    assert "Nothing is posted; with --post it would be: 2 differences, +7200 s of leave together." in said
    assert adjustments() == []
    assert "Posted: 2 differences" in told("--since", "2027-01-01", "--reason", "The new rule.", "--post")
    assert "Posted: 0 differences" in told("--since", "2027-01-01", "--reason", "The new rule.", "--post")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--since", "spring"], "--since: “spring” is no day or instant. Write one such as 2027-01-01."),
        (["--since", "1066-01-01"], "too far away"),
        (["--since", "2027-01-01", "--post"], "--reason: Say why"),
        (["--since", "2027-01-01", "--until", "2026-01-01"], "--until: The end must be after the start"),
    ],
)
def test_the_command_says_what_is_wrong(db, monkeypatch, args, words):
    monkeypatch.setattr("oncall.clock.now", lambda: LATER)
    with pytest.raises(CommandError, match=words):
        told(*args)


# --- the teams of then


def test_a_call_out_in_march_is_not_rated_anew_because_its_person_joined_a_team_in_june(nights, lise, pilot, again):
    late = WorkCalendar.objects.create(
        name="Night watch", work_days=[1, 2, 3, 4, 5, 6, 7], starts=time(1), ends=time(8)
    )
    joined = LATER - timedelta(days=1)
    editing.write_team(team=Team(name="A first one", slug="first", calendar=late), members=[lise], by=pilot, now=joined)
    assert again(reason="Nothing of theirs changed.") == []


def test_a_late_found_call_out_has_the_calendar_of_the_teams_of_then(lise, pilot, tell):
    late = WorkCalendar.objects.create(
        name="Night watch", work_days=[1, 2, 3, 4, 5, 6, 7], starts=time(1), ends=time(8)
    )
    editing.write_team(team=Team(name="A first one", slug="first", calendar=late), members=[lise], by=pilot, now=LATER)
    services.add(
        person=lise, by=lise, starts_at=NIGHTS[0], ends_at=NIGHTS[0] + timedelta(hours=2), reason="Found.", now=LATER
    )
    assert LedgerEntry.objects.get().out_of_hours_s == 7200

"""How a check and a night stand, when red calls, the time left, what differs: by instants worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from playbooks.readiness import nights, standing, versions
from playbooks.readiness.difference import Changed, Deployed, difference
from playbooks.readiness.standing import Said, Standing, Waiver


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


# Due 17:00; results count for the second run from 20:45, which is due 21:45, when red is urgent; sunset 22:45.
PLAN = standing.plan(
    morning_due=at(17),
    sunset=at(22, 45),
    ends_at=at(10, 15, day=24),
    close_of_work=at(0, day=24),
    before=timedelta(hours=1),
    rerun=timedelta(hours=2),
    urgent=timedelta(hours=1),
)
PASSED, FAILED = Said(True, at(16, 50)), Said(False, at(17, 5))


@pytest.mark.parametrize(
    ("said", "now", "state"),
    [
        (None, at(16, 59), "pending"),
        (None, at(17), "missing"),
        (FAILED, at(17, 5), "fail"),
        (Said(False, at(15)), at(15), "fail"),
        (PASSED, at(17), "pass"),
        (PASSED, at(21, 44), "pass"),
        (PASSED, at(21, 45), "missing"),
        (Said(True, at(20, 44)), at(21, 45), "missing"),
        (Said(True, at(20, 45)), at(21, 45), "pass"),
        (Said(True, at(22)), at(3, day=24), "pass"),
    ],
)
def test_a_check_stands_by_its_newest_result_and_by_what_was_due(said, now, state):
    assert standing.of_check(said, PLAN, now).state == state


@pytest.mark.parametrize(("said", "state"), [(None, "unknown"), (PASSED, "pass"), (FAILED, "fail")])
def test_where_nobody_planned_nothing_is_due_and_nothing_is_green_by_itself(said, state):
    assert standing.of_check(said, None, at(23)).state == state


@pytest.mark.parametrize(
    ("said", "waiver", "now", "state"),
    [
        (FAILED, Waiver(at(18), at(20)), at(18), "waived"),
        (FAILED, Waiver(at(18), at(20)), at(20), "fail"),
        (FAILED, Waiver(at(18), at(20)), at(17, 30), "fail"),
        (None, Waiver(at(12), at(10, day=24)), at(18), "waived"),
        (PASSED, Waiver(at(12), at(10, day=24)), at(18), "pass"),
        (FAILED, Waiver(at(18), at(23)), at(2, day=24), "waived"),  # it held at sunset
        (FAILED, Waiver(at(18), at(23), ended_at=at(19)), at(20), "fail"),
        (FAILED, Waiver(at(12, day=24), at(12, day=25)), at(12, day=24), "fail"),  # given when the night was over
        (FAILED, Waiver(at(23), at(23, 40)), at(23, 39), "waived"),  # given after sunset
        (FAILED, Waiver(at(23), at(23, 40)), at(23, 40), "fail"),
        (FAILED, Waiver(at(23), at(23, 40)), at(12, day=24), "fail"),
        (FAILED, Waiver(at(23), at(10, 15, day=24)), at(12, day=24), "waived"),  # it lasted until the end
        (FAILED, Waiver(at(18), at(12, day=25), ended_at=at(23)), at(23), "fail"),  # taken back after sunset
        (FAILED, Waiver(at(23), at(12, day=25), ended_at=at(23, 30)), at(23, 30), "fail"),
        (FAILED, Waiver(at(18), at(12, day=30), ended_at=at(12, day=24)), at(13, day=24), "waived"),  # when it was over
    ],
)
def test_a_waiver_covers_what_is_red_while_it_holds(said, waiver, now, state):
    assert standing.of_check(said, PLAN, now, waivers=[waiver]).state == state


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "waived"], "waived"),
        (["pass", "waived", "fail"], "fail"),
        (["pass", "missing"], "fail"),
        (["pass", "pending"], "pending"),
        (["pending", "fail"], "fail"),
        (["pass", "unknown"], "unknown"),
        ([], "unknown"),
    ],
)
def test_red_wins_and_what_is_not_known_is_not_green(states, verdict):
    assert standing.of_night([Standing(state, state) for state in states]) == verdict


@pytest.mark.parametrize(
    ("said", "now", "call"),
    [
        (FAILED, at(17, 5), ""),
        (FAILED, at(21), ""),  # it is being mended, and the second run is to come
        (Said(False, at(20, 45)), at(20, 45), "red"),
        (FAILED, at(21, 45), "urgent"),
        (PASSED, at(21, 45), "urgent"),  # nobody ran it again
        (Said(True, at(21)), at(21, 45), ""),
        (None, at(21, 44), ""),
        (None, at(3, day=24), "urgent"),
        (None, at(10, 15, day=24), ""),
    ],
)
def test_red_calls_at_the_second_run_and_urgently_near_sunset(said, now, call):
    assert standing.calls([standing.of_check(said, PLAN, now)], PLAN, now) == call


@pytest.mark.parametrize(
    ("made", "now", "state"),
    [
        (at(16, 59, day=22), at(16, 59), "pending"),
        (at(16, 59, day=22), at(17), "missing"),
        (at(17, 0, day=22), at(17), "pass"),
    ],
)
def test_a_pass_counts_for_the_morning_since_that_of_the_day_before_was_due(made, now, state):
    assert standing.of_check(Said(True, made), PLAN, now).state == state


@pytest.mark.parametrize(
    ("deployed", "now", "state"),
    [
        (at(12, day=20), at(16, 59), "pending"),
        (at(12, day=20), at(17), "missing"),
        (at(18), at(21, 44), "pending"),
        (at(18), at(21, 45), "missing"),
    ],
)
def test_a_pass_of_another_version_than_the_deployed_is_none_and_missing_when_a_run_is_due(deployed, now, state):
    said = Said(True, at(16, 50), behind=Deployed("pp", "w13", deployed))

    assert standing.of_check(said, PLAN, now).state == state


def test_a_second_run_that_is_due_earlier_calls_before_it_is_urgent():
    early = standing.plan(
        morning_due=at(17), sunset=at(22, 45), ends_at=at(10, day=24), close_of_work=at(0, day=24),
        before=timedelta(hours=3), rerun=timedelta(hours=4), urgent=timedelta(hours=1),
    )  # fmt: skip
    red = [standing.of_check(FAILED, early, at(20))]

    assert [standing.calls(red, early, now) for now in (at(19, 44), at(19, 45), at(21, 45))] == ["", "red", "urgent"]


@pytest.mark.parametrize(
    ("now", "following"),
    [
        (at(12), at(17)),
        (at(17), at(20, 45)),
        (at(20, 45), at(21, 30)),
        (at(21, 30), at(21, 45)),
        (at(22), at(10, 15, 24)),
    ],
)
def test_the_next_look_is_when_time_alone_may_change_something(now, following):
    assert standing.looks_next(PLAN, now, waivers=[Waiver(at(12), at(21, 30))]) == following
    assert standing.looks_next(PLAN, at(10, 15, day=24)) is None


def test_a_waiver_that_runs_out_after_sunset_is_looked_at():
    assert standing.looks_next(PLAN, at(23, 30), waivers=[Waiver(at(23, 30), at(23, 40))]) == at(23, 40)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (at(17, 5), "5 h 40 min until sunset at 22:45 UTC, 6 h 55 min until 17:00 Pacific"),
        (at(22, 40) - timedelta(seconds=29), "5 min until sunset at 22:45 UTC, 1 h 20 min until 17:00 Pacific"),
        (at(22, 40), "5 min until sunset at 22:45 UTC, 1 h 20 min until 17:00 Pacific"),
        (at(23), "1 h until 17:00 Pacific, sunset at 22:45 UTC has passed"),
        (at(17, 5, day=22), "29 h 40 min until sunset at 22:45 UTC, 30 h 55 min until 17:00 Pacific on Tue 23 Mar"),
    ],
)  # fmt: skip
def test_the_time_left_is_said_in_words(now, left):
    assert nights.time_left(now, close_of_work=at(0, day=24), sunset=at(22, 45)) == left


@pytest.mark.parametrize("text", ["2027032", "20270332", "19891231", "2027-3-23", "yesterday", "２０２７０３２３", ""])
def test_what_is_no_night_is_refused(text):
    with pytest.raises(nights.NoSuchNight):
        nights.read(text)


def test_a_night_is_its_date_at_twelve_hours_west():
    assert nights.read("20270323") == nights.read("2027-03-23") == date(2027, 3, 23)
    assert nights.day_obs(at(11, 59, day=24)) == date(2027, 3, 23)
    assert nights.day_obs(at(12, day=24)) == date(2027, 3, 24)


def test_what_differs_is_the_newest_version_of_each_service_and_every_changed_check():
    since = [
        Deployed("pp", "w13", at(18)), Deployed("pp", "w14", at(19), "Ito"), Deployed("fanout", "2.1", at(17)),
        Deployed("sattle", "5", at(16)), Deployed("sattle", "4", at(20)),
    ]  # fmt: skip
    changes = [Changed(9, "Pipeline", at(18), "Ito", "limit"), Changed(4, "Raws", at(19), "Ito", "how")]

    found = difference({"pp": "w12", "sattle": "4"}, since, changes)

    assert [(one.name, one.was, one.now.version, one.times, one.is_back) for one in found.services] == [
        ("fanout", None, "2.1", 1, False), ("pp", "w12", "w14", 2, False), ("sattle", "4", "4", 2, True),
    ]  # fmt: skip
    assert [one.number for one in found.checks] == [4, 9]
    assert difference({"pp": "w12"}, []).is_nothing


W12, W13 = Deployed("pp", "w12", at(12, day=20)), Deployed("pp", "w13", at(18))
SATTLE = Deployed("sattle", "6.1", at(19))


@pytest.mark.parametrize(
    ("version", "deployed", "behind"),
    [
        ("w12", [W12], None),
        ("w12", [W13, W12], W13),
        ("w13", [W12, W13], None),
        ("w12", [W13], W13),  # never reported, and less
        ("w9", [W13], W13),
        ("w14", [W13], None),  # newer than what is deployed
        ("w13", [W12, W13, Deployed("pp", "w12", at(20))], Deployed("pp", "w12", at(20))),  # a step back
        ("w12", [W12, W13, Deployed("pp", "w12", at(20))], None),
        ("", [W12, W13], None),
        ("main", [W13], None),  # nobody knows whose it is
        ("w12", [W13, Deployed("fanout", "w11", at(18))], None),
        ("6.0", [W13, SATTLE], SATTLE),
    ],
)
def test_a_version_that_was_replaced_or_is_older_than_what_is_deployed_says_nothing(version, deployed, behind):
    assert versions.outdated_by(version, deployed) == behind


@pytest.mark.parametrize(
    ("version", "made", "behind"),
    [
        ("w13", at(19), None),
        ("w13", at(18, 30), SATTLE),  # of whatever service
        ("w14", at(17), W13),
        ("6.1", at(17), W13),
        ("6.1", at(18), None),  # tried, then deployed
        ("", at(18, 30), SATTLE),
        ("", at(17), W13),
        ("", at(19), None),
    ],
)
def test_a_pass_is_overtaken_by_what_was_deployed_after_it(version, made, behind):
    assert versions.overtaken_by(Deployed("", version, made), [W12, W13, SATTLE]) == behind


@pytest.mark.parametrize(
    ("tried", "deployed", "nth"),
    [
        ("w12 w13", [], 1),  # the newest result first: w12 came last
        ("w13 w12", [], 0),
        ("b77 w13", [], 0),
        ("w12 w13", [W13], 1),
        ("w12 w13", [W12], 0),  # what is deployed is w12
        ("w11 w10", [W13], 0),  # none says anything
        ("- w13", [W13], 0),
        ("w13 w12-failed", [W12], 1),  # a candidate never hides what is deployed
        ("w13 --failed", [W12], 1),  # nor what was tried without a name
        ("w13 b77-failed", [W12], 0),
        ("w13-failed w12", [W12], 0),
    ],
)
def test_the_result_of_an_older_version_never_overrules_that_of_a_newer_one(tried, deployed, nth):
    found = [
        versions.Tried(one.removesuffix("-failed").strip("-"), not one.endswith("-failed")) for one in tried.split()
    ]

    assert versions.telling(found, deployed) == nth


@pytest.mark.parametrize(
    ("version", "deployed", "instead"),
    [
        ("w13", [W12], W12),
        ("w13", [W12, SATTLE], W12),  # the one that is written alike
        ("b", [W12, SATTLE], SATTLE),
        ("w12", [W12, SATTLE], None),
        ("w12", [W12, W13], W13),
        ("", [W12], None),
        ("w13", [], None),
    ],
)
def test_of_a_version_that_no_service_has_what_is_in_use_is_known(version, deployed, instead):
    assert versions.used_instead(version, deployed) == instead


@pytest.mark.parametrize(("now", "state"), [(at(21, 44), "pass"), (at(21, 45), "missing")])
def test_what_was_tried_ahead_of_its_deployment_counts_until_the_second_run_is_due(now, state):
    assert standing.of_check(Said(True, at(21), instead=W12), PLAN, now).state == state


@pytest.mark.parametrize(
    ("said", "now", "due"),
    [(None, at(12), at(17)), (Said(True, at(16, 50), behind=W13), at(18), at(21, 45)), (None, at(18), at(17))],
)
def test_what_is_to_come_says_when_it_is_due(said, now, due):
    assert standing.of_check(said, PLAN, now).due == due

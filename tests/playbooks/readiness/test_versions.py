"""Green is green for what is deployed and for this night: a pass of another version, or of days ahead, is none."""

from datetime import date

import pytest

from playbooks.readiness import deploying, queries, services
from playbooks.readiness.models import Check, Night
from tests.playbooks.readiness.conftest import NIGHT, all_pass, at, plan, report
from tests.playbooks.readiness.test_red import items, keep, troubles, verdict

pytestmark = pytest.mark.django_db
BEFORE = date(2027, 3, 22)


def deploy(version, when, by, *, service="prompt", now=None):
    return deploying.report(service=service, version=version, at=when, by=by, now=now or when)


def word(number, now):
    return queries.one_night(NIGHT, now=now).by_number[number].word


def test_a_late_pass_of_the_version_before_does_not_turn_the_deployed_one_green(planned, ada):
    deploy("w13", at(20), ada)
    all_pass(at(21, 10), ada, version="w13", but=(9,))
    report(9, "fail", at(21, 20), ada, version="w13")

    report(9, "pass", at(21, 25), ada, version="w12")
    keep(at(21, 45))

    assert (verdict(at(22)), troubles()) == ("fail", [("readiness_urgent", "20270323")])


def test_what_is_deployed_after_the_second_run_is_not_ready_and_calls_at_once(planned, ada):
    all_pass(at(21), ada, version="w12")
    keep(at(21, 45))
    assert (verdict(at(22)), troubles()) == ("pass", [])

    deploy("w13", at(22), ada)

    assert (verdict(at(22)), word(9, at(22)), troubles()) == (
        "fail", "not with w13", [("readiness_urgent", "20270323")],
    )  # fmt: skip
    all_pass(at(22, 20), ada, version="w13")
    assert (verdict(at(22, 20)), troubles()) == ("pass", [])


def test_what_is_deployed_between_the_runs_waits_for_the_second_one(planned, ada):
    all_pass(at(16, 50), ada, version="w12")
    keep(at(17))

    deploy("w13", at(18), ada)

    assert (verdict(at(18)), word(9, at(18)), items()) == ("pending", "not with w13", [])


@pytest.mark.parametrize("version", ["w13", "w14"])
def test_a_result_of_the_deployed_version_or_a_newer_one_counts(planned, ada, version):
    deploy("w13", at(12), ada)

    all_pass(at(16, 50), ada, version=version)

    assert verdict(at(17)) == "pass"


def test_a_result_that_names_no_version_counts_until_something_is_deployed(planned, ada):
    deploy("w13", at(12), ada)
    all_pass(at(21), ada)
    assert verdict(at(22)) == "pass"

    deploy("6", at(22), ada, service="sattle")

    assert (verdict(at(22)), word(9, at(22))) == ("fail", "not with sattle 6")


def test_what_is_deployed_or_reported_after_sunset_changes_nothing_for_the_night(planned, ada):
    all_pass(at(21), ada, version="w12")

    deploy("w13", at(23), ada)
    deploy("w13", at(21, 30), ada, service="fanout", now=at(11, day=24))

    assert (verdict(at(23)), verdict(at(11, day=24)), troubles()) == ("pass", "pass", [])


def test_results_of_days_ahead_are_no_morning_run(planned, ada):
    all_pass(at(13, day=17), ada)

    keep(at(17))

    assert verdict(at(17)) == "fail"
    assert items() == [("readiness:20270323:not-run:", "open", "")]


def test_the_difference_begins_with_the_run_that_was_green_and_not_at_sunset(planned, ada, pilot):
    plan(BEFORE, day=22)
    deploy("5", at(12, day=20), ada, service="sattle")
    deploy("w12", at(12, day=20), ada)
    all_pass(at(21, day=22), ada, night=BEFORE, version="w12")
    deploy("6", at(22, 50, day=22), ada, service="sattle")
    services.change_check(check=Check.objects.get(number=4), by=pilot, now=at(22, 41, day=22), limit="at most 20 s")

    since = queries.since_green(NIGHT, now=at(18))

    assert since.at == at(21, day=22)
    assert [(one.name, one.was, one.now.version) for one in since.difference.services] == [("sattle", "5", "6")]
    assert [one.number for one in since.difference.checks] == [4]


def test_a_night_is_the_last_green_one_from_its_sunset_on(planned, ada):
    all_pass(at(21), ada)
    tomorrow = date(2027, 3, 24)

    assert queries.since_green(tomorrow, now=at(22, 44)).green is None
    assert queries.since_green(tomorrow, now=at(22, 45)).green == Night.objects.get()


def test_a_past_night_that_nobody_planned_is_never_green_and_no_waiver_of_today_covers_it(db, ada, pilot):
    all_pass(at(16, day=22), ada, night=BEFORE, but=(4,))
    assert queries.one_night(BEFORE, now=at(18)).verdict == "unknown"
    report(4, "pass", at(16, day=22), ada, night=BEFORE)
    assert queries.one_night(BEFORE, now=at(18)).verdict == "unknown"

    report(4, "fail", at(17, day=22), ada, night=BEFORE)
    services.waive(check=Check.objects.get(number=4), why="x", until=at(12, day=30), by=pilot, now=at(18))

    assert queries.one_night(BEFORE, now=at(19)).verdict == "fail"


def test_a_waiver_that_was_given_after_sunset_ends_when_it_runs_out_or_is_taken_back(planned, ada, pilot):
    all_pass(at(22), ada, but=(4,))
    report(4, "fail", at(22), ada)
    check = Check.objects.get(number=4)

    waiver = services.waive(check=check, why="A slip.", until=at(12, day=30), by=pilot, now=at(23, 30))
    assert troubles() == []
    services.end_waiver(waiver=waiver, by=pilot, now=at(23, 31))
    assert troubles() == [("readiness_urgent", "20270323")]

    services.waive(check=check, why="A restart.", until=at(23, 45), by=pilot, now=at(23, 35))
    assert troubles() == []
    keep(at(23, 45))
    assert troubles() == [("readiness_urgent", "20270323")]


def test_of_versions_tried_at_one_instant_the_one_reported_last_is_the_newest(ada):
    there, back = date(2027, 3, 21), date(2027, 3, 20)
    for night, versions in ((there, ("w12", "w13")), (back, ("w13", "w12"))):
        for version in versions:
            report(1, "pass", at(16, day=20), ada, night=night, version=version)

    tried = [[one.version for one in queries.versions_of(night)] for night in (there, back)]
    assert tried == [["w13", "w12"], ["w12", "w13"]]


def test_a_candidate_that_passes_hides_neither_that_the_deployed_version_failed_nor_that_it_was_not_tried(planned, ada):
    deploy("w12", at(16), ada)
    all_pass(at(21), ada, version="w13")
    assert (verdict(at(21, 44)), verdict(at(21, 45)), word(9, at(21, 45))) == ("pass", "fail", "not with w12")
    all_pass(at(21, 30), ada, version="w12", but=(4,))
    report(4, "fail", at(21, 31), ada, version="w12")

    report(4, "pass", at(21, 40), ada, version="w13")

    board = queries.one_night(NIGHT, now=at(22))
    assert [(row.check.number, row.word) for row in board.red] == [(4, "fail")]


def test_after_the_run_numbers_of_another_service_leave_nothing_green(planned, ada):
    deploy("2.4.0", at(16), ada, service="fan-out")
    deploy("1.9.0", at(16), ada)
    all_pass(at(21), ada, version="2.4.0")
    assert verdict(at(22)) == "pass"

    deploy("1.10.0", at(22), ada)

    assert (verdict(at(22)), word(9, at(22))) == ("fail", "not with 1.10.0")


def test_home_says_when_what_is_to_come_is_due_and_why(planned, ada, client, monkeypatch):
    all_pass(at(16, 50), ada, version="w12")
    deploy("w13", at(20), ada)
    monkeypatch.setattr("oncall.clock.now", lambda: at(20, 30))
    client.force_login(ada)

    said = " ".join(client.get("/").content.decode().split())

    assert "16 of 16 still to be run, not yet with w13; due <time" in said
    assert 'datetime="2027-03-23T21:45:00Z"' in said.partition("not yet with w13; due")[2][:60]

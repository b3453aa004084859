"""What the demo's jobs find and when, and how they report it to a portal that was there before them."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
import requests
from rest_framework.test import APIClient

from incidents.latency import check_jobs, checks_ahead, demo_checks
from incidents.latency.demo_checks import Due, Found, Story
from oncall.limits import queries as limits
from oncall.people.queries import observing_site
from oncall.people.services import create_token
from playbooks.readiness import queries, services
from playbooks.readiness.models import Check, Deployment, Result

MONDAY = Due(date(2026, 11, 23), datetime(2026, 11, 23, 18, tzinfo=UTC), datetime(2026, 11, 23, 22, 24, tzinfo=UTC))
JUNE = Due(date(2027, 6, 10), datetime(2027, 6, 10, 17, tzinfo=UTC), datetime(2027, 6, 10, 20, 50, tzinfo=UTC))
SHORT = Due(date(2026, 11, 23), MONDAY.morning, MONDAY.morning + timedelta(minutes=30))
TONIGHT = demo_checks.story_of(MONDAY.night, today=MONDAY.night)


def at(one: Found) -> str:
    return f"{one.at:%H:%M}"


def test_tonight_one_check_is_red_from_10_05_pacific_until_13_40():
    red = [(at(one), one.passed) for one in demo_checks.found(MONDAY, TONIGHT) if one.check == 4]
    assert red == [("18:05", False), ("21:40", True), ("22:04", True)]


@pytest.mark.parametrize("due", [MONDAY, JUNE, SHORT])
def test_every_check_is_in_before_the_second_run_is_due_and_passes(due):
    last = {one.check: one for one in demo_checks.found(due, TONIGHT) if one.at < due.evening}
    assert set(last) == set(range(1, 17))
    assert all(one.passed for one in last.values())


def test_what_is_mended_without_a_deployment_is_run_alone():
    said = demo_checks.found(MONDAY, Story(red=11))
    assert [one.check for one in said if at(one) == "21:40"] == [11]


def test_on_the_day_of_a_release_all_is_tried_again_with_it():
    tuesday = Due(date(2026, 11, 24), MONDAY.morning + timedelta(days=1), MONDAY.evening + timedelta(days=1))
    runs = [at(one) for one in demo_checks.found(tuesday, Story()) if one.check == 1]
    assert runs == ["17:50", "19:40", "22:04"]
    assert [one.version for one in demo_checks.deployments(tuesday.night)] == ["w48", "w48"]
    assert demo_checks.version_at(datetime(2026, 11, 24, 18, 59, tzinfo=UTC)) == "w47"


def test_whoever_was_away_reports_how_it_stands_and_nothing_that_is_over():
    said = demo_checks.found(MONDAY, TONIGHT)
    known = dict.fromkeys(range(1, 17), MONDAY.morning + timedelta(minutes=6))
    wanted = demo_checks.wanted(said, known=known, now=datetime(2026, 11, 23, 21, 41, tzinfo=UTC))
    assert [(one.check, one.passed) for one in wanted] == [(check, True) for check in range(1, 17)]
    assert all(at(one) == "21:40" for one in wanted)


class Portal:
    """What `requests` asks, asked of the portal in this process."""

    def __init__(self) -> None:
        self.client = APIClient()

    def get(self, url, *, params, headers, timeout):
        return self._answer(self.client.get(url.removeprefix("http://here"), params, headers=headers))

    def post(self, url, *, json, headers, timeout):
        return self._answer(self.client.post(url.removeprefix("http://here"), json, format="json", headers=headers))

    def _answer(self, found):
        assert found.status_code in (200, 201), found.content
        found.raise_for_status = lambda: None
        return found


@pytest.fixture
def jobs(db, ada, monkeypatch):
    _, token = create_token(person=ada, name="jobs", now=MONDAY.morning - timedelta(days=1))
    checks_ahead.keep(now=MONDAY.morning - timedelta(hours=5), limits=limits.at(MONDAY.morning))
    made = check_jobs.Jobs("http://here", token, place=observing_site(), session=cast(requests.Session, Portal()))

    def turn(now, jobs=made):
        monkeypatch.setattr("oncall.clock.now", lambda: now)
        jobs.turn(now)
        return queries.one_night(MONDAY.night, now=now)

    return turn


def test_jobs_report_the_morning_the_mended_check_and_the_second_run(jobs):
    morning, mended = MONDAY.morning, datetime(2026, 11, 23, 21, 41, tzinfo=UTC)
    stands = [jobs(now).verdict for now in (morning - timedelta(hours=1), morning + timedelta(minutes=6), mended)]
    jobs(mended + timedelta(minutes=1))
    assert stands == ["pending", "fail", "pass"]
    assert Result.objects.count() == 32
    assert set(Result.objects.values_list("version", flat=True)) == {"w47"}
    assert Deployment.objects.get(service="S3 File Notifications").version == "26.11.23"


def test_jobs_that_begin_at_midday_report_what_should_be_in_by_now(jobs):
    assert [row.check.number for row in jobs(MONDAY.morning + timedelta(hours=1)).red] == [4]
    assert jobs(MONDAY.evening).verdict == "pass"


def test_what_a_human_reported_since_is_not_overruled_before_the_next_run(jobs, ada):
    jobs(MONDAY.morning + timedelta(minutes=10))
    by_hand = Check.objects.get(number=9)
    now = MONDAY.morning + timedelta(minutes=20)
    services.record(night=MONDAY.night, check=by_hand, result="fail", by=ada, now=now, by_hand=True)
    assert [row.check.number for row in jobs(now + timedelta(minutes=1)).red] == [4, 9]


def test_a_check_that_is_waived_goes_on_failing(jobs, ada):
    now = MONDAY.morning - timedelta(hours=1)
    until = now + timedelta(days=2)
    services.waive(check=Check.objects.get(number=7), why="Built anew.", until=until, by=ada, now=now)
    assert jobs(MONDAY.evening).verdict == "waived"


def test_jobs_whose_portal_is_away_say_so_once_and_go_on(ada, db):
    said: list[str] = []
    away = check_jobs.Jobs("http://127.0.0.1:9", "x", place=observing_site(), say=said.append)
    for _ in range(2):
        away.turn(MONDAY.morning)
    assert len(said) == 1

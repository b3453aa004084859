"""Scenario (d) of docs/domain.md: the checks are red at 10:05 Pacific, mended at 13:40, green in the evening.

Rows R28, R29. The web and the API, the loop's chores and the alarms; the clock is put where the story is.
"""

import json
from datetime import UTC, datetime

import pytest

from incidents.alarms import services as alarms_of_it
from incidents.alarms import watch, work
from incidents.alarms.models import Alarm
from incidents.latency import checks_ahead
from oncall.limits import queries as limits
from oncall.paging.models import Notice
from oncall.people import services as people
from oncall.work.models import WorkItem
from playbooks.readiness import services

pytestmark = pytest.mark.django_db


class Day:
    """23 March 2027 in California, 7 h behind UTC; the sun sets at 22:50 UTC, 15:50 there."""

    def __init__(self, client, monkeypatch, ada) -> None:
        self.client, self.patch, self.now = client, monkeypatch, datetime(2027, 3, 23, 13, tzinfo=UTC)
        token = people.create_token(person=ada, name="ci", now=self.now)[1]
        self.headers = {"Authorization": f"Token {token}"}

    def at(self, hour: int, minute: int) -> None:
        """Come to this time in California: what is due meanwhile is done."""
        self.now = datetime(2027, 3, 23, hour + 7, minute, tzinfo=UTC)
        self.patch.setattr("oncall.clock.now", lambda: self.now)
        self.turn()

    def turn(self) -> None:
        in_force = limits.at(self.now)
        checks_ahead.keep(now=self.now, limits=in_force)
        services.keep(now=self.now, limits=in_force)
        watch.watch(now=self.now)

    def reports(self, result: str, *checks: int) -> None:
        body = [{"night": "20270323", "check": number, "result": result, "version": "w12"} for number in checks]
        answer = self.client.post(
            "/api/v1/readiness/", json.dumps(body), content_type="application/json", headers=self.headers
        )
        assert answer.json()["rejected"] == []
        self.turn()

    def verdict(self) -> str:
        return self.client.get("/api/v1/readiness/20270323/", headers=self.headers).json()["word"]


@pytest.fixture
def day(client, monkeypatch, ada, policy):
    return Day(client, monkeypatch, ada)


def alarms() -> list[tuple[str, int, str]]:
    return list(Alarm.objects.order_by("fired_at").values_list("key", "severity", "state"))


def test_red_in_the_morning_is_work_for_the_day_and_green_in_the_evening_calls_nobody(day):
    day.at(9, 50)
    day.reports("pass", *(number for number in range(1, 17) if number != 4))
    assert day.verdict() == "NOT YET"

    day.at(10, 5)
    day.reports("fail", 4)
    item = WorkItem.objects.get(state="open")
    assert day.verdict() == "FAIL"
    assert "5 h 45 min until sunset at 22:50 UTC, 6 h 55 min until 17:00 Pacific." in item.text

    day.at(13, 40)
    day.reports("pass", 4)
    assert (day.verdict(), WorkItem.objects.filter(state="open").count()) == ("PASS", 0)

    day.at(14, 30)
    day.reports("pass", *range(1, 17))
    day.at(14, 50)
    day.at(15, 50)
    assert (day.verdict(), alarms(), WorkItem.objects.filter(state="open").count()) == ("PASS", [], 0)


def test_red_in_the_second_run_is_sev_3_then_sev_2_and_over_when_it_is_green(day):
    day.at(13, 55)
    day.reports("pass", *(number for number in range(1, 17) if number != 4))
    day.reports("fail", 4)
    assert alarms() == [("readiness:20270323", 3, "firing")]
    assert Alarm.objects.get().title.startswith("itest.failed: 1 check is red before the night of Tue 23 Mar 2027")

    day.at(14, 50)
    day.turn()
    assert alarms() == [("readiness:20270323", 2, "firing")]

    day.at(15, 10)
    day.reports("pass", 4)
    assert alarms() == [("readiness:20270323", 2, "resolved")]


def test_a_second_failure_calls_whoever_resolved_the_first_and_is_told_to_whoever_has_it(day, ada):
    day.at(13, 55)
    day.reports("pass", *(number for number in range(1, 17) if number != 4))
    day.reports("fail", 4)
    alarm = Alarm.objects.get()
    work.acknowledge(alarm=alarm, by=ada, now=day.now)

    day.at(14, 0)
    day.reports("fail", 9)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.title[:29]) == ("acknowledged", "itest.failed: 2 checks are re")
    assert [line.text[:37] for line in alarm.log.filter(kind="note")] == ["There is more of it: itest.failed: 2 "]
    assert Notice.objects.get(key__startswith="more:").person == ada

    day.at(14, 5)
    alarms_of_it.resolve(alarm=alarm, by=ada, now=day.now)
    day.reports("fail", 4)  # nothing new
    assert alarms() == [("readiness:20270323", 3, "resolved")]
    day.at(14, 10)
    day.reports("fail", 11)
    assert alarms() == [("readiness:20270323", 3, "firing")]

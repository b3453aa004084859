"""Called at night, rested in the morning, with nothing of it pretended: processes, telephones, ledger, coverage.

Scenario (f) of docs/domain.md 5.15; rows R32, R33, R34.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests import system as systems
from tests.system import until

pytestmark = pytest.mark.timeout(600)  # a system of its own, and a busy machine
PARIS = ZoneInfo("Europe/Paris")
TWO_HOURS_S, SLOW_MACHINE_S = 7200, 600  # the story takes seconds; travelled time is exact


@pytest.fixture(scope="module")
def system():
    """The pulse alone carries it: no broker is needed."""
    start = ("simulator", "web", "pulse")
    with systems.system(start=start, cast_by=("tests.journeys.cast_rest",)) as running:
        yield running


def in_paris(system, at: time, *, day=None):
    """That time of `day` in Paris; without one, of the next Tuesday: no day on which clocks change."""
    if day is None:
        day = system.now().astimezone(PARIS).date() + timedelta(days=1)
        while day.isoweekday() != 2:
            day += timedelta(days=1)
    return datetime.combine(day, at, PARIS)


def works(system, person, source, title, *, minutes):
    """Raise an alarm that pages them; they acknowledge by text, write notes, and resolve. Return when they did."""
    answer = system.hook(source, {"title": title, "severity": 2})
    assert answer.status_code == 202, answer.text
    [alarm] = answer.json()["alarms"]
    text = system.wait_for_text(person, title)
    system.text_from(person, f"{text.split()[1]} A")
    until(lambda: system.get(f"/alarms/{alarm}/")["state"] == "acknowledged", "an acknowledgement by text")
    while minutes:
        step = min(minutes, 30)
        system.travel(timedelta(minutes=step))
        system.post(f"/alarms/{alarm}/note/", {"text": "Still at it."}, by=person)
        minutes -= step
    system.post(f"/alarms/{alarm}/resolve/", by=person)


def on_call(system, schedule):
    answer = system.get("/on-call/", schedule=system.cast["ids"][schedule])
    return [one["name"] for found in answer["schedules"] for role in found["roles"] for one in role["people"]]


def test_an_expert_called_at_0320_earns_three_hours_and_the_morning_and_a_colleague_covers_it(system):
    system.travel_to(in_paris(system, time(3, 20)))
    works(system, "lucie", "Data Facility", "Butler is locked", minutes=120)

    [entry] = system.get("/leave/entries/", by="lucie")["results"]
    assert TWO_HOURS_S <= entry["out_of_hours_s"] < TWO_HOURS_S + SLOW_MACHINE_S
    assert entry["credit_s"] == (3 * entry["out_of_hours_s"] + 1) // 2  # three hours, half a second to the person

    [rest] = system.get("/leave/rests/", by="lucie")["results"]
    today = system.now().astimezone(PARIS).date()
    noon = in_paris(system, time(12), day=today)
    assert (rest["date"], rest["outcome"]) == (today.isoformat(), "pending")
    assert datetime.fromisoformat(rest["ends_at"]) == noon
    [call_out] = system.get("/leave/call-outs/", by="lucie")["results"]
    assert rest["starts_at"] == call_out["ends_at"]
    until(lambda: on_call(system, "Data Facility") == [], "nobody on call, for she rests")

    [absence] = system.get("/absences/", by="finn")["results"]
    assert (absence["person"]["name"], absence["kind"], absence["note"]) == ("Lucie Girard", None, None)

    [swap] = until(lambda: system.get("/swaps/", state="asked", by="finn")["results"], "her shift offered")
    assert (swap["asker"]["name"], swap["reason"]) == ("Lucie Girard", "cover needed")
    assert "Lucie Girard asks you to take Data Facility" in system.wait_for_text("finn", "Data Facility")
    system.post(f"/swaps/{swap['id']}/accept/", by="finn")
    assert on_call(system, "Data Facility") == ["Finn Reyes"]
    system.travel(timedelta(minutes=1))  # a text that can wait comes no sooner after the one before it
    assert "Finn Reyes takes Data Facility from you" in system.wait_for_text("lucie", "takes Data Facility")

    system.travel_to(noon + timedelta(minutes=1))
    assert on_call(system, "Data Facility") == ["Lucie Girard"]
    [rest] = system.get("/leave/rests/", by="lucie")["results"]
    assert (rest["outcome"], rest["why"]) == ("honoured", "")


def test_triage_that_answers_in_its_own_shift_earns_and_is_not_sent_to_rest(system):
    system.travel_to(in_paris(system, time(7, 10)))
    works(system, "nora", "Triage Europe", "Alerts are late", minutes=30)
    [entry] = system.get("/leave/entries/", by="nora")["results"]
    assert entry["credit_s"] >= 2700
    assert system.get("/leave/rests/", by="nora")["results"] == []
    assert on_call(system, "Triage Europe") == ["Nora Dubreuil"]

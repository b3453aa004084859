"""The way that this portal is for, with nothing of it pretended: a real Alertmanager, processes, telephones, ledger."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.system import until

DOME = {"alertname": "DomeShutter", "service": "dome", "severity": "critical", "summary": "Dome shutter does not close"}
TWO_HOURS_S = 7200
SLOW_MACHINE_S = 600  # the story takes seconds; travelled time is exact


def next_tuesday_night(now):
    """03:10 in California: night there, noon in Paris, a work day in both and no day on which clocks change."""
    pacific = ZoneInfo("America/Los_Angeles")
    day = now.astimezone(pacific).date() + timedelta(days=1)
    while day.isoweekday() != 2:
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, 3, 10, tzinfo=pacific).astimezone(UTC)


def evidence_of(system, person):
    rows = system.rows(
        "SELECT e.kind, e.at FROM leave_evidence e JOIN people_person p ON p.id = e.person_id "
        "WHERE p.username = %s ORDER BY e.at",
        person,
    )
    return [(row["kind"], row["at"].replace(microsecond=0)) for row in rows]


def test_an_alarm_of_the_night_is_answered_by_the_next_tier_and_its_hours_stand_in_the_ledger_at_one_and_a_half(
    system, alertmanager
):
    system.travel_to(next_tuesday_night(system.now()))
    system.set_phone("ada", "ignore")

    alertmanager.fires(DOME)
    [text] = until(lambda: system.texts("ada"), "a text to triage")
    assert re.fullmatch(
        r"oncall ([A-Z]{4}) SEV1 Dome shutter does not close\. Reply \1 A=ack E=escalate R=resolve", text
    )
    [alarm] = system.get("/alarms/", state="open")["results"]

    system.travel(timedelta(minutes=1))
    until(lambda: [call["state"] for call in system.calls("ada")] == ["no-answer"], "a call that triage lets ring")
    assert system.calls("grace") == []

    system.travel(timedelta(minutes=4))
    [call] = until(lambda: system.calls("grace"), "a call to tier 2, 5 minutes after the first page")
    until(lambda: system.calls("grace")[0]["state"] == "ringing", "it rings")
    said = system.press(call, "4")
    assert "This is oncall, calling Grace." in said
    assert "Severity 1. Dome shutter does not close." in said
    assert "Acknowledged. You have Dome shutter does not close." in said
    held = system.get(f"/alarms/{alarm['id']}/")
    assert (held["state"], held["acknowledged_by"]) == ("acknowledged", "Grace Okafor")

    system.post(f"/alarms/{alarm['id']}/call-in/", {"person": system.cast["ids"]["lucie"]}, by="grace")
    [text] = until(lambda: system.texts("lucie"), "a text to whom tier 2 calls in")
    system.text_from("lucie", f"{text.split()[1]} A")
    until(lambda: len(system.texts("lucie")) == 2, "an answer to her text")
    assert re.fullmatch(r"Grace Okafor took this at \d\d:1\d UTC\. You have joined\.", system.texts("lucie")[1])

    for text in ("The motor is hot.", "A technician is on the way."):
        system.travel(timedelta(minutes=40))
        system.post(f"/alarms/{alarm['id']}/note/", {"text": text}, by="grace")
    system.travel(timedelta(minutes=40))
    until(lambda: system.get(f"/alarms/{alarm['id']}/")["count"] >= 3, "Alertmanager repeating itself")

    alertmanager.is_over(DOME)
    until(lambda: system.get(f"/alarms/{alarm['id']}/")["state"] == "resolved", "Alertmanager's resolve")

    [(_, paged_at), *acts, (last, over_at)] = evidence_of(system, "grace")
    assert ([kind for kind, _ in acts], last) == (["acknowledge", "note", "note", "note"], "over")
    worked_s = (over_at - paged_at).total_seconds()
    assert TWO_HOURS_S <= worked_s < TWO_HOURS_S + SLOW_MACHINE_S
    [entry] = system.get("/leave/entries/", by="grace")["results"]
    assert entry["out_of_hours_s"] == worked_s
    assert entry["credit_s"] == (3 * worked_s + 1) // 2  # 1.5 times, half a second to the person
    assert {piece["kind"] for piece in entry["slices"]} == {"night"}
    [call_out] = system.get("/leave/call-outs/", by="grace")["results"]
    assert (call_out["starts_at"], call_out["ends_at"]) == (f"{paged_at:%FT%TZ}", f"{over_at:%FT%TZ}")

    [in_hours] = system.get("/leave/call-outs/", by="lucie")["results"]
    assert {piece["kind"] for piece in in_hours["slices"]} == {"work"}
    assert sum(piece["seconds"] for piece in in_hours["slices"]) >= TWO_HOURS_S
    assert system.get("/leave/entries/", by="lucie")["results"] == []  # noon in Paris earns nothing
    assert system.get("/leave/entries/", by="ada")["results"] == []  # who did not answer earns nothing

    assert len(system.get("/alarms/")["results"]) == 1  # repeats made no second alarm,
    assert len(system.texts("ada")) == 1  # no second text,
    assert system.texts("grace") == []  # and nobody is paged who has answered

"""The seed scenarios of the demo year, lived through by machines and people: the API, telephones, a few web forms.

Scenarios (a) to (e) and (g) of docs/domain.md; (f) is in test_rest.py. One system, which only travels forward. Rows
R14, R20, R22, R25, R28, R29, T03.
"""

import html
import re
from datetime import date, datetime, timedelta

import pytest

from tests import system as systems
from tests.journeys.acts import (
    MINUTE,
    Browser,
    Link,
    anonymous,
    answers_by_text,
    fires,
    incident,
    lines,
    nothing_sent,
    patch,
    refused,
    report,
    roles,
    sent,
    tonight,
    utc,
    visits,
)
from tests.system import until

pytestmark = pytest.mark.timeout(600)  # a system of its own, and a busy machine


@pytest.fixture(scope="module")
def system():
    """The pulse alone carries it: no broker is needed."""
    with systems.system(start=("simulator", "web", "pulse"), cast_by=("tests.journeys.cast_scenarios",)) as running:
        yield running


@pytest.fixture(autouse=True)
def _all_quiet(system):
    """Whatever an earlier scenario that failed has left open is over: it would be part of what comes now."""
    for one in system.get("/incidents/", state="live")["results"]:
        incident(system, one["number"], "move/", by="admin", move="resolve")
    for alarm in system.get("/alarms/", state="open")["results"]:
        system.post(f"/alarms/{alarm['id']}/resolve/", by="admin")


def test_e_with_grafana_down_the_observers_button_pages_triage_and_two_presses_declare(system):
    tonight(system, 5)
    olga = Browser(system, "olga")
    olga.open("/alarms/raise/")
    said = olga.submit("/alarms/raise/", what="no_alerts")
    assert "Raised. Calling now: Ada Moreno. Keep observing." in said
    alarm = olga.path.strip("/").rpartition("/")[2]
    answers_by_text(system, "ada", "Images are taken, no alerts go out", alarm)

    ada = Browser(system, "ada")
    page = ada.open(f"/alarms/{alarm}/")
    first = re.search(r'href="(/incidents/declare/\?alarm=[\w%:.-]+)"', page).group(1)
    page = ada.open(first)  # one press
    title = re.search(r'name="title" value="([^"]+)"', page).group(1)
    severity = re.search(r'name="severity" value="(\d)"[^>]* checked', page).group(1)
    ada.submit(first, title=title, severity=severity, alarm=alarm)  # and another
    number = int(re.fullmatch(r"/incidents/(\d+)/", ada.path).group(1))

    found = system.get(f"/incidents/{number}/")
    assert (found["title"], found["severity"], found["state"]) == (
        "Images are taken, no alerts go out", 2, "investigating",
    )  # fmt: skip
    assert (found["declared_by"]["name"], found["alarms"]) == ("Ada Moreno", [alarm])
    assert ("external_liaison", "Bea Singh") in roles(found)  # the support steward on duty

    incident(system, number, "entries/", by="ada", kind="finding", text="Grafana is down: no machine has told us.")
    incident(system, number, "roles/", by="ada", role="commander")
    system.post(f"/alarms/{alarm}/resolve/", by="ada")
    incident(system, number, "move/", by="ada", move="resolve", why="Alerts go out.")
    system.travel(MINUTE)
    review = until(lambda: of_list(system, number), "the draft of its review")
    assert (review["state"], review["owner"]["name"]) == ("draft", "Ada Moreno")
    texts = system.get(f"/incidents/{number}/review/")["content"]
    assert texts["contributing"] == "Grafana is down: no machine has told us."


def of_list(system, number):
    """Return the review of an incident, once there is one."""
    found = system.get("/reviews/")["results"]
    return next((one for one in found if one["incident"] == number), None)


def test_c_a_lock_of_the_butler_loses_no_visit_and_triage_alone_is_everything(system):
    tonight(system, 5)
    night = visits(system.now() - timedelta(minutes=10), 16)
    report(system, "visits", night)
    report(system, "deliveries", [sent(one) for one in night])
    alarm = fires(system, "butlerdb.blocked: a transaction waits for 6 min", key="butler", severity=3)
    began = f"{system.now() - 10 * MINUTE:%FT%TZ}"

    body = system.post("/incidents/", {"alarms": [alarm], "severity": 3, "impact_starts_at": began}, by="ada")
    number = body["number"]
    assert (body["severity"], body["roles"]) == (3, [])
    mine = ("commander", "scribe", "expert")
    warnings = [incident(system, number, "roles/", by="ada", role=role)["warnings"] for role in mine]
    assert "as well" not in str(warnings)  # below SEV-2 nobody minds
    assert set(roles(system.get(f"/incidents/{number}/"))) == {(role, "Ada Moreno") for role in mine}

    system.post(f"/alarms/{alarm}/resolve/", by="ada")
    incident(system, number, "move/", by="ada", move="resolve")
    review = incident(system, number, "review/", by="ada")
    assert (review["due_at"], review["figures"]["eligible"], review["figures"]["lost"]) == (None, 16, 0)
    assert incident(system, number, "move/", by="ada", move="close")["state"] == "closed"  # no review is asked for


def test_b_after_work_on_sasquatch_triage_finds_the_new_address_of_the_registry_in_12_minutes_by_p6(system):
    tonight(system, 4)
    deployed = {"service": "Sasquatch", "version": "8.2.0", "who": "SQuaRE", "link": "https://example.org/r/8.2.0"}
    system.post("/deployments/", deployed, by="admin")
    system.travel(40 * MINUTE)
    title = "fanout.error: RegistryBadRequestError 40403"
    alarm = fires(system, title, key="fanout.error", severity=2)
    answers_by_text(system, "ada", title, alarm)
    number = system.post("/incidents/", {"alarms": [alarm], "severity": 2}, by="ada")["number"]
    incident(system, number, "roles/", by="ada", role="commander")

    run = system.post("/runs/", {"playbook": "p6", "alarm": alarm}, by="ada")
    for minutes, step in ((2, 1), (2, 2), (5, 3), (3, 7)):
        system.travel(minutes * MINUTE)
        run = system.post(f"/runs/{run['id']}/outcomes/", {"step": step, "outcome": "yes"}, by="ada")
    assert [(one["step"], one["state"]) for one in run["steps"]] == [
        (1, "done"), (2, "done"), (3, "done"), (4, "folded"), (5, "folded"), (6, "folded"), (7, "done"),
    ]  # fmt: skip
    run = system.post(f"/runs/{run['id']}/end/", {"how": "solved", "step": 3}, by="ada")
    lasted = datetime.fromisoformat(run["ended_at"]) - datetime.fromisoformat(run["started_at"])
    assert 12 * MINUTE <= lasted < 13 * MINUTE
    assert [one["minutes"] for one in run["outcomes"]] == [2, 2, 5, 3]

    used = system.get("/playbooks/p6/statistics/")
    assert (used["runs"], used["solved"]) == (1, 1)
    step = used["steps"][2]
    assert (step["step"], step["taken"], step["solved"], step["minutes"]) == (3, 1, 1, 5.0)

    system.post(f"/alarms/{alarm}/resolve/", by="ada")
    body = incident(system, number, "move/", by="ada", move="resolve", why="nextVisits arrive again.")
    assert body["state"] == "resolved"
    assert lines(system, number, "deployment") == ["Sasquatch 8.2.0, deployed by SQuaRE."]
    assert "step 3 solved it." in " ".join(lines(system, number, "playbook"))


def test_g_without_an_overlap_a_written_note_and_a_yes_to_command_carry_an_incident_to_london(system):
    system.travel_to(utc(date(2027, 3, 25), 6, 30))  # 23:30 in California, 06:30 in London, whose clocks follow later
    title = "Butler writer lags by 20 min"
    alarm = fires(system, title, key="writer", severity=2)
    answers_by_text(system, "ada", title, alarm)
    number = system.post("/incidents/", {"alarms": [alarm], "severity": 2}, by="ada")["number"]
    incident(system, number, "roles/", by="ada", role="commander")
    triage, midnight = system.cast["ids"]["Night triage"], utc(date(2027, 3, 25), 7)
    assert on_call(system, triage, at=midnight - timedelta(seconds=1)) == ["Ada Moreno"]
    assert on_call(system, triage, at=midnight) == ["Hamish Fraser"]

    system.travel_to(midnight - 5 * MINUTE)
    note = until(lambda: system.get("/handoffs/", schedule=triage)["results"], "the note for London")[0]
    assert (note["incoming"]["name"], note["outgoing"]["name"]) == ("Hamish Fraser", "Ada Moreno")
    assert datetime.fromisoformat(note["at"]) == midnight
    patch(system, f"/handoffs/{note['id']}/", {"words": "Wind from the north, the dome may close."}, by="ada")
    note = system.get(f"/handoffs/{note['id']}/", by="hamish")
    assert note["words"] == "Wind from the north, the dome may close."
    said = [line["text"] for line in note["lines"] if line["url"] == f"/incidents/{number}/"]
    assert said == [f"Incident {number}, SEV-2, {title}: investigated, Ada Moreno has command"]

    offer = {"to": system.cast["ids"]["hamish"], "why": "end of shift", "brief": "The writer restarts slowly."}
    body = incident(system, number, "command/offer/", by="ada", **offer)
    assert roles(body)[0] == ("commander", "Ada Moreno")  # until the other says yes
    system.wait_for_text("hamish", "asks you to take command")

    system.travel_to(midnight)
    assert ("commander", "Ada Moreno") in roles(system.get(f"/incidents/{number}/"))  # no clock takes it from her
    accepted = system.post(f"/handoffs/{note['id']}/accept/", by="hamish")
    assert accepted["accepted_at"] is not None
    body = incident(system, number, "command/answer/", by="hamish", accept=True)["incident"]
    assert ("commander", "Hamish Fraser") in roles(body)
    assert ("commander", "Ada Moreno") not in roles(body)
    assert lines(system, number, "role")[-1].startswith("Hamish Fraser has command. Ada Moreno hands over.")
    system.travel(MINUTE)  # a number gets one notice a minute
    system.wait_for_text("ada", "Hamish Fraser has command of")

    system.post(f"/alarms/{alarm}/resolve/", by="hamish")
    incident(system, number, "move/", by="hamish", move="resolve")


def on_call(system, schedule, *, at):
    answer = system.get("/on-call/", schedule=schedule, at=f"{at:%FT%TZ}")
    return [one["name"] for found in answer["schedules"] for role in found["roles"] for one in role["people"]]


LOST, NIGHT = date(2027, 6, 21), "20270620"  # the night is named by the day on which it begins


def test_a_a_cut_of_the_long_haul_network_costs_243_visits_and_is_reviewed_with_exact_numbers(system):
    system.travel_to(utc(LOST, 2, 4))
    brokers = system.post("/audiences/", BROKERS, by="admin")
    link = Link(system)
    link.beats(5)
    system.travel_to(utc(LOST, 2, 10))  # cut
    link.passes(4)
    [alarm] = [one for one in system.get("/alarms/", state="open")["results"] if one["key"] == "heartbeat.lost"]
    answers_by_text(system, "ada", "Nothing is heard from the summit since", alarm["id"])
    run = system.post("/runs/", {"playbook": "p1", "alarm": alarm["id"]}, by="ada")
    for step, outcome in ((1, "yes"), (2, "done"), (3, "no"), (4, "no")):
        link.passes(2)
        system.post(f"/runs/{run['id']}/outcomes/", {"step": step, "outcome": outcome}, by="ada")
    system.travel_to(utc(LOST, 2, 29))
    until(lambda: system.get(f"/alarms/{alarm['id']}/")["severity"] == 1, "SEV-1 after a quarter of an hour")
    system.post(f"/alarms/{alarm['id']}/acknowledge/", by="ada")  # it is worse, and pages anew
    run = system.post(f"/runs/{run['id']}/outcomes/", {"step": 5, "outcome": "yes"}, by="ada")

    said = {"title": "The link to the summit is cut", "alarms": [alarm["id"]], "impact_starts_at": f"{LOST}T02:10:00Z"}
    number = system.post("/incidents/", said, by="ada")["number"]
    body = incident(system, number, "roles/", by="finn", role="commander")["incident"]
    assert (body["severity"], roles(body)) == (1, [("commander", "Finn Reyes"), ("external_liaison", "Bea Singh")])
    assert "two roles" in refused(system, f"/incidents/{number}/roles/", {"role": "scribe"}, by="finn")
    tell(system, number, "M9", brokers)
    incident(
        system, number, "entries/", by="ada", kind="finding", text="The fibre is cut between La Serena and Santiago."
    )
    incident(system, number, "move/", by="finn", move="identify")

    for at in ((2, 50), (3, 15), (3, 40), (4, 5), (4, 30)):  # whoever has it says so, lest it lapses
        system.travel_to(utc(LOST, *at))
        system.post(f"/alarms/{alarm['id']}/note/", {"text": "Still cut."}, by="ada")
    system.travel_to(utc(LOST, 4, 38))
    system.wait_for_text("bea", "A message to the community is overdue since")
    link.beats(1)
    system.travel_to(utc(LOST, 4, 40))
    incident(
        system, number, "entries/", by="ada", kind="fixed", text="The redundant path is up, Ada Moreno sees images."
    )
    body = incident(system, number, "move/", by="finn", move="resolve")
    assert [one["at"] is not None for one in body["ticks"]] == [True, True, True, True]
    system.post(f"/alarms/{alarm['id']}/resolve/", by="ada")
    tell(system, number, "M4", brokers)
    _is_reviewed(system, number)


BROKERS = {"name": "Brokers", "addresses": ["ops@broker.example", "night@broker.example"], "hears_delays": True}


def tell(system, number, template, audience):
    """The liaison writes to the community; while a SEV-1 is commanded, it goes out by the commander's yes."""
    values = {"CONTEXT": "the link to the summit"}
    wanted = {"template": template, "audiences": [audience["id"]], "values": values}
    update = incident(system, number, "updates/", by="bea", **wanted)
    edition = {"edition": update["edition"]}
    sent_out = system.post(f"/incidents/{number}/updates/{update['id']}/send/", edition, by="bea")
    if template == "M9":
        assert sent_out["state"] == "asked"
        sent_out = system.post(f"/incidents/{number}/updates/{update['id']}/send/", edition, by="finn")
    assert (sent_out["state"], sent_out["told"]) == ("sent", [{"name": "Brokers", "addresses": 2}])
    mails = system.rows("SELECT address FROM outside_mailing WHERE about = %s", f"update:{update['id']}")
    assert sorted(mail["address"] for mail in mails) == ["night@broker.example", "ops@broker.example"]
    told = anonymous(system, "/status/").text
    assert sent_out["subject"] in told
    assert "Singh" not in told


def _is_reviewed(system, number):
    """What comes after: a draft, the verdicts of the day after, two people, a page for all, and what is caught up."""
    system.travel(MINUTE)
    review = until(lambda: of_list(system, number), "the draft of its review")
    assert (review["state"], review["owner"]["name"]) == ("draft", "Finn Reyes")
    assert datetime.fromisoformat(review["due_at"]).date() == date(2027, 6, 24)  # three days
    figures = system.get(f"/incidents/{number}/review/")["figures"]
    assert (figures["minutes_by_severity"], figures["eligible"], figures["unseen"]) == ({"1": 150}, 0, 243)
    [task] = [one for one in system.get("/work-items/")["results"] if one["origin"] == f"Incident {number}"]
    assert (task["state"], task["team"]) == ("open", "campaign-management")
    assert task["title"] in Browser(system, "carl").open(link_of(system, number, "There is a task to catch up"))

    system.travel_to(utc(LOST, 12))  # the raws have come by the link; nothing of 243 of them was sent
    before, cut, after = (visits(utc(LOST, *first), count) for first, count in
                          (((0, 6, 40), 200), ((2, 10, 37), 243), ((4, 40, 28), 557)))  # fmt: skip
    report(system, "visits", [*before, *cut, *after])
    report(system, "deliveries", [*map(sent, [*before, *after]), *map(nothing_sent, cut)])
    system.travel_to(utc(LOST + timedelta(days=1), 14))
    until(lambda: system.get(f"/nights/{NIGHT}/budget/")["failed"] == 243, "the verdicts of a day later")

    review = incident(system, number, "review/count/", by="finn")
    figures = review["recounted"]
    assert (figures["failed"], figures["delayed"], figures["lost"]) == (243, 0, 243)
    assert figures["year"] == {"late_2": "4.1", "delayed_1": "0.0", "failed_01": "81.0"}
    [night] = figures["nights"]
    assert (night["night"], night["eligible"]) == ("2027-06-20", 1000)
    assert night["used"] == {"late_2": "1215.0", "delayed_1": "0.0", "failed_01": "24300.0"}  # 243 of 20, of 10, of 1
    assert (figures["people_called"], figures["messages_sent"]) == (1, 2)

    incident(system, number, "review/owners/", by="finn", reviewers=[system.cast["ids"]["dora"]])
    move = f"/incidents/{number}/review/move/"
    system.post(move, {"move": "submit"}, by="finn")
    assert "Nobody reviews their own" in refused(system, move, {"move": "approve"}, by="finn")
    assert "when its review is" in refused(system, f"/incidents/{number}/move/", {"move": "close"}, by="finn")
    assert system.post(move, {"move": "approve"}, by="dora")["state"] == "reviewed"
    system.post(f"/incidents/{number}/review/publish/", by="carl")
    page = published(system, number)
    assert facts(page) == {
        "Lasted": "2 h 30 min", "Eligible visits": "243", "Delayed": "0", "Failed": "243", "Of the year's 2 %": "4.1 %",
        "Of the year's 1 %": "0.0 %", "Of the year's 0.1 %": "81.0 %",
    }  # fmt: skip
    assert "The redundant path is up" in page
    names = ("Ada", "Moreno", "Finn", "Reyes", "Bea", "Singh", "Dora", "Carl")
    assert [name for name in names if re.search(rf"\b{name}\b", page)] == []

    caught_up = [sent(one, at=utc(LOST, 20), within=0) for one in cut[:100]]
    report(system, "deliveries", caught_up)
    review = incident(system, number, "review/count/", by="finn")
    assert {"Visits delayed: 0 → 100", "Visits failed: 0 → 143"} <= set(review["changed"])
    assert review["recounted"]["year"] == {"late_2": "4.1", "delayed_1": "3.3", "failed_01": "47.7"}
    system.post(f"/incidents/{number}/review/publish/", by="carl")
    assert facts(published(system, number))["Of the year's 0.1 %"] == "47.7 %"
    [one] = [change for change in system.get(f"/visits/{cut[0]['visit_id']}/")["history"] if change["was"] == "failed"]
    assert one["became"] == "delayed"

    assert system.post(move, {"move": "close"}, by="carl")["state"] == "closed"
    assert system.get(f"/incidents/{number}/")["state"] == "closed"


def link_of(system, number, words):
    """Return where the line of the timeline with these words leads."""
    found = system.get(f"/incidents/{number}/timeline/")["results"]
    return next(line["url"] for line in found if words in line["text"])


def published(system, number):
    """Return the report as everybody reads it."""
    assert f"/reviews/published/{number}/" in anonymous(system, "/reviews/published/?q=redundant").text
    return html.unescape(anonymous(system, f"/reviews/published/{number}/").text)


def facts(page):
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))


def test_d_red_checks_at_1005_pacific_are_work_with_the_time_left_and_mended_at_1340(system):
    day = date(2027, 6, 24)  # California is 7 h behind UTC; the sun sets at 21:51 UTC
    system.travel_to(utc(day, 16, 50))
    until(lambda: system.get("/readiness/20270624/")["morning_due"], "the night is planned")
    checks(system, "pass", *(number for number in range(1, 17) if number != 4))
    system.travel_to(utc(day, 17, 5))
    checks(system, "fail", 4)
    standing = system.get("/readiness/20270624/")
    assert (standing["word"], work(system, "check 4 failed")[0]["state"]) == ("FAIL", "open")
    text = work(system, "check 4 failed")[0]["text"]
    left = re.search(r"(\d h \d+ min) until sunset at 21:5\d UTC, (\d h \d+ min) until 17:00 Pacific\.", text)
    assert left, text
    assert left[2] in ("6 h 55 min", "6 h 54 min")
    assert left[1] in ("4 h 47 min", "4 h 46 min", "4 h 45 min")

    system.travel_to(utc(day, 20, 40))
    checks(system, "pass", 4)
    standing = system.get("/readiness/20270624/")
    assert standing["word"] == "PASS"
    [item] = work(system, "check 4 failed")
    assert (item["state"], item["outcome"]) == ("done", "The check passed.")
    assert "PASS" in Browser(system, "ada").open("/readiness/")
    assert [one for one in system.get("/alarms/", state="open")["results"] if "itest" in one["title"]] == []


def checks(system, result, *numbers):
    items = [{"night": "20270624", "check": number, "result": result, "version": "w25"} for number in numbers]
    assert system.post("/readiness/", items, by="admin")["rejected"] == []


def work(system, words):
    return [one for one in system.get("/work-items/", state="all")["results"] if words in one["title"]]

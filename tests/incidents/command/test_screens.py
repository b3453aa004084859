"""Incidents on screens: two presses declare one, the buttons are those of the table, and refusals are said in words."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.command import assigning, services
from incidents.command.models import Entry, Incident
from oncall import clock
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def press(client, incident, what, **fields):
    return client.post(reverse(f"incident_{what}", args=[incident.number]), fields)


def found(pattern, text) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


def words(response) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


CHOSEN = r'name="severity" value="(.)"[^>]* checked'

# --- Declaring -------------------------------------------------------------------------------------------------------


def test_from_an_alarm_two_presses_declare_it_with_its_title_and_severity(as_ada, fired):
    alarm = fired("dome", severity=2)
    first = found(r'href="(/incidents/declare/[^"]+)"', as_ada.get(alarm.path).content.decode())
    form = as_ada.get(first).content.decode()
    assert 'value="Alarm dome"' in form
    assert found(CHOSEN, form) == "2"

    response = as_ada.post("/incidents/declare/", {"title": "Alarm dome", "severity": "2", "alarm": str(alarm.pk)})

    assert response.headers["Location"] == "/incidents/1/"
    assert Incident.objects.get().alarm_links.get().alarm == alarm


def test_from_the_list_of_alarms_the_worst_that_is_ticked_says_how_bad_it_is(as_ada, fired):
    ticked = [fired("late", severity=3), fired("none", severity=1)]
    response = as_ada.post("/incidents/declare/", {"alarm": [f"{one.pk}:1" for one in ticked]})

    form = response.content.decode()
    assert 'value="Alarm none"' in form
    assert found(CHOSEN, form) == "1"
    assert form.count('name="alarm"') == 2
    assert Incident.objects.count() == 0


def test_over_nothing_a_title_is_enough(as_ada):
    assert found(CHOSEN, as_ada.get("/incidents/declare/").content.decode()) == "2"
    as_ada.post("/incidents/declare/", {"title": "Summit network is slow", "severity": "2"})

    assert Incident.objects.get().title == "Summit network is slow"


def test_a_button_pressed_twice_declares_one(as_ada):
    typed = {"title": "Summit network is slow", "severity": "2"}
    as_ada.post("/incidents/declare/", typed)
    response = as_ada.post("/incidents/declare/", typed)

    assert response.headers["Location"] == "/incidents/1/"
    assert Incident.objects.count() == 1


def test_an_alarm_that_is_worked_on_leads_to_its_incident(as_ada, fired, declared):
    alarm = fired()
    declared(alarms=[alarm])

    response = as_ada.get(f"/incidents/declare/?alarm={alarm.pk}")

    assert response.headers["Location"] == "/incidents/1/"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "", "severity": "2"}, "This field is required."),
        ({"title": "x", "severity": "9"}, "Select a valid choice."),
        ({"title": "a\x00b", "severity": "2"}, "Null characters are not allowed."),
        ({"title": "x" * 201, "severity": "2"}, "at most 200 characters"),
    ],
)
def test_what_cannot_be_declared_is_said_beside_the_field_and_nothing_is_lost(as_ada, fields, said):
    response = as_ada.post("/incidents/declare/", {**fields, "summary": "kept as typed"})

    assert response.status_code == 400
    assert said in words(response)
    assert "kept as typed" in response.content.decode()


# --- The list --------------------------------------------------------------------------------------------------------


def test_the_list_has_live_ones_first_then_the_newest(as_ada, declared, ada, now):
    old, over = declared(title="Old and live"), declared(title="Newer and over")
    services.move(incident=over, move="resolve", by=ada, now=now)

    numbers = re.findall(r'<a href="/incidents/(\d+)/">', as_ada.get("/incidents/").content.decode())
    assert numbers == [str(old.number), str(over.number)]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("state=live", ["2"]),
        ("state=resolved", ["1"]),
        ("severity=1", ["2"]),
        ("product=prompt", ["2"]),
        ("product=prom", []),
        ("q=summit", ["1"]),
        ("q=2", ["2"]),
        ("q=%00summit&page=999999999999999999999", ["1"]),
        ("state=nonsense", ["2", "1"]),
        ("severity=99999999999999999999", ["2", "1"]),
    ],
)
def test_filters_stand_in_the_url(as_ada, declared, ada, now, query, numbers):
    services.move(incident=declared(title="Summit network"), move="resolve", by=ada, now=now)
    declared(title="No alerts", severity=1, product="prompt/kafka")

    response = as_ada.get(f"/incidents/?{query}")
    assert re.findall(r'<a href="/incidents/(\d+)/">', response.content.decode()) == numbers


def test_a_longer_list_asks_no_more_queries(as_ada, declared, fired, grace, now):
    declared(alarms=[fired("first")])
    with CaptureQueriesContext(connection) as few:
        as_ada.get("/incidents/")
    for n in range(8):
        made = declared(title=f"Trouble {n}", alarms=[fired(f"more {n}")])
        assigning.take(incident=made, role="commander", by=grace, now=now)
    with CaptureQueriesContext(connection) as many:
        text = words(as_ada.get("/incidents/"))

    assert "Grace Okafor has command" in text
    assert len(many) == len(few)


def test_thirty_stand_on_a_page_and_the_rest_on_the_next(as_ada, declared):
    for n in range(31):
        declared(title=f"Trouble {n}")

    second = as_ada.get("/incidents/?page=2").content.decode()
    assert re.findall(r'<a href="/incidents/(\d+)/">', second) == ["1"]


# --- One incident ----------------------------------------------------------------------------------------------------


def test_the_page_says_how_it_stands(as_ada, fired, declared, ada, now):
    incident = declared(alarms=[fired(playbook="https://example.org/p6")], severity=2)
    assigning.take(incident=incident, role="commander", by=ada, now=now)

    text = words(as_ada.get(incident.path))
    assert "SEV-2 investigating" in text
    assert "Incident commander Ada Moreno (you) since 20:10" in text  # 03:10 UTC in California
    assert "passes on by 23:10 PDT · Tue 06:10 UTC" in text  # three hours later
    at = "20:10 PDT · Tue 03:10 UTC"
    assert f"on record {at} acknowledged {at} room {at} community told not yet" in text
    assert "https://example.org/p6" in text


def test_command_that_is_due_to_pass_says_so(as_ada, declared, ada, now):
    incident = declared()
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    clock.travel(timedelta(hours=3))

    assert "Command is due to pass since Mon 22 Mar 23:10 PDT" in words(as_ada.get(incident.path))


@pytest.mark.parametrize(
    ("path", "buttons"),
    [
        ([], {"identify", "mitigate", "resolve", "false_alarm", "merge"}),
        (["identify"], {"investigate", "mitigate", "resolve", "false_alarm", "merge"}),
        (["mitigate"], {"investigate", "identify", "resolve", "merge"}),
        (["resolve"], {"close", "reopen"}),
        (["resolve", "close"], {"reopen"}),
        (["false_alarm"], {"reopen"}),
    ],
)
def test_the_buttons_are_those_that_the_table_allows(as_ada, declared, ada, now, path, buttons):
    incident = declared()
    declared(title="Another one, to merge into")
    for move in path:
        services.move(incident=incident, move=move, by=ada, now=now)

    assert set(re.findall(r'name="move" value="(\w+)"', as_ada.get(incident.path).content.decode())) == buttons


def test_a_move_is_pressed_with_why(as_ada, declared):
    incident = declared()
    press(as_ada, incident, "move", move="identify", why="The broker's disk is full.", version="1")

    incident.refresh_from_db()
    assert incident.state == "identified"
    assert "Ada Moreno: the cause is known. The broker's disk is full." in incident.entries.last().text


def test_a_press_on_a_page_that_is_out_of_date_is_refused_in_words_and_keeps_what_was_typed(
    as_ada, declared, grace, now
):
    incident = declared()
    services.move(incident=incident, move="mitigate", by=grace, now=now)

    response = press(as_ada, incident, "move", move="identify", why="The disk is full.", version="1")

    assert response.status_code == 409
    assert "has changed since you looked: it is mitigated, SEV-3." in words(response)
    assert 'value="The disk is full."' in response.content.decode()
    assert Incident.objects.get().state == "mitigated"


@pytest.mark.parametrize(
    ("what", "fields", "status", "said"),
    [
        ("move", {"move": "close", "version": "1"}, 409, "cannot be pressed “close”"),
        ("move", {"move": "explode"}, 400, "“explode” is no press."),
        ("move", {"move": "merge", "into": "99999999999999999999"}, 400, "Say into which incident it is merged."),
        ("severity", {"severity": "7"}, 400, "0 is no severity. Choose 1 (worst) to 5."),
        ("severity", {"severity": "1", "version": "8"}, 409, "has changed since you looked"),
        ("role", {"role": "king", "then": "take"}, 400, "“king” is no role."),
        ("role", {"role": "scribe", "then": "assign", "person": "x\x00"}, 400, "Choose somebody."),
        ("command", {"then": "yes", "offer": "nothing"}, 400, "That offer is not there."),
        ("command", {"then": "offer"}, 400, "Choose somebody."),
        ("alarm", {"alarm": "nothing"}, 400, "Choose an alarm of the list."),
        ("call_in", {}, 400, "Say whom to call: a skill, or a schedule, or a person."),
        ("name", {}, 400, "Choose somebody."),
        ("note", {"text": "  "}, 400, "The line is empty."),
        ("note", {"text": "x", "kind": "declared"}, 400, "Choose one of: note"),
    ],
)
def test_what_cannot_be_pressed_is_said_in_words(as_ada, declared, what, fields, status, said):
    response = press(as_ada, declared(), what, **fields)

    assert response.status_code == status
    assert said in words(response)


def test_severity_changes_by_a_press(as_ada, declared):
    incident = declared()
    press(as_ada, incident, "severity", severity="1", why="No alerts at all.", version="1")

    assert Incident.objects.get().severity == 1
    assert incident.entries.last().text == "Ada Moreno: SEV-3 is now SEV-1. No alerts at all."


def test_command_passes_by_an_explicit_yes(client, as_ada, declared, grace):
    incident = declared()
    press(as_ada, incident, "role", role="commander", then="take")
    press(as_ada, incident, "command", then="offer", person=str(grace.pk), brief="Broker is restarting.")
    assert "Take the offer to Grace back" in words(as_ada.get(incident.path))
    client.force_login(grace)
    page = client.get(incident.path)
    assert "Broker is restarting." in words(page)
    offer = found(r'name="offer" value="([^"]+)"', page.content.decode())

    press(client, incident, "command", then="yes", offer=offer)

    assert "Incident commander Grace Okafor (you)" in words(client.get(incident.path))


def test_roles_are_taken_given_and_left_by_a_press(as_ada, declared, grace):
    incident = declared()
    press(as_ada, incident, "role", role="deputy", then="take")
    press(as_ada, incident, "role", role="scribe", then="assign", person=str(grace.pk))
    assert set(incident.assignments.filter(ends_at=None).values_list("role", "person__username")) == {
        ("deputy", "ada"), ("scribe", "grace"),
    }  # fmt: skip

    press(as_ada, incident, "role", role="deputy", then="release")
    press(as_ada, incident, "role", role="scribe", then="release", person=str(grace.pk), why="Goes to bed.")

    assert incident.assignments.filter(ends_at=None).count() == 0


def test_alarms_are_added_and_taken_out_by_a_press(as_ada, declared, fired):
    incident, alarm = declared(), fired("kafka")
    assert "SEV-2 Alarm kafka" in words(as_ada.get(incident.path))
    press(as_ada, incident, "alarm", alarm=str(alarm.pk), then="attach")
    assert incident.alarm_links.filter(unlinked_at=None).count() == 1

    press(as_ada, incident, "alarm", alarm=str(alarm.pk), then="detach")

    assert incident.alarm_links.filter(unlinked_at=None).count() == 0


def test_an_expert_is_called_in_by_a_press(as_ada, declared, grace):
    response = press(as_ada, declared(), "call_in", person=str(grace.pk), why="Who knows Kafka?")

    assert response.status_code == 302
    assert "Expert wanted (Grace Okafor)" in words(as_ada.get("/alarms/"))


def test_a_page_with_many_lines_and_alarms_asks_no_more_queries(as_ada, declared, fired, ada, grace, now):
    incident = declared(alarms=[fired("first")])
    services.say(incident=incident, kind="note", text="hello @grace", by=ada, now=now)
    with CaptureQueriesContext(connection) as few:
        as_ada.get(incident.path)
    for n in range(6):
        services.attach(incident=incident, alarm=fired(f"more {n}"), by=ada, now=now)
        services.say(incident=incident, kind="note", text=f"line {n} @grace", by=grace, now=now)
    with CaptureQueriesContext(connection) as many:
        as_ada.get(incident.path)

    assert len(many) == len(few)


# --- Restricted (R43) ------------------------------------------------------------------------------------------------

ADDRESSES = [
    ("get", "/incidents/1/"), ("get", "/incidents/1/timeline/"), ("get", f"/incidents/1/timeline.{'md'}"),
    ("get", "/incidents/1/timeline.json"), ("get", "/incidents/1/paper/"), ("get", "/incidents/1/lines/1/correct/"),
    ("get", "/incidents/1/pictures/6f6e6361-6c6c-4000-8000-706167657321/"),
    ("post", "/incidents/1/lines/1/correct/"), ("post", "/incidents/1/move/"), ("post", "/incidents/1/severity/"),
    ("post", "/incidents/1/role/"), ("post", "/incidents/1/command/"), ("post", "/incidents/1/alarm/"),
    ("post", "/incidents/1/call-in/"), ("post", "/incidents/1/name/"), ("post", "/incidents/1/note/"),
]  # fmt: skip
FIELDS = {"move": "resolve", "severity": "1", "role": "scribe", "then": "take", "text": "let me in", "kind": "note"}


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
@pytest.mark.parametrize("hx", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_a_restricted_incident_is_not_there_for_others(client, declared, fired, grace, method, address, hx):
    incident = declared(restricted=True, title="Somebody is in")
    alarm = fired()
    before = Entry.objects.count()
    client.force_login(grace)

    response = getattr(client, method)(address, FIELDS | {"alarm": str(alarm.pk), "person": str(grace.pk)}, headers=hx)

    assert response.status_code == 404
    assert "Somebody is in" not in response.content.decode()
    assert Entry.objects.count() == before
    assert incident.assignments.count() == 0


def test_the_list_does_not_have_a_restricted_one_for_others(client, declared, grace):
    declared(restricted=True, title="Somebody is in")
    client.force_login(grace)

    assert "Somebody is in" not in client.get("/incidents/?q=Somebody").content.decode().replace("“Somebody”", "")


def test_whoever_is_named_sees_a_restricted_one(client, as_ada, declared, grace):
    incident = declared(restricted=True, title="Somebody is in")
    press(as_ada, incident, "name", person=str(grace.pk))
    client.force_login(grace)

    assert client.get(incident.path).status_code == 200


def test_a_restricted_one_is_no_choice_to_merge_into_for_others(client, declared, grace):
    declared(restricted=True, title="Somebody is in")
    mine = declared(title="Disk full")
    client.force_login(grace)

    assert "Somebody is in" not in client.get(mine.path).content.decode()
    response = press(client, mine, "move", move="merge", into="1", version="1")
    assert "Say into which incident it is merged." in words(response)


def test_somebody_signed_in_elsewhere_in_the_world_reads_their_own_time(client, declared):
    client.force_login(make_person("Lucie Girard", zone="Europe/Paris"))

    assert "declared Tue 23 Mar 04:10 CET · 03:10 UTC" in words(client.get(declared().path))


def test_the_form_says_what_an_incident_is(as_ada):
    said = words(as_ada.get("/incidents/declare/"))

    assert "Something that diminishes a service for a significant number of users or visits" in said
    assert "No alerts, or late ones, for several visits" in said

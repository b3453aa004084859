"""Incidents for other programs: whole, restricted ones unseen, odd requests answered."""

from datetime import timedelta
from uuid import uuid4

import pytest

from incidents.alarms.models import Alarm
from incidents.command import assigning, queries, services
from incidents.command.models import Incident
from oncall import clock
from oncall.people import services as people
from tests.conftest import make_schedule

pytestmark = pytest.mark.django_db
BASE = "/api/v1/incidents/"


@pytest.fixture(autouse=True)
def _at_now(now):
    clock.offset = now - clock.now()


@pytest.fixture
def call(client):
    """Ask as somebody: `call(person, "post", "1/move/", move="resolve")`."""
    tokens = {}

    def ask(person, method, path="", /, **body):
        if person.pk not in tokens:
            tokens[person.pk] = people.create_token(person=person, name="t", now=clock.now(), life=timedelta(days=1))[1]
        about: dict = {"headers": {"Authorization": f"Token {tokens[person.pk]}"}}
        if method != "get":
            about |= {"data": body, "content_type": "application/json"}
        return getattr(client, method)(BASE + path, **about)

    return ask


def test_declared_in_one_request(call, ada, fired):
    alarm = fired(severity=1)

    answer = call(ada, "post", title="No alerts since 02:10", severity=2, alarms=[str(alarm.pk)])

    assert answer.status_code == 201
    body = answer.json()
    assert (body["number"], body["title"], body["severity"]) == (1, "No alerts since 02:10", 1)
    assert (body["state"], body["declared_by"]["name"], body["alarms"]) == (
        "investigating", "Ada Moreno", [str(alarm.pk)],
    )  # fmt: skip
    assert [tick["name"] for tick in body["ticks"] if tick["at"]] == ["record", "room"]
    assert body["moves"] == ["identify", "mitigate", "resolve", "false_alarm", "merge"]


def test_declared_again_over_the_same_alarm_it_is_the_same(call, ada, grace, fired):
    alarm = str(fired().pk)
    first = call(ada, "post", alarms=[alarm])

    again = call(grace, "post", alarms=[alarm])

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "x", "severity": 0}, "severity"),
        ({"title": "x", "alarms": [str(uuid4())]}, "alarms"),
        ({"title": "x", "alarms": "x"}, "alarms"),
        ({"title": "\x00"}, "title"),
        ({"title": "x", "impact_starts_at": "2027-03-24T00:00:00Z"}, "impact_starts_at"),
        ({"title": "x", "impact_starts_at": "yesterday"}, "impact_starts_at"),
        ({"title": ["x"]}, "title"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_its_field(call, ada, body, field):
    answer = call(ada, "post", **body)

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_the_list_is_newest_first_and_without_what_one_may_not_see(call, declared, ada, mae):
    declared(title="one")
    declared(title="two", restricted=True)
    declared(title="three", severity=1)

    seen = {one.name: [row["title"] for row in call(one, "get").json()["results"]] for one in (ada, mae)}

    assert seen == {"Ada Moreno": ["three", "two", "one"], "Mae Castillo": ["three", "one"]}


@pytest.mark.parametrize(
    ("query", "titles"),
    [("?state=live", ["two"]), ("?state=resolved", ["one"]), ("?severity=1", ["two"]), ("?severity=3", ["one"])],
)
def test_the_list_is_narrowed(call, declared, ada, now, query, titles):
    services.move(incident=declared(title="one"), move="resolve", by=ada, now=now)
    declared(title="two", severity=1)

    assert [row["title"] for row in call(ada, "get", query).json()["results"]] == titles


def test_the_list_asks_as_often_however_long_it_is(call, declared, ada, django_assert_max_num_queries):
    for n in range(12):
        declared(title=f"Thing {n}")
    call(ada, "get")

    with django_assert_max_num_queries(5):
        assert len(call(ada, "get").json()["results"]) == 12


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "1/"), ("get", "1/timeline/"), ("get", "1/alarms/"), ("post", "1/move/"), ("post", "1/severity/"),
        ("post", "1/roles/"), ("post", "1/roles/leave/"), ("post", "1/command/offer/"), ("delete", "1/command/offer/"),
        ("post", "1/command/answer/"), ("post", "1/entries/"), ("post", "1/alarms/"),
        ("delete", "1/alarms/7f0d0000-0000-4000-8000-00000000000a/"), ("post", "1/experts/"), ("post", "1/people/"),
    ],
)  # fmt: skip
def test_what_is_restricted_is_not_there(call, declared, mae, method, path):
    declared(restricted=True)

    assert call(mae, method, path).status_code == 404


@pytest.mark.parametrize("number", ["0", "9999999999", "99999999999999999999999999"])
def test_a_number_that_nothing_has_is_not_there(call, ada, number):
    assert call(ada, "get", f"{number}/").status_code == 404


def test_nothing_is_merged_into_what_one_may_not_see(call, declared, mae):
    declared(restricted=True)
    declared(title="two", by=mae)

    answer = call(mae, "post", "2/move/", move="merge", into=1)

    assert (answer.status_code, answer.json()) == (400, {"into": ["There is no incident 1."]})


def test_a_move_answers_with_the_incident(call, declared, ada):
    declared()

    body = call(ada, "post", "1/move/", move="mitigate", why="Failed over.").json()

    assert (body["state"], body["version"]) == ("mitigated", 2)


@pytest.mark.parametrize(("move", "version"), [("close", None), ("resolve", 1)])
def test_what_has_moved_on_is_409(call, declared, ada, now, move, version):
    services.move(incident=declared(), move="identify", by=ada, now=now)

    answer = call(ada, "post", "1/move/", move=move, version=version)

    assert answer.status_code == 409
    assert "identified" in answer.json()["detail"][0]


def test_severity_is_set(call, declared, ada):
    declared()

    assert call(ada, "post", "1/severity/", severity=2).json()["severity"] == 2


def test_a_role_is_taken_with_its_warnings(call, declared, ada):
    declared(severity=2)
    call(ada, "post", "1/roles/", role="commander")

    body = call(ada, "post", "1/roles/", role="expert").json()

    assert [one["role"] for one in body["incident"]["roles"]] == ["commander", "expert"]
    assert body["warnings"] == [
        "Ada Moreno is incident commander as well: at SEV-2 find somebody else for one of the two."
    ]
    assert body["incident"]["combined"] == [
        {"person": {"id": str(ada.pk), "name": "Ada Moreno"}, "roles": ["commander", "expert"]}
    ]


def test_a_role_is_left(call, declared, ada, now):
    assigning.take(incident=declared(), role="scribe", by=ada, now=now)

    assert call(ada, "post", "1/roles/leave/", role="scribe").json()["roles"] == []


def test_command_passes_with_a_yes(call, declared, ada, grace, now):
    assigning.take(incident=declared(), role="commander", by=ada, now=now)
    asked = call(ada, "post", "1/command/offer/", to=str(grace.pk), brief="The link is down.")
    assert asked.json()["offer"]["to"]["name"] == "Grace Okafor"

    body = call(grace, "post", "1/command/answer/", accept=True).json()

    assert [(one["role"], one["person"]["name"]) for one in body["incident"]["roles"]] == [
        ("commander", "Grace Okafor")
    ]
    assert body["incident"]["offer"] is None


def test_an_offer_is_taken_back_and_answered_no_more(call, declared, ada, grace, now):
    assigning.take(incident=declared(), role="commander", by=ada, now=now)
    call(ada, "post", "1/command/offer/", to=str(grace.pk))

    taken_back = call(ada, "delete", "1/command/offer/")

    assert taken_back.json()["offer"] is None
    assert call(grace, "post", "1/command/answer/", accept=True).status_code == 409


def test_lines_are_written_and_corrected(call, declared, ada):
    declared()
    wrong = call(ada, "post", "1/entries/", kind="finding", text="It is the switch.", key="a").json()
    call(ada, "post", "1/entries/", kind="finding", text="It is the switch.", key="a")

    right = call(ada, "post", "1/entries/", kind="correction", text="The router.", corrects=wrong["nth"])

    assert right.status_code == 201
    assert (right.json()["corrects"], wrong["nth"]) == (2, 2)
    lines = call(ada, "get", "1/timeline/").json()["results"]
    assert [(line["nth"], line["kind"], line["corrected_by"]) for line in lines] == [
        (1, "declared", []), (2, "finding", [3]), (3, "correction", []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": "\x00"}, "text"),
        ({"text": "x", "kind": "severity"}, "kind"),
        ({"text": "x", "kind": "correction"}, "corrects"),
        ({"text": "x", "kind": "correction", "corrects": 99}, "corrects"),
        ({"text": "x", "kind": "correction", "corrects": 1e400}, "corrects"),
        ({"text": "x", "corrects": 1}, "corrects"),
        ({"text": "x", "at": "2027-03-24T00:00:00Z"}, "at"),
        ({"text": {"a": 1}}, "text"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_field(call, declared, ada, body, field):
    declared()

    answer = call(ada, "post", "1/entries/", **body)

    assert answer.status_code == 400
    assert list(answer.json()) in ([field], ["detail"])  # what is no JSON at all has no field


def test_what_was_sent_out_tells_the_community(call, declared, ada):
    declared()
    call(ada, "post", "1/entries/", kind="update", text="To the brokers: alerts are late.")

    ticks = call(ada, "get", "1/").json()["ticks"]

    assert [tick["name"] for tick in ticks if tick["at"]] == ["record", "room", "told"]


def test_the_timeline_has_the_log_of_its_alarms_in_order(call, declared, fired, ada, now):
    declared(alarms=[fired(at=now - timedelta(minutes=9))])

    lines = call(ada, "get", "1/timeline/").json()["results"]

    assert [line["kind"] for line in lines] == ["impact", "fired", "declared", "alarm"]
    assert [line["nth"] for line in lines] == [2, None, 1, 3]


def test_a_reader_gets_what_came_since(call, declared, ada, now):
    incident = declared()
    cursor = call(ada, "get", "1/timeline/").json()["cursor"]
    services.say(incident=incident, kind="note", text="Later.", by=ada, now=now)

    later = call(ada, "get", f"1/timeline/?after={cursor}").json()["results"]

    assert [line["text"] for line in later] == ["Later."]


@pytest.mark.parametrize("after", ["x", "%00", "1-2", "-1-2-3", "9" * 60, "1-1-99999999999", "%ed%a0%80"])
def test_an_odd_cursor_is_refused_or_answered(call, declared, ada, after):
    declared()

    assert call(ada, "get", f"1/timeline/?after={after}").status_code in {200, 400}


def test_an_alarm_is_linked_and_taken_out(call, declared, fired, ada):
    declared()
    alarm = fired()

    linked = call(ada, "post", "1/alarms/", alarm=str(alarm.pk))
    taken_out = call(ada, "delete", f"1/alarms/{alarm.pk}/")

    assert [row["id"] for row in linked.json()["results"]] == [str(alarm.pk)]
    assert taken_out.json()["results"] == []


def test_an_expert_is_called_in(call, declared, ada, grace):
    declared()
    schedule = make_schedule("Butler", grace)
    schedule.skill = "Data Facility"
    schedule.save()

    answer = call(ada, "post", "1/experts/", skill="Data Facility")

    assert answer.status_code == 201
    assert Alarm.objects.get(pk=answer.json()["id"]).raised_by == ada


def test_somebody_is_let_see_a_restricted_one(call, declared, ada, mae):
    declared(restricted=True)

    call(ada, "post", "1/people/", person=str(mae.pk))

    assert call(mae, "get", "1/").status_code == 200


@pytest.mark.parametrize("value", ["", "x", None, 7, [], {}, "\x00", "6f6e6361-6c6c-4000-8000-706167657321"])
@pytest.mark.parametrize(
    ("path", "field"), [("command/offer/", "to"), ("alarms/", "alarm"), ("people/", "person"), ("roles/", "role")]
)
def test_an_odd_value_is_refused_by_its_field(call, declared, ada, path, field, value):
    declared()

    answer = call(ada, "post", f"1/{path}", **{field: value})

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_the_same_sent_again_is_the_same_incident_and_another_title_another(call, ada):
    answers = [call(ada, "post", title=title) for title in ("x", "x", "y")]

    assert [(one.status_code, one.json()["number"]) for one in answers] == [(201, 1), (200, 1), (201, 2)]
    assert Incident.objects.count() == 2
    assert queries.without_commander().count() == 0

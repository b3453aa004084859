"""What is said about an incident changes by a line each; who may read it too."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from incidents.alarms import work
from incidents.alarms.models import Alarm
from incidents.command import assigning, calling, editing, services, watch
from incidents.command.editing import is_address
from incidents.command.models import Incident
from incidents.command.services import Moved, Refused
from oncall import clock
from oncall.outside.models import Posting
from oncall.paging.models import Notice
from tests.conftest import NOW
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


def test_each_change_is_a_line_with_what_it_was_and_is(declared, grace, now):
    incident = declared(summary="No alerts.")

    editing.edit(
        incident=incident, changes={"title": " Kafka  is full ", "room": "https://rooms.example/12"}, by=grace, now=now
    )

    incident.refresh_from_db()
    assert (incident.title, incident.room, incident.version) == ("Kafka is full", "https://rooms.example/12", 2)
    assert lines(incident, "changed") == [
        "Grace Okafor changed the title: “No alerts since 02:10” is now “Kafka is full”.",
        "Grace Okafor changed the room: nothing is now “https://rooms.example/12”.",
    ]
    assert incident.entries.filter(kind="changed").first().said == {
        "field": "title", "was": "No alerts since 02:10", "is": "Kafka is full",
    }  # fmt: skip


def test_what_is_the_same_already_is_no_line(declared, ada, now):
    incident = declared()

    editing.edit(incident=incident, changes={"title": "No alerts since 02:10", "room": ""}, by=ada, now=now)

    assert (Incident.objects.get().version, lines(incident, "changed")) == (1, [])


def test_a_better_guess_of_when_it_began_corrects_the_line_before(declared, ada, now):
    incident = declared(impact_starts_at=now - 10 * MINUTE)

    editing.edit(incident=incident, changes={"impact_starts_at": now - 30 * MINUTE}, by=ada, now=now)

    first, second = incident.entries.filter(kind="impact")
    assert (second.at, second.corrects) == (now - 30 * MINUTE, first)
    assert Incident.objects.get().impact_starts_at == now - 30 * MINUTE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"room": "javascript:alert(1)"}, "room"),
        ({"room": "x" * 1001}, "room"),
        ({"impact_starts_at": datetime(2027, 3, 24, tzinfo=UTC)}, "impact_starts_at"),
        ({"impact_starts_at": datetime(1, 1, 1, tzinfo=UTC)}, "impact_starts_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_and_changes_nothing(declared, ada, now, changes, field):
    incident = declared()

    with pytest.raises(Refused) as refused:
        editing.edit(incident=incident, changes={"product": "kafka"} | changes, by=ada, now=now)

    assert refused.value.field == field
    assert Incident.objects.get().product == ""


def test_a_page_that_is_out_of_date_changes_nothing(declared, ada, now):
    incident = declared()
    services.set_severity(incident=incident, severity=2, by=ada, now=now)

    with pytest.raises(Moved, match="SEV-2"):
        editing.edit(incident=incident, changes={"title": "x"}, by=ada, now=now, version=1)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("https://rooms.example/12?x=1", True),
        ("http://rooms.example", True),
        ("https://", False),
        ("//rooms.example", False),
        ("ftp://rooms.example", False),
        ("JavaScript:alert(1)", False),
        ("https://us@rooms.example", False),
        ("https://rooms.example/ x", False),
        ('https://rooms.example/"x', False),
        ("https://[", False),
        ("data:text/html,x", False),
    ],
)
def test_a_room_is_an_address_of_the_web(text, may):
    assert is_address(text) is may


def test_restricted_later_only_whom_it_names_sees_it(declared, ada, grace, mae, now):
    incident = declared()
    assigning.take(incident=incident, role="scribe", by=grace, now=now)

    editing.restrict(incident=incident, by=mae, now=now)

    assert [Incident.objects.visible_to(one).count() for one in (ada, grace, mae)] == [1, 1, 1]


def test_restricted_later_a_stranger_sees_nothing_of_it(declared, ada, grace, now):
    editing.restrict(incident=declared(), by=ada, now=now)

    assert not Incident.objects.visible_to(grace).exists()


def test_restricted_later_calls_into_it_name_it_by_its_number_where_all_read_them(
    declared, ada, grace, now, settings, in_force
):
    settings.SLACK, settings.SLACK_CHANNEL = True, "C0ALL"
    incident = declared(title="Breach at the gateway", severity=2, product="Gateway", by=ada)
    calling.call_in_expert(incident=incident, person=grace, by=ada, why="See the breach.", now=now)
    watch.keep(now=now + timedelta(hours=1), limits=in_force)
    editing.edit(incident=incident, changes={"title": "Nothing"}, by=ada, now=now)

    editing.restrict(incident=incident, by=ada, now=now)

    called = Alarm.objects.order_by("fired_at")
    assert [(one.title, one.description, one.product) for one in called] == [
        (f"Expert wanted ({grace.name}): incident 1", calling.CALLED, ""),
        (
            "Nobody has command of incident 1: acknowledge, and you have",
            "It decides who does what. Whoever acknowledges has command, until they hand it over.",
            "",
        ),
    ]
    shown = [one.text + json.dumps(one.blocks) for one in Posting.objects.filter(key__startswith="alarm:")]
    assert [("incident 1" in text, "Breach" in text) for text in shown] == [(True, False), (True, False)]


def test_restricted_later_its_title_stands_in_no_line_of_another(declared, ada, now):
    one, other = declared(title="Stolen key"), declared(title="No alerts")
    services.move(incident=one, move="merge", into=other, by=ada, now=now)

    assert lines(other, "link") == ["Incident 1 was merged into this one."]
    assert lines(one, "state") == ["Ada Moreno: it is the same as another (incident 2)."]


@pytest.fixture
def at_work(declared, fired, grace, mae, now):
    """An incident that Ada declared; Grace has its alarm, and Mae wrote a line."""
    alarm = fired()
    work.acknowledge(alarm=alarm, by=grace, now=now)
    incident = declared(alarms=[alarm])
    services.say(incident=incident, kind="note", text="I look.", by=mae, now=now)
    return incident


def test_restricted_later_whoever_is_at_work_stays_in(at_work, ada, grace, mae, pilot, now):
    editing.restrict(incident=at_work, by=ada, now=now)

    assert [Incident.objects.visible_to(one).count() for one in (grace, mae, pilot)] == [1, 1, 0]
    (said,) = lines(at_work, "changed")
    assert said.endswith("may see it now. At work in it, and so named: Grace Okafor, Mae Castillo.")


def test_who_restricts_says_who_stays_and_the_others_are_told(client, at_work, ada, grace, mae):
    client.force_login(ada)
    page = client.get("/incidents/1/edit/").content.decode()
    sent = {"then": "restrict", "at_work": [str(grace.pk), str(mae.pk)], "stays": [str(mae.pk)]}

    client.post("/incidents/1/restrict/", sent)

    assert f'name="stays" value="{grace.pk}" checked' in page
    assert [Incident.objects.visible_to(one).count() for one in (grace, mae)] == [0, 1]
    (notice,) = Notice.objects.filter(text__contains="restricted")
    assert (notice.person, notice.text) == (
        grace, "Ada Moreno restricted incident 1, and you do not see it any more. Ask them before you go on."
    )  # fmt: skip


def test_nothing_of_it_stays_on_the_screen_of_whoever_does_not_see_it_any_more(client, declared, grace, ada, now):
    editing.restrict(incident=declared(), by=ada, now=now)
    client.force_login(grace)

    answer = client.get("/incidents/1/timeline/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (404, "true", b"")


def test_it_is_opened_by_who_declared_it_and_says_why(declared, ada, grace, now):
    incident = declared(restricted=True)
    services.name_person(incident=incident, person=grace, by=ada, now=now)

    with pytest.raises(Refused, match="the pilot or an administrator opens it"):
        editing.open_up(incident=incident, by=grace, why="Let me.", now=now)
    with pytest.raises(Refused, match="Say why everybody may read it"):
        editing.open_up(incident=incident, by=ada, why=" ", now=now)
    assert Incident.objects.get().restricted

    editing.open_up(incident=incident, by=ada, why="It was a test.", now=now)
    assert not Incident.objects.get().restricted


@pytest.fixture
def typed(client, ada):
    """The form of an incident, sent with some of it otherwise."""
    client.force_login(ada)

    def send(incident, **changes):
        path = reverse("incident_edit", args=[incident.number])
        page = client.get(path)
        was = {name: page.context["form"][name].value() for name in ("title", "summary", "product", "room")}
        began = re.search(r'name="impact_starts_at"(?: value="([^"]*)")?', page.content.decode())
        assert began is not None
        return client.post(path, was | {"impact_starts_at": began[1] or "", "version": incident.version} | changes)

    return send


def test_the_form_changes_only_what_was_typed(typed, declared, now):
    """Also where the impact began in the hour that a clock shows twice, and not on the second."""
    incident = declared(impact_starts_at=datetime(2026, 11, 1, 9, 30, 12, 345678, tzinfo=UTC))

    answer = typed(incident, title="Kafka is full")

    assert (answer.status_code, answer["Location"]) == (302, "/incidents/1/")
    assert lines(incident)[2:] == ["Ada Moreno changed the title: “No alerts since 02:10” is now “Kafka is full”."]


def test_what_the_form_refuses_stays_in_it(typed, declared):
    answer = typed(declared(), room="rooms.example", title="Kafka is full")

    assert answer.status_code == 400
    assert "“rooms.example” is no address of a room." in answer.content.decode()
    assert 'value="Kafka is full"' in answer.content.decode()


def test_the_form_says_that_somebody_else_was_faster(typed, declared, grace, now):
    incident = declared()
    services.set_severity(incident=incident, severity=2, by=grace, now=now)

    answer = typed(incident, title="Kafka is full")

    assert answer.status_code == 409
    assert Incident.objects.get().title == "No alerts since 02:10"
    assert 'value="Kafka is full"' in answer.content.decode()


def test_the_room_is_a_link_on_the_page(client, declared, ada, now):
    client.force_login(ada)
    editing.edit(incident=declared(), changes={"room": "https://rooms.example/12"}, by=ada, now=now)

    assert (
        '<a href="https://rooms.example/12" rel="noopener noreferrer nofollow">'
        in client.get("/incidents/1/").content.decode()
    )


def test_programs_change_it_too(client, declared, ada):
    client.force_login(ada)
    incident = declared()

    def patch(**data):
        return client.patch("/api/v1/incidents/1/", data, content_type="application/json")

    done = patch(title="Kafka is full", impact_starts_at=None, version=incident.version)
    assert (done.status_code, done.json()["title"], done.json()["version"]) == (200, "Kafka is full", 2)
    assert patch(title="x", version=1).status_code == 409
    assert patch(room="mailto:x@example.org").json()["room"][0].startswith("“mailto:x@example.org” is no address")


def test_programs_restrict_it(client, declared, ada):
    client.force_login(ada)
    declared()
    path = "/api/v1/incidents/1/restricted/"

    said = client.post(path, {"restricted": True}, content_type="application/json")
    refused = client.post(path, {"restricted": False}, content_type="application/json")

    assert (said.status_code, said.json()["restricted"]) == (200, True)
    assert (refused.status_code, list(refused.json())) == (400, ["why"])

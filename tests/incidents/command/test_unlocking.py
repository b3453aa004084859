"""A restricted incident is never locked for good: the pilot or an administrator lets somebody see it, by its number."""

import pytest

from incidents.command import editing, services, unlocking
from incidents.command.models import Incident
from incidents.command.services import Refused
from oncall import clock
from oncall.paging.models import Notice
from tests.conftest import make_person
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
PATH, API = "/incidents/1/restrict/", "/api/v1/incidents/1/"


@pytest.fixture(autouse=True)
def _that_night(db, now):
    clock.travel(now - clock.now())


@pytest.fixture
def secret(declared):
    return declared(restricted=True, title="Stolen token", summary="The vault key leaked.")


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


def sees(person) -> bool:
    return Incident.objects.visible_to(person).exists()


def test_the_pilot_is_led_to_a_page_that_says_its_number_alone(as_pilot, secret):
    page = as_pilot.get("/incidents/1/", follow=True)

    assert page.redirect_chain == [(PATH, 302)]
    assert "Incident 1 is restricted" in page.content.decode()
    assert not {"Stolen", "vault"} & set(page.content.decode().replace(".", " ").split())


@pytest.mark.parametrize("method", ["get", "post"])
def test_for_everybody_else_it_is_not_there(client, secret, mae, method):
    client.force_login(mae)

    assert getattr(client, method)(PATH, {"then": "open", "why": "x"}).status_code == 404


def test_the_pilot_opens_it_and_says_why(as_pilot, secret, pilot):
    refused = as_pilot.post(PATH, {"then": "open", "why": " "})
    assert (refused.status_code, sees(pilot)) == (400, False)

    answer = as_pilot.post(PATH, {"then": "open", "why": "The hole is closed."})

    assert (answer["Location"], sees(pilot)) == ("/incidents/1/", True)
    assert lines(secret, "changed") == [f"{pilot.name} opened it: everybody signed in may see it. The hole is closed."]


def test_the_pilot_names_somebody_and_goes_on_seeing_nothing(as_pilot, secret, pilot, grace):
    as_pilot.post(PATH, {"then": "name", "person": str(grace.pk), "why": "Ada has left."})

    assert (sees(grace), sees(pilot)) == (True, False)
    assert lines(secret, "note") == [f"{pilot.name}, who does not see it, let Grace Okafor see it. Ada has left."]
    (notice,) = Notice.objects.filter(person=grace)
    assert notice.text.startswith(f"{pilot.name} lets you see incident 1 from now on.")


@pytest.mark.parametrize("sent", [{"why": "x"}, {"why": "x", "person": "none"}, {"why": "", "person": "grace"}])
def test_who_is_named_and_why_is_said(as_pilot, secret, grace, sent):
    sent = {**sent, "person": str(grace.pk) if sent.get("person") == "grace" else sent.get("person", "")}

    assert as_pilot.post(PATH, {"then": "name", **sent}).status_code == 400
    assert not sees(grace)


def test_nobody_else_names_somebody_in_what_they_do_not_see(secret, mae, grace, now):
    with pytest.raises(Refused, match="The pilot or an administrator names somebody"):
        unlocking.name(incident=secret, person=grace, by=mae, why="x", now=now)


def test_an_administrators_program_names_somebody_and_opens_it(client, secret, grace):
    client.force_login(make_person("Root Admin", is_superuser=True))

    def post(path, **body):
        return client.post(API + path, body, content_type="application/json")

    assert post("restricted/", restricted=True).status_code == 404
    assert post("people/", person=str(grace.pk)).json() == {
        "why": ["Say why they may see it, such as: whoever it names has left."]
    }
    named = post("people/", person=str(grace.pk), why="Ada has left.")
    assert (named.status_code, named.content, sees(grace)) == (204, b"", True)
    assert client.get(API).status_code == 404

    opened = post("restricted/", restricted=False, why="It is public.")
    assert (opened.status_code, opened.json()["title"]) == (200, "Stolen token")


def test_the_pilot_is_told_once_of_one_that_nobody_here_can_read(secret, ada, pilot, in_force, now):
    assert unlocking.keep(now=now, limits=in_force) == 0
    ada.is_active = False
    ada.save()

    for _ in range(2):
        assert unlocking.keep(now=now, limits=in_force) == 1

    (notice,) = Notice.objects.filter(person=pilot)
    assert "Nobody who is here can read incident 1, which is restricted" in notice.text
    assert notice.text.endswith("/incidents/1/restrict/")
    assert "token" not in notice.text


def test_one_that_somebody_here_can_read_is_not_locked(secret, ada, grace, in_force, now):
    services.name_person(incident=secret, person=grace, by=ada, now=now)
    ada.is_active = False
    ada.save()

    assert unlocking.keep(now=now, limits=in_force) == 0


def test_what_all_may_read_is_not_locked(declared, ada, in_force, now, django_assert_num_queries):
    editing.open_up(incident=declared(restricted=True), by=ada, why="It is public.", now=now)
    ada.is_active = False
    ada.save()

    with django_assert_num_queries(1):
        assert unlocking.keep(now=now, limits=in_force) == 0

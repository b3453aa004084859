"""What an incident's screens show of states and times: one sign for each state, and never a time without its zone."""

import re

import pytest
from django.urls import reverse

from incidents.command import assigning, services
from oncall import clock
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def words(response) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_what_stands_there_of_when_names_its_zone(as_ada, declared, ada, now):
    incident = declared(severity=2)
    assigning.take(incident=incident, role="commander", by=ada, now=now)

    page = words(as_ada.get(incident.path))

    assert "Ada Moreno (you) since 20:10 PDT · Tue 03:10 UTC ; passes on by 23:10 PDT · Tue 06:10 UTC" in page
    assert "Mon 22 Mar 20:10:00 PDT · Tue 03:10:00 UTC role" in page


@pytest.mark.parametrize(("move", "badge"), [("resolve", "resolved"), ("false_alarm", "idle")])
def test_the_list_and_the_page_give_a_state_the_same_sign(as_ada, declared, ada, now, move, badge):
    incident = services.move(incident=declared(), move=move, by=ada, now=now)
    sign = f'<span class="badge {badge}">{incident.state.replace("_", " ")}</span>'

    assert sign in as_ada.get(incident.path).content.decode()
    assert sign in as_ada.get(reverse("incidents")).content.decode()


def test_how_bad_it_is_is_chosen_from_whole_sentences(as_ada):
    page = as_ada.get(reverse("incident_declare")).content.decode()

    assert page.count('<input type="radio" name="severity"') == 5
    assert "SEV-2: no alerts for some minutes, or many late" in page


def test_whoever_restricts_is_told_what_stays_out(as_ada, declared):
    page = words(as_ada.get(reverse("incident_edit", args=[declared().number])))

    assert "What was sent out before stays out, also on the public status page; nothing more" in page

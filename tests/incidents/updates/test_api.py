"""Messages for other programs: written, looked at, sent; odd requests answered."""

from datetime import timedelta

import pytest

from oncall import clock
from oncall.outside.mailing_models import Mailing
from oncall.people import services as people

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client):
    """Ask as somebody: `call(person, "post", "incidents/1/updates/", subject=...)`."""
    tokens = {}

    def ask(person, method, path, /, **body):
        if person.pk not in tokens:
            tokens[person.pk] = people.create_token(person=person, name="t", now=clock.now(), life=timedelta(days=1))[1]
        about: dict = {"headers": {"Authorization": f"Token {tokens[person.pk]}"}}
        if method != "get":
            about |= {"data": body, "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1/{path}", **about)

    return ask


def test_a_program_writes_looks_and_sends(call, declared, brokers, ada):
    declared()
    wanted = {
        "template": "M3", "values": {"FINDING": "a link is down", "ACTION": "wait", "CONTEXT": "the link"},
        "audiences": [str(brokers.pk)],
    }  # fmt: skip

    preview = call(ada, "post", "incidents/1/updates/preview/", **wanted).json()
    made = call(ada, "post", "incidents/1/updates/", **wanted).json()
    sent = call(ada, "post", f"incidents/1/updates/{made['id']}/send/", edition=made["edition"]).json()

    assert (preview["subject"], preview["left"], preview["addresses"]) == ("Incident, progress: the link", [], 2)
    assert (made["state"], made["stage"], sent["state"]) == ("draft", "identified", "sent")
    assert sent["told"] == [{"name": "Brokers", "addresses": 2}]
    assert Mailing.objects.count() == 2
    assert [one["id"] for one in call(ada, "get", "incidents/1/updates/").json()["results"]] == [made["id"]]


def test_what_is_not_filled_in_is_told_and_refused(call, declared, ada):
    declared()

    preview = call(ada, "post", "incidents/1/updates/preview/", template="M3").json()
    refused = call(ada, "post", "incidents/1/updates/", template="M3")

    assert preview["left"][0].startswith("{CONTEXT} is not filled in.")
    assert (refused.status_code, list(refused.json())) == (400, ["subject"])


def test_another_edition_is_409(call, declared, ada):
    declared()
    made = call(ada, "post", "incidents/1/updates/", subject="S", text="T").json()

    assert call(ada, "post", f"incidents/1/updates/{made['id']}/send/", edition=7).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "incidents/1/updates/", {"subject": "S", "text": "T", "template": ["M1"]}),
        ("post", "incidents/1/updates/", {"subject": "S", "text": "T", "template": "M1"}),
        ("post", "incidents/1/updates/", {"subject": "\x00", "text": "T"}),
        ("post", "incidents/1/updates/", {"subject": "S", "text": "T", "values": {"NAME": 7}, "audiences": ["x"]}),
        ("post", "incidents/1/updates/", {"subject": "S", "text": "T", "next_at": "9999-12-31T23:59:59Z"}),
        ("post", "audiences/", {"name": "X", "addresses": ["\x00"]}),
        ("put", "message-templates/M2/", {"name": "x", "subject": "{a}", "text": "y", "version": 1}),
    ],
    ids=range(7),
)
def test_an_odd_request_is_refused(call, declared, pilot, method, path, body):
    declared()

    assert call(pilot, method, path, **body).status_code == 400


def test_others_may_not_change_audiences(call, ada):
    assert call(ada, "post", "audiences/", name="X", addresses=["a@example.org"]).status_code == 403

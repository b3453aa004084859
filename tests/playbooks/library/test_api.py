"""Playbooks for programs."""

import pytest

from oncall import clock
from oncall.people import services as people
from playbooks.library import services
from playbooks.library.models import Playbook
from tests.conftest import NOW, make_person
from tests.playbooks.library.conftest import SHORT

pytestmark = pytest.mark.django_db


def token_of(person) -> dict[str, str]:
    return {"Authorization": f"Token {people.create_token(person=person, name='test', now=clock.now())[1]}"}


@pytest.fixture
def headers() -> dict[str, str]:
    return token_of(make_person("Root Admin", is_superuser=True))


@pytest.fixture
def disk(ada) -> Playbook:
    return services.create(slug="disk", source=SHORT, by=ada, now=NOW)


def put(client, headers, path: str, **body):
    return client.put(f"/api/v1/playbooks/{path}/", body, content_type="application/json", headers=headers)


def test_the_list_has_one_line_each_by_short_name(client, headers):
    answer = client.get("/api/v1/playbooks/?limit=3", headers=headers).json()

    assert [one["slug"] for one in answer["results"]] == ["p1", "p2", "p3"]
    assert answer["results"][0] | {"id": "", "reviewed_at": ""} == {
        "id": "", "slug": "p1", "title": "Long-haul network outage", "products": ["LHN", "summit->USDF transfer"],
        "alarms": ["lhn.down", "heartbeat.lost"], "owner_team": None, "steps": 7, "revision": 1, "reviewed_at": "",
        "reviewed_by": None, "retired_at": None,
    }  # fmt: skip
    assert client.get(answer["next"], headers=headers).json()["results"][0]["slug"] == "p3b"


def test_the_list_is_searched_by_words(client, headers):
    answer = client.get("/api/v1/playbooks/?q=registry", headers=headers).json()

    assert "p6" in [one["slug"] for one in answer["results"]]
    assert "p8" not in [one["slug"] for one in answer["results"]]


def test_one_has_its_source_and_its_steps_as_data(client, headers, disk):
    answer = client.get("/api/v1/playbooks/disk/", headers=headers).json()

    assert answer["source"] == SHORT
    assert answer["steps"] == [
        {
            "number": 1,
            "title": "Is it the archive?",
            "who": "triage",
            "minutes": 2,
            "page": "Data Facility",
            "pages": ["Data Facility"],
            "needs": "",
            "text": "```\ndf -h /archive\n```",
            "html": "<pre><code>df -h /archive\n</code></pre>\n",
            "commands": ["df -h /archive"],
            "branches": [
                {"answer": "yes", "kind": "end", "target": "solved"},
                {"answer": "no", "kind": "playbook", "target": "p1"},
            ],
        }
    ]


def test_a_revision_is_written_once_and_who_comes_late_gets_409(client, headers, disk):
    answer = put(client, headers, "disk", source=SHORT.replace("no room", "no space"), revision=1, message="Better")
    assert (answer.status_code, answer.json()["revision"]) == (200, 2)

    late = put(client, headers, "disk", source=SHORT.replace("no room", "nothing"), revision=1)
    assert late.status_code == 409
    assert late.json()["revision"][0].startswith("Root Admin wrote revision 2 at ")


def test_a_retired_one_is_not_revised(client, headers, disk):
    services.retire(playbook=disk, now=NOW)

    assert put(client, headers, "disk", source=SHORT + "\nx", revision=1).status_code == 409


def test_a_text_that_is_no_playbook_is_refused_line_by_line(client, headers, disk):
    answer = put(client, headers, "disk", source=SHORT.replace("minutes: 2", "minutes: two"), revision=1)

    assert answer.status_code == 400
    assert answer.json() == {
        "source": ["Line 10: minutes “two” is no span of time. Write a whole number from 1 to 600."]
    }


def test_a_new_one_is_written_by_post(client, headers):
    body = {"slug": "disk", "source": SHORT}
    answer = client.post("/api/v1/playbooks/", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["revision"]) == (201, 1)

    again = client.post("/api/v1/playbooks/", body, content_type="application/json", headers=headers)
    assert again.status_code == 400
    assert again.json()["slug"][0].startswith("A playbook is called disk already.")


def test_who_may_not_change_it_gets_403_and_reads_it_all_the_same(client, grace, disk):
    headers = token_of(grace)
    assert put(client, headers, "disk", source=SHORT + "\nx", revision=1).status_code == 403
    body = {"slug": "mine", "source": SHORT}
    answer = client.post("/api/v1/playbooks/", body, content_type="application/json", headers=headers)
    assert answer.status_code == 403

    assert client.get("/api/v1/playbooks/disk/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"source": "\\u0000", "revision": 1}',
        b'{"source": "\\ud800", "revision": 1}',
        b'{"source": {}, "revision": 1}',
        b'{"source": "x", "revision": 1e400}',
        b'{"source": "x", "revision": 99999999999999999999}',
        b'{"source": "x", "revision": 1, "message": "\\u0000"}',
        b"[]",
        b"null",
        b'"x"',
        b"{",
    ],
)
def test_an_odd_request_is_refused(client, headers, disk, body):
    answer = client.put("/api/v1/playbooks/disk/", body, content_type="application/json", headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["q=%00", "q=%ed%a0%80", "q='%26|!(", "cursor=x", "limit=NaN", "q=" + "x" * 5000])
def test_an_odd_question_is_refused_or_answered(client, headers, query):
    assert client.get(f"/api/v1/playbooks/?{query}", headers=headers).status_code in {200, 400, 404}

"""Runs for other programs."""

import json
from datetime import timedelta

import pytest

from incidents.following import services
from oncall.people import services as people
from playbooks.library.models import Playbook
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client, ada):
    token = people.create_token(person=ada, name="t", now=NOW, life=timedelta(days=1))[1]

    def ask(method, path, **body):
        about: dict = {"headers": {"Authorization": f"Token {token}"}}
        if method != "get":
            about |= {"data": body, "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1/{path}", **about)

    return ask


def test_a_run_is_started_ticked_and_ended(call, playbook, alarm):
    started = call("post", "runs/", playbook="disk", alarm=str(alarm.pk))
    run = started.json()
    assert (started.status_code, run["alarm"], run["revision"], run["next"]) == (201, str(alarm.pk), 1, 1)
    assert call("post", "runs/", playbook="disk", alarm=str(alarm.pk)).status_code == 200

    path = f"runs/{run['id']}/"
    ticked = call("post", f"{path}outcomes/", step=1, outcome="no", minutes=3).json()
    assert [one["state"] for one in ticked["steps"]] == ["done", "folded", "folded"]
    assert ticked["outcomes"][0] | {"at": ""} == {
        "nth": 1, "step": 1, "title": "Is it the archive?", "outcome": "no", "minutes": 3, "by": "Ada Moreno", "at": "",
    }  # fmt: skip
    assert call("post", f"{path}outcomes/", step=1, outcome="yes", seen=0).status_code == 409

    ended = call("post", f"{path}end/", how="failed", missing="How to mount it.").json()
    assert (ended["end"], ended["missing"], ended["ended_by"]) == ("failed", "How to mount it.", "Ada Moreno")
    assert [one["id"] for one in call("get", f"runs/?alarm={alarm.pk}&open=false").json()["results"]] == [run["id"]]
    assert call("get", f"runs/?alarm={alarm.pk}&open=true").json()["results"] == []


def test_a_wrong_end_is_taken_back(call, run):
    call("post", f"runs/{run.pk}/end/", how="failed")
    assert call("post", f"runs/{run.pk}/reopen/").json()["end"] == ""

    call("post", f"runs/{run.pk}/end/", how="solved")
    assert call("post", f"runs/{run.pk}/reopen/").status_code == 400


def test_what_steps_achieved_is_read(call, run, ada):
    call("post", f"runs/{run.pk}/outcomes/", step=2, outcome="solved", minutes=4)
    call("post", f"runs/{run.pk}/end/", how="solved")

    said = call("get", "playbooks/disk/statistics/").json()

    assert (said["runs"], said["solved"]) == (1, 1)
    assert said["steps"][1] == {
        "step": 2, "title": "Empty the cache", "taken": 1, "solved": 1, "no_help": 0, "minutes": 4.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("runs/", {"playbook": "\x00"}),
        ("runs/", {"playbook": "nothing"}),
        ("runs/", {"playbook": "disk", "incident": 10**30}),
        ("runs/", {"playbook": ["disk"], "alarm": 5}),
        ("runs/{run}/outcomes/", {"step": 10**30, "outcome": "done"}),
        ("runs/{run}/outcomes/", {"step": 1, "outcome": "\x00"}),
        ("runs/{run}/outcomes/", {"step": 2, "outcome": "yes"}),
        ("runs/{run}/outcomes/", {"step": 1, "outcome": "yes", "minutes": -1}),
        ("runs/{run}/end/", {"how": "solved", "step": 3}),
        ("runs/{run}/end/", {"how": "failed", "missing": "\x00"}),
        ("runs/{run}/page/", {"step": "two"}),
    ],
)
def test_odd_requests_are_refused_in_words(call, run, path, body):
    response = call("post", path.format(run=run.pk), **body)

    assert response.status_code == 400
    assert all(isinstance(one, list) for one in json.loads(response.content).values())


@pytest.mark.parametrize("query", ["alarm=x", "incident=1e400", "incident=NaN", "playbook=%00", "open=%00", "cursor=x"])
def test_odd_questions_are_refused_or_answered(call, query):
    assert call("get", f"runs/?{query}").status_code in {200, 400, 404}


def test_nobody_to_page_is_a_conflict(call, run):
    response = call("post", f"runs/{run.pk}/page/", step=2)

    assert response.status_code == 409
    assert "No schedule is for “Data Facility”" in str(response.json())


@pytest.mark.parametrize(("said", "many"), [("true", 1), ("1", 1), ("True", 1), ("false", 0), ("0", 0), ("", 1)])
def test_runs_that_are_open_are_asked_for_by_true_or_false(call, run, said, many):
    assert len(call("get", f"runs/?open={said}").json()["results"]) == many


@pytest.mark.parametrize("said", ["no", "maybe", "2"])
def test_what_is_neither_true_nor_false_is_refused(call, run, said):
    answer = call("get", f"runs/?open={said}")

    assert (answer.status_code, answer.json()) == (400, {"open": [f"“{said}” is neither true nor false."]})


def test_of_several_skills_that_a_step_pages_the_program_names_one(call, alarm, ada, now):
    p1, _ = services.start(playbook=Playbook.objects.get(slug="p1"), alarm=alarm, by=ada, now=now)

    refused = call("post", f"runs/{p1.pk}/page/", step=3)
    nobody = call("post", f"runs/{p1.pk}/page/", step=3, skill="Chile DevOps")

    assert (refused.status_code, list(refused.json())) == (400, ["skill"])
    assert (nobody.status_code, "Chile DevOps" in nobody.content.decode()) == (409, True)

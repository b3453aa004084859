"""A recorded night is sent through the public addresses, by a command and by the demo."""

import json
from datetime import timedelta
from io import StringIO

import pytest
import requests
from django.core.management import CommandError, call_command

from incidents.latency import replaying
from incidents.latency.models import Delivery, NextVisit, Visit
from incidents.latency.recording import Record, write
from incidents.signals import heartbeats
from incidents.signals.heartbeats_models import Heartbeat
from oncall import clock
from oncall.people import services as people
from tests.incidents.latency.test_ingest import ID, delivery, visit

pytestmark = pytest.mark.django_db


class Wire:
    """Carries what a session posts to the portal in this process; the first `failures` are in its place."""

    def __init__(self, client, failures=()):
        self.client, self.failures, self.posts = client, list(failures), []

    def post(self, url, *, json, headers, timeout):
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return self._answer(failure, b"no")
        self.posts.append((url, json))
        path = url.removeprefix("http://portal")
        answer = self.client.post(path, json, content_type="application/json", headers=headers)
        return self._answer(answer.status_code, answer.content)

    def _answer(self, status, content):
        response = requests.Response()
        response.status_code, response._content = status, content
        return response


@pytest.fixture
def token(ada, now):
    clock.travel(now - clock.now())
    return people.create_token(person=ada, name="replay", now=clock.now(), life=timedelta(days=60))[1]


@pytest.fixture
def wire(client, monkeypatch):
    made = Wire(client)
    monkeypatch.setattr(requests.Session, "post", lambda session, *args, **kwargs: made.post(*args, **kwargs))
    return made


@pytest.fixture
def night(now):
    announced = {
        "group_id": "g1", "instrument": "LSSTCam", "survey_block": "B", "announced_at": "2027-03-23T02:59:00Z",
    }  # fmt: skip
    return [
        Record("next_visit", now - timedelta(minutes=11), announced),
        Record("visit", now - timedelta(minutes=10), visit()),
        Record("delivery", now - timedelta(minutes=9), delivery()),
        Record("beat", now - timedelta(minutes=8), {"name": "Summit", "dome_open": True}),
        Record("visit", now - timedelta(minutes=7), visit(ID + 1, band=7)),
    ]


@pytest.fixture
def file(night, tmp_path):
    path = tmp_path / "night.jsonl"
    path.write_text("".join(write(night)))
    return str(path)


def run(*args):
    out, err = StringIO(), StringIO()
    call_command("replay_night", *args, "--to", "http://portal", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_night_is_sent_and_what_came_of_it_is_said(wire, token, file):
    out, err = run(file, "--token", token, "--speed", "0")

    assert out == "5 records: 3 accepted, 0 updated, 1 rejected in 3 requests.\n"
    assert "'band': ['7 will not do. Send a text of up to 10 characters.']" in err
    assert "1 beats were left out: give --beat NAME=URL to send them." in err
    assert Visit.objects.get().verdict == "in_time"
    assert (Delivery.objects.count(), NextVisit.objects.count()) == (1, 1)


def test_what_was_sent_for_visits_goes_before_them(wire, token, file):
    run(file, "--token", token, "--speed", "0")

    assert [url.removeprefix("http://portal/api/v1/") for url, _ in wire.posts] == [
        "deliveries/", "next-visits/", "visits/",
    ]  # fmt: skip


def test_sending_it_again_changes_nothing(wire, token, file):
    run(file, "--token", token, "--speed", "0")

    out, _ = run(file, "--token", token, "--speed", "0")

    assert out == "5 records: 0 accepted, 3 updated, 1 rejected in 3 requests.\n"


def test_a_night_moved_to_now_ends_now(wire, token, file, now):
    clock.travel(timedelta(days=40))
    before = clock.now()

    run(file, "--token", token, "--speed", "0", "--now")

    row = Visit.objects.get()
    assert row.day_obs == 20270501
    assert before - timedelta(minutes=4) <= row.end_readout <= clock.now() - timedelta(minutes=3)


def test_a_portal_that_is_away_is_asked_until_it_is_back(wire, token, now):
    waits: list[float] = []
    said: list[str] = []
    sender = replaying.Sender("http://portal/", token, say=said.append, wait=waits.append)
    wire.failures = [requests.ConnectionError("refused"), 503, 503]

    sender.send([Record("visit", now, visit())])

    assert (waits, sender.tally.accepted) == ([1.0, 2.0, 4.0], 1)
    assert said == ["http://portal does not take it (ConnectionError). Trying again until it does."]


def test_a_portal_that_refuses_is_not_asked_again(wire, file):
    with pytest.raises(CommandError, match=r"http://portal/api/v1/deliveries/ answered 401"):
        run(file, "--token", "wrong", "--speed", "0")


def test_beats_go_to_their_own_url_without_their_name(wire, token, night, now):
    beats = Heartbeat(name="Summit", every_s=60, grace_s=60, watches_observing=True)
    url = f"http://portal/beats/{heartbeats.create(heartbeat=beats, now=now)}/"
    sender = replaying.Sender("http://portal", token, beats={"Summit": url})

    sender.send(night[3:4])

    assert (sender.tally.beats, wire.posts) == (1, [(url, {"dome_open": True})])
    assert Heartbeat.objects.get().dome_open is True


def test_at_a_speed_records_go_when_they_are_due(now):
    records = [Record("beat", now + timedelta(seconds=number), {}) for number in (0, 0, 30)]
    sent: list[list[Record]] = []

    replaying.play(records, lambda batch: sent.append(list(batch)), speed=300)

    assert [len(batch) for batch in sent] == [2, 1]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nowhere.jsonl", "--token", "x"], "nowhere.jsonl cannot be read: No such file or directory."),
        (["{file}"], "There is no token."),
        (["{file}", "--token", "x", "--speed", "-1"], "--speed is -1. Give 0 or more."),
        (["{file}", "--token", "x", "--beat", "Summit"], "--beat is 'Summit'."),
        (["{bad}", "--token", "x"], "Line 1: this is no object."),
    ],
)
def test_what_the_command_cannot_do_it_says(args, says, file, tmp_path, monkeypatch):
    monkeypatch.delenv("ONCALL_TOKEN", raising=False)
    (tmp_path / "bad").write_text(json.dumps([]))

    with pytest.raises(CommandError) as error:
        run(*[arg.format(file=file, bad=tmp_path / "bad") for arg in args])

    assert says in str(error.value)

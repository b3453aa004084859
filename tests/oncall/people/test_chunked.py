"""A body that comes in pieces, without its length, is read whole, or refused in words; it is never read as empty."""

from io import BytesIO

import pytest

from incidents.alarms.models import Alarm
from incidents.signals import heartbeats, services
from incidents.signals.heartbeats_models import Heartbeat
from incidents.signals.models import Rejection
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


class Breaks(BytesIO):
    """A sender who hangs up after what they sent."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise ConnectionResetError("gone")
        return piece


@pytest.fixture
def send(client):
    def sends(path: str, body: BytesIO, *, terminated: bool = True, content_type: str = "application/json"):
        pieces = {
            "CONTENT_TYPE": content_type,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": body,
            "wsgi.input_terminated": terminated,
        }
        return client.generic("POST", path, **pieces)

    return sends


@pytest.fixture
def hook(policy):
    _, secret = services.create_source(name="s", kind="json", policy=policy, severity=3, now=NOW)
    return f"/hooks/{secret}/"


def test_a_signal_in_pieces_is_an_alarm(send, hook):
    assert send(hook, BytesIO(b'{"title": "Disk full", "key": "k"}')).status_code == 202

    assert Alarm.objects.get().title == "Disk full"


def test_a_beat_in_pieces_that_fails_calls(send, policy):
    secret = heartbeats.create(heartbeat=Heartbeat(name="m", every_s=60, grace_s=30, severity=2), now=NOW)

    assert send(f"/beats/{secret}/", BytesIO(b'{"status": "fail"}')).json() == {"heard": "m", "failing": True}


def test_a_form_in_pieces_is_a_form(send, policy):
    _, secret = services.create_source(name="mails", kind="mail", policy=policy, severity=3, now=NOW)
    form = "application/x-www-form-urlencoded"

    assert send(f"/hooks/{secret}/", BytesIO(b"subject=Disk+full&text=x"), content_type=form).status_code == 200
    assert Alarm.objects.get().title == "Disk full"


def test_a_signal_that_breaks_off_is_kept(send, hook):
    assert send(hook, Breaks(b'{"title": "Disk fu')).status_code == 400

    assert Rejection.objects.get().raw == '{"title": "Disk fu'


def test_one_that_is_too_large_is_refused_and_its_beginning_kept(send, hook):
    assert send(hook, BytesIO(b"x" * 1_100_000)).status_code == 413

    assert (len(Rejection.objects.get().raw), Rejection.objects.get().is_cut) == (65536, True)


def test_a_server_that_cannot_put_pieces_together_says_so(send, hook):
    response = send(hook, BytesIO(b"5\r\nabcde\r\n0\r\n\r\n"), terminated=False)

    assert response.status_code == 411
    assert "Content-Length" in response.json()["detail"][0]

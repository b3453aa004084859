"""An incident whose channel is in the stand-in for Slack, over HTTP; and what Slack tells of it."""

import json
import threading

import pytest
from django.test import Client

from incidents.command import services as command
from incidents.mirror import asking, sending, services
from incidents.mirror.models import Mirror
from oncall import clock
from oncall.paging import slack
from oncall.paging.models import ContactMethod
from oncall.paging.slack_signing import signature
from tests.conftest import NOW
from tests.outside import SECRET, TOKEN, stand_ins


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    with stand_ins(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture
def in_slack(settings, outside, monkeypatch):
    settings.SLACK_API_BASE, settings.SLACK_BOT_TOKEN = f"{outside.base}/slack/api/", TOKEN
    settings.SLACK_SIGNING_SECRETS, settings.SLACK, settings.SLACK_INCIDENTS = [SECRET], True, "press"
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    monkeypatch.setattr(slack, "_local", threading.local())
    outside.slack_fails()
    return outside


@pytest.fixture
def linked(in_slack, ada, grace):
    """Ada and Grace have proved their accounts in Slack."""
    clock.travel(NOW - clock.now())
    for person, user in ((ada, "U0ADA"), (grace, "U0GRACE")):
        ContactMethod.objects.create(person=person, kind="slack", address=user, created_at=NOW, verified_at=NOW)


_numbers = iter(range(1, 1000))


@pytest.fixture
def incident(linked, ada):
    """Titles differ from test to test: the stand-in keeps its channels."""
    return command.declare(title=f"No alerts {next(_numbers)}", severity=3, by=ada, now=clock.now())


@pytest.fixture
def mirrored(incident, ada) -> Mirror:
    services.want(incident=incident, by=ada, now=clock.now())
    return worked()


def worked() -> Mirror:
    """Let the thread do what is due, now; returns the channel."""
    Mirror.objects.filter(next_due__isnull=False).update(next_due=clock.now())
    claim = asking.take(now=clock.now())
    assert claim is not None
    sending.work(claim)
    return Mirror.objects.get(pk=claim.id)


def said(outside, mirror: Mirror) -> list[str]:
    """Return what stands in the channel, oldest first, without the time and kind of each line."""
    return [one["text"].partition("_ ")[2] or one["text"] for one in outside.slack(mirror.channel)]


def note(incident, by, text: str):
    return command.say(incident=incident, kind="note", text=text, by=by, now=clock.now())


def tell(event: dict, *, secret: str = SECRET, age: float = 0.0, tamper: str = ""):
    """Post to the portal as Slack does."""
    body = json.dumps(event).encode()
    timestamp = str(int(clock.reading().timestamp() - age))
    signed = signature(secret, timestamp=timestamp, body=body)
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signed}
    return Client().post("/hooks/slack/events/", body + tamper.encode(), "application/json", headers=headers)


def speaks(outside, mirror: Mirror, user: str, text: str, **more) -> dict:
    """Let somebody say something in the channel in Slack, and let Slack tell of it; returns its name and the event."""
    made = outside.api("POST", "slack/say/", {"channel": mirror.channel, "user": user, "text": text, **more})
    assert tell(made["event"]).status_code == 200
    return made

"""Mails that a provider posts on: kept, read, and answered 200, since anything else makes it come again."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm
from incidents.signals import mails, services
from incidents.signals.models import Rejection, Signal
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.incidents.signals.test_mail import POSTMARK, mail_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(policy):
    _, secret = services.create_source(name="mails", kind="mail", policy=policy, severity=3, now=NOW)
    return f"/hooks/{secret}/"


def post(client, url, data):
    body = data if isinstance(data, bytes) else json.dumps(data)
    return client.post(url, body, content_type="application/json")


def test_a_form_raises_an_alarm_and_keeps_nothing_that_is_attached(client, url):
    form = {
        "from": "nagios@example.org",
        "subject": "CRITICAL: Disk full",
        "text": "df says 100 %",
        "charsets": '{"subject": "UTF-8"}',
        "attachment-info": '{"attachment1": {"filename": "plot.png", "type": "image/png"}}',
        "attachment1": SimpleUploadedFile("plot.png", b"secret bytes" * 200_000, "image/png"),
    }

    response = client.post(url, form)

    assert (response.status_code, response.json()["accepted"]) == (200, 1)
    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity) == ("CRITICAL: Disk full", 1)
    assert "plot.png" in alarm.description
    assert "secret bytes" not in Signal.objects.get().body


def test_a_form_with_the_whole_mail_is_read(client, url):
    client.post(url, {"email": mail_of("Disk full").decode()})

    assert Alarm.objects.get().title == "Disk full"


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_form_of_the_plain_kind_is_read(client, url, charset):
    form = f"application/x-www-form-urlencoded; charset={charset}"

    assert client.post(url, "subject=Gr%C3%BC%C3%9Fe&text=x", content_type=form).status_code == 200
    assert Alarm.objects.get().title == "Grüße"


def test_postmark_raises_an_alarm(client, url):
    response = post(client, url, POSTMARK)

    assert (response.status_code, response.json()["alarms"]) == (200, [str(Alarm.objects.get().pk)])
    assert "c2VjcmV0" not in Signal.objects.get().body


def test_postmark_with_a_large_attachment_is_read(client, url):
    """2 MiB of plots are no reason to miss what the mail says."""
    response = post(client, url, POSTMARK | {"Attachments": [{"Name": "plots", "Content": "A" * 2_000_000}]})

    assert response.json()["accepted"] == 1


def test_a_repeat_of_the_provider_is_the_same_alarm(client, url):
    post(client, url, POSTMARK)
    post(client, url, POSTMARK)

    assert Alarm.objects.get().count == 2


def test_a_mail_in_our_own_shape_can_be_posted_and_replayed(client, url):
    post(client, url, {"subject": "", "text": ""})
    rejection = Rejection.objects.get()

    services.replay(rejection=rejection, body='{"subject": "Disk full"}', now=NOW)

    assert Alarm.objects.get().title == "Disk full"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"subject": [1]}', b"[" * 100_000])
def test_what_cannot_be_read_is_kept_said_and_not_sent_again(client, url, body):
    response = post(client, url, body)

    assert response.status_code == 200
    assert (response.json()["accepted"], len(response.json()["rejected"])) == (0, 1)
    assert Rejection.objects.count() == 1
    assert Trouble.objects.get(until__isnull=True).kind == "rejected"


def test_our_own_page_coming_back_is_kept_and_calls_nobody(client, url):
    page = {"Name": "Message-ID", "Value": "<00000000-0000-4000-8000-00000000a11e@oncall>"}

    response = post(client, url, POSTMARK | {"Headers": [page]})

    assert (response.status_code, response.json()["accepted"]) == (200, 0)
    assert (Alarm.objects.count(), Signal.objects.count(), Trouble.objects.count()) == (0, 1, 0)


def test_more_than_a_mail_may_be_is_kept_in_part(client, url, monkeypatch):
    monkeypatch.setattr(mails, "LARGEST", 10_000)

    response = post(client, url, b"x" * 10_001)

    assert response.status_code == 200
    assert Rejection.objects.get().is_cut


def test_postmark_that_is_too_large_is_read_before_what_is_attached(client, url, monkeypatch):
    monkeypatch.setattr(mails, "LARGEST", 10_000)
    large = POSTMARK | {"Subject": "CRITICAL: APDB down", "Attachments": [{"Name": "plot", "Content": "A" * 11_000}]}

    response = post(client, url, large)

    assert (response.status_code, response.json()["accepted"]) == (200, 1)
    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity) == ("CRITICAL: APDB down", 1)
    assert "Attached, and not kept: something too large: the mail was cut off" in alarm.description


def test_of_one_whose_words_are_too_large_the_beginning_is_kept(client, url, monkeypatch):
    monkeypatch.setattr(mails, "LARGEST", 10_000)

    response = post(client, url, {"From": "nagios@example.org", "HtmlBody": "A" * 11_000})

    assert (response.status_code, response.json()["accepted"]) == (200, 0)
    assert Rejection.objects.get().raw.startswith('{"From": "nagios@example.org", "HtmlBody": "AAA')
    assert Trouble.objects.get(until__isnull=True).kind == "rejected"


def test_the_end_of_what_never_began_is_an_alarm_at_the_severity_of_its_source(client, url):
    post(client, url, POSTMARK | {"Subject": "UP: 3 of 10 nodes, critical"})
    post(client, url, POSTMARK | {"Subject": "UP: 3 of 10 nodes, critical"})

    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.severity, alarm.count) == ("firing", 3, 2)


def test_the_end_of_what_a_human_resolved_before_calls_nobody_again(client, url, ada):
    post(client, url, POSTMARK | {"Subject": "CRITICAL: Disk full"})
    alarms.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW)

    post(client, url, POSTMARK | {"Subject": "RESOLVED: Disk full"})

    assert Alarm.objects.get().state == "resolved"


def test_a_broken_form_is_kept_and_refused(client, url):
    response = client.post(url, b"--b\r\nnonsense", content_type="multipart/form-data")

    assert response.status_code == 400
    assert Rejection.objects.count() == 1


def test_a_form_with_a_field_of_megabytes_is_kept_in_part(client, url):
    response = client.post(url, {"subject": "x", "text": "y" * 2_000_000})

    assert response.status_code == 200
    assert Rejection.objects.get().is_cut

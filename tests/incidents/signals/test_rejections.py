"""What could not be read: the answer its sender gets, what is kept of it, and that it is dealt with once."""

import json

import pytest
from django.urls import reverse

from incidents.alarms.models import Alarm
from incidents.signals import services
from incidents.signals.models import Rejection, Signal
from incidents.signals.payloads.items import Unreadable
from oncall import clock
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MISSING = ["Missing. Give it a text."]


def source(kind: str, policy) -> str:
    _, secret = services.create_source(name=kind, kind=kind, policy=policy, severity=3, now=NOW)
    return f"/hooks/{secret}/"


@pytest.fixture
def am(policy):
    return source("alertmanager", policy)


@pytest.fixture
def plain(policy):
    return source("json", policy)


@pytest.fixture
def rejection(client, plain) -> Rejection:
    client.post(plain, b"not json", content_type="application/json")
    return Rejection.objects.get()


def test_a_group_of_which_no_item_can_be_read_is_400_and_kept_item_by_item(client, am):
    labels = {"alertname": "AlertsNone"}
    group = {
        "version": "4",
        "alerts": [{"status": "firing", "labels": labels}, {"status": "firing", "fingerprint": "f"}],
    }
    response = client.post(am, json.dumps(group), content_type="application/json")

    assert response.status_code == 400
    untitled = ["No alertname among the labels and no summary annotation, so it has no title. Give its rule a summary."]
    assert response.json() == {
        "fingerprint": MISSING,
        "rejected": [
            {"index": 0, "errors": {"fingerprint": MISSING}},
            {"index": 1, "errors": {"labels": untitled}},
        ],
    }
    assert list(Rejection.objects.values_list("index", flat=True)) == [0, 1]
    assert Signal.objects.get().body == json.dumps(group)
    assert Trouble.objects.open().filter(kind="rejected").exists()


def test_signals_of_which_none_can_be_read_are_400_and_kept_item_by_item(client, plain):
    response = client.post(plain, {"signals": [{"key": "k"}, 7]}, content_type="application/json")

    assert response.status_code == 400
    assert response.json() == {
        "title": MISSING,
        "rejected": [
            {"index": 0, "errors": {"title": MISSING}},
            {"index": 1, "errors": {"signals": ["“7” is a number; an object is wanted."]}},
        ],
    }
    assert Rejection.objects.filter(settled_at=None).count() == 2


def test_of_what_is_too_large_the_first_64_kib_are_kept(client, plain):
    response = client.post(plain, b'{"title": "Dome' + b"x" * 5_000_000 + b'"}', content_type="application/json")

    assert response.status_code == 413
    kept = Rejection.objects.get()
    assert kept.raw == '{"title": "Dome' + "x" * (65_536 - 15)
    assert kept.is_cut


def test_what_was_cut_is_not_sent_again_as_it_is_even_if_it_can_be_read(client, plain):
    client.post(plain, b'{"title": "Dome"}\n' + b" " * 1_100_000, content_type="application/json")

    with pytest.raises(Unreadable, match="Only its first 64 KiB were kept"):
        services.replay(rejection=Rejection.objects.get(), body='{"title": "Dome"}\r\n', now=NOW)
    assert not Alarm.objects.exists()


def test_what_was_cut_can_be_made_whole_by_hand(client, plain):
    client.post(plain, b'{"title": "Dome' + b"x" * 1_100_000 + b'"}', content_type="application/json")

    services.replay(rejection=Rejection.objects.get(), body='{"title": "Dome"}', now=NOW)
    assert Alarm.objects.get().title == "Dome"


def test_a_rejection_sent_again_twice_is_one_alarm(rejection):
    services.replay(rejection=rejection, body='{"title": "Dome"}', now=NOW)

    with pytest.raises(services.AlreadySettled, match="This was replayed on 23 Mar at 03:10 UTC"):
        services.replay(rejection=rejection, body='{"title": "Dome"}', now=NOW)
    assert Alarm.objects.count() == 1


def test_what_was_set_aside_is_not_sent_again(rejection):
    services.settle(rejection=rejection, how="set aside by Petra Pilot", now=NOW)

    with pytest.raises(services.AlreadySettled, match="This was set aside by Petra Pilot on 23 Mar at 03:10 UTC"):
        services.replay(rejection=rejection, body='{"title": "Dome"}', now=NOW)
    assert not Alarm.objects.exists()


def test_what_was_sent_again_is_not_set_aside(rejection):
    services.replay(rejection=rejection, body='{"title": "Dome"}', now=NOW)

    with pytest.raises(services.AlreadySettled):
        services.settle(rejection=rejection, how="set aside by Petra Pilot", now=NOW)
    rejection.refresh_from_db()
    assert rejection.settled_how == "replayed"


@pytest.mark.parametrize("then", ["", "settle"])
def test_who_comes_second_is_told_on_screen_when_and_how_it_was_settled(client, pilot, rejection, then):
    clock.travel(NOW - clock.now())
    client.force_login(pilot)
    services.settle(rejection=rejection, how="set aside by Ada Moreno", now=NOW)
    address = reverse("source_replay", args=[rejection.signal.source_id, rejection.pk])
    response = client.post(address, {"body": '{"title": "Dome"}', "then": then})

    assert response.status_code == 409
    assert (
        "This was set aside by Ada Moreno on 23 Mar at 03:10 UTC. Nothing more was done." in response.content.decode()
    )
    assert not Alarm.objects.exists()

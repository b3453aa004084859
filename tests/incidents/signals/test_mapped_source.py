"""A source whose JSON has a shape of its own: nothing is lost before it has a mapping, which is made in the browser."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.alarms import watch
from incidents.alarms.models import Alarm
from incidents.signals import mappings, queries, replaying, services
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads.items import Unreadable
from incidents.signals.payloads.mapping import BadMapping
from oncall import clock
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.incidents.signals.senders import MAPPED, MAPPING

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _night():
    clock.travel(NOW - clock.now())


@pytest.fixture
def mapped(policy):
    source, secret = services.create_source(name="Racks", kind="mapped", policy=policy, severity=4, now=NOW)
    return source, f"/hooks/{secret}/"


def send(client, url, data):
    return client.post(url, json.dumps(data), content_type="application/json")


def page(source):
    return reverse("source_mapping", args=[source.pk])


def form(**fields):
    words = {name: "\n".join(f"{a} = {b}" for a, b in MAPPING[name].items()) for name in ("statuses", "severities")}
    return MAPPING | words | {"labels": "\n".join(MAPPING["labels"])} | fields


def test_without_a_mapping_the_sender_is_told_and_a_human_too(client, mapped):
    source, url = mapped
    response = send(client, url, MAPPED)

    assert response.status_code == 400
    text = "No mapping yet. Choose on the page of its source what means what, then send it again from there."
    assert response.json() == {"mapping": [text], "rejected": [{"index": -1, "errors": {"mapping": [text]}}]}
    assert Trouble.objects.open().get(kind="rejected").key == str(source.pk)


def test_without_a_mapping_half_a_megabyte_is_kept_whole_and_can_be_sent_again(client, mapped):
    source, url = mapped
    send(client, url, {"text": "Rack", "padding": "x" * 500_000})
    mappings.save(source=source, stored={"title": "text"}, now=NOW)

    replaying.replay_all(source=source, now=LATER)

    assert Alarm.objects.get().title == "Rack"


def test_what_waited_for_a_mapping_is_raised_once_there_is_one(client, mapped):
    source, url = mapped
    send(client, url, MAPPED)
    mappings.save(source=source, stored=MAPPING, now=NOW)

    assert str(replaying.replay_all(source=source, now=LATER)) == "1 sent again and read."
    alarm = Alarm.objects.get()  # the other one was fine
    assert (alarm.key, alarm.severity, alarm.title) == ("17", 2, "Rack B4 at 41 °C in the computer room")
    assert not Trouble.objects.open().filter(kind="rejected").exists()


def test_what_a_person_sends_again_is_no_sign_of_life_of_the_sender(client, mapped):
    source, url = mapped
    send(client, url, MAPPED)
    mappings.save(source=source, stored=MAPPING, now=NOW)
    Source.objects.update(last_seen_at=NOW)

    replaying.replay_all(source=source, now=LATER)

    assert Source.objects.get().last_seen_at == NOW


def test_of_a_payload_sent_again_what_is_unreadable_is_kept_by_itself(client, mapped):
    source, url = mapped
    send(client, url, MAPPED | {"probes": [*MAPPED["probes"], {"state": "alarm"}]})
    mappings.save(source=source, stored=MAPPING | {"title": "text"}, now=NOW)

    replaying.replay_all(source=source, now=LATER)

    assert Alarm.objects.count() == 1
    (left,) = queries.unsettled(source)
    assert (left.index, list(left.errors)) == (2, ["text"])
    assert Trouble.objects.open().filter(kind="rejected").exists()


def test_an_item_sent_again_is_read_with_the_payload_it_came_in(client, mapped):
    source, url = mapped
    mappings.save(source=source, stored=MAPPING | {"title": "text"}, now=NOW)
    send(client, url, MAPPED | {"probes": [{"state": "alarm"}]})
    rejection = Rejection.objects.get()

    services.replay(rejection=rejection, body='{"state": "alarm", "text": "Rack B4"}', now=LATER)

    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.product) == ("Rack B4", "Cerro Pachón")


def test_what_still_cannot_be_read_stays_and_says_how_many(client, mapped):
    source, url = mapped
    send(client, url, MAPPED)
    send(client, url, {"other": 1})
    mappings.save(source=source, stored=MAPPING, now=NOW)

    sent = replaying.replay_all(source=source, now=LATER)

    assert str(sent) == "1 sent again and read. 1 still cannot be read; each says why."
    assert queries.unsettled(source).count() == 1


def test_all_are_set_aside_at_once(client, mapped, pilot):
    source, url = mapped
    for _ in range(3):
        send(client, url, MAPPED)
    client.force_login(pilot)

    client.post(reverse("source_replay_all", args=[source.pk]), {"then": "settle"})

    assert set(Rejection.objects.values_list("settled_how", flat=True)) == {"set aside by Petra Pilot"}
    assert not Trouble.objects.open().filter(kind="rejected").exists()


def test_a_mapping_that_cannot_be_used_is_not_saved(mapped):
    source, _ = mapped
    with pytest.raises(BadMapping):
        mappings.save(source=source, stored={"title": "a..b"}, now=NOW)

    source.refresh_from_db()
    assert source.mapping == {}


def test_the_editor_guesses_by_the_usual_names_and_says_what_it_would_raise(client, mapped, pilot):
    source, url = mapped
    rows = [{"id": 5, "status": "problem", "title": "Fan stopped", "tags": {"host": "cam1"}}]
    send(client, url, {"checks": rows})
    client.force_login(pilot)
    text = client.get(page(source)).content.decode()

    assert "A first guess by the usual names. Nothing is saved yet." in text
    assert 'value="checks"' in text
    assert "<strong>Fan stopped</strong>" in text
    assert "<code>host=cam1</code>" in text
    source.refresh_from_db()
    assert source.mapping == {}


def test_the_editor_shows_the_places_of_an_item_and_of_the_whole(client, mapped, pilot):
    source, url = mapped
    mappings.save(source=source, stored=MAPPING, now=NOW)
    send(client, url, MAPPED)
    client.force_login(pilot)
    text = client.get(page(source)).content.decode()

    assert '<option value="sensor.tags.rack">B4</option>' in text
    assert '<option value="$.site.room">computer room</option>' in text


def test_a_preview_shows_what_would_be_raised_and_saves_nothing(client, mapped, pilot):
    source, url = mapped
    send(client, url, MAPPED)
    client.force_login(pilot)
    response = client.post(page(source), form(then="preview"))

    text = response.content.decode()
    assert re.findall(r"<strong>(Rack B. at .*?)</strong>", text) == [
        "Rack B4 at 41 °C in the computer room",
        "Rack B5 at 22 °C in the computer room",
    ]
    assert "SEV-2" in text
    assert not Alarm.objects.exists()
    source.refresh_from_db()
    assert source.mapping == {}


def test_a_saved_mapping_reads_what_comes_next(client, mapped, pilot):
    source, url = mapped
    send(client, url, MAPPED)
    client.force_login(pilot)
    response = client.post(page(source), form(then="save"), follow=True)

    source.refresh_from_db()
    assert source.mapping == MAPPING
    assert "Saved. 1 were not readable before: send them again below." in response.content.decode()
    assert send(client, url, MAPPED).json()["accepted"] == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "This field is required."),
        ({"key": "a..b"}, "is no step of a path. Write data.name"),
        ({"statuses": "fine"}, "“fine” says nothing. Write a word, =, and what it means."),
        ({"statuses": "fine = well"}, "write firing or resolved."),
        ({"severities": "crit = 9"}, "write a number from 1 (worst) to 5."),
        ({"labels": "a..b"}, "is no step of a path. Write data.name"),
        ({"title": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_field_of_the_editor_says_so_beside_it_and_nothing_is_saved(client, mapped, pilot, fields, words):
    source, _ = mapped
    client.force_login(pilot)
    response = client.post(page(source), form(then="save", **fields))

    assert response.status_code == 400
    assert words in response.content.decode().replace("&#x27;", "'")
    source.refresh_from_db()
    assert source.mapping == {}


def test_the_editor_works_before_anything_came(client, mapped, pilot):
    source, _ = mapped
    client.force_login(pilot)

    assert "It has sent nothing yet." in client.get(page(source)).content.decode()


def test_two_wrong_fields_of_the_editor_are_both_said(client, mapped, pilot):
    source, _ = mapped
    client.force_login(pilot)
    text = client.post(page(source), form(key="a..b", statuses="x")).content.decode()

    assert 'id="id_key_error"' in text
    assert 'id="id_statuses_error"' in text


def test_what_is_no_json_is_said_in_the_editor(client, mapped, pilot):
    source, url = mapped
    client.post(url, b"not json", content_type="application/json")
    client.force_login(pilot)

    assert "This one is no whole JSON: choose another." in client.get(page(source)).content.decode()


@pytest.mark.parametrize("id", ["nonsense", "6f6e6361-6c6c-4000-8000-706167657321"])
def test_an_odd_capture_is_no_500(client, mapped, pilot, id):
    source, _ = mapped
    client.force_login(pilot)

    assert client.get(page(source), {"signal": id}).status_code in {200, 404}


def test_only_who_configures_edits_a_mapping(client, mapped, ada):
    client.force_login(ada)

    assert client.get(page(mapped[0])).status_code == 403


def test_a_source_of_another_kind_has_no_mapping(client, policy, pilot):
    source, _ = services.create_source(name="Plain", kind="json", policy=policy, severity=3, now=NOW)
    client.force_login(pilot)

    assert client.get(page(source)).status_code == 404


def test_what_nobody_could_read_is_a_sev_2_alarm_until_it_is_settled(client, mapped):
    """It may have been one of any severity."""
    source, url = mapped
    send(client, url, MAPPED)
    watch.watch(now=NOW)

    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.title) == (
        2,
        "Racks sends what we cannot read. See what is wrong and replay it on its page.",
    )
    replaying.settle_all(source=source, how="set aside", now=clock.now())
    watch.watch(now=clock.now())
    assert Alarm.objects.get().state == "resolved"


def test_a_grafana_item_sent_again_keeps_its_organisation(client, policy):
    _, secret = services.create_source(name="Grafana", kind="grafana", policy=policy, severity=3, now=NOW)
    row = {"status": "firing", "labels": {"alertname": "Lag"}}
    send(client, f"/hooks/{secret}/", {"orgId": 7, "truncatedAlerts": 2, "alerts": [row]})
    first = Rejection.objects.get(index=0)

    services.replay(rejection=first, body=json.dumps(row | {"fingerprint": "f1"}), now=LATER)

    assert Alarm.objects.get().key == "7/f1"


def test_an_item_mended_into_nonsense_says_so(client, mapped):
    source, url = mapped
    mappings.save(source=source, stored=MAPPING | {"title": "text"}, now=NOW)
    send(client, url, MAPPED | {"probes": [{"state": "alarm"}]})

    with pytest.raises(Unreadable, match="Not JSON"):
        services.replay(rejection=Rejection.objects.get(), body="{not json", now=LATER)


def test_a_signal_is_shown_whole_with_what_is_read_in_it(client, mapped, ada):
    source, url = mapped
    mappings.save(source=source, stored=MAPPING, now=NOW)
    send(client, url, MAPPED)
    client.force_login(ada)
    text = client.get(reverse("signal", args=[source.pk, Signal.objects.get().pk])).content.decode()

    assert "Rack B4 at 41 °C in the computer room" in text
    assert "&quot;room&quot;: &quot;computer room&quot;" in text


def test_a_signal_that_is_no_json_is_shown_too(client, mapped, ada):
    source, url = mapped
    client.post(url, b"<odd>", content_type="application/json")
    client.force_login(ada)
    text = client.get(reverse("signal", args=[source.pk, Signal.objects.get().pk])).content.decode()

    assert "&lt;odd&gt;" in text
    assert "Not JSON" in text


def test_changing_a_mapping_does_not_put_the_past_in_question(client, mapped):
    """I10 asks about what came since: by the words of then it was over, by those of now it fires."""
    from incidents.signals.auditing import signals_without_alarm
    from oncall.limits import queries as limits

    source, url = mapped
    mappings.save(source=source, stored=MAPPING, now=clock.now())
    send(client, url, MAPPED | {"probes": [MAPPED["probes"][1]]})
    mappings.save(source=source, stored=MAPPING | {"statuses": {"fine": "firing"}}, now=clock.now())

    now = clock.now()
    assert signals_without_alarm(now, limits.at(now)) == []
    assert Source.objects.get().mapped_at is not None

"""Screens of sources: what is the case with each, in so many queries however many there are; and the API's list."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from incidents.signals import queries, services
from incidents.signals.models import Rejection, Signal, Source
from oncall import clock
from oncall.people import services as people
from oncall.troubles import services as troubles
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = reverse("sources")


@pytest.fixture(autouse=True)
def _night():
    clock.travel(NOW - clock.now())


def make(name, kind="json", policy=None, **fields) -> Source:
    row, _ = services.create_source(name=name, kind=kind, policy=policy, severity=3, now=NOW - timedelta(days=9))
    Source.objects.filter(pk=row.pk).update(**({"last_seen_at": NOW} | fields))
    return row


def state_of(row: Source) -> list[tuple[str, str]]:
    return queries.states(queries.with_state(NOW).get(pk=row.pk))


def lately(row: Source) -> int:
    found: Any = queries.with_state(NOW).get(pk=row.pk)
    return int(found.lately)


def test_what_is_heard_and_read_is_well(policy):
    assert state_of(make("Grafana")) == [("ok", "heard")]


def test_what_was_never_heard_is_unknown(policy):
    assert state_of(make("Grafana", last_seen_at=None)) == [("unknown", "never heard")]


def test_what_is_closed_is_only_that(policy):
    assert state_of(make("Grafana", is_enabled=False)) == [("unknown", "closed")]


def test_what_is_silent_and_what_cannot_be_read_are_both_said_the_silence_first(policy):
    row = make("Grafana")
    services.keep_unreadable(source=row, body=b"x", errors={"body": ["No."]}, now=NOW)
    troubles.raise_trouble(kind="quiet", key=str(row.pk), text="silent", now=NOW)

    assert state_of(row) == [("bad", "silent"), ("warn", "not readable")]


def test_a_silence_that_is_over_is_no_state(policy):
    row = make("Grafana")
    troubles.raise_trouble(kind="quiet", key=str(row.pk), text="silent", now=NOW)
    troubles.clear_trouble(kind="quiet", key=str(row.pk), now=NOW)

    assert state_of(row) == [("ok", "heard")]


def test_a_mapped_source_without_a_mapping_says_so(policy):
    assert state_of(make("Racks", "mapped")) == [("warn", "no mapping yet")]


def test_signals_of_the_last_day_are_counted_and_only_those(policy):
    row = make("Grafana")
    for hours in (1, 23, 25):
        Signal.objects.create(source=row, received_at=NOW - timedelta(hours=hours), body="{}")

    assert lately(row) == 2


def test_of_ten_thousand_signals_no_more_are_counted(client, ada, policy, monkeypatch):
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    row = make("Grafana")
    Signal.objects.bulk_create([Signal(source=row, received_at=NOW, body="{}") for _ in range(9)])
    client.force_login(ada)

    assert lately(row) == 4
    assert "3 and more" in client.get(LIST).content.decode()


def some(many):
    for number in range(many):
        row = make(f"Source {number}")
        for second in range(2):
            services.keep_unreadable(
                source=row, body=b"x", errors={"body": ["No."]}, now=NOW + timedelta(seconds=second)
            )


def queries_of(client, url, django_assert_max_num_queries) -> int:
    with django_assert_max_num_queries(60) as seen:
        assert client.get(url).status_code == 200
    return len(seen.captured_queries)


def test_a_list_of_twenty_sources_asks_as_often_as_one_of_two(client, ada, django_assert_max_num_queries):
    client.force_login(ada)
    some(2)
    few = queries_of(client, LIST, django_assert_max_num_queries)
    Source.objects.all().delete()
    some(20)

    assert queries_of(client, LIST, django_assert_max_num_queries) == few


def test_a_source_with_many_signals_and_rejections_asks_as_often_as_with_few(
    client, ada, policy, django_assert_max_num_queries
):
    client.force_login(ada)
    row = make("Grafana")
    url = reverse("source", args=[row.pk])
    services.keep_unreadable(source=row, body=b"x", errors={"body": ["No."]}, now=NOW)
    few = queries_of(client, url, django_assert_max_num_queries)
    for second in range(30):
        services.keep_unreadable(source=row, body=b"x", errors={"body": ["No."]}, now=NOW + timedelta(seconds=second))

    assert queries_of(client, url, django_assert_max_num_queries) == few


def test_a_source_s_page_says_its_state_and_shows_what_came(client, ada, policy):
    row = make("Grafana", expected_every_min=15, expected_while_observing=True)
    Signal.objects.create(source=row, received_at=NOW, body='{"title": "Dome <1>"}', accepted=1)
    client.force_login(ada)
    text = client.get(reverse("source", args=[row.pk])).content.decode()

    assert '<span class="badge ok">heard</span>' in text
    assert "Dome &lt;1&gt;" in text
    assert "every 15 min, while it is dark and the dome is not closed" in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("alertmanager", "webhook_configs"),
        ("grafana", "Contact points"),
        ("kapacitor", "[[httppost]]"),
        ("kapacitor", "{{ .Name }}:{{ .Group }}"),
        ("json", "curl -X POST"),
        ("mapped", "whatever its shape"),
    ],
)
def test_a_source_s_page_says_how_to_point_its_sender_here(client, ada, policy, kind, words):
    client.force_login(ada)

    assert words in client.get(reverse("source", args=[make("One", kind).pk])).content.decode()


def test_whom_a_source_must_be_heard_by_is_changed_on_its_page(client, pilot, policy):
    row = make("Grafana")
    client.force_login(pilot)
    form = {"name": "Grafana", "severity": 3, "is_enabled": "on", "expected_every_min": 15}
    client.post(reverse("source_edit", args=[row.pk]), form | {"expected_while_observing": "on"})

    row.refresh_from_db()
    assert (row.expected_every_min, row.expected_while_observing) == (15, True)


@pytest.mark.parametrize("minutes", ["0", "-5", "10081", "soon"])
def test_an_odd_number_of_minutes_is_refused_beside_its_field(client, pilot, policy, minutes):
    row = make("Grafana")
    client.force_login(pilot)
    form = {"name": "Grafana", "severity": 3, "is_enabled": "on", "expected_every_min": minutes}
    response = client.post(reverse("source_edit", args=[row.pk]), form)

    assert response.status_code == 400
    assert 'id="id_expected_every_min_error"' in response.content.decode()


def test_the_api_lists_sources_without_their_addresses(client, ada, policy):
    row = make("Grafana", "grafana")
    services.keep_unreadable(source=row, body=b"x", errors={"body": ["No."]}, now=NOW)
    token = people.create_token(person=ada, name="screens", now=NOW)[1]
    answer = client.get("/api/v1/sources/", headers={"authorization": f"Token {token}"})

    assert answer.json()["results"] == [
        {
            "id": str(row.pk),
            "name": "Grafana",
            "kind": "grafana",
            "is_enabled": True,
            "last_seen_at": "2027-03-23T03:10:00Z",
            "rejected": 1,
        }
    ]


def test_the_api_asks_as_often_for_twenty_sources_as_for_two(client, ada, django_assert_max_num_queries):
    client.force_login(ada)
    some(2)
    few = queries_of(client, "/api/v1/sources/", django_assert_max_num_queries)
    for number in range(18):
        make(f"More {number}")

    assert queries_of(client, "/api/v1/sources/", django_assert_max_num_queries) == few


def test_of_a_payload_the_list_shows_only_the_beginning(client, ada, policy):
    row = make("Grafana")
    Signal.objects.create(source=row, received_at=NOW, body=json.dumps({"a": "x" * 100_000}), accepted=1)
    client.force_login(ada)

    assert len(client.get(reverse("source", args=[row.pk])).content) < 40_000
    assert not Rejection.objects.exists()

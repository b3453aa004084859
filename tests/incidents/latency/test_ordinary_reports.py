"""The ordinary report is answered without the framework: as it would be, and for nobody whom it would refuse."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from incidents.latency import ordinary
from incidents.latency.models import Delivery, Visit
from oncall import clock
from oncall.limits import queries as limits
from oncall.people import services as people
from oncall.people.models import ApiToken
from tests.incidents.latency.test_ingest import ID, delivery, visit

pytestmark = pytest.mark.django_db
VISITS, DELIVERIES = "/api/v1/visits/", "/api/v1/deliveries/"
UNKNOWN = {"detail": ["This token is not known, has expired or was withdrawn. Make one under My tokens."]}


@pytest.fixture(autouse=True)
def _at_night(now):
    clock.travel(now - clock.now())


@pytest.fixture
def usual(monkeypatch):
    """What the framework is asked: every request that was not ordinary."""
    asked, answer = [], ordinary.answer

    def answered(request, *args, **named):
        found = answer(request, *args, **named)
        if found is None:
            asked.append(request.path)
        return found

    monkeypatch.setattr(ordinary, "answer", answered)
    return asked


def headers_of(person, **fields):
    token = people.create_token(person=person, name="feed", now=clock.now(), **fields)[1]
    return {"Authorization": f"Token {token}"}


def post(client, body, headers, *, path=VISITS, kind="application/json"):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(path, content, content_type=kind, headers=headers)


def test_a_report_by_token_does_not_come_to_the_framework(client, ada, usual):
    headers = headers_of(ada)

    first = post(client, {"visits": [visit()]}, headers)
    second = post(client, {"deliveries": [delivery()]}, headers, path=DELIVERIES)

    assert usual == []
    assert (first.status_code, first.content) == (200, b'{"accepted":1,"updated":0,"rejected":[]}')
    assert (second.status_code, second.content) == (200, b'{"accepted":1,"updated":0,"rejected":[]}')
    assert Visit.objects.get().verdict == "in_time"


def test_the_answer_is_the_same_either_way(client, ada, usual):
    headers, items = headers_of(ada), {"visits": [visit(), visit(ID + 1, band="\u00fc" * 11)]}
    post(client, items, headers)

    short = post(client, items, headers)
    long = post(client, items, headers, path=f"{VISITS}?x=1")

    assert usual == [VISITS]
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert dict(short.headers) == dict(long.headers)


@pytest.mark.parametrize(
    ("path", "items", "reports"), [(VISITS, "visits", visit), (DELIVERIES, "deliveries", delivery)]
)
def test_one_report_costs_six_statements(client, ada, django_assert_num_queries, path, items, reports):
    headers = headers_of(ada)
    post(client, {items: [reports()]}, headers, path=path)
    limits.lately(clock.now())

    with django_assert_num_queries(6):  # clock and token, savepoint, locks, what is known, what it became, savepoint
        post(client, {items: [reports(ID + 1)]}, headers, path=path)


@pytest.mark.parametrize("items", [[], [{}], [visit()] * 1001])
def test_what_the_token_may_not_write_is_refused_before_it_is_read(client, ada, items):
    answer = post(client, {"visits": items}, headers_of(ada, read_only=True))

    assert (answer.status_code, answer.json()) == (403, {"detail": ["This token may only read."]})


def test_a_token_that_has_expired_opens_nothing(client, ada):
    headers = headers_of(ada, life=timedelta(minutes=5))
    before = post(client, {"visits": [visit()]}, headers)
    clock.travel(timedelta(minutes=5))

    after = post(client, {"visits": [visit(ID + 1)]}, headers)

    assert (before.status_code, after.status_code, after.json()) == (200, 401, UNKNOWN)
    assert Visit.objects.count() == 1


def test_a_token_that_was_withdrawn_opens_nothing(client, ada):
    headers = headers_of(ada)
    people.revoke_token(token=ApiToken.objects.get(), now=clock.now())

    answer = post(client, {"visits": [visit()]}, headers)

    assert (answer.status_code, answer.json()) == (401, UNKNOWN)


def test_a_token_of_somebody_who_has_left_opens_nothing(client, ada):
    headers = headers_of(ada)
    ada.is_active = False
    ada.save()

    answer = post(client, {"visits": [visit()]}, headers)

    assert (answer.status_code, answer.json()) == (401, UNKNOWN)


def test_the_use_of_a_token_is_noted_once_a_minute(client, ada, now):
    headers, noted = headers_of(ada), []

    for wait in (0, 50, 20):
        clock.travel(timedelta(seconds=wait))
        post(client, {"visits": [visit()]}, headers)
        noted.append(round((ApiToken.objects.get().last_used_at - now).total_seconds() / 10))

    assert noted == [0, 0, 7]


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token \xff", "Token oc_unknown", "Basic x", "Token ", ""])
def test_an_odd_token_opens_nothing(client, db, header):
    assert post(client, {"visits": [visit()]}, {"Authorization": header}).status_code == 401


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400),
        ('{"visits": NaN}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        ("", "application/json", 400),
        ('{"visits": []}', "text/plain", 415),
        ('{"visits": []}', "application/json; charset=latin-1", 200),
        ('{"visits": []}', "APPLICATION/JSON; charset=utf-8", 200),
    ],
)
def test_a_body_that_will_not_do_is_refused_and_never_an_error_of_ours(client, ada, body, kind, status):
    assert post(client, body, headers_of(ada), kind=kind).status_code == status


def test_another_method_is_refused_with_those_that_do(client, ada):
    answer = client.put(DELIVERIES, "{}", content_type="application/json", headers=headers_of(ada))

    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


def test_an_answer_in_another_form_is_refused(client, ada):
    headers = headers_of(ada) | {"Accept": "text/html"}

    assert post(client, {"visits": [visit()]}, headers).status_code == 406


def test_more_than_a_mebibyte_is_refused_with_a_remedy(client, ada):
    answer = post(client, {"visits": [visit(band=" " * 1024 * 1024)]}, headers_of(ada))

    assert (answer.status_code, answer.json()) == (413, {"visits": ["Larger than 1024 KiB. Send fewer at once."]})
    assert not Visit.objects.exists()


def test_whoever_is_signed_in_must_show_that_the_form_is_ours(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    strange = post(client, {"deliveries": [delivery()]}, {}, path=DELIVERIES)
    client.cookies["csrftoken"] = "x" * 32

    ours = post(client, {"deliveries": [delivery()]}, {"X-CSRFToken": "x" * 32}, path=DELIVERIES)

    assert (strange.status_code, ours.status_code) == (403, 200)
    assert Delivery.objects.count() == 1


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(client, ada, monkeypatch):
    def away(*args, **named):
        raise OperationalError("gone")

    headers = headers_of(ada)
    monkeypatch.setattr("incidents.latency.ingest.known.of_visits", away)

    answer = post(client, {"visits": [visit()]}, headers)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")

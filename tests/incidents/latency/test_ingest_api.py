"""The public shapes of visits, deliveries, nextVisits and survey blocks, over HTTP."""

from datetime import timedelta

import pytest

from incidents.latency.models import NextVisit, SurveyBlock, Visit
from oncall import clock
from oncall.people import services as people
from tests.conftest import make_person
from tests.incidents.latency.test_ingest import ID, delivery, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_night(now):
    clock.travel(now - clock.now())


def headers_of(person):
    token = people.create_token(person=person, name="feed", now=clock.now(), life=timedelta(days=1))[1]
    return {"Authorization": f"Token {token}"}


@pytest.fixture
def headers(ada):
    return headers_of(ada)


def post(client, address, body, headers):
    return client.post(f"/api/v1/{address}/", body, content_type="application/json", headers=headers)


def test_visits_and_deliveries_are_taken_item_by_item(client, headers):
    first = post(client, "visits", {"visits": [visit(), visit(ID + 1, band=None)]}, headers)
    second = post(client, "deliveries", {"deliveries": [delivery()]}, headers)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == {
        "accepted": 1,
        "updated": 0,
        "rejected": [{"index": 1, "errors": {"band": ["null will not do. Send a text of up to 10 characters."]}}],
    }
    assert second.json() == {"accepted": 1, "updated": 0, "rejected": []}
    assert Visit.objects.get().verdict == "in_time"


def test_next_visits_are_taken(client, headers):
    said = {"group_id": "g1", "instrument": "LSSTCam", "survey_block": "B", "announced_at": "2027-03-23T03:00:00Z"}

    response = post(client, "next-visits", {"next_visits": [said]}, headers)

    assert response.json() == {"accepted": 1, "updated": 0, "rejected": []}
    assert NextVisit.objects.get().group_id == "g1"


@pytest.mark.parametrize("body", [{}, {"visits": None}, {"visits": {}}, [], 7, {"visits": "x"}])
def test_a_request_without_the_list_says_what_to_send(client, headers, body):
    response = post(client, "visits", body, headers)

    assert response.status_code == 400
    assert response.json() == {"visits": ['Send an object with a list of them: {"visits": [...]}.']}


def test_more_than_a_thousand_are_refused_with_a_remedy(client, headers):
    response = post(client, "deliveries", {"deliveries": [{}] * 1001}, headers)

    assert response.status_code == 400
    assert response.json() == {
        "deliveries": ["There are 1001 items. Send 1000 at most, and the others in further requests."]
    }


def test_reports_need_a_token(client, db):
    assert post(client, "visits", {"visits": [visit()]}, {}).status_code == 401


def test_the_list_of_a_night_asks_the_same_questions_for_many(client, headers, django_assert_max_num_queries):
    post(client, "visits", {"visits": [visit(ID + number) for number in range(20)]}, headers)
    post(client, "deliveries", {"deliveries": [delivery(ID + number) for number in range(5)]}, headers)

    with django_assert_max_num_queries(6):
        response = client.get("/api/v1/visits/?day_obs=20270322&verdict=in_time", headers=headers)

    rows = response.json()["results"]
    assert [row["visit_id"] for row in rows] == [ID + 4, ID + 3, ID + 2, ID + 1, ID]
    assert rows[-1]["delivery"]["sent_within_limit"] == 9790
    assert rows[-1]["end_readout"] == "2027-03-23T03:00:00Z"


@pytest.mark.parametrize("query", ["day_obs=0", "day_obs=x", "day_obs=1e400", "verdict=lost", "cursor=zzz"])
def test_an_odd_question_about_visits_is_refused(client, headers, query):
    assert client.get(f"/api/v1/visits/?{query}", headers=headers).status_code in {400, 404}


def test_one_visit_shows_every_change_of_its_verdict(client, headers):
    post(client, "visits", {"visits": [visit()]}, headers)
    post(client, "deliveries", {"deliveries": [delivery()]}, headers)

    answer = client.get(f"/api/v1/visits/{ID}/", headers=headers).json()

    assert [(one["was"], one["became"]) for one in answer["history"]] == [("pending", "in_time")]
    assert client.get("/api/v1/visits/99999999999999999999/", headers=headers).status_code == 404


def test_the_pilot_settles_a_block_by_token_and_others_may_not(client, headers, pilot):
    def put(by):
        return client.put(
            "/api/v1/survey-blocks/BLOCK-T250/", {"alerts_expected": False}, content_type="application/json", headers=by
        )

    refused, first, again = put(headers), put(headers_of(pilot)), put(headers_of(pilot))

    assert (refused.status_code, first.status_code, again.status_code) == (403, 201, 200)
    assert first.json() == {
        "code": "BLOCK-T250",
        "alerts_expected": False,
        "first_seen_at": first.json()["settled_at"],
        "settled_at": first.json()["settled_at"],
        "settled_by": "Petra Pilot",
    }


@pytest.mark.parametrize("body", [{}, {"alerts_expected": None}, {"alerts_expected": "perhaps"}, []])
def test_settling_needs_a_yes_or_a_no(client, pilot, body):
    response = client.put("/api/v1/survey-blocks/B/", body, content_type="application/json", headers=headers_of(pilot))

    assert response.status_code == 400
    assert not SurveyBlock.objects.exists()


def test_unsettled_blocks_can_be_listed_alone(client, headers, pilot):
    client.put(
        "/api/v1/survey-blocks/A/",
        {"alerts_expected": True},
        content_type="application/json",
        headers=headers_of(pilot),
    )
    post(client, "visits", {"visits": [visit(survey_block="B")]}, headers)

    both = client.get("/api/v1/survey-blocks/", headers=headers).json()["results"]
    open_ones = client.get("/api/v1/survey-blocks/?settled=false", headers=headers).json()["results"]

    assert [one["code"] for one in both] == ["A", "B"]
    assert [one["code"] for one in open_ones] == ["B"]


def test_an_administrator_settles_too(client, db):
    admin = make_person("Root Admin", is_superuser=True)

    response = client.put(
        "/api/v1/survey-blocks/a/b/",
        {"alerts_expected": True},
        content_type="application/json",
        headers=headers_of(admin),
    )

    assert (response.status_code, response.json()["code"]) == (201, "a/b")

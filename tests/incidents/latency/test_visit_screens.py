"""The pilot's survey blocks, and the visits of a night, on screens."""

from datetime import timedelta

import pytest

from incidents.latency.models import SurveyBlock, Visit
from oncall import clock
from tests.incidents.latency.test_ingest import ID, delivery, take_deliveries, take_visits, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_night(now):
    clock.travel(now - clock.now())


@pytest.fixture
def signed_in(client, pilot):
    client.force_login(pilot)
    return client


def test_blocks_to_settle_stand_first_with_their_visits(signed_in, now):
    take_visits(visit(survey_block="BLOCK-1"), visit(ID + 1, survey_block="BLOCK-2"), now=now)
    take_visits(visit(ID + 2, survey_block="BLOCK-2"), now=now)

    rows = signed_in.get("/nights/blocks/").context["to_settle"]

    assert [(row.code, row.visits) for row in rows] == [("BLOCK-2", 2), ("BLOCK-1", 1)]


def test_the_pilot_settles_a_block_and_is_named(signed_in, now):
    take_visits(visit(), now=now)

    page = signed_in.post("/nights/blocks/", {"code": "BLOCK-365", "alerts_expected": "no"}, follow=True)

    assert "BLOCK-365: alerts are not expected. Visits judged anew: 1." in page.text
    assert "Petra Pilot" in page.text.split("Settled")[-1]
    assert Visit.objects.get().verdict == "not_eligible"


@pytest.mark.parametrize(
    "form", [{}, {"code": "B"}, {"code": "B", "alerts_expected": "perhaps"}, {"code": " ", "alerts_expected": "no"}]
)
def test_what_cannot_be_settled_is_said(signed_in, form):
    page = signed_in.post("/nights/blocks/", form)

    assert page.status_code == 400
    assert not SurveyBlock.objects.exists()


def test_others_see_blocks_and_may_not_settle_them(client, ada, now):
    client.force_login(ada)
    take_visits(visit(), now=now)

    page = client.get("/nights/blocks/")
    refused = client.post("/nights/blocks/", {"code": "BLOCK-365", "alerts_expected": "no"})

    assert ("BLOCK-365" in page.text, "<button" in page.text.split("<main")[1]) == (True, False)
    assert refused.status_code == 403
    assert SurveyBlock.objects.get().settled_at is None


def test_the_visits_of_a_night_are_listed_by_verdict(signed_in, now):
    take_visits(visit(), visit(ID + 1), visit(ID + 2, dome_open=False), now=now)
    take_deliveries(delivery(), now=now)

    every = signed_in.get("/nights/20270322/visits/")
    some = signed_in.get("/nights/20270322/visits/?verdict=in_time")

    assert [line["visit"].visit_id for line in every.context["lines"]] == [ID + 2, ID + 1, ID]
    assert [line["visit"].visit_id for line in some.context["lines"]] == [ID]
    assert every.context["counts"] == [
        ("in_time", "in time", 1), ("pending", "pending", 1), ("not_eligible", "not eligible", 1),
    ]  # fmt: skip


def test_a_long_night_goes_on_on_further_pages_with_no_more_questions(signed_in, now, django_assert_max_num_queries):
    take_visits(*[visit(ID + number) for number in range(150)], now=now)

    with django_assert_max_num_queries(8):
        first = signed_in.get("/nights/20270322/visits/")
    second = signed_in.get(f"/nights/20270322/visits/?before={first.context['next']}")

    assert (len(first.context["lines"]), len(second.context["lines"]), second.context["next"]) == (100, 50, None)


@pytest.mark.parametrize(
    "address",
    ["/nights/7/visits/", "/nights/20271301/visits/", "/nights/20270322/visits/?verdict=x", "/visits/7/",
     "/visits/99999999999999999999/"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(signed_in, address):
    assert signed_in.get(address).status_code == 404


@pytest.mark.parametrize("before", ["x", "٣", "9" * 30, "0" * 20 + "9" * 5000, "-1", ""])
def test_an_odd_page_is_the_first(signed_in, now, before):
    take_visits(visit(), now=now)

    assert len(signed_in.get("/nights/20270322/visits/", {"before": before}).context["lines"]) == 1


def test_one_visit_shows_how_it_was_judged(signed_in, now):
    take_visits(visit(), now=now)
    take_deliveries(delivery(sent_within_limit=1), now=now + timedelta(minutes=1))

    page = signed_in.get(f"/visits/{ID}/").text

    assert "A delivery was reported: 1 of 9800 alerts within 60 s." in page
    assert "40 s and 59 s after the end of readout" in page

"""Work items for people and programs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from oncall import clock
from oncall.people import services as people
from oncall.people.models import Team
from oncall.work import services
from oncall.work.models import WorkItem
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def signed_in(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def headers(ada):
    return {"Authorization": f"Token {people.create_token(person=ada, name='work', now=NOW)[1]}"}


def opened(key="k", title="Look at the slow database", url="/nights/", **said):
    return services.open_item(key=key, title=title, text="", url=url, team=None, now=NOW, **said)


def test_the_list_asks_as_often_for_forty_items_as_for_one(signed_in, django_assert_num_queries):
    team = Team.objects.create(name="Data Facility", slug="df")
    opened()
    with django_assert_num_queries(5) as few:
        signed_in.get("/work-items/")
    for n in range(40):
        services.open_item(key=str(n), title="x", text="", url="", team=team, now=NOW)
    with django_assert_num_queries(len(few)):
        signed_in.get("/work-items/")


def test_open_and_done_stand_apart(signed_in):
    opened(title="To be done")
    services.close_item(item=opened(key="other", title="Was done"), now=NOW)

    open_page, done_page = (
        signed_in.get("/work-items/").content.decode(),
        signed_in.get("/work-items/?state=done").content.decode(),
    )

    assert "To be done" in open_page
    assert "Was done" not in open_page
    assert "Was done" in done_page
    assert "To be done" not in done_page


@pytest.mark.parametrize("query", ["team=%00", "team=nobody", "page=0", "page=x", "state=x", "team=mine&page=9"])
def test_an_odd_question_gets_a_page(signed_in, query):
    assert signed_in.get(f"/work-items/?{query}").status_code == 200


def test_somebody_adds_work_by_hand(signed_in):
    signed_in.post("/work-items/new/", {"title": "Order a disk", "due_at": "2027-03-25T17:00"})

    item = WorkItem.objects.get()
    assert (item.title, item.origin) == ("Order a disk", "Ada Moreno")
    assert item.due_at == datetime(2027, 3, 26, 0, 0, tzinfo=UTC)  # 17:00 in California


def test_a_due_time_out_of_reach_is_refused_and_nothing_typed_is_lost(signed_in):
    answer = signed_in.post("/work-items/new/", {"title": "Order a disk", "due_at": "9999-12-31T23:59"})

    assert answer.status_code == 400
    assert 'value="Order a disk"' in answer.content.decode()
    assert not WorkItem.objects.exists()


def test_done_says_who_and_what_came_of_it(signed_in):
    item = opened()

    signed_in.post(reverse("work_item_done", args=[item.pk]), {"outcome": "An index was missing."})

    page = signed_in.get(reverse("work_item", args=[item.pk])).content.decode()
    assert "by Ada Moreno" in page
    assert "An index was missing." in page


def test_done_twice_says_who_was_first(signed_in, grace):
    item = opened()
    services.close_item(item=item, by=grace, now=NOW)

    page = signed_in.post(reverse("work_item_done", args=[item.pk]), {}, follow=True).content.decode()

    assert "Grace Okafor closed" in page


def test_an_origin_that_is_a_script_is_no_link(signed_in):
    item = opened(url="javascript:alert(1)")

    assert 'href="javascript:' not in signed_in.get(reverse("work_item", args=[item.pk])).content.decode()


def test_another_team_and_an_empty_due_time_mean_its_next_working_day(signed_in):
    item = opened()
    team = Team.objects.create(name="Data Facility", slug="df")

    signed_in.post(reverse("work_item", args=[item.pk]), {"team": team.pk, "due_at": "", "ticket": "DM-1"})

    item.refresh_from_db()
    assert (item.team, item.due_at) == (team, datetime(2027, 3, 24, 0, 0, tzinfo=UTC))


def test_a_program_opens_work_once_per_key(client, headers):
    said = {"key": "apdb", "title": "Repair the second node", "due_at": "2027-03-25T17:00:00+01:00"}
    first = client.post("/api/v1/work-items/", said, content_type="application/json", headers=headers)

    second = client.post("/api/v1/work-items/", said, content_type="application/json", headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == {
        "id": first.json()["id"],
        "key": "apdb",
        "title": "Repair the second node",
        "text": "",
        "origin": "Ada Moreno",
        "url": "",
        "team": None,
        "calendar": "Default, Mon-Fri 09:00-17:00",
        "due_at": "2027-03-25T16:00:00Z",
        "ticket": "",
        "state": "open",
        "count": 2,
        "opened_at": "2027-03-23T03:10:00Z",
        "changed_at": "2027-03-23T03:10:00Z",
        "done_at": None,
        "done_by": None,
        "outcome": "",
    }


def test_a_program_lists_open_work_by_when_it_is_due(client, headers):
    opened(key="late", title="late", due=NOW + timedelta(days=3))
    opened(key="soon", title="soon", due=NOW + timedelta(days=1))
    services.close_item(item=opened(key="done"), now=NOW)

    answer = client.get("/api/v1/work-items/", headers=headers).json()

    assert [one["title"] for one in answer["results"]] == ["soon", "late"]
    assert answer["next"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "title"),
        ({"title": "x", "team": "no-such"}, "team"),
        ({"title": "x", "team": "\x00"}, "team"),
        ({"title": "x", "team": ["df"]}, "team"),
        ({"title": "\x00"}, "title"),
        ({"title": "x", "due_at": "2027-03-25T17:00:00"}, "due_at"),
        ({"title": "x", "due_at": "9999-12-31T23:59:59-14:00"}, "due_at"),
        ({"title": "x", "key": "k" * 201}, "key"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client, headers, said, field):
    answer = client.post("/api/v1/work-items/", said, content_type="application/json", headers=headers)

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_lost_race_is_a_conflict(client, headers, grace):
    item = opened()
    services.close_item(item=item, by=grace, now=NOW)

    answer = client.post(f"/api/v1/work-items/{item.pk}/done/", {}, content_type="application/json", headers=headers)

    assert answer.status_code == 409
    assert "Grace Okafor" in answer.json()["detail"][0]


@pytest.mark.parametrize("query", ["state=x", "state=%00", "cursor=%f0%9f%94%ad"])
def test_an_odd_question_of_a_program_is_refused(client, headers, query):
    assert client.get(f"/api/v1/work-items/?{query}", headers=headers).status_code in {400, 404}

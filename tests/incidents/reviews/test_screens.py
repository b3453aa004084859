"""The pages of reviews: what is pressed there, who sees what, and what a stranger may read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.command import services as command
from incidents.reviews import panels, publishing, services
from incidents.reviews.models import ActionItem, Review
from tests.incidents.reviews.conftest import LATER, NOTICED, OVER

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_grace(client, grace):
    client.force_login(grace)
    return client


@pytest.fixture
def published(review, grace, pilot):
    services.press(review=review, move="submit", by=grace, now=LATER)
    review = services.press(review=review, move="approve", by=grace, now=LATER)
    texts = publishing.proposed(review)
    return publishing.publish(review=review, title="Link cut", texts=texts, version=None, by=pilot, now=LATER)


def test_the_draft_button_of_an_incident_leads_to_its_review(as_grace, cut, ada):
    assert "Draft the review" in panels.of_incident(cut, person=ada, now=LATER)

    response = as_grace.post(f"/reviews/{cut.number}/draft/", {"owner": str(ada.pk)})

    assert response["Location"] == "/reviews/1/"
    assert "Ada Moreno owns it" in panels.of_incident(cut, person=ada, now=LATER)


def test_the_panel_costs_one_query(review, ada, django_assert_num_queries):
    with django_assert_num_queries(1):
        panels.of_incident(review.incident, person=ada, now=LATER)


def test_a_lost_race_is_said_with_what_was_typed(as_grace, review, ada):
    services.edit(review=review, content={"lucky": "Theirs."}, by=ada, version=1, now=LATER)

    response = as_grace.post("/reviews/1/edit/", {"version": "1", "lucky": "Mine.", "cause": ""})

    assert response.status_code == 409
    assert all(words in response.content.decode() for words in ("Somebody changed this review", "Mine.", "Theirs."))


def test_a_refused_press_is_said_where_the_button_is(as_grace, review):
    response = as_grace.post("/reviews/1/press/", {"move": "close", "version": "1"})

    assert response.status_code == 409
    assert "cannot be pressed" in response.content.decode()


def test_an_action_is_asked_for_on_the_page(as_grace, review, grace):
    typed = {"title": "Watch it", "kind": "docs", "whose": f"person:{grace.pk}", "due_on": "2027-04-01", "ticket": ""}

    assert as_grace.post("/reviews/1/actions/", typed).status_code == 302
    assert ActionItem.objects.get().owner == grace
    assert "Watch it" in as_grace.get("/reviews/1/").content.decode()


@pytest.mark.parametrize(
    "ticket", ["javascript:alert(1)", "file:///etc/passwd", 'https://a"onmouseover=alert(1)', "https://a/<b>"]
)
def test_a_ticket_is_an_address_of_the_web(as_grace, review, grace, ticket):
    typed = {"title": "x", "kind": "docs", "whose": f"person:{grace.pk}", "due_on": "2027-04-01", "ticket": ticket}

    assert as_grace.post("/reviews/1/actions/", typed).status_code == 400


def test_more_reviews_cost_no_more_queries(as_grace, declared, ada, review):
    with CaptureQueriesContext(
        connection,
    ) as few:
        as_grace.get("/reviews/")
    for n in range(4):
        incident = command.move(incident=declared(title=f"No {n}", now=NOTICED), move="resolve", by=ada, now=OVER)
        services.draft(incident=incident, by=ada, now=OVER)

    with CaptureQueriesContext(connection) as many:
        as_grace.get("/reviews/")

    assert len(many) <= len(few)


def test_everybody_reads_and_finds_what_is_published(client, published):
    found = client.get("/reviews/published/?q=SOCAT link").content.decode()
    page = client.get("/reviews/published/1/").content.decode()

    assert "Link cut" in found
    assert "the incident commander saw socat time out" in page
    assert "Moreno" not in page
    assert "No report has" in client.get("/reviews/published/?q=quasar").content.decode()


def test_programs_of_strangers_read_what_is_published_too(client, published):
    response = client.get("/api/v1/reviews/published/")

    assert response.json()["results"][0]["report"]["title"] == "Link cut"


def test_what_was_counted_again_is_shown_also_where_nothing_has_changed(as_grace, review, ada):
    services.recount(review=review, by=ada, now=LATER)

    page = as_grace.get("/reviews/1/").content.decode()

    assert "nothing has changed" in page
    assert page.count("Lasted 2 h 30 min") == 2  # as counted again, in the text


def test_the_newest_count_stands_alone_and_what_changed_is_a_table_behind_it(as_grace, review, ada):
    services.recount(review=review, by=ada, now=LATER)
    figures = (Review.objects.get().recounted or {}) | {"alerts_late": 10530}
    Review.objects.update(recounted=figures)

    page = as_grace.get("/reviews/1/").content.decode()

    assert "10,530 alerts were sent after the limit." in page
    assert "1 number has changed since the review was drafted</summary>" in page
    assert '<td class="number" data-label="As drafted">0</td><td class="number" data-label="Now">10,530</td>' in page
    assert page.index("10,530 alerts") < page.index("1 number has changed")


def test_what_is_not_published_or_became_restricted_is_not_there(client, published, review):
    review.incident.restricted = True
    review.incident.save()

    assert client.get("/reviews/published/1/").status_code == 404
    assert "Link cut" not in client.get("/reviews/published/").content.decode()


def test_a_restricted_review_is_not_there_for_others(as_grace, ada):
    incident = command.declare(title="Stolen key", severity=1, by=ada, now=NOTICED, restricted=True)
    incident = command.move(incident=incident, move="resolve", by=ada, now=OVER)
    services.draft(incident=incident, by=ada, now=OVER)

    assert as_grace.get("/reviews/1/").status_code == 404
    assert "Stolen key" not in as_grace.get("/reviews/").content.decode()


def test_what_is_typed_is_text(as_grace, review, ada):
    services.edit(review=review, content={"lucky": "<script>x</script>"}, by=ada, version=1, now=LATER)

    assert "<script>x" not in as_grace.get("/reviews/1/").content.decode()


def test_programs_draft_edit_count_and_act(as_grace, cut, ada):
    def send(method, path, body):
        return getattr(as_grace, method)(f"/api/v1/incidents/1/review/{path}", body, content_type="application/json")

    assert send("post", "", {}).status_code == 201
    assert send("patch", "", {"version": 1, "content": {"lucky": "Monday"}}).json()["version"] == 2
    assert send("patch", "", {"version": 1, "content": {"lucky": "x"}}).status_code == 409
    assert send("patch", "", {"version": 2, "content": {"blame": "x"}}).status_code == 400
    assert send("post", "move/", {"move": "close"}).status_code == 409
    assert send("post", "count/", {}).json()["changed"] == []
    asked = {"title": "x", "kind": "docs", "due_on": "2027-04-01", "owner": str(ada.pk)}
    action = send("post", "actions/", asked)
    assert action.status_code == 201
    assert send("patch", f"actions/{action.json()['id']}/", {"done": True}).json()["done"] is True
    assert as_grace.get("/api/v1/reviews/?state=draft").json()["results"][0]["incident"] == 1
    assert as_grace.get("/api/v1/reviews/published/?q=%00x").json()["results"] == []
    assert Review.objects.get().content["lucky"] == "Monday"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "", {"version": 1, "content": {"lucky": "\x00"}}),
        ("patch", "", {"version": 10**30}),
        ("patch", "", {"version": 1, "cause": "\x00"}),
        ("patch", "", {"version": 1, "content": ["x"]}),
        ("post", "actions/", {"title": "\x00", "kind": "\x00", "due_on": "9999-12-31"}),
        ("post", "count/", {"starts_at": "9999-12-31T23:59:59-14:00"}),
        ("post", "owners/", {"reviewers": "x"}),
        ("post", "publish/", {"content": {"\x00": "x"}}),
    ],
)
def test_odd_requests_are_refused_and_nothing_breaks(as_grace, review, method, path, body):
    response = getattr(as_grace, method)(f"/api/v1/incidents/1/review/{path}", body, content_type="application/json")

    assert response.status_code in {200, 400, 409}

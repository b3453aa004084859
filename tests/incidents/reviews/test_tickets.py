"""An action becomes one ticket in Jira or GitHub, whatever the network does."""

from datetime import date, timedelta

import pytest

from incidents.command import editing
from incidents.reviews import acting, services, ticketing
from incidents.reviews.models import TicketRequest
from incidents.reviews.trackers import Ticket, name_of
from oncall import clock
from tests.incidents.reviews.conftest import LATER
from tests.incidents.reviews.trackers import tracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(review, grace):
    return acting.add(
        review=review,
        title="Watch the disk",
        kind="technical",
        due_on=date(2027, 4, 1),
        owner=grace,
        by=grace,
        now=LATER,
    )


@pytest.fixture
def site(settings):
    with tracker() as known:
        settings.JIRA_URL, settings.JIRA_EMAIL, settings.JIRA_TOKEN = known.base, "us@example.org", "t0ken"
        settings.JIRA_PROJECT, settings.JIRA_ISSUE_TYPE = "DM", "Task"
        settings.GITHUB_API_BASE, settings.GITHUB_TOKEN = known.base, "ghp"
        settings.GITHUB_REPOSITORY = "lsst/oncall"
        yield known


def wanted(action, grace, name="jira"):
    return acting.want_ticket(action=action, tracker=name, by=grace, now=clock.now())


def test_jira_makes_it_and_the_work_item_says_so(action, grace, site):
    wanted(action, grace)

    ticketing.make_due()

    action.refresh_from_db()
    assert (action.ticket_name, action.ticket) == ("DM-1", f"{site.base}/browse/DM-1")
    assert action.work.ticket == "DM-1"
    assert site.made[0]["fields"]["project"] == {"key": "DM"}
    assert site.asked[-1][2]["Authorization"] == "Basic dXNAZXhhbXBsZS5vcmc6dDBrZW4="


def test_github_makes_it(action, grace, site):
    wanted(action, grace, "github")

    ticketing.make_due()

    action.refresh_from_db()
    assert (action.ticket_name, action.ticket) == ("lsst/oncall#1", "https://github.com/lsst/oncall/issues/1")
    assert site.asked[-1][1] == "/repos/lsst/oncall/issues"


def test_what_was_made_without_an_answer_is_found_and_not_made_again(action, grace, site):
    wanted(action, grace)
    site.fault = "hang up"
    ticketing.make_due()
    assert TicketRequest.objects.get().state == "waiting"
    clock.travel(timedelta(hours=1))

    ticketing.make_due()

    action.refresh_from_db()
    assert (action.ticket_name, site.posts(), len(site.made)) == ("DM-1", 1, 1)


def test_what_may_be_there_is_never_asked_for_again_and_says_so(action, grace, site):
    wanted(action, grace)
    site.fault = 500
    for _ in range(ticketing.MOST_TRIES):
        ticketing.make_due()
        clock.travel(timedelta(hours=2))

    request = TicketRequest.objects.get()
    assert (request.state, site.posts()) == ("failed", 1)
    assert "Look there before you ask again" in request.error_text


def test_a_refusal_is_shown_and_may_be_asked_for_again(action, grace, site):
    wanted(action, grace)
    site.fault = 400
    ticketing.make_due()
    request = TicketRequest.objects.get()
    assert (request.state, request.error_text) == ("failed", "Jira answered 400: project: valid project is required")

    wanted(action, grace)
    ticketing.make_due()

    action.refresh_from_db()
    assert action.ticket_name == "DM-1"


def test_who_lost_the_lease_writes_nothing(action, grace, site):
    wanted(action, grace)
    first = ticketing.claim(now=clock.now())
    clock.travel(timedelta(minutes=2))
    second = ticketing.claim(now=clock.now())

    assert first is not None
    ticketing.record(claimed=first, ticket=None, error="late", again=False, unclear=False, now=clock.now())

    assert second is not None
    assert (first.only_look, second.only_look) == (False, True)
    assert TicketRequest.objects.get().state == "waiting"


def _restrict(action, by):
    editing.restrict(incident=action.review.incident, by=by, now=clock.now())


def _link(action, by):
    acting.change(action=action, ticket="https://example.atlassian.net/browse/DM-9", by=by, now=clock.now())


def _finish(action, by):
    acting.finish(action=action, by=by, now=clock.now())


@pytest.mark.parametrize(
    ("then", "words"),
    [(_restrict, "became restricted"), (_link, "Somebody linked DM-9 instead."), (_finish, "was done before")],
)
def test_a_ticket_that_nobody_needs_any_more_or_may_see_is_not_made(action, grace, site, then, words):
    wanted(action, grace)
    then(action, grace)

    ticketing.make_due()

    request = TicketRequest.objects.get()
    assert (request.state, site.asked) == ("dropped", [])
    assert words in request.error_text


def test_a_link_that_somebody_pasted_stays_when_ours_is_made_meanwhile(action, grace, site):
    wanted(action, grace)
    claimed = ticketing.claim(now=clock.now())
    assert claimed is not None
    _link(action, grace)

    ticket = Ticket("DM-10", f"{site.base}/browse/DM-10")
    ticketing.record(claimed=claimed, ticket=ticket, error="", again=False, unclear=False, now=clock.now())

    action.refresh_from_db()
    assert action.ticket_name == "DM-9"
    assert "DM-10 was made too" in TicketRequest.objects.get().error_text


def test_what_is_done_gets_no_ticket(action, grace, site):
    _finish(action, grace)

    with pytest.raises(services.Refused, match="is done"):
        wanted(action, grace)


def test_a_tracker_that_is_not_set_up_is_refused(action, grace):
    with pytest.raises(services.Refused, match="not set up here"):
        wanted(action, grace)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.atlassian.net/browse/DM-12345", "DM-12345"),
        ("https://github.com/lsst/oncall/issues/12", "lsst/oncall#12"),
        ("https://example.org/t/7", "example.org"),
        ("https://evil.example/lsst/oncall/issues/12", "evil.example"),
        ("https://evil.example/browse/DM-12345", "DM-12345 (evil.example)"),
        ("", ""),
    ],
)
def test_a_ticket_is_called_as_people_call_it(url, name):
    assert name_of(url) == name

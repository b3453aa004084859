"""What the page of an incident says of its channel, and the page where it is asked for."""

from datetime import timedelta

import pytest

from incidents.command import services as command
from incidents.mirror import panels, services
from incidents.mirror.models import Mirror
from oncall import clock
from tests.incidents.mirror.conftest import note, worked

pytestmark = pytest.mark.django_db


def test_two_presses_make_a_channel_and_one_more_stops_it(in_slack, client, incident, ada):
    client.force_login(ada)
    address = f"/incidents/{incident.number}/slack/"
    assert "Make a channel" in client.get(incident.path).content.decode()
    assert "Everybody in Slack can find it." in client.get(address).content.decode()

    assert client.post(address, {"then": "want"}).headers["Location"] == incident.path
    assert "Its channel is being made" in client.get(incident.path).content.decode()
    client.post(address, {"then": "stop"})

    assert Mirror.objects.get().state == "stopped"
    assert "Nothing is said there" in client.get(incident.path).content.decode()


def test_the_panel_shows_the_channel_what_waits_and_what_went_wrong(in_slack, client, incident, ada, mirrored):
    in_slack.slack_fails({"method": "chat.postMessage", "error": "not_in_channel"})
    note(incident, ada, "one")
    worked()
    client.force_login(ada)

    page = client.get(incident.path).content.decode()

    assert f"https://slack.com/app_redirect?channel={mirrored.channel}" in page
    assert "1 line waiting to be said there." in page
    assert "Slack says: not_in_channel" in page


def test_where_nothing_is_mirrored_no_page_speaks_of_it(in_slack, client, incident, ada, settings):
    settings.SLACK_INCIDENTS = "off"
    client.force_login(ada)

    assert "Slack" not in client.get(incident.path).content.decode()
    assert client.get(f"/incidents/{incident.number}/slack/").status_code == 404


def test_of_a_restricted_incidents_channel_others_learn_nothing(in_slack, linked, client, ada, grace):
    incident = command.declare(title="Stolen key", severity=2, by=ada, restricted=True, now=clock.now())
    services.want(incident=incident, by=ada, now=clock.now())
    client.force_login(grace)

    for method in (client.get, client.post):
        assert method(f"/incidents/{incident.number}/slack/", {"then": "stop"}).status_code == 404


@pytest.mark.parametrize(
    ("then", "words"), [("sing", "That is no press."), ("want", "This incident is over. Reopen it first.")]
)
def test_a_press_that_is_refused_says_why(in_slack, client, incident, ada, then, words):
    command.move(incident=incident, move="false_alarm", by=ada, now=clock.now() + timedelta(seconds=1))
    client.force_login(ada)

    answer = client.post(f"/incidents/{incident.number}/slack/", {"then": then})

    assert (answer.status_code, words in answer.content.decode()) == (400, True)


def test_the_panel_asks_two_questions(in_slack, incident, ada, mirrored, django_assert_max_num_queries):
    now = clock.now()
    with django_assert_max_num_queries(2):
        panels.shown(incident, person=ada, now=now)

"""What people said in a channel while Slack could not tell us of it."""

from datetime import timedelta

import pytest

from incidents.command import services as command
from incidents.mirror.models import Mirror
from oncall import clock
from tests.incidents.command.conftest import lines
from tests.incidents.mirror.conftest import note, speaks, tell, worked

pytestmark = pytest.mark.django_db


def unheard(outside, mirror, user, text, **more):
    """Let somebody say something of which Slack does not tell us; returns its name and the event."""
    return outside.api("POST", "slack/say/", {"channel": mirror.channel, "user": user, "text": text, **more})


def looked():
    Mirror.objects.update(looked_at=clock.now() - timedelta(minutes=2))
    return worked()


def test_what_slack_could_not_tell_is_read_and_told_late_is_one_line(in_slack, incident, mirrored):
    before = len(lines(incident))
    made = unheard(in_slack, mirrored, "U0ADA", "while you were down")
    unheard(in_slack, mirrored, "U0GRACE", "I saw it too")
    looked()

    assert lines(incident)[before:] == ["while you were down", "I saw it too"]
    assert tell(made["event"]).status_code == 200
    looked()
    assert lines(incident)[before:] == ["while you were down", "I saw it too"]
    assert [one["text"] for one in in_slack.slack(mirrored.channel)].count("while you were down") == 1


def test_the_channel_is_read_every_two_minutes_and_no_more_often(in_slack, incident, mirrored):
    before = len(lines(incident))
    unheard(in_slack, mirrored, "U0ADA", "quietly")
    Mirror.objects.update(looked_at=clock.now() - timedelta(seconds=110))
    worked()
    assert lines(incident)[before:] == []

    looked()
    assert lines(incident)[before:] == ["quietly"]


def test_a_change_of_what_was_heard_is_a_correction_and_of_what_was_not_is_what_was_said(in_slack, incident, mirrored):
    before = len(lines(incident))
    heard = speaks(in_slack, mirrored, "U0ADA", "80 visits")
    missed = unheard(in_slack, mirrored, "U0ADA", "9 visits")
    for made, text in ((heard, "81 visits"), (missed, "10 visits")):
        in_slack.api("POST", "slack/edit/", {"channel": mirrored.channel, "ts": made["ts"], "text": text})
    looked()
    looked()

    assert lines(incident)[before:] == ["80 visits", "81 visits", "10 visits"]


def test_an_answer_to_an_old_line_is_read_too(in_slack, incident, ada, mirrored):
    before = len(lines(incident))
    top = speaks(in_slack, mirrored, "U0ADA", "who looks at the link?")
    looked()
    unheard(in_slack, mirrored, "U0GRACE", "I do", thread_ts=top["ts"])
    looked()

    assert lines(incident)[before + 1 :] == [f"(to line {before + 1}) I do"]


def test_before_it_is_put_away_the_channel_is_read_once_more(in_slack, incident, ada, mirrored):
    before = len(lines(incident))
    unheard(in_slack, mirrored, "U0ADA", "one last thing")
    command.move(incident=incident, move="resolve", by=ada, now=clock.now())
    command.move(incident=incident, move="close", by=ada, now=clock.now())
    mirror = worked()

    assert mirror.state == Mirror.State.ARCHIVED
    assert "one last thing" in lines(incident)[before:]


def test_where_slack_will_not_say_what_is_there_the_lines_go_on(in_slack, incident, ada, mirrored):
    in_slack.slack_fails({"method": "conversations.history", "error": "missing_scope"})
    note(incident, ada, "it goes on")
    mirror = looked()

    assert mirror.error_text == ""
    assert "it goes on" in [one["text"].partition("_ ")[2] for one in in_slack.slack(mirrored.channel)]

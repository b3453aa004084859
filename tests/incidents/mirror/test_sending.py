"""What is said in the channel: every line once and in order, also when Slack was away; and who is let in."""

from datetime import timedelta

import pytest

from incidents.command import assigning, editing
from incidents.command import services as command
from incidents.command.writing import Refused
from incidents.mirror import asking, sending, services
from incidents.mirror.models import Line, Mirror
from oncall import clock
from oncall.limits import queries as limits
from oncall.outside.lane import Lane
from oncall.paging.models import ContactMethod
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.incidents.mirror.conftest import note, said, worked

pytestmark = pytest.mark.django_db


def channel_of(outside, mirror) -> dict:
    (found,) = [one for one in outside.api("GET", "slack/channels/")["results"] if one["name"] == mirror.channel]
    return found


def fails(outside, method="chat.postMessage", **how):
    outside.slack_fails({"method": method, **how})


def test_the_channel_is_made_once_with_its_people_and_topic(in_slack, incident, ada, mirrored):
    worked()

    found = channel_of(in_slack, mirrored)
    assert found["called"] == f"inc-{incident.number}-{incident.title.lower().replace(' ', '-')}"
    assert (found["is_private"], found["members"]) == (False, ["U0BOT", "U0ADA"])
    address = f"https://oncall.example.org/incidents/{incident.number}/"
    assert found["topic"] == f"SEV-3 · investigating · commander: nobody · {address}"


def test_lines_are_said_in_order_and_once(in_slack, incident, ada, grace, mirrored):
    note(incident, ada, "first")
    note(incident, grace, "second <!channel> & `<b>`")
    worked()
    worked()

    assert said(in_slack, mirrored) == [
        "Ada Moreno declared it, SEV-3.",
        "Ada Moreno has it mirrored in a Slack channel.",
        "first",
        "second &lt;!channel&gt; &amp; `&lt;b&gt;`",
    ]


def test_what_was_written_while_slack_was_away_follows_in_order(in_slack, incident, ada, mirrored):
    fails(in_slack, status=503, times=2)
    note(incident, ada, "one")
    note(incident, ada, "two")
    failing = worked()
    assert (failing.error_text != "", failing.failing_since is not None) == (True, True)
    worked()

    after = worked()

    assert said(in_slack, mirrored)[2:] == ["one", "two"]
    assert (after.error_text, after.failing_since, after.tries) == ("", None, 0)


def test_a_line_whose_answer_was_lost_is_not_said_again(in_slack, incident, ada, mirrored):
    fails(in_slack, status=500, accepted=True)
    note(incident, ada, "one")
    worked()

    worked()

    assert said(in_slack, mirrored)[2:] == ["one"]
    assert Line.objects.exclude(ts="").count() == 3


def test_slack_is_left_alone_for_as_long_as_it_asks(in_slack, incident, ada, mirrored, monkeypatch):
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then)
    fails(in_slack, status=429, error="ratelimited", retry_after=90)
    note(incident, ada, "one")

    waits = worked()

    assert waits.next_due == then + timedelta(seconds=90)
    assert asking.take(now=waits.next_due - timedelta(microseconds=1)) is None


def test_a_channel_made_by_a_request_whose_answer_was_lost_is_found(in_slack, incident, ada):
    fails(in_slack, "conversations.create", status=500, accepted=True)
    services.want(incident=incident, by=ada, now=clock.now())
    assert worked().channel == ""

    mirror = worked()

    known = [one for one in in_slack.api("GET", "slack/channels/")["results"] if one["called"] == mirror.name]
    assert [one["name"] for one in known] == [mirror.channel]
    assert mirror.nth_name == 1


def test_a_channel_of_that_name_that_is_another_is_left_to_whoever_has_it(in_slack, incident, ada):
    first = services.want(incident=incident, by=ada, now=clock.now())
    worked()
    first.delete()
    services.want(incident=incident, by=ada, now=clock.now())

    mirror = worked()

    assert mirror.name.endswith("-2")
    assert said(in_slack, mirror)[0] == "Ada Moreno declared it, SEV-3."


def test_a_correction_answers_in_the_thread_of_what_it_corrects(in_slack, incident, ada, mirrored):
    wrong = note(incident, ada, "Butler is down")
    command.say(incident=incident, kind="correction", text="It is slow", by=ada, now=clock.now(), corrects=wrong)

    worked()

    last, correction = in_slack.slack(mirrored.channel)[-2:]
    assert (last["text"].endswith("Butler is down"), correction["thread_ts"]) == (True, last["ts"])
    assert "correction · Ada Moreno of line 3_ It is slow" in correction["text"]


def test_a_mention_is_one_in_slack_and_lets_that_person_in(in_slack, incident, ada, mirrored):
    note(incident, ada, "@grace please, not `@grace`")

    worked()

    assert said(in_slack, mirrored)[-1] == "<@U0GRACE> please, not `@grace`"
    assert "U0GRACE" in channel_of(in_slack, mirrored)["members"]


def test_who_takes_a_role_is_let_in_and_the_topic_names_the_commander(in_slack, incident, grace, mirrored):
    assigning.take(incident=incident, role="commander", by=grace, now=clock.now())

    worked()

    found = channel_of(in_slack, mirrored)
    assert "U0GRACE" in found["members"]
    assert found["topic"].startswith("SEV-3 · investigating · commander: Grace Okafor · ")


def test_whom_slack_will_not_have_keeps_nobody_waiting(in_slack, incident, ada, pilot, mirrored):
    ContactMethod.objects.create(person=pilot, kind="slack", address="U0GONE", created_at=NOW, verified_at=NOW)
    note(incident, ada, "@petra look")
    for _ in range(3):
        worked()

    assert said(in_slack, mirrored)[-1] == "<@U0GONE> look"
    assert mirrored.guests.get(user="U0GONE").error_text == "Slack says: user_not_found"


def test_a_line_that_slack_never_takes_does_not_hold_up_the_others(in_slack, incident, ada, mirrored):
    fails(in_slack, error="msg_too_long", times=3)
    note(incident, ada, "one")
    note(incident, ada, "two")

    for _ in range(4):
        worked()

    assert said(in_slack, mirrored)[2:] == ["two"]


def test_what_alarms_do_is_said_too_and_a_line_that_reads_otherwise_is_changed(in_slack, incident, ada, mirrored):
    note(incident, ada, "one")
    worked()
    line = Line.objects.get(text__endswith="one")
    Line.objects.filter(pk=line.pk).update(text="answered", edition=2)

    worked()

    assert [(one["text"], one["edited"]) for one in in_slack.slack(mirrored.channel)][-1] == ("answered", 1)


def test_a_closed_incidents_channel_is_archived_after_its_last_line_and_opened_again_with_it(
    in_slack, incident, ada, mirrored
):
    for move in ("resolve", "close"):
        command.move(incident=incident, move=move, by=ada, now=clock.now())
    archived = worked()
    assert (archived.state, archived.next_due, channel_of(in_slack, mirrored)["is_archived"]) == (
        "archived",
        None,
        True,
    )
    assert said(in_slack, mirrored)[-1] == "Ada Moreno: closed."
    command.move(incident=incident, move="reopen", by=ada, now=clock.now())

    services.follow(now=clock.now())
    worked()

    assert channel_of(in_slack, mirrored)["is_archived"] is False
    assert said(in_slack, mirrored)[-1] == "Ada Moreno: it is back, opened again."


def test_failing_for_ten_minutes_is_a_trouble_that_ends_with_it(in_slack, incident, ada, mirrored):
    fails(in_slack, error="not_in_channel", times=2)
    note(incident, ada, "one")
    worked()
    assert not Trouble.objects.open().exists()
    Mirror.objects.update(failing_since=clock.now() - timedelta(minutes=10))
    worked()
    assert "Slack says: not_in_channel" in Trouble.objects.open().get(kind="mirror").text

    worked()

    assert not Trouble.objects.open().exists()


def test_a_restricted_incident_has_a_private_channel_without_its_title_for_its_people_alone(
    in_slack, linked, ada, settings
):
    settings.SLACK_INCIDENTS = "all"
    incident = command.declare(title="Stolen key", severity=2, by=ada, restricted=True, now=clock.now())
    services.follow(now=clock.now())
    assert not Mirror.objects.exists()
    services.want(incident=incident, by=ada, now=clock.now())
    note(incident, ada, "@grace must not know")

    mirror = worked()

    found = channel_of(in_slack, mirror)
    assert (found["called"], found["is_private"]) == (f"inc-{incident.number}-restricted", True)
    assert found["members"] == ["U0BOT", "U0ADA"]


def test_what_becomes_restricted_leaves_its_public_channel(in_slack, incident, ada, mirrored):
    type(incident).objects.filter(pk=incident.pk).update(restricted=True)
    note(incident, ada, "secret")

    left = worked()
    assert (left.state, channel_of(in_slack, mirrored)["is_archived"]) == ("stopped", True)
    assert "secret" not in said(in_slack, mirrored)
    services.want(incident=incident, by=ada, now=clock.now())
    private = worked()

    assert (private.private, channel_of(in_slack, private)["is_private"]) == (True, True)
    assert "secret" in said(in_slack, private)


def test_a_stopped_public_channel_is_put_away_when_its_incident_is_restricted(in_slack, incident, ada, mirrored):
    services.stop(incident=incident, by=ada, now=clock.now())
    editing.restrict(incident=incident, by=ada, now=clock.now())
    with pytest.raises(Refused, match="Its public channel is archived first"):
        services.want(incident=incident, by=ada, now=clock.now())

    services.follow(now=clock.now())
    left = worked()
    services.follow(now=clock.now())

    assert channel_of(in_slack, mirrored)["is_archived"] is True
    assert (left.state, left.channel, Mirror.objects.get().next_due) == ("stopped", "", None)
    assert f"its public channel #{mirrored.name} was archived." in left.error_text


def test_opened_to_everybody_after_its_channel_was_put_away_it_has_a_new_public_one(in_slack, incident, ada, mirrored):
    editing.restrict(incident=incident, by=ada, now=clock.now())
    worked()
    editing.open_up(incident=incident, by=ada, why="It was a test.", now=clock.now())
    services.want(incident=incident, by=ada, now=clock.now())

    anew = worked()

    assert (anew.name, channel_of(in_slack, anew)["is_private"]) == (f"{mirrored.name}-2", False)
    assert said(in_slack, anew)[-1] == "Ada Moreno has it mirrored in a Slack channel."


def test_a_stopped_channel_stays_as_it_is_when_its_incident_is_opened_before_it_was_put_away(
    in_slack, incident, ada, mirrored
):
    services.stop(incident=incident, by=ada, now=clock.now())
    note(incident, ada, "unsaid")
    Mirror.objects.update(next_due=clock.now())

    rested = worked()

    assert (rested.state, rested.next_due) == ("stopped", None)
    assert "unsaid" not in said(in_slack, mirrored)


def test_whoever_was_shown_out_is_let_in_again_when_they_may_see_it(in_slack, linked, ada, grace):
    incident = command.declare(title="Stolen key", severity=2, by=ada, restricted=True, now=clock.now())
    command.name_person(incident=incident, person=grace, by=ada, now=clock.now())
    services.want(incident=incident, by=ada, now=clock.now())
    worked()
    account = grace.contact_methods.filter(kind="slack")
    account.update(verified_at=None)
    note(incident, ada, "one")
    mirror = worked()
    assert channel_of(in_slack, mirror)["members"] == ["U0BOT", "U0ADA"]
    account.update(verified_at=clock.now())
    note(incident, ada, "two")

    worked()

    assert channel_of(in_slack, mirror)["members"] == ["U0BOT", "U0ADA", "U0GRACE"]


def test_whoever_comes_back_after_the_lease_says_nothing(in_slack, incident, ada, mirrored):
    note(incident, ada, "one")
    Mirror.objects.update(next_due=clock.now())
    slow = asking.take(now=clock.now())
    Mirror.objects.update(next_due=clock.now())
    assert asking.take(now=clock.now()) is not None

    assert slow is not None
    sending.work(slow)

    assert "one" not in said(in_slack, mirrored)


@pytest.mark.parametrize(("setting", "made"), [("off", []), ("press", []), ("major", [2]), ("all", [2, 3])])
def test_the_setting_says_which_incidents_have_a_channel(linked, ada, settings, monkeypatch, setting, made):
    settings.SLACK_INCIDENTS = setting
    monkeypatch.setattr(Lane, "start", lambda *_: True)
    for severity in (3, 2):
        command.declare(title=f"Number {severity}", severity=severity, by=ada, now=clock.now())

    sending.keep(now=clock.now(), limits=limits.at(clock.now()))

    assert sorted(Mirror.objects.values_list("incident__severity", flat=True)) == made


def test_where_nothing_is_to_be_done_the_chore_asks_three_questions_at_most(
    linked, settings, django_assert_max_num_queries
):
    settings.SLACK_INCIDENTS = "all"
    now = clock.now()
    numbers = limits.at(now)

    with django_assert_max_num_queries(3):
        sending.keep(now=now, limits=numbers)

"""What people write in the channel becomes lines of theirs, once; what machines write is nobody's word."""

from urllib.parse import quote

import pytest

from incidents.command import services as command
from incidents.mirror import services
from incidents.mirror.models import Heard, Stranger
from oncall import clock
from oncall.paging.models import Notice
from tests.incidents.command.conftest import lines
from tests.incidents.mirror.conftest import note, speaks, tell, worked

pytestmark = pytest.mark.django_db


def test_a_message_is_a_note_of_whoever_proved_that_account(in_slack, incident, grace, mirrored):
    speaks(in_slack, mirrored, "U0GRACE", "Butler is &lt;slow&gt;, see <https://x.example/a|the plot> ```a &amp; b```")

    entry = incident.entries.last()
    assert (entry.kind, entry.person) == ("note", grace)
    assert entry.text == "Butler is <slow>, see the plot (https://x.example/a) ```a & b```"


def test_it_is_not_said_back_to_the_channel(in_slack, incident, grace, mirrored):
    speaks(in_slack, mirrored, "U0GRACE", "hello")
    before = len(in_slack.slack(mirrored.channel))

    worked()

    assert len(in_slack.slack(mirrored.channel)) == before


def test_our_own_lines_told_by_slack_make_no_line(in_slack, incident, mirrored):
    told = in_slack.api("GET", f"slack/events/?channel={quote(mirrored.channel)}")["results"]
    before = lines(incident)
    assert len(told) == 2

    assert [tell(one).status_code for one in told] == [200, 200]

    assert (lines(incident), Heard.objects.count()) == (before, 0)


def test_what_another_machine_writes_is_no_line(in_slack, incident, mirrored):
    said = {"channel": mirrored.channel, "user": "U0GRACE", "text": "Build 7 failed."}
    told = in_slack.api("POST", "slack/say/", said)["event"]
    told["event"]["bot_id"] = "B0BUILDS"
    before = lines(incident)

    tell(told)

    assert (lines(incident), Heard.objects.count()) == (before, 0)


def test_an_event_told_three_times_is_one_line(in_slack, incident, mirrored):
    made = speaks(in_slack, mirrored, "U0GRACE", "once")
    tell(made["event"])
    tell(made["event"])

    assert lines(incident).count("once") == 1


def test_a_mention_names_the_person_and_tells_them(in_slack, incident, ada, mirrored):
    speaks(in_slack, mirrored, "U0GRACE", "<@U0ADA> come")

    assert lines(incident)[-1] == "@ada come"
    assert Notice.objects.filter(person=ada, text__contains="Grace Okafor names you").count() == 1


def test_a_stranger_is_quoted_by_name_once_slack_has_told_it(in_slack, incident, mirrored):
    made = speaks(in_slack, mirrored, "U0MALLORY", "I am from the summit")
    assert lines(incident)[-1] == "Ada Moreno has it mirrored in a Slack channel."
    speaks(in_slack, mirrored, "U0GRACE", "welcome")

    worked()
    tell(made["event"])

    assert lines(incident)[-2:] == ["Somebody in Slack, Mallory: I am from the summit", "welcome"]
    assert incident.entries.get(text__startswith="Somebody").person is None


def test_an_account_that_was_merely_typed_in_is_a_strangers(in_slack, incident, grace, mirrored):
    grace.contact_methods.filter(kind="slack").update(verified_at=None)
    Stranger.objects.create(user="U0GRACE", name="Grace", at=clock.now())

    speaks(in_slack, mirrored, "U0GRACE", "hello")

    assert (lines(incident)[-1], incident.entries.last().person) == ("Somebody in Slack, Grace: hello", None)


def test_a_change_is_a_correction_and_so_is_a_removal(in_slack, incident, grace, mirrored):
    made = speaks(in_slack, mirrored, "U0GRACE", "Butler is down")
    change = {"channel": mirrored.channel, "ts": made["ts"]}
    event = in_slack.api("POST", "slack/edit/", change | {"text": "Butler is slow"})["event"]
    tell(event)
    tell(event)
    tell(in_slack.api("POST", "slack/edit/", change)["event"])

    note_, corrected, removed = incident.entries.order_by("nth")[2:]
    assert [(one.kind, one.text, one.person) for one in (note_, corrected, removed)] == [
        ("note", "Butler is down", grace),
        ("correction", "Butler is slow", grace),
        ("correction", "Removed in Slack.", None),
    ]
    assert corrected.corrects == removed.corrects == note_


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({"text": "Butler is slow"}, [("note", "Butler is down"), ("correction", "Butler is slow")]),
        ({}, [("note", "Butler is down"), ("correction", "Removed in Slack.")]),
    ],
    ids=["changed", "removed"],
)
def test_in_whichever_order_slack_tells_of_a_message_and_its_change_the_lines_are_the_same(
    in_slack, incident, grace, mirrored, first, change, written
):
    said = {"channel": mirrored.channel, "user": "U0GRACE", "text": "Butler is down"}
    made = in_slack.api("POST", "slack/say/", said)
    changed = in_slack.api("POST", "slack/edit/", {"channel": mirrored.channel, "ts": made["ts"]} | change)
    told = [made["event"], changed["event"]]

    for event in (told[first], told[1 - first], told[first]):
        tell(event)

    assert [(one.kind, one.text) for one in incident.entries.order_by("nth")[2:]] == written


def test_a_change_that_comes_after_a_newer_one_is_passed_over(in_slack, incident, mirrored):
    made = speaks(in_slack, mirrored, "U0GRACE", "zero")
    change = {"channel": mirrored.channel, "ts": made["ts"]}
    one, two, gone = (in_slack.api("POST", "slack/edit/", change | text) for text in ({"text": "1"}, {"text": "2"}, {}))

    for event in (two, one, gone, one):
        tell(event["event"])

    assert lines(incident)[2:] == ["zero", "2", "Removed in Slack."]


def test_an_answer_in_a_thread_says_to_which_line(in_slack, incident, ada, mirrored):
    note(incident, ada, "Is Butler up?")
    worked()
    question = in_slack.slack(mirrored.channel)[-1]

    speaks(in_slack, mirrored, "U0GRACE", "yes", thread_ts=question["ts"])

    assert lines(incident)[-1] == "(to line 3) yes"


def test_a_file_is_a_link(in_slack, incident, mirrored):
    files = [
        {"name": "plot.png", "permalink": "https://team.slack.example/files/plot.png"},
        {"name": "<b>", "permalink": "javascript:alert(1)"},
    ]
    speaks(in_slack, mirrored, "U0GRACE", "look", files=files)

    assert lines(incident)[-1] == (
        "look\nFile “plot.png”: https://team.slack.example/files/plot.png\nFile “<b>”: no link"
    )


def test_what_a_person_without_access_says_in_a_restricted_channel_is_not_their_note(in_slack, incident, mirrored):
    type(incident).objects.filter(pk=incident.pk).update(restricted=True)

    speaks(in_slack, mirrored, "U0GRACE", "what is this?")

    assert (lines(incident)[-1], incident.entries.last().person) == (
        "Somebody in Slack, Grace Okafor: what is this?",
        None,
    )


def test_nothing_is_taken_from_a_channel_that_was_stopped_or_is_none_of_ours(in_slack, incident, ada, mirrored):
    services.stop(incident=incident, by=ada, now=clock.now())
    speaks(in_slack, mirrored, "U0GRACE", "hello")
    event = {"type": "message", "channel": "C0ELSE", "user": "U0GRACE", "text": "x", "ts": "1.1"}

    assert tell({"type": "event_callback", "event": event}).status_code == 200

    assert not Heard.objects.exists()


def test_slack_proves_the_address_by_a_challenge(in_slack, db):
    answer = tell({"type": "url_verification", "challenge": "3eZbrw1a"})

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"3eZbrw1a", "text/plain")


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"age": 301}, {"age": -301}, {"tamper": " "}])
def test_what_slack_did_not_sign_just_now_is_refused(in_slack, incident, mirrored, wrong, monkeypatch):
    event = {"type": "message", "channel": mirrored.channel, "user": "U0GRACE", "text": "x", "ts": "1.1"}
    second = clock.reading().replace(microsecond=0)  # both clocks stand on it: 301 s are 301 s on any machine
    monkeypatch.setattr(clock, "reading", lambda: second)

    assert tell({"type": "event_callback", "event": event}, **wrong).status_code == 403

    assert not Heard.objects.exists()


MESSAGE = {"type": "message", "channel": "C0X", "user": "U0GRACE", "text": "x", "ts": "1.1"}


@pytest.mark.parametrize(
    "odd",
    [
        [],
        {"type": "event_callback"},
        {"type": "event_callback", "event": []},
        {"type": "event_callback", "event": MESSAGE | {"text": "a\0"}},
        {"type": "event_callback", "event": MESSAGE | {"text": "\ud800"}},
        {"type": "event_callback", "event": MESSAGE | {"ts": "now"}},
        {"type": "event_callback", "event": MESSAGE | {"ts": 1.1}},
        {"type": "event_callback", "event": MESSAGE | {"user": None}},
        {"type": "event_callback", "event": MESSAGE | {"files": ["x"]}},
        {"type": "event_callback", "event": MESSAGE | {"subtype": []}},
        {"type": "event_callback", "event": MESSAGE | {"subtype": "message_changed", "message": "x"}},
        {"type": "url_verification", "challenge": 7},
    ],
    ids=range(12),
)
def test_what_cannot_be_read_is_answered_400(in_slack, db, odd):
    assert tell(odd).status_code == 400


def test_whoever_is_let_into_a_restricted_channel_in_slack_is_taken_out_before_more_is_said(
    in_slack, linked, ada, grace
):
    incident = command.declare(title="Stolen key", severity=3, by=ada, restricted=True, now=clock.now())
    services.want(incident=incident, by=ada, now=clock.now())
    mirror = worked()
    came = [{"channel": mirror.channel, "user": user} for user in ("U0GRACE", "U0MALLORY")]

    for one in came:
        tell(in_slack.api("POST", "slack/join/", one)["event"])
    worked()

    (channel,) = [one for one in in_slack.api("GET", "slack/channels/")["results"] if one["name"] == mirror.channel]
    assert channel["members"] == ["U0BOT", "U0ADA"]
    assert "(U0GRACE), and was taken out again." in "".join(lines(incident))

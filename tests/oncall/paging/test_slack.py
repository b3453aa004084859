"""Pages by Slack, against a stand-in for its Web API: what its answers mean, and that nothing is said twice."""

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from urllib.error import URLError

import pytest
import requests
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from deploy.supervisor import free_port
from oncall import clock
from oncall.outside import postings
from oncall.outside.models import Posting
from oncall.paging import slack, slack_posts, slack_words
from oncall.paging.channels import LookupFailed, Order, Verdict
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.outside import TOKEN, stand_ins

ATTEMPT = uuid.UUID("00000000-0000-4000-8000-0000000051ac")


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    with stand_ins(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture(autouse=True)
def _slack(settings, outside, monkeypatch):
    settings.SLACK_API_BASE, settings.SLACK_BOT_TOKEN = f"{outside.base}/slack/api/", TOKEN
    settings.SLACK_SIGNING_SECRETS, settings.SLACK = ["s"], True
    monkeypatch.setattr(slack, "_local", threading.local())
    outside.slack_fails()


@pytest.fixture
def night(db):
    clock.travel(NOW - clock.now())


def order(**changes) -> Order:
    usual = Order(
        attempt_id=ATTEMPT,
        channel="slack",
        address="U0ADA",
        subject="[SEV-1] No alerts",
        body="SEV-1 No alerts",
        reference="KZQT",
        answer_path="/",
        started_at=NOW,
        valid_for=timedelta(minutes=5),
        ring_for=timedelta(),
        talk_for=timedelta(),
    )
    return replace(usual, **changes)


def failing(error: str = "", status: int = 200, **headers) -> SlackApiError:
    response = SlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data={"ok": False, "error": error}, headers=headers,
        status_code=status,
    )  # fmt: skip
    return SlackApiError("no", response)


def test_a_page_is_a_direct_message_with_two_buttons_that_name_the_attempt(outside):
    outcome = slack.DirectMessage().send(order(address="U0BUTTONS"))

    (message,) = outside.slack("D0BUTTONS")
    buttons = message["blocks"][-1]["elements"]
    assert (outcome.verdict, outcome.status) == (Verdict.ACCEPTED, "sent")
    assert outcome.sid == f"D0BUTTONS:{message['ts']}"
    assert [(one["action_id"], one["value"]) for one in buttons] == [
        ("acknowledge", "page:0000000000004000800000000000" + "51ac"),
        ("escalate", "page:0000000000004000800000000000" + "51ac"),
    ]


def test_a_notice_has_no_buttons(outside):
    slack.DirectMessage().send(order(address="U0NOTICE", reference="", body="Your shift begins"))

    assert [(one["text"], one["blocks"]) for one in outside.slack("D0NOTICE")] == [("Your shift begins", [])]


@pytest.mark.parametrize(
    ("error", "status", "verdict", "dead", "ours"),
    [
        ("user_not_found", 200, "refused", True, False),
        ("user_disabled", 200, "refused", True, False),
        ("account_inactive", 200, "refused", True, False),
        ("invalid_auth", 200, "refused", False, True),
        ("token_revoked", 200, "refused", False, True),
        ("msg_too_long", 200, "refused", False, False),
        ("", 403, "unknown", False, False),
        ("internal_error", 200, "unknown", False, False),
        ("", 503, "unknown", False, False),
    ],
)
def test_what_an_error_of_slacks_means(error, status, verdict, dead, ours):
    outcome = slack.classify(failing(error, status))

    assert (outcome.verdict, bool(outcome.dead_address), outcome.misconfigured) == (verdict, dead, ours)


@pytest.mark.parametrize(("header", "seconds"), [("3", 3), ("3600", 15), ("soon", 1)])
def test_too_fast_waits_as_long_as_slack_asks_but_never_longer_than_15_s(header, seconds):
    outcome = slack.classify(failing("ratelimited", 429, **{"Retry-After": header}))

    assert (outcome.verdict, outcome.retry_after) == (Verdict.REFUSED, timedelta(seconds=seconds))


def test_without_a_connection_it_is_surely_not_taken(settings):
    settings.SLACK_API_BASE = f"http://127.0.0.1:{free_port()}/"

    outcome = slack.DirectMessage().send(order())

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "connection")


def test_a_line_cut_while_sending_leaves_it_unknown():
    def cut():
        raise URLError(ConnectionResetError("reset"))

    assert slack.attempt_request(cut).verdict is Verdict.UNKNOWN


def test_silence_after_sending_leaves_it_unknown():
    def silent():
        raise TimeoutError

    assert slack.attempt_request(silent).verdict is Verdict.UNKNOWN


def test_what_slack_took_although_nobody_heard_so_is_found_by_its_id(outside):
    outside.slack_fails({"method": "chat.postMessage", "status": 500, "accepted": True})
    mine = order(address="U0LOST")
    assert slack.DirectMessage().send(mine).verdict is Verdict.UNKNOWN

    found = slack.DirectMessage().find(mine)

    assert (found.sid, found.status) == (f"D0LOST:{outside.slack('D0LOST')[0]['ts']}", "sent")


def test_what_slack_never_heard_of_is_not_found():
    assert slack.DirectMessage().find(order(address="U0SILENT")) is None


def test_another_attempts_message_is_not_mistaken_for_this_one():
    slack.DirectMessage().send(order(address="U0OTHER", attempt_id=uuid.uuid4()))

    assert slack.DirectMessage().find(order(address="U0OTHER")) is None


def test_where_slack_cannot_be_asked_nothing_is_known(outside):
    outside.slack_fails({"method": "conversations.history", "status": 503})

    with pytest.raises(LookupFailed):
        slack.DirectMessage().find(order())


def test_a_token_goes_to_slack_alone_in_production(settings):
    settings.PRODUCTION = True

    outcome = slack.DirectMessage().send(order())

    assert (outcome.verdict, outcome.misconfigured) == (Verdict.REFUSED, True)


def test_a_title_makes_no_mention_and_no_link():
    blocks = slack_words.page_blocks(subject="<!channel>", body="<!channel> & <http://x|y>", attempt_id=ATTEMPT)

    assert blocks[0]["text"]["type"] == "plain_text"
    assert blocks[1]["text"]["text"] == "&lt;!channel&gt; &amp; &lt;http://x|y&gt;"


def test_long_words_fit_what_slack_takes():
    blocks = slack_words.page_blocks(subject="a" * 500, body="b" * 9000, attempt_id=ATTEMPT)

    assert len(blocks[0]["text"]["text"]) == 150
    assert len(blocks[1]["text"]["text"]) <= 3000


# --- Messages that are kept up to date --------------------------------------------------------------------------------


@pytest.mark.usefixtures("night")
def test_a_channels_message_is_changed_and_not_said_anew(outside):
    postings.say(key="alarm:1", channel="C0CHANGE", text="firing", blocks=[], now=NOW)
    slack_posts.say_due()
    postings.say(key="alarm:1", channel="C0CHANGE", text="resolved", blocks=[], now=NOW)
    slack_posts.say_due()

    assert [(one["text"], one["edited"]) for one in outside.slack("C0CHANGE")] == [("resolved", 1)]
    assert Posting.objects.get().next_due is None


@pytest.mark.usefixtures("night")
def test_of_changes_that_come_faster_than_they_are_said_the_last_one_is_said(outside):
    for text in ("firing", "acknowledged", "resolved"):
        postings.say(key="alarm:2", channel="C0FAST", text=text, blocks=[], now=NOW)

    slack_posts.say_due()

    assert [(one["text"], one["edited"]) for one in outside.slack("C0FAST")] == [("resolved", 0)]


@pytest.mark.usefixtures("night")
def test_what_changed_while_it_was_being_said_is_said_again():
    postings.say(key="alarm:3", channel="C0RACE", text="firing", blocks=[], now=NOW)
    claimed = postings.claim(now=NOW)
    assert claimed is not None
    postings.say(key="alarm:3", channel="C0RACE", text="resolved", blocks=[], now=NOW)

    postings.record(claimed=claimed, said=postings.Said(reference="C0RACE:1"), now=NOW)

    again = postings.claim(now=NOW)
    assert (again.text, again.reference) == ("resolved", "C0RACE:1")


@pytest.mark.usefixtures("night")
def test_a_message_whose_answer_was_lost_is_looked_for_before_it_is_said_again(outside):
    outside.slack_fails({"method": "chat.postMessage", "status": 500, "accepted": True})
    postings.say(key="alarm:4", channel="C0LOST", text="firing", blocks=[], now=NOW)
    slack_posts.say_due()
    Posting.objects.update(next_due=clock.now())

    slack_posts.say_due()

    assert len(outside.slack("C0LOST")) == 1
    assert Posting.objects.get().next_due is None


@pytest.mark.usefixtures("night")
def test_what_one_has_claimed_nobody_else_says():
    postings.say(key="alarm:5", channel="C0", text="x", blocks=[], now=NOW)

    assert postings.claim(now=NOW) is not None
    assert postings.claim(now=NOW) is None


@pytest.mark.usefixtures("night")
def test_who_comes_back_after_the_lease_writes_nothing():
    postings.say(key="alarm:6", channel="C0", text="x", blocks=[], now=NOW)
    slow = postings.claim(now=NOW)
    quick = postings.claim(now=NOW + timedelta(seconds=31))
    assert slow is not None
    assert quick is not None
    postings.record(claimed=quick, said=postings.Said(reference="C0:2"), now=NOW + timedelta(seconds=32))

    postings.record(claimed=slow, said=postings.Said(reference="C0:1"), now=NOW + timedelta(seconds=33))

    assert Posting.objects.get().reference == "C0:2"


@pytest.mark.usefixtures("night")
def test_a_channel_that_will_never_take_it_is_given_up_and_said_aloud(outside):
    outside.slack_fails({"method": "chat.postMessage", "error": "not_in_channel"})
    postings.say(key="alarm:7", channel="C0AWAY", text="x", blocks=[], now=NOW)

    slack_posts.say_due()

    again = Posting.objects.get().next_due
    assert again is not None
    assert again > clock.now() + timedelta(minutes=9)
    assert "not_in_channel" in Trouble.objects.get(kind="posting").text


def test_the_stand_in_takes_nothing_without_the_token(outside, settings):
    settings.SLACK_BOT_TOKEN = "another"

    assert slack.DirectMessage().send(order()).misconfigured


def test_the_stand_ins_page_shows_words_as_slack_does(outside):
    slack.DirectMessage().send(order(address="U0SHOWN", body="a < b & c > d"))

    page = requests.get(f"{outside.base}/slack/?in=D0SHOWN", timeout=5).text

    assert "a &lt; b &amp; c &gt; d" in page
    assert "&amp;lt;" not in page

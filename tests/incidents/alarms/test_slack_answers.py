"""Buttons pressed in Slack: signed, mapped to a person, done once, answered at once (security.md S7)."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from oncall import clock
from oncall.limits import queries as limits
from oncall.outside.models import Posting
from oncall.paging import claims, outbox
from oncall.paging import services as paging
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import Attempt, ContactMethod, NotificationRule
from oncall.paging.slack_over import take_buttons
from oncall.paging.slack_signing import signature
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SECRET, NEXT = "a-signing-secret", "the-next-secret"


@pytest.fixture(autouse=True)
def _slack(settings, db):
    clock.travel(NOW - clock.now())
    settings.SLACK, settings.SLACK_CHANNEL = True, "C0ALARMS"
    settings.SLACK_SIGNING_SECRETS = [SECRET, NEXT]
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"


@pytest.fixture
def post(client):
    """Post a form as Slack does; every ingredient of its signature can be changed."""

    def send(payload, *, secret=SECRET, age=0.0, tamper="", sign=None):
        body = urlencode({"payload": json.dumps(payload)}).encode()
        timestamp = str(int(clock.reading().timestamp() - age))
        given = sign or signature(secret, timestamp=timestamp, body=body)
        return client.post(
            "/hooks/slack/",
            body + tamper.encode(),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": given},
        )

    return send


def press(value, *, action="acknowledge", user="U0ADA", at="1.000001"):
    return {
        "type": "block_actions",
        "user": {"id": user},
        "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": at}],
    }


@pytest.fixture
def by_slack(ada):
    contact = ContactMethod.objects.create(person=ada, kind="slack", address="U0ADA", created_at=NOW, verified_at=NOW)
    NotificationRule.objects.create(person=ada, delay_s=0, channel="slack", contact=contact)
    return contact


@pytest.fixture
def alarm(policy, by_slack):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=clock.now())


@pytest.fixture
def message(alarm) -> Attempt:
    """Ada's direct message, which Slack took."""
    now = clock.now()
    in_force = limits.at(now)
    engine.escalate_due(now=now, limits=in_force)
    ((attempt, _),) = claims.claim_pages(now=now, limits=in_force, at_most=5)
    assert attempt.lease_token is not None
    accepted = Outcome(Verdict.ACCEPTED, sid="D0ADA:17.000001", status="sent")
    outbox.record_outcome(attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=now, limits=in_force)
    attempt.refresh_from_db()
    return attempt


def of_page(attempt: Attempt, **changes):
    return press(f"page:{attempt.pk.hex}", **changes)


def of_alarm(alarm: Alarm, **changes):
    """A press on the channel's message as it is now."""
    blocks = Posting.objects.get(key=f"alarm:{alarm.pk}").blocks
    return press(blocks[-1]["elements"][0]["value"], **changes)


def told(user="U0ADA"):
    return [one.text for one in Posting.objects.filter(channel=user, reference="")]


def test_a_press_acknowledges_and_the_message_says_so_without_buttons(post, message, alarm, ada):
    response = post(of_page(message))

    alarm.refresh_from_db()
    posting = Posting.objects.get(key=f"answered:{message.pk}")
    assert response.status_code == 200
    assert alarm.acknowledged_by == ada
    assert posting.reference == "D0ADA:17.000001"
    assert "Acknowledged. You have No alerts." in posting.text
    assert [block["type"] for block in posting.blocks] == ["header", "section"]


def test_a_press_confirms_that_the_contact_works(post, message, by_slack):
    post(of_page(message))

    by_slack.refresh_from_db()
    message.refresh_from_db()
    assert by_slack.confirmed_at is not None
    assert message.known == "human-confirmed"


def test_escalate_calls_the_next_step(post, message, alarm):
    post(of_page(message, action="escalate"))

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert alarm.next_due <= clock.now()


def test_the_same_press_told_twice_is_done_once(post, message, alarm):
    post(of_page(message))
    before = LogEntry.objects.count()

    post(of_page(message))

    assert LogEntry.objects.count() == before
    assert told() == ["You answered this already, at 03:10 UTC."]


def test_somebody_elses_page_is_not_theirs_to_answer(post, message, alarm, grace):
    ContactMethod.objects.create(person=grace, kind="slack", address="U0GRACE", created_at=NOW)

    post(of_page(message, user="U0GRACE"))

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_a_slack_user_nobody_here_has_is_told_so_and_changes_nothing(post, message, alarm):
    response = post(of_page(message, user="U0NOBODY"))

    alarm.refresh_from_db()
    assert (response.status_code, alarm.state) == (200, "firing")
    assert "does not know your Slack account" in told("U0NOBODY")[0]


def test_an_account_that_is_out_of_use_is_a_strangers(post, message, alarm, by_slack):
    ContactMethod.objects.filter(pk=by_slack.pk).update(disabled_at=NOW, disabled_reason="gone")

    post(of_page(message))

    alarm.refresh_from_db()
    assert alarm.state == "firing"


# --- The channel of all alarms ----------------------------------------------------------------------------------------


def test_an_alarm_is_shown_in_the_channel_when_it_fires(alarm):
    posting = Posting.objects.get(key=f"alarm:{alarm.pk}")

    assert posting.channel == "C0ALARMS"
    assert posting.text.startswith("[SEV-1] No alerts: firing.")


def test_its_message_follows_what_happens_to_it(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=clock.now())

    posting = Posting.objects.get(key=f"alarm:{alarm.pk}")
    assert posting.text == "[SEV-1] No alerts: acknowledged. Ada Moreno has it."
    assert posting.edition == 2


def test_when_it_is_over_there_is_nothing_to_press(alarm):
    services.resolve(alarm=alarm, now=clock.now())

    buttons = Posting.objects.get(key=f"alarm:{alarm.pk}").blocks[-1]["elements"]
    assert [one["action_id"] for one in buttons] == ["open"]


def test_without_a_channel_nothing_is_written(settings, policy, ada):
    settings.SLACK_CHANNEL = ""
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test")
    services.fire(firing=firing, policy=policy, now=clock.now())

    assert not Posting.objects.exists()


def test_a_press_in_the_channel_gives_the_alarm_to_who_pressed(post, alarm, grace):
    ContactMethod.objects.create(person=grace, kind="slack", address="U0GRACE", created_at=NOW, verified_at=NOW)

    post(of_alarm(alarm, user="U0GRACE"))

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == grace


def test_an_account_that_was_only_typed_in_presses_nothing(post, alarm, grace):
    ContactMethod.objects.create(person=grace, kind="slack", address="U0ELSE", created_at=NOW)

    post(of_alarm(alarm, user="U0ELSE"))

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert "does not know your Slack account" in told("U0ELSE")[0]


def test_an_account_that_two_claim_is_nobodys(post, alarm, grace):
    ContactMethod.objects.create(person=grace, kind="slack", address="U0ADA", created_at=NOW, verified_at=NOW)

    post(of_alarm(alarm))

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_a_press_in_the_channel_told_twice_is_done_once(post, alarm):
    same = of_alarm(alarm)
    post(same)
    before = LogEntry.objects.count()
    clock.travel(timedelta(seconds=1))

    post(same)

    assert LogEntry.objects.count() == before


def test_a_late_escalate_is_refused_with_words(post, alarm):
    offered = of_alarm(alarm, action="escalate")
    clock.travel(timedelta(seconds=5))
    engine.escalate_due(now=clock.now(), limits=limits.at(clock.now()))

    post(offered)

    assert told() == ["The next step was called at 03:10 UTC already."]


def test_who_is_second_in_the_channel_hears_who_has_it(post, alarm, grace):
    offered = of_alarm(alarm)
    work.acknowledge(alarm=alarm, by=grace, now=clock.now())

    post(offered)

    assert told() == ["Grace Okafor took this at 03:10 UTC."]


def test_a_button_of_an_earlier_cycle_is_refused(post, alarm, policy):
    offered = of_alarm(alarm)
    services.resolve(alarm=alarm, now=clock.now())
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=clock.now())

    post(offered)

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle) == ("firing", 2)
    assert "has begun anew since" in told()[0]


# --- Who may press ----------------------------------------------------------------------------------------------------


def test_both_secrets_of_a_rotation_are_good(post, message, alarm):
    assert post(of_page(message), secret=NEXT).status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "another"},
        {"age": 301},
        {"age": -301},
        {"tamper": "&x=1"},
        {"sign": "v0=" + "0" * 64},
        {"sign": "v0=é"},
        {"sign": "-"},
    ],
)
def test_what_slack_did_not_sign_lately_is_refused_and_changes_nothing(post, message, alarm, how, monkeypatch):
    second = clock.reading().replace(microsecond=0)  # both clocks stand on it: 301 s are 301 s on any machine
    monkeypatch.setattr(clock, "reading", lambda: second)
    response = post(of_page(message), **how)

    alarm.refresh_from_db()
    assert (response.status_code, alarm.state) == (403, "firing")


def test_without_a_secret_nobody_is_let_in(post, message, settings):
    settings.SLACK_SIGNING_SECRETS = []

    assert post(of_page(message)).status_code == 403


def test_the_signature_is_the_one_of_slacks_own_example():
    # From Slack's page on verifying requests: secret, timestamp, body and result as printed there.
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    assert signature("8f742231b10e8888abcd99yyyzzz85a5", timestamp="1531420618", body=body) == (
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )


@pytest.mark.parametrize(
    "payload",
    [
        [], "x", 7, {}, {"type": "block_actions"},
        {"type": "block_actions", "user": {"id": "U0ADA"}, "actions": []},
        {"type": "block_actions", "user": None, "actions": [{}]},
    ],
)  # fmt: skip
def test_what_is_no_press_is_refused_and_never_breaks(post, payload):
    assert post(payload).status_code == 400


@pytest.mark.parametrize(
    "value", ["", "page:", "page:zz", "alarm:1:2", "alarm:" + "0" * 32 + ":1:2027-03-23T03:10:00+00:00", "what:x"]
)
def test_a_button_that_names_nothing_of_ours_changes_nothing(post, message, alarm, value):
    assert post(press(value)).status_code == 200
    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_the_button_that_opens_a_page_is_heard_and_does_nothing(post, message, alarm):
    assert post(of_page(message, action="open")).status_code == 200
    alarm.refresh_from_db()
    assert alarm.state == "firing"


@pytest.mark.parametrize(
    "strange",
    [
        {"user": "U0ADA\0"}, {"user": "\ud800"}, {"user": 5}, {"user": "<@U0ADA>"}, {"at": "1.1\0"}, {"at": "\udc00"},
        {"at": 1.1}, {"at": "now"}, {"action": {}}, {"action": ["acknowledge"]}, {"value": None}, {"value": "page:\0"},
        {"value": ["page"]}, {"value": "alarm:\ud800"},
    ],
)  # fmt: skip
def test_what_slack_would_never_write_is_refused_and_never_breaks(post, message, alarm, strange):
    payload = press(**{"value": f"page:{message.pk.hex}", "action": "acknowledge"} | strange)

    assert post(payload).status_code == 400
    alarm.refresh_from_db()
    assert alarm.state == "firing"


@pytest.mark.parametrize(
    "rest",
    [
        "1:2027-03-23T03:10:00",
        "1:0001-01-01T00:00:00+14:00",
        "99999999999999999999:2027-03-23T03:10:00+00:00",
        "-1:2027-03-23T03:10:00+00:00",
    ],
)
def test_a_button_with_an_instant_or_a_cycle_that_cannot_be_answers_nothing(post, alarm, rest):
    response = post(press(f"alarm:{alarm.pk.hex}:{rest}", action="escalate"))

    assert response.status_code == 200
    assert told() == ["This button answers nothing any more. Open oncall to see what is open."]


# --- Direct messages of a page that is over ---------------------------------------------------------------------------


def test_when_somebody_else_takes_it_the_message_loses_its_buttons_and_says_who_has_it(message, alarm, grace):
    work.acknowledge(alarm=alarm, by=grace, now=clock.now())

    posting = Posting.objects.get(key=f"answered:{message.pk}")
    assert (posting.reference, posting.text) == ("D0ADA:17.000001", "[SEV-1] No alerts: Grace Okafor has it.")
    assert [block["type"] for block in posting.blocks] == ["header", "section"]


def test_a_page_that_nobody_answered_keeps_its_buttons(message):
    paging.end(page=message.page, state="unanswered", why="Nobody answered by any way.", now=clock.now())

    assert not Posting.objects.filter(key__startswith="answered:").exists()


def test_a_page_without_slack_ends_without_a_look_at_its_attempts(message, django_assert_num_queries):
    page = message.page
    page.state = "answered"
    page.ladder = [rung | {"channel": "sms"} for rung in page.ladder]

    with django_assert_num_queries(0):
        take_buttons(page, now=NOW)

"""Keys and texts, as the telephone company delivers them: signed forms over HTTP."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, Alarm
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import claims, outbox
from oncall.paging import services as paging
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import Attempt, ContactMethod, InboundSms, Notice, Page
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN, BASE = "AC" + "a" * 32, "the-token", "https://oncall.example.org"


@pytest.fixture(autouse=True)
def _account(settings, db):
    """Our account, on a night of the sample week."""
    clock.travel(NOW - clock.now())
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKENS = [TOKEN]
    settings.PUBLIC_BASE_URL = BASE


@pytest.fixture
def post(client):
    """Post a form as the telephone company would, signed for our public URL."""

    def send(path, token=TOKEN, account=ACCOUNT, url=None, **fields):
        form = {"AccountSid": account} | fields
        signature = RequestValidator(token).compute_signature(url or BASE + path, form)
        return client.post(path, form, headers={"X-Twilio-Signature": signature})

    return send


@pytest.fixture
def alarm(policy):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=clock.now())


def attempt_by(channel: str) -> Attempt:
    """Take steps and rungs until an attempt of that channel is with the provider."""
    now = clock.now()
    for _ in range(3):
        in_force = limits.at(now)
        engine.escalate_due(now=now, limits=in_force)
        for attempt, _ in claims.claim_pages(now=now, limits=in_force, at_most=5):
            assert attempt.lease_token is not None
            accepted = Outcome(Verdict.ACCEPTED, sid=f"X{attempt.pk.hex}", status="queued")
            outbox.record_outcome(
                attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=now, limits=in_force
            )
            if attempt.channel == channel:
                return attempt
        now += timedelta(seconds=60)
    raise AssertionError(f"no attempt by {channel}")


@pytest.fixture
def call(alarm):
    attempt = attempt_by("voice")
    clock.travel(timedelta(minutes=2))
    return attempt


def start(post, call):
    return post(f"/hooks/twilio/voice/{call.pk}/start/", To=call.address, CallSid="CA1")


def key(post, call, digits, query="turn=1"):
    return post(f"/hooks/twilio/voice/{call.pk}/key/?{query}", To=call.address, CallSid="CA1", Digits=digits)


def said(response) -> str:
    return " ".join(say.text or "" for say in ElementTree.fromstring(response.content).iter("Say"))


def test_a_call_says_who_calls_what_is_wrong_and_the_keys(post, call):
    text = said(start(post, call))

    assert "This is oncall, calling Ada. Severity 1. No alerts. Press 4 to acknowledge." in text


def test_the_keypad_gathers_one_digit_and_asks_again_on_silence(post, call):
    gather = next(ElementTree.fromstring(start(post, call).content).iter("Gather"))

    assert gather.attrib["numDigits"] == "1"
    assert gather.attrib["action"] == f"{BASE}/hooks/twilio/voice/{call.pk}/key/?turn=1"


def test_4_acknowledges_and_says_so_after_it_is_done(post, call, alarm, ada):
    start(post, call)
    text = said(key(post, call, "4"))

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada
    assert "Acknowledged. You have No alerts." in text


def test_5_escalates(post, call, alarm):
    start(post, call)
    text = said(key(post, call, "5"))

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert alarm.next_due <= clock.now()
    assert "Escalated: No alerts." in text


def test_6_resolves_only_when_it_is_pressed_again(post, call, alarm):
    start(post, call)
    text = said(key(post, call, "6"))
    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert "Press 6 again" in text

    key(post, call, "6", query="turn=2&confirm=1")
    alarm.refresh_from_db()
    assert alarm.state == "resolved"


@pytest.mark.parametrize("digits", ["*", "1", "9", "", "44", "#"])
def test_any_other_key_hears_it_again_and_does_nothing(post, call, alarm, digits):
    start(post, call)
    text = said(key(post, call, digits))

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert "Severity 1. No alerts." in text


def test_nobody_is_asked_for_ever(post, call):
    text = said(key(post, call, "1", query="turn=4"))

    assert text == "This page is not answered. Good bye."


def test_a_call_about_what_somebody_else_has_says_who(post, call, alarm, grace):
    work.acknowledge(alarm=alarm, by=grace, now=clock.now())

    assert "Grace Okafor has it." in said(start(post, call))


def test_another_number_than_the_one_we_called_hears_nothing(post, call, alarm):
    response = post(f"/hooks/twilio/voice/{call.pk}/key/?turn=1", To="+14155559999", CallSid="CA1", Digits="4")

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert "not known" in said(response)


def test_a_test_page_is_confirmed_and_raises_nothing(post, ada):
    paging.page(
        key="test", person=ada, severity=2, title="Test", text="", url="", answer_path="/hooks/twilio/voice/",
        now=clock.now(),
    )  # fmt: skip
    call = attempt_by("voice")
    start(post, call)
    text = said(key(post, call, "4"))

    assert "This was a test" in text
    assert not Alarm.objects.exists()
    assert ContactMethod.objects.get(person=ada).confirmed_at is not None


def sms(post, body, sender="+14155550101", sid="SM1"):
    return post("/hooks/twilio/sms/inbound", From=sender, To="+15005550006", Body=body, MessageSid=sid)


def code() -> str:
    return Page.objects.get().reference


@pytest.fixture
def texted(alarm):
    return attempt_by("sms")


def test_a_text_with_code_and_a_acknowledges_and_is_answered(post, texted, alarm, ada):
    response = sms(post, f"{code().lower()} a")

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada
    assert response.content.endswith(b"<Response/>")
    assert Notice.objects.get().text == "Acknowledged. You have No alerts."


def test_a_text_that_is_delivered_twice_acts_once(post, texted, alarm):
    """F33"""
    sms(post, f"A {code()}")
    sms(post, f"A {code()}")

    assert alarm.log.filter(kind="acknowledged").count() == 1


def test_the_code_of_somebody_else_s_page_does_nothing(post, texted, alarm, grace):
    sms(post, f"{code()} A", sender="+14155550102")

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_an_unknown_number_gets_no_reply(post, texted, alarm):
    sms(post, f"{code()} A", sender="+14155559999")

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert not Notice.objects.exists()


def test_a_bare_word_is_not_guessed_at(post, texted, alarm):
    sms(post, "yes I have it")

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert Notice.objects.get().text.startswith("Not understood.")


def test_after_five_texts_not_understood_we_stop_replying(post, texted):
    for n in range(8):
        sms(post, "hello", sid=f"SM{n}")

    assert Notice.objects.count() == 5
    assert InboundSms.objects.count() == 8


def test_after_many_texts_not_understood_the_right_code_still_counts(post, texted, alarm, ada):
    for n in range(8):
        sms(post, "thanks, on my way", sid=f"SM{n}")
    sms(post, f"{code()} A", sid="SM9")

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada


def test_stop_disables_the_number_and_start_turns_it_on_again(post, ada):
    sms(post, "Stop")
    contact = ContactMethod.objects.get(person=ada)
    assert contact.disabled_at is not None

    sms(post, "START", sid="SM2")
    contact.refresh_from_db()
    assert contact.disabled_at is None


def test_an_old_code_is_no_longer_good(post, texted, alarm):
    clock.travel(timedelta(days=1, seconds=1))
    sms(post, f"{code()} A")

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_an_answer_to_an_older_cycle_is_refused_in_words(post, texted, alarm, policy):
    services.resolve(alarm=alarm, now=clock.now())
    old = code()
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=clock.now())

    sms(post, f"{old} A")

    assert "has begun anew since that page" in Notice.objects.get().text
    alarm.refresh_from_db()
    assert alarm.state == "firing"


PATH = "/hooks/twilio/sms/inbound"


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another-token"},
        {"account": "AC" + "b" * 32},
        {"url": "http://oncall.example.org" + PATH},
        {"url": "https://web:8000" + PATH},
        {"url": BASE + PATH + "/"},
    ],
    ids=["token", "account", "scheme", "host", "path"],
)
def test_what_is_not_signed_for_our_public_url_is_refused(post, texted, alarm, forged):
    """F33"""
    response = post(PATH, From="+14155550101", To="+1", Body=f"{code()} A", MessageSid="SM1", **forged)

    assert response.status_code == 403
    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_a_changed_field_breaks_the_signature(client, texted):
    """F33"""
    form = {"AccountSid": ACCOUNT, "From": "+14155550101", "Body": "x", "MessageSid": "SM1"}
    signature = RequestValidator(TOKEN).compute_signature(BASE + PATH, form)

    response = client.post(PATH, form | {"Body": f"{code()} A"}, headers={"X-Twilio-Signature": signature})

    assert response.status_code == 403


def test_without_a_signature_nothing_is_answered(client, texted):
    assert client.post(PATH, {"From": "+14155550101"}).status_code == 403


def test_both_tokens_of_a_rotation_are_good(post, texted, settings):
    settings.TWILIO_AUTH_TOKENS = ["old", TOKEN]

    assert sms(post, "hello").status_code == 200


def test_without_any_token_everything_is_refused(post, texted, settings):
    settings.TWILIO_AUTH_TOKENS = []

    assert sms(post, "hello").status_code == 403


def test_a_status_callback_is_recorded(post, texted):
    response = post(f"/hooks/twilio/sms/{texted.pk}/", MessageSid=f"X{texted.pk.hex}", MessageStatus="delivered")

    texted.refresh_from_db()
    assert response.status_code == 204
    assert texted.status == "delivered"


def test_a_status_callback_of_nothing_we_know_is_harmless(post, db):
    path = "/hooks/twilio/sms/12345678-1234-5678-1234-567812345678/"

    assert post(path, MessageSid="SM1", MessageStatus="delivered").status_code == 204


def test_strange_status_callbacks_change_nothing(post, texted):
    strange = (
        {"MessageStatus": "sung"},
        {"MessageSid": "X", "MessageStatus": "x" * 99},
        {"CallSid": "C", "SequenceNumber": "٣"},
    )
    for fields in strange:
        assert post(f"/hooks/twilio/sms/{texted.pk}/", **fields).status_code == 204

    texted.refresh_from_db()
    assert texted.state == "accepted"


def test_a_callback_larger_than_64_kib_is_refused(post, texted):
    assert sms(post, "x" * 70_000).status_code == 413


def test_a_nameless_person_is_called_all_the_same(post, db):
    """The greeting takes the first name; somebody with one word for a name is no special case."""
    person = make_person("Cher", "+14155550109")
    paging.page(
        key="t",
        person=person,
        severity=2,
        title="T",
        text="",
        url="",
        answer_path="/hooks/twilio/voice/",
        now=clock.now(),
    )
    call = attempt_by("voice")

    assert "calling Cher." in said(start(post, call))
